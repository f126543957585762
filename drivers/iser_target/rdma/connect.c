// SPDX-License-Identifier: GPL-2.0
/* RDMA CM events of connections: how they come to be, and why they end. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/slab.h>

#include "rdma.h"

/*
 * CM private data of iSER on InfiniBand and RoCE (the iSER annex of the IBTA
 * specification): one byte of flags, three reserved.
 */
#define ISER_TGT_CM_ZBVA_NOT_SUP	0x80
#define ISER_TGT_CM_SEND_INV_NOT_SUP	0x40

/* For a peer that says nothing; the target it names may allow other times. */
static unsigned int login_timeout = 15;
module_param(login_timeout, uint, 0644);
MODULE_PARM_DESC(login_timeout,
		 "seconds a connection may take to say which target it wants");

struct iser_tgt_cm_hdr {
	u8 flags;
	u8 rsvd[3];
} __packed;

/*
 * On InfiniBand private data that was not sent reads as zeros, so only a
 * header that says something is taken for one.
 */
static bool iser_tgt_peer_takes_inv(const struct rdma_conn_param *param)
{
	const struct iser_tgt_cm_hdr *hdr = param->private_data;

	if (!hdr || param->private_data_len < sizeof(*hdr))
		return false;

	return (hdr->flags & ISER_TGT_CM_ZBVA_NOT_SUP) &&
	       !(hdr->flags & ISER_TGT_CM_SEND_INV_NOT_SUP);
}

static int iser_tgt_accept(struct iser_tgt_conn *conn,
			   const struct rdma_conn_param *req)
{
	struct iser_tgt_cm_hdr hdr = { .flags = ISER_TGT_CM_ZBVA_NOT_SUP };
	int ret;
	struct rdma_conn_param param = {
		.initiator_depth = conn->ord,
		.retry_count = 7,
		/* libiscsi posts its buffers late: never give up. */
		.rnr_retry_count = 7,
	};

	if (!conn->send_inv)
		hdr.flags |= ISER_TGT_CM_SEND_INV_NOT_SUP;
	if (req->private_data && req->private_data_len >= sizeof(hdr)) {
		param.private_data = &hdr;
		param.private_data_len = sizeof(hdr);
	}

	/* Only for InfiniBand and RoCE; the others have no such timer. */
	rdma_set_min_rnr_timer(conn->cm_id, IB_RNR_TIMER_000_64);
	ret = rdma_accept(conn->cm_id, &param);
	/* The release waits for this handler before it looks. */
	conn->accepted = !ret;
	return ret;
}

static bool iser_tgt_publish(struct iser_tgt_listener *listener,
			     struct iser_tgt_conn *conn)
{
	bool ok;

	spin_lock(&iser_tgt_conn_lock);
	ok = !conn->dev->removing && !READ_ONCE(conn->rxq->failed);
	if (ok) {
		list_add_tail(&conn->dev_entry, &conn->dev->conns);
		iser_tgt_listener_conn_add(listener, conn);
		iser_tgt_conn_published(conn);
	}
	spin_unlock(&iser_tgt_conn_lock);

	return ok;
}

/**
 * iser_tgt_conn_request - a peer wants to connect
 * @listener: where
 * @cm_id: the new identifier
 * @event: RDMA_CM_EVENT_CONNECT_REQUEST
 * @depth: commands the connection may have in flight
 * @integrity: protection information may be wanted
 *
 * Context: RDMA CM handler, may sleep, waits for nobody.
 * Return: 0, or a negative errno that makes the CM refuse the peer and destroy
 * the identifier.
 */
int iser_tgt_conn_request(struct iser_tgt_listener *listener,
			  struct rdma_cm_id *cm_id,
			  struct rdma_cm_event *event, unsigned int depth,
			  bool integrity)
{
	const struct rdma_conn_param *req = &event->param.conn;
	struct iser_tgt_device *dev = iser_tgt_device_get(cm_id->device);
	struct iser_tgt_conn *conn;
	int ret;

	if (!dev) {
		pr_warn_ratelimited("%pISpc: connection turned away: %d: %s is not used, or is going\n",
				    &cm_id->route.addr.dst_addr, -ENODEV,
				    dev_name(&cm_id->device->dev));
		return -ENODEV;
	}

	ret = -ENOMEM;
	conn = kzalloc_node(sizeof(*conn), GFP_KERNEL,
			    ibdev_to_node(dev->ibdev));
	if (!conn)
		goto put_dev;

	iser_tgt_conn_init(conn);
	conn->dev = dev;
	conn->cm_id = cm_id;
	conn->depth = depth;
	conn->integrity = integrity && dev->integrity;
	conn->send_inv = iser_tgt_peer_takes_inv(req) &&
		(dev->ibdev->attrs.device_cap_flags &
		 IB_DEVICE_MEM_MGT_EXTENSIONS);
	conn->ord = min_t(u32, req->initiator_depth,
			  dev->ibdev->attrs.max_qp_init_rd_atom);
	conn->peer = cm_id->route.addr.dst_addr;
	conn->local = cm_id->route.addr.src_addr;

	iser_tgt_qp_plan(conn);
	/* Its limits first: a queue pair is dear. */
	ret = iser_tgt_upper->open(conn);
	if (ret)
		goto free_conn;

	ret = iser_tgt_qp_create(conn);
	if (ret)
		goto free_upper;

	if (!iser_tgt_publish(listener, conn)) {
		ret = -ENODEV;
		goto destroy_qp;
	}

	/* From here on the release work owns it. */
	cm_id->context = conn;
	cm_id->event_handler = iser_tgt_conn_event;
	iser_tgt_conn_set_deadline(conn, HZ * clamp(READ_ONCE(login_timeout),
						    1U, 3600U),
				   iser_tgt_login_late);

	ret = iser_tgt_rx_queue_begin(conn);
	if (!ret)
		ret = iser_tgt_accept(conn, req);
	if (ret) {
		pr_warn_ratelimited("%pISpc: connection could not be accepted: %d\n",
				    &conn->peer, ret);
		iser_tgt_conn_close(conn, "accept failed");
	}
	return 0;

destroy_qp:
	iser_tgt_qp_destroy(conn);
free_upper:
	/* Nothing of the device refers to what it frees any more. */
	iser_tgt_upper->free(conn);
free_conn:
	kfree(conn);
put_dev:
	iser_tgt_device_put(dev);
	pr_warn_ratelimited("%pISpc: connection turned away: %d\n",
			    (struct sockaddr *)&cm_id->route.addr.dst_addr,
			    ret);
	return ret;
}

/**
 * iser_tgt_conn_event - RDMA CM event of a connection
 * @cm_id: the identifier
 * @event: the event
 *
 * Context: RDMA CM handler; only notes what to do, never waits.
 * Return: 0; the release work alone destroys the identifier.
 */
int iser_tgt_conn_event(struct rdma_cm_id *cm_id, struct rdma_cm_event *event)
{
	struct iser_tgt_conn *conn = cm_id->context;

	switch (event->event) {
	case RDMA_CM_EVENT_ESTABLISHED:
		iser_tgt_rx_start(conn);
		break;
	case RDMA_CM_EVENT_DISCONNECTED:
	case RDMA_CM_EVENT_TIMEWAIT_EXIT:
		iser_tgt_conn_close(conn, "disconnected by the initiator");
		break;
	case RDMA_CM_EVENT_CONNECT_ERROR:
	case RDMA_CM_EVENT_UNREACHABLE:
	case RDMA_CM_EVENT_REJECTED:
	case RDMA_CM_EVENT_ADDR_CHANGE:
	case RDMA_CM_EVENT_DEVICE_REMOVAL:
		iser_tgt_conn_close(conn, rdma_event_msg(event->event));
		break;
	default:
		/* Newer kernels have more of them, and none ends it unasked. */
		pr_info_ratelimited("%pISpc (%s): CM event %d ignored: %s\n",
				    &conn->peer, conn->who, event->event,
				    rdma_event_msg(event->event));
		break;
	}
	return 0;
}
