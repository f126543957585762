// SPDX-License-Identifier: GPL-2.0
/* Receive queues that all connections of a completion vector share. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/printk.h>

#include "conn.h"
#include "device.h"
#include "receive_reserve.h"
#include "receive_queue.h"
#include "receive_shared.h"

/* Buffers to add at a time. */
#define ISER_TGT_RX_STEP	32
/* Buffers that stay spare when others are given back. */
#define ISER_TGT_SRQ_SPARE	32

/*
 * A completion queue has room for all of a shared queue, and as many entries for
 * the sends of its connections.
 */
static u32 iser_tgt_shared_max(const struct iser_tgt_device *dev)
{
	const struct ib_device_attr *attrs = &dev->ibdev->attrs;

	return min3(iser_tgt_rx_srq_size(), (u32)attrs->max_srq_wr,
		    (u32)attrs->max_cqe / 2);
}

/**
 * iser_tgt_shared_usable - are receive buffers shared on a device
 * @dev: the device
 *
 * iWARP has no RNR NAK: a shared queue that one peer empties would end the
 * connections of the others.
 *
 * Return: true if there are shared receive queues.
 */
bool iser_tgt_shared_usable(const struct iser_tgt_device *dev)
{
	const struct ib_device_attr *attrs = &dev->ibdev->attrs;

	return !dev->quirks.srq_silent &&
	       iser_tgt_shared_max(dev) >= ISER_TGT_SRQ_FIRST &&
	       attrs->max_srq >= dev->nr_vectors &&
	       attrs->max_srq_sge >= dev->recv_sge &&
	       !rdma_protocol_iwarp(dev->ibdev,
				    rdma_start_port(dev->ibdev));
}

/*
 * At least as many are posted as were spare at the time of the event: each buffer
 * received into was reserved. So if a device reports that fewer than the limit are
 * posted, it has lost the rest. Others take their places, but their memory stays
 * until the queue is freed, as the device may still know it. A queue that has lost
 * as many as it may have takes no more connections, and so will be freed.
 */
static void iser_tgt_shared_write_off(struct iser_tgt_rx_queue *q, int spare)
{
	int lost = spare - ISER_TGT_SRQ_LIMIT;

	if (lost <= 0)
		return;

	atomic_sub(lost, &q->spare);
	iser_tgt_rx_queue_lost(q, lost);
	if (q->lost >= iser_tgt_rx_max(q) && !q->worn) {
		pr_warn("%s: a shared receive queue has lost %u buffers: new connections get queues of their own\n",
			dev_name(&q->dev->ibdev->dev), q->lost);
		WRITE_ONCE(q->worn, true);
	}
}

static void iser_tgt_shared_grow(struct iser_tgt_rx_queue *q)
{
	struct ib_srq_attr attr = { .srq_limit = ISER_TGT_SRQ_LIMIT };
	int spare = xchg(&q->ran_short, 0);

	if (spare && READ_ONCE(q->lossy))
		iser_tgt_shared_write_off(q, spare);
	if (atomic_read(&q->spare) <= ISER_TGT_SRQ_LIMIT &&
	    iser_tgt_rx_queue_grow(q, q->step))
		pr_debug("%s: no more shared receive buffers, there are %u\n",
			 dev_name(&q->dev->ibdev->dev), q->nr);
	if (READ_ONCE(q->lossy) && ib_modify_srq(q->srq, &attr, IB_SRQ_LIMIT))
		pr_debug("%s: the limit of a shared receive queue cannot be set\n",
			 dev_name(&q->dev->ibdev->dev));
}

static void iser_tgt_shared_close(struct iser_tgt_rx_queue *q)
{
	spin_lock(&iser_tgt_conn_lock);
	iser_tgt_device_close_conns(q->dev, q, "shared receive queue failed");
	spin_unlock(&iser_tgt_conn_lock);
}

/* Events may be raised in an interrupt. */
static void iser_tgt_shared_upkeep(struct work_struct *work)
{
	struct iser_tgt_rx_queue *q =
		container_of(work, struct iser_tgt_rx_queue, upkeep);

	if (READ_ONCE(q->failed))
		iser_tgt_shared_close(q);
	else
		iser_tgt_shared_grow(q);
}

static void iser_tgt_srq_event(struct ib_event *event, void *context)
{
	struct iser_tgt_rx_queue *q = context;

	switch (event->event) {
	case IB_EVENT_SRQ_ERR:
		pr_err("%s: shared receive queue: %s: closing its connections, others get queues of their own\n",
		       dev_name(&event->device->dev),
		       ib_event_msg(event->event));
		WRITE_ONCE(q->failed, true);
		break;
	case IB_EVENT_SRQ_LIMIT_REACHED:
		/* Those that are added before @upkeep runs were not lost. */
		WRITE_ONCE(q->ran_short, atomic_read(&q->spare));
		fallthrough;
	default:
		pr_info_ratelimited("%s: shared receive queue: %s\n",
				    dev_name(&event->device->dev),
				    ib_event_msg(event->event));
		break;
	}
	queue_work(iser_tgt_misc_wq, &q->upkeep);
}

/**
 * iser_tgt_shared_lossy - the device may lose buffers
 * @q: the queue
 *
 * Arms the limit event: from now on the device reports when few are posted.
 */
void iser_tgt_shared_lossy(struct iser_tgt_rx_queue *q)
{
	WRITE_ONCE(q->lossy, true);
	queue_work(iser_tgt_misc_wq, &q->upkeep);
}

/**
 * iser_tgt_shared_trim - free buffers that stayed spare for a whole interval
 * @q: the queue
 *
 * Context: may sleep; one caller at a time.
 */
void iser_tgt_shared_trim(struct iser_tgt_rx_queue *q)
{
	unsigned int nr = READ_ONCE(q->nr) - atomic_read(&q->retire);
	int unused = READ_ONCE(q->unused) - ISER_TGT_SRQ_SPARE;

	iser_tgt_rx_free_retired(q);
	if (unused > 0 && nr > ISER_TGT_SRQ_FIRST)
		iser_tgt_rx_retire(q, min_t(unsigned int, unused,
					    nr - ISER_TGT_SRQ_FIRST));
	WRITE_ONCE(q->unused, atomic_read(&q->spare));
	WRITE_ONCE(q->epoch, q->epoch + 1);
}

/**
 * iser_tgt_shared_alloc - make a queue for all connections of a vector
 * @dev: the device
 * @done: completion handler of its buffers
 *
 * Context: may sleep.
 * Return: the queue, or an ERR_PTR().
 */
struct iser_tgt_rx_queue *
iser_tgt_shared_alloc(struct iser_tgt_device *dev,
		      void (*done)(struct ib_cq *cq, struct ib_wc *wc))
{
	struct ib_srq_init_attr attr = {
		.event_handler = iser_tgt_srq_event,
		.srq_type = IB_SRQT_BASIC,
	};
	struct iser_tgt_rx_queue *q;
	int ret;

	attr.attr.max_wr = iser_tgt_shared_max(dev);
	attr.attr.max_sge = dev->recv_sge;
	q = iser_tgt_rx_queue_alloc(dev, attr.attr.max_wr, done);
	if (!q)
		return ERR_PTR(-ENOMEM);

	INIT_WORK(&q->upkeep, iser_tgt_shared_upkeep);
	q->batch = ISER_TGT_RECV_BATCH;
	q->step = ISER_TGT_RX_STEP;
	attr.srq_context = q;
	q->srq = ib_create_srq(dev->pd, &attr);
	if (IS_ERR(q->srq)) {
		ret = PTR_ERR(q->srq);
		q->srq = NULL;
		goto free;
	}

	ret = iser_tgt_rx_queue_grow(q, ISER_TGT_SRQ_FIRST);
	if (ret)
		goto free;
	/* So many may be held back until a batch is full. */
	atomic_sub(ISER_TGT_RECV_BATCH, &q->spare);
	if (dev->quirks.srq_loses)
		iser_tgt_shared_lossy(q);
	return q;

free:
	iser_tgt_rx_queue_free(q);
	return ERR_PTR(ret);
}
