/* SPDX-License-Identifier: GPL-2.0 */
/* The LUN of a task, and tasks of a session by their Initiator Task Tag. */
#ifndef ISER_TGT_TASK_H
#define ISER_TGT_TASK_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <scsi/scsi_common.h>

#include "../iscsi/pdu.h"
#include "cmd.h"

struct iser_tgt_session;

/* scsilun_to_int() is a loop over eight bytes; most LUNs have two. */
static inline u64 iser_tgt_task_lun(const struct iser_tgt_pdu *pdu)
{
	u64 lun = iser_tgt_pdu_lun(pdu);

	if (likely(!(lun << 16)))
		return lun >> 48;

	return scsilun_to_int((struct scsi_lun *)(pdu->bhs + 8));
}

static inline bool iser_tgt_stage_of_tmf(enum iser_tgt_stage stage)
{
	return stage == ISER_TGT_CMD_MANAGES || stage == ISER_TGT_CMD_HELD;
}

u64 iser_tgt_task_find(const struct iser_tgt_session *sess, u32 itt);
bool iser_tgt_task_runs(const struct iser_tgt_session *sess, u32 itt);
bool iser_tgt_task_is_tmf(const struct iser_tgt_session *sess, u32 itt);

#endif
