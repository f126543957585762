// SPDX-License-Identifier: GPL-2.0
/*
 * The command window: never more requests than there are receive buffers for.
 * On a shared receive queue a session begins with a small window that is
 * always its own, and gets more of it when it uses it up. While buffers are
 * few, or once it has not used it up for a while, what it does not use is not
 * promised again; while next to none are left, what it uses neither.
 */

#include "../iscsi/window.h"
#include "rdma.h"

/* What a session that has used up its window gets more at a time. */
#define ISER_TGT_WINDOW_STEP	4

/* PDUs that may wait: what the initiator was promised, and immediate ones. */
static void iser_tgt_window_bound(struct iser_tgt_conn *conn)
{
	WRITE_ONCE(conn->rx_waiting_max, conn->window + ISER_TGT_RECV_EXTRA +
		   ISER_TGT_RECV_BATCH);
}

/**
 * iser_tgt_window_start - receive buffers and window of a session
 * @conn: the connection, at the end of its login
 * @depth: requests it may have in flight at most
 *
 * Context: may sleep.
 * Return: 0 or a negative errno.
 */
int iser_tgt_window_start(struct iser_tgt_conn *conn, u32 depth)
{
	unsigned int extra = ISER_TGT_RECV_EXTRA + ISER_TGT_RECV_BATCH;
	struct iser_tgt_rx_queue *q = conn->rxq;
	u32 window = depth;
	int ret;

	BUILD_BUG_ON(ISER_TGT_LOGIN_RECV > ISER_TGT_SHARED_EXTRA);

	conn->window_max = depth;
	if (q->srq) {
		window = min_t(u32, depth, ISER_TGT_WINDOW_MIN);
		extra = ISER_TGT_SHARED_EXTRA;
	}

	ret = iser_tgt_rx_reserve(q, window + extra - conn->rx_reserved);
	if (ret)
		return ret;

	conn->window = window;
	conn->window_epoch = READ_ONCE(q->epoch);
	conn->rx_reserved = extra;
	iser_tgt_window_bound(conn);
	if (!q->srq)
		WRITE_ONCE(q->batch, ISER_TGT_RECV_BATCH);
	return 0;
}

/**
 * iser_tgt_window_discovery - a discovery session has one request at a time
 * @conn: the connection, at the end of its login
 *
 * What the login had is enough: one of its buffers is the window's now.
 *
 * Context: any.
 */
void iser_tgt_window_discovery(struct iser_tgt_conn *conn)
{
	conn->window = 1;
	if (conn->rx_reserved)
		conn->rx_reserved -= conn->window;
}

/**
 * iser_tgt_window_end - the buffers are others' to count on
 * @conn: the connection, drained
 *
 * Context: the release work.
 */
void iser_tgt_window_end(struct iser_tgt_conn *conn)
{
	if (conn->rx_reserved)
		iser_tgt_rx_unreserve(conn->rxq,
				      conn->window + conn->rx_reserved);
	conn->window = 0;
	conn->rx_reserved = 0;
}

/**
 * iser_tgt_window_used - a numbered request has come in: was it the last one
 * @conn: the connection
 * @pdu: the request
 *
 * ExpStatSN tells which responses the initiator had seen when it sent this, and
 * so which MaxCmdSN it knew. One that has used up all it knew of could do with
 * more.
 *
 * Context: the receive side.
 */
void iser_tgt_window_used(struct iser_tgt_conn *conn,
			  const struct iser_tgt_pdu *pdu)
{
	u32 unseen = READ_ONCE(conn->stat_sn) - pdu->exp_stat_sn;

	if (!iser_tgt_sn_before(pdu->cmd_sn + unseen,
				READ_ONCE(conn->max_cmd_sn)))
		WRITE_ONCE(conn->window_short, true);
}

/* It has not used up its window for ten to twenty seconds. */
static bool iser_tgt_window_idle(const struct iser_tgt_conn *conn)
{
	return READ_ONCE(conn->rxq->epoch) - conn->window_epoch > 1;
}

/*
 * RFC 7143 4.2.2.1: MaxCmdSN never moves back, but it need not move on. A
 * session that goes idle gives up all but its own as its last requests end, and
 * one that keeps using its window loses nothing until logins need it.
 */
static bool iser_tgt_window_shrink(struct iser_tgt_conn *conn)
{
	u32 unused = conn->max_cmd_sn + 1 - READ_ONCE(conn->exp_cmd_sn);

	if (conn->window <= ISER_TGT_WINDOW_MIN ||
	    (unused < ISER_TGT_WINDOW_MIN &&
	     READ_ONCE(conn->rxq->state) != ISER_TGT_RX_SCARCE))
		return false;

	conn->window--;
	iser_tgt_rx_unreserve(conn->rxq, 1);
	iser_tgt_window_bound(conn);
	return true;
}

/**
 * iser_tgt_window_advance - a numbered request has ended
 * @conn: the connection
 *
 * RFC 7143 4.2.2.1: MaxCmdSN only ever grows.
 *
 * Context: holds conn->post_lock.
 */
void iser_tgt_window_advance(struct iser_tgt_conn *conn)
{
	u32 wanted;

	if (unlikely(READ_ONCE(conn->rxq->state) != ISER_TGT_RX_PLENTY ||
		     iser_tgt_window_idle(conn)) &&
	    iser_tgt_window_shrink(conn))
		return;

	conn->max_cmd_sn++;
	if (likely(!READ_ONCE(conn->window_short)))
		return;

	WRITE_ONCE(conn->window_short, false);
	conn->window_epoch = READ_ONCE(conn->rxq->epoch);
	wanted = min_t(u32, conn->window_max - conn->window,
		       ISER_TGT_WINDOW_STEP);
	while (wanted-- && iser_tgt_rx_borrow(conn->rxq)) {
		conn->window++;
		conn->max_cmd_sn++;
	}
	iser_tgt_window_bound(conn);
}

/**
 * iser_tgt_window_open - a counted request ended without a response
 * @conn: the connection
 *
 * The initiator learns it with the next PDU.
 *
 * Context: any but interrupts.
 */
void iser_tgt_window_open(struct iser_tgt_conn *conn)
{
	spin_lock(&conn->post_lock);
	iser_tgt_window_advance(conn);
	spin_unlock(&conn->post_lock);
}
