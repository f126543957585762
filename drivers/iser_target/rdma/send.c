// SPDX-License-Identifier: GPL-2.0
/* Posting of PDUs, with their sequence numbers. */

#include <linux/unaligned.h>

#include "../trace.h"
#include "conn.h"
#include "device.h"
#include "send.h"
#include "window.h"

static __always_inline void iser_tgt_fill_sn(struct iser_tgt_conn *conn,
					     struct iser_tgt_tx *tx)
{
	struct iser_tgt_window *numbers = &conn->numbers;

	if (likely(tx->advances_window)) {
		tx->advances_window = false;
		iser_tgt_window_advance(conn);
	}
	iser_tgt_pdu_set_sn(tx->hdr, numbers->stat_sn,
			    READ_ONCE(numbers->exp_cmd_sn),
			    numbers->max_cmd_sn);
	if (tx->has_stat_sn)
		numbers->stat_sn++;
}

/* A completion of its own costs an interrupt; several PDUs can share one. */
static void iser_tgt_choose_signal(struct iser_tgt_conn *conn,
				   struct iser_tgt_tx *tx)
{
	if (tx->unsignaled && conn->unsignaled < conn->unsignaled_max) {
		conn->unsignaled++;
		tx->wr.send_flags = 0;
	} else {
		conn->unsignaled = 0;
		tx->wr.send_flags = IB_SEND_SIGNALED;
	}
}

static noinline void iser_tgt_post_trace(const struct iser_tgt_conn *conn,
					 const struct iser_tgt_tx *tx, int ret)
{
	const u8 *bhs = tx->hdr + ISER_TGT_ISER_HDR_LEN;

	trace_iser_tgt_post(conn->initiator, conn->number, bhs[0],
			    get_unaligned_be32(bhs + 16),
			    get_unaligned_be32(bhs + 24),
			    get_unaligned_be32(bhs + 32), tx->sge.length, ret);
}

static __always_inline void iser_tgt_post_prepare(struct iser_tgt_conn *conn,
						  struct iser_tgt_tx *tx)
{
	if (!tx->sn_filled)
		iser_tgt_fill_sn(conn, tx);
	iser_tgt_choose_signal(conn, tx);
	ib_dma_sync_single_for_device(conn->dev->ibdev, tx->sge.addr,
				      tx->sge.length, DMA_TO_DEVICE);
}

/* Holds post_lock. */
static inline int iser_tgt_post_send(struct iser_tgt_conn *conn,
				     const struct ib_send_wr *first)
{
	conn->bad = first;
	return ib_post_send(conn->qp, first, &conn->bad);
}

static void iser_tgt_post_note(struct iser_tgt_conn *conn,
			       struct iser_tgt_tx *tx)
{
	*conn->sent_tail = &tx->wr;
	conn->sent_tail = &tx->wr.next;
	tx->posted = true;
}

static void iser_tgt_chain_add(struct iser_tgt_chain *chain,
			       struct ib_send_wr *first, struct iser_tgt_tx *tx)
{
	tx->next = NULL;
	if (chain->first) {
		chain->last->wr.next = first;
		chain->last->next = tx;
	} else {
		chain->wrs = first;
		chain->first = tx;
	}
	chain->last = tx;
}

/**
 * iser_tgt_post - post work requests, the last with its sequence numbers
 * @conn: the connection
 * @first: chain of work requests
 * @tx: the PDU in the chain, NULL for none
 *
 * StatSN advances in the order of posting (RFC 7143 4.2.2.2). Once the
 * connection is closing nothing is posted, so that its drain is final.
 *
 * Context: any but interrupts.
 * Return: 0, -ENOTCONN, or the device's error; 1 if the device has taken a part
 * of the chain. Unless it is 0 the connection is closing.
 */
int iser_tgt_post(struct iser_tgt_conn *conn, struct ib_send_wr *first,
		  struct iser_tgt_tx *tx)
{
	/* Once posted, a PDU may be freed unless the fabric keeps it. */
	bool waited = tx && tx->waited;
	int ret = -ENOTCONN;

	if (tx && tx->chain) {
		iser_tgt_chain_add(tx->chain, first, tx);
		return 0;
	}

	spin_lock(&conn->post_lock);
	if (conn->state == ISER_TGT_CONN_CLOSING)
		goto unlock;

	if (!tx) {
		ret = iser_tgt_post_send(conn, first);
		goto posted;
	}

	iser_tgt_post_prepare(conn, tx);
	ret = iser_tgt_post_send(conn, first);
	if (trace_iser_tgt_post_enabled())
		iser_tgt_post_trace(conn, tx, ret);
	if (likely(!ret))
		iser_tgt_post_note(conn, tx);
posted:
	if (unlikely(ret && conn->bad != first))
		ret = 1;
unlock:
	spin_unlock(&conn->post_lock);

	if (unlikely(ret))
		iser_tgt_conn_close(conn, "send queue refused a work request");
	else if (unlikely(waited))
		iser_tgt_ulp->posted(tx);
	return ret;
}

/* Leaves those from @bad on in the chain. Returns whether the first has a part posted. */
static bool iser_tgt_chain_posted(struct iser_tgt_conn *conn,
				  struct iser_tgt_chain *chain,
				  const struct ib_send_wr *bad)
{
	struct ib_send_wr *first = chain->wrs, *wr = first;

	while (wr && wr != bad) {
		struct iser_tgt_tx *tx = chain->first;
		bool last = wr == &tx->wr;

		wr = wr->next;
		if (!last)
			continue;
		if (trace_iser_tgt_post_enabled())
			iser_tgt_post_trace(conn, tx, 0);
		chain->first = tx->next;
		tx->next = NULL;
		tx->wr.next = NULL;
		iser_tgt_post_note(conn, tx);
		first = wr;
	}
	return wr != first;
}

/**
 * iser_tgt_post_chain - post a chain of PDUs with one doorbell
 * @conn: the connection
 * @chain: the PDUs, one at least; on return those that were not posted
 * @partly: of the transfer in front of the first of these, a part was posted
 *
 * Context: any but interrupts.
 * Return: 0, -ENOTCONN, or the device's error.
 */
int iser_tgt_post_chain(struct iser_tgt_conn *conn,
			struct iser_tgt_chain *chain, bool *partly)
{
	const struct ib_send_wr *bad = chain->wrs;
	struct iser_tgt_tx *tx;
	int ret = -ENOTCONN;

	*partly = false;
	spin_lock(&conn->post_lock);
	if (conn->state != ISER_TGT_CONN_CLOSING) {
		for (tx = chain->first; tx; tx = tx->next)
			iser_tgt_post_prepare(conn, tx);
		ret = ib_post_send(conn->qp, chain->wrs, &bad);
		*partly = iser_tgt_chain_posted(conn, chain, ret ? bad : NULL);
		if (unlikely(ret) && trace_iser_tgt_post_enabled())
			for (tx = chain->first; tx; tx = tx->next)
				iser_tgt_post_trace(conn, tx, ret);
	}
	spin_unlock(&conn->post_lock);

	if (unlikely(ret))
		iser_tgt_conn_close(conn, "send queue refused a work request");
	return ret;
}

/**
 * iser_tgt_send - send a PDU
 * @tx: the PDU, headers and data filled in
 * @data_len: bytes of data, at most ISER_TGT_FFP_DATA_MAX
 * @inv_rkey: STag of the initiator to invalidate, 0 for none
 *
 * The send queue has an entry for every PDU, so this never waits.
 *
 * Context: any but interrupts. @tx->done is called in any case.
 */
void iser_tgt_send(struct iser_tgt_tx *tx, size_t data_len, u32 inv_rkey)
{
	int ret;

	iser_tgt_tx_prepare(tx, data_len, inv_rkey);
	ret = iser_tgt_post(tx->conn, &tx->wr, tx);
	if (ret)
		tx->done(tx, ret);
}

/**
 * iser_tgt_send_bare - send an iSER header without an iSCSI PDU
 * @tx: the PDU, its iSER header filled in
 *
 * RFC 7145 9.4: a HelloReply, which has no sequence numbers.
 *
 * Context: any but interrupts. @tx->done is called in any case.
 */
void iser_tgt_send_bare(struct iser_tgt_tx *tx)
{
	int ret;

	iser_tgt_tx_prepare(tx, 0, 0);
	tx->sge.length = ISER_TGT_ISER_HDR_LEN;
	tx->sn_filled = true;
	ret = iser_tgt_post(tx->conn, &tx->wr, tx);
	if (ret)
		tx->done(tx, ret);
}
