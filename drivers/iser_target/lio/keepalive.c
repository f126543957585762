// SPDX-License-Identifier: GPL-2.0
/*
 * Who has gone without a word: RFC 7143 11.19. One look around a second for all
 * sessions; a peer that is silent is asked, and has to answer.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "lio.h"
#include "waiting.h"

#define ISER_TGT_KEEPALIVE_SCAN	HZ

/*
 * For who cannot be asked: nobody says nothing for so long, neither between
 * login and first request nor in the middle of a discovery.
 */
#define ISER_TGT_KEEPALIVE_MUTE	(60 * HZ)

/* Nothing else of ours has a Target Transfer Tag. */
#define ISER_TGT_KEEPALIVE_TTT	1

/* The send completed: the initiator's device has the ping. */
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

	/* Handled since it was looked at. */
	if (sess->ping.alive != READ_ONCE(conn->last_rx))
		return;

	pr_warn_ratelimited("%pISpc (%s): %s for %lu s, closing the connection\n",
			    &conn->peer, sess->initiator, why,
			    (jiffies - sess->ping.alive) / HZ);
	iser_tgt_conn_close(conn, why);
}

/* Not a peer that is slow to answer: its device does not take what is sent. */
static void iser_tgt_keepalive_unsent(struct iser_tgt_session *sess,
				      unsigned long timeout)
{
	if (time_after(jiffies, sess->ping.since + 2 * timeout) &&
	    iser_tgt_cq_idle(sess->conn))
		iser_tgt_keepalive_missed(sess, "ping not taken");
}

static void iser_tgt_keepalive_ask(struct iser_tgt_session *sess,
				   unsigned long timeout)
{
	struct iser_tgt_cmd *cmd;

	cmd = iser_tgt_cmd_get_own(sess, ISER_TGT_CMD_PING);
	if (!cmd) {
		/* The last one has not even left yet. */
		iser_tgt_keepalive_unsent(sess, timeout);
		return;
	}

	sess->ping.asked++;
	sess->ping.sent = false;
	sess->ping.since = jiffies;
	cmd->stage = ISER_TGT_CMD_ASKS;
	/* RFC 7143 11.19.2: takes no StatSN of its own. */
	cmd->tx.counts = false;
	cmd->tx.opens = false;
	cmd->tx.done = iser_tgt_ping_sent;
	iser_tgt_pdu_nop_in(cmd->tx.hdr, 0, ISER_TGT_TAG_RESERVED,
			    ISER_TGT_KEEPALIVE_TTT, 0);
	iser_tgt_send(&cmd->tx, 0, 0);
}

/*
 * The peer is judged, not ourselves: its answer may have come and wait behind a
 * completion handler that is late. It has not if the completion queue is idle,
 * or if a second ping has been sent: its completion is behind all that came
 * before. A peer whose device does not even take the ping has twice the time.
 */
static void iser_tgt_keepalive_overdue(struct iser_tgt_session *sess,
				       unsigned long timeout)
{
	/* Pairs with the release in iser_tgt_ping_sent(). */
	if (!smp_load_acquire(&sess->ping.sent))
		iser_tgt_keepalive_unsent(sess, timeout);
	else if (sess->ping.asked > 1 || iser_tgt_cq_idle(sess->conn))
		iser_tgt_keepalive_missed(sess, "no sign of life");
	else
		iser_tgt_keepalive_ask(sess, timeout);
}

/*
 * An initiator is not asked before it has sent its first request: libiscsi has
 * no buffer for an answer until then. In a discovery session it never is.
 */
static void iser_tgt_keepalive_look(struct iser_tgt_session *sess)
{
	struct iser_tgt_conn *conn = sess->conn;
	unsigned long alive = READ_ONCE(conn->last_rx);
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
	if (!interval || time_before(jiffies, alive + interval))
		return;

	if (sess->ping.asked) {
		if (sess->ping.asked > 1 ||
		    time_after(jiffies, sess->ping.since + timeout))
			iser_tgt_keepalive_overdue(sess, timeout);
	} else if (READ_ONCE(sess->heard) && !sess->discovery) {
		iser_tgt_keepalive_ask(sess, timeout);
	} else if (time_after(jiffies, alive + interval + timeout) &&
		   iser_tgt_cq_idle(conn)) {
		iser_tgt_keepalive_missed(sess, "no sign of life");
	}
}

static void iser_tgt_keepalive_scan(struct work_struct *work);
static DECLARE_DELAYED_WORK(iser_tgt_keepalive_work, iser_tgt_keepalive_scan);

static void iser_tgt_keepalive_scan(struct work_struct *work)
{
	iser_tgt_sessions_each(iser_tgt_keepalive_look);
	queue_delayed_work(iser_tgt_wq, &iser_tgt_keepalive_work,
			   ISER_TGT_KEEPALIVE_SCAN);
}

/**
 * iser_tgt_keepalive_start - look after sessions
 *
 * Context: any.
 */
void iser_tgt_keepalive_start(void)
{
	queue_delayed_work(iser_tgt_wq, &iser_tgt_keepalive_work,
			   ISER_TGT_KEEPALIVE_SCAN);
}

/**
 * iser_tgt_keepalive_stop - there are no sessions any more
 *
 * Context: may sleep.
 */
void iser_tgt_keepalive_stop(void)
{
	cancel_delayed_work_sync(&iser_tgt_keepalive_work);
}
