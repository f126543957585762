// SPDX-License-Identifier: GPL-2.0
/*
 * Receive buffers, and the way of a received PDU to the layer above: at once
 * in the completion handler, or in order from a worker while something waits.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>

#include "rdma.h"

/* Two headers fit, cache line aligned. */
#define ISER_TGT_RX_HDR_STRIDE	128
#define ISER_TGT_RX_HDR_PER_PAGE	(PAGE_SIZE / ISER_TGT_RX_HDR_STRIDE)

static void iser_tgt_recv_done(struct ib_cq *cq, struct ib_wc *wc);

static int iser_tgt_rx_map(struct ib_device *ibdev, struct page *page,
			   u64 *dma)
{
	*dma = ib_dma_map_page(ibdev, page, 0, PAGE_SIZE, DMA_FROM_DEVICE);
	return ib_dma_mapping_error(ibdev, *dma) ? -ENOMEM : 0;
}

static int iser_tgt_rx_init(struct iser_tgt_conn *conn, struct iser_tgt_rx *rx)
{
	struct ib_device *ibdev = conn->dev->ibdev;
	u32 lkey = conn->dev->pd->local_dma_lkey;
	int i;

	rx->conn = conn;
	rx->cqe.done = iser_tgt_recv_done;
	rx->wr.wr_cqe = &rx->cqe;
	rx->wr.sg_list = rx->sge;
	rx->wr.num_sge = ARRAY_SIZE(rx->sge);
	rx->sge[0].length = ISER_TGT_HDR_LEN;
	rx->sge[0].lkey = lkey;

	for (i = 0; i < ISER_TGT_RECV_PAGES; i++) {
		struct ib_sge *sge = &rx->sge[1 + i];
		struct page *page = alloc_page(GFP_KERNEL);

		if (!page)
			return -ENOMEM;
		if (iser_tgt_rx_map(ibdev, page, &sge->addr)) {
			__free_page(page);
			return -ENOMEM;
		}
		rx->page[i] = page;
		sge->length = min_t(u32, PAGE_SIZE,
				    ISER_TGT_RECV_DATA - i * PAGE_SIZE);
		sge->lkey = lkey;
	}
	return 0;
}

/**
 * iser_tgt_rx_ring_alloc - allocate receive buffers
 * @conn: the connection
 * @ring: where to keep them; zeroed
 * @nr: how many
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM, with nothing left behind.
 */
int iser_tgt_rx_ring_alloc(struct iser_tgt_conn *conn,
			   struct iser_tgt_rx_ring *ring, unsigned int nr)
{
	unsigned int pages = DIV_ROUND_UP(nr, ISER_TGT_RX_HDR_PER_PAGE);
	struct ib_device *ibdev = conn->dev->ibdev;
	unsigned int i, j;
	u64 dma;

	ring->rx = kvcalloc(nr, sizeof(*ring->rx), GFP_KERNEL);
	ring->hdr = kcalloc(pages, sizeof(*ring->hdr), GFP_KERNEL);
	if (!ring->rx || !ring->hdr)
		goto free;
	ring->nr = nr;

	for (i = 0; i < nr; i += ISER_TGT_RX_HDR_PER_PAGE) {
		struct page *page = alloc_page(GFP_KERNEL);

		if (!page)
			goto free;
		if (iser_tgt_rx_map(ibdev, page, &dma)) {
			__free_page(page);
			goto free;
		}
		ring->hdr[i / ISER_TGT_RX_HDR_PER_PAGE] = page;

		for (j = i; j < min_t(unsigned int, nr,
				      i + ISER_TGT_RX_HDR_PER_PAGE); j++) {
			size_t offset = (j - i) * ISER_TGT_RX_HDR_STRIDE;

			ring->rx[j].hdr = page_address(page) + offset;
			ring->rx[j].sge[0].addr = dma + offset;
		}
	}

	for (i = 0; i < nr; i++)
		if (iser_tgt_rx_init(conn, &ring->rx[i]))
			goto free;

	return 0;

free:
	iser_tgt_rx_ring_free(conn, ring);
	return -ENOMEM;
}

/**
 * iser_tgt_rx_ring_free - free receive buffers
 * @conn: the connection, drained
 * @ring: whole, in part, or not allocated at all
 *
 * Context: may sleep.
 */
void iser_tgt_rx_ring_free(struct iser_tgt_conn *conn,
			   struct iser_tgt_rx_ring *ring)
{
	struct ib_device *ibdev = conn->dev->ibdev;
	unsigned int i, j;

	for (i = 0; i < ring->nr; i++) {
		struct iser_tgt_rx *rx = &ring->rx[i];

		for (j = 0; j < ISER_TGT_RECV_PAGES; j++) {
			if (!rx->page[j])
				continue;
			ib_dma_unmap_page(ibdev, rx->sge[1 + j].addr, PAGE_SIZE,
					  DMA_FROM_DEVICE);
			__free_page(rx->page[j]);
		}
	}
	for (i = 0; i < ring->nr; i += ISER_TGT_RX_HDR_PER_PAGE) {
		struct page *page = ring->hdr[i / ISER_TGT_RX_HDR_PER_PAGE];

		if (!page)
			continue;
		ib_dma_unmap_page(ibdev, ring->rx[i].sge[0].addr, PAGE_SIZE,
				  DMA_FROM_DEVICE);
		__free_page(page);
	}
	kvfree(ring->rx);
	kfree(ring->hdr);
	memset(ring, 0, sizeof(*ring));
}

/* Nothing may be posted behind the drain: see iser_tgt_conn_release(). */
static int iser_tgt_post_recv(struct iser_tgt_conn *conn,
			      struct ib_recv_wr *first)
{
	int ret = -ENOTCONN;

	spin_lock(&conn->post_lock);
	if (conn->state != ISER_TGT_CONN_CLOSING)
		ret = ib_post_recv(conn->qp, first, NULL);
	spin_unlock(&conn->post_lock);

	if (ret)
		iser_tgt_conn_close(conn, "receive buffers could not be posted");
	return ret;
}

/**
 * iser_tgt_rx_ring_post - post all buffers of a ring for the first time
 * @conn: the connection
 * @ring: the ring
 *
 * Context: any but interrupts.
 * Return: 0 or a negative errno; the connection is then closing.
 */
int iser_tgt_rx_ring_post(struct iser_tgt_conn *conn,
			  struct iser_tgt_rx_ring *ring)
{
	struct ib_device *ibdev = conn->dev->ibdev;
	unsigned int i, j;

	for (i = 0; i < ring->nr; i++) {
		struct iser_tgt_rx *rx = &ring->rx[i];

		for (j = 0; j < ARRAY_SIZE(rx->sge); j++)
			ib_dma_sync_single_for_device(ibdev, rx->sge[j].addr,
						      rx->sge[j].length,
						      DMA_FROM_DEVICE);
		rx->wr.next = i + 1 < ring->nr ? &ring->rx[i + 1].wr : NULL;
	}
	return iser_tgt_post_recv(conn, &ring->rx[0].wr);
}

/**
 * iser_tgt_rx_grow - from the login's buffers to the session's
 * @conn: the connection, at the end of its login
 * @nr: buffers to have
 *
 * Context: may sleep.
 * Return: 0 or a negative errno.
 */
int iser_tgt_rx_grow(struct iser_tgt_conn *conn, unsigned int nr)
{
	struct iser_tgt_rx_ring ring = {};
	int ret;

	ret = iser_tgt_rx_ring_alloc(conn, &ring, nr);
	if (ret)
		return ret;

	conn->login_ring = conn->ring;
	conn->ring = ring;
	ret = iser_tgt_rx_ring_post(conn, &conn->ring);
	if (!ret)
		WRITE_ONCE(conn->rx_batch, ISER_TGT_RECV_BATCH);
	return ret;
}

/**
 * iser_tgt_rx_put - a receive buffer is no longer needed
 * @rx: the buffer
 *
 * Context: any but interrupts.
 */
void iser_tgt_rx_put(struct iser_tgt_rx *rx)
{
	struct iser_tgt_conn *conn = rx->conn;
	struct ib_recv_wr *first = NULL;
	struct iser_tgt_rx *next;
	struct llist_node *list;
	unsigned int i;
	int nr = 0;

	llist_add(&rx->free, &conn->rx_free);
	if (atomic_inc_return(&conn->rx_free_nr) < READ_ONCE(conn->rx_batch))
		return;

	list = llist_del_all(&conn->rx_free);
	llist_for_each_entry_safe(rx, next, list, free) {
		for (i = 0; i < ARRAY_SIZE(rx->sge); i++)
			ib_dma_sync_single_for_device(conn->dev->ibdev,
						      rx->sge[i].addr,
						      rx->sge[i].length,
						      DMA_FROM_DEVICE);
		rx->wr.next = first;
		first = &rx->wr;
		nr++;
	}
	if (!first)
		return;
	atomic_sub(nr, &conn->rx_free_nr);
	iser_tgt_post_recv(conn, first);
}

/**
 * iser_tgt_rx_copy - copy out what follows the headers
 * @rx: the PDU
 * @skip: bytes behind the headers to skip (the AHS, to get at the data)
 * @buf: where to
 * @len: bytes; what the pages do not hold is not copied
 *
 * Context: any.
 * Return: bytes copied.
 */
size_t iser_tgt_rx_copy(const struct iser_tgt_rx *rx, size_t skip, void *buf,
			size_t len)
{
	size_t done = 0;

	while (done < len && skip < ISER_TGT_RECV_DATA) {
		size_t off = skip % PAGE_SIZE;
		size_t n = min3(len - done, (size_t)PAGE_SIZE - off,
				ISER_TGT_RECV_DATA - skip);

		memcpy(buf + done,
		       page_address(rx->page[skip / PAGE_SIZE]) + off, n);
		done += n;
		skip += n;
	}
	return done;
}

static void iser_tgt_rx_park(struct iser_tgt_rx *rx)
{
	struct iser_tgt_conn *conn = rx->conn;

	spin_lock(&conn->rx_lock);
	conn->rx_parked = true;
	list_add_tail(&rx->entry, &conn->rx_waiting);
	spin_unlock(&conn->rx_lock);
	queue_work(iser_tgt_wq, &conn->rx_work);
}

/*
 * The layer above may give the buffer back before it returns, so the entry
 * leaves the list first, and goes back to its head if it has to wait on.
 */
static int iser_tgt_rx_deliver(struct iser_tgt_conn *conn,
			       struct iser_tgt_rx *rx)
{
	int ret;

	spin_lock(&conn->rx_lock);
	list_del(&rx->entry);
	spin_unlock(&conn->rx_lock);

	ret = iser_tgt_upper->receive(conn, rx);
	if (ret == -EAGAIN) {
		spin_lock(&conn->rx_lock);
		list_add(&rx->entry, &conn->rx_waiting);
		spin_unlock(&conn->rx_lock);
	}
	return ret;
}

/**
 * iser_tgt_rx_work - handle PDUs that wait, in order
 * @work: of the connection
 *
 * rx_parked keeps the completion handler out while one is handled here.
 *
 * Context: process.
 */
void iser_tgt_rx_work(struct work_struct *work)
{
	struct iser_tgt_conn *conn =
		container_of(work, struct iser_tgt_conn, rx_work);
	struct iser_tgt_rx *rx;

	if (READ_ONCE(conn->state) == ISER_TGT_CONN_CONNECTING)
		return;

	while (!iser_tgt_conn_closing(conn)) {
		spin_lock(&conn->rx_lock);
		rx = list_first_entry_or_null(&conn->rx_waiting,
					      struct iser_tgt_rx, entry);
		if (!rx && conn->rx_direct)
			/* Pairs with the acquire in iser_tgt_recv_done(). */
			smp_store_release(&conn->rx_parked, false);
		spin_unlock(&conn->rx_lock);

		if (!rx || iser_tgt_rx_deliver(conn, rx) == -EAGAIN)
			return;
	}
}

/**
 * iser_tgt_conn_kick - what a waiting PDU lacked may be there now
 * @conn: the connection
 *
 * Context: any.
 */
void iser_tgt_conn_kick(struct iser_tgt_conn *conn)
{
	/* Pairs with the lock around the setting of rx_parked. */
	smp_mb();
	if (READ_ONCE(conn->rx_parked) && !iser_tgt_conn_closing(conn))
		queue_work(iser_tgt_wq, &conn->rx_work);
}

/**
 * iser_tgt_rx_start - the connection is established
 * @conn: the connection
 *
 * A PDU may have come in before the RDMA CM told us; it waits.
 *
 * Context: any but interrupts.
 */
void iser_tgt_rx_start(struct iser_tgt_conn *conn)
{
	spin_lock(&conn->post_lock);
	if (conn->state == ISER_TGT_CONN_CONNECTING)
		conn->state = ISER_TGT_CONN_LOGIN;
	spin_unlock(&conn->post_lock);

	queue_work(iser_tgt_wq, &conn->rx_work);
}

static void iser_tgt_recv_sync(struct iser_tgt_rx *rx, u32 received)
{
	struct ib_device *ibdev = rx->conn->dev->ibdev;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rx->sge) && received; i++) {
		u32 len = min(received, rx->sge[i].length);

		ib_dma_sync_single_for_cpu(ibdev, rx->sge[i].addr, len,
					   DMA_FROM_DEVICE);
		received -= len;
	}
}

static void iser_tgt_recv_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct iser_tgt_rx *rx =
		container_of(wc->wr_cqe, struct iser_tgt_rx, cqe);
	struct iser_tgt_conn *conn = rx->conn;

	if (wc->status != IB_WC_SUCCESS) {
		if (wc->status != IB_WC_WR_FLUSH_ERR)
			pr_warn_ratelimited("%pISpc: receive failed: %s\n",
					    &conn->peer,
					    ib_wc_status_msg(wc->status));
		iser_tgt_conn_close(conn, "receive failed");
		return;
	}
	if (iser_tgt_conn_closing(conn))
		return;

	WRITE_ONCE(conn->last_rx, jiffies);
	iser_tgt_recv_sync(rx, wc->byte_len);
	rx->received = wc->byte_len;
	rx->error = iser_tgt_pdu_parse(&rx->pdu, rx->hdr, wc->byte_len);

	/* Pairs with the release in iser_tgt_rx_work(). */
	if (smp_load_acquire(&conn->rx_parked) ||
	    iser_tgt_upper->receive(conn, rx) == -EAGAIN)
		iser_tgt_rx_park(rx);
}
