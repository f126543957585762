// SPDX-License-Identifier: GPL-2.0
/* Receive queues that all connections of a completion vector share. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/slab.h>

#include "../compat.h"
#include "rdma.h"

/* Buffers to add at a time. */
#define ISER_TGT_RX_STEP	32
/* Buffers of a shared queue when it is made, and at least. */
#define ISER_TGT_SRQ_FIRST	64
/* Buffers that stay spare when others are given back. */
#define ISER_TGT_SRQ_SPARE	32

static unsigned int srq_size = 2048;
module_param(srq_size, uint, 0644);
MODULE_PARM_DESC(srq_size,
		 "receive buffers that the connections of a completion vector may share, at most; 0: none are shared");

/*
 * A completion queue has room for all of a shared queue, and as much for what
 * its connections send.
 */
static u32 iser_tgt_shared_max(const struct iser_tgt_device *dev)
{
	const struct ib_device_attr *attrs = &dev->ibdev->attrs;

	return min3(READ_ONCE(srq_size), (u32)attrs->max_srq_wr,
		    (u32)attrs->max_cqe / 2);
}

/**
 * iser_tgt_device_shares - are receive buffers shared on a device
 * @dev: the device
 *
 * iWARP has no way to say "not ready": a shared queue that one peer empties
 * would end the connections of the others.
 *
 * Context: any.
 * Return: true if there are shared receive queues.
 */
bool iser_tgt_device_shares(const struct iser_tgt_device *dev)
{
	const struct ib_device_attr *attrs = &dev->ibdev->attrs;

	return ISER_TGT_SRQ_DRAINS(dev->ibdev) &&
	       iser_tgt_shared_max(dev) >= ISER_TGT_SRQ_FIRST &&
	       attrs->max_srq >= dev->nr_vectors &&
	       attrs->max_srq_sge >= dev->recv_sge &&
	       !rdma_protocol_iwarp(dev->ibdev,
				    rdma_start_port(dev->ibdev));
}

/**
 * iser_tgt_shared_limit - how many buffers a shared queue may have
 * @q: the queue
 *
 * As srq_size says now, within what the queue was made for.
 *
 * Context: any.
 * Return: the number.
 */
unsigned int iser_tgt_shared_limit(const struct iser_tgt_rx_queue *q)
{
	return clamp_t(unsigned int, READ_ONCE(srq_size), ISER_TGT_SRQ_FIRST,
		       q->max);
}

/*
 * More is posted than is spare: whatever else has been received, somebody was
 * promised. So when a device tells that fewer than the limit are posted, it has
 * lost the others.
 */
static void iser_tgt_shared_write_off(struct iser_tgt_rx_queue *q)
{
	int lost = atomic_read(&q->spare) - ISER_TGT_SRQ_LIMIT;

	if (lost > 0)
		atomic_sub(lost, &q->spare);
}

static void iser_tgt_shared_grow(struct iser_tgt_rx_queue *q)
{
	struct ib_srq_attr attr = { .srq_limit = ISER_TGT_SRQ_LIMIT };

	if (xchg(&q->ran_short, false) && READ_ONCE(q->lossy))
		iser_tgt_shared_write_off(q);
	if (atomic_read(&q->spare) <= ISER_TGT_SRQ_LIMIT &&
	    iser_tgt_rx_queue_grow(q, q->step))
		pr_debug("%s: no more shared receive buffers, there are %u\n",
			 dev_name(&q->dev->ibdev->dev), q->nr);
	if (READ_ONCE(q->lossy) && ib_modify_srq(q->srq, &attr, IB_SRQ_LIMIT))
		pr_debug("%s: the limit of a shared receive queue cannot be set\n",
			 dev_name(&q->dev->ibdev->dev));
}

/* For an event, which may come in an interrupt. */
static void iser_tgt_shared_upkeep(struct work_struct *work)
{
	struct iser_tgt_rx_queue *q =
		container_of(work, struct iser_tgt_rx_queue, upkeep);

	if (READ_ONCE(q->failed))
		iser_tgt_device_close_queue(q->dev, q);
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
		WRITE_ONCE(q->ran_short, true);
		fallthrough;
	default:
		pr_info_ratelimited("%s: shared receive queue: %s\n",
				    dev_name(&event->device->dev),
				    ib_event_msg(event->event));
		break;
	}
	queue_work(iser_tgt_wq, &q->upkeep);
}

/**
 * iser_tgt_shared_lossy - not all buffers may come back from the device
 * @q: the queue
 *
 * From now on the device tells when few are left.
 *
 * Context: any.
 */
void iser_tgt_shared_lossy(struct iser_tgt_rx_queue *q)
{
	WRITE_ONCE(q->lossy, true);
	queue_work(iser_tgt_wq, &q->upkeep);
}

/**
 * iser_tgt_shared_trim - give back what nobody has needed since the last time
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
 * iser_tgt_rx_queue_shared - a queue for all connections of a vector
 * @dev: the device
 *
 * Context: may sleep.
 * Return: the queue, or an ERR_PTR().
 */
struct iser_tgt_rx_queue *iser_tgt_rx_queue_shared(struct iser_tgt_device *dev)
{
	struct ib_srq_init_attr attr = {
		.event_handler = iser_tgt_srq_event,
		.srq_type = IB_SRQT_BASIC,
	};
	struct iser_tgt_rx_queue *q;
	int ret;

	attr.attr.max_wr = iser_tgt_shared_max(dev);
	attr.attr.max_sge = dev->recv_sge;
	q = iser_tgt_rx_queue_alloc(dev, attr.attr.max_wr);
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
	/* So many may wait for others to be posted with. */
	atomic_sub(ISER_TGT_RECV_BATCH, &q->spare);
	if (ISER_TGT_SRQ_LOSES(dev->ibdev))
		iser_tgt_shared_lossy(q);
	return q;

free:
	iser_tgt_rx_queue_free(q);
	return ERR_PTR(ret);
}
