// SPDX-License-Identifier: GPL-2.0
/* Contexts of requests: taken and given back. */

#include "lio.h"
#include "waiting.h"

static void iser_tgt_cmd_ready(struct iser_tgt_cmd *cmd)
{
	cmd->rx = NULL;
	cmd->chunk = NULL;
	cmd->imm_len = 0;
	cmd->close_after = false;
	cmd->stage = ISER_TGT_CMD_RECEIVED;
	cmd->tx.counts = true;
	cmd->tx.stamped = false;
	cmd->tx.lazy = false;
	cmd->since = jiffies;
	atomic_set(&cmd->refs, 1);
	WRITE_ONCE(cmd->busy, true);
}

/**
 * iser_tgt_cmd_get - a context for a request
 * @sess: a normal session in full feature phase
 *
 * Context: the receive side.
 * Return: the context, or NULL when all are taken; whoever gives one back
 * kicks the receive side.
 */
struct iser_tgt_cmd *iser_tgt_cmd_get(struct iser_tgt_session *sess)
{
	struct llist_node *node = sess->stock;
	struct iser_tgt_cmd *cmd;

	if (!node) {
		node = llist_del_all(&sess->given_back);
		if (unlikely(!node))
			return NULL;
	}
	sess->stock = node->next;
	cmd = llist_entry(node, struct iser_tgt_cmd, free);
	iser_tgt_cmd_ready(cmd);
	return cmd;
}

/**
 * iser_tgt_cmd_get_own - the context for something that nobody asked for
 * @sess: a normal session in full feature phase
 * @which: what it is for
 *
 * Context: any but interrupts; one at a time for each @which.
 * Return: the context, or NULL if the last one of its kind is still under way.
 */
struct iser_tgt_cmd *iser_tgt_cmd_get_own(struct iser_tgt_session *sess,
					  enum iser_tgt_cmd_own which)
{
	struct iser_tgt_cmd *cmd = &sess->cmds[sess->nr_cmds + which];

	/* Pairs with the release in iser_tgt_cmd_put(). */
	if (smp_load_acquire(&cmd->busy))
		return NULL;

	iser_tgt_cmd_ready(cmd);
	return cmd;
}

/**
 * iser_tgt_cmd_put - a context is no longer needed for one of its ends
 * @cmd: the context; free again when both have come: its response, if any, has
 *	left, and the core has released its command
 *
 * Context: any but interrupts.
 */
void iser_tgt_cmd_put(struct iser_tgt_cmd *cmd)
{
	struct iser_tgt_session *sess = cmd->sess;
	struct iser_tgt_conn *conn = sess->conn;

	if (!atomic_dec_and_test(&cmd->refs))
		return;

	if (cmd->rx)
		iser_tgt_rx_put(cmd->rx);
	if (cmd->chunk)
		iser_tgt_chunk_put(cmd->chunk);
	/* Aborted: no response took it along. */
	if (unlikely(cmd->tx.opens)) {
		cmd->tx.opens = false;
		iser_tgt_window_open(conn);
	}
	if (unlikely(cmd->immediate))
		iser_tgt_cmd_immediate_ends(cmd);
	/* Pairs with the acquire in iser_tgt_cmd_get_own(). */
	smp_store_release(&cmd->busy, false);
	if (likely(cmd < sess->cmds + sess->nr_cmds))
		llist_add(&cmd->free, &sess->given_back);
	iser_tgt_conn_kick(conn);
}

/**
 * iser_tgt_cmd_sent - tx.done of a PDU that nothing else hangs on
 * @tx: of a context
 * @status: not looked at: a connection that fails closes itself
 *
 * Context: any but interrupts.
 */
void iser_tgt_cmd_sent(struct iser_tgt_tx *tx, int status)
{
	iser_tgt_cmd_put(container_of(tx, struct iser_tgt_cmd, tx));
}
