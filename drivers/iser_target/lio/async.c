// SPDX-License-Identifier: GPL-2.0
/* What a target tells without being asked: RFC 7143 11.9. */

#include "lio.h"
#include "waiting.h"

/* For the message that says so to leave before the connection does. */
#define ISER_TGT_DROP_DEADLINE	(HZ / 2)

static void iser_tgt_drop_done(struct iser_tgt_tx *tx, int status)
{
	struct iser_tgt_cmd *cmd = container_of(tx, struct iser_tgt_cmd, tx);

	iser_tgt_conn_close(tx->conn, cmd->sess->drop_reason);
	iser_tgt_cmd_put(cmd);
}

/*
 * A context for a message, NULL if the session cannot be told anything. The
 * portal group's lock keeps out whoever else has a message for it.
 */
static struct iser_tgt_cmd *iser_tgt_async_get(struct iser_tgt_session *sess)
{
	struct iser_tgt_conn *conn = sess->conn;
	struct iser_tgt_cmd *cmd;

	if (sess->discovery || !READ_ONCE(sess->heard) ||
	    READ_ONCE(conn->state) != ISER_TGT_CONN_LIVE)
		return NULL;

	cmd = iser_tgt_cmd_get_own(sess, ISER_TGT_CMD_MESSAGE);
	if (!cmd)
		return NULL;

	cmd->stage = ISER_TGT_CMD_TELLS;
	cmd->tx.opens = false;
	cmd->tx.done = iser_tgt_cmd_sent;
	return cmd;
}

/**
 * iser_tgt_session_drop - end a session, and say so first if that can be
 * @sess: the session or login, on its portal group's list
 * @why: plain words, a string constant
 *
 * Context: holds the portal group's lock.
 */
void iser_tgt_session_drop(struct iser_tgt_session *sess, const char *why)
{
	struct iser_tgt_conn *conn = sess->conn;
	struct iser_tgt_cmd *cmd = iser_tgt_async_get(sess);

	if (!cmd) {
		iser_tgt_conn_close(conn, why);
		return;
	}

	sess->drop_reason = why;
	cmd->tx.done = iser_tgt_drop_done;
	iser_tgt_conn_set_deadline(conn, ISER_TGT_DROP_DEADLINE, why);
	iser_tgt_pdu_async(cmd->tx.hdr, ISER_TGT_ASYNC_DROP_SESSION, 0,
			   sess->keys.time2wait, sess->keys.time2retain);
	iser_tgt_send(&cmd->tx, 0, 0);
}

/**
 * iser_tgt_async_ask - ask a session for something
 * @sess: the session, on its portal group's list
 * @event: ISER_TGT_ASYNC_LOGOUT or ISER_TGT_ASYNC_NEGOTIATE
 * @seconds: time it has: Parameter3 of RFC 7143 11.9.1
 *
 * Context: holds the portal group's lock.
 */
void iser_tgt_async_ask(struct iser_tgt_session *sess, u8 event, u16 seconds)
{
	struct iser_tgt_cmd *cmd = iser_tgt_async_get(sess);

	if (!cmd)
		return;

	iser_tgt_pdu_async(cmd->tx.hdr, event, 0, 0, seconds);
	iser_tgt_send(&cmd->tx, 0, 0);
}

/**
 * iser_tgt_async_message - write to async_message
 * @tpg: the portal group, whose sessions are told
 * @page: "logout SECONDS", "negotiate SECONDS" or "drop"
 * @count: bytes of it
 *
 * RFC 7143 11.9.1: events 1, 4 and 3. Only the last one closes anything.
 *
 * Context: configfs.
 * Return: 0 or -EINVAL.
 */
int iser_tgt_async_message(struct iser_tgt_tpg *tpg, const char *page,
			   size_t count)
{
	size_t len = iser_tgt_strip_newline(page, count);
	struct iser_tgt_session *sess;
	char line[32], word[16], end;
	u8 event;
	unsigned int seconds = 0;
	int n;

	if (len >= sizeof(line))
		return -EINVAL;
	memcpy(line, page, len);
	line[len] = '\0';

	n = sscanf(line, "%15s %u %c", word, &seconds, &end);
	if (n == 1 && !strcmp(word, "drop"))
		event = ISER_TGT_ASYNC_DROP_SESSION;
	else if (n != 2 || seconds > U16_MAX)
		return -EINVAL;
	else if (!strcmp(word, "logout"))
		event = ISER_TGT_ASYNC_LOGOUT;
	else if (!strcmp(word, "negotiate"))
		event = ISER_TGT_ASYNC_NEGOTIATE;
	else
		return -EINVAL;

	spin_lock(&tpg->lock);
	list_for_each_entry(sess, &tpg->sessions, entry) {
		if (event == ISER_TGT_ASYNC_DROP_SESSION)
			iser_tgt_session_drop(sess,
					      "dropped by the administrator");
		else
			iser_tgt_async_ask(sess, event, seconds);
	}
	spin_unlock(&tpg->lock);
	return 0;
}
