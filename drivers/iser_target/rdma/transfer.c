// SPDX-License-Identifier: GPL-2.0
/*
 * A command's data by RDMA READ or RDMA WRITE: one work request for a buffer
 * that is mapped already, otherwise pieces as large as the send queue has
 * credits for, or an MR covers. Without either a transfer waits its turn.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "rdma.h"

static void iser_tgt_piece_done(struct ib_cq *cq, struct ib_wc *wc);

static bool iser_tgt_credits_take(struct iser_tgt_xfer *xfer)
{
	struct iser_tgt_conn *conn = xfer->conn;

	if (unlikely(xfer->registers))
		return atomic_dec_if_positive(&conn->mrs) >= 0;

	if (likely(atomic_sub_return(xfer->credits, &conn->credits) >= 0))
		return true;

	atomic_add(xfer->credits, &conn->credits);
	return false;
}

/* From xfer->sg and xfer->left, what goes next. */
static void iser_tgt_piece_plan(struct iser_tgt_xfer *xfer)
{
	struct iser_tgt_conn *conn = xfer->conn;
	unsigned int plain = xfer->dir == DMA_FROM_DEVICE ? conn->read_plain :
							    conn->write_plain;
	unsigned int max = conn->sge_per_credit * conn->piece_max;
	struct scatterlist *sg = xfer->sg;

	/* What the core registers has one MR, or none. */
	if (max > plain)
		max = max(plain, conn->sge_per_mr);
	xfer->nents = 0;
	xfer->piece = 0;
	while (sg && xfer->nents < max && xfer->piece < xfer->left) {
		u32 len = sg->length;

		/* rdma_rw moves whole entries. */
		if (len > xfer->left - xfer->piece) {
			xfer->trimmed = sg;
			xfer->trimmed_len = sg->length;
			len = xfer->left - xfer->piece;
			sg->length = len;
		}
		xfer->piece += len;
		xfer->nents++;
		sg = sg_next(sg);
	}
	xfer->registers = xfer->nents > plain;
	xfer->credits = DIV_ROUND_UP(xfer->nents, conn->sge_per_credit);
}

static void iser_tgt_piece_advance(struct iser_tgt_xfer *xfer)
{
	unsigned int i;

	for (i = 0; i < xfer->nents; i++)
		xfer->sg = sg_next(xfer->sg);
	xfer->va += xfer->piece;
	xfer->left -= xfer->piece;
}

static void iser_tgt_xfer_done(struct iser_tgt_xfer *xfer, int status)
{
	if (xfer->tx)
		xfer->tx->done(xfer->tx, status);
	else
		xfer->done(xfer, status);
}

/* Start those that wait, as far as the credits go. */
static void iser_tgt_xfer_kick(struct iser_tgt_conn *conn);

static void iser_tgt_credits_put(struct iser_tgt_xfer *xfer)
{
	struct iser_tgt_conn *conn = xfer->conn;

	if (unlikely(xfer->registers))
		atomic_inc(&conn->mrs);
	else
		atomic_add(xfer->credits, &conn->credits);
	/* Who looks for one that waits, next, must not look before. */
	smp_mb__after_atomic();
}

/* The entries become what they were. */
static void iser_tgt_xfer_untrim(struct iser_tgt_xfer *xfer)
{
	if (xfer->trimmed)
		xfer->trimmed->length = xfer->trimmed_len;
	xfer->trimmed = NULL;

	xfer->sg->offset -= xfer->skipped;
	xfer->sg->length += xfer->skipped;
	xfer->skipped = 0;
}

/* Unmaps, so it comes before the entry gets its length back. */
static void iser_tgt_piece_end(struct iser_tgt_xfer *xfer)
{
	struct iser_tgt_conn *conn = xfer->conn;

	if (likely(xfer->chunk)) {
		if (xfer->dir == DMA_FROM_DEVICE)
			ib_dma_sync_single_for_cpu(conn->dev->ibdev,
						   xfer->sge.addr,
						   xfer->sge.length,
						   DMA_FROM_DEVICE);
		iser_tgt_credits_put(xfer);
		return;
	}

	if (unlikely(xfer->sig)) {
		iser_tgt_sig_end(xfer);
		iser_tgt_credits_put(xfer);
		return;
	}

	rdma_rw_ctx_destroy(&xfer->rw, conn->qp, conn->cm_id->port_num,
			    xfer->sg, xfer->nents, xfer->dir);
	iser_tgt_xfer_untrim(xfer);
	iser_tgt_credits_put(xfer);
}

static void iser_tgt_xfer_failed(struct iser_tgt_conn *conn,
				 enum dma_data_direction dir,
				 const struct ib_wc *wc)
{
	if (wc->status != IB_WC_WR_FLUSH_ERR)
		pr_warn_ratelimited("%pISpc (%s): %s failed: %s\n",
				    &conn->peer, conn->who,
				    dir == DMA_TO_DEVICE ? "RDMA WRITE" :
							   "RDMA READ",
				    ib_wc_status_msg(wc->status));
	iser_tgt_conn_close(conn, "data transfer failed");
}

/*
 * Nobody asks for the completion of an RDMA WRITE with a response behind it. If
 * one comes, it tells why the response will not be sent.
 */
static void iser_tgt_write_done(struct ib_cq *cq, struct ib_wc *wc)
{
	if (unlikely(wc->status != IB_WC_SUCCESS))
		iser_tgt_xfer_failed(wc->qp->qp_context, DMA_TO_DEVICE, wc);
}

static struct ib_cqe iser_tgt_write_cqe = { .done = iser_tgt_write_done };

/* The work requests of a mapped buffer, with @tx behind them if there is one */
static struct ib_send_wr *iser_tgt_chunk_wrs(struct iser_tgt_xfer *xfer,
					     struct iser_tgt_tx *tx)
{
	struct ib_send_wr *wr = &xfer->wr.wr;

	ib_dma_sync_single_for_device(xfer->conn->dev->ibdev, xfer->sge.addr,
				      xfer->sge.length, xfer->dir);
	wr->next = tx ? &tx->wr : NULL;
	wr->wr_cqe = tx ? &iser_tgt_write_cqe : &xfer->cqe;
	wr->sg_list = &xfer->sge;
	wr->num_sge = 1;
	wr->opcode = xfer->dir == DMA_TO_DEVICE ? IB_WR_RDMA_WRITE :
						  IB_WR_RDMA_READ;
	wr->send_flags = tx ? 0 : IB_SEND_SIGNALED;
	xfer->wr.remote_addr = xfer->va;
	xfer->wr.rkey = xfer->rkey;
	return wr;
}

static struct ib_send_wr *iser_tgt_piece_wrs(struct iser_tgt_xfer *xfer,
					     struct iser_tgt_tx *tx)
{
	struct iser_tgt_conn *conn = xfer->conn;
	u8 port = conn->cm_id->port_num;
	struct ib_send_wr *first, *wr;
	int ret;

	if (unlikely(xfer->sig))
		return iser_tgt_sig_wrs(xfer);

	ret = rdma_rw_ctx_init(&xfer->rw, conn->qp, port, xfer->sg, xfer->nents,
			       0, xfer->va, xfer->rkey, xfer->dir);
	if (ret < 0)
		return ERR_PTR(ret);

	first = rdma_rw_ctx_wrs(&xfer->rw, conn->qp, port,
				tx ? NULL : &xfer->cqe, tx ? &tx->wr : NULL);
	if (xfer->dir == DMA_TO_DEVICE)
		for (wr = first; wr && wr->opcode == IB_WR_RDMA_WRITE;
		     wr = wr->next)
			if (!wr->wr_cqe)
				wr->wr_cqe = &iser_tgt_write_cqe;
	return first;
}

/*
 * A part has been posted and the device may be at it: the release ends it, once
 * it has drained the queue pair. Returns false if it has done so already.
 */
static bool iser_tgt_xfer_stick(struct iser_tgt_xfer *xfer)
{
	struct iser_tgt_conn *conn = xfer->conn;
	bool drained;

	spin_lock(&conn->xfer_lock);
	drained = conn->xfer_drained;
	if (!drained)
		list_add_tail(&xfer->wait, &conn->xfer_stuck);
	spin_unlock(&conn->xfer_lock);

	return !drained;
}

/* Returns false if the transfer has ended, and its credits are back. */
static bool iser_tgt_piece_post(struct iser_tgt_xfer *xfer)
{
	struct iser_tgt_conn *conn = xfer->conn;
	const struct ib_send_wr *bad;
	struct iser_tgt_tx *tx = NULL;
	struct ib_send_wr *first;
	int ret;

	if (xfer->tx && xfer->piece == xfer->left)
		tx = xfer->tx;

	xfer->cqe.done = iser_tgt_piece_done;
	if (likely(xfer->chunk)) {
		first = iser_tgt_chunk_wrs(xfer, tx);
	} else {
		first = iser_tgt_piece_wrs(xfer, tx);
		if (IS_ERR(first)) {
			iser_tgt_xfer_untrim(xfer);
			iser_tgt_credits_put(xfer);
			iser_tgt_xfer_done(xfer, PTR_ERR(first));
			return false;
		}
	}
	if (tx)
		tx->xfer = xfer;

	ret = iser_tgt_post(conn, first, &bad, tx);
	if (likely(!ret))
		return true;

	if (bad != first && iser_tgt_xfer_stick(xfer))
		return true;
	iser_tgt_piece_end(xfer);
	iser_tgt_xfer_done(xfer, ret);
	return false;
}

static void iser_tgt_xfer_kick(struct iser_tgt_conn *conn)
{
	struct iser_tgt_xfer *xfer;

	for (;;) {
		spin_lock(&conn->xfer_lock);
		xfer = list_first_entry_or_null(&conn->xfer_wait,
						struct iser_tgt_xfer, wait);
		if (!xfer || !iser_tgt_credits_take(xfer)) {
			spin_unlock(&conn->xfer_lock);
			return;
		}
		list_del(&xfer->wait);
		spin_unlock(&conn->xfer_lock);

		iser_tgt_piece_post(xfer);
	}
}

/**
 * iser_tgt_xfer_queue - post a planned piece, now or when there are credits
 * @xfer: the transfer
 *
 * Context: process.
 */
void iser_tgt_xfer_queue(struct iser_tgt_xfer *xfer)
{
	struct iser_tgt_conn *conn = xfer->conn;

	if (likely(list_empty_careful(&conn->xfer_wait) &&
		   iser_tgt_credits_take(xfer))) {
		if (likely(iser_tgt_piece_post(xfer)))
			return;
	} else {
		spin_lock(&conn->xfer_lock);
		list_add_tail(&xfer->wait, &conn->xfer_wait);
		spin_unlock(&conn->xfer_lock);
	}
	/* The last credits may have come back before somebody was on the list. */
	iser_tgt_xfer_kick(conn);
}

static void iser_tgt_piece_start(struct iser_tgt_xfer *xfer)
{
	iser_tgt_piece_plan(xfer);
	iser_tgt_xfer_queue(xfer);
}

static void iser_tgt_piece_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct iser_tgt_xfer *xfer =
		container_of(wc->wr_cqe, struct iser_tgt_xfer, cqe);
	struct iser_tgt_conn *conn = xfer->conn;
	int status = 0;

	if (unlikely(wc->status != IB_WC_SUCCESS)) {
		iser_tgt_xfer_failed(conn, xfer->dir, wc);
		status = -EIO;
	}

	iser_tgt_piece_end(xfer);
	if (unlikely(status)) {
		iser_tgt_xfer_done(xfer, status);
	} else {
		if (likely(xfer->chunk || xfer->sig))
			xfer->left = 0;
		else
			iser_tgt_piece_advance(xfer);
		if (xfer->left)
			iser_tgt_piece_start(xfer);
		else
			iser_tgt_xfer_done(xfer, 0);
	}
	if (unlikely(!list_empty_careful(&conn->xfer_wait)))
		iser_tgt_xfer_kick(conn);
}

/**
 * iser_tgt_xfer_end - the response behind a transfer has completed
 * @xfer: the transfer
 *
 * Context: completion handler.
 */
void iser_tgt_xfer_end(struct iser_tgt_xfer *xfer)
{
	struct iser_tgt_conn *conn = xfer->conn;

	iser_tgt_piece_end(xfer);
	if (unlikely(!list_empty_careful(&conn->xfer_wait)))
		iser_tgt_xfer_kick(conn);
}

/**
 * iser_tgt_xfer_init - what every kind of transfer begins with
 * @xfer: the transfer; all that says which kind it is, is cleared
 * @conn: the connection
 * @len: bytes to move
 * @va: remote address
 * @rkey: remote STag
 * @dir: DMA_TO_DEVICE for RDMA WRITE, DMA_FROM_DEVICE for RDMA READ
 *
 * Planned as one piece of one work request; iser_tgt_xfer_start() plans anew.
 *
 * Context: any.
 */
void iser_tgt_xfer_init(struct iser_tgt_xfer *xfer, struct iser_tgt_conn *conn,
			u32 len, u64 va, u32 rkey, enum dma_data_direction dir)
{
	xfer->conn = conn;
	xfer->chunk = NULL;
	xfer->sig = NULL;
	xfer->trimmed = NULL;
	xfer->skipped = 0;
	xfer->left = len;
	xfer->piece = len;
	xfer->credits = 1;
	xfer->registers = false;
	xfer->va = va;
	xfer->rkey = rkey;
	xfer->dir = dir;
	xfer->tx = NULL;
}

/**
 * iser_tgt_xfer_start - move a command's data
 * @xfer: with @xfer->done set unless there is a @tx
 * @conn: the connection
 * @sg: the command's scatterlist
 * @nents: its entries
 * @skip: bytes of it to leave alone
 * @len: bytes to move, not 0, at most what @sg holds behind @skip
 * @va: remote address
 * @rkey: remote STag
 * @dir: DMA_TO_DEVICE for RDMA WRITE, DMA_FROM_DEVICE for RDMA READ
 * @tx: prepared response to send behind the data, or NULL
 *
 * @tx->done, or without @tx @xfer->done, is called in any case, maybe before
 * this returns.
 *
 * Context: process.
 */
void iser_tgt_xfer_start(struct iser_tgt_xfer *xfer, struct iser_tgt_conn *conn,
			 struct scatterlist *sg, unsigned int nents, u32 skip,
			 u32 len, u64 va, u32 rkey, enum dma_data_direction dir,
			 struct iser_tgt_tx *tx)
{
	while (nents && skip >= sg->length) {
		skip -= sg->length;
		sg = sg_next(sg);
		nents--;
	}

	iser_tgt_xfer_init(xfer, conn, len, va, rkey, dir);
	xfer->sg = sg;
	xfer->tx = tx;
	if (WARN_ON_ONCE(!nents || !len)) {
		iser_tgt_xfer_done(xfer, -EINVAL);
		return;
	}

	/* siw's MRs know no offset into an entry, so the entry moves on. */
	xfer->skipped = skip;
	sg->offset += skip;
	sg->length -= skip;
	iser_tgt_piece_start(xfer);
}

/**
 * iser_tgt_xfer_takes_chunk - can data move without a registration
 * @conn: the connection
 * @dir: which way
 *
 * An iWARP device reads into registered memory only: RFC 5040 5.1.
 *
 * Context: any.
 * Return: true if iser_tgt_xfer_chunk() is for it.
 */
bool iser_tgt_xfer_takes_chunk(const struct iser_tgt_conn *conn,
			       enum dma_data_direction dir)
{
	return dir == DMA_TO_DEVICE ||
	       !rdma_protocol_iwarp(conn->dev->ibdev, conn->cm_id->port_num);
}

/**
 * iser_tgt_xfer_done_is_sent - may memory change once an RDMA WRITE completed
 * @conn: the connection
 *
 * siw completes a request when TCP has its pages, and TCP sends them again
 * from there if a segment was lost: such pages can be freed, for TCP holds
 * them, but not filled with something else.
 *
 * Context: any.
 * Return: true if it may.
 */
bool iser_tgt_xfer_done_is_sent(const struct iser_tgt_conn *conn)
{
	return conn->dev->ibdev->ops.driver_id != RDMA_DRIVER_SIW;
}

/**
 * iser_tgt_xfer_chunk - move a command's data from or to a mapped buffer
 * @xfer: with @xfer->done set unless there is a @tx
 * @conn: the connection
 * @chunk: the buffer
 * @offset: bytes of it to leave alone
 * @len: bytes to move, not 0
 * @va: remote address
 * @rkey: remote STag
 * @dir: DMA_TO_DEVICE for RDMA WRITE, DMA_FROM_DEVICE for RDMA READ
 * @tx: prepared response to send behind the data, or NULL
 *
 * @tx->done, or without @tx @xfer->done, is called in any case, maybe before
 * this returns.
 *
 * Context: process.
 */
void iser_tgt_xfer_chunk(struct iser_tgt_xfer *xfer, struct iser_tgt_conn *conn,
			 struct iser_tgt_chunk *chunk, u32 offset, u32 len,
			 u64 va, u32 rkey, enum dma_data_direction dir,
			 struct iser_tgt_tx *tx)
{
	iser_tgt_xfer_init(xfer, conn, len, va, rkey, dir);
	xfer->chunk = chunk;
	xfer->sge.addr = chunk->dma + offset;
	xfer->sge.length = len;
	xfer->sge.lkey = conn->dev->pd->local_dma_lkey;
	xfer->tx = tx;
	iser_tgt_xfer_queue(xfer);
}

/**
 * iser_tgt_xfer_flush - end what waits, after the drain
 * @conn: the connection, closing; all its credits are back
 *
 * Context: the release work.
 */
void iser_tgt_xfer_flush(struct iser_tgt_conn *conn)
{
	struct iser_tgt_xfer *xfer;

	/* Whoever has still to note a part that was posted ends it himself. */
	spin_lock(&conn->xfer_lock);
	conn->xfer_drained = true;
	spin_unlock(&conn->xfer_lock);

	/* Each one fails at once and gives its credits to the next. */
	iser_tgt_xfer_kick(conn);

	while ((xfer = list_first_entry_or_null(&conn->xfer_stuck,
						struct iser_tgt_xfer, wait))) {
		list_del(&xfer->wait);
		iser_tgt_piece_end(xfer);
		iser_tgt_xfer_done(xfer, -EIO);
	}
	iser_tgt_xfer_kick(conn);
}
