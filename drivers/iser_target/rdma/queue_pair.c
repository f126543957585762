// SPDX-License-Identifier: GPL-2.0
/* Queue pairs. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "../wait.h"
#include "rdma.h"

/* Sends beside those of contexts: a login's last, the drain. */
#define ISER_TGT_QP_EXTRA	2
/* Send queue entries of an MR: to register memory, to use it, to invalidate. */
#define ISER_TGT_MR_WRS		3
/* Scatterlist entries the core registers at a time, at most. */
#define ISER_TGT_MR_SGE		256U
/* Completions beside those of work requests. */
#define ISER_TGT_CQ_EXTRA	2
/*
 * What devices keep in memory: of an entry of a send queue beside its scatter
 * elements, of such an element, of a completion, and of an MR.
 */
#define ISER_TGT_WQE_BYTES	64
#define ISER_TGT_SGE_BYTES	16
#define ISER_TGT_CQE_BYTES	64
#define ISER_TGT_MR_BYTES	(1024 + 8 * ISER_TGT_MR_SGE)

static void iser_tgt_qp_broken(struct iser_tgt_conn *conn,
			       const struct ib_event *event)
{
	pr_warn_ratelimited("%s port %u: %pISpc (%s): %s\n",
			    event->device->name, conn->cm_id->port_num,
			    &conn->peer, conn->who, ib_event_msg(event->event));
	iser_tgt_conn_close(conn, ib_event_msg(event->event));
}

static void iser_tgt_qp_event(struct ib_event *event, void *context)
{
	struct iser_tgt_conn *conn = context;

	switch (event->event) {
	case IB_EVENT_COMM_EST:
		rdma_notify(conn->cm_id, event->event);
		break;
	case IB_EVENT_QP_LAST_WQE_REACHED:
		WRITE_ONCE(conn->dev->tells_last_wqe, true);
		/* It was late once; it does tell. */
		WRITE_ONCE(conn->dev->no_last_wqe, false);
		WRITE_ONCE(conn->last_wqe, true);
		wake_up_all(&conn->drained);
		/* Nobody has asked for it: the queue pair is in error. */
		if (!iser_tgt_conn_closing(conn))
			iser_tgt_qp_broken(conn, event);
		break;
	case IB_EVENT_SQ_DRAINED:
		break;
	case IB_EVENT_CQ_ERR:
	case IB_EVENT_QP_FATAL:
	case IB_EVENT_QP_REQ_ERR:
	case IB_EVENT_QP_ACCESS_ERR:
	case IB_EVENT_DEVICE_FATAL:
		iser_tgt_qp_broken(conn, event);
		break;
	default:
		/* Path migration, and what newer kernels have. */
		pr_info_ratelimited("%s port %u: %pISpc (%s): %s\n",
				    event->device->name,
				    conn->cm_id->port_num, &conn->peer,
				    conn->who, ib_event_msg(event->event));
		break;
	}
}

/* Sends of so many commands, without what moves their data. */
static unsigned int iser_tgt_qp_sends(unsigned int depth)
{
	return iser_tgt_conn_sends(depth) + ISER_TGT_QP_EXTRA;
}

/* Half of the commands have data on the wire; the others wait. */
static unsigned int iser_tgt_qp_credits_min(unsigned int depth)
{
	return max(depth / 2, 1U);
}

static unsigned int iser_tgt_qp_send_sge(const struct ib_device_attr *cap)
{
	return min_t(unsigned int, cap->max_send_sge, ISER_TGT_XFER_SGE);
}

/*
 * What a piece takes that seemed to need an MR. If an IOMMU makes few entries
 * of many, the core does without, and the device's longest plain list counts.
 */
static unsigned int iser_tgt_qp_mr_wrs(const struct ib_device_attr *cap)
{
	unsigned int sge = min_t(unsigned int, iser_tgt_qp_send_sge(cap),
				 cap->max_sge_rd);

	return max_t(unsigned int, ISER_TGT_MR_WRS,
		     DIV_ROUND_UP(cap->max_sgl_rd, max(sge, 1U)));
}

static unsigned int iser_tgt_qp_sends_min(const struct ib_device_attr *cap,
					  unsigned int depth)
{
	return iser_tgt_qp_sends(depth) + iser_tgt_qp_credits_min(depth) +
	       iser_tgt_qp_mr_wrs(cap);
}

/* One more for the drain. */
static unsigned int iser_tgt_qp_recvs(unsigned int depth)
{
	return depth + 2 * ISER_TGT_RECV_EXTRA + ISER_TGT_RECV_BATCH +
	       ISER_TGT_LOGIN_RECV + 1;
}

/**
 * iser_tgt_qp_wr_min - entries a queue must be able to have
 * @cap: what the device can do
 * @depth: commands in flight
 *
 * Context: any.
 * Return: work requests, of the longer of send and receive queue.
 */
unsigned int iser_tgt_qp_wr_min(const struct ib_device_attr *cap,
				unsigned int depth)
{
	return max(iser_tgt_qp_sends_min(cap, depth), iser_tgt_qp_recvs(depth));
}

/**
 * iser_tgt_qp_cqe_min - entries a completion queue must be able to have
 * @cap: what the device can do
 * @depth: commands in flight
 *
 * Context: any.
 * Return: completions.
 */
unsigned int iser_tgt_qp_cqe_min(const struct ib_device_attr *cap,
				 unsigned int depth)
{
	return iser_tgt_qp_sends_min(cap, depth) + iser_tgt_qp_recvs(depth) +
	       ISER_TGT_CQ_EXTRA;
}

/* A device with short queues serves fewer commands at a time. */
static void iser_tgt_qp_fit_depth(struct iser_tgt_conn *conn)
{
	const struct ib_device_attr *cap = &conn->dev->ibdev->attrs;
	unsigned int max_qp_wr = cap->max_qp_wr;
	unsigned int max_cqe = cap->max_cqe;
	unsigned int depth = conn->depth;

	/* iser_tgt_device_fits() has seen that one command has room. */
	while (depth > 1 && (iser_tgt_qp_wr_min(cap, depth) > max_qp_wr ||
			     iser_tgt_qp_cqe_min(cap, depth) > max_cqe))
		depth--;
	if (depth == conn->depth)
		return;

	pr_info_ratelimited("%pISpc: %s has room for %u commands in flight, not for %u\n",
			    &conn->peer, dev_name(&conn->dev->ibdev->dev),
			    depth, conn->depth);
	conn->depth = depth;
}

/*
 * MRs are dear: each is some KiB of the device's memory and a command to its
 * firmware, before anybody has logged in. Long scatterlists of the core's pages
 * need them on some devices, and may wait for each other; every RDMA READ does
 * on iWARP (RFC 5040 5.1), and all protection information.
 */
static unsigned int iser_tgt_qp_mrs(const struct iser_tgt_conn *conn)
{
	if (conn->integrity || rdma_protocol_iwarp(conn->dev->ibdev,
						   conn->cm_id->port_num))
		return max_t(unsigned int, conn->depth / 2, ISER_TGT_XFER_MRS);

	return ISER_TGT_XFER_MRS;
}

/* Roughly: each driver has layouts of its own. */
static size_t iser_tgt_qp_memory(const struct iser_tgt_conn *conn)
{
	const struct ib_device_attr *cap = &conn->dev->ibdev->attrs;
	size_t wrs = conn->send_wr + ISER_TGT_MR_WRS * conn->mrs_all;
	size_t wqe = ISER_TGT_WQE_BYTES +
		     ISER_TGT_SGE_BYTES * iser_tgt_qp_send_sge(cap);

	return sizeof(*conn) + wrs * (wqe + ISER_TGT_CQE_BYTES) +
	       conn->recv_wr * ISER_TGT_SGE_BYTES * conn->dev->recv_sge +
	       conn->mrs_all * ISER_TGT_MR_BYTES +
	       ISER_TGT_LOGIN_RECV * iser_tgt_rx_memory(conn->dev);
}

/**
 * iser_tgt_qp_plan - how large a queue pair a connection needs
 * @conn: with cm_id, dev, depth and integrity set
 *
 * A credit pays for one work request of up to sge_per_credit entries. The core
 * reserves entries for MRs beside them; where it needs none, those are credits
 * as well. Every command has room for its response beside that, so a response
 * never waits.
 *
 * Context: any.
 */
void iser_tgt_qp_plan(struct iser_tgt_conn *conn)
{
	const struct ib_device_attr *cap = &conn->dev->ibdev->attrs;
	unsigned int mr_wrs = iser_tgt_qp_mr_wrs(cap);
	unsigned int sends, recvs, room;

	iser_tgt_qp_fit_depth(conn);
	sends = iser_tgt_qp_sends(conn->depth);
	recvs = iser_tgt_qp_recvs(conn->depth);
	room = min_t(unsigned int, cap->max_qp_wr,
		     cap->max_cqe - recvs - ISER_TGT_CQ_EXTRA) - sends;

	conn->mrs_all = min(iser_tgt_qp_mrs(conn),
			    (room - iser_tgt_qp_credits_min(conn->depth)) /
			    mr_wrs);
	/* The core adds those of the MRs itself. */
	sends += (mr_wrs - ISER_TGT_MR_WRS) * conn->mrs_all;
	/* Those whose end nobody has heard of may keep theirs. */
	conn->credits_all = min(max_t(unsigned int, conn->depth / 2,
				      2 * ISER_TGT_XFER_PIECE) +
				ISER_TGT_UNSIGNALLED,
				room - mr_wrs * conn->mrs_all);
	/* Whatever those keep, there is enough left for one piece. */
	if (conn->credits_all > ISER_TGT_UNSIGNALLED)
		conn->unsignalled_max = ISER_TGT_UNSIGNALLED;
	conn->piece_max = min_t(unsigned int, ISER_TGT_XFER_PIECE,
				conn->credits_all - conn->unsignalled_max);

	conn->send_wr = sends + conn->credits_all;
	conn->recv_wr = recvs - 1;
	conn->memory = iser_tgt_qp_memory(conn);
}

/* What moves with which work requests: rdma_rw_io_needs_mr() of the core. */
static void iser_tgt_qp_pieces(struct iser_tgt_conn *conn)
{
	const struct ib_device_attr *cap = &conn->dev->ibdev->attrs;
	struct ib_qp *qp = conn->qp;

	conn->sge_per_credit = qp->max_write_sge;
	conn->sge_per_mr = clamp_t(unsigned int, conn->integrity ?
				   cap->max_pi_fast_reg_page_list_len :
				   cap->max_fast_reg_page_list_len, 1,
				   ISER_TGT_MR_SGE);
	conn->read_plain = UINT_MAX;
	conn->write_plain = UINT_MAX;
	if (rdma_protocol_iwarp(conn->dev->ibdev, conn->cm_id->port_num)) {
		conn->read_plain = 0;
	} else {
		conn->sge_per_credit = min(qp->max_write_sge, qp->max_read_sge);
		if (cap->max_sgl_rd) {
			conn->read_plain = cap->max_sgl_rd;
		} else if (!list_empty(&qp->rdma_mrs) && !conn->integrity) {
			/* ib_core was loaded with force_mr. */
			conn->read_plain = 0;
			conn->write_plain = 0;
		}
	}

	/* It has made none: what it reserved is an entry each. */
	if (list_empty(&qp->rdma_mrs)) {
		conn->credits_all += conn->mrs_all;
		conn->mrs_all = 0;
	}
	atomic_set(&conn->credits, conn->credits_all);
	atomic_set(&conn->mrs, conn->mrs_all);
}

/**
 * iser_tgt_qp_create - queue pair and receive queue for a connection
 * @conn: as iser_tgt_qp_plan() has left it
 *
 * Context: may sleep.
 * Return: 0 or a negative errno.
 */
int iser_tgt_qp_create(struct iser_tgt_conn *conn)
{
	struct ib_device *ibdev = conn->dev->ibdev;
	struct ib_qp_init_attr attr = {
		.event_handler = iser_tgt_qp_event,
		.qp_context = conn,
		.sq_sig_type = IB_SIGNAL_REQ_WR,
		.qp_type = IB_QPT_RC,
		.port_num = conn->cm_id->port_num,
		.cap.max_send_wr = conn->send_wr,
		.cap.max_send_sge = iser_tgt_qp_send_sge(&ibdev->attrs),
		.cap.max_rdma_ctxs = conn->mrs_all,
	};
	struct iser_tgt_device *dev = conn->dev;
	unsigned int nr_cqe;
	int ret;

	if (conn->integrity)
		attr.create_flags |= IB_QP_CREATE_INTEGRITY_EN;
	conn->vector = iser_tgt_vector_get(dev);
	conn->rxq = iser_tgt_device_shared(dev, conn->vector);
	if (conn->rxq && unlikely(READ_ONCE(conn->rxq->failed)))
		conn->rxq = NULL;
	if (conn->rxq) {
		attr.srq = conn->rxq->srq;
	} else {
		/* One more for the drain. */
		attr.cap.max_recv_wr = conn->recv_wr + 1;
		attr.cap.max_recv_sge = dev->recv_sge;
	}
	nr_cqe = attr.cap.max_recv_wr + attr.cap.max_send_wr +
		 ISER_TGT_MR_WRS * conn->mrs_all + ISER_TGT_CQ_EXTRA;
	ret = iser_tgt_cq_get(conn, conn->rxq ? conn->rxq->max : 0, nr_cqe);
	if (ret)
		goto put_vector;

	attr.send_cq = iser_tgt_cq_ib(conn->cq);
	attr.recv_cq = attr.send_cq;
	ret = rdma_create_qp(conn->cm_id, dev->pd, &attr);
	if (ret) {
		pr_warn_ratelimited("%pISpc: %s makes no queue pair of %u sends, %u receives and %d MRs: %d\n",
				    &conn->peer, dev_name(&ibdev->dev),
				    conn->send_wr, conn->recv_wr,
				    conn->mrs_all, ret);
		goto put_cq;
	}

	conn->qp = conn->cm_id->qp;
	iser_tgt_qp_pieces(conn);
	if (conn->rxq)
		return 0;

	conn->rxq = iser_tgt_rx_queue_own(conn);
	if (conn->rxq)
		return 0;

	ret = -ENOMEM;
	rdma_destroy_qp(conn->cm_id);
put_cq:
	iser_tgt_cq_put(conn);
put_vector:
	iser_tgt_vector_put(dev, conn->vector);
	return ret;
}

/**
 * iser_tgt_qp_closes - to disconnect it sends what it has to send
 * @conn: the connection
 *
 * The end of an iWARP connection is that of its TCP connection: a drain takes
 * the queue pair to the error state, and the adapter resets, so that the peer
 * may lose the last response. Disconnected before, TCP closes behind it. siw
 * does not flush the send queue of one that was disconnected. On InfiniBand and
 * RoCE a response has been acknowledged by the peer's adapter when it has
 * completed, and the drain lets nothing be lost.
 *
 * Context: any.
 * Return: true if rdma_disconnect() comes before iser_tgt_qp_drain().
 */
bool iser_tgt_qp_closes(const struct iser_tgt_conn *conn)
{
	const struct ib_device *ibdev = conn->dev->ibdev;

	return rdma_protocol_iwarp(ibdev, conn->cm_id->port_num) &&
	       ibdev->ops.driver_id != RDMA_DRIVER_SIW;
}

/**
 * iser_tgt_qp_drain - wait until the device is through with a queue pair
 * @conn: the connection, closing: nobody posts sends any more
 *
 * Since 6.11 ib_drain_qp() on a queue pair with a shared receive queue polls the
 * completion queue from its caller, beside the queue's own worker, and two
 * handlers of one connection could run at a time. The event and one more send
 * tell as much.
 *
 * Context: may sleep.
 */
void iser_tgt_qp_drain(struct iser_tgt_conn *conn)
{
	struct iser_tgt_device *dev = conn->dev;

	if (!conn->qp->srq) {
		ib_drain_qp(conn->qp);
		return;
	}

	ib_drain_sq(conn->qp);
	/* Nothing has come in, and not every device tells of nothing. */
	if (!conn->accepted)
		return;

	if (!READ_ONCE(dev->no_last_wqe) &&
	    !wait_event_timeout(conn->drained, READ_ONCE(conn->last_wqe),
				ISER_TGT_WAIT_QUIET)) {
		pr_warn("%s: does not tell when a queue pair is through with its receive queue\n",
			dev_name(&dev->ibdev->dev));
		/* One that has told before is late, or has failed. */
		if (!READ_ONCE(dev->tells_last_wqe))
			WRITE_ONCE(dev->no_last_wqe, true);
	}
	if (!READ_ONCE(conn->last_wqe))
		iser_tgt_shared_lossy(conn->rxq);
	/* What it received before that is in front of this. */
	ib_drain_sq(conn->qp);
}

/**
 * iser_tgt_qp_destroy - undo iser_tgt_qp_create()
 * @conn: the connection, drained; no PDU it received is in use
 *
 * Context: may sleep.
 */
void iser_tgt_qp_destroy(struct iser_tgt_conn *conn)
{
	rdma_destroy_qp(conn->cm_id);
	if (conn->rxq->conn)
		iser_tgt_rx_queue_free(conn->rxq);
	iser_tgt_cq_put(conn);
	/* A shared queue may be gone after this. */
	iser_tgt_vector_put(conn->dev, conn->vector);
}
