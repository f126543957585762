// SPDX-License-Identifier: GPL-2.0
/* PDUs on their way out. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>

#include "../iscsi/pdu.h"
#include "rdma.h"

/* Headers and data of one PDU after login. */
#define ISER_TGT_TX_LEN		(ISER_TGT_HDR_LEN + ISER_TGT_FFP_DATA_MAX)
#define ISER_TGT_TX_STRIDE	256
#define ISER_TGT_TX_PER_PAGE	(PAGE_SIZE / ISER_TGT_TX_STRIDE)

/*
 * Sends complete in order, and one that fails says so, signalled or not: what
 * comes before @last has been sent. Without @last, all there is.
 */
static void iser_tgt_sent_end(struct iser_tgt_conn *conn,
			      struct iser_tgt_tx *last, int status)
{
	struct ib_send_wr *wr, *next, *end;

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
		if (tx->xfer)
			iser_tgt_xfer_end(tx->xfer);
		tx->done(tx, tx == last ? status : 0);
	}
}

static void iser_tgt_send_done(struct ib_cq *cq, struct ib_wc *wc)
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
	} else if (tx->counts) {
		WRITE_ONCE(tx->conn->last_rx, jiffies);
	}
	iser_tgt_sent_end(tx->conn, tx, status);
}

/**
 * iser_tgt_sent_flush - end the sends that nothing was said of
 * @conn: the connection, drained
 *
 * Context: the release work.
 */
void iser_tgt_sent_flush(struct iser_tgt_conn *conn)
{
	iser_tgt_sent_end(conn, NULL, 0);
}

/**
 * iser_tgt_tx_pool_alloc - memory for the PDUs of a session
 * @conn: the connection
 * @pool: zeroed
 * @nr: PDUs
 *
 * The memory is zeroed.
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM, with nothing left behind.
 */
int iser_tgt_tx_pool_alloc(struct iser_tgt_conn *conn,
			   struct iser_tgt_tx_pool *pool, unsigned int nr)
{
	unsigned int pages = DIV_ROUND_UP(nr, ISER_TGT_TX_PER_PAGE);
	struct ib_device *ibdev = conn->dev->ibdev;
	unsigned int i;

	BUILD_BUG_ON(ISER_TGT_TX_LEN > ISER_TGT_TX_STRIDE);

	pool->page = kcalloc(pages, sizeof(*pool->page), GFP_KERNEL);
	pool->dma = kcalloc(pages, sizeof(*pool->dma), GFP_KERNEL);
	if (!pool->page || !pool->dma)
		goto free;

	for (i = 0; i < pages; i++) {
		struct page *page;

		page = alloc_pages_node(ibdev_to_node(ibdev),
					GFP_KERNEL | __GFP_ZERO, 0);
		if (!page)
			goto free;
		pool->dma[i] = ib_dma_map_page(ibdev, page, 0, PAGE_SIZE,
					       DMA_TO_DEVICE);
		if (ib_dma_mapping_error(ibdev, pool->dma[i])) {
			__free_page(page);
			goto free;
		}
		pool->page[i] = page;
		pool->nr++;
	}
	return 0;

free:
	iser_tgt_tx_pool_free(conn, pool);
	return -ENOMEM;
}

/**
 * iser_tgt_tx_pool_free - free it
 * @conn: the connection
 * @pool: whole, in part, or not allocated at all
 *
 * Context: may sleep.
 */
void iser_tgt_tx_pool_free(struct iser_tgt_conn *conn,
			   struct iser_tgt_tx_pool *pool)
{
	unsigned int i;

	for (i = 0; i < pool->nr; i++) {
		ib_dma_unmap_page(conn->dev->ibdev, pool->dma[i], PAGE_SIZE,
				  DMA_TO_DEVICE);
		__free_page(pool->page[i]);
	}
	kfree(pool->page);
	kfree(pool->dma);
	memset(pool, 0, sizeof(*pool));
}

static void iser_tgt_tx_setup(struct iser_tgt_conn *conn,
			      struct iser_tgt_tx *tx, u8 *hdr, u64 dma)
{
	tx->conn = conn;
	tx->hdr = hdr;
	tx->cqe.done = iser_tgt_send_done;
	tx->sge.addr = dma;
	tx->sge.lkey = conn->dev->pd->local_dma_lkey;
	tx->wr.wr_cqe = &tx->cqe;
	tx->wr.sg_list = &tx->sge;
	tx->wr.num_sge = 1;
}

/**
 * iser_tgt_tx_init - give a PDU its memory
 * @conn: the connection
 * @pool: where from
 * @index: which of the pool
 * @tx: the PDU; @tx->done is the caller's to set
 *
 * Context: any.
 */
void iser_tgt_tx_init(struct iser_tgt_conn *conn, struct iser_tgt_tx_pool *pool,
		      unsigned int index, struct iser_tgt_tx *tx)
{
	unsigned int page = index / ISER_TGT_TX_PER_PAGE;
	size_t offset = (index % ISER_TGT_TX_PER_PAGE) * ISER_TGT_TX_STRIDE;

	iser_tgt_tx_setup(conn, tx, page_address(pool->page[page]) + offset,
			  pool->dma[page] + offset);
}

/**
 * iser_tgt_login_tx_alloc - the one PDU a login or discovery has under way
 * @conn: the connection
 *
 * Context: may sleep.
 * Return: the PDU, NULL without memory. @tx.done is the caller's to set.
 */
struct iser_tgt_login_tx *iser_tgt_login_tx_alloc(struct iser_tgt_conn *conn)
{
	struct ib_device *ibdev = conn->dev->ibdev;
	struct iser_tgt_login_tx *ltx;
	int i;

	ltx = kzalloc_obj(*ltx, GFP_KERNEL);
	if (!ltx)
		return NULL;

	for (i = 0; i < ARRAY_SIZE(ltx->page); i++) {
		struct page *page = alloc_page(GFP_KERNEL);

		if (!page)
			goto free;
		ltx->sge[i].lkey = conn->dev->pd->local_dma_lkey;
		ltx->sge[i].addr = ib_dma_map_page(ibdev, page, 0, PAGE_SIZE,
						   DMA_TO_DEVICE);
		if (ib_dma_mapping_error(ibdev, ltx->sge[i].addr)) {
			__free_page(page);
			goto free;
		}
		ltx->page[i] = page;
	}

	iser_tgt_tx_setup(conn, &ltx->tx, page_address(ltx->page[0]),
			  ltx->sge[0].addr);
	ltx->tx.wr.sg_list = ltx->sge;
	return ltx;

free:
	iser_tgt_login_tx_free(conn, ltx);
	return NULL;
}

/**
 * iser_tgt_login_tx_free - free it
 * @conn: the connection
 * @ltx: may be NULL
 *
 * Context: may sleep.
 */
void iser_tgt_login_tx_free(struct iser_tgt_conn *conn,
			    struct iser_tgt_login_tx *ltx)
{
	int i;

	if (!ltx)
		return;

	for (i = 0; i < ARRAY_SIZE(ltx->page); i++) {
		if (!ltx->page[i])
			continue;
		ib_dma_unmap_page(conn->dev->ibdev, ltx->sge[i].addr, PAGE_SIZE,
				  DMA_TO_DEVICE);
		/* A login's text may hold what only the peer should know. */
		clear_highpage(ltx->page[i]);
		__free_page(ltx->page[i]);
	}
	kfree(ltx);
}

/**
 * iser_tgt_login_tx_send - send it
 * @ltx: with its headers filled in, not under way
 * @data: the data segment
 * @len: bytes of it, at most ISER_TGT_LOGIN_DATA_MAX
 *
 * Context: any but interrupts. @ltx->tx.done is called in any case.
 */
void iser_tgt_login_tx_send(struct iser_tgt_login_tx *ltx, const void *data,
			    size_t len)
{
	struct iser_tgt_tx *tx = &ltx->tx;
	struct ib_device *ibdev = tx->conn->dev->ibdev;
	size_t padded = ALIGN(len, 4);
	const struct ib_send_wr *bad;
	size_t pos = 0;
	int i = 1;
	int ret;

	while (pos < padded) {
		size_t n = min_t(size_t, padded - pos, PAGE_SIZE);
		size_t copy = min(n, len - pos);
		u8 *to = page_address(ltx->page[i]);

		memcpy(to, data + pos, copy);
		memset(to + copy, 0, n - copy);
		ltx->sge[i].length = n;
		ib_dma_sync_single_for_device(ibdev, ltx->sge[i].addr, n,
					      DMA_TO_DEVICE);
		pos += n;
		i++;
	}
	ltx->sge[0].length = ISER_TGT_HDR_LEN;
	tx->wr.num_sge = i;
	tx->wr.opcode = IB_WR_SEND;
	tx->sge.length = ISER_TGT_HDR_LEN;

	ret = iser_tgt_post(tx->conn, &tx->wr, &bad, tx);
	if (ret)
		tx->done(tx, ret);
}

static void iser_tgt_stamp(struct iser_tgt_conn *conn, struct iser_tgt_tx *tx)
{
	if (tx->opens)
		iser_tgt_window_advance(conn);
	iser_tgt_pdu_set_sn(tx->hdr, conn->stat_sn,
			    READ_ONCE(conn->exp_cmd_sn), conn->max_cmd_sn);
	if (tx->counts)
		conn->stat_sn++;
	tx->opens = false;
}

/* A completion of its own costs an interrupt; some can share one. */
static void iser_tgt_choose_signal(struct iser_tgt_conn *conn,
				   struct iser_tgt_tx *tx)
{
	if (tx->lazy && conn->unsignalled < conn->unsignalled_max) {
		conn->unsignalled++;
		tx->wr.send_flags = 0;
	} else {
		conn->unsignalled = 0;
		tx->wr.send_flags = IB_SEND_SIGNALED;
	}
}

/**
 * iser_tgt_post - post work requests, the last with its sequence numbers
 * @conn: the connection
 * @first: chain of work requests
 * @bad: on failure, the first one that was not posted
 * @tx: the PDU in the chain, NULL for none
 *
 * StatSN goes up in the order of posting (RFC 7143 4.2.2.2). Once the
 * connection is closing nothing is posted, so that its drain is final.
 *
 * Context: any but interrupts.
 * Return: 0, -ENOTCONN, or what the device says; the connection is then
 * closing.
 */
int iser_tgt_post(struct iser_tgt_conn *conn, struct ib_send_wr *first,
		  const struct ib_send_wr **bad, struct iser_tgt_tx *tx)
{
	/* Once posted, a PDU that is not lazy may be gone. */
	bool lazy = tx && tx->lazy;
	int ret = -ENOTCONN;

	*bad = first;
	spin_lock(&conn->post_lock);
	if (conn->state == ISER_TGT_CONN_CLOSING)
		goto unlock;

	if (!tx) {
		ret = ib_post_send(conn->qp, first, bad);
		goto unlock;
	}

	if (!tx->stamped)
		iser_tgt_stamp(conn, tx);
	iser_tgt_choose_signal(conn, tx);
	ib_dma_sync_single_for_device(conn->dev->ibdev, tx->sge.addr,
				      tx->sge.length, DMA_TO_DEVICE);
	ret = ib_post_send(conn->qp, first, bad);
	if (likely(!ret)) {
		*conn->sent_tail = &tx->wr;
		conn->sent_tail = &tx->wr.next;
		tx->posted = true;
	}
unlock:
	spin_unlock(&conn->post_lock);

	if (unlikely(ret))
		iser_tgt_conn_close(conn, "send queue refused a work request");
	else if (lazy)
		iser_tgt_upper->posted(tx);
	return ret;
}

/**
 * iser_tgt_tx_prepare - ready a PDU for posting
 * @tx: the PDU, headers and data filled in
 * @data_len: bytes of data, at most ISER_TGT_FFP_DATA_MAX; padded here
 * @inv_rkey: STag of the initiator to invalidate, 0 for none
 *
 * Context: any.
 */
void iser_tgt_tx_prepare(struct iser_tgt_tx *tx, size_t data_len, u32 inv_rkey)
{
	size_t padded = ALIGN(data_len, 4);

	memset(iser_tgt_tx_data(tx) + data_len, 0, padded - data_len);
	tx->sge.length = ISER_TGT_HDR_LEN + padded;
	tx->wr.next = NULL;
	tx->wr.opcode = inv_rkey ? IB_WR_SEND_WITH_INV : IB_WR_SEND;
	tx->wr.ex.invalidate_rkey = inv_rkey;
	tx->xfer = NULL;
}

/**
 * iser_tgt_send - send a PDU
 * @tx: the PDU, headers and data filled in
 * @data_len: bytes of data, at most ISER_TGT_FFP_DATA_MAX
 * @inv_rkey: STag of the initiator to invalidate, 0 for none
 *
 * Every PDU in memory has its place in the send queue, so this never waits.
 *
 * Context: any but interrupts. @tx->done is called in any case.
 */
void iser_tgt_send(struct iser_tgt_tx *tx, size_t data_len, u32 inv_rkey)
{
	const struct ib_send_wr *bad;
	int ret;

	iser_tgt_tx_prepare(tx, data_len, inv_rkey);
	ret = iser_tgt_post(tx->conn, &tx->wr, &bad, tx);
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
	const struct ib_send_wr *bad;
	int ret;

	iser_tgt_tx_prepare(tx, 0, 0);
	tx->sge.length = ISER_TGT_ISER_HDR_LEN;
	tx->stamped = true;
	ret = iser_tgt_post(tx->conn, &tx->wr, &bad, tx);
	if (ret)
		tx->done(tx, ret);
}
