// SPDX-License-Identifier: GPL-2.0
/* The life of a connection and its one way out. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>

#include "../wait.h"
#include "rdma.h"

struct workqueue_struct *iser_tgt_wq;
/*
 * A request may wait for the core, PERSISTENT RESERVE OUT for other commands,
 * and a release for the device. Neither may use up the workers of the other, nor
 * those of deadlines and repairs, which wait for nobody.
 */
struct workqueue_struct *iser_tgt_rx_wq;
struct workqueue_struct *iser_tgt_release_wq;

const char *const iser_tgt_login_late = "login not ended in time";

/* It may have been put off, or be over, as it fires. */
static void iser_tgt_conn_expired(struct work_struct *work)
{
	struct iser_tgt_conn *conn =
		container_of(to_delayed_work(work), struct iser_tgt_conn,
			     deadline);
	const char *why;

	spin_lock(&conn->post_lock);
	why = conn->deadline_why;
	if (time_before(jiffies, conn->deadline_at))
		why = NULL;
	spin_unlock(&conn->post_lock);

	if (why)
		iser_tgt_conn_close(conn, why);
}

/* Once, whatever it is that takes so long. */
static void iser_tgt_conn_late(struct work_struct *work)
{
	struct iser_tgt_conn *conn =
		container_of(to_delayed_work(work), struct iser_tgt_conn, late);

	pr_warn("%pISpc (%s): still waiting for %s\n", &conn->peer, conn->who,
		READ_ONCE(conn->waits_for));
	iser_tgt_upper->late(conn);
}

static void iser_tgt_conn_wait_for(struct iser_tgt_conn *conn, const char *what)
{
	WRITE_ONCE(conn->waits_for, what);
}

/**
 * iser_tgt_conn_says_late - say in the log what is waited for if it takes long
 * @conn: the connection
 * @what: plain words, a string constant
 *
 * Context: the connection's worker. Once it has begun, more of the same change
 * nothing.
 */
void iser_tgt_conn_says_late(struct iser_tgt_conn *conn, const char *what)
{
	iser_tgt_conn_wait_for(conn, what);
	queue_delayed_work(iser_tgt_wq, &conn->late, ISER_TGT_WAIT_QUIET);
}

/**
 * iser_tgt_conn_not_late - the wait is over
 * @conn: the connection
 *
 * Context: the connection's worker, may sleep.
 */
void iser_tgt_conn_not_late(struct iser_tgt_conn *conn)
{
	cancel_delayed_work_sync(&conn->late);
}

/* Nothing is received, sent or posted after this. */
static void iser_tgt_conn_quiesce(struct iser_tgt_conn *conn)
{
	spin_lock(&conn->post_lock);
	conn->state = ISER_TGT_CONN_CLOSING;
	spin_unlock(&conn->post_lock);

	iser_tgt_conn_wait_for(conn, "the handler that accepts it");
	mod_delayed_work(iser_tgt_wq, &conn->late, ISER_TGT_WAIT_QUIET);

	/* Let a handler that is just accepting this connection come out. */
	rdma_lock_handler(conn->cm_id);
	rdma_unlock_handler(conn->cm_id);

	if (iser_tgt_qp_closes(conn))
		rdma_disconnect(conn->cm_id);
	iser_tgt_conn_wait_for(conn, "its queue pair to be drained");
	iser_tgt_qp_drain(conn);
	iser_tgt_sent_flush(conn);
	if (!iser_tgt_qp_closes(conn))
		rdma_disconnect(conn->cm_id);
	iser_tgt_conn_wait_for(conn, "a request that is being received");
	cancel_work_sync(&conn->rx_work);
	cancel_delayed_work_sync(&conn->deadline);
	iser_tgt_rx_drop(conn);
	iser_tgt_xfer_flush(conn);

	iser_tgt_conn_wait_for(conn, "its commands");
	spin_lock(&conn->rx_lock);
	conn->rx_parked = true;
	spin_unlock(&conn->rx_lock);
	/* Pairs with the barrier in iser_tgt_conn_kick(). */
	smp_store_mb(conn->quiet, true);
}

/* No request is left. */
static void iser_tgt_conn_free(struct iser_tgt_conn *conn)
{
	struct iser_tgt_device *dev = conn->dev;

	iser_tgt_upper->close(conn);
	/*
	 * Requests that ended meanwhile may have kicked both. The first does
	 * nothing, and this is the last run of the second.
	 */
	cancel_work_sync(&conn->rx_work);
	cancel_work(&conn->release_work);

	iser_tgt_window_end(conn);
	iser_tgt_conn_wait_for(conn, "its queue pair to be destroyed");
	iser_tgt_qp_destroy(conn);
	cancel_delayed_work_sync(&conn->late);
	iser_tgt_upper->free(conn);
	rdma_destroy_id(conn->cm_id);

	pr_debug("%pISpc: closed: %s\n", &conn->peer, conn->close_reason);

	/* Whoever waits for the listener may look at the device's users. */
	spin_lock(&iser_tgt_conn_lock);
	list_del(&conn->dev_entry);
	iser_tgt_device_put_locked(dev);
	iser_tgt_listener_conn_del(conn);
	spin_unlock(&iser_tgt_conn_lock);
	kfree(conn);
}

/*
 * The only place that takes a connection apart, and the order it is done in.
 * Every wait here ends by itself: the drain when the device has flushed its
 * queues and their completions were handled.
 *
 * Requests end when their backstore answers, which may take for ever, and there
 * are as many workers as there are. So nobody waits for them here: with each
 * that ends, iser_tgt_conn_kick() has this look again.
 */
static void iser_tgt_conn_release(struct work_struct *work)
{
	struct iser_tgt_conn *conn =
		container_of(work, struct iser_tgt_conn, release_work);

	if (!conn->quiet)
		iser_tgt_conn_quiesce(conn);
	if (iser_tgt_upper->stop(conn))
		iser_tgt_conn_free(conn);
}

/**
 * iser_tgt_conn_init - prepare a zeroed connection
 * @conn: the connection
 *
 * Context: any.
 */
void iser_tgt_conn_init(struct iser_tgt_conn *conn)
{
	conn->state = ISER_TGT_CONN_CONNECTING;
	conn->who = "";
	conn->sent_tail = &conn->sent;
	spin_lock_init(&conn->rx_lock);
	spin_lock_init(&conn->post_lock);
	spin_lock_init(&conn->xfer_lock);
	INIT_LIST_HEAD(&conn->rx_waiting);
	INIT_LIST_HEAD(&conn->xfer_wait);
	INIT_LIST_HEAD(&conn->xfer_stuck);
	init_waitqueue_head(&conn->drained);
	/* Until it is established and logged in, PDUs are work for a worker. */
	conn->rx_parked = true;
	conn->rx_waiting_max = ISER_TGT_LOGIN_WAITING;
	INIT_WORK(&conn->rx_work, iser_tgt_rx_work);
	INIT_WORK(&conn->release_work, iser_tgt_conn_release);
	INIT_DELAYED_WORK(&conn->deadline, iser_tgt_conn_expired);
	INIT_DELAYED_WORK(&conn->late, iser_tgt_conn_late);
	conn->last_rx = jiffies;
}

/*
 * Whoever makes a connection frees it as long as he has not published it, and
 * the device may want it to end before that.
 */
static void iser_tgt_conn_may_release(struct iser_tgt_conn *conn)
{
	if (test_bit(ISER_TGT_CLOSE_ASKED, &conn->close) &&
	    test_bit(ISER_TGT_CLOSE_OWNED, &conn->close) &&
	    !test_and_set_bit(ISER_TGT_CLOSE_QUEUED, &conn->close))
		queue_work(iser_tgt_release_wq, &conn->release_work);
}

/**
 * iser_tgt_conn_published - its release owns a connection from now on
 * @conn: the connection
 *
 * Context: any.
 */
void iser_tgt_conn_published(struct iser_tgt_conn *conn)
{
	set_bit(ISER_TGT_CLOSE_OWNED, &conn->close);
	/* Pairs with the one in iser_tgt_conn_close(). */
	smp_mb__after_atomic();
	iser_tgt_conn_may_release(conn);
}

/**
 * iser_tgt_conn_close - end a connection
 * @conn: the connection, known to be alive: the caller holds
 *	iser_tgt_conn_lock and found it on a list, or runs on its behalf
 * @why: plain words, a string constant
 *
 * Context: any. Only the first call counts.
 */
void iser_tgt_conn_close(struct iser_tgt_conn *conn, const char *why)
{
	if (iser_tgt_conn_closing(conn) || cmpxchg(&conn->close_reason, NULL, why))
		return;

	set_bit(ISER_TGT_CLOSE_ASKED, &conn->close);
	/* Pairs with the one in iser_tgt_conn_published(). */
	smp_mb__after_atomic();
	iser_tgt_conn_may_release(conn);
}

/**
 * iser_tgt_conn_set_live - the login is through
 * @conn: the connection
 * @stat_sn: StatSN of the next response
 * @exp_cmd_sn: CmdSN of the next command
 * @direct: handle PDUs in the completion handler from now on
 *
 * Context: any but interrupts.
 */
void iser_tgt_conn_set_live(struct iser_tgt_conn *conn, u32 stat_sn,
			    u32 exp_cmd_sn, bool direct)
{
	spin_lock(&conn->post_lock);
	if (conn->state != ISER_TGT_CONN_CLOSING)
		conn->state = ISER_TGT_CONN_LIVE;
	conn->stat_sn = stat_sn;
	conn->exp_cmd_sn = exp_cmd_sn;
	conn->max_cmd_sn = exp_cmd_sn + conn->window - 1;
	spin_unlock(&conn->post_lock);
	conn->rx_direct = direct;
}

/**
 * iser_tgt_conn_set_deadline - close the connection if it takes too long
 * @conn: the connection
 * @delay: jiffies from now
 * @why: the reason to close it for, a string constant
 *
 * Takes the place of the one before. Once the release has begun there is none
 * any more.
 *
 * Context: any but interrupts.
 */
void iser_tgt_conn_set_deadline(struct iser_tgt_conn *conn, unsigned long delay,
				const char *why)
{
	spin_lock(&conn->post_lock);
	if (conn->state != ISER_TGT_CONN_CLOSING) {
		conn->deadline_why = why;
		conn->deadline_at = jiffies + delay;
		mod_delayed_work(iser_tgt_wq, &conn->deadline, delay);
	}
	spin_unlock(&conn->post_lock);
}

/**
 * iser_tgt_conn_end_deadline - it did not take too long
 * @conn: the connection
 * @why: of the deadline that is met; another one stays
 *
 * Context: any but interrupts.
 */
void iser_tgt_conn_end_deadline(struct iser_tgt_conn *conn, const char *why)
{
	spin_lock(&conn->post_lock);
	if (conn->deadline_why == why) {
		conn->deadline_why = NULL;
		cancel_delayed_work(&conn->deadline);
	}
	spin_unlock(&conn->post_lock);
}
