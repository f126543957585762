// SPDX-License-Identifier: GPL-2.0
/* RDMA devices as they come and go. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "../wait.h"
#include "rdma.h"

const struct iser_tgt_upper *iser_tgt_upper;
/* Membership of connections in the lists of devices and listeners. */
DEFINE_SPINLOCK(iser_tgt_conn_lock);
static LIST_HEAD(iser_tgt_devices);

static int iser_tgt_device_add(struct ib_device *ibdev);
static void iser_tgt_device_remove(struct ib_device *ibdev, void *data);

static struct ib_client iser_tgt_ib_client = {
	.name = "iser_tgt",
	.add = iser_tgt_device_add,
	.remove = iser_tgt_device_remove,
};

/* Holds iser_tgt_conn_lock. */
static void iser_tgt_device_close_conns(struct iser_tgt_device *dev,
					const char *why)
{
	struct iser_tgt_conn *conn;

	list_for_each_entry(conn, &dev->conns, dev_entry)
		iser_tgt_conn_close(conn, why);
}

/**
 * iser_tgt_device_close_queue - a shared receive queue serves nobody any more
 * @dev: the device
 * @q: the queue; no connection of it is published from now on
 *
 * Context: any but interrupts.
 */
void iser_tgt_device_close_queue(struct iser_tgt_device *dev,
				 const struct iser_tgt_rx_queue *q)
{
	struct iser_tgt_conn *conn;

	spin_lock(&iser_tgt_conn_lock);
	list_for_each_entry(conn, &dev->conns, dev_entry)
		if (conn->rxq == q)
			iser_tgt_conn_close(conn,
					    "shared receive queue failed");
	spin_unlock(&iser_tgt_conn_lock);
}

/*
 * A port that goes down takes no connection along: it may come back before the
 * peers or the keepalive give up. Addresses are the RDMA CM's to follow.
 */
static void iser_tgt_device_event(struct ib_event_handler *handler,
				  struct ib_event *event)
{
	struct iser_tgt_device *dev =
		container_of(handler, struct iser_tgt_device, events);
	const char *name = dev_name(&event->device->dev);

	switch (event->event) {
	case IB_EVENT_DEVICE_FATAL:
		pr_err("%s: %s: closing its connections\n", name,
		       ib_event_msg(event->event));
		spin_lock(&iser_tgt_conn_lock);
		iser_tgt_device_close_conns(dev, "device failed");
		spin_unlock(&iser_tgt_conn_lock);
		break;
	case IB_EVENT_PORT_ERR:
		pr_warn("%s port %u: %s\n", name, event->element.port_num,
			ib_event_msg(event->event));
		break;
	case IB_EVENT_PORT_ACTIVE:
		pr_info("%s port %u: %s\n", name, event->element.port_num,
			ib_event_msg(event->event));
		break;
	default:
		pr_debug("%s port %u: %s\n", name, event->element.port_num,
			 ib_event_msg(event->event));
		break;
	}
}

static bool iser_tgt_device_has(struct ib_device *ibdev, const char *what,
				u32 has, u32 needs)
{
	if (has >= needs)
		return true;

	dev_info(&ibdev->dev, "iser_tgt: not used: %s is %u, %u are needed\n",
		 what, has, needs);
	return false;
}

/*
 * Whether a session of one command fits. Older kernels have these attributes
 * signed: what is negative there is a large number in newer ones, and so here.
 */
static bool iser_tgt_device_fits(struct ib_device *ibdev)
{
	const struct ib_device_attr *attrs = &ibdev->attrs;

	return iser_tgt_device_has(ibdev, "max_recv_sge", attrs->max_recv_sge,
				   ISER_TGT_RECV_SGE_MIN) &&
	       iser_tgt_device_has(ibdev, "max_send_sge", attrs->max_send_sge,
				   1 + ISER_TGT_LOGIN_PAGES) &&
	       /* An iWARP device reads into registered memory. */
	       (rdma_protocol_iwarp(ibdev, rdma_start_port(ibdev)) ||
		iser_tgt_device_has(ibdev, "max_sge_rd", attrs->max_sge_rd,
				    1)) &&
	       iser_tgt_device_has(ibdev, "max_qp_init_rd_atom",
				   attrs->max_qp_init_rd_atom, 1) &&
	       iser_tgt_device_has(ibdev, "max_qp_wr", attrs->max_qp_wr,
				   iser_tgt_qp_wr_min(attrs, 1)) &&
	       iser_tgt_device_has(ibdev, "max_cqe", attrs->max_cqe,
				   iser_tgt_qp_cqe_min(attrs, 1));
}

/* Takes a vector's shared queue away, if no connection is there. */
static struct iser_tgt_rx_queue *
iser_tgt_vector_unshare(struct iser_tgt_vector *vector)
{
	struct iser_tgt_device *dev = vector->dev;
	struct iser_tgt_rx_queue *q = NULL;

	spin_lock(&dev->cq_lock);
	if (!vector->conns)
		q = xchg(&vector->shared, NULL);
	spin_unlock(&dev->cq_lock);

	return q;
}

static void iser_tgt_vector_trim(struct work_struct *work)
{
	struct iser_tgt_vector *vector =
		container_of(to_delayed_work(work), struct iser_tgt_vector,
			     trim);
	struct iser_tgt_rx_queue *q = iser_tgt_vector_unshare(vector);

	iser_tgt_pool_trim(&vector->pool);
	if (q)
		iser_tgt_rx_queue_free(q);
	else if (READ_ONCE(vector->shared))
		iser_tgt_shared_trim(vector->shared);
	queue_delayed_work(iser_tgt_wq, &vector->trim, ISER_TGT_TRIM_INTERVAL);
}

static int iser_tgt_device_add(struct ib_device *ibdev)
{
	struct iser_tgt_device *dev;
	unsigned int i, nr;
	int ret;

	if (!iser_tgt_device_fits(ibdev))
		return -EOPNOTSUPP;

	nr = iser_tgt_vectors(ibdev);
	dev = kvzalloc_node(struct_size(dev, vector, nr), GFP_KERNEL,
			    ibdev_to_node(ibdev));
	if (!dev)
		return -ENOMEM;

	dev->ibdev = ibdev;
	dev->nr_vectors = nr;
	iser_tgt_vectors_init(dev);
	for (i = 0; i < nr; i++) {
		dev->vector[i].dev = dev;
		INIT_DELAYED_WORK(&dev->vector[i].trim, iser_tgt_vector_trim);
	}
	dev->integrity = iser_tgt_sig_able(ibdev);
	iser_tgt_rx_layout(dev);
	INIT_LIST_HEAD(&dev->conns);
	iser_tgt_pools_init(dev);
	init_waitqueue_head(&dev->idle);
	dev->pd = ib_alloc_pd(ibdev, 0);
	if (IS_ERR(dev->pd)) {
		ret = PTR_ERR(dev->pd);
		goto free;
	}

	ib_set_client_data(ibdev, &iser_tgt_ib_client, dev);
	INIT_IB_EVENT_HANDLER(&dev->events, ibdev, iser_tgt_device_event);
	ib_register_event_handler(&dev->events);
	spin_lock(&iser_tgt_conn_lock);
	list_add_tail(&dev->entry, &iser_tgt_devices);
	spin_unlock(&iser_tgt_conn_lock);
	return 0;

free:
	kvfree(dev);
	return ret;
}

static void iser_tgt_device_unprepare(struct iser_tgt_device *dev)
{
	unsigned int i;

	for (i = 0; i < dev->nr_vectors; i++)
		cancel_delayed_work_sync(&dev->vector[i].trim);
	iser_tgt_pools_empty(dev);
	for (i = 0; i < dev->nr_vectors; i++) {
		struct iser_tgt_rx_queue *q =
			iser_tgt_vector_unshare(&dev->vector[i]);

		if (q)
			iser_tgt_rx_queue_free(q);
	}
	iser_tgt_cqs_free(dev);
	dev->unshared = false;
}

/* Attributes may promise what the driver then refuses. */
static void iser_tgt_device_unshare(struct iser_tgt_device *dev, int error)
{
	dev_warn_ratelimited(&dev->ibdev->dev,
			     "iser_tgt: no shared receive queue: %d; connections get their own\n",
			     error);
	/* Memory may be there for the next connection. */
	if (error != -ENOMEM)
		WRITE_ONCE(dev->unshared, true);
}

/**
 * iser_tgt_device_shared - the receive queue that a vector's connections share
 * @dev: the device, in use by the caller
 * @vector: one of its vectors
 *
 * Made for the first of them, as on a large machine most vectors may never have
 * one, and kept for as long as there are any and ten to twenty seconds more.
 *
 * Context: holds a connection of the vector; may sleep, waits for nobody.
 * Return: the queue, or NULL: the connection gets one of its own.
 */
struct iser_tgt_rx_queue *iser_tgt_device_shared(struct iser_tgt_device *dev,
						 struct iser_tgt_vector *vector)
{
	struct iser_tgt_rx_queue *q, *other;

	queue_delayed_work(iser_tgt_wq, &vector->trim, ISER_TGT_TRIM_INTERVAL);
	if (!iser_tgt_device_shares(dev))
		return NULL;
	q = READ_ONCE(vector->shared);
	if (q || READ_ONCE(dev->unshared))
		return q;

	q = iser_tgt_rx_queue_shared(dev);
	if (IS_ERR(q)) {
		iser_tgt_device_unshare(dev, PTR_ERR(q));
		return NULL;
	}
	/* Somebody else may have made it at the same time. */
	other = cmpxchg(&vector->shared, NULL, q);
	if (!other)
		return q;
	iser_tgt_rx_queue_free(q);
	return other;
}

/**
 * iser_tgt_devices_unprepare - nobody listens any more: give memory back
 *
 * Context: may sleep. No connection is or comes.
 */
void iser_tgt_devices_unprepare(void)
{
	struct iser_tgt_device *dev;

restart:
	spin_lock(&iser_tgt_conn_lock);
	list_for_each_entry(dev, &iser_tgt_devices, entry) {
		if (!dev->prepared || dev->users)
			continue;
		dev->prepared = false;
		dev->users++;
		spin_unlock(&iser_tgt_conn_lock);
		iser_tgt_device_unprepare(dev);
		iser_tgt_device_put(dev);
		goto restart;
	}
	spin_unlock(&iser_tgt_conn_lock);
}

static bool iser_tgt_device_idle(struct iser_tgt_device *dev)
{
	bool idle;

	spin_lock(&iser_tgt_conn_lock);
	idle = !dev->users;
	spin_unlock(&iser_tgt_conn_lock);

	return idle;
}

/*
 * The RDMA core calls us before the RDMA CM, so that connections are gone in
 * order before the CM looks for what is left.
 */
static void iser_tgt_device_remove(struct ib_device *ibdev, void *data)
{
	struct iser_tgt_device *dev = data;

	ib_unregister_event_handler(&dev->events);
	spin_lock(&iser_tgt_conn_lock);
	list_del(&dev->entry);
	dev->removing = true;
	iser_tgt_device_close_conns(dev, "device removed");
	spin_unlock(&iser_tgt_conn_lock);

	iser_tgt_wait_event(dev->idle, iser_tgt_device_idle(dev),
			    "connections on %s\n", dev_name(&ibdev->dev));
	iser_tgt_device_unprepare(dev);
	ib_dealloc_pd(dev->pd);
	kvfree(dev);
}

/**
 * iser_tgt_device_get - our part of an RDMA device, for a connection
 * @ibdev: the device
 *
 * Context: any but interrupts.
 * Return: the device, kept until iser_tgt_device_put(); NULL if we do not use
 * it or it is going.
 */
struct iser_tgt_device *iser_tgt_device_get(struct ib_device *ibdev)
{
	struct iser_tgt_device *dev;

	spin_lock(&iser_tgt_conn_lock);
	list_for_each_entry(dev, &iser_tgt_devices, entry) {
		if (dev->ibdev == ibdev) {
			dev->prepared = true;
			dev->users++;
			goto unlock;
		}
	}
	dev = NULL;
unlock:
	spin_unlock(&iser_tgt_conn_lock);
	return dev;
}

/**
 * iser_tgt_device_put - a connection is through with its device
 * @dev: from iser_tgt_device_get()
 *
 * Context: any but interrupts.
 */
void iser_tgt_device_put(struct iser_tgt_device *dev)
{
	spin_lock(&iser_tgt_conn_lock);
	iser_tgt_device_put_locked(dev);
	spin_unlock(&iser_tgt_conn_lock);
}

/**
 * iser_tgt_device_put_locked - the same
 * @dev: from iser_tgt_device_get()
 *
 * Context: holds iser_tgt_conn_lock.
 */
void iser_tgt_device_put_locked(struct iser_tgt_device *dev)
{
	if (!--dev->users)
		wake_up_all(&dev->idle);
}

/* Holds the device's cq_lock. */
static void iser_tgt_vector_show(struct seq_file *m, unsigned int i,
				 struct iser_tgt_vector *vector)
{
	const struct iser_tgt_rx_queue *q = READ_ONCE(vector->shared);
	const struct list_head *cq;
	unsigned int cqs = 0;

	list_for_each(cq, &vector->cqs)
		cqs++;
	seq_printf(m, "  vector=%u connections=%u completion_queues=%u", i,
		   vector->conns, cqs);
	if (q)
		seq_printf(m, " shared_receive_buffers=%u most=%u unpromised=%d",
			   READ_ONCE(q->nr), iser_tgt_rx_max(q),
			   atomic_read(&q->spare) + atomic_read(&q->retire));
	seq_printf(m, " idle_data_buffers=%zuKiB\n",
		   iser_tgt_pool_idle(&vector->pool) >> 10);
}

/**
 * iser_tgt_devices_show - what there is for the connections of each device
 * @m: where to
 *
 * Context: any but interrupts.
 */
void iser_tgt_devices_show(struct seq_file *m)
{
	struct iser_tgt_device *dev;
	unsigned int i;

	spin_lock(&iser_tgt_conn_lock);
	list_for_each_entry(dev, &iser_tgt_devices, entry) {
		seq_printf(m, "%s vectors=%u\n", dev_name(&dev->ibdev->dev),
			   dev->nr_vectors);
		spin_lock(&dev->cq_lock);
		for (i = 0; i < dev->nr_vectors; i++)
			iser_tgt_vector_show(m, i, &dev->vector[i]);
		spin_unlock(&dev->cq_lock);
	}
	spin_unlock(&iser_tgt_conn_lock);
}

/**
 * iser_tgt_rdma_init - start to use RDMA devices
 * @upper: the layer above
 *
 * Context: may sleep.
 * Return: 0 or a negative errno.
 */
int iser_tgt_rdma_init(const struct iser_tgt_upper *upper)
{
	int ret;

	iser_tgt_upper = upper;
	iser_tgt_wq = alloc_workqueue("iser_tgt", WQ_UNBOUND | WQ_MEM_RECLAIM,
				      WQ_MAX_ACTIVE);
	if (!iser_tgt_wq)
		return -ENOMEM;

	ret = -ENOMEM;
	iser_tgt_rx_wq = alloc_workqueue("iser_tgt_rx",
					 WQ_UNBOUND | WQ_MEM_RECLAIM,
					 WQ_MAX_ACTIVE);
	if (!iser_tgt_rx_wq)
		goto destroy;

	iser_tgt_release_wq = alloc_workqueue("iser_tgt_release",
					      WQ_UNBOUND | WQ_MEM_RECLAIM,
					      WQ_MAX_ACTIVE);
	if (!iser_tgt_release_wq)
		goto destroy_rx;

	ret = ib_register_client(&iser_tgt_ib_client);
	if (ret)
		goto destroy_release;

	ret = iser_tgt_addr_watch();
	if (ret)
		goto unregister;

	return 0;

unregister:
	ib_unregister_client(&iser_tgt_ib_client);
destroy_release:
	destroy_workqueue(iser_tgt_release_wq);
destroy_rx:
	destroy_workqueue(iser_tgt_rx_wq);
destroy:
	destroy_workqueue(iser_tgt_wq);
	return ret;
}

/**
 * iser_tgt_rdma_exit - stop to use RDMA devices
 *
 * All listeners are gone by now. Ends every connection that is left.
 * Context: may sleep.
 */
void iser_tgt_rdma_exit(void)
{
	iser_tgt_addr_unwatch();
	ib_unregister_client(&iser_tgt_ib_client);
	destroy_workqueue(iser_tgt_release_wq);
	destroy_workqueue(iser_tgt_rx_wq);
	destroy_workqueue(iser_tgt_wq);
}
