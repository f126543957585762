// SPDX-License-Identifier: GPL-2.0
/*
 * Received PDUs on their way to the fabric: directly in the completion handler,
 * or in order from a worker while some wait.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ktime.h>
#include <linux/sched/mm.h>

#include "../trace.h"
#include "conn.h"
#include "device.h"
#include "receive.h"
#include "receive_queue.h"
#include "window.h"

/* The fabric wants to know when each PDU was received. */
DEFINE_STATIC_KEY_FALSE(iser_tgt_stamps);

/**
 * iser_tgt_rx_ahs - the additional header segments of a PDU
 * @rx: the PDU
 *
 * Return: @rx->pdu.ahs_len bytes.
 */
const void *iser_tgt_rx_ahs(const struct iser_tgt_rx *rx)
{
	return page_address(iser_tgt_rx_buf(rx)->page[0]);
}

/**
 * iser_tgt_rx_copy - copy out what follows the headers
 * @rx: the PDU
 * @skip: bytes to skip behind the headers (the AHS, to get at the data)
 * @to: where to
 * @len: bytes; what was not received into the buffer is not copied
 *
 * Return: bytes copied.
 */
size_t iser_tgt_rx_copy(const struct iser_tgt_rx *rx, size_t skip, void *to,
			size_t len)
{
	const struct iser_tgt_rx_buf *buf = iser_tgt_rx_buf(rx);
	const struct iser_tgt_device *dev = buf->queue->dev;
	size_t piece = iser_tgt_device_recv_piece(dev);
	size_t end = dev->recv_data + ISER_TGT_RECV_AHS;
	size_t done = 0;

	while (done < len && skip < end) {
		size_t off = skip % piece;
		const u8 *from;
		size_t n;

		if (skip < dev->recv_data) {
			n = min(piece - off, dev->recv_data - skip);
			from = page_address(buf->page[skip / piece]) + off;
		} else {
			n = end - skip;
			from = buf->tail + skip - dev->recv_data;
		}
		n = min(n, len - done);
		memcpy(to + done, from, n);
		done += n;
		skip += n;
	}
	return done;
}

static inline void iser_tgt_rx_sg(struct iser_tgt_rx_buf *buf, unsigned int i,
				  u32 len)
{
	/* The PDU before may have ended here. */
	sg_unmark_end(&buf->sg[i]);
	sg_set_page(&buf->sg[i], buf->page[i], len, 0);
}

/* Apart, so that data of one piece saves no registers. */
static noinline struct iser_tgt_sgl
iser_tgt_rx_sgl_pieces(struct iser_tgt_rx_buf *buf, u32 len, u32 piece)
{
	unsigned int i;

	for (i = 0; len; i++) {
		u32 n = min(len, piece);

		iser_tgt_rx_sg(buf, i, n);
		len -= n;
	}
	return (struct iser_tgt_sgl) { .sg = buf->sg, .nents = i };
}

/**
 * iser_tgt_rx_sgl - the data segment of a PDU as a scatterlist
 * @rx: the PDU, without AHS
 * @len: bytes of the data segment, not 0
 *
 * Return: the scatterlist, with room for one more entry. The caller marks its
 * end.
 */
struct iser_tgt_sgl iser_tgt_rx_sgl(struct iser_tgt_rx *rx, u32 len)
{
	struct iser_tgt_rx_buf *buf = iser_tgt_rx_buf(rx);
	u32 piece = iser_tgt_device_recv_piece(buf->queue->dev);

	if (unlikely(len > piece))
		return iser_tgt_rx_sgl_pieces(buf, len, piece);

	iser_tgt_rx_sg(buf, 0, len);
	return (struct iser_tgt_sgl) { .sg = buf->sg, .nents = 1 };
}

static const char *iser_tgt_park_why(const struct iser_tgt_conn *conn, int ret)
{
	if (ret == -EBUSY)
		return "an earlier request is missing";
	if (ret)
		return "no context, or a function that sleeps";
	return conn->rx_direct ? "behind others" : "for the worker";
}

/* @ret: of the fabric; 0 if it was not asked, because others wait. */
static void iser_tgt_rx_park(struct iser_tgt_rx_buf *buf, int ret)
{
	struct iser_tgt_conn *conn = buf->conn;
	const struct iser_tgt_pdu *pdu = &buf->rx.pdu;
	bool too_many;

	if (!buf->rx.error)
		trace_iser_tgt_park(conn->initiator, conn->number, pdu->opcode,
				    pdu->itt, pdu->cmd_sn,
				    iser_tgt_park_why(conn, ret));

	spin_lock(&conn->rx_lock);
	conn->rx_parked = true;
	/* All PDUs of logins and discovery sessions are handled by the worker. */
	if (conn->rx_direct)
		conn->counts.parked++;
	list_add_tail(&buf->entry, &conn->rx_waiting);
	too_many = !iser_tgt_window_has_room(conn, ++conn->rx_waiting_nr);
	spin_unlock(&conn->rx_lock);

	/* The buffers may be shared with other connections. */
	if (too_many)
		iser_tgt_conn_close(conn, "receive window exceeded");
	queue_work(iser_tgt_rx_wq, &conn->rx_work);
}

/*
 * The fabric may return the buffer at any time, so the entry leaves the list
 * first, and is put back in its place if it has to wait.
 */
static int iser_tgt_rx_deliver(struct iser_tgt_conn *conn,
			       struct iser_tgt_rx_buf *buf)
{
	struct list_head *before = buf->entry.prev;
	int ret;

	spin_lock(&conn->rx_lock);
	list_del(&buf->entry);
	conn->rx_waiting_nr--;
	spin_unlock(&conn->rx_lock);

	ret = iser_tgt_ulp->receive(conn->session, &buf->rx);
	if (ret) {
		spin_lock(&conn->rx_lock);
		list_add(&buf->entry, before);
		conn->rx_waiting_nr++;
		spin_unlock(&conn->rx_lock);
	}
	return ret;
}

/* The PDU behind @before, which waits for one that is missing; or the first. */
static struct iser_tgt_rx_buf *
iser_tgt_rx_next_waiting(struct iser_tgt_conn *conn,
			 struct iser_tgt_rx_buf *before)
{
	struct list_head *next;

	spin_lock(&conn->rx_lock);
	next = before ? before->entry.next : conn->rx_waiting.next;
	if (list_empty(&conn->rx_waiting)) {
		iser_tgt_window_none_waits(conn);
		if (conn->rx_direct)
			/* Pairs with the acquire in iser_tgt_recv_done(). */
			smp_store_release(&conn->rx_parked, false);
	}
	spin_unlock(&conn->rx_lock);

	if (next == &conn->rx_waiting)
		return NULL;
	return list_entry(next, struct iser_tgt_rx_buf, entry);
}

static void iser_tgt_rx_handle_waiting(struct iser_tgt_conn *conn)
{
	struct iser_tgt_rx_buf *before = NULL, *buf;

	while (!iser_tgt_conn_closing(conn)) {
		buf = iser_tgt_rx_next_waiting(conn, before);
		if (!buf)
			return;

		switch (iser_tgt_rx_deliver(conn, buf)) {
		case -EAGAIN:
			return;
		case -EBUSY:
			before = buf;
			break;
		default:
			/* It may have been the missing one. */
			before = NULL;
		}
	}
}

/**
 * iser_tgt_rx_work - handle PDUs that wait, in order
 * @work: of the connection
 *
 * rx_parked keeps the completion handler out meanwhile. Reclaim must not write
 * to a disk that may be a LUN of this connection.
 */
void iser_tgt_rx_work(struct work_struct *work)
{
	struct iser_tgt_conn *conn =
		container_of(work, struct iser_tgt_conn, rx_work);
	unsigned int noio;

	if (READ_ONCE(conn->state) == ISER_TGT_CONN_CONNECTING)
		return;

	noio = memalloc_noio_save();
	iser_tgt_rx_handle_waiting(conn);
	memalloc_noio_restore(noio);
}

/**
 * iser_tgt_rx_start - the connection is established
 * @conn: the connection
 *
 * A PDU received before the RDMA CM's event has been parked.
 *
 * Context: any but interrupts.
 */
void iser_tgt_rx_start(struct iser_tgt_conn *conn)
{
	/* A release that has begun may have stopped the worker for good. */
	spin_lock(&conn->post_lock);
	if (conn->state == ISER_TGT_CONN_CONNECTING) {
		conn->state = ISER_TGT_CONN_LOGIN;
		iser_tgt_conn_trace(conn, "");
		queue_work(iser_tgt_rx_wq, &conn->rx_work);
	}
	spin_unlock(&conn->post_lock);
}

/**
 * iser_tgt_rx_drop - drop PDUs that were not handled
 * @conn: the connection, drained, its worker stopped
 *
 * Context: the release work.
 */
void iser_tgt_rx_drop(struct iser_tgt_conn *conn)
{
	struct iser_tgt_rx_buf *buf, *next;
	LIST_HEAD(list);

	spin_lock(&conn->rx_lock);
	list_splice_init(&conn->rx_waiting, &list);
	conn->rx_waiting_nr = 0;
	spin_unlock(&conn->rx_lock);

	list_for_each_entry_safe(buf, next, &list, entry)
		iser_tgt_rx_put(&buf->rx);
}

static noinline void iser_tgt_recv_sync(struct iser_tgt_rx_buf *buf, u32 received)
{
	struct ib_device *ibdev = buf->queue->dev->ibdev;
	int i;

	for (i = 0; i < buf->wr.num_sge && received; i++) {
		u32 len = min(received, buf->sge[i].length);

		ib_dma_sync_single_for_cpu(ibdev, buf->sge[i].addr, len,
					   DMA_FROM_DEVICE);
		received -= len;
	}
}

/**
 * iser_tgt_recv_done - completion of a receive
 * @cq: the completion queue
 * @wc: the completion
 *
 * Context: the completion queue's worker.
 */
void iser_tgt_recv_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct iser_tgt_rx_buf *buf =
		container_of(wc->wr_cqe, struct iser_tgt_rx_buf, cqe);
	struct iser_tgt_conn *conn = wc->qp->qp_context;
	int ret;

	if (wc->status != IB_WC_SUCCESS) {
		if (wc->status != IB_WC_WR_FLUSH_ERR)
			pr_warn_ratelimited("%pISpc: receive failed: %s\n",
					    &conn->peer,
					    ib_wc_status_msg(wc->status));
		iser_tgt_conn_close(conn, "receive failed");
		iser_tgt_rx_put(&buf->rx);
		return;
	}
	if (iser_tgt_conn_ends(conn)) {
		iser_tgt_rx_put(&buf->rx);
		return;
	}

	buf->conn = conn;
	WRITE_ONCE(conn->last_rx, jiffies);
	if (static_branch_unlikely(&iser_tgt_stamps))
		buf->rx.when = ktime_get_ns();
	if (iser_tgt_device_syncs(buf->queue->dev))
		iser_tgt_recv_sync(buf, wc->byte_len);
	buf->rx.received = wc->byte_len;
	buf->rx.error = iser_tgt_pdu_parse(&buf->rx.pdu, buf->rx.hdr, wc->byte_len);

	/* Pairs with the release in iser_tgt_rx_next_waiting(). */
	if (smp_load_acquire(&conn->rx_parked)) {
		iser_tgt_rx_park(buf, 0);
		return;
	}
	ret = iser_tgt_ulp->receive(conn->session, &buf->rx);
	if (unlikely(ret))
		iser_tgt_rx_park(buf, ret);
}
