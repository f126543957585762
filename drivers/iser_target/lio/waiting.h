/* SPDX-License-Identifier: GPL-2.0 */
/* Commands that the end of a session or LUN waits for. */
#ifndef ISER_TGT_WAITING_H
#define ISER_TGT_WAITING_H

#include <linux/types.h>

#include "../iscsi/name.h"
#include "cmd.h"

#define ISER_TGT_WAITING_SHOWN	8

/**
 * struct iser_tgt_waiting_cmd - what is logged of one command
 * @age: jiffies since it was received
 * @sid: number of its session
 * @itt: initiator task tag
 * @lun: the LUN it was sent to
 * @stage: how far it is
 * @cdb_len: valid bytes of @cdb
 * @cdb: first bytes of its CDB
 * @initiator: name of the initiator
 */
struct iser_tgt_waiting_cmd {
	u32 age;
	u32 sid;
	u32 itt;
	u64 lun;
	enum iser_tgt_stage stage;
	int cdb_len;
	u8 cdb[6];
	char initiator[ISER_TGT_NAME_MAX + 1];
};

/**
 * struct iser_tgt_waiting - commands that were found
 * @nr: number of commands
 * @oldest: the oldest of them, sorted, the oldest first
 */
struct iser_tgt_waiting {
	unsigned int nr;
	struct iser_tgt_waiting_cmd oldest[ISER_TGT_WAITING_SHOWN];
};

void iser_tgt_waiting_add(struct iser_tgt_waiting *waiting,
			  const struct iser_tgt_cmd *cmd);
void iser_tgt_waiting_print(const struct iser_tgt_waiting *waiting);

#endif
