// SPDX-License-Identifier: GPL-2.0
/*
 * Responses to requests that are not SCSI commands. A normal session sends them
 * from command contexts, a discovery session from the one response of 8 KiB that
 * its initiator has a buffer for.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/printk.h>
#include <linux/string.h>

#include "../iscsi/pdu.h"
#include "../iscsi/window.h"
#include "../rdma/rdma.h"
#include "cmd.h"
#include "cmd_get.h"
#include "reply.h"
#include "session.h"
#include "unexpected.h"

/**
 * iser_tgt_reject_leaves_gap - is the next request missing because of a Reject
 * @sess: the session
 *
 * RFC 7143 7.3: the initiator may send it again, or another one with its number.
 *
 * Context: the receive side.
 * Return: true if it is, or one behind it has been rejected, too.
 */
bool iser_tgt_reject_leaves_gap(const struct iser_tgt_session *sess)
{
	u32 exp = iser_tgt_window_exp_cmd_sn(sess->conn);

	return sess->rejected && !iser_tgt_sn_before(sess->rejected_sn, exp) &&
	       iser_tgt_window_reaches(sess->conn, sess->rejected_sn);
}

/**
 * iser_tgt_cmd_sn_refuse - a request that cannot be delivered now
 * @sess: the session
 * @rx: the request
 *
 * Context: the receive side.
 * Return: -EBUSY if it has to wait, -EINVAL if it has been dropped.
 */
int iser_tgt_cmd_sn_refuse(struct iser_tgt_session *sess, struct iser_tgt_rx *rx)
{
	if (iser_tgt_window_verdict(sess->conn, &rx->pdu) ==
	    ISER_TGT_WINDOW_GAP) {
		if (iser_tgt_reject_leaves_gap(sess))
			return -EBUSY;
		iser_tgt_protocol_error(sess, "a gap in CmdSN");
	}
	iser_tgt_rx_put(rx);
	return -EINVAL;
}

static void iser_tgt_reply_done(struct iser_tgt_tx *tx, int status)
{
	struct iser_tgt_cmd *cmd = container_of(tx, struct iser_tgt_cmd, tx);

	if (cmd->close_after && cmd->sess->logging_out)
		iser_tgt_conn_close(tx->conn, iser_tgt_logged_out);
	else if (cmd->close_after)
		iser_tgt_protocol_error(cmd->sess, "no iSER version in common, or no RDMA READ");
	iser_tgt_cmd_put(cmd);
}

/**
 * iser_tgt_reply_get - get a response to fill in
 * @sess: the session, in full feature phase
 * @reply: set to the response
 * @advances_window: the request was counted by CmdSN
 *
 * Context: the receive side.
 * Return: false if there is none now; the receive side is kicked when there is.
 */
bool iser_tgt_reply_get(struct iser_tgt_session *sess,
			struct iser_tgt_reply *reply, bool advances_window)
{
	if (sess->discovery) {
		if (READ_ONCE(sess->login_tx_busy))
			return false;
		WRITE_ONCE(sess->login_tx_busy, true);
		reply->cmd = NULL;
		reply->tx = iser_tgt_login_tx_pdu(sess->login_tx);
		reply->data = sess->login_mem->out;
		reply->max = ISER_TGT_LOGIN_DATA_MAX;
	} else {
		reply->cmd = iser_tgt_cmd_get(sess);
		if (!reply->cmd)
			return false;
		reply->cmd->dirty = true;
		reply->cmd->good = false;
		reply->tx = &reply->cmd->tx;
		reply->tx->done = iser_tgt_reply_done;
		reply->data = iser_tgt_tx_data(reply->tx);
		reply->max = ISER_TGT_FFP_DATA_MAX;
	}
	reply->tx->sn_filled = false;
	reply->tx->has_stat_sn = true;
	reply->tx->advances_window = advances_window;
	return true;
}

/**
 * iser_tgt_reply_send - send a response
 * @sess: the session
 * @reply: the response, its headers and data filled in
 * @len: bytes of data, at most @reply->max
 */
void iser_tgt_reply_send(struct iser_tgt_session *sess,
			 struct iser_tgt_reply *reply, size_t len)
{
	if (reply->cmd)
		iser_tgt_send(reply->tx, len, 0);
	else
		iser_tgt_login_tx_send(sess->login_tx, reply->data, len);
}

/*
 * The rejected request leaves a gap in CmdSN; Data-Out and SNACK have none. The
 * highest number counts: a request with an unknown opcode waits for no other.
 */
static void iser_tgt_reject_note(struct iser_tgt_session *sess,
				 const struct iser_tgt_pdu *pdu)
{
	if (pdu->immediate || pdu->opcode == ISER_TGT_OP_DATA_OUT ||
	    pdu->opcode == ISER_TGT_OP_SNACK_REQ ||
	    iser_tgt_window_verdict(sess->conn, pdu) == ISER_TGT_WINDOW_IGNORE)
		return;

	if (iser_tgt_reject_leaves_gap(sess) &&
	    iser_tgt_sn_before(pdu->cmd_sn, sess->rejected_sn))
		return;

	sess->rejected = true;
	sess->rejected_sn = pdu->cmd_sn;
}

/**
 * iser_tgt_reject - send a Reject: RFC 7143 7.3, 11.17
 * @sess: the session
 * @rx: the PDU to reject; its CmdSN counts as not received
 * @reason: ISER_TGT_REJECT_*
 *
 * RFC 7145 8.1.2: not sent if the initiator has no buffer for it.
 *
 * Context: the receive side.
 * Return: 0, or -EAGAIN if there is no context for it yet.
 */
int iser_tgt_reject(struct iser_tgt_session *sess, struct iser_tgt_rx *rx,
		    u8 reason)
{
	struct iser_tgt_reply reply;

	if (!iser_tgt_reply_get(sess, &reply, false))
		return -EAGAIN;

	pr_warn_ratelimited("%pISpc (%s): request 0x%02x rejected, reason 0x%02x\n",
			    iser_tgt_conn_peer(sess->conn), sess->initiator,
			    rx->pdu.opcode, reason);
	iser_tgt_count(&sess->counts.rejects);
	iser_tgt_reject_note(sess, &rx->pdu);
	if (!iser_tgt_unexpected_take(sess)) {
		iser_tgt_cmd_put(reply.cmd);
		iser_tgt_rx_put(rx);
		return 0;
	}
	memcpy(reply.data, rx->pdu.bhs, ISER_TGT_BHS_LEN);
	iser_tgt_pdu_reject(reply.tx->hdr, reason, ISER_TGT_BHS_LEN);
	iser_tgt_reply_send(sess, &reply, ISER_TGT_BHS_LEN);
	iser_tgt_unexpected_sent(sess);
	iser_tgt_rx_put(rx);
	return 0;
}
