// SPDX-License-Identifier: GPL-2.0
/*
 * Data of a command by RDMA READ or RDMA WRITE: one work request for a buffer
 * that is mapped already, otherwise segments as large as the send queue has
 * credits for, or an MR covers. Without either, a transfer waits its turn.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/sched/mm.h>

#include "../trace.h"
#include "conn.h"
#include "device.h"
#include "pi.h"
#include "send.h"
#include "transfer.h"

static void iser_tgt_segment_done(struct ib_cq *cq, struct ib_wc *wc);

static inline bool iser_tgt_credits_take(struct iser_tgt_xfer *xfer)
{
	struct iser_tgt_conn *conn = xfer->conn;

	if (unlikely(xfer->registers))
		return atomic_dec_if_positive(&conn->mrs) >= 0;

	if (likely(atomic_sub_return(xfer->credits, &conn->credits) >= 0))
		return true;

	atomic_add(xfer->credits, &conn->credits);
	return false;
}

/* Plans the next segment from xfer->sg and xfer->left. */
static void iser_tgt_segment_plan(struct iser_tgt_xfer *xfer)
{
	struct iser_tgt_conn *conn = xfer->conn;
	unsigned int plain = xfer->dir == DMA_FROM_DEVICE ? conn->read_plain :
							    conn->write_plain;
	unsigned int max = conn->sge_per_credit * conn->segment_max;
	struct scatterlist *sg = xfer->sg;

	/* The core registers a segment with one MR, or none of it. */
	if (max > plain)
		max = max(plain, conn->sge_per_mr);
	xfer->nents = 0;
	xfer->segment = 0;
	while (sg && xfer->nents < max && xfer->segment < xfer->left) {
		u32 len = sg->length;

		/* rdma_rw moves whole entries. */
		if (len > xfer->left - xfer->segment) {
			xfer->trimmed = sg;
			xfer->trimmed_len = sg->length;
			len = xfer->left - xfer->segment;
			sg->length = len;
		}
		xfer->segment += len;
		xfer->nents++;
		sg = sg_next(sg);
	}
	xfer->registers = xfer->nents > plain;
	xfer->credits = DIV_ROUND_UP(xfer->nents, conn->sge_per_credit);
}

static void iser_tgt_segment_advance(struct iser_tgt_xfer *xfer)
{
	unsigned int i;

	for (i = 0; i < xfer->nents; i++)
		xfer->sg = sg_next(xfer->sg);
	xfer->va += xfer->segment;
	xfer->left -= xfer->segment;
}

static void iser_tgt_xfer_done(struct iser_tgt_xfer *xfer, int status)
{
	if (xfer->tx)
		xfer->tx->done(xfer->tx, status);
	else
		xfer->done(xfer, status);
}

/* Starts transfers that wait, as far as the credits go. */
static void iser_tgt_xfer_kick(struct iser_tgt_conn *conn);

static void iser_tgt_credits_put(struct iser_tgt_xfer *xfer)
{
	struct iser_tgt_conn *conn = xfer->conn;

	if (unlikely(xfer->registers))
		atomic_inc(&conn->mrs);
	else
		atomic_add(xfer->credits, &conn->credits);
	/* Before the caller looks for transfers that wait. */
	smp_mb__after_atomic();
}

/* Restores the entries. */
static void iser_tgt_xfer_untrim(struct iser_tgt_xfer *xfer)
{
	if (xfer->trimmed)
		xfer->trimmed->length = xfer->trimmed_len;
	xfer->trimmed = NULL;

	xfer->sg->offset -= xfer->skipped;
	xfer->sg->length += xfer->skipped;
	xfer->skipped = 0;
}

/* Unmaps, so before the entry gets its length back. */
static void iser_tgt_segment_end(struct iser_tgt_xfer *xfer)
{
	struct iser_tgt_conn *conn = xfer->conn;

	if (likely(xfer->buf)) {
		if (xfer->dir == DMA_FROM_DEVICE)
			ib_dma_sync_single_for_cpu(conn->dev->ibdev,
						   xfer->sge.addr,
						   xfer->sge.length,
						   DMA_FROM_DEVICE);
		iser_tgt_credits_put(xfer);
		return;
	}

	if (unlikely(xfer->pi)) {
		iser_tgt_pi_end(xfer);
		iser_tgt_credits_put(xfer);
		return;
	}

	rdma_rw_ctx_destroy(&xfer->rw, conn->qp, conn->port, xfer->sg,
			    xfer->nents, xfer->dir);
	iser_tgt_xfer_untrim(xfer);
	iser_tgt_credits_put(xfer);
}

static void iser_tgt_xfer_failed(struct iser_tgt_conn *conn,
				 enum dma_data_direction dir,
				 const struct ib_wc *wc)
{
	if (wc->status != IB_WC_WR_FLUSH_ERR)
		pr_warn_ratelimited("%pISpc (%s): %s failed: %s\n",
				    &conn->peer, conn->initiator,
				    dir == DMA_TO_DEVICE ? "RDMA WRITE" :
							   "RDMA READ",
				    ib_wc_status_msg(wc->status));
	iser_tgt_conn_close(conn, "data transfer failed");
}

/*
 * An RDMA WRITE with a response behind it is unsignaled. If it completes all the
 * same, it has failed, and says why the response will not be sent.
 */
static void iser_tgt_write_done(struct ib_cq *cq, struct ib_wc *wc)
{
	if (unlikely(wc->status != IB_WC_SUCCESS))
		iser_tgt_xfer_failed(wc->qp->qp_context, DMA_TO_DEVICE, wc);
}

static struct ib_cqe iser_tgt_write_cqe = { .done = iser_tgt_write_done };

static struct ib_send_wr *iser_tgt_segment_wrs(struct iser_tgt_xfer *xfer,
					       struct iser_tgt_tx *tx)
{
	struct iser_tgt_conn *conn = xfer->conn;
	struct ib_send_wr *first, *wr;
	int ret;

	if (unlikely(xfer->pi))
		return iser_tgt_pi_wrs(xfer);

	ret = rdma_rw_ctx_init(&xfer->rw, conn->qp, conn->port, xfer->sg,
			       xfer->nents, 0, xfer->va, xfer->rkey, xfer->dir);
	if (ret < 0)
		return ERR_PTR(ret);

	first = rdma_rw_ctx_wrs(&xfer->rw, conn->qp, conn->port,
				tx ? NULL : &xfer->cqe, tx ? &tx->wr : NULL);
	if (xfer->dir == DMA_TO_DEVICE)
		for (wr = first; wr && wr->opcode == IB_WR_RDMA_WRITE;
		     wr = wr->next)
			if (!wr->wr_cqe)
				wr->wr_cqe = &iser_tgt_write_cqe;
	return first;
}

/*
 * Partially posted: the device may still access the buffers. The release ends
 * the transfer after the drain. Returns false if it has done so already.
 */
static bool iser_tgt_xfer_partly_posted(struct iser_tgt_xfer *xfer)
{
	struct iser_tgt_conn *conn = xfer->conn;
	bool drained;

	spin_lock(&conn->xfer_lock);
	drained = conn->xfer_drained;
	if (!drained)
		list_add_tail(&xfer->wait, &conn->xfer_partial);
	spin_unlock(&conn->xfer_lock);

	return !drained;
}

/* As iser_tgt_segment_post(), with its work requests. */
static inline bool iser_tgt_segment_post_wrs(struct iser_tgt_xfer *xfer,
					     struct ib_send_wr *first,
					     struct iser_tgt_tx *tx)
{
	int ret;

	if (tx)
		tx->xfer = xfer;
	ret = iser_tgt_post(xfer->conn, first, tx);
	if (likely(!ret))
		return true;

	if (ret > 0 && iser_tgt_xfer_partly_posted(xfer))
		return true;
	iser_tgt_segment_end(xfer);
	iser_tgt_xfer_done(xfer, ret > 0 ? -EIO : ret);
	return false;
}

/* Returns false if the transfer has ended and its credits were returned. */
static bool iser_tgt_segment_post(struct iser_tgt_xfer *xfer)
{
	struct iser_tgt_tx *tx = NULL;
	struct ib_send_wr *first;
	unsigned int noio;

	if (xfer->tx && (xfer->buf || xfer->segment == xfer->left))
		tx = xfer->tx;

	xfer->cqe.done = iser_tgt_segment_done;
	if (xfer->buf) {
		first = &xfer->wr.wr;
	} else {
		/* In a thread of the backstore's, maybe: its I/O must not wait. */
		noio = memalloc_noio_save();
		first = iser_tgt_segment_wrs(xfer, tx);
		memalloc_noio_restore(noio);
		if (IS_ERR(first)) {
			iser_tgt_xfer_untrim(xfer);
			iser_tgt_credits_put(xfer);
			iser_tgt_xfer_done(xfer, PTR_ERR(first));
			return false;
		}
	}
	return iser_tgt_segment_post_wrs(xfer, first, tx);
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
		WRITE_ONCE(conn->numbers.transfers_wait,
			   !list_empty(&conn->xfer_wait));
		spin_unlock(&conn->xfer_lock);

		iser_tgt_segment_post(xfer);
	}
}

static void iser_tgt_xfer_wait(struct iser_tgt_xfer *xfer)
{
	struct iser_tgt_conn *conn = xfer->conn;
	struct iser_tgt_tx *tx = xfer->tx;

	if (tx)
		tx->chain = NULL;
	if (tx && tx->unsignaled) {
		tx->waited = true;
		tx->posted = false;
		iser_tgt_ulp->waits(tx);
	}
	spin_lock(&conn->xfer_lock);
	conn->counts.credit_waits++;
	trace_iser_tgt_xfer_wait(conn->initiator, conn->number, xfer->dir,
				 xfer->buf ? xfer->sge.length : xfer->left);
	list_add_tail(&xfer->wait, &conn->xfer_wait);
	WRITE_ONCE(conn->numbers.transfers_wait, true);
	spin_unlock(&conn->xfer_lock);
}

/* Posts a planned segment, now or when there are credits. */
static void iser_tgt_xfer_queue(struct iser_tgt_xfer *xfer)
{
	struct iser_tgt_conn *conn = xfer->conn;

	if (likely(!iser_tgt_conn_transfers_wait(conn) &&
		   iser_tgt_credits_take(xfer))) {
		if (likely(iser_tgt_segment_post(xfer)))
			return;
	} else {
		iser_tgt_xfer_wait(xfer);
	}
	/* Recheck: credits may have been returned before we queued ourselves. */
	iser_tgt_xfer_kick(conn);
}

static void iser_tgt_segment_start(struct iser_tgt_xfer *xfer)
{
	iser_tgt_segment_plan(xfer);
	iser_tgt_xfer_queue(xfer);
}

static void iser_tgt_segment_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct iser_tgt_xfer *xfer =
		container_of(wc->wr_cqe, struct iser_tgt_xfer, cqe);
	struct iser_tgt_conn *conn = xfer->conn;
	int status = 0;

	if (unlikely(wc->status != IB_WC_SUCCESS)) {
		iser_tgt_xfer_failed(conn, xfer->dir, wc);
		status = -EIO;
	}

	iser_tgt_segment_end(xfer);
	if (unlikely(status) || xfer->buf || xfer->pi) {
		iser_tgt_xfer_done(xfer, status);
	} else {
		iser_tgt_segment_advance(xfer);
		if (xfer->left)
			iser_tgt_segment_start(xfer);
		else
			iser_tgt_xfer_done(xfer, 0);
	}
	if (unlikely(iser_tgt_conn_transfers_wait(conn)))
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

	iser_tgt_segment_end(xfer);
	if (unlikely(iser_tgt_conn_transfers_wait(conn)))
		iser_tgt_xfer_kick(conn);
}

/**
 * iser_tgt_xfer_unposted - the last segment of a transfer could not be posted
 * @xfer: the transfer, with a response that was in a chain
 * @partly: a part of it was
 * @ret: why
 *
 * Context: process.
 */
void iser_tgt_xfer_unposted(struct iser_tgt_xfer *xfer, bool partly, int ret)
{
	struct iser_tgt_conn *conn = xfer->conn;

	if (partly && iser_tgt_xfer_partly_posted(xfer))
		return;
	iser_tgt_segment_end(xfer);
	iser_tgt_xfer_done(xfer, ret);
	iser_tgt_xfer_kick(conn);
}

/**
 * iser_tgt_xfer_return_credits - as iser_tgt_xfer_end(), for many plain writes
 * @conn: the connection
 * @credits: of all of them
 *
 * Context: completion handler.
 */
void iser_tgt_xfer_return_credits(struct iser_tgt_conn *conn,
				  unsigned int credits)
{
	atomic_add(credits, &conn->credits);
	/* Before looking for transfers that wait. */
	smp_mb__after_atomic();
	if (unlikely(iser_tgt_conn_transfers_wait(conn)))
		iser_tgt_xfer_kick(conn);
}

/*
 * What all kinds of transfers have in common. One segment of one work request, which
 * suits protection information; others are planned.
 */
static inline void iser_tgt_xfer_init(struct iser_tgt_xfer *xfer,
				      struct iser_tgt_conn *conn, u32 len,
				      u64 va, u32 rkey,
				      enum dma_data_direction dir)
{
	xfer->conn = conn;
	xfer->buf = NULL;
	xfer->pi = NULL;
	xfer->trimmed = NULL;
	xfer->skipped = 0;
	xfer->left = len;
	xfer->segment = len;
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

	/* siw ignores the offset of an MR (up to 7.3): move the entry itself. */
	xfer->skipped = skip;
	sg->offset += skip;
	sg->length -= skip;
	iser_tgt_segment_start(xfer);
}

/**
 * iser_tgt_xfer_start_buf - move a command's data from or to a mapped buffer
 * @xfer: with @xfer->done set unless there is a @tx
 * @conn: the connection
 * @buf: the buffer
 * @offset: bytes of it to leave alone
 * @len: bytes to move, not 0
 * @va: remote address
 * @rkey: remote STag
 * @dir: DMA_TO_DEVICE for RDMA WRITE, DMA_FROM_DEVICE for RDMA READ
 * @tx: prepared response to send behind the data of an RDMA WRITE, or NULL
 *
 * @tx->done, or without @tx @xfer->done, is called in any case, maybe before
 * this returns.
 *
 * Context: process.
 */
void iser_tgt_xfer_start_buf(struct iser_tgt_xfer *xfer,
			     struct iser_tgt_conn *conn,
			     struct iser_tgt_data_buf *buf, u32 offset, u32 len,
			     u64 va, u32 rkey, enum dma_data_direction dir,
			     struct iser_tgt_tx *tx)
{
	struct ib_send_wr *wr = &xfer->wr.wr;

	xfer->conn = conn;
	xfer->buf = buf;
	xfer->pi = NULL;
	xfer->credits = 1;
	xfer->registers = false;
	xfer->dir = dir;
	xfer->tx = tx;
	xfer->sge.addr = buf->dma + offset;
	xfer->sge.length = len;
	xfer->sge.lkey = conn->dev->pd->local_dma_lkey;
	xfer->wr.remote_addr = va;
	xfer->wr.rkey = rkey;
	wr->sg_list = &xfer->sge;
	wr->num_sge = 1;
	if (likely(tx)) {
		wr->next = &tx->wr;
		wr->wr_cqe = &iser_tgt_write_cqe;
		wr->opcode = IB_WR_RDMA_WRITE;
		wr->send_flags = 0;
	} else {
		xfer->cqe.done = iser_tgt_segment_done;
		wr->next = NULL;
		wr->wr_cqe = &xfer->cqe;
		wr->opcode = dir == DMA_TO_DEVICE ? IB_WR_RDMA_WRITE :
						    IB_WR_RDMA_READ;
		wr->send_flags = IB_SEND_SIGNALED;
	}
	ib_dma_sync_single_for_device(conn->dev->ibdev, xfer->sge.addr, len,
				      dir);
	/* As iser_tgt_xfer_queue(), for what is one work request. */
	if (unlikely(iser_tgt_conn_transfers_wait(conn))) {
		iser_tgt_xfer_wait(xfer);
	} else if (unlikely(atomic_dec_return(&conn->credits) < 0)) {
		atomic_inc(&conn->credits);
		iser_tgt_xfer_wait(xfer);
	} else if (likely(iser_tgt_segment_post_wrs(xfer, wr, tx))) {
		return;
	}
	iser_tgt_xfer_kick(conn);
}

/**
 * iser_tgt_xfer_start_pi - move data with protection information
 * @xfer: with @xfer->done set
 * @conn: a connection whose queue pair can: iser_tgt_conn_pi()
 * @pi: what to generate and check; has the result when @xfer->done is called
 * @sg: the command's scatterlist, in the core's pages
 * @nents: its entries
 * @len: bytes of data to move, all of @sg
 * @va: remote address
 * @rkey: remote STag
 * @dir: DMA_TO_DEVICE for RDMA WRITE, DMA_FROM_DEVICE for RDMA READ
 *
 * One signature MR covers all of it or the transfer fails. No response is
 * chained to it: the status depends on the result of the check.
 *
 * Context: process.
 */
void iser_tgt_xfer_start_pi(struct iser_tgt_xfer *xfer,
			    struct iser_tgt_conn *conn, struct iser_tgt_pi *pi,
			    struct scatterlist *sg, unsigned int nents, u32 len,
			    u64 va, u32 rkey, enum dma_data_direction dir)
{
	pi->bad = false;
	iser_tgt_xfer_init(xfer, conn, len, va, rkey, dir);
	xfer->pi = pi;
	xfer->registers = true;
	xfer->sg = sg;
	xfer->nents = nents;
	iser_tgt_xfer_queue(xfer);
}

/**
 * iser_tgt_xfer_flush - end the transfers that wait, after the drain
 * @conn: the connection, closing; all its credits are back
 *
 * Context: the release work.
 */
void iser_tgt_xfer_flush(struct iser_tgt_conn *conn)
{
	struct iser_tgt_xfer *xfer;

	/* A poster that finds this set ends its partial transfer itself. */
	spin_lock(&conn->xfer_lock);
	conn->xfer_drained = true;
	spin_unlock(&conn->xfer_lock);

	/* Each one fails at once and returns its credits for the next. */
	iser_tgt_xfer_kick(conn);

	while ((xfer = list_first_entry_or_null(&conn->xfer_partial,
						struct iser_tgt_xfer, wait))) {
		list_del(&xfer->wait);
		iser_tgt_segment_end(xfer);
		iser_tgt_xfer_done(xfer, -EIO);
	}
	iser_tgt_xfer_kick(conn);
}
