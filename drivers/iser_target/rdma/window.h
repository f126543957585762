/* SPDX-License-Identifier: GPL-2.0 */
/* The command window, as far as receive buffers back it. */
#ifndef ISER_TGT_RDMA_WINDOW_H
#define ISER_TGT_RDMA_WINDOW_H

#include "conn.h"
#include "receive_queue.h"

int iser_tgt_window_login(struct iser_tgt_conn *conn);
bool iser_tgt_window_has_room(struct iser_tgt_conn *conn, unsigned int nr);
void iser_tgt_window_none_waits(struct iser_tgt_conn *conn);
void iser_tgt_window_advance(struct iser_tgt_conn *conn);
void iser_tgt_window_end(struct iser_tgt_conn *conn);

/*
 * Whether iser_tgt_window_advance() only has to count: the window has been used
 * lately, but not used up, and buffers are plenty. Context: holds post_lock.
 */
static inline bool iser_tgt_window_steady(const struct iser_tgt_conn *conn)
{
	const struct iser_tgt_rx_queue *q = conn->rxq;

	return READ_ONCE(q->state) == ISER_TGT_RX_PLENTY &&
	       READ_ONCE(q->epoch) - conn->window_epoch <= 1 &&
	       !READ_ONCE(conn->window_exhausted);
}

#endif
