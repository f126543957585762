/* SPDX-License-Identifier: GPL-2.0 */
/* Taking a command context and giving it back. */
#ifndef ISER_TGT_CMD_GET_H
#define ISER_TGT_CMD_GET_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/jiffies.h>
#include <linux/llist.h>

#include "cmd.h"
#include "session.h"

static inline void iser_tgt_cmd_ready(struct iser_tgt_cmd *cmd)
{
	cmd->rx = NULL;
	cmd->buf = NULL;
	cmd->imm_len = 0;
	cmd->close_after = false;
	cmd->stage = ISER_TGT_CMD_RECEIVED;
	cmd->tx.has_stat_sn = true;
	cmd->tx.sn_filled = false;
	cmd->tx.unsignaled = false;
	cmd->since = jiffies;
	atomic_set(&cmd->refs, 1);
	WRITE_ONCE(cmd->busy, true);
}

/**
 * iser_tgt_cmd_get - take a context for a request
 * @sess: a normal session in full feature phase
 *
 * Context: the receive side.
 * Return: the context, or NULL if all are in use and there may or can be no
 * more; iser_tgt_cmd_put() kicks the receive side.
 */
static inline struct iser_tgt_cmd *
iser_tgt_cmd_get(struct iser_tgt_session *sess)
{
	struct llist_node *node = sess->free_cache;
	struct iser_tgt_cmd *cmd;

	if (unlikely(!node)) {
		node = iser_tgt_cmd_refill(sess);
		if (!node)
			return NULL;
	}
	sess->free_cache = node->next;
	cmd = llist_entry(node, struct iser_tgt_cmd, free);
	iser_tgt_cmd_ready(cmd);
	return cmd;
}

/**
 * iser_tgt_cmd_put - drop a reference to a context
 * @cmd: the context; free again when its response, if any, has been sent and
 *	the core has released its command
 *
 * Context: any but interrupts.
 */
static inline void iser_tgt_cmd_put(struct iser_tgt_cmd *cmd)
{
	if (atomic_dec_and_test(&cmd->refs))
		iser_tgt_cmd_free(cmd);
}

#endif
