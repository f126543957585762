/* SPDX-License-Identifier: GPL-2.0 */
/* The command window, as far as receive buffers back it. */
#ifndef ISER_TGT_RDMA_WINDOW_H
#define ISER_TGT_RDMA_WINDOW_H

#include "conn.h"
#include "receive_queue.h"

int iser_tgt_window_login(struct iser_tgt_conn *conn);
bool iser_tgt_window_has_room(struct iser_tgt_conn *conn, unsigned int nr);
void iser_tgt_window_none_waits(struct iser_tgt_conn *conn);
void iser_tgt_window_resize(struct iser_tgt_conn *conn);
void iser_tgt_window_end(struct iser_tgt_conn *conn);

/* Buffers are short, or the window was not used up for ten to twenty seconds. */
static inline bool iser_tgt_window_may_shrink(const struct iser_tgt_conn *conn)
{
	const struct iser_tgt_rx_queue *q = conn->rxq;

	return READ_ONCE(q->state) != ISER_TGT_RX_PLENTY ||
	       READ_ONCE(q->epoch) - conn->window_epoch > 1;
}

/**
 * iser_tgt_window_advance - a numbered request has ended
 * @conn: the connection
 *
 * RFC 7143 4.2.2.1: MaxCmdSN only ever grows.
 *
 * Context: holds conn->post_lock.
 */
static inline void iser_tgt_window_advance(struct iser_tgt_conn *conn)
{
	if (likely(!iser_tgt_window_may_shrink(conn) &&
		   !READ_ONCE(conn->window_exhausted)))
		conn->numbers.max_cmd_sn++;
	else
		iser_tgt_window_resize(conn);
}

#endif
