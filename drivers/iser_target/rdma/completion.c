// SPDX-License-Identifier: GPL-2.0
/*
 * Completion queues. They are our own, not of the RDMA core's pool: another
 * user of a shared one may poll it from its own context (ib_drain_qp() of a
 * queue pair with a shared receive queue does since 6.11), and then two
 * handlers of one connection run at a time.
 */

#include <linux/log2.h>
#include <linux/slab.h>

#include "rdma.h"

/* Connections the first queue of a vector is made for; later ones for more. */
#define ISER_TGT_CQ_CONNS	8
#define ISER_TGT_CQ_DOUBLINGS	2

/**
 * struct iser_tgt_cq - a completion queue and what is promised of it
 * @entry: on its vector's list
 * @cq: the queue
 * @users: connections that report to it
 * @used: entries they may have outstanding, the shared ones included
 * @shared: of these, the receives of the vector's shared receive queue: any
 *	connection may have all of them
 *
 * All but @cq under the device's cq_lock.
 */
struct iser_tgt_cq {
	struct list_head entry;
	struct ib_cq *cq;
	unsigned int users;
	unsigned int used;
	unsigned int shared;
};

/**
 * iser_tgt_vectors - how many completion vectors of a device to use
 * @ibdev: the device
 *
 * As many as can be served at a time. Drivers place their first ones on the
 * processors next to the device.
 *
 * Context: any.
 * Return: the number, 1 or more.
 */
unsigned int iser_tgt_vectors(const struct ib_device *ibdev)
{
	return clamp_t(unsigned int, ibdev->num_comp_vectors, 1,
		       num_online_cpus());
}

/**
 * iser_tgt_vectors_init - the completion vectors of a device, without queues
 * @dev: the device, with nr_vectors set
 *
 * Context: any.
 */
void iser_tgt_vectors_init(struct iser_tgt_device *dev)
{
	unsigned int i;

	spin_lock_init(&dev->cq_lock);
	for (i = 0; i < dev->nr_vectors; i++)
		INIT_LIST_HEAD(&dev->vector[i].cqs);
}

/**
 * iser_tgt_vector_get - the vector with the fewest connections
 * @dev: the device
 *
 * Context: any but interrupts.
 * Return: the vector; iser_tgt_vector_put() when the connection is gone.
 */
struct iser_tgt_vector *iser_tgt_vector_get(struct iser_tgt_device *dev)
{
	struct iser_tgt_vector *best = dev->vector;
	unsigned int i;

	spin_lock(&dev->cq_lock);
	for (i = 1; i < dev->nr_vectors; i++)
		if (dev->vector[i].conns < best->conns)
			best = &dev->vector[i];
	best->conns++;
	spin_unlock(&dev->cq_lock);

	return best;
}

/**
 * iser_tgt_vector_put - a connection is gone
 * @dev: the device
 * @vector: from iser_tgt_vector_get()
 *
 * Context: any but interrupts.
 */
void iser_tgt_vector_put(struct iser_tgt_device *dev,
			 struct iser_tgt_vector *vector)
{
	spin_lock(&dev->cq_lock);
	vector->conns--;
	spin_unlock(&dev->cq_lock);
}

static void iser_tgt_cq_free(struct iser_tgt_cq *cq)
{
	ib_free_cq(cq->cq);
	kfree(cq);
}

/* @nr is how many the vector has. */
static struct iser_tgt_cq *iser_tgt_cq_alloc(struct iser_tgt_device *dev,
					     struct iser_tgt_vector *vector,
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

	/* Devices make it a power of two of entries, with one of them free. */
	cqe = roundup_pow_of_two(shared + conns * own + 1) - 1;
	cq->cq = ib_alloc_cq(dev->ibdev, NULL, min(cqe, max),
			     vector - dev->vector, IB_POLL_WORKQUEUE);
	if (IS_ERR(cq->cq)) {
		ret = PTR_ERR(cq->cq);
		kfree(cq);
		return ERR_PTR(ret);
	}
	return cq;
}

/* Under the device's cq_lock, once on a list. Returns false without room. */
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
 * iser_tgt_cq_get - room in a completion queue for a connection
 * @conn: the connection, with its vector; sets its cq and nr_cqe
 * @shared: receives of a shared queue it may have outstanding, 0 for none
 * @own: sends and receives of its own it may have
 *
 * Full ones are passed over, so that those that were added last empty first.
 *
 * Context: may sleep.
 * Return: 0, -ENOSPC if no queue of the device could hold so much, or what the
 * device says.
 */
int iser_tgt_cq_get(struct iser_tgt_conn *conn, unsigned int shared,
		    unsigned int own)
{
	struct iser_tgt_device *dev = conn->dev;
	struct list_head *cqs = &conn->vector->cqs;
	struct iser_tgt_cq *cq;
	unsigned int nr = 0;

	spin_lock(&dev->cq_lock);
	list_for_each_entry(cq, cqs, entry) {
		if (iser_tgt_cq_take(cq, shared, own))
			goto found;
		nr++;
	}
	spin_unlock(&dev->cq_lock);

	cq = iser_tgt_cq_alloc(dev, conn->vector, nr, shared, own);
	if (IS_ERR(cq))
		return PTR_ERR(cq);

	/* Devices give as many entries as they are asked for, or more. */
	if (WARN_ON_ONCE(!iser_tgt_cq_take(cq, shared, own))) {
		iser_tgt_cq_free(cq);
		return -ENOSPC;
	}
	spin_lock(&dev->cq_lock);
	list_add_tail(&cq->entry, cqs);
found:
	spin_unlock(&dev->cq_lock);
	conn->cq = cq;
	conn->nr_cqe = own;
	return 0;
}

/* Under the device's cq_lock: has a vector an idle queue beside this one. */
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
 * iser_tgt_cq_put - give a connection's room back
 * @conn: the connection, its queue pair destroyed
 *
 * One idle queue a vector is kept for the next connection.
 *
 * Context: may sleep.
 */
void iser_tgt_cq_put(struct iser_tgt_conn *conn)
{
	struct iser_tgt_device *dev = conn->dev;
	struct list_head *cqs = &conn->vector->cqs;
	struct iser_tgt_cq *cq = conn->cq;
	bool last;

	spin_lock(&dev->cq_lock);
	cq->used -= conn->nr_cqe;
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
	spin_unlock(&dev->cq_lock);

	if (last)
		iser_tgt_cq_free(cq);
}

/**
 * iser_tgt_cqs_free - free all completion queues of a device
 * @dev: the device, without connections
 *
 * Context: may sleep.
 */
void iser_tgt_cqs_free(struct iser_tgt_device *dev)
{
	struct iser_tgt_cq *cq, *next;
	unsigned int i;

	for (i = 0; i < dev->nr_vectors; i++) {
		list_for_each_entry_safe(cq, next, &dev->vector[i].cqs, entry) {
			list_del(&cq->entry);
			iser_tgt_cq_free(cq);
		}
	}
}

/**
 * iser_tgt_cq_ib - the queue itself
 * @cq: from iser_tgt_cq_get()
 *
 * Context: any.
 * Return: the verbs' queue.
 */
struct ib_cq *iser_tgt_cq_ib(const struct iser_tgt_cq *cq)
{
	return cq->cq;
}

/**
 * iser_tgt_cq_idle - does no completion of a connection wait to be handled
 * @conn: the connection
 *
 * The queue's worker goes on until the queue is empty.
 *
 * Context: any.
 * Return: true if all that had completed before has been handled.
 */
bool iser_tgt_cq_idle(const struct iser_tgt_conn *conn)
{
	return !work_busy(&conn->cq->cq->work);
}
