// SPDX-License-Identifier: GPL-2.0
/*
 * Requests that are neither SCSI commands nor task management: NOP-Out, Text,
 * Logout and iSER Hello.
 */

#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "../iscsi/hello.h"
#include "../iscsi/pdu.h"
#include "../iscsi/text.h"
#include "../rdma/rdma.h"
#include "cmd.h"
#include "cmd_get.h"
#include "misc_pdu.h"
#include "reply.h"
#include "sendtargets.h"
#include "session.h"
#include "task_mgmt.h"

/* Time for the initiator to close the connection after a logout. */
#define ISER_TGT_LOGOUT_DEADLINE	(15 * HZ)

/**
 * iser_tgt_hello_receive - handle a first message that is or must be a Hello
 * @sess: the session
 * @rx: the message; RFC 7145 10.1.3.4: anything but a Hello is an error
 *
 * Context: the receive side.
 * Return: 0, or -EAGAIN if there is no context for the answer yet.
 */
int iser_tgt_hello_receive(struct iser_tgt_session *sess,
			   struct iser_tgt_rx *rx)
{
	struct iser_tgt_conn *conn = sess->conn;
	struct iser_tgt_reply reply;
	u16 ord = iser_tgt_conn_ord(conn);

	if (rx->error != ISER_TGT_PDU_HELLO) {
		iser_tgt_protocol_error(sess, "no iSER Hello though one is required");
		goto put;
	}
	if (!iser_tgt_reply_get(sess, &reply, false))
		return -EAGAIN;

	sess->hello_due = false;
	switch (iser_tgt_hello(rx->hdr, rx->received, reply.tx->hdr, &ord)) {
	case ISER_TGT_HELLO_REFUSE:
		reply.cmd->close_after = true;
		fallthrough;
	case ISER_TGT_HELLO_OK:
		iser_tgt_qp_limit_reads(conn, ord);
		iser_tgt_send_bare(reply.tx);
		break;
	case ISER_TGT_HELLO_MALFORMED:
		iser_tgt_protocol_error(sess, "malformed iSER Hello");
		iser_tgt_cmd_put(reply.cmd);
		break;
	}
put:
	iser_tgt_rx_put(rx);
	return 0;
}

/* RFC 7143 11.18, 11.19 */
static int iser_tgt_nop_receive(struct iser_tgt_session *sess,
				struct iser_tgt_rx *rx)
{
	const struct iser_tgt_pdu *pdu = &rx->pdu;
	struct iser_tgt_reply reply;
	size_t len;

	/* The answer to a ping of ours, or a ping that wants no answer. */
	if (pdu->itt == ISER_TGT_TAG_RESERVED) {
		iser_tgt_window_take(sess->conn, pdu);
		/*
		 * For an answer the window is told by our next ping, not at once:
		 * the ping that told it would be answered as well, and so on.
		 */
		if (!pdu->immediate)
			iser_tgt_window_open(sess->conn,
					     iser_tgt_pdu_ttt(pdu) ==
					     ISER_TGT_TAG_RESERVED);
		iser_tgt_rx_put(rx);
		return 0;
	}
	if (!iser_tgt_reply_get(sess, &reply, !pdu->immediate))
		return -EAGAIN;

	iser_tgt_window_take(sess->conn, pdu);
	len = min(pdu->data_len, min_t(size_t, reply.max,
				       ISER_TGT_FFP_DATA_MAX));
	len = iser_tgt_rx_copy(rx, pdu->ahs_len, reply.data, len);
	iser_tgt_pdu_nop_in(reply.tx->hdr, 0, pdu->itt, ISER_TGT_TAG_RESERVED,
			    len);
	iser_tgt_reply_send(sess, &reply, len);
	iser_tgt_rx_put(rx);
	return 0;
}

/* RFC 7143 11.14, 11.15 */
static int iser_tgt_logout_receive(struct iser_tgt_session *sess,
				   struct iser_tgt_rx *rx)
{
	const struct iser_tgt_pdu *pdu = &rx->pdu;
	u8 reason = pdu->flags & ISER_TGT_LOGOUT_REASON_MASK;
	u8 response = ISER_TGT_LOGOUT_OK;
	struct iser_tgt_reply reply;

	if (reason > ISER_TGT_LOGOUT_RECOVERY ||
	    (sess->discovery && reason != ISER_TGT_LOGOUT_SESSION))
		return iser_tgt_reject(sess, rx, ISER_TGT_REJECT_PROTOCOL);

	if (reason == ISER_TGT_LOGOUT_RECOVERY)
		response = ISER_TGT_LOGOUT_NO_RECOVERY;
	else if (reason == ISER_TGT_LOGOUT_CONNECTION &&
		 iser_tgt_pdu_cid(pdu) != sess->cid)
		response = ISER_TGT_LOGOUT_NO_CID;

	if (!iser_tgt_reply_get(sess, &reply, !pdu->immediate))
		return -EAGAIN;

	iser_tgt_window_take(sess->conn, pdu);
	iser_tgt_pdu_logout_rsp(reply.tx->hdr, pdu->itt, response, 0, 0);
	iser_tgt_rx_put(rx);
	if (response == ISER_TGT_LOGOUT_OK) {
		sess->logging_out = true;
		sess->usual = false;
		/*
		 * Commands may take long to end, and some initiators have no
		 * receive buffer for the response.
		 */
		iser_tgt_conn_set_deadline(sess->conn,
					   ISER_TGT_LOGOUT_DEADLINE,
					   "still connected after its logout");
		if (reply.cmd) {
			reply.cmd->close_after = true;
			iser_tgt_logout_defer(reply.cmd);
			return 0;
		}
		sess->login_tx_last = true;
	}
	iser_tgt_reply_send(sess, &reply, 0);
	return 0;
}

static void iser_tgt_text_end(struct iser_tgt_session *sess)
{
	iser_tgt_exchange_answer(&sess->exchange, NULL, 0);
	kvfree(sess->answer);
	sess->answer = NULL;
	WRITE_ONCE(sess->answer_len, 0);
}

static int iser_tgt_text_piece(struct iser_tgt_session *sess,
			       struct iser_tgt_rx *rx)
{
	struct iser_tgt_reply reply;
	size_t len;

	if (!iser_tgt_reply_get(sess, &reply, !rx->pdu.immediate))
		return -EAGAIN;

	iser_tgt_window_take(sess->conn, &rx->pdu);
	len = iser_tgt_exchange_piece(&sess->exchange, reply.tx->hdr,
				      reply.data);
	if (sess->exchange.out_pos == sess->exchange.out_len)
		iser_tgt_text_end(sess);
	iser_tgt_reply_send(sess, &reply, len);
	iser_tgt_rx_put(rx);
	return 0;
}

/* Only the receive side takes contexts: one that is free now stays free. */
static bool iser_tgt_text_ready(struct iser_tgt_session *sess)
{
	struct iser_tgt_cmd *cmd;

	if (sess->discovery)
		return !READ_ONCE(sess->login_tx_busy);

	cmd = iser_tgt_cmd_get(sess);
	if (!cmd)
		return false;
	cmd->tx.advances_window = false;
	iser_tgt_cmd_put(cmd);
	return true;
}

/*
 * A normal session has memory for text while it is receiving some; a discovery
 * session has that of its login.
 */
static bool iser_tgt_text_room(struct iser_tgt_session *sess)
{
	if (!sess->exchange.in)
		sess->exchange.in = kvmalloc(ISER_TGT_FFP_TEXT_MAX,
					     GFP_KERNEL);
	return sess->exchange.in;
}

static void iser_tgt_text_leave(struct iser_tgt_session *sess)
{
	if (sess->discovery || sess->exchange.in_more)
		return;

	kvfree(sess->exchange.in);
	sess->exchange.in = NULL;
}

/* RFC 7143 11.10, 11.11 */
static int iser_tgt_text_receive(struct iser_tgt_session *sess,
				 struct iser_tgt_rx *rx)
{
	struct iser_tgt_exchange *x = &sess->exchange;
	const struct iser_tgt_pdu *pdu = &rx->pdu;
	size_t answer_len = 0;
	char *text;
	int ret;

	if (!iser_tgt_text_ready(sess))
		return -EAGAIN;

	text = kvmalloc(pdu->data_len + 1, GFP_KERNEL);
	if (!text || !iser_tgt_text_room(sess)) {
		kvfree(text);
		return iser_tgt_reject(sess, rx, ISER_TGT_REJECT_RESOURCES);
	}
	iser_tgt_rx_copy(rx, pdu->ahs_len, text, pdu->data_len);

	switch (iser_tgt_exchange_request(x, pdu, text)) {
	case ISER_TGT_EXCHANGE_ANSWER:
		iser_tgt_text_end(sess);
		sess->answer = iser_tgt_text_answer(sess, x->in, x->in_len,
						    &answer_len);
		if (!sess->answer) {
			ret = iser_tgt_reject(sess, rx,
					      ISER_TGT_REJECT_RESOURCES);
			break;
		}
		WRITE_ONCE(sess->answer_len, answer_len);
		iser_tgt_exchange_answer(x, sess->answer, answer_len);
		fallthrough;
	case ISER_TGT_EXCHANGE_SEND:
		ret = iser_tgt_text_piece(sess, rx);
		break;
	default:
		iser_tgt_text_end(sess);
		ret = iser_tgt_reject(sess, rx, x->reject);
		break;
	}
	iser_tgt_text_leave(sess);
	kvfree(text);
	return ret;
}

/**
 * iser_tgt_misc_pdu_receive - handle any other request
 * @sess: the session, in full feature phase
 * @rx: the PDU
 *
 * Context: process, one PDU of a connection at a time.
 * Return: 0, -EAGAIN if there is no context for it yet, or -EBUSY if an earlier
 * request is missing.
 */
int iser_tgt_misc_pdu_receive(struct iser_tgt_session *sess,
			      struct iser_tgt_rx *rx)
{
	int ret;

	switch (rx->pdu.opcode) {
	case ISER_TGT_OP_TEXT_REQ:
	case ISER_TGT_OP_LOGOUT_REQ:
		break;
	case ISER_TGT_OP_NOP_OUT:
		if (!sess->discovery)
			break;
		fallthrough;
	case ISER_TGT_OP_SCSI_CMD:
	case ISER_TGT_OP_TMF_REQ:
		/* RFC 7143 4.3: not in a discovery session */
		return iser_tgt_reject(sess, rx, ISER_TGT_REJECT_PROTOCOL);
	case ISER_TGT_OP_DATA_OUT:
		/* Never solicited: InitialR2T=Yes, and RDMA READ takes its place. */
	case ISER_TGT_OP_LOGIN_REQ:
	case ISER_TGT_OP_SNACK_REQ:
		/* RFC 7145 7.3.9, 7.3.11 */
		return iser_tgt_reject(sess, rx, ISER_TGT_REJECT_PROTOCOL);
	default:
		return iser_tgt_reject(sess, rx, ISER_TGT_REJECT_NOT_SUPPORTED);
	}

	ret = iser_tgt_cmd_sn_check(sess, rx);
	if (ret)
		return ret == -EBUSY ? ret : 0;
	if (rx->pdu.itt == ISER_TGT_TAG_RESERVED &&
	    rx->pdu.opcode != ISER_TGT_OP_NOP_OUT)
		return iser_tgt_reject(sess, rx, ISER_TGT_REJECT_INVALID_FIELD);

	switch (rx->pdu.opcode) {
	case ISER_TGT_OP_NOP_OUT:
		return iser_tgt_nop_receive(sess, rx);
	case ISER_TGT_OP_TEXT_REQ:
		return iser_tgt_text_receive(sess, rx);
	default:
		return iser_tgt_logout_receive(sess, rx);
	}
}
