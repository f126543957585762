// SPDX-License-Identifier: GPL-2.0
/*
 * The way of a received PDU to the layer above: at once in the completion
 * handler, or in order from a worker while something waits.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/sched/mm.h>

#include "rdma.h"

/**
 * iser_tgt_rx_copy - copy out what follows the headers
 * @rx: the PDU
 * @skip: bytes behind the headers to skip (the AHS, to get at the data)
 * @buf: where to
 * @len: bytes; what the pages do not hold is not copied
 *
 * Context: any.
 * Return: bytes copied.
 */
size_t iser_tgt_rx_copy(const struct iser_tgt_rx *rx, size_t skip, void *buf,
			size_t len)
{
	const struct iser_tgt_device *dev = rx->queue->dev;
	size_t piece = iser_tgt_recv_piece(dev);
	size_t end = dev->recv_data + ISER_TGT_RECV_AHS;
	size_t done = 0;

	while (done < len && skip < end) {
		size_t off = skip % piece;
		const u8 *from;
		size_t n;

		if (skip < dev->recv_data) {
			n = min(piece - off, dev->recv_data - skip);
			from = page_address(rx->page[skip / piece]) + off;
		} else {
			n = end - skip;
			from = rx->tail + skip - dev->recv_data;
		}
		n = min(n, len - done);
		memcpy(buf + done, from, n);
		done += n;
		skip += n;
	}
	return done;
}

static void iser_tgt_rx_park(struct iser_tgt_rx *rx)
{
	struct iser_tgt_conn *conn = rx->conn;
	bool too_many;

	spin_lock(&conn->rx_lock);
	conn->rx_parked = true;
	list_add_tail(&rx->entry, &conn->rx_waiting);
	too_many = ++conn->rx_waiting_nr > READ_ONCE(conn->rx_waiting_max);
	spin_unlock(&conn->rx_lock);

	/* The buffers may be others' as well. */
	if (too_many)
		iser_tgt_conn_close(conn, "more requests than it may send");
	queue_work(iser_tgt_rx_wq, &conn->rx_work);
}

/*
 * The layer above may give the buffer back before it returns, so the entry
 * leaves the list first, and goes back to its head if it has to wait on.
 */
static int iser_tgt_rx_deliver(struct iser_tgt_conn *conn,
			       struct iser_tgt_rx *rx)
{
	int ret;

	spin_lock(&conn->rx_lock);
	list_del(&rx->entry);
	conn->rx_waiting_nr--;
	spin_unlock(&conn->rx_lock);

	ret = iser_tgt_upper->receive(conn, rx);
	if (ret == -EAGAIN) {
		spin_lock(&conn->rx_lock);
		list_add(&rx->entry, &conn->rx_waiting);
		conn->rx_waiting_nr++;
		spin_unlock(&conn->rx_lock);
	}
	return ret;
}

static void iser_tgt_rx_handle_waiting(struct iser_tgt_conn *conn)
{
	struct iser_tgt_rx *rx;

	while (!iser_tgt_conn_closing(conn)) {
		spin_lock(&conn->rx_lock);
		rx = list_first_entry_or_null(&conn->rx_waiting,
					      struct iser_tgt_rx, entry);
		if (!rx && conn->rx_direct)
			/* Pairs with the acquire in iser_tgt_recv_done(). */
			smp_store_release(&conn->rx_parked, false);
		spin_unlock(&conn->rx_lock);

		if (!rx || iser_tgt_rx_deliver(conn, rx) == -EAGAIN)
			return;
	}
}

/**
 * iser_tgt_rx_work - handle PDUs that wait, in order
 * @work: of the connection
 *
 * rx_parked keeps the completion handler out while one is handled here. Memory
 * is not reclaimed by writing to a disk that may be this connection's.
 *
 * Context: process.
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
 * iser_tgt_conn_kick - what a waiting PDU lacked may be there now
 * @conn: the connection
 *
 * Or, at the end, what its release waits for: a request has ended.
 *
 * Context: any.
 */
void iser_tgt_conn_kick(struct iser_tgt_conn *conn)
{
	/* Pairs with the lock where rx_parked is set, and with quiet. */
	smp_mb();
	if (likely(!READ_ONCE(conn->rx_parked)))
		return;
	if (!iser_tgt_conn_closing(conn))
		queue_work(iser_tgt_rx_wq, &conn->rx_work);
	else if (READ_ONCE(conn->quiet))
		queue_work(iser_tgt_release_wq, &conn->release_work);
}

/**
 * iser_tgt_rx_start - the connection is established
 * @conn: the connection
 *
 * A PDU may have come in before the RDMA CM told us; it waits.
 *
 * Context: any but interrupts.
 */
void iser_tgt_rx_start(struct iser_tgt_conn *conn)
{
	/* Once the release has begun, it may have stopped the worker for good. */
	spin_lock(&conn->post_lock);
	if (conn->state == ISER_TGT_CONN_CONNECTING) {
		conn->state = ISER_TGT_CONN_LOGIN;
		queue_work(iser_tgt_rx_wq, &conn->rx_work);
	}
	spin_unlock(&conn->post_lock);
}

/**
 * iser_tgt_rx_drop - PDUs that were never handled
 * @conn: the connection, drained, its worker stopped
 *
 * Context: the release work.
 */
void iser_tgt_rx_drop(struct iser_tgt_conn *conn)
{
	struct iser_tgt_rx *rx, *next;
	LIST_HEAD(list);

	spin_lock(&conn->rx_lock);
	list_splice_init(&conn->rx_waiting, &list);
	conn->rx_waiting_nr = 0;
	spin_unlock(&conn->rx_lock);

	list_for_each_entry_safe(rx, next, &list, entry)
		iser_tgt_rx_put(rx);
}

static void iser_tgt_recv_sync(struct iser_tgt_rx *rx, u32 received)
{
	struct ib_device *ibdev = rx->queue->dev->ibdev;
	int i;

	for (i = 0; i < rx->wr.num_sge && received; i++) {
		u32 len = min(received, rx->sge[i].length);

		ib_dma_sync_single_for_cpu(ibdev, rx->sge[i].addr, len,
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
	struct iser_tgt_rx *rx =
		container_of(wc->wr_cqe, struct iser_tgt_rx, cqe);
	struct iser_tgt_conn *conn = wc->qp->qp_context;

	if (wc->status != IB_WC_SUCCESS) {
		if (wc->status != IB_WC_WR_FLUSH_ERR)
			pr_warn_ratelimited("%pISpc: receive failed: %s\n",
					    &conn->peer,
					    ib_wc_status_msg(wc->status));
		iser_tgt_conn_close(conn, "receive failed");
		iser_tgt_rx_put(rx);
		return;
	}
	if (iser_tgt_conn_closing(conn)) {
		iser_tgt_rx_put(rx);
		return;
	}

	rx->conn = conn;
	WRITE_ONCE(conn->last_rx, jiffies);
	iser_tgt_recv_sync(rx, wc->byte_len);
	rx->received = wc->byte_len;
	rx->error = iser_tgt_pdu_parse(&rx->pdu, rx->hdr, wc->byte_len);

	/* Pairs with the release in iser_tgt_rx_work(). */
	if (smp_load_acquire(&conn->rx_parked) ||
	    iser_tgt_upper->receive(conn, rx) == -EAGAIN)
		iser_tgt_rx_park(rx);
}
