// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that the end of a session or LUN waits for: the log names the oldest
 * of them and counts the others. They are collected under locks and printed
 * without.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "cmd.h"
#include "session.h"
#include "waiting.h"

static const char * const iser_tgt_stages[] = {
	[ISER_TGT_CMD_RECEIVED] = "received",
	[ISER_TGT_CMD_FETCHES] = "its data is being read from the initiator",
	[ISER_TGT_CMD_QUEUED] = "queued for its backstore",
	[ISER_TGT_CMD_IN_BACKSTORE] = "in the backstore",
	[ISER_TGT_CMD_FENCES] = "preempts, or waits for commands it preempts",
	[ISER_TGT_CMD_RESPONDS] = "its response is being sent",
	[ISER_TGT_CMD_MANAGES] = "task management function in progress",
	[ISER_TGT_CMD_HELD] = "waits for the responses of tasks",
	[ISER_TGT_CMD_ABORTS] = "aborts a set of tasks",
	[ISER_TGT_CMD_ASKS] = "ping",
	[ISER_TGT_CMD_TELLS] = "asynchronous message",
};

/**
 * iser_tgt_waiting_add - add a command
 * @waiting: commands found so far
 * @cmd: the context; not added if it is free
 */
void iser_tgt_waiting_add(struct iser_tgt_waiting *waiting,
			  const struct iser_tgt_cmd *cmd)
{
	const struct iser_tgt_session *sess = cmd->sess;
	const struct se_cmd *se_cmd = &cmd->se_cmd;
	struct iser_tgt_waiting_cmd *to;
	u32 age = (u32)jiffies - READ_ONCE(cmd->since);
	unsigned int i;

	if (!READ_ONCE(cmd->busy))
		return;

	i = min_t(unsigned int, waiting->nr++, ISER_TGT_WAITING_SHOWN);
	while (i && waiting->oldest[i - 1].age < age) {
		if (i < ISER_TGT_WAITING_SHOWN)
			waiting->oldest[i] = waiting->oldest[i - 1];
		i--;
	}
	if (i == ISER_TGT_WAITING_SHOWN)
		return;

	to = &waiting->oldest[i];
	to->age = age;
	to->sid = sess->sid;
	to->itt = cmd->itt;
	to->lun = se_cmd->orig_fe_lun;
	to->stage = READ_ONCE(cmd->stage);
	/* A long CDB is allocated and may be freed at any moment. */
	to->cdb_len = READ_ONCE(se_cmd->t_task_cdb) == se_cmd->__t_task_cdb ?
		      sizeof(to->cdb) : 0;
	memcpy(to->cdb, se_cmd->__t_task_cdb, sizeof(to->cdb));
	strscpy(to->initiator, sess->initiator, sizeof(to->initiator));
}

/**
 * iser_tgt_waiting_print - log the commands that were found
 * @waiting: the commands
 *
 * Slow on a serial console: must be called without locks.
 */
void iser_tgt_waiting_print(const struct iser_tgt_waiting *waiting)
{
	unsigned int shown = min_t(unsigned int, waiting->nr,
				   ISER_TGT_WAITING_SHOWN);
	const struct iser_tgt_waiting_cmd *cmd;
	unsigned int i;

	for (i = 0; i < shown; i++) {
		cmd = &waiting->oldest[i];
		pr_warn("session %u of %s: still waiting for command 0x%08x, CDB %*ph, to LUN %llu, for %u s: %s\n",
			cmd->sid, cmd->initiator, cmd->itt, cmd->cdb_len,
			cmd->cdb, cmd->lun, cmd->age / HZ,
			iser_tgt_stages[cmd->stage]);
	}
	if (waiting->nr > shown)
		pr_warn("still waiting for %u more commands\n",
			waiting->nr - shown);
}
