// SPDX-License-Identifier: GPL-2.0
/* Completion of PDUs that were sent, and of the transfers in front of them. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "conn.h"
#include "sent.h"
#include "transfer.h"

/*
 * The send queue completes in order, and failed work requests always generate a
 * completion: everything posted before @last was sent. NULL: everything posted.
 */
static void iser_tgt_sent_end(struct iser_tgt_conn *conn,
			      struct iser_tgt_tx *last, int status)
{
	struct ib_send_wr *wr, *next, *end;
	struct iser_tgt_tx *sent = NULL;
	unsigned int credits = 0;

	spin_lock(&conn->post_lock);
	wr = conn->sent;
	end = last ? last->wr.next : NULL;
	conn->sent = end;
	if (!end)
		conn->sent_tail = &conn->sent;
	spin_unlock(&conn->post_lock);

	for (; wr != end; wr = next) {
		struct iser_tgt_tx *tx = container_of(wr, struct iser_tgt_tx,
						      wr);

		next = wr->next;
		wr->next = NULL;
		if (tx->xfer && likely(iser_tgt_xfer_is_plain_write(tx->xfer)))
			credits += tx->xfer->credits;
		else if (tx->xfer)
			iser_tgt_xfer_end(tx->xfer);

		if (likely(tx->unsignaled && (!status || tx != last))) {
			tx->next = sent;
			sent = tx;
		} else {
			tx->done(tx, tx == last ? status : 0);
		}
	}

	if (credits)
		iser_tgt_xfer_return_credits(conn, credits);
	if (sent)
		iser_tgt_ulp->sent(sent);
}

/**
 * iser_tgt_send_done - completion of a SEND
 * @cq: the completion queue
 * @wc: the completion
 *
 * Context: the completion queue's worker.
 */
void iser_tgt_send_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct iser_tgt_tx *tx =
		container_of(wc->wr_cqe, struct iser_tgt_tx, cqe);
	int status = 0;

	if (wc->status != IB_WC_SUCCESS) {
		if (wc->status != IB_WC_WR_FLUSH_ERR)
			pr_warn_ratelimited("%pISpc: send failed: %s\n",
					    &tx->conn->peer,
					    ib_wc_status_msg(wc->status));
		iser_tgt_conn_close(tx->conn, "send failed");
		status = -EIO;
	} else if (tx->has_stat_sn) {
		WRITE_ONCE(tx->conn->last_rx, jiffies);
	}
	iser_tgt_sent_end(tx->conn, tx, status);
}

/**
 * iser_tgt_sent_flush - end the sends that no completion has reported
 * @conn: the connection, drained
 *
 * Context: the release work.
 */
void iser_tgt_sent_flush(struct iser_tgt_conn *conn)
{
	iser_tgt_sent_end(conn, NULL, 0);
}
