// SPDX-License-Identifier: GPL-2.0
/* RDMA devices as the RDMA core adds and removes them. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>

#include "../wait.h"
#include "client.h"
#include "conn.h"
#include "device.h"
#include "pi.h"
#include "queue_pair.h"
#include "receive_queue.h"
#include "send.h"
#include "vector.h"

/*
 * A port that goes down closes no connection: it may come back before the peers
 * or the keepalive give up. The RDMA CM follows the addresses.
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
		iser_tgt_device_close_conns(dev, NULL, "device failed");
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
 * Does a session of one command fit? Older kernels have these attributes signed:
 * a negative value is a large number in newer ones, and so here.
 */
static bool iser_tgt_device_fits(struct ib_device *ibdev)
{
	const struct ib_device_attr *attrs = &ibdev->attrs;

	return iser_tgt_device_has(ibdev, "max_recv_sge", attrs->max_recv_sge,
				   ISER_TGT_RECV_SGE_MIN) &&
	       iser_tgt_device_has(ibdev, "max_send_sge", attrs->max_send_sge,
				   1 + ISER_TGT_LOGIN_PAGES) &&
	       /* iWARP devices read into registered memory. */
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
	int ret;

	if (!iser_tgt_device_fits(ibdev))
		return -EOPNOTSUPP;

	dev = kzalloc_node(sizeof(*dev), GFP_KERNEL, ibdev_to_node(ibdev));
	if (!dev)
		return -ENOMEM;

	dev->ibdev = ibdev;
	dev->quirks = iser_tgt_quirks_of(ibdev);
	dev->pi = iser_tgt_pi_capable(ibdev);
	iser_tgt_rx_layout(dev);
	INIT_LIST_HEAD(&dev->conns);
	init_waitqueue_head(&dev->idle);
	ret = iser_tgt_vectors_alloc(dev);
	if (ret)
		goto free_dev;

	dev->pd = ib_alloc_pd(ibdev, 0);
	if (IS_ERR(dev->pd)) {
		ret = PTR_ERR(dev->pd);
		goto free_vectors;
	}

	ib_set_client_data(ibdev, &iser_tgt_ib_client, dev);
	INIT_IB_EVENT_HANDLER(&dev->events, ibdev, iser_tgt_device_event);
	ib_register_event_handler(&dev->events);
	spin_lock(&iser_tgt_conn_lock);
	list_add_tail(&dev->entry, &iser_tgt_devices);
	spin_unlock(&iser_tgt_conn_lock);
	return 0;

free_vectors:
	iser_tgt_vectors_free(dev);
free_dev:
	kfree(dev);
	return ret;
}

/*
 * The RDMA core calls us before the RDMA CM, so that connections have ended in
 * order before the CM looks for what is left.
 */
static void iser_tgt_device_remove(struct ib_device *ibdev, void *data)
{
	struct iser_tgt_device *dev = data;

	ib_unregister_event_handler(&dev->events);
	spin_lock(&iser_tgt_conn_lock);
	list_del(&dev->entry);
	dev->removing = true;
	iser_tgt_device_close_conns(dev, NULL, "device removed");
	spin_unlock(&iser_tgt_conn_lock);

	iser_tgt_wait_event(dev->idle, iser_tgt_device_idle(dev),
			    "connections on %s\n", dev_name(&ibdev->dev));
	iser_tgt_vectors_empty(dev);
	ib_dealloc_pd(dev->pd);
	iser_tgt_vectors_free(dev);
	kfree(dev);
}

/**
 * iser_tgt_client_idle - the last listener is gone: free queues and buffers
 *
 * Context: may sleep. There is no connection, and none is made.
 */
void iser_tgt_client_idle(void)
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
		iser_tgt_vectors_empty(dev);
		iser_tgt_device_put(dev);
		goto restart;
	}
	spin_unlock(&iser_tgt_conn_lock);
}

/**
 * iser_tgt_client_register - start to use RDMA devices
 *
 * Context: may sleep.
 * Return: 0 or a negative errno.
 */
int iser_tgt_client_register(void)
{
	return ib_register_client(&iser_tgt_ib_client);
}

/**
 * iser_tgt_client_unregister - stop to use RDMA devices
 *
 * Ends every connection that is left. Listeners are gone.
 *
 * Context: may sleep.
 */
void iser_tgt_client_unregister(void)
{
	ib_unregister_client(&iser_tgt_ib_client);
}
