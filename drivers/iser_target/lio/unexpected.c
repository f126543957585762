// SPDX-License-Identifier: GPL-2.0
/*
 * MaxOutstandingUnexpectedPDUs: RFC 7145 6.7 and 8.1.2. Rejects, asynchronous
 * messages and pings are outstanding until the initiator has acknowledged them.
 * Initiators that declare no limit are not counted.
 */

#include <linux/spinlock.h>

#include "../iscsi/pdu.h"
#include "../iscsi/window.h"
#include "../rdma/rdma.h"
#include "session.h"
#include "unexpected.h"

/**
 * iser_tgt_unexpected_take - may a Reject or an asynchronous message be sent
 * @sess: the session
 *
 * The last one that is allowed is left to a ping, so that the initiator has an
 * occasion to acknowledge the others. iser_tgt_unexpected_sent() follows the
 * send.
 *
 * Context: any but interrupts.
 * Return: true if it may; it is counted then.
 */
bool iser_tgt_unexpected_take(struct iser_tgt_session *sess)
{
	struct iser_tgt_unexpected *unexpected = &sess->unexpected;
	u32 max = sess->keys.max_unexpected;
	bool ok;

	if (likely(!max) || sess->discovery)
		return true;

	spin_lock(&unexpected->lock);
	ok = unexpected->nr + 1 < max;
	if (ok) {
		unexpected->nr++;
		unexpected->unsent++;
		WRITE_ONCE(unexpected->any, true);
	}
	spin_unlock(&unexpected->lock);
	return ok;
}

/**
 * iser_tgt_unexpected_take_ping - may a ping be sent
 * @sess: a normal session
 *
 * Context: any but interrupts.
 * Return: true if it may; it is counted then.
 */
bool iser_tgt_unexpected_take_ping(struct iser_tgt_session *sess)
{
	struct iser_tgt_unexpected *unexpected = &sess->unexpected;
	u32 max = sess->keys.max_unexpected;
	bool ok;

	if (likely(!max))
		return true;

	spin_lock(&unexpected->lock);
	/* One ping at a time: its acknowledgment tells it from no other. */
	ok = !unexpected->ping && unexpected->nr < max;
	if (ok) {
		unexpected->ping = true;
		unexpected->ping_until =
			iser_tgt_window_stat_sn(sess->conn) + 1;
		WRITE_ONCE(unexpected->any, true);
	}
	spin_unlock(&unexpected->lock);
	return ok;
}

/**
 * iser_tgt_unexpected_sent - a PDU that was counted has been posted
 * @sess: the session
 *
 * Context: any but interrupts.
 */
void iser_tgt_unexpected_sent(struct iser_tgt_session *sess)
{
	struct iser_tgt_unexpected *unexpected = &sess->unexpected;

	if (likely(!sess->keys.max_unexpected) || sess->discovery)
		return;

	spin_lock(&unexpected->lock);
	unexpected->unsent--;
	/* Responses posted since make this later than it need be. */
	unexpected->until = iser_tgt_window_stat_sn(sess->conn);
	spin_unlock(&unexpected->lock);
}

/**
 * iser_tgt_unexpected_ack - what a received PDU acknowledges
 * @sess: the session, sess->unexpected.any is set
 * @pdu: the PDU
 *
 * Context: the receive side.
 */
void iser_tgt_unexpected_ack(struct iser_tgt_session *sess,
			     const struct iser_tgt_pdu *pdu)
{
	struct iser_tgt_unexpected *unexpected = &sess->unexpected;
	bool pong = pdu->opcode == ISER_TGT_OP_NOP_OUT &&
		    iser_tgt_pdu_ttt(pdu) != ISER_TGT_TAG_RESERVED;

	spin_lock(&unexpected->lock);
	if (!unexpected->unsent &&
	    !iser_tgt_sn_before(pdu->exp_stat_sn, unexpected->until))
		unexpected->nr = 0;
	if (pong || !iser_tgt_sn_before(pdu->exp_stat_sn,
					unexpected->ping_until))
		unexpected->ping = false;
	WRITE_ONCE(unexpected->any, unexpected->nr || unexpected->ping);
	spin_unlock(&unexpected->lock);
}
