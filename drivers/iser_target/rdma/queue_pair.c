// SPDX-License-Identifier: GPL-2.0
/* Queue pairs: their size, their creation, their drain. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "../wait.h"
#include "conn.h"
#include "cq.h"
#include "device.h"
#include "queue_pair.h"
#include "receive.h"
#include "receive_queue.h"
#include "receive_shared.h"
#include "send.h"
#include "transfer.h"
#include "vector.h"

/* Sends beside those of contexts: the login's last, the drain. */
#define ISER_TGT_QP_EXTRA	2
/* Send queue entries of an MR: to register memory, to use it, to invalidate. */
#define ISER_TGT_MR_WRS		3
/* Scatterlist entries the core registers at a time, at most. */
#define ISER_TGT_MR_SGE		256U
/* Completions beside those of work requests. */
#define ISER_TGT_CQ_EXTRA	2
/*
 * Device memory, roughly: an entry of a send queue beside its scatter elements,
 * a scatter element, a completion, an MR.
 */
#define ISER_TGT_WQE_BYTES	64
#define ISER_TGT_SGE_BYTES	16
#define ISER_TGT_CQE_BYTES	64
#define ISER_TGT_MR_BYTES	(1024 + 8 * ISER_TGT_MR_SGE)

static void iser_tgt_qp_error(struct iser_tgt_conn *conn,
			      const struct ib_event *event)
{
	pr_warn_ratelimited("%s port %u: %pISpc (%s): %s\n",
			    event->device->name, conn->port, &conn->peer,
			    conn->initiator, ib_event_msg(event->event));
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
		/* It was late once, but not missing. */
		WRITE_ONCE(conn->dev->no_last_wqe, false);
		WRITE_ONCE(conn->last_wqe, true);
		wake_up_all(&conn->drained);
		/* Not triggered by our own drain: the QP hit an error. */
		if (!iser_tgt_conn_closing(conn))
			iser_tgt_qp_error(conn, event);
		break;
	case IB_EVENT_SQ_DRAINED:
		break;
	case IB_EVENT_CQ_ERR:
	case IB_EVENT_QP_FATAL:
	case IB_EVENT_QP_REQ_ERR:
	case IB_EVENT_QP_ACCESS_ERR:
	case IB_EVENT_DEVICE_FATAL:
		iser_tgt_qp_error(conn, event);
		break;
	default:
		/* Path migration, and events of newer kernels. */
		pr_info_ratelimited("%s port %u: %pISpc (%s): %s\n",
				    event->device->name, conn->port,
				    &conn->peer, conn->initiator,
				    ib_event_msg(event->event));
		break;
	}
}

/**
 * iser_tgt_qp_contexts - PDUs that a session may have under way
 * @depth: commands in flight
 *
 * A context becomes free when its response was sent, a little after the
 * initiator had it and sent the next command; immediate requests and
 * unsolicited PDUs need some as well.
 *
 * Return: the number.
 */
unsigned int iser_tgt_qp_contexts(unsigned int depth)
{
	return depth + max(depth / 4, ISER_TGT_UNSIGNALED + 1U) +
	       ISER_TGT_RECV_EXTRA + ISER_TGT_SEND_OWN;
}

/* SENDs for so many commands, without RDMA. */
static unsigned int iser_tgt_qp_sends(unsigned int depth)
{
	return iser_tgt_qp_contexts(depth) + ISER_TGT_QP_EXTRA;
}

/* On a device with short queues half of the commands may use RDMA at a time. */
static unsigned int iser_tgt_qp_credits_min(unsigned int depth)
{
	return max(depth / 2, 1U);
}

static unsigned int iser_tgt_qp_send_sge(const struct ib_device_attr *cap)
{
	return min_t(unsigned int, cap->max_send_sge, ISER_TGT_XFER_SGE);
}

/*
 * Entries for a segment that seemed to need an MR. If an IOMMU merges its
 * entries the core may do without, up to the device's longest plain list.
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
 * Return: completions.
 */
unsigned int iser_tgt_qp_cqe_min(const struct ib_device_attr *cap,
				 unsigned int depth)
{
	return iser_tgt_qp_sends_min(cap, depth) + iser_tgt_qp_recvs(depth) +
	       ISER_TGT_CQ_EXTRA;
}

/* On a device with short queues fewer commands are in flight. */
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
 * MRs are expensive: each takes some KiB of the device's memory and a command to
 * its firmware, before the login. Long scatterlists of the core's pages need
 * them on some devices, and may wait for each other; so does every RDMA READ on
 * iWARP (RFC 5040 5.1), and all protection information.
 */
static unsigned int iser_tgt_qp_mrs(const struct iser_tgt_conn *conn)
{
	if (conn->pi || conn->iwarp)
		return max_t(unsigned int, conn->depth / 2, ISER_TGT_XFER_MRS);

	return ISER_TGT_XFER_MRS;
}

/* Roughly: layouts differ between drivers. */
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
 * iser_tgt_qp_plan - size the queue pair of a connection
 * @conn: with cm_id, dev, depth, pi and iwarp set
 *
 * A credit pays for one work request of up to sge_per_credit entries. The core
 * reserves entries for MRs beside them; where it needs none, those become
 * credits. Every command has an entry for its response beside that, so a
 * response never waits.
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
	/*
	 * One for the data of every PDU, so that only long scatterlists wait.
	 * Unsignaled responses hold theirs until the next completion.
	 */
	conn->credits_all = min(max_t(unsigned int,
				      iser_tgt_qp_contexts(conn->depth),
				      2 * ISER_TGT_XFER_SEGMENT) +
				ISER_TGT_UNSIGNALED,
				room - mr_wrs * conn->mrs_all);
	/* Beside those, enough are left for one segment. */
	if (conn->credits_all > ISER_TGT_UNSIGNALED)
		conn->unsignaled_max = ISER_TGT_UNSIGNALED;
	conn->segment_max = min_t(unsigned int, ISER_TGT_XFER_SEGMENT,
				  conn->credits_all - conn->unsignaled_max);

	conn->send_wr = sends + conn->credits_all;
	conn->recv_wr = recvs - 1;
	conn->memory = iser_tgt_qp_memory(conn);
}

/* As rdma_rw_io_needs_mr() of the core decides. */
static void iser_tgt_qp_segments(struct iser_tgt_conn *conn)
{
	const struct ib_device_attr *cap = &conn->dev->ibdev->attrs;
	struct ib_qp *qp = conn->qp;

	conn->sge_per_credit = qp->max_write_sge;
	conn->sge_per_mr = clamp_t(unsigned int, conn->pi ?
				   cap->max_pi_fast_reg_page_list_len :
				   cap->max_fast_reg_page_list_len, 1,
				   ISER_TGT_MR_SGE);
	conn->read_plain = UINT_MAX;
	conn->write_plain = UINT_MAX;
	if (conn->iwarp) {
		conn->read_plain = 0;
	} else {
		conn->sge_per_credit = min(qp->max_write_sge, qp->max_read_sge);
		if (cap->max_sgl_rd) {
			conn->read_plain = cap->max_sgl_rd;
		} else if (!list_empty(&qp->rdma_mrs) && !conn->pi) {
			/* ib_core was loaded with force_mr. */
			conn->read_plain = 0;
			conn->write_plain = 0;
		}
	}

	/* The core made no MRs: what it reserved for each is an entry. */
	if (list_empty(&qp->rdma_mrs)) {
		conn->credits_all += conn->mrs_all;
		conn->mrs_all = 0;
	}
	atomic_set(&conn->credits, conn->credits_all);
	atomic_set(&conn->mrs, conn->mrs_all);
}

/**
 * iser_tgt_qp_limit_reads - the initiator serves fewer RDMA READs at a time
 * @conn: the connection, nothing has been transferred
 * @ord: how many
 *
 * RFC 7145 8.2. The queue pair's own limit cannot be changed any more, so what a
 * transfer takes is limited: MRs, which then only RDMA READs use, or the credits
 * of all transfers. A segment counts as one MR, also where the device posts it as
 * several RDMA READs without; then the queue pair's own limit holds.
 *
 * Context: the receive side.
 */
void iser_tgt_qp_limit_reads(struct iser_tgt_conn *conn, u16 ord)
{
	unsigned int cut;

	if (ord >= conn->ord)
		return;

	conn->ord = ord;
	if (!ord)
		return;
	if (conn->mrs_all) {
		conn->reads_by_mr = true;
		conn->read_plain = 0;
		cut = conn->mrs_all - min_t(unsigned int, conn->mrs_all, ord);
		conn->mrs_all -= cut;
		atomic_sub(cut, &conn->mrs);
		return;
	}
	cut = conn->credits_all - min_t(unsigned int, conn->credits_all, ord);
	conn->credits_all -= cut;
	atomic_sub(cut, &conn->credits);
	conn->segment_max = min_t(unsigned int, conn->segment_max, ord);
	/* Unsignaled responses would hold credits. */
	conn->unsignaled_max = 0;
}

/* Completions of sends. */
static unsigned int iser_tgt_qp_send_cqes(const struct iser_tgt_conn *conn)
{
	return conn->send_wr + ISER_TGT_MR_WRS * conn->mrs_all +
	       ISER_TGT_CQ_EXTRA;
}

/*
 * The shared receive queue, or NULL: it has failed, or is so long that no completion
 * queue has room for the connection's sends as well. One for receives of its own
 * has been planned.
 */
static struct iser_tgt_rx_queue *
iser_tgt_qp_shared(const struct iser_tgt_conn *conn)
{
	struct iser_tgt_rx_queue *q = iser_tgt_vector_shared(conn->vector);

	if (!q || unlikely(READ_ONCE(q->failed) || READ_ONCE(q->worn)))
		return NULL;
	if (unlikely(q->max + iser_tgt_qp_send_cqes(conn) >
		     (u32)conn->dev->ibdev->attrs.max_cqe))
		return NULL;

	return q;
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
		.port_num = conn->port,
		.cap.max_send_wr = conn->send_wr,
		.cap.max_send_sge = iser_tgt_qp_send_sge(&ibdev->attrs),
		.cap.max_rdma_ctxs = conn->mrs_all,
	};
	struct iser_tgt_device *dev = conn->dev;
	int ret;

	if (conn->pi)
		attr.create_flags |= IB_QP_CREATE_INTEGRITY_EN;
	conn->vector = iser_tgt_vector_get(dev);
	conn->pool = &conn->vector->pool;
	conn->rxq = iser_tgt_qp_shared(conn);
	if (conn->rxq) {
		attr.srq = conn->rxq->srq;
	} else {
		/* One more for the drain. */
		attr.cap.max_recv_wr = conn->recv_wr + 1;
		attr.cap.max_recv_sge = dev->recv_sge;
	}
	conn->nr_cqe = attr.cap.max_recv_wr + iser_tgt_qp_send_cqes(conn);
	conn->cq = iser_tgt_cq_get(dev, &conn->vector->cqs,
				   iser_tgt_vector_number(conn->vector),
				   conn->rxq ? conn->rxq->max : 0,
				   conn->nr_cqe);
	if (IS_ERR(conn->cq)) {
		ret = PTR_ERR(conn->cq);
		goto put_vector;
	}

	attr.send_cq = iser_tgt_cq_ib(conn->cq);
	attr.recv_cq = attr.send_cq;
	ret = rdma_create_qp(conn->cm_id, dev->pd, &attr);
	if (ret) {
		pr_warn_ratelimited("%pISpc: %s cannot create a queue pair of %u sends, %u receives and %d MRs: %d\n",
				    &conn->peer, dev_name(&ibdev->dev),
				    conn->send_wr, conn->recv_wr,
				    conn->mrs_all, ret);
		goto put_cq;
	}

	conn->qp = conn->cm_id->qp;
	iser_tgt_qp_segments(conn);
	if (conn->rxq)
		return 0;

	conn->rxq = iser_tgt_rx_queue_alloc(dev, conn->recv_wr,
					    iser_tgt_recv_done);
	if (conn->rxq) {
		conn->rxq->conn = conn;
		return 0;
	}

	ret = -ENOMEM;
	rdma_destroy_qp(conn->cm_id);
put_cq:
	iser_tgt_cq_put(dev, &conn->vector->cqs, conn->cq, conn->nr_cqe);
put_vector:
	iser_tgt_vector_put(conn->vector);
	return ret;
}

/**
 * iser_tgt_qp_disconnects_first - is a queue pair disconnected before its drain
 * @conn: the connection
 *
 * An iWARP connection ends with its TCP connection. The drain takes the queue
 * pair to the error state and the adapter resets the TCP connection, so that the
 * peer may lose the last response; after rdma_disconnect() TCP closes behind it.
 * On InfiniBand and RoCE a response that completed was acknowledged by the
 * peer's adapter, and the drain loses nothing.
 *
 * Return: true if rdma_disconnect() comes before iser_tgt_qp_drain().
 */
bool iser_tgt_qp_disconnects_first(const struct iser_tgt_conn *conn)
{
	return conn->iwarp && !conn->dev->quirks.disconnect_skips_flush;
}

/**
 * iser_tgt_qp_drain - wait until the device has finished with a queue pair
 * @conn: the connection, closing: no more sends are posted
 *
 * ib_drain_qp() on a queue pair with a shared receive queue polls the completion
 * queue directly (since 6.11) and would race with its worker. Wait for
 * LAST_WQE_REACHED instead, then drain the send queue once more: completions of
 * receives are ahead of that one.
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
	/* Nothing was received, and not every device raises the event then. */
	if (!conn->accepted)
		return;

	if (!READ_ONCE(dev->no_last_wqe) &&
	    !wait_event_timeout(conn->drained, READ_ONCE(conn->last_wqe),
				ISER_TGT_WAIT_QUIET)) {
		pr_warn("%s: no LAST_WQE_REACHED event within 10 s\n",
			dev_name(&dev->ibdev->dev));
		/* A device that has raised it before is late, or has failed. */
		if (!READ_ONCE(dev->tells_last_wqe))
			WRITE_ONCE(dev->no_last_wqe, true);
	}
	if (!READ_ONCE(conn->last_wqe))
		iser_tgt_shared_lossy(conn->rxq);
	/* What was received before completes ahead of this. */
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
	struct iser_tgt_cq *cq = conn->cq;

	rdma_destroy_qp(conn->cm_id);
	if (conn->rxq->conn)
		iser_tgt_rx_queue_free(conn->rxq);
	/* iser_tgt_devices_show() looks for it under the device's vector_lock. */
	WRITE_ONCE(conn->cq, NULL);
	iser_tgt_cq_put(conn->dev, &conn->vector->cqs, cq, conn->nr_cqe);
	/* A shared queue may be freed after this. */
	iser_tgt_vector_put(conn->vector);
}
