// SPDX-License-Identifier: GPL-2.0
/* RDMA CM events of connections: how they are made, and why they end. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/slab.h>

#include "cm.h"
#include "conn.h"
#include "device.h"
#include "queue_pair.h"
#include "receive.h"
#include "receive_queue.h"
#include "release.h"
#include "window.h"

/*
 * CM private data of iSER on InfiniBand and RoCE (the iSER annex of the IBTA
 * specification): one byte of flags, three reserved.
 */
#define ISER_TGT_CM_ZBVA_NOT_SUP	0x80
#define ISER_TGT_CM_SEND_INV_NOT_SUP	0x40

/* Until the peer has named a target, which may allow another time. */
static unsigned int login_timeout = 15;
module_param(login_timeout, uint, 0644);
MODULE_PARM_DESC(login_timeout,
		 "seconds until a connection must have named a target");

struct iser_tgt_cm_hdr {
	u8 flags;
	u8 rsvd[3];
} __packed;

/*
 * On InfiniBand private data that was not sent reads as zeros, so a header of
 * zeros is none.
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
		/*
		 * What the initiator's queue pair does when we have no receive
		 * buffer: try again without limit. How often ours does is in
		 * the initiator's request.
		 */
		.rnr_retry_count = 7,
	};

	if (!conn->numbers.send_inv)
		hdr.flags |= ISER_TGT_CM_SEND_INV_NOT_SUP;
	if (req->private_data && req->private_data_len >= sizeof(hdr)) {
		param.private_data = &hdr;
		param.private_data_len = sizeof(hdr);
	}

	/* InfiniBand and RoCE only; iWARP has no such timer. */
	rdma_set_min_rnr_timer(conn->cm_id, IB_RNR_TIMER_000_64);
	ret = rdma_accept(conn->cm_id, &param);
	/* Read by the release, which waits for this handler first. */
	conn->accepted = !ret;
	return ret;
}

static bool iser_tgt_publish(struct iser_tgt_conn *conn,
			     struct iser_tgt_conn_group *group)
{
	bool ok;

	spin_lock(&iser_tgt_conn_lock);
	ok = !conn->dev->removing && !READ_ONCE(conn->rxq->failed);
	if (ok) {
		list_add_tail(&conn->dev_entry, &conn->dev->conns);
		iser_tgt_conn_join(conn, group);
		iser_tgt_conn_trace(conn, "");
		iser_tgt_conn_published(conn);
	}
	spin_unlock(&iser_tgt_conn_lock);

	return ok;
}

/* Only notes what to do, never waits; the release destroys the identifier. */
static int iser_tgt_conn_event(struct rdma_cm_id *cm_id,
			       struct rdma_cm_event *event)
{
	struct iser_tgt_conn *conn = cm_id->context;

	switch (event->event) {
	case RDMA_CM_EVENT_ESTABLISHED:
		iser_tgt_rx_start(conn);
		break;
	case RDMA_CM_EVENT_DISCONNECTED:
	case RDMA_CM_EVENT_TIMEWAIT_EXIT:
		iser_tgt_conn_close(conn, iser_tgt_peer_left);
		break;
	case RDMA_CM_EVENT_CONNECT_ERROR:
	case RDMA_CM_EVENT_UNREACHABLE:
	case RDMA_CM_EVENT_REJECTED:
	case RDMA_CM_EVENT_ADDR_CHANGE:
	case RDMA_CM_EVENT_DEVICE_REMOVAL:
		iser_tgt_conn_close(conn, rdma_event_msg(event->event));
		break;
	default:
		/* Events of newer kernels do not end the connection. */
		pr_info_ratelimited("%pISpc (%s): CM event %d ignored: %s\n",
				    &conn->peer, conn->initiator, event->event,
				    rdma_event_msg(event->event));
		break;
	}
	return 0;
}

/**
 * iser_tgt_conn_request - a peer connects
 * @cm_id: the new identifier
 * @event: RDMA_CM_EVENT_CONNECT_REQUEST
 * @listener: where it connects
 * @group: the connections of that listener
 * @depth: commands the connection may have in flight
 * @pi: protection information may be needed
 *
 * Context: RDMA CM handler, may sleep, but not for other connections.
 * Return: 0, or a negative errno that makes the CM reject the peer and destroy
 * the identifier.
 */
int iser_tgt_conn_request(struct rdma_cm_id *cm_id, struct rdma_cm_event *event,
			  struct iser_tgt_listener *listener,
			  struct iser_tgt_conn_group *group,
			  unsigned int depth, bool pi)
{
	const struct rdma_conn_param *req = &event->param.conn;
	struct iser_tgt_device *dev = iser_tgt_device_get(cm_id->device);
	struct iser_tgt_conn *conn;
	void *session;
	int ret;

	if (!dev) {
		pr_warn_ratelimited("%pISpc: connection rejected: %d: %s is not used or being removed\n",
				    &cm_id->route.addr.dst_addr, -ENODEV,
				    dev_name(&cm_id->device->dev));
		return -ENODEV;
	}

	ret = -ENOMEM;
	conn = kzalloc_node(sizeof(*conn), GFP_KERNEL,
			    ibdev_to_node(dev->ibdev));
	if (!conn)
		goto put_dev;

	iser_tgt_conn_init(conn, iser_tgt_rx_work, iser_tgt_conn_release);
	conn->dev = dev;
	conn->numbers.completes_early = dev->quirks.completes_early;
	conn->cm_id = cm_id;
	conn->listener = listener;
	conn->depth = depth;
	conn->pi = pi && dev->pi;
	conn->port = cm_id->port_num;
	conn->iwarp = rdma_protocol_iwarp(dev->ibdev, conn->port);
	conn->numbers.send_inv = iser_tgt_peer_takes_inv(req) &&
		(dev->ibdev->attrs.device_cap_flags &
		 IB_DEVICE_MEM_MGT_EXTENSIONS);
	conn->ord = min_t(u32, req->initiator_depth,
			  dev->ibdev->attrs.max_qp_init_rd_atom);
	conn->peer = cm_id->route.addr.dst_addr;
	conn->local = cm_id->route.addr.src_addr;

	iser_tgt_qp_plan(conn);
	/* Limits are checked first: a queue pair is expensive. */
	session = iser_tgt_ulp->open(conn);
	ret = PTR_ERR_OR_ZERO(session);
	if (ret)
		goto free_conn;
	conn->session = session;

	ret = iser_tgt_qp_create(conn);
	if (ret)
		goto free_session;

	if (!iser_tgt_publish(conn, group)) {
		ret = -ENODEV;
		goto destroy_qp;
	}

	/* From here on the release work owns it. */
	cm_id->context = conn;
	cm_id->event_handler = iser_tgt_conn_event;
	iser_tgt_conn_set_deadline(conn, HZ * clamp(READ_ONCE(login_timeout),
						    1U, 3600U),
				   iser_tgt_login_late);

	ret = iser_tgt_window_login(conn);
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
free_session:
	/* In the order of iser_tgt_conn_free(). */
	iser_tgt_ulp->free(session);
free_conn:
	kfree(conn);
put_dev:
	iser_tgt_device_put(dev);
	pr_warn_ratelimited("%pISpc: connection rejected: %d\n",
			    (struct sockaddr *)&cm_id->route.addr.dst_addr,
			    ret);
	return ret;
}
