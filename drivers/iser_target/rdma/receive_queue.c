// SPDX-License-Identifier: GPL-2.0
/* Receive buffers, and how they get to the queue they are posted to. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/slab.h>

#include "conn.h"
#include "device.h"
#include "dma_page.h"
#include "receive_queue.h"

/* Both headers, cache line aligned; behind them what an AHS displaces. */
#define ISER_TGT_RX_TAIL	128
#define ISER_TGT_RX_HDR_STRIDE	(ISER_TGT_RX_TAIL + ISER_TGT_RECV_AHS)
/* Buffers whose headers share a page. */
#define ISER_TGT_RX_SLAB	(PAGE_SIZE / ISER_TGT_RX_HDR_STRIDE)

static unsigned int srq_size = 2048;
module_param(srq_size, uint, 0644);
MODULE_PARM_DESC(srq_size,
		 "receive buffers that the connections of a completion vector may share, at most; 0: none are shared");

static unsigned int recv_data_size = 8192;
module_param(recv_data_size, uint, 0444);
MODULE_PARM_DESC(recv_data_size,
		 "bytes of immediate data a receive buffer holds, 8192 to 65536");

/**
 * struct iser_tgt_rx_slab - receive buffers that were allocated together
 * @entry: on the queue's list
 * @nr: buffers that are, or were, complete
 * @retired: how many of these were freed
 * @hdr: page that holds their headers
 * @hdr_dma: its bus address
 * @buf: the buffers
 */
struct iser_tgt_rx_slab {
	struct list_head entry;
	unsigned int nr;
	unsigned int retired;
	struct page *hdr;
	u64 hdr_dma;
	struct iser_tgt_rx_buf buf[];
};

/**
 * iser_tgt_recv_data_size - data segment that receive buffers are made for
 *
 * Return: bytes.
 */
u32 iser_tgt_recv_data_size(void)
{
	return PAGE_ALIGN(clamp(recv_data_size, ISER_TGT_RECV_DATA_MIN,
				ISER_TGT_RECV_DATA_MAX));
}

/**
 * iser_tgt_rx_layout - choose the layout of a device's receive buffers
 * @dev: the device
 *
 * Single pages if the device has scatter elements for them, otherwise larger
 * pieces. It has ISER_TGT_RECV_SGE_MIN at least.
 */
void iser_tgt_rx_layout(struct iser_tgt_device *dev)
{
	unsigned int max = min_t(unsigned int, dev->ibdev->attrs.max_recv_sge,
				 2 + ISER_TGT_RECV_SGE);

	dev->recv_data = iser_tgt_recv_data_size();
	while (DIV_ROUND_UP(dev->recv_data, iser_tgt_device_recv_piece(dev)) > max - 2)
		dev->recv_order++;
	dev->recv_sge = 2 + DIV_ROUND_UP(dev->recv_data,
					 iser_tgt_device_recv_piece(dev));
}

/**
 * iser_tgt_rx_memory - what a receive buffer costs
 * @dev: the device
 *
 * Return: bytes.
 */
size_t iser_tgt_rx_memory(const struct iser_tgt_device *dev)
{
	return sizeof(struct iser_tgt_rx_buf) + ISER_TGT_RX_HDR_STRIDE +
	       (dev->recv_sge - 2) * iser_tgt_device_recv_piece(dev);
}

static void iser_tgt_rx_exit(struct iser_tgt_device *dev,
			     struct iser_tgt_rx_buf *buf)
{
	unsigned int i;

	for (i = 0; i < ISER_TGT_RECV_SGE && buf->page[i]; i++) {
		iser_tgt_dma_page_free(dev->ibdev, buf->page[i],
				       dev->recv_order, DMA_FROM_DEVICE,
				       buf->sge[1 + i].addr);
		buf->page[i] = NULL;
	}
}

static int iser_tgt_rx_init(struct iser_tgt_rx_queue *q, struct iser_tgt_rx_buf *buf)
{
	struct iser_tgt_device *dev = q->dev;
	u32 left = dev->recv_data;
	unsigned int i;

	buf->queue = q;
	buf->cqe.done = q->done;
	buf->wr.wr_cqe = &buf->cqe;
	buf->wr.sg_list = buf->sge;
	buf->wr.num_sge = dev->recv_sge;
	sg_init_table(buf->sg, ARRAY_SIZE(buf->sg));

	for (i = 0; left; i++) {
		struct ib_sge *sge = &buf->sge[1 + i];

		buf->page[i] = iser_tgt_dma_page_alloc(dev->ibdev, GFP_KERNEL |
						       __GFP_NOWARN,
						       dev->recv_order,
						       DMA_FROM_DEVICE,
						       &sge->addr);
		if (!buf->page[i])
			goto exit;
		sge->length = min(left, iser_tgt_device_recv_piece(dev));
		sge->lkey = dev->pd->local_dma_lkey;
		left -= sge->length;
	}
	return 0;

exit:
	iser_tgt_rx_exit(dev, buf);
	return -ENOMEM;
}

static void iser_tgt_rx_slab_free(struct iser_tgt_rx_queue *q,
				  struct iser_tgt_rx_slab *slab)
{
	unsigned int i;

	for (i = 0; i < slab->nr; i++)
		iser_tgt_rx_exit(q->dev, &slab->buf[i]);
	iser_tgt_dma_page_free(q->dev->ibdev, slab->hdr, 0, DMA_FROM_DEVICE,
			       slab->hdr_dma);
	kvfree(slab);
}

static struct iser_tgt_rx_slab *
iser_tgt_rx_slab_alloc(struct iser_tgt_rx_queue *q, unsigned int nr)
{
	struct ib_device *ibdev = q->dev->ibdev;
	int node = ibdev_to_node(ibdev);
	struct iser_tgt_rx_slab *slab;

	slab = kvzalloc_node(struct_size(slab, buf, nr), GFP_KERNEL, node);
	if (!slab)
		return NULL;

	slab->hdr = iser_tgt_dma_page_alloc(ibdev, GFP_KERNEL, 0,
					    DMA_FROM_DEVICE, &slab->hdr_dma);
	if (!slab->hdr) {
		kvfree(slab);
		return NULL;
	}

	for (; slab->nr < nr; slab->nr++) {
		struct iser_tgt_rx_buf *buf = &slab->buf[slab->nr];
		size_t offset = slab->nr * ISER_TGT_RX_HDR_STRIDE;
		struct ib_sge *tail;

		if (iser_tgt_rx_init(q, buf)) {
			iser_tgt_rx_slab_free(q, slab);
			return NULL;
		}
		buf->slab = slab;
		buf->rx.hdr = page_address(slab->hdr) + offset;
		buf->sge[0].addr = slab->hdr_dma + offset;
		buf->sge[0].length = ISER_TGT_HDR_LEN;
		buf->sge[0].lkey = q->dev->pd->local_dma_lkey;
		buf->tail = buf->rx.hdr + ISER_TGT_RX_TAIL;
		tail = &buf->sge[q->dev->recv_sge - 1];
		tail->addr = buf->sge[0].addr + ISER_TGT_RX_TAIL;
		tail->length = ISER_TGT_RECV_AHS;
		tail->lkey = q->dev->pd->local_dma_lkey;
	}
	return slab;
}

/* Nothing may be posted after the drain: see iser_tgt_conn_quiesce(). */
static int iser_tgt_rx_post_own(struct iser_tgt_conn *conn,
				struct ib_recv_wr *first)
{
	int ret = -ENOTCONN;

	/* A queue pair in error would flush the buffers again and again. */
	if (iser_tgt_conn_ends(conn))
		return ret;

	spin_lock(&conn->post_lock);
	if (conn->state != ISER_TGT_CONN_CLOSING)
		ret = ib_post_recv(conn->qp, first, NULL);
	spin_unlock(&conn->post_lock);

	if (ret)
		iser_tgt_conn_close(conn, "receive buffers could not be posted");
	return ret;
}

/* If posting fails, the buffers are kept for the next batch. */
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
		struct iser_tgt_rx_buf *buf = container_of(bad, struct iser_tgt_rx_buf,
						      wr);

		bad = bad->next;
		llist_add(&buf->free, &q->free);
		atomic_inc(&q->nr_free);
	}
	return ret;
}

/* Hand the received bytes back to the device. */
static noinline void iser_tgt_rx_sync(struct iser_tgt_rx_buf *buf)
{
	struct ib_device *ibdev = buf->queue->dev->ibdev;
	u32 left = buf->rx.received;
	int i;

	for (i = 0; left; i++) {
		u32 len = min(left, buf->sge[i].length);

		ib_dma_sync_single_for_device(ibdev, buf->sge[i].addr, len,
					      DMA_FROM_DEVICE);
		left -= len;
	}
}

static int iser_tgt_rx_slab_post(struct iser_tgt_rx_queue *q,
				 struct iser_tgt_rx_slab *slab)
{
	unsigned int i;

	/* Freshly mapped: the device owns them already. */
	for (i = 0; i < slab->nr; i++)
		slab->buf[i].wr.next = i + 1 < slab->nr ? &slab->buf[i + 1].wr :
							 NULL;
	return iser_tgt_rx_post(q, &slab->buf[0].wr);
}

/**
 * iser_tgt_rx_srq_size - how many buffers the connections of a vector may share
 *
 * Return: the number, as the administrator wants it now.
 */
u32 iser_tgt_rx_srq_size(void)
{
	return READ_ONCE(srq_size);
}

/**
 * iser_tgt_rx_max - how many buffers a queue may have
 * @q: the queue
 *
 * Return: the number; of a shared queue what srq_size says now, within what the
 * queue was made for.
 */
unsigned int iser_tgt_rx_max(const struct iser_tgt_rx_queue *q)
{
	if (!q->srq)
		return q->max;

	return clamp_t(unsigned int, READ_ONCE(srq_size), ISER_TGT_SRQ_FIRST,
		       q->max);
}

/* Returns how many of @nr may be added to the queue; they count from now on. */
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
 * iser_tgt_rx_queue_lost - buffers are not counted any more
 * @q: the queue
 * @nr: how many its device has lost
 */
void iser_tgt_rx_queue_lost(struct iser_tgt_rx_queue *q, unsigned int nr)
{
	q->lost += nr;
	iser_tgt_rx_queue_unclaim(q, nr);
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

static bool iser_tgt_rx_retired(struct iser_tgt_rx_buf *buf)
{
	struct iser_tgt_rx_queue *q = buf->queue;

	if (likely(!atomic_read(&q->retire)) ||
	    atomic_dec_if_positive(&q->retire) < 0)
		return false;

	llist_add(&buf->free, &q->retired);
	return true;
}

/**
 * iser_tgt_rx_free_retired - free buffers that were retired and returned
 * @q: the queue
 *
 * Context: may sleep; one caller at a time.
 */
void iser_tgt_rx_free_retired(struct iser_tgt_rx_queue *q)
{
	struct llist_node *list = llist_del_all(&q->retired);
	struct iser_tgt_rx_buf *buf, *next;

	llist_for_each_entry_safe(buf, next, list, free) {
		struct iser_tgt_rx_slab *slab = buf->slab;
		bool last = ++slab->retired == slab->nr;

		iser_tgt_rx_exit(q->dev, buf);
		spin_lock(&q->lock);
		q->nr--;
		if (last)
			list_del(&slab->entry);
		spin_unlock(&q->lock);
		if (last)
			iser_tgt_rx_slab_free(q, slab);
	}
}

/* Apart, so that iser_tgt_rx_put() saves no registers for seven calls of eight. */
static noinline void iser_tgt_rx_repost(struct iser_tgt_rx_queue *q)
{
	struct llist_node *list = llist_del_all(&q->free);
	/* Not before: a buffer may have been mapped since. */
	bool syncs = iser_tgt_device_syncs(q->dev);
	struct iser_tgt_rx_buf *buf, *next;
	struct ib_recv_wr *first = NULL;
	int nr = 0;

	llist_for_each_entry_safe(buf, next, list, free) {
		nr++;
		if (iser_tgt_rx_retired(buf))
			continue;
		if (syncs)
			iser_tgt_rx_sync(buf);
		buf->wr.next = first;
		first = &buf->wr;
	}
	atomic_sub(nr, &q->nr_free);
	if (first)
		iser_tgt_rx_post(q, first);
}

/**
 * iser_tgt_rx_put - return the receive buffer of a PDU
 * @rx: the PDU
 *
 * Context: any but interrupts.
 */
void iser_tgt_rx_put(struct iser_tgt_rx *rx)
{
	struct iser_tgt_rx_buf *buf = iser_tgt_rx_buf(rx);
	struct iser_tgt_rx_queue *q = buf->queue;

	llist_add(&buf->free, &q->free);
	if (atomic_inc_return(&q->nr_free) >= READ_ONCE(q->batch))
		iser_tgt_rx_repost(q);
}

/**
 * iser_tgt_rx_queue_alloc - allocate a queue without buffers
 * @dev: the device
 * @max: buffers it may have
 * @done: completion handler of its buffers
 *
 * Context: may sleep.
 * Return: the queue, or NULL.
 */
struct iser_tgt_rx_queue *
iser_tgt_rx_queue_alloc(struct iser_tgt_device *dev, unsigned int max,
			void (*done)(struct ib_cq *cq, struct ib_wc *wc))
{
	struct iser_tgt_rx_queue *q;

	q = kzalloc_node(sizeof(*q), GFP_KERNEL, ibdev_to_node(dev->ibdev));
	if (!q)
		return NULL;

	q->dev = dev;
	q->max = max;
	q->batch = 1;
	q->done = done;
	spin_lock_init(&q->lock);
	INIT_LIST_HEAD(&q->slabs);
	init_llist_head(&q->free);
	init_llist_head(&q->retired);
	return q;
}

/**
 * iser_tgt_rx_queue_free - free a queue and its buffers
 * @q: the queue; its queue pairs are destroyed
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
