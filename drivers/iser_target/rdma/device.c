// SPDX-License-Identifier: GPL-2.0
/* RDMA devices as they come and go. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
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

static int iser_tgt_device_add(struct ib_device *ibdev)
{
	struct iser_tgt_device *dev;

	if (ibdev->attrs.max_recv_sge < 1 + ISER_TGT_RECV_PAGES) {
		dev_info(&ibdev->dev,
			 "iser_tgt: not used, %d scatter elements per receive are too few\n",
			 ibdev->attrs.max_recv_sge);
		return -EOPNOTSUPP;
	}

	dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return -ENOMEM;

	dev->ibdev = ibdev;
	INIT_LIST_HEAD(&dev->conns);
	init_waitqueue_head(&dev->idle);
	dev->pd = ib_alloc_pd(ibdev, 0);
	if (IS_ERR(dev->pd)) {
		int ret = PTR_ERR(dev->pd);

		kfree(dev);
		return ret;
	}

	ib_set_client_data(ibdev, &iser_tgt_ib_client, dev);
	spin_lock(&iser_tgt_conn_lock);
	list_add_tail(&dev->entry, &iser_tgt_devices);
	spin_unlock(&iser_tgt_conn_lock);
	return 0;
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
	struct iser_tgt_conn *conn;

	spin_lock(&iser_tgt_conn_lock);
	list_del(&dev->entry);
	dev->removing = true;
	list_for_each_entry(conn, &dev->conns, dev_entry)
		iser_tgt_conn_close(conn, "device removed");
	spin_unlock(&iser_tgt_conn_lock);

	iser_tgt_wait_event(dev->idle, iser_tgt_device_idle(dev),
			    "connections on %s\n", dev_name(&ibdev->dev));
	ib_dealloc_pd(dev->pd);
	kfree(dev);
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
	if (!--dev->users)
		wake_up_all(&dev->idle);
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

	ret = ib_register_client(&iser_tgt_ib_client);
	if (ret)
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
	ib_unregister_client(&iser_tgt_ib_client);
	destroy_workqueue(iser_tgt_wq);
}
