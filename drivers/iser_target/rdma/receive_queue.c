// SPDX-License-Identifier: GPL-2.0
/* Receive buffers, and how they get to the queue they are posted to. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/slab.h>

#include "../compat.h"
#include "rdma.h"

/* Both headers, cache line aligned, and what an AHS pushes out of the pages. */
#define ISER_TGT_RX_TAIL	128
#define ISER_TGT_RX_HDR_STRIDE	(ISER_TGT_RX_TAIL + ISER_TGT_RECV_AHS)
/* Buffers whose headers share a page. */
#define ISER_TGT_RX_SLAB	(PAGE_SIZE / ISER_TGT_RX_HDR_STRIDE)

static unsigned int recv_data_size = 8192;
module_param(recv_data_size, uint, 0444);
MODULE_PARM_DESC(recv_data_size,
		 "bytes of immediate data a receive buffer holds, 8192 to 65536");

/**
 * struct iser_tgt_rx_slab - receive buffers that were allocated together
 * @entry: on the queue's list
 * @nr: how many of @rx have, or had, all their memory
 * @retired: how many of these have it no more
 * @hdr: page that holds their headers
 * @hdr_dma: its bus address
 * @rx: the buffers
 */
struct iser_tgt_rx_slab {
	struct list_head entry;
	unsigned int nr;
	unsigned int retired;
	struct page *hdr;
	u64 hdr_dma;
	struct iser_tgt_rx rx[];
};

/**
 * iser_tgt_recv_data_size - data segment that receive buffers are made for
 *
 * Context: any.
 * Return: bytes.
 */
u32 iser_tgt_recv_data_size(void)
{
	return PAGE_ALIGN(clamp(recv_data_size, ISER_TGT_RECV_DATA_MIN,
				ISER_TGT_RECV_DATA_MAX));
}

/**
 * iser_tgt_rx_layout - how a device's receive buffers are cut
 * @dev: the device
 *
 * Single pages as long as the device, which has ISER_TGT_RECV_SGE_MIN, can
 * scatter enough of them.
 *
 * Context: any.
 */
void iser_tgt_rx_layout(struct iser_tgt_device *dev)
{
	unsigned int max = min_t(unsigned int, dev->ibdev->attrs.max_recv_sge,
				 2 + ISER_TGT_RECV_SGE);

	dev->recv_data = iser_tgt_recv_data_size();
	while (DIV_ROUND_UP(dev->recv_data, iser_tgt_recv_piece(dev)) > max - 2)
		dev->recv_order++;
	dev->recv_sge = 2 + DIV_ROUND_UP(dev->recv_data,
					 iser_tgt_recv_piece(dev));
}

/**
 * iser_tgt_rx_memory - what a receive buffer costs
 * @dev: the device
 *
 * Context: any.
 * Return: bytes.
 */
size_t iser_tgt_rx_memory(const struct iser_tgt_device *dev)
{
	return sizeof(struct iser_tgt_rx) + ISER_TGT_RX_HDR_STRIDE +
	       (dev->recv_sge - 2) * iser_tgt_recv_piece(dev);
}

static void iser_tgt_rx_exit(struct iser_tgt_device *dev,
			     struct iser_tgt_rx *rx)
{
	unsigned int i;

	for (i = 0; i < ISER_TGT_RECV_SGE && rx->page[i]; i++) {
		ib_dma_unmap_page(dev->ibdev, rx->sge[1 + i].addr,
				  iser_tgt_recv_piece(dev), DMA_FROM_DEVICE);
		__free_pages(rx->page[i], dev->recv_order);
		rx->page[i] = NULL;
	}
}

static int iser_tgt_rx_init(struct iser_tgt_rx_queue *q, struct iser_tgt_rx *rx)
{
	struct iser_tgt_device *dev = q->dev;
	u32 left = dev->recv_data;
	unsigned int i;

	rx->queue = q;
	rx->cqe.done = iser_tgt_recv_done;
	rx->wr.wr_cqe = &rx->cqe;
	rx->wr.sg_list = rx->sge;
	rx->wr.num_sge = dev->recv_sge;

	for (i = 0; left; i++) {
		struct ib_sge *sge = &rx->sge[1 + i];
		struct page *page;

		page = alloc_pages_node(ibdev_to_node(dev->ibdev), GFP_KERNEL |
					__GFP_NOWARN | __GFP_COMP,
					dev->recv_order);
		if (!page)
			goto exit;
		sge->addr = ib_dma_map_page(dev->ibdev, page, 0,
					    iser_tgt_recv_piece(dev),
					    DMA_FROM_DEVICE);
		if (ib_dma_mapping_error(dev->ibdev, sge->addr)) {
			__free_pages(page, dev->recv_order);
			goto exit;
		}
		rx->page[i] = page;
		sge->length = min(left, iser_tgt_recv_piece(dev));
		sge->lkey = dev->pd->local_dma_lkey;
		left -= sge->length;
	}
	return 0;

exit:
	iser_tgt_rx_exit(dev, rx);
	return -ENOMEM;
}

static void iser_tgt_rx_slab_free(struct iser_tgt_rx_queue *q,
				  struct iser_tgt_rx_slab *slab)
{
	unsigned int i;

	for (i = 0; i < slab->nr; i++)
		iser_tgt_rx_exit(q->dev, &slab->rx[i]);
	ib_dma_unmap_page(q->dev->ibdev, slab->hdr_dma, PAGE_SIZE,
			  DMA_FROM_DEVICE);
	__free_page(slab->hdr);
	kvfree(slab);
}

static struct iser_tgt_rx_slab *
iser_tgt_rx_slab_alloc(struct iser_tgt_rx_queue *q, unsigned int nr)
{
	struct ib_device *ibdev = q->dev->ibdev;
	int node = ibdev_to_node(ibdev);
	struct iser_tgt_rx_slab *slab;

	slab = kvzalloc_node(struct_size(slab, rx, nr), GFP_KERNEL, node);
	if (!slab)
		return NULL;

	slab->hdr = alloc_pages_node(node, GFP_KERNEL, 0);
	if (!slab->hdr)
		goto free_slab;
	slab->hdr_dma = ib_dma_map_page(ibdev, slab->hdr, 0, PAGE_SIZE,
					DMA_FROM_DEVICE);
	if (ib_dma_mapping_error(ibdev, slab->hdr_dma))
		goto free_page;

	for (; slab->nr < nr; slab->nr++) {
		struct iser_tgt_rx *rx = &slab->rx[slab->nr];
		size_t offset = slab->nr * ISER_TGT_RX_HDR_STRIDE;
		struct ib_sge *tail;

		if (iser_tgt_rx_init(q, rx)) {
			iser_tgt_rx_slab_free(q, slab);
			return NULL;
		}
		rx->slab = slab;
		rx->hdr = page_address(slab->hdr) + offset;
		rx->sge[0].addr = slab->hdr_dma + offset;
		rx->sge[0].length = ISER_TGT_HDR_LEN;
		rx->sge[0].lkey = q->dev->pd->local_dma_lkey;
		rx->tail = rx->hdr + ISER_TGT_RX_TAIL;
		tail = &rx->sge[q->dev->recv_sge - 1];
		tail->addr = rx->sge[0].addr + ISER_TGT_RX_TAIL;
		tail->length = ISER_TGT_RECV_AHS;
		tail->lkey = q->dev->pd->local_dma_lkey;
	}
	return slab;

free_page:
	__free_page(slab->hdr);
free_slab:
	kvfree(slab);
	return NULL;
}

/* Nothing may be posted behind the drain: see iser_tgt_conn_release(). */
static int iser_tgt_rx_post_own(struct iser_tgt_conn *conn,
				struct ib_recv_wr *first)
{
	int ret = -ENOTCONN;

	/* What a queue pair in error flushes it would only flush again. */
	if (iser_tgt_conn_closing(conn))
		return ret;

	spin_lock(&conn->post_lock);
	if (conn->state != ISER_TGT_CONN_CLOSING)
		ret = ib_post_recv(conn->qp, first, NULL);
	spin_unlock(&conn->post_lock);

	if (ret)
		iser_tgt_conn_close(conn, "receive buffers could not be posted");
	return ret;
}

/* What a shared queue does not take waits for the next that come back. */
static int iser_tgt_rx_post(struct iser_tgt_rx_queue *q,
			    struct ib_recv_wr *first)
{
	const struct ib_recv_wr *bad = first;
	int ret;

	if (!q->srq)
		return iser_tgt_rx_post_own(q->conn, first);

	ret = ib_post_srq_recv(q->srq, first, &bad);
	if (likely(!ret))
		return 0;

	pr_warn_ratelimited("%s: receive buffers could not be posted: %d\n",
			    dev_name(&q->dev->ibdev->dev), ret);
	while (bad) {
		struct iser_tgt_rx *rx = container_of(bad, struct iser_tgt_rx,
						      wr);

		bad = bad->next;
		llist_add(&rx->free, &q->free);
		atomic_inc(&q->nr_free);
	}
	return ret;
}

/* What was the processor's to read is the device's again. */
static void iser_tgt_rx_sync(struct iser_tgt_rx *rx)
{
	struct ib_device *ibdev = rx->queue->dev->ibdev;
	u32 left = rx->received;
	int i;

	for (i = 0; left; i++) {
		u32 len = min(left, rx->sge[i].length);

		ib_dma_sync_single_for_device(ibdev, rx->sge[i].addr, len,
					      DMA_FROM_DEVICE);
		left -= len;
	}
}

static int iser_tgt_rx_slab_post(struct iser_tgt_rx_queue *q,
				 struct iser_tgt_rx_slab *slab)
{
	unsigned int i;

	/* Freshly mapped, they are the device's. */
	for (i = 0; i < slab->nr; i++)
		slab->rx[i].wr.next = i + 1 < slab->nr ? &slab->rx[i + 1].wr :
							 NULL;
	return iser_tgt_rx_post(q, &slab->rx[0].wr);
}

/**
 * iser_tgt_rx_max - how many buffers there may be
 * @q: the queue
 *
 * Context: any.
 * Return: the number, as the administrator wants it now.
 */
unsigned int iser_tgt_rx_max(const struct iser_tgt_rx_queue *q)
{
	return q->srq ? iser_tgt_shared_limit(q) : q->max;
}

/* Claims the right to have @nr more; returns how many that may be. */
static unsigned int iser_tgt_rx_queue_claim(struct iser_tgt_rx_queue *q,
					    unsigned int nr)
{
	unsigned int max = iser_tgt_rx_max(q);

	spin_lock(&q->lock);
	nr = min(nr, max - min(max, q->nr));
	q->nr += nr;
	spin_unlock(&q->lock);

	return nr;
}

static void iser_tgt_rx_queue_unclaim(struct iser_tgt_rx_queue *q,
				      unsigned int nr)
{
	spin_lock(&q->lock);
	q->nr -= nr;
	spin_unlock(&q->lock);
}

/**
 * iser_tgt_rx_queue_grow - allocate and post more receive buffers
 * @q: the queue
 * @nr: how many
 *
 * Context: may sleep.
 * Return: 0; -ENOSPC at the queue's limit, -ENOMEM, or what the device says.
 * A part may have been added all the same.
 */
int iser_tgt_rx_queue_grow(struct iser_tgt_rx_queue *q, unsigned int nr)
{
	while (nr) {
		unsigned int n = min_t(unsigned int, nr, ISER_TGT_RX_SLAB);
		struct iser_tgt_rx_slab *slab;
		int ret;

		n = iser_tgt_rx_queue_claim(q, n);
		if (!n)
			return -ENOSPC;

		slab = iser_tgt_rx_slab_alloc(q, n);
		if (!slab) {
			iser_tgt_rx_queue_unclaim(q, n);
			return -ENOMEM;
		}
		spin_lock(&q->lock);
		list_add_tail(&slab->entry, &q->slabs);
		spin_unlock(&q->lock);

		ret = iser_tgt_rx_slab_post(q, slab);
		atomic_add(n, &q->spare);
		if (ret)
			return ret;
		nr -= n;
	}
	return 0;
}

static bool iser_tgt_rx_retired(struct iser_tgt_rx *rx)
{
	struct iser_tgt_rx_queue *q = rx->queue;

	if (likely(!atomic_read(&q->retire)) ||
	    atomic_dec_if_positive(&q->retire) < 0)
		return false;

	llist_add(&rx->free, &q->retired);
	return true;
}

/**
 * iser_tgt_rx_free_retired - free what has been retired
 * @q: the queue
 *
 * Context: may sleep; one caller at a time.
 */
void iser_tgt_rx_free_retired(struct iser_tgt_rx_queue *q)
{
	struct llist_node *list = llist_del_all(&q->retired);
	struct iser_tgt_rx *rx, *next;

	llist_for_each_entry_safe(rx, next, list, free) {
		struct iser_tgt_rx_slab *slab = rx->slab;
		bool last = ++slab->retired == slab->nr;

		iser_tgt_rx_exit(q->dev, rx);
		spin_lock(&q->lock);
		q->nr--;
		if (last)
			list_del(&slab->entry);
		spin_unlock(&q->lock);
		if (last)
			iser_tgt_rx_slab_free(q, slab);
	}
}

/**
 * iser_tgt_rx_put - a receive buffer is no longer needed
 * @rx: the buffer
 *
 * Context: any but interrupts.
 */
void iser_tgt_rx_put(struct iser_tgt_rx *rx)
{
	struct iser_tgt_rx_queue *q = rx->queue;
	struct ib_recv_wr *first = NULL;
	struct iser_tgt_rx *next;
	struct llist_node *list;
	int nr = 0;

	llist_add(&rx->free, &q->free);
	if (atomic_inc_return(&q->nr_free) < READ_ONCE(q->batch))
		return;

	list = llist_del_all(&q->free);
	llist_for_each_entry_safe(rx, next, list, free) {
		nr++;
		if (iser_tgt_rx_retired(rx))
			continue;
		iser_tgt_rx_sync(rx);
		rx->wr.next = first;
		first = &rx->wr;
	}
	atomic_sub(nr, &q->nr_free);
	if (first)
		iser_tgt_rx_post(q, first);
}

/**
 * iser_tgt_rx_queue_alloc - a queue without buffers
 * @dev: the device
 * @max: buffers it may have
 *
 * Context: may sleep.
 * Return: the queue, or NULL.
 */
struct iser_tgt_rx_queue *iser_tgt_rx_queue_alloc(struct iser_tgt_device *dev,
						  unsigned int max)
{
	struct iser_tgt_rx_queue *q;

	q = kzalloc_node(sizeof(*q), GFP_KERNEL, ibdev_to_node(dev->ibdev));
	if (!q)
		return NULL;

	q->dev = dev;
	q->max = max;
	q->batch = 1;
	spin_lock_init(&q->lock);
	INIT_LIST_HEAD(&q->slabs);
	init_llist_head(&q->free);
	init_llist_head(&q->retired);
	return q;
}

/**
 * iser_tgt_rx_queue_own - a queue for one connection
 * @conn: the connection, with its queue pair
 *
 * Context: may sleep.
 * Return: the queue, empty, or NULL.
 */
struct iser_tgt_rx_queue *iser_tgt_rx_queue_own(struct iser_tgt_conn *conn)
{
	struct iser_tgt_rx_queue *q;

	q = iser_tgt_rx_queue_alloc(conn->dev, conn->recv_wr);
	if (q)
		q->conn = conn;
	return q;
}

/**
 * iser_tgt_rx_queue_begin - post what a login needs
 * @conn: the connection, with its queue pair
 *
 * Not before the connection is sure to be drained: siw completes what is posted
 * when its queue pair is destroyed.
 *
 * Context: may sleep.
 * Return: 0 or a negative errno.
 */
int iser_tgt_rx_queue_begin(struct iser_tgt_conn *conn)
{
	struct iser_tgt_rx_queue *q = conn->rxq;
	int ret;

	if (q->srq) {
		ret = iser_tgt_rx_reserve(q, ISER_TGT_LOGIN_RECV);
		if (!ret)
			conn->rx_reserved = ISER_TGT_LOGIN_RECV;
		return ret;
	}

	ret = iser_tgt_rx_queue_grow(q, ISER_TGT_LOGIN_RECV);
	/* They stay beside those of the session. */
	atomic_set(&q->spare, 0);
	return ret;
}

/**
 * iser_tgt_rx_queue_free - free it and its buffers
 * @q: a queue nobody uses any more: its queue pairs are destroyed
 *
 * Context: may sleep.
 */
void iser_tgt_rx_queue_free(struct iser_tgt_rx_queue *q)
{
	struct iser_tgt_rx_slab *slab, *next;

	if (q->srq) {
		cancel_work_sync(&q->upkeep);
		ib_destroy_srq(q->srq);
		/* Its last event may have queued it once more. */
		cancel_work_sync(&q->upkeep);
	}
	list_for_each_entry_safe(slab, next, &q->slabs, entry)
		iser_tgt_rx_slab_free(q, slab);
	kfree(q);
}
