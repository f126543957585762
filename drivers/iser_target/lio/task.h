/* SPDX-License-Identifier: GPL-2.0 */
/* Tasks of a session by their Initiator Task Tag. */
#ifndef ISER_TGT_TASK_H
#define ISER_TGT_TASK_H

#include <linux/types.h>

#include "cmd.h"

struct iser_tgt_session;

static inline bool iser_tgt_stage_of_tmf(enum iser_tgt_stage stage)
{
	return stage == ISER_TGT_CMD_MANAGES || stage == ISER_TGT_CMD_HELD;
}

u64 iser_tgt_task_find(const struct iser_tgt_session *sess, u32 itt);
bool iser_tgt_task_runs(const struct iser_tgt_session *sess, u32 itt);
bool iser_tgt_task_is_tmf(const struct iser_tgt_session *sess, u32 itt);

#endif
