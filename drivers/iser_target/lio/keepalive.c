// SPDX-License-Identifier: GPL-2.0
/*
 * Detection of dead peers: RFC 7143 11.19. Once a second, every session that has
 * been idle for nopin_interval is pinged, and closed if it does not answer. A
 * ping also tells an initiator that its window has been opened (11.4.11).
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/workqueue.h>

#include "../iscsi/pdu.h"
#include "../rdma/rdma.h"
#include "cmd.h"
#include "cmd_get.h"
#include "keepalive.h"
#include "session.h"
#include "statistics.h"
#include "tpg.h"
#include "unexpected.h"

#define ISER_TGT_KEEPALIVE_SCAN	HZ

/*
 * Idle timeout of sessions that cannot be pinged: before the first request of a
 * session, and in discovery sessions.
 */
#define ISER_TGT_KEEPALIVE_MUTE	(60 * HZ)

/* Not checked in the answer: any PDU shows that the peer is alive. */
#define ISER_TGT_KEEPALIVE_TTT	1

/* With RDMA a completed send has been received by the device of the initiator. */
static void iser_tgt_ping_sent(struct iser_tgt_tx *tx, int status)
{
	struct iser_tgt_cmd *cmd = container_of(tx, struct iser_tgt_cmd, tx);

	if (!status)
		/* Pairs with the acquire in iser_tgt_keepalive_overdue(). */
		smp_store_release(&cmd->sess->ping.sent, true);
	iser_tgt_cmd_put(cmd);
}

static void iser_tgt_keepalive_missed(struct iser_tgt_session *sess,
				      const char *why)
{
	struct iser_tgt_conn *conn = sess->conn;

	/* A PDU has been received since. */
	if (sess->ping.alive != iser_tgt_conn_last_rx(conn))
		return;

	pr_warn_ratelimited("%pISpc (%s): %s: silent for %lu s, closing the connection\n",
			    iser_tgt_conn_peer(conn), sess->initiator, why,
			    (jiffies - sess->ping.alive) / HZ);
	sess->failure = ISER_TGT_FAILED_TIMEOUT;
	iser_tgt_conn_close(conn, why);
}

/* Not a slow initiator: its device does not accept the ping. */
static void iser_tgt_keepalive_unsent(struct iser_tgt_session *sess,
				      unsigned long timeout)
{
	if (time_after(jiffies, sess->ping.since + 2 * timeout) &&
	    iser_tgt_conn_cq_idle(sess->conn))
		iser_tgt_keepalive_missed(sess, "ping not acknowledged");
}

/*
 * 0, -EBUSY if the last ping has not been sent yet, or -ENOBUFS if an earlier one
 * has not been answered and the initiator takes no more.
 */
static int iser_tgt_keepalive_ping(struct iser_tgt_session *sess)
{
	struct iser_tgt_cmd *cmd;

	cmd = iser_tgt_cmd_get_own(sess, ISER_TGT_CMD_PING);
	if (!cmd)
		return -EBUSY;
	if (!iser_tgt_unexpected_take_ping(sess)) {
		iser_tgt_cmd_put(cmd);
		return -ENOBUFS;
	}

	iser_tgt_window_tells(sess->conn);
	sess->ping.sent = false;
	cmd->stage = ISER_TGT_CMD_ASKS;
	/* RFC 7143 11.19.2: consumes no StatSN. */
	cmd->tx.has_stat_sn = false;
	cmd->tx.advances_window = false;
	cmd->tx.done = iser_tgt_ping_sent;
	iser_tgt_pdu_nop_in(cmd->tx.hdr, 0, ISER_TGT_TAG_RESERVED,
			    ISER_TGT_KEEPALIVE_TTT, 0);
	iser_tgt_send(&cmd->tx, 0, 0);
	return 0;
}

/* Does not count as asked. Returns false if it could not be told. */
static bool iser_tgt_keepalive_tell(struct iser_tgt_session *sess)
{
	if (iser_tgt_keepalive_ping(sess))
		return false;

	if (!sess->ping.asked)
		sess->ping.since = jiffies;
	return true;
}

static void iser_tgt_keepalive_ask(struct iser_tgt_session *sess,
				   unsigned long timeout)
{
	int ret = iser_tgt_keepalive_ping(sess);

	if (ret == -EBUSY) {
		iser_tgt_keepalive_unsent(sess, timeout);
	} else if (!ret || !sess->ping.asked) {
		/* The earlier ping asks still. */
		sess->ping.asked++;
		sess->ping.since = jiffies;
	}
}

/*
 * Our own delay must not count against the peer: its answer may wait behind a
 * slow completion handler. It does not if the completion queue is idle, or if a
 * second ping was sent: its completion is queued behind what was received
 * before. A peer whose device does not accept the ping has twice the time.
 */
static void iser_tgt_keepalive_overdue(struct iser_tgt_session *sess,
				       unsigned long timeout)
{
	/* Pairs with the release in iser_tgt_ping_sent(). */
	if (!smp_load_acquire(&sess->ping.sent))
		iser_tgt_keepalive_unsent(sess, timeout);
	else if (sess->ping.asked > 1 || iser_tgt_conn_cq_idle(sess->conn))
		iser_tgt_keepalive_missed(sess, "keepalive timeout");
	else
		iser_tgt_keepalive_ask(sess, timeout);
}

/*
 * An initiator is not pinged before its first request: libiscsi has no receive
 * buffer until then. In discovery sessions it never is.
 */
static void iser_tgt_keepalive_look(struct iser_tgt_session *sess)
{
	struct iser_tgt_conn *conn = sess->conn;
	unsigned long alive = iser_tgt_conn_last_rx(conn);
	unsigned long interval = ISER_TGT_KEEPALIVE_MUTE;
	unsigned long timeout = 0;

	if (iser_tgt_conn_closing(conn))
		return;

	if (sess->ping.alive != alive) {
		sess->ping.alive = alive;
		sess->ping.asked = 0;
	}
	if (!sess->discovery) {
		interval = READ_ONCE(sess->tpg->attrib.nopin_interval) * HZ;
		timeout = READ_ONCE(sess->tpg->attrib.nopin_timeout) * HZ;
		if (interval && !READ_ONCE(sess->heard))
			interval += ISER_TGT_KEEPALIVE_MUTE;
	}
	if (!sess->discovery && iser_tgt_window_untold(conn) &&
	    iser_tgt_keepalive_tell(sess))
		return;
	if (!interval || time_before(jiffies, alive + interval))
		return;

	if (sess->ping.asked) {
		if (sess->ping.asked > 1 ||
		    time_after(jiffies, sess->ping.since + timeout))
			iser_tgt_keepalive_overdue(sess, timeout);
	} else if (READ_ONCE(sess->heard) && !sess->discovery) {
		iser_tgt_keepalive_ask(sess, timeout);
	} else if (time_after(jiffies, alive + interval + timeout) &&
		   iser_tgt_conn_cq_idle(conn)) {
		iser_tgt_keepalive_missed(sess, "keepalive timeout");
	}
}

static void iser_tgt_keepalive_scan(struct work_struct *work);
static DECLARE_DELAYED_WORK(iser_tgt_keepalive_work, iser_tgt_keepalive_scan);

static void iser_tgt_keepalive_scan(struct work_struct *work)
{
	struct iser_tgt_session *sess;

	spin_lock(&iser_tgt_sessions_lock);
	list_for_each_entry(sess, &iser_tgt_all_sessions, all_entry)
		iser_tgt_keepalive_look(sess);
	spin_unlock(&iser_tgt_sessions_lock);
	queue_delayed_work(iser_tgt_misc_wq, &iser_tgt_keepalive_work,
			   ISER_TGT_KEEPALIVE_SCAN);
}

/**
 * iser_tgt_keepalive_start - start the periodic check
 */
void iser_tgt_keepalive_start(void)
{
	queue_delayed_work(iser_tgt_misc_wq, &iser_tgt_keepalive_work,
			   ISER_TGT_KEEPALIVE_SCAN);
}

/**
 * iser_tgt_keepalive_stop - stop the periodic check; no session is left
 */
void iser_tgt_keepalive_stop(void)
{
	cancel_delayed_work_sync(&iser_tgt_keepalive_work);
}
