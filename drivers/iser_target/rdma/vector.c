// SPDX-License-Identifier: GPL-2.0
/* Completion vectors: the queues and buffers that their connections share. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/math64.h>
#include <linux/slab.h>

#include "conn.h"
#include "cq.h"
#include "device.h"
#include "receive.h"
#include "receive_queue.h"
#include "receive_shared.h"
#include "vector.h"

/* How often buffers that stayed idle are freed. */
#define ISER_TGT_TRIM_INTERVAL	(10 * HZ)
/* How often the load of vectors is measured, at most. */
#define ISER_TGT_LOAD_INTERVAL	HZ
/* Commands a second a connection counts for at least: it may become busy. */
#define ISER_TGT_LOAD_MIN	1000U

/* Commands a second since the last call; those of less than a second as one. */
static unsigned int iser_tgt_conn_load(struct iser_tgt_conn *conn)
{
	unsigned int load = 0;
	unsigned long passed;
	u32 sn;

	spin_lock(&conn->post_lock);
	if (conn->state == ISER_TGT_CONN_LIVE) {
		sn = READ_ONCE(conn->numbers.exp_cmd_sn);
		passed = max_t(unsigned long, jiffies - conn->load_at, HZ);
		load = div64_ul(mul_u32_u32(sn - conn->load_sn, HZ), passed);
		conn->load_sn = sn;
		conn->load_at = jiffies;
	}
	spin_unlock(&conn->post_lock);

	return load;
}

/*
 * The load is counted in commands: they are what takes the processor of a
 * vector, whereas the device moves the data. CmdSN counts them already.
 */
static void iser_tgt_vectors_measure(struct iser_tgt_device *dev)
{
	struct iser_tgt_conn *conn;
	unsigned int i;

	spin_lock(&iser_tgt_conn_lock);
	spin_lock(&dev->vector_lock);
	if (time_before(jiffies, dev->measured + ISER_TGT_LOAD_INTERVAL))
		goto unlock;

	dev->measured = jiffies;
	for (i = 0; i < dev->nr_vectors; i++)
		dev->vectors[i].load = 0;
	list_for_each_entry(conn, &dev->conns, dev_entry)
		conn->vector->load += iser_tgt_conn_load(conn);
unlock:
	spin_unlock(&dev->vector_lock);
	spin_unlock(&iser_tgt_conn_lock);
}

/* Takes a vector's shared queue away, if it has no connection. */
static struct iser_tgt_rx_queue *
iser_tgt_vector_unshare(struct iser_tgt_vector *vector)
{
	struct iser_tgt_device *dev = vector->dev;
	struct iser_tgt_rx_queue *q = NULL;

	spin_lock(&dev->vector_lock);
	if (!vector->conns)
		q = xchg(&vector->shared, NULL);
	spin_unlock(&dev->vector_lock);

	return q;
}

static void iser_tgt_vector_trim(struct work_struct *work)
{
	struct iser_tgt_vector *vector =
		container_of(to_delayed_work(work), struct iser_tgt_vector,
			     trim);
	struct iser_tgt_rx_queue *q = iser_tgt_vector_unshare(vector);

	iser_tgt_vectors_measure(vector->dev);
	iser_tgt_data_pool_trim(&vector->pool);
	if (q)
		iser_tgt_rx_queue_free(q);
	else if (READ_ONCE(vector->shared))
		iser_tgt_shared_trim(vector->shared);
	queue_delayed_work(iser_tgt_misc_wq, &vector->trim,
			   ISER_TGT_TRIM_INTERVAL);
}

/**
 * iser_tgt_vectors_alloc - the completion vectors of a device, without queues
 * @dev: the device; sets its vectors
 *
 * As many as processors can serve at a time. Drivers place their first vectors
 * on the processors next to the device.
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int iser_tgt_vectors_alloc(struct iser_tgt_device *dev)
{
	struct ib_device *ibdev = dev->ibdev;
	unsigned int i;

	spin_lock_init(&dev->vector_lock);
	dev->measured = jiffies - ISER_TGT_LOAD_INTERVAL;
	dev->nr_vectors = clamp_t(unsigned int, ibdev->num_comp_vectors, 1,
				  num_online_cpus());
	dev->vectors = kvzalloc_node(array_size(dev->nr_vectors,
						sizeof(*dev->vectors)),
				     GFP_KERNEL, ibdev_to_node(ibdev));
	if (!dev->vectors)
		return -ENOMEM;

	for (i = 0; i < dev->nr_vectors; i++) {
		struct iser_tgt_vector *vector = &dev->vectors[i];

		vector->dev = dev;
		INIT_LIST_HEAD(&vector->cqs);
		iser_tgt_data_pool_init(&vector->pool, ibdev);
		INIT_DELAYED_WORK(&vector->trim, iser_tgt_vector_trim);
	}
	return 0;
}

/**
 * iser_tgt_vectors_empty - free all queues and buffers of a device's vectors
 * @dev: the device, without connections
 *
 * Context: may sleep.
 */
void iser_tgt_vectors_empty(struct iser_tgt_device *dev)
{
	unsigned int i;

	for (i = 0; i < dev->nr_vectors; i++)
		cancel_delayed_work_sync(&dev->vectors[i].trim);
	for (i = 0; i < dev->nr_vectors; i++) {
		struct iser_tgt_vector *vector = &dev->vectors[i];
		struct iser_tgt_rx_queue *q;

		iser_tgt_data_pool_empty(&vector->pool);
		q = iser_tgt_vector_unshare(vector);
		if (q)
			iser_tgt_rx_queue_free(q);
		iser_tgt_cqs_free(dev, &vector->cqs);
	}
	dev->unshared = false;
}

/**
 * iser_tgt_vectors_free - undo iser_tgt_vectors_alloc()
 * @dev: the device, its vectors empty
 *
 * Context: may sleep.
 */
void iser_tgt_vectors_free(struct iser_tgt_device *dev)
{
	kvfree(dev->vectors);
}

/*
 * What a connection counts for beside its commands: as much as the average, so
 * that those made at a time are spread before their load is known.
 */
static unsigned int iser_tgt_conn_weight(const struct iser_tgt_device *dev)
{
	unsigned int conns = 0;
	u64 load = 0;
	unsigned int i;

	for (i = 0; i < dev->nr_vectors; i++) {
		conns += dev->vectors[i].conns;
		load += dev->vectors[i].load;
	}

	return max_t(u64, div_u64(load, max(conns, 1U)), ISER_TGT_LOAD_MIN);
}

/**
 * iser_tgt_vector_get - enter a connection at the vector with the least load
 * @dev: the device
 *
 * Context: any but interrupts.
 * Return: the vector; iser_tgt_vector_put() when the connection has ended.
 */
struct iser_tgt_vector *iser_tgt_vector_get(struct iser_tgt_device *dev)
{
	struct iser_tgt_vector *best = NULL;
	unsigned int weight, i;
	u64 least = U64_MAX;

	iser_tgt_vectors_measure(dev);
	spin_lock(&dev->vector_lock);
	weight = iser_tgt_conn_weight(dev);
	for (i = 0; i < dev->nr_vectors; i++) {
		struct iser_tgt_vector *vector = &dev->vectors[i];
		u64 load = vector->load + mul_u32_u32(vector->conns, weight);

		if (load < least) {
			least = load;
			best = vector;
		}
	}
	best->conns++;
	spin_unlock(&dev->vector_lock);

	return best;
}

/**
 * iser_tgt_vector_put - a connection has ended
 * @vector: from iser_tgt_vector_get(); its shared queue may be freed
 *
 * Context: any but interrupts.
 */
void iser_tgt_vector_put(struct iser_tgt_vector *vector)
{
	spin_lock(&vector->dev->vector_lock);
	vector->conns--;
	spin_unlock(&vector->dev->vector_lock);
}

/**
 * iser_tgt_vector_number - number of a vector
 * @vector: the vector
 *
 * Return: the number the device knows it by.
 */
unsigned int iser_tgt_vector_number(const struct iser_tgt_vector *vector)
{
	return vector - vector->dev->vectors;
}

/* A driver may refuse what the attributes of its device promise. */
static void iser_tgt_vector_share_failed(struct iser_tgt_device *dev, int error)
{
	dev_warn_ratelimited(&dev->ibdev->dev,
			     "iser_tgt: no shared receive queue: %d; connections get their own\n",
			     error);
	/* There may be memory for it at the next connection. */
	if (error != -ENOMEM)
		WRITE_ONCE(dev->unshared, true);
}

/**
 * iser_tgt_vector_shared - the receive queue that a vector's connections share
 * @vector: the vector
 *
 * Made for its first connection, as on a large machine most vectors may never
 * have one, and freed ten to twenty seconds after the last.
 *
 * Context: holds a connection of the vector; may sleep.
 * Return: the queue, or NULL: the connection gets a queue of its own.
 */
struct iser_tgt_rx_queue *iser_tgt_vector_shared(struct iser_tgt_vector *vector)
{
	struct iser_tgt_device *dev = vector->dev;
	struct iser_tgt_rx_queue *q, *other;

	queue_delayed_work(iser_tgt_misc_wq, &vector->trim,
			   ISER_TGT_TRIM_INTERVAL);
	if (!iser_tgt_shared_usable(dev))
		return NULL;
	q = READ_ONCE(vector->shared);
	if (q || READ_ONCE(dev->unshared))
		return q;

	q = iser_tgt_shared_alloc(dev, iser_tgt_recv_done);
	if (IS_ERR(q)) {
		iser_tgt_vector_share_failed(dev, PTR_ERR(q));
		return NULL;
	}
	/* Another connection may have made one at the same time. */
	other = cmpxchg(&vector->shared, NULL, q);
	if (!other)
		return q;
	iser_tgt_rx_queue_free(q);
	return other;
}
