// SPDX-License-Identifier: GPL-2.0
/*
 * The command window: never more requests than there are receive buffers for.
 * On a shared receive queue a session begins with a small window that it always
 * keeps, and gets more when it uses that up. While buffers are short, or after
 * some time, what it does not use is not offered again; while buffers are
 * scarce, not even what it uses.
 *
 * The numbering is iSCSI's. It is kept here for the sake of two rules: StatSN is
 * assigned in the order of posting, so both happen under post_lock; and MaxCmdSN
 * follows the receive buffers.
 */

#include "../trace.h"
#include "conn.h"
#include "receive_queue.h"
#include "receive_reserve.h"
#include "window.h"

static void iser_tgt_window_trace(const struct iser_tgt_conn *conn)
{
	trace_iser_tgt_window(conn->initiator, conn->number, conn->window,
			      conn->window_max, conn->numbers.max_cmd_sn);
}

/**
 * iser_tgt_window_login - have receive buffers for a login
 * @conn: the connection, with its queue pair
 *
 * Not before the connection is sure to be drained: siw completes what is posted
 * when its queue pair is destroyed.
 *
 * Context: may sleep.
 * Return: 0 or a negative errno.
 */
int iser_tgt_window_login(struct iser_tgt_conn *conn)
{
	struct iser_tgt_rx_queue *q = conn->rxq;
	int ret;

	if (q->srq) {
		ret = iser_tgt_rx_reserve(q, ISER_TGT_LOGIN_RECV);
		if (!ret)
			conn->rx_reserved = ISER_TGT_LOGIN_RECV;
		return ret;
	}

	ret = iser_tgt_rx_queue_grow(q, ISER_TGT_LOGIN_RECV);
	/* They stay beside those of the session. */
	atomic_set(&q->spare, 0);
	return ret;
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

	BUILD_BUG_ON(ISER_TGT_LOGIN_RECV > ISER_TGT_IMMEDIATE_MAX);

	conn->window_max = depth;
	if (q->srq) {
		window = min_t(u32, depth, ISER_TGT_WINDOW_MIN);
		extra = ISER_TGT_IMMEDIATE_MAX;
	}

	ret = iser_tgt_rx_reserve(q, window + extra - conn->rx_reserved);
	if (ret)
		return ret;

	conn->window = window;
	conn->window_epoch = READ_ONCE(q->epoch);
	conn->rx_reserved = extra;
	if (!q->srq) {
		/* The window's, which never changes, and immediate ones. */
		WRITE_ONCE(conn->rx_waiting_max, window + extra);
		WRITE_ONCE(q->batch, ISER_TGT_RECV_BATCH);
	}
	return 0;
}

/**
 * iser_tgt_window_discovery - a discovery session has one request at a time
 * @conn: the connection, at the end of its login
 *
 * The login's buffers suffice: one of them becomes the window's.
 */
void iser_tgt_window_discovery(struct iser_tgt_conn *conn)
{
	conn->window = 1;
	if (conn->rx_reserved)
		conn->rx_reserved -= conn->window;
}

/**
 * iser_tgt_window_has_room - may so many PDUs wait to be handled
 * @conn: the connection
 * @nr: how many would wait
 *
 * On a shared queue the buffers of others must not be used: it is as many as the
 * initiator has places left in its window, and ISER_TGT_IMMEDIATE_MAX, less the
 * immediate commands in progress, which may keep their buffers. An initiator may
 * have a function, a ping and an answer to ours on their way at the same time, so
 * a few more are taken from those that are not reserved, unless they are scarce.
 *
 * Context: holds conn->rx_lock.
 * Return: false if the connection is to be closed.
 */
bool iser_tgt_window_has_room(struct iser_tgt_conn *conn, unsigned int nr)
{
	u32 exp, kept;
	s32 room;

	if (!conn->rxq->srq || !conn->window_max)
		return nr <= READ_ONCE(conn->rx_waiting_max);

	kept = min_t(u32, iser_tgt_window_immediates(conn),
		     ISER_TGT_IMMEDIATE_MAX);
	/* Both advance meanwhile: an older MaxCmdSN would leave too little. */
	exp = smp_load_acquire(&conn->numbers.exp_cmd_sn);
	room = READ_ONCE(conn->numbers.max_cmd_sn) + 1 - exp +
	       ISER_TGT_IMMEDIATE_MAX - kept + conn->rx_borrowed;
	if (likely((s32)nr <= room))
		return true;
	/* What logins need is not lent. */
	if (conn->rx_borrowed == ISER_TGT_RECV_EXTRA ||
	    READ_ONCE(conn->rxq->state) == ISER_TGT_RX_SCARCE ||
	    !iser_tgt_rx_borrow(conn->rxq))
		return false;

	conn->rx_borrowed++;
	return true;
}

/**
 * iser_tgt_window_none_waits - give back what has been borrowed
 * @conn: the connection, none of whose PDUs waits any more
 *
 * Context: holds conn->rx_lock, or the release work.
 */
void iser_tgt_window_none_waits(struct iser_tgt_conn *conn)
{
	if (likely(!conn->rx_borrowed))
		return;

	iser_tgt_rx_unreserve(conn->rxq, conn->rx_borrowed);
	conn->rx_borrowed = 0;
}

/**
 * iser_tgt_window_end - give up the receive buffers of a connection
 * @conn: the connection, drained
 *
 * Context: the release work.
 */
void iser_tgt_window_end(struct iser_tgt_conn *conn)
{
	iser_tgt_window_none_waits(conn);
	if (conn->rx_reserved)
		iser_tgt_rx_unreserve(conn->rxq,
				      conn->window + conn->rx_reserved);
	conn->window = 0;
	conn->rx_reserved = 0;
}

/**
 * iser_tgt_window_full - a request used up the window its initiator knew of
 * @conn: the connection
 *
 * Context: the receive side.
 */
void iser_tgt_window_full(struct iser_tgt_conn *conn)
{
	conn->counts.window_full++;
	if (READ_ONCE(conn->window) < conn->window_max)
		WRITE_ONCE(conn->window_exhausted, true);
}

/*
 * RFC 7143 4.2.2.1: MaxCmdSN never moves back, but it need not advance. An idle
 * session gives up all but its minimum as its last requests end; one that keeps
 * using its window loses nothing until logins need it.
 */
static bool iser_tgt_window_shrink(struct iser_tgt_conn *conn)
{
	s32 unused = conn->numbers.max_cmd_sn + 1 -
		     READ_ONCE(conn->numbers.exp_cmd_sn);

	if (conn->window <= ISER_TGT_WINDOW_MIN ||
	    (unused < ISER_TGT_WINDOW_MIN &&
	     READ_ONCE(conn->rxq->state) != ISER_TGT_RX_SCARCE))
		return false;

	conn->window--;
	iser_tgt_window_trace(conn);
	iser_tgt_rx_unreserve(conn->rxq, 1);
	return true;
}

/**
 * iser_tgt_window_resize - a numbered request has ended, and the window may change
 * @conn: the connection
 *
 * For iser_tgt_window_advance().
 *
 * Context: holds conn->post_lock.
 */
void iser_tgt_window_resize(struct iser_tgt_conn *conn)
{
	u32 wanted;

	if (iser_tgt_window_may_shrink(conn) && iser_tgt_window_shrink(conn))
		return;

	conn->numbers.max_cmd_sn++;
	if (!READ_ONCE(conn->window_exhausted))
		return;

	WRITE_ONCE(conn->window_exhausted, false);
	conn->window_epoch = READ_ONCE(conn->rxq->epoch);
	/* Doubled: an initiator that finds its window closed retries in vain. */
	wanted = min(conn->window_max - conn->window, conn->window);
	while (wanted-- && iser_tgt_rx_try_reserve(conn->rxq)) {
		conn->window++;
		conn->numbers.max_cmd_sn++;
	}
	iser_tgt_window_trace(conn);
}

/**
 * iser_tgt_window_open - a numbered request has ended without a response
 * @conn: the connection
 * @tell: the initiator has to be told; otherwise it learns of it with the next
 *	PDU
 *
 * See iser_tgt_window_untold().
 *
 * Context: any but interrupts.
 */
void iser_tgt_window_open(struct iser_tgt_conn *conn, bool tell)
{
	spin_lock(&conn->post_lock);
	iser_tgt_window_advance(conn);
	if (tell) {
		conn->opened_stat_sn = conn->numbers.stat_sn;
		WRITE_ONCE(conn->opened, true);
	}
	spin_unlock(&conn->post_lock);
}

/**
 * iser_tgt_window_untold - has no PDU carried the end of the window yet
 * @conn: the connection
 *
 * RFC 7143 11.4.11: a NOP-In has to, if nothing else does.
 *
 * Context: any but interrupts.
 * Return: true if no response was posted after the last
 * iser_tgt_window_open().
 */
bool iser_tgt_window_untold(struct iser_tgt_conn *conn)
{
	bool untold;

	if (likely(!READ_ONCE(conn->opened)))
		return false;

	spin_lock(&conn->post_lock);
	untold = conn->opened && conn->numbers.stat_sn == conn->opened_stat_sn;
	conn->opened = untold;
	spin_unlock(&conn->post_lock);
	return untold;
}

/**
 * iser_tgt_window_tells - a PDU without StatSN is about to be sent
 * @conn: the connection
 */
void iser_tgt_window_tells(struct iser_tgt_conn *conn)
{
	WRITE_ONCE(conn->opened, false);
}

/**
 * iser_tgt_window_plug - the next request expected is taken as received
 * @conn: the connection
 *
 * RFC 7143 7.11: the initiator has aborted it.
 *
 * Context: the receive side.
 */
void iser_tgt_window_plug(struct iser_tgt_conn *conn)
{
	WRITE_ONCE(conn->numbers.exp_cmd_sn, conn->numbers.exp_cmd_sn + 1);
	iser_tgt_window_open(conn, false);
}

/**
 * iser_tgt_window_immediate_begins - a command that CmdSN does not count
 * @conn: the connection
 *
 * Context: the receive side.
 */
void iser_tgt_window_immediate_begins(struct iser_tgt_conn *conn)
{
	atomic_inc(&conn->immediate);
}

/**
 * iser_tgt_window_immediate_ends - its response is about to be posted
 * @conn: the connection
 *
 * Context: any but interrupts.
 */
void iser_tgt_window_immediate_ends(struct iser_tgt_conn *conn)
{
	atomic_dec(&conn->immediate);
}

/**
 * iser_tgt_window_immediates - commands in progress that CmdSN does not count
 * @conn: the connection
 *
 * Return: the number.
 */
unsigned int iser_tgt_window_immediates(const struct iser_tgt_conn *conn)
{
	return atomic_read(&conn->immediate);
}

/**
 * iser_tgt_window_size - requests a session may have in flight now
 * @conn: the connection
 *
 * Return: the number.
 */
u32 iser_tgt_window_size(const struct iser_tgt_conn *conn)
{
	return READ_ONCE(conn->window);
}

/**
 * iser_tgt_window_stat_sn - StatSN of the next response
 * @conn: the connection
 *
 * Return: the number.
 */
u32 iser_tgt_window_stat_sn(const struct iser_tgt_conn *conn)
{
	return READ_ONCE(conn->numbers.stat_sn);
}
