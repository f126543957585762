// SPDX-License-Identifier: GPL-2.0
/* Command contexts: allocation, use and release. */

#include <linux/build_bug.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "../rdma/rdma.h"
#include "cmd.h"
#include "cmd_get.h"
#include "session.h"

/*
 * More contexts. Returns false if there are sess->max_cmds already, or without
 * memory.
 *
 * Context: as @gfp; one caller at a time.
 */
static bool iser_tgt_cmds_add(struct iser_tgt_session *sess, gfp_t gfp)
{
	unsigned int first = sess->nr_cmds;
	unsigned int nr = min_t(unsigned int, ISER_TGT_CMD_PIECE,
				sess->max_cmds - first);
	struct iser_tgt_cmd *cmds;
	unsigned int i;

	if (!nr || !iser_tgt_tx_pool_grow(sess->tx_pool, first + nr, gfp))
		return false;

	cmds = kcalloc_node(nr, sizeof(*cmds), gfp,
			    iser_tgt_conn_node(sess->conn));
	if (!cmds)
		return false;

	for (i = 0; i < nr; i++) {
		struct iser_tgt_cmd *cmd = &cmds[i];

		cmd->sess = sess;
		sg_init_table(&cmd->sg, 1);
		iser_tgt_tx_init(sess->tx_pool, first + i, &cmd->tx);
		if (first + i >= ISER_TGT_CMD_OWN)
			llist_add(&cmd->free, &sess->free_list);
	}
	sess->cmds[first / ISER_TGT_CMD_PIECE] = cmds;
	/* Pairs with the acquire in iser_tgt_cmd_next(). */
	smp_store_release(&sess->nr_cmds, first + nr);
	return true;
}

/**
 * iser_tgt_cmds_alloc - allocate the first contexts of a session
 * @sess: the session, its depth known
 *
 * Most sessions are idle: the others are allocated when all are in use. More
 * than unsignaled sends can hold, so that some become free in any case.
 *
 * On failure the caller calls iser_tgt_cmds_free() when it frees the session.
 *
 * Return: 0 or -ENOMEM.
 */
int iser_tgt_cmds_alloc(struct iser_tgt_session *sess)
{
	unsigned int max = iser_tgt_qp_contexts(sess->depth);

	BUILD_BUG_ON(sizeof(struct iser_tgt_cmd) - sizeof(struct se_cmd) -
		     sizeof(struct rdma_rw_ctx) > ISER_TGT_CMD_SIZE_MAX);
	BUILD_BUG_ON(ISER_TGT_CMD_OWN > ISER_TGT_SEND_OWN);
	BUILD_BUG_ON(ISER_TGT_CMD_PIECE - ISER_TGT_CMD_OWN <=
		     ISER_TGT_UNSIGNALED);

	sess->max_cmds = max;
	sess->cmds = kcalloc(DIV_ROUND_UP(max, ISER_TGT_CMD_PIECE),
			     sizeof(*sess->cmds), GFP_KERNEL);
	sess->tx_pool = iser_tgt_tx_pool_alloc(sess->conn, max);
	if (!sess->cmds || !sess->tx_pool ||
	    !iser_tgt_cmds_add(sess, GFP_KERNEL))
		return -ENOMEM;

	return 0;
}

/**
 * iser_tgt_cmds_free - free the contexts of a session
 * @sess: the session; its contexts may be allocated in part or not at all
 */
void iser_tgt_cmds_free(struct iser_tgt_session *sess)
{
	unsigned int i;

	for (i = 0; i < sess->nr_cmds; i += ISER_TGT_CMD_PIECE)
		kfree(sess->cmds[i / ISER_TGT_CMD_PIECE]);
	kfree(sess->cmds);
	iser_tgt_tx_pool_free(sess->tx_pool);
}

/**
 * iser_tgt_cmd_refill - get free contexts for iser_tgt_cmd_get()
 * @sess: a session whose free_cache is empty
 *
 * Context: the receive side.
 * Return: the contexts, or NULL.
 */
struct llist_node *iser_tgt_cmd_refill(struct iser_tgt_session *sess)
{
	if (unlikely(llist_empty(&sess->free_list)) &&
	    !iser_tgt_cmds_add(sess, GFP_NOWAIT | __GFP_NOWARN))
		return NULL;

	return llist_del_all(&sess->free_list);
}

/**
 * iser_tgt_cmd_get_own - take the context for an unsolicited PDU
 * @sess: a normal session in full feature phase
 * @which: the kind of PDU
 *
 * Context: any but interrupts; calls for the same @which are serialized.
 * Return: the context, or NULL if the last PDU of this kind is still being sent.
 */
struct iser_tgt_cmd *iser_tgt_cmd_get_own(struct iser_tgt_session *sess,
					  enum iser_tgt_cmd_own which)
{
	struct iser_tgt_cmd *cmd = iser_tgt_cmd_at(sess, which);

	/* Pairs with the release in iser_tgt_cmd_put(). */
	if (smp_load_acquire(&cmd->busy))
		return NULL;

	iser_tgt_cmd_ready(cmd);
	return cmd;
}

/* Ends what a context holds, but its data buffer. */
static void iser_tgt_cmd_end(struct iser_tgt_cmd *cmd)
{
	if (unlikely(cmd->rx))
		iser_tgt_rx_put(cmd->rx);
	/* An aborted command has no response that would advance MaxCmdSN. */
	if (unlikely(cmd->tx.advances_window)) {
		cmd->tx.advances_window = false;
		iser_tgt_window_open(cmd->sess->conn, true);
	}
	if (unlikely(cmd->immediate))
		iser_tgt_cmd_immediate_ends(cmd);
	/* Pairs with the acquire in iser_tgt_cmd_get_own(). */
	smp_store_release(&cmd->busy, false);
}

/**
 * iser_tgt_cmd_free - the last reference to a context was dropped
 * @cmd: the context
 *
 * Context: any but interrupts.
 */
void iser_tgt_cmd_free(struct iser_tgt_cmd *cmd)
{
	struct iser_tgt_session *sess = cmd->sess;
	struct iser_tgt_conn *conn = sess->conn;

	if (cmd->buf)
		iser_tgt_data_put(cmd->buf);
	iser_tgt_cmd_end(cmd);
	if (likely(cmd->tx.index >= ISER_TGT_CMD_OWN))
		llist_add(&cmd->free, &sess->free_list);
	iser_tgt_conn_kick(conn);
}

/**
 * iser_tgt_cmds_sent - iser_tgt_cmd_put() for many responses
 * @first: unsignaled responses of a session, chained by @tx->next
 *
 * Context: completion handler, or the release work.
 */
void iser_tgt_cmds_sent(struct iser_tgt_tx *first)
{
	struct iser_tgt_conn *conn = first->conn;
	struct llist_node *free = NULL, *last = NULL;
	struct iser_tgt_data_buf *bufs = NULL;
	struct iser_tgt_tx *tx, *next;
	struct iser_tgt_cmd *cmd;

	for (tx = first; tx; tx = next) {
		next = tx->next;
		tx->next = NULL;
		cmd = container_of(tx, struct iser_tgt_cmd, tx);
		if (unlikely(!atomic_dec_and_test(&cmd->refs)))
			continue;

		if (cmd->buf) {
			cmd->buf->next = bufs;
			bufs = cmd->buf;
		}
		iser_tgt_cmd_end(cmd);
		cmd->free.next = free;
		free = &cmd->free;
		if (!last)
			last = free;
	}

	if (bufs)
		iser_tgt_data_put(bufs);
	if (free)
		llist_add_batch(free, last, &cmd->sess->free_list);
	iser_tgt_conn_kick(conn);
}

/**
 * iser_tgt_cmd_sent - ->done() of a PDU that only has to give its context back
 * @tx: PDU of a context
 * @status: ignored: a connection that fails closes itself
 *
 * Context: any but interrupts.
 */
void iser_tgt_cmd_sent(struct iser_tgt_tx *tx, int status)
{
	iser_tgt_cmd_put(container_of(tx, struct iser_tgt_cmd, tx));
}
