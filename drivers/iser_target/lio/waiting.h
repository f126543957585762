/* SPDX-License-Identifier: GPL-2.0 */
/* Commands that hold up the end of something. */
#ifndef ISER_TGT_WAITING_H
#define ISER_TGT_WAITING_H

#include "lio.h"

#define ISER_TGT_WAITING_SHOWN	8

/**
 * struct iser_tgt_waiting_cmd - what is told of one command
 * @age: jiffies since it was received
 * @sid: number of its session
 * @itt: initiator task tag
 * @lun: the LUN it was sent to
 * @stage: enum iser_tgt_stage
 * @cdb_len: bytes of @cdb that are known
 * @cdb: the first bytes of its CDB
 * @initiator: name of the initiator
 */
struct iser_tgt_waiting_cmd {
	u32 age;
	u32 sid;
	u32 itt;
	u64 lun;
	u8 stage;
	int cdb_len;
	u8 cdb[6];
	char initiator[ISER_TGT_NAME_MAX + 1];
};

/**
 * struct iser_tgt_waiting - commands that were found
 * @nr: how many
 * @oldest: the oldest of them, the oldest first
 */
struct iser_tgt_waiting {
	unsigned int nr;
	struct iser_tgt_waiting_cmd oldest[ISER_TGT_WAITING_SHOWN];
};

void iser_tgt_waiting_add(struct iser_tgt_waiting *waiting,
			  const struct iser_tgt_cmd *cmd);
void iser_tgt_waiting_print(const struct iser_tgt_waiting *waiting);

#endif
