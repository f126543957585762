// SPDX-License-Identifier: GPL-2.0
/* Tasks of a session by their Initiator Task Tag: RFC 7143 11.2.1.8. */

#include <linux/compiler.h>

#include "../iscsi/window.h"
#include "cmd.h"
#include "session.h"
#include "task.h"

/**
 * iser_tgt_task_find - the tag by which the core knows a task
 * @sess: a normal session in full feature phase
 * @itt: Initiator Task Tag
 *
 * Return: the tag of the last command with this ITT, since the response of an
 * earlier one may still be being sent; 0, which is no tag, if there is none.
 */
u64 iser_tgt_task_find(const struct iser_tgt_session *sess, u32 itt)
{
	const struct iser_tgt_cmd *cmd;
	unsigned int next = 0;
	u64 tag, last = 0;

	while ((cmd = iser_tgt_cmd_next(sess, &next))) {
		if (!READ_ONCE(cmd->scsi) || cmd->itt != itt)
			continue;
		tag = READ_ONCE(cmd->se_cmd.tag);
		if (!last || iser_tgt_sn_before(last >> 32, tag >> 32))
			last = tag;
	}
	return last;
}

/**
 * iser_tgt_task_runs - is the ITT that of a SCSI command in progress
 * @sess: a normal session in full feature phase
 * @itt: Initiator Task Tag
 *
 * Return: false if not, or if its response has been posted: the initiator may use
 * the ITT again as soon as it has that.
 */
bool iser_tgt_task_runs(const struct iser_tgt_session *sess, u32 itt)
{
	const struct iser_tgt_cmd *cmd;
	unsigned int next = 0;

	while ((cmd = iser_tgt_cmd_next(sess, &next))) {
		if (READ_ONCE(cmd->scsi) && cmd->itt == itt &&
		    READ_ONCE(cmd->stage) != ISER_TGT_CMD_RESPONDS)
			return true;
	}
	return false;
}

/**
 * iser_tgt_task_is_tmf - is the ITT that of a task management function in progress
 * @sess: a normal session in full feature phase
 * @itt: Initiator Task Tag
 *
 * Return: true if so.
 */
bool iser_tgt_task_is_tmf(const struct iser_tgt_session *sess, u32 itt)
{
	const struct iser_tgt_cmd *cmd;
	unsigned int next = 0;

	while ((cmd = iser_tgt_cmd_next(sess, &next))) {
		if (READ_ONCE(cmd->busy) && cmd->itt == itt &&
		    iser_tgt_stage_of_tmf(READ_ONCE(cmd->stage)))
			return true;
	}
	return false;
}
