// SPDX-License-Identifier: GPL-2.0
/*
 * Who has gone without a word: RFC 7143 11.19. One look around a second for all
 * sessions; a peer that is silent is asked, and has to answer.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "lio.h"

#define ISER_TGT_KEEPALIVE_SCAN	HZ

/*
 * For who cannot be asked: nobody says nothing for so long, neither between
 * login and first request nor in the middle of a discovery.
 */
#define ISER_TGT_KEEPALIVE_MUTE	(60 * HZ)

/* Nothing else of ours has a Target Transfer Tag. */
#define ISER_TGT_KEEPALIVE_TTT	1

static void iser_tgt_keepalive_ask(struct iser_tgt_session *sess,
				   unsigned long alive)
{
	struct iser_tgt_cmd *cmd;

	/* The last one has not even left yet. */
	cmd = iser_tgt_cmd_get_own(sess, ISER_TGT_CMD_PING);
	if (!cmd)
		return;

	sess->asked_since = alive;
	cmd->stage = ISER_TGT_CMD_ASKS;
	/* RFC 7143 11.19.2: takes no StatSN of its own. */
	cmd->tx.counts = false;
	cmd->tx.opens = false;
	cmd->tx.done = iser_tgt_cmd_sent;
	iser_tgt_pdu_nop_in(cmd->tx.hdr, 0, ISER_TGT_TAG_RESERVED,
			    ISER_TGT_KEEPALIVE_TTT, 0);
	iser_tgt_send(&cmd->tx, 0, 0);
}

static void iser_tgt_keepalive_missed(struct iser_tgt_session *sess,
				      unsigned long alive)
{
	pr_warn_ratelimited("%pISpc (%s): no sign of life for %lu s, closing the connection\n",
			    &sess->conn->peer, sess->initiator,
			    (jiffies - alive) / HZ);
	iser_tgt_conn_close(sess->conn, "no sign of life");
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

	if (!sess->discovery) {
		interval = READ_ONCE(sess->tpg->attrib.nopin_interval) * HZ;
		timeout = READ_ONCE(sess->tpg->attrib.nopin_timeout) * HZ;
		if (interval && !READ_ONCE(sess->heard))
			interval += ISER_TGT_KEEPALIVE_MUTE;
	}
	if (!interval || time_before(jiffies, alive + interval))
		return;

	if (time_after(jiffies, alive + interval + timeout))
		iser_tgt_keepalive_missed(sess, alive);
	else if (READ_ONCE(sess->heard) && !sess->discovery &&
		 sess->asked_since != alive)
		iser_tgt_keepalive_ask(sess, alive);
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
