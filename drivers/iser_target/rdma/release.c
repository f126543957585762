// SPDX-License-Identifier: GPL-2.0
/* The end of a connection. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>

#include "../wait.h"
#include "conn.h"
#include "device.h"
#include "queue_pair.h"
#include "receive.h"
#include "release.h"
#include "sent.h"
#include "transfer.h"
#include "window.h"

/* Nothing is received, sent or posted after this. */
static void iser_tgt_conn_quiesce(struct iser_tgt_conn *conn)
{
	spin_lock(&conn->post_lock);
	conn->state = ISER_TGT_CONN_CLOSING;
	iser_tgt_conn_trace(conn, conn->close_reason);
	spin_unlock(&conn->post_lock);

	iser_tgt_conn_waits_for(conn, "the handler that accepts it");
	mod_delayed_work(iser_tgt_misc_wq, &conn->stall_work,
			 ISER_TGT_WAIT_QUIET);

	/* Wait for a handler that is accepting this connection. */
	rdma_lock_handler(conn->cm_id);
	rdma_unlock_handler(conn->cm_id);

	if (iser_tgt_qp_disconnects_first(conn))
		rdma_disconnect(conn->cm_id);
	iser_tgt_conn_waits_for(conn, "its queue pair to be drained");
	iser_tgt_qp_drain(conn);
	iser_tgt_sent_flush(conn);
	if (!iser_tgt_qp_disconnects_first(conn))
		rdma_disconnect(conn->cm_id);
	iser_tgt_conn_waits_for(conn, "a request that is being received");
	cancel_work_sync(&conn->rx_work);
	cancel_delayed_work_sync(&conn->deadline);
	iser_tgt_rx_drop(conn);
	iser_tgt_xfer_flush(conn);

	iser_tgt_conn_waits_for(conn, "its commands");
	spin_lock(&conn->rx_lock);
	conn->rx_parked = true;
	spin_unlock(&conn->rx_lock);
	/* Pairs with the barrier in iser_tgt_conn_kick(). */
	smp_store_mb(conn->quiesced, true);
}

/* No request is left. */
static void iser_tgt_conn_free(struct iser_tgt_conn *conn)
{
	struct iser_tgt_device *dev = conn->dev;

	iser_tgt_ulp->close(conn->session);
	/*
	 * Requests that ended meanwhile may have queued both. The first does
	 * nothing, and this is the last run of the second.
	 */
	cancel_work_sync(&conn->rx_work);
	cancel_work(&conn->release_work);

	iser_tgt_window_end(conn);
	iser_tgt_conn_waits_for(conn, "its queue pair to be destroyed");
	iser_tgt_qp_destroy(conn);
	cancel_delayed_work_sync(&conn->stall_work);
	/* Events of the CM that are being handled name the initiator. */
	rdma_destroy_id(conn->cm_id);
	iser_tgt_ulp->free(conn->session);

	pr_debug("%pISpc: closed: %s\n", &conn->peer, conn->close_reason);

	/* A waiter for the listener may look at the users of the device. */
	spin_lock(&iser_tgt_conn_lock);
	list_del(&conn->dev_entry);
	iser_tgt_device_put_locked(dev);
	iser_tgt_conn_leave(conn);
	spin_unlock(&iser_tgt_conn_lock);
	kfree(conn);
}

/**
 * iser_tgt_conn_release - take a connection apart
 * @work: of the connection
 *
 * The only place that does, and the order it is done in. Every wait ends by
 * itself: the drain when the device has flushed its queues and their completions
 * were handled.
 *
 * Requests end when their backstore answers, which may take forever, and the
 * number of workers is limited. So they are not waited for here: each that ends
 * runs this again through iser_tgt_conn_kick().
 */
void iser_tgt_conn_release(struct work_struct *work)
{
	struct iser_tgt_conn *conn =
		container_of(work, struct iser_tgt_conn, release_work);

	if (!conn->quiesced)
		iser_tgt_conn_quiesce(conn);
	if (iser_tgt_ulp->stop(conn->session))
		iser_tgt_conn_free(conn);
}
