// SPDX-License-Identifier: GPL-2.0
/*
 * Completion queues of a completion vector. They do not come from the RDMA
 * core's pool: another ULP may poll a pooled queue from its own context (since
 * 6.11 ib_drain_qp() does for a queue pair with a shared receive queue), and two
 * handlers of one connection would run at a time.
 */

#include <linux/log2.h>
#include <linux/slab.h>

#include "cq.h"
#include "device.h"

/* Connections the first queue of a vector is made for; later ones for more. */
#define ISER_TGT_CQ_CONNS	8
#define ISER_TGT_CQ_DOUBLINGS	2

static void iser_tgt_cq_free(struct iser_tgt_cq *cq)
{
	ib_free_cq(cq->cq);
	kfree(cq);
}

/* @nr: completion queues that the vector has. */
static struct iser_tgt_cq *iser_tgt_cq_alloc(struct iser_tgt_device *dev,
					     unsigned int vector,
					     unsigned int nr,
					     unsigned int shared,
					     unsigned int own)
{
	unsigned int max = dev->ibdev->attrs.max_cqe;
	unsigned int conns = ISER_TGT_CQ_CONNS <<
			     min_t(unsigned int, nr, ISER_TGT_CQ_DOUBLINGS);
	struct iser_tgt_cq *cq;
	unsigned int cqe;
	int ret;

	if (shared + own > max)
		return ERR_PTR(-ENOSPC);

	cq = kzalloc_node(sizeof(*cq), GFP_KERNEL, ibdev_to_node(dev->ibdev));
	if (!cq)
		return ERR_PTR(-ENOMEM);

	/* Devices round up to a power of two and keep one entry free. */
	cqe = roundup_pow_of_two(shared + conns * own + 1) - 1;
	cq->cq = ib_alloc_cq(dev->ibdev, NULL, min(cqe, max), vector,
			     IB_POLL_WORKQUEUE);
	if (IS_ERR(cq->cq)) {
		ret = PTR_ERR(cq->cq);
		kfree(cq);
		return ERR_PTR(ret);
	}
	return cq;
}

/* Under the device's vector_lock, once on a list. Returns false without room. */
static bool iser_tgt_cq_take(struct iser_tgt_cq *cq, unsigned int shared,
			     unsigned int own)
{
	unsigned int add = cq->shared ? 0 : shared;

	if (cq->used + add + own > cq->cq->cqe)
		return false;

	cq->shared += add;
	cq->used += add + own;
	cq->users++;
	return true;
}

/**
 * iser_tgt_cq_get - reserve entries of a completion queue for a connection
 * @dev: the device
 * @cqs: completion queues of the vector
 * @vector: number of the vector
 * @shared: receives of a shared queue it may have outstanding, 0 for none
 * @own: sends and receives of its own it may have outstanding
 *
 * The first queue with room is taken, so that those added last empty first.
 *
 * Context: may sleep.
 * Return: the queue, ERR_PTR(-ENOSPC) if no queue of the device could hold so
 * many, or the device's error.
 */
struct iser_tgt_cq *iser_tgt_cq_get(struct iser_tgt_device *dev,
				    struct list_head *cqs, unsigned int vector,
				    unsigned int shared, unsigned int own)
{
	struct iser_tgt_cq *cq;
	unsigned int nr = 0;

	spin_lock(&dev->vector_lock);
	list_for_each_entry(cq, cqs, entry) {
		if (iser_tgt_cq_take(cq, shared, own))
			goto found;
		nr++;
	}
	spin_unlock(&dev->vector_lock);

	cq = iser_tgt_cq_alloc(dev, vector, nr, shared, own);
	if (IS_ERR(cq))
		return cq;

	/* Devices give as many entries as they are asked for, or more. */
	if (WARN_ON_ONCE(!iser_tgt_cq_take(cq, shared, own))) {
		iser_tgt_cq_free(cq);
		return ERR_PTR(-ENOSPC);
	}
	spin_lock(&dev->vector_lock);
	list_add_tail(&cq->entry, cqs);
found:
	spin_unlock(&dev->vector_lock);
	return cq;
}

/* Under the device's vector_lock: has the vector another idle queue. */
static bool iser_tgt_cq_spare(const struct list_head *cqs,
			      const struct iser_tgt_cq *cq)
{
	const struct iser_tgt_cq *other;

	list_for_each_entry(other, cqs, entry)
		if (other != cq && !other->users)
			return true;

	return false;
}

/**
 * iser_tgt_cq_put - give entries back; one idle queue is kept
 * @dev: the device
 * @cqs: completion queues of the vector
 * @cq: from iser_tgt_cq_get()
 * @own: as reserved
 *
 * Context: may sleep.
 */
void iser_tgt_cq_put(struct iser_tgt_device *dev, struct list_head *cqs,
		     struct iser_tgt_cq *cq, unsigned int own)
{
	bool last;

	spin_lock(&dev->vector_lock);
	cq->used -= own;
	last = !--cq->users;
	if (last) {
		/* Shared queues do not outlive a time without connections. */
		cq->used -= cq->shared;
		cq->shared = 0;
		WARN_ON_ONCE(cq->used);
	}
	last = last && iser_tgt_cq_spare(cqs, cq);
	if (last)
		list_del(&cq->entry);
	spin_unlock(&dev->vector_lock);

	if (last)
		iser_tgt_cq_free(cq);
}

/**
 * iser_tgt_cqs_free - free all completion queues of a vector
 * @dev: the device; iser_tgt_devices_show() may be reading its lists
 * @cqs: the queues; no connection is left
 *
 * Context: may sleep.
 */
void iser_tgt_cqs_free(struct iser_tgt_device *dev, struct list_head *cqs)
{
	struct iser_tgt_cq *cq, *next;
	LIST_HEAD(unused);

	spin_lock(&dev->vector_lock);
	list_splice_init(cqs, &unused);
	spin_unlock(&dev->vector_lock);

	list_for_each_entry_safe(cq, next, &unused, entry)
		iser_tgt_cq_free(cq);
}

/**
 * iser_tgt_cq_ib - the queue itself
 * @cq: from iser_tgt_cq_get()
 *
 * Return: the verbs' queue.
 */
struct ib_cq *iser_tgt_cq_ib(const struct iser_tgt_cq *cq)
{
	return cq->cq;
}

/**
 * iser_tgt_cq_idle - has a completion queue been polled until it was empty
 * @cq: the queue, whose worker goes on until it is
 *
 * Return: true if everything that had completed before has been handled.
 */
bool iser_tgt_cq_idle(const struct iser_tgt_cq *cq)
{
	return !work_busy(&cq->cq->work);
}
