// SPDX-License-Identifier: GPL-2.0
/* The state of a connection, and the mark that ends it. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "../trace.h"
#include "../wait.h"
#include "conn.h"

DEFINE_SPINLOCK(iser_tgt_conn_lock);
const struct iser_tgt_ulp_ops *iser_tgt_ulp;

/*
 * Work items may block for long: a request waits for the core, PERSISTENT
 * RESERVE OUT for other commands, a release for the device. Requests and
 * releases have workers of their own, so that neither starves the other or the
 * timeouts and repairs of iser_tgt_misc_wq.
 */
struct workqueue_struct *iser_tgt_misc_wq;
struct workqueue_struct *iser_tgt_rx_wq;
struct workqueue_struct *iser_tgt_release_wq;

const char *const iser_tgt_login_late = "login timeout";
const char *const iser_tgt_peer_left = "disconnected by the initiator";

/* The deadline may have been moved or cancelled while the timer fired. */
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

static void iser_tgt_conn_stalled(struct work_struct *work)
{
	struct iser_tgt_conn *conn =
		container_of(to_delayed_work(work), struct iser_tgt_conn,
			     stall_work);

	pr_warn("%pISpc (%s): still waiting for %s\n", &conn->peer,
		conn->initiator, READ_ONCE(conn->waits_for));
	iser_tgt_ulp->stalled(conn->session);
}

/**
 * iser_tgt_conn_trace - trace a new state
 * @conn: the connection
 * @why: reason, "" unless it closes
 */
void iser_tgt_conn_trace(const struct iser_tgt_conn *conn, const char *why)
{
	trace_iser_tgt_conn_state(&conn->peer, conn->initiator, conn->number,
				  conn->state, why);
}

/**
 * iser_tgt_conn_waits_for - note what the release waits for
 * @conn: the connection
 * @what: human-readable, a string constant
 */
void iser_tgt_conn_waits_for(struct iser_tgt_conn *conn, const char *what)
{
	WRITE_ONCE(conn->waits_for, what);
}

/**
 * iser_tgt_conn_watch - log what is waited for if that takes 10 s
 * @conn: the connection
 * @what: human-readable, a string constant
 *
 * Logged once; further calls only change @what.
 *
 * Context: the connection's worker.
 */
void iser_tgt_conn_watch(struct iser_tgt_conn *conn, const char *what)
{
	iser_tgt_conn_waits_for(conn, what);
	queue_delayed_work(iser_tgt_misc_wq, &conn->stall_work,
			   ISER_TGT_WAIT_QUIET);
}

/**
 * iser_tgt_conn_unwatch - the wait is over
 * @conn: the connection
 *
 * Context: the connection's worker, may sleep.
 */
void iser_tgt_conn_unwatch(struct iser_tgt_conn *conn)
{
	cancel_delayed_work_sync(&conn->stall_work);
}

/**
 * iser_tgt_conn_init - prepare a zeroed connection
 * @conn: the connection
 * @receive: handles PDUs that wait
 * @release: takes the connection apart
 */
void iser_tgt_conn_init(struct iser_tgt_conn *conn, work_func_t receive,
			work_func_t release)
{
	BUILD_BUG_ON(offsetof(struct iser_tgt_conn, numbers));

	conn->state = ISER_TGT_CONN_CONNECTING;
	conn->initiator = "";
	conn->sent_tail = &conn->sent;
	spin_lock_init(&conn->rx_lock);
	spin_lock_init(&conn->post_lock);
	spin_lock_init(&conn->xfer_lock);
	INIT_LIST_HEAD(&conn->rx_waiting);
	INIT_LIST_HEAD(&conn->xfer_wait);
	INIT_LIST_HEAD(&conn->xfer_partial);
	init_waitqueue_head(&conn->drained);
	/* Until the login has ended, PDUs are handled by a worker. */
	conn->rx_parked = true;
	/*
	 * RFC 7143 6.3: before full feature phase the initiator waits for the
	 * response to one request.
	 */
	conn->rx_waiting_max = 1;
	INIT_WORK(&conn->rx_work, receive);
	INIT_WORK(&conn->release_work, release);
	INIT_DELAYED_WORK(&conn->deadline, iser_tgt_conn_expired);
	INIT_DELAYED_WORK(&conn->stall_work, iser_tgt_conn_stalled);
	conn->last_rx = jiffies;
}

/**
 * iser_tgt_conn_join - enter a connection in its listener's list
 * @conn: the connection
 * @group: the listener's connections
 *
 * Context: holds iser_tgt_conn_lock.
 */
void iser_tgt_conn_join(struct iser_tgt_conn *conn,
			struct iser_tgt_conn_group *group)
{
	conn->group = group;
	list_add_tail(&conn->group_entry, &group->conns);
}

/**
 * iser_tgt_conn_leave - take a connection off its listener's list
 * @conn: the connection; its listener may be freed once the lock is dropped
 *
 * Context: holds iser_tgt_conn_lock.
 */
void iser_tgt_conn_leave(struct iser_tgt_conn *conn)
{
	struct iser_tgt_conn_group *group = conn->group;

	list_del(&conn->group_entry);
	if (list_empty(&group->conns))
		wake_up_all(&group->idle);
}

/*
 * Until it is published, iser_tgt_conn_request() owns the connection; a close
 * request before that is only recorded.
 */
static void iser_tgt_conn_may_release(struct iser_tgt_conn *conn)
{
	if (test_bit(ISER_TGT_CLOSE_ASKED, &conn->close) &&
	    test_bit(ISER_TGT_CLOSE_OWNED, &conn->close) &&
	    !test_and_set_bit(ISER_TGT_CLOSE_QUEUED, &conn->close))
		queue_work(iser_tgt_release_wq, &conn->release_work);
}

/**
 * iser_tgt_conn_published - hand a connection over to its release
 * @conn: the connection
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
 * @why: human-readable, a string constant
 *
 * Context: any. Only the first call counts.
 */
void iser_tgt_conn_close(struct iser_tgt_conn *conn, const char *why)
{
	if (iser_tgt_conn_closing(conn) ||
	    cmpxchg(&conn->close_reason, NULL, why))
		return;

	set_bit(ISER_TGT_CLOSE_ASKED, &conn->close);
	/* Pairs with the one in iser_tgt_conn_published(). */
	smp_mb__after_atomic();
	iser_tgt_conn_may_release(conn);
}

/**
 * iser_tgt_conn_closing - is the end of a connection asked for
 * @conn: the connection
 *
 * Return: true if it is.
 */
bool iser_tgt_conn_closing(const struct iser_tgt_conn *conn)
{
	return iser_tgt_conn_ends(conn);
}

/**
 * iser_tgt_conn_kick - retry what a waiting PDU or the release waits for
 * @conn: the connection; a context or a response has become free, or, while the
 *	connection closes, a request has ended
 */
void iser_tgt_conn_kick(struct iser_tgt_conn *conn)
{
	/* Pairs with the lock where rx_parked is set, and with quiesced. */
	smp_mb();
	if (likely(!READ_ONCE(conn->rx_parked)))
		return;
	if (!iser_tgt_conn_closing(conn))
		queue_work(iser_tgt_rx_wq, &conn->rx_work);
	else if (READ_ONCE(conn->quiesced))
		queue_work(iser_tgt_release_wq, &conn->release_work);
}

/**
 * iser_tgt_conn_set_live - enter full feature phase
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
	conn->numbers.stat_sn = stat_sn;
	conn->numbers.exp_cmd_sn = exp_cmd_sn;
	conn->numbers.max_cmd_sn = exp_cmd_sn + conn->window - 1;
	conn->load_sn = exp_cmd_sn;
	conn->load_at = jiffies;
	iser_tgt_conn_trace(conn, "");
	spin_unlock(&conn->post_lock);
	/* Its reader is the worker that runs this, until no PDU waits. */
	conn->rx_direct = direct;
}

/**
 * iser_tgt_conn_live - is a connection in full feature phase
 * @conn: the connection
 *
 * Return: true if it is, until the release begins, also when its end was asked for.
 */
bool iser_tgt_conn_live(const struct iser_tgt_conn *conn)
{
	return READ_ONCE(conn->state) == ISER_TGT_CONN_LIVE;
}

/**
 * iser_tgt_conn_set_deadline - close the connection if it takes too long
 * @conn: the connection
 * @delay: jiffies from now
 * @why: the reason to close it for, a string constant
 *
 * Replaces the deadline before it. Once the release has begun, none is set.
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
		mod_delayed_work(iser_tgt_misc_wq, &conn->deadline, delay);
	}
	spin_unlock(&conn->post_lock);
}

/**
 * iser_tgt_conn_end_deadline - cancel a deadline that was met
 * @conn: the connection
 * @why: its reason; a deadline for another reason stays
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

/**
 * iser_tgt_conn_setup - make the workqueues of connections
 * @ops: the fabric
 *
 * Return: 0 or -ENOMEM.
 */
int iser_tgt_conn_setup(const struct iser_tgt_ulp_ops *ops)
{
	const unsigned int flags = WQ_UNBOUND | WQ_MEM_RECLAIM;

	iser_tgt_ulp = ops;
	iser_tgt_misc_wq = alloc_workqueue("iser_tgt", flags, WQ_MAX_ACTIVE);
	iser_tgt_rx_wq = alloc_workqueue("iser_tgt_rx", flags, WQ_MAX_ACTIVE);
	iser_tgt_release_wq = alloc_workqueue("iser_tgt_release", flags,
					      WQ_MAX_ACTIVE);
	if (iser_tgt_misc_wq && iser_tgt_rx_wq && iser_tgt_release_wq)
		return 0;

	iser_tgt_conn_teardown();
	return -ENOMEM;
}

/**
 * iser_tgt_conn_teardown - undo iser_tgt_conn_setup(); no connection is left
 */
void iser_tgt_conn_teardown(void)
{
	if (iser_tgt_release_wq)
		destroy_workqueue(iser_tgt_release_wq);
	if (iser_tgt_rx_wq)
		destroy_workqueue(iser_tgt_rx_wq);
	if (iser_tgt_misc_wq)
		destroy_workqueue(iser_tgt_misc_wq);
}
