/* SPDX-License-Identifier: GPL-2.0 */
/* Commands that hold up the end of something. */
#ifndef ISER_TGT_WAITING_H
#define ISER_TGT_WAITING_H

#include <linux/types.h>

#include "../iscsi/name.h"

struct iser_tgt_cmd;

/**
 * enum iser_tgt_stage - where a context is, for whoever waits for it
 * @ISER_TGT_CMD_RECEIVED: its request has been received
 * @ISER_TGT_CMD_FETCHES: its data is being read from the initiator
 * @ISER_TGT_CMD_QUEUED: waits for a worker
 * @ISER_TGT_CMD_IN_BACKSTORE: in the backstore
 * @ISER_TGT_CMD_RESPONDS: its response is being sent
 * @ISER_TGT_CMD_HELD: a function whose answer waits for those of tasks
 * @ISER_TGT_CMD_ABORTS: aborts a set of tasks
 * @ISER_TGT_CMD_ASKS: a ping
 * @ISER_TGT_CMD_TELLS: an asynchronous message
 */
enum iser_tgt_stage {
	ISER_TGT_CMD_RECEIVED,
	ISER_TGT_CMD_FETCHES,
	ISER_TGT_CMD_QUEUED,
	ISER_TGT_CMD_IN_BACKSTORE,
	ISER_TGT_CMD_RESPONDS,
	ISER_TGT_CMD_HELD,
	ISER_TGT_CMD_ABORTS,
	ISER_TGT_CMD_ASKS,
	ISER_TGT_CMD_TELLS,
};

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
