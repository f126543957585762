// SPDX-License-Identifier: GPL-2.0
/* Asynchronous messages to initiators: RFC 7143 11.9. */

#include <linux/jiffies.h>

#include "../iscsi/pdu.h"
#include "../rdma/rdma.h"
#include "async.h"
#include "cmd.h"
#include "cmd_get.h"
#include "session.h"
#include "unexpected.h"

/* Time for the message to be sent before the connection is closed. */
#define ISER_TGT_DROP_DEADLINE	(HZ / 2)

static void iser_tgt_drop_done(struct iser_tgt_tx *tx, int status)
{
	struct iser_tgt_cmd *cmd = container_of(tx, struct iser_tgt_cmd, tx);

	iser_tgt_conn_close(tx->conn, cmd->sess->drop_reason);
	iser_tgt_cmd_put(cmd);
}

/*
 * A context for a message, NULL if the session cannot receive one. The portal
 * group's lock serializes the users of this context.
 */
static struct iser_tgt_cmd *iser_tgt_async_get(struct iser_tgt_session *sess)
{
	struct iser_tgt_cmd *cmd;

	if (sess->discovery || !READ_ONCE(sess->heard) ||
	    !iser_tgt_conn_live(sess->conn))
		return NULL;

	cmd = iser_tgt_cmd_get_own(sess, ISER_TGT_CMD_MESSAGE);
	if (!cmd)
		return NULL;
	if (!iser_tgt_unexpected_take(sess)) {
		iser_tgt_cmd_put(cmd);
		return NULL;
	}

	cmd->stage = ISER_TGT_CMD_TELLS;
	cmd->tx.advances_window = false;
	cmd->tx.done = iser_tgt_cmd_sent;
	return cmd;
}

/**
 * iser_tgt_session_drop - close a session, with a message first if possible
 * @sess: the session or login, on its portal group's list
 * @why: human-readable reason, a string constant
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
			   sess->keys.time2wait, 0);
	iser_tgt_send(&cmd->tx, 0, 0);
	iser_tgt_unexpected_sent(sess);
}

/**
 * iser_tgt_async_ask - ask the initiator to log out or to negotiate
 * @sess: the session, on its portal group's list
 * @event: ISER_TGT_ASYNC_LOGOUT or ISER_TGT_ASYNC_NEGOTIATE
 * @seconds: time the initiator has: Parameter3 of RFC 7143 11.9.1
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
	iser_tgt_unexpected_sent(sess);
}
