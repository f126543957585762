// SPDX-License-Identifier: GPL-2.0
/* What the verbs layer calls: a session from connection request to release. */

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <target/target_core_fabric.h>

#include "../compat.h"
#include "../iscsi/pdu.h"
#include "../rdma/rdma.h"
#include "chap_backoff.h"
#include "cleared.h"
#include "cmd.h"
#include "ends.h"
#include "login.h"
#include "login_limit.h"
#include "misc_pdu.h"
#include "response.h"
#include "scsi_cmd.h"
#include "session.h"
#include "task_mgmt.h"
#include "tpg.h"
#include "ulp.h"
#include "unexpected.h"
#include "waiting.h"

static void iser_tgt_session_free(void *session)
{
	struct iser_tgt_session *sess = session;

	iser_tgt_login_ends(sess);
	iser_tgt_login_free(sess);
	iser_tgt_login_tx_free(sess->login_tx);
	iser_tgt_cmds_free(sess);
	kvfree(sess->pis);
	kvfree(sess->answer);
	if (!sess->discovery)
		kvfree(sess->exchange.in);
	kfree(sess->latency);
	kvfree(sess);
}

/* Returns ERR_PTR(-EBUSY) if a limit is reached. */
static void *iser_tgt_session_open(struct iser_tgt_conn *conn)
{
	struct iser_tgt_session *sess;
	int ret;

	sess = kvzalloc_node(sizeof(*sess), GFP_KERNEL,
			     iser_tgt_conn_node(conn));
	if (!sess)
		return ERR_PTR(-ENOMEM);

	sess->conn = conn;
	sess->since = jiffies;
	INIT_LIST_HEAD(&sess->entry);
	INIT_LIST_HEAD(&sess->all_entry);
	INIT_LIST_HEAD(&sess->pending_entry);
	spin_lock_init(&sess->unexpected.lock);
	iser_tgt_abort_set_init(sess);
	ret = iser_tgt_login_begins(sess);
	if (ret) {
		kvfree(sess);
		return ERR_PTR(ret);
	}
	if (iser_tgt_login_alloc(sess)) {
		iser_tgt_session_free(sess);
		return ERR_PTR(-ENOMEM);
	}
	iser_tgt_conn_set_name(conn, sess->initiator);
	return sess;
}

/* As iser_tgt_session_receive(). */
static noinline int iser_tgt_session_receive_any(struct iser_tgt_session *sess,
						 struct iser_tgt_rx *rx)
{
	if (unlikely(!sess->ffp))
		return iser_tgt_login_receive(sess, rx);

	if (unlikely(!sess->heard)) {
		WRITE_ONCE(sess->heard, true);
		/* RFC 7145 5.1.3: an initiator of RFC 5046 */
		if (sess->hello_may && rx->error == ISER_TGT_PDU_HELLO)
			sess->hello_due = true;
	}
	/* RFC 7143 11.14: an initiator sends nothing behind its logout. */
	if (unlikely(sess->logging_out)) {
		iser_tgt_rx_put(rx);
		return 0;
	}
	if (unlikely(sess->hello_due))
		return iser_tgt_hello_receive(sess, rx);
	/* Nothing above concerns later PDUs. */
	sess->usual = !sess->discovery;
	if (unlikely(rx->error)) {
		/* RFC 7145 10.1.3.3, RFC 7143 7.7 */
		iser_tgt_protocol_error(sess, iser_tgt_pdu_strerror(rx->error));
		iser_tgt_rx_put(rx);
		return 0;
	}

	if (unlikely(READ_ONCE(sess->unexpected.any)))
		iser_tgt_unexpected_ack(sess, &rx->pdu);

	if (likely(rx->pdu.opcode == ISER_TGT_OP_SCSI_CMD && !sess->discovery))
		return iser_tgt_scsi_receive(sess, rx);
	/* Both allocate memory, and Text takes iser_tgt_targets_sem. */
	if ((rx->pdu.opcode == ISER_TGT_OP_TMF_REQ ||
	     rx->pdu.opcode == ISER_TGT_OP_TEXT_REQ) &&
	    !iser_tgt_conn_may_sleep(sess->conn))
		return -EAGAIN;
	if (rx->pdu.opcode == ISER_TGT_OP_TMF_REQ && !sess->discovery)
		return iser_tgt_tmf_receive(sess, rx);

	return iser_tgt_misc_pdu_receive(sess, rx);
}

/*
 * Returns -EAGAIN if the PDU has to wait for a context or for the worker, -EBUSY
 * if it has to wait for one that was rejected.
 */
static int iser_tgt_session_receive(void *session, struct iser_tgt_rx *rx)
{
	struct iser_tgt_session *sess = session;

	/* Nearly every PDU: what the tests of the other function result in. */
	if (likely(sess->usual && rx->pdu.opcode == ISER_TGT_OP_SCSI_CMD &&
		   !rx->error && !READ_ONCE(sess->unexpected.any)))
		return iser_tgt_scsi_receive(sess, rx);

	return iser_tgt_session_receive_any(sess, rx);
}

static bool iser_tgt_session_busy(const struct iser_tgt_session *sess)
{
	const struct iser_tgt_cmd *cmd;
	unsigned int next = 0;

	while ((cmd = iser_tgt_cmd_next(sess, &next)))
		if (READ_ONCE(cmd->busy))
			return true;

	return false;
}

static bool iser_tgt_session_stop(void *session)
{
	struct iser_tgt_session *sess = session;

	spin_lock(&iser_tgt_sessions_lock);
	list_del_init(&sess->all_entry);
	spin_unlock(&iser_tgt_sessions_lock);

	if (!sess->se_sess)
		return true;

	target_stop_session(sess->se_sess);
	return !iser_tgt_session_busy(sess);
}

/* Waits for the core to release its last command. */
static void iser_tgt_session_close(void *session)
{
	struct iser_tgt_session *sess = session;
	struct iser_tgt_tpg *tpg = sess->tpg;
	struct iser_tgt_session *other;

	/* Its answer may still wait for its turn, which kicks the release. */
	if (sess->login_mem)
		iser_tgt_backoff_cancel(sess);
	if (sess->se_sess) {
		target_wait_for_sess_cmds(sess->se_sess);
		/*
		 * The count it waits for is 0 before percpu_ref_put() wakes the
		 * waiter, which takes the counter once more. All of that is in
		 * an RCU read-side section.
		 */
		synchronize_rcu();
		cancel_work_sync(&sess->abort.work);
		spin_lock(&tpg->lock);
		iser_tgt_cleared_keep(sess);
		sess->live = false;
		spin_unlock(&tpg->lock);
		/*
		 * transport_free_session() drops the extra reference to a
		 * dynamic ACL when its list of sessions is empty. Two sessions
		 * freed concurrently would both see it empty and drop it twice;
		 * the same holds for one that is freed while another has found
		 * the ACL and is not in the list yet.
		 */
		mutex_lock(&tpg->core_mutex);
		target_remove_session(sess->se_sess);
		mutex_unlock(&tpg->core_mutex);
	}
	if (sess->ffp)
		iser_tgt_session_ended(sess);
	if (!tpg)
		return;

	/* The portal group may be freed as soon as it is unlocked. */
	spin_lock(&tpg->lock);
	sess->se_sess = NULL;
	iser_tgt_cleared_keep(sess);
	list_del_init(&sess->entry);
	list_for_each_entry(other, &tpg->sessions, entry)
		if (other->entering)
			iser_tgt_conn_kick(other->conn);
	wake_up_all(&tpg->idle);
	spin_unlock(&tpg->lock);
}

static void iser_tgt_session_stalled(void *session)
{
	struct iser_tgt_session *sess = session;
	struct iser_tgt_waiting *waiting;
	const struct iser_tgt_cmd *cmd;
	unsigned int next = 0;

	waiting = kzalloc_obj(*waiting, GFP_KERNEL);
	if (!waiting)
		return;

	while ((cmd = iser_tgt_cmd_next(sess, &next)))
		iser_tgt_waiting_add(waiting, cmd);
	iser_tgt_waiting_print(waiting);
	kfree(waiting);
}

const struct iser_tgt_ulp_ops iser_tgt_session_ops = {
	.open = iser_tgt_session_open,
	.receive = iser_tgt_session_receive,
	.waits = iser_tgt_response_waits,
	.posted = iser_tgt_response_posted,
	.sent = iser_tgt_responses_sent,
	.stop = iser_tgt_session_stop,
	.close = iser_tgt_session_close,
	.stalled = iser_tgt_session_stalled,
	.free = iser_tgt_session_free,
};
