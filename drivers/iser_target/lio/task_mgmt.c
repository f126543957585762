// SPDX-License-Identifier: GPL-2.0
/*
 * Task management functions: RFC 7143 11.5 and 11.6. The core implements ABORT
 * TASK and LOGICAL UNIT RESET; ABORT TASK SET is emulated by aborting one task
 * after the other. CLEAR TASK SET would have to abort the tasks of all sessions,
 * which the core offers no means for. A response is held until all affected
 * tasks have been answered, that of a logout until all tasks have.
 */

#include <linux/rculist.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include <target/target_core_fabric.h>

#include "../iscsi/pdu.h"
#include "../iscsi/window.h"
#include "../rdma/rdma.h"
#include "../trace.h"
#include "cmd.h"
#include "cmd_get.h"
#include "counts.h"
#include "reply.h"
#include "session.h"
#include "task.h"
#include "task_mgmt.h"

static void iser_tgt_tmf_core_done(struct iser_tgt_tx *tx, int status)
{
	struct iser_tgt_cmd *cmd = container_of(tx, struct iser_tgt_cmd, tx);

	transport_generic_free_cmd(&cmd->se_cmd, 0);
}

static void iser_tgt_tmf_answer(struct iser_tgt_cmd *cmd, u8 response)
{
	iser_tgt_count_response(&cmd->sess->counts, response);
	trace_iser_tgt_tmf_response(cmd->sess->initiator, cmd->sess->sid,
				    cmd->itt, response);
	iser_tgt_pdu_tmf_rsp(cmd->tx.hdr, cmd->itt, response);
	cmd->good = false;
	cmd->stage = ISER_TGT_CMD_RESPONDS;
	iser_tgt_send(&cmd->tx, 0, 0);
}

/* The response to a function that is refused here, or -1. */
static int iser_tgt_tmf_refusal(u8 function)
{
	switch (function) {
	case ISER_TGT_TMF_ABORT_TASK:
	case ISER_TGT_TMF_LUN_RESET:
	case ISER_TGT_TMF_ABORT_TASK_SET:
		return -1;
	case ISER_TGT_TMF_CLEAR_TASK_SET:
	case ISER_TGT_TMF_CLEAR_ACA:
	case ISER_TGT_TMF_TARGET_WARM_RESET:
	case ISER_TGT_TMF_TARGET_COLD_RESET:
		return ISER_TGT_TMR_NOT_SUPPORTED;
	case ISER_TGT_TMF_TASK_REASSIGN:
		return ISER_TGT_TMR_NO_REASSIGN;
	default:
		return ISER_TGT_TMR_REJECTED;
	}
}

/* The tag of a task of a LUN if it was received before a function, else 0. */
static u64 iser_tgt_earlier_task(const struct iser_tgt_cmd *cmd, u64 lun,
				 u32 before)
{
	/* If the task ends meanwhile, the next one here has a later tag. */
	u64 tag = READ_ONCE(cmd->se_cmd.tag);

	if (!READ_ONCE(cmd->scsi) || cmd->se_cmd.orig_fe_lun != lun ||
	    !iser_tgt_sn_before(tag >> 32, before))
		return 0;

	return tag;
}

/* The tag of the next task of the set, 0 if there is none. */
static u64 iser_tgt_abort_next(struct iser_tgt_session *sess)
{
	struct iser_tgt_abort_set *set = &sess->abort;
	const struct iser_tgt_cmd *cmd;
	u64 tag = 0;

	while (!tag && (cmd = iser_tgt_cmd_next(sess, &set->next)))
		tag = iser_tgt_earlier_task(cmd, set->lun, set->before);
	return tag;
}

/*
 * RFC 7143 11.5.1: the response follows those of the tasks. Tasks that it was
 * too late to abort may not have been answered yet.
 */
static bool iser_tgt_lun_done(struct iser_tgt_session *sess, u64 lun,
			      u32 before)
{
	const struct iser_tgt_cmd *cmd;
	unsigned int next = 0;

	while ((cmd = iser_tgt_cmd_next(sess, &next)))
		if (iser_tgt_earlier_task(cmd, lun, before))
			return false;

	return true;
}

static bool iser_tgt_task_done(struct iser_tgt_session *sess, u64 tag)
{
	const struct iser_tgt_cmd *cmd;
	unsigned int next = 0;

	while ((cmd = iser_tgt_cmd_next(sess, &next)))
		if (READ_ONCE(cmd->scsi) &&
		    READ_ONCE(cmd->se_cmd.tag) == tag)
			return false;

	return true;
}

static void iser_tgt_abort_set_end(struct iser_tgt_session *sess)
{
	struct iser_tgt_cmd *request = sess->abort.request;
	u8 response = sess->abort.failed ? ISER_TGT_TMR_REJECTED :
					   ISER_TGT_TMR_COMPLETE;

	WRITE_ONCE(sess->abort.request, NULL);
	iser_tgt_tmf_answer(request, response);
}

static void iser_tgt_abort_task(struct iser_tgt_session *sess, u64 tag)
{
	struct iser_tgt_cmd *cmd = iser_tgt_cmd_at(sess, ISER_TGT_CMD_ABORT);

	WRITE_ONCE(sess->abort.aborting, true);
	cmd->rx = NULL;
	cmd->buf = NULL;
	cmd->tx.advances_window = false;
	cmd->stage = ISER_TGT_CMD_ABORTS;
	memset(&cmd->se_cmd, 0, sizeof(cmd->se_cmd));
	if (target_submit_tmr(&cmd->se_cmd, sess->se_sess, NULL,
			      sess->abort.lun, NULL, TMR_ABORT_TASK,
			      GFP_KERNEL, tag, TARGET_SCF_ACK_KREF)) {
		sess->abort.failed = true;
		WRITE_ONCE(sess->abort.aborting, false);
		iser_tgt_abort_set_kick(sess);
	}
}

static u8 iser_tgt_tmf_response(const struct se_tmr_req *tmr)
{
	switch (tmr->response) {
	case TMR_FUNCTION_COMPLETE:
		return ISER_TGT_TMR_COMPLETE;
	case TMR_TASK_DOES_NOT_EXIST:
		return ISER_TGT_TMR_NO_TASK;
	case TMR_LUN_DOES_NOT_EXIST:
		return ISER_TGT_TMR_NO_LUN;
	case TMR_TASK_MGMT_FUNCTION_NOT_SUPPORTED:
		return ISER_TGT_TMR_NOT_SUPPORTED;
	default:
		return ISER_TGT_TMR_REJECTED;
	}
}

static bool iser_tgt_tmf_done(struct iser_tgt_session *sess,
			      const struct iser_tgt_cmd *cmd)
{
	const struct se_cmd *se_cmd = &cmd->se_cmd;

	if (se_cmd->se_tmr_req->function == TMR_ABORT_TASK)
		return iser_tgt_task_done(sess,
					  se_cmd->se_tmr_req->ref_task_tag);

	return iser_tgt_lun_done(sess, se_cmd->orig_fe_lun, se_cmd->tag >> 32);
}

static void iser_tgt_tmf_release(struct iser_tgt_session *sess)
{
	struct iser_tgt_cmd *cmd;
	unsigned int next = 0;

	while ((cmd = iser_tgt_cmd_next(sess, &next))) {
		/* Pairs with the release in iser_tgt_queue_tm_rsp(). */
		if (!smp_load_acquire(&cmd->rsp_deferred) ||
		    !iser_tgt_tmf_done(sess, cmd))
			continue;
		cmd->rsp_deferred = false;
		atomic_dec(&sess->abort.rsp_deferred);
		cmd->tx.done = iser_tgt_tmf_core_done;
		iser_tgt_tmf_answer(cmd, iser_tgt_tmf_response(cmd->se_cmd.se_tmr_req));
	}
}

/* No command or function is left whose response has not been posted. */
static bool iser_tgt_all_answered(struct iser_tgt_session *sess)
{
	const struct iser_tgt_cmd *cmd;
	unsigned int next = 0;

	while ((cmd = iser_tgt_cmd_next(sess, &next))) {
		if (READ_ONCE(cmd->scsi) ||
		    (READ_ONCE(cmd->busy) &&
		     iser_tgt_stage_of_tmf(READ_ONCE(cmd->stage))))
			return false;
	}
	return true;
}

static void iser_tgt_logout_answer(struct iser_tgt_session *sess)
{
	struct iser_tgt_cmd *cmd = sess->abort.logout;

	sess->abort.logout = NULL;
	atomic_dec(&sess->abort.rsp_deferred);
	iser_tgt_send(&cmd->tx, 0, 0);
}

/**
 * iser_tgt_logout_defer - send the response of a logout behind all others
 * @cmd: its context, the response filled in
 *
 * RFC 7143 11.14.
 *
 * Context: the receive side, which handles no further request.
 */
void iser_tgt_logout_defer(struct iser_tgt_cmd *cmd)
{
	struct iser_tgt_abort_set *set = &cmd->sess->abort;

	WRITE_ONCE(set->logout, cmd);
	/* Before the work looks at the tasks. */
	atomic_inc(&set->rsp_deferred);
	/* Pairs with the atomic of iser_tgt_cmd_put() in release_cmd(). */
	smp_mb__after_atomic();
	iser_tgt_abort_set_kick(cmd->sess);
}

static void iser_tgt_abort_set_step(struct iser_tgt_session *sess)
{
	struct iser_tgt_abort_set *set = &sess->abort;
	u64 tag;

	if (!READ_ONCE(set->request) || READ_ONCE(set->aborting))
		return;

	tag = iser_tgt_abort_next(sess);
	if (tag)
		iser_tgt_abort_task(sess, tag);
	else if (iser_tgt_lun_done(sess, set->lun, set->before))
		iser_tgt_abort_set_end(sess);
}

/*
 * Sends responses whose tasks have ended, then aborts the next task of a set, or
 * answers the function once its last task has ended. Runs again whenever a task
 * ends.
 */
static void iser_tgt_abort_work(struct work_struct *work)
{
	struct iser_tgt_session *sess =
		container_of(work, struct iser_tgt_session, abort.work);
	struct iser_tgt_abort_set *set = &sess->abort;

	if (atomic_read(&set->rsp_deferred))
		iser_tgt_tmf_release(sess);
	iser_tgt_abort_set_step(sess);
	if (READ_ONCE(set->logout) && !READ_ONCE(set->request) &&
	    iser_tgt_all_answered(sess))
		iser_tgt_logout_answer(sess);
}

/**
 * iser_tgt_abort_set_init - initialize sess->abort
 * @sess: the session
 */
void iser_tgt_abort_set_init(struct iser_tgt_session *sess)
{
	INIT_WORK(&sess->abort.work, iser_tgt_abort_work);
}

/**
 * iser_tgt_abort_set_kick - a task has ended, go on with sess->abort
 * @sess: the session
 */
void iser_tgt_abort_set_kick(struct iser_tgt_session *sess)
{
	queue_work(iser_tgt_misc_wq, &sess->abort.work);
}

static bool iser_tgt_lun_exists(struct iser_tgt_session *sess, u64 lun)
{
	struct se_node_acl *nacl = sess->se_sess->se_node_acl;
	struct se_dev_entry *deve;
	bool exists = false;

	rcu_read_lock();
	hlist_for_each_entry_rcu(deve, &nacl->lun_entry_hlist, link)
		exists = exists || deve->mapped_lun == lun;
	rcu_read_unlock();

	return exists;
}

static void iser_tgt_abort_set_begin(struct iser_tgt_cmd *cmd, u64 lun,
				     u32 before)
{
	struct iser_tgt_session *sess = cmd->sess;

	if (!iser_tgt_lun_exists(sess, lun)) {
		iser_tgt_tmf_answer(cmd, ISER_TGT_TMR_NO_LUN);
		return;
	}

	/* RFC 7143 11.6.1: one at a time; the initiator may try again. */
	if (READ_ONCE(sess->abort.request)) {
		iser_tgt_tmf_answer(cmd, ISER_TGT_TMR_REJECTED);
		return;
	}
	sess->abort.lun = lun;
	sess->abort.before = before;
	sess->abort.next = 0;
	sess->abort.failed = false;
	WRITE_ONCE(sess->abort.request, cmd);
	iser_tgt_abort_set_kick(sess);
}

/*
 * RFC 7143 7.11, 11.6.1 b): ABORT TASK of a request that is missing, because it
 * was rejected, makes it count as received. The function itself may be
 * numbered, and wait for it. A number outside the window has not been sent.
 */
static bool iser_tgt_plugs_gap(const struct iser_tgt_session *sess,
			       const struct iser_tgt_pdu *pdu)
{
	u32 ref = iser_tgt_pdu_ref_cmd_sn(pdu);

	return (pdu->flags & ISER_TGT_TMF_MASK) == ISER_TGT_TMF_ABORT_TASK &&
	       ref == iser_tgt_window_exp_cmd_sn(sess->conn) &&
	       iser_tgt_window_reaches(sess->conn, ref) &&
	       iser_tgt_sn_before(ref, pdu->cmd_sn) &&
	       (pdu->immediate ||
		iser_tgt_window_reaches(sess->conn, pdu->cmd_sn)) &&
	       !iser_tgt_task_find(sess, iser_tgt_pdu_ref_task_tag(pdu));
}

/*
 * RFC 7143 4.2.3.3 b): a function is about the commands with lower numbers, and those
 * behind a request that was rejected have not been delivered. If there is none, it
 * does not wait for an initiator that may never close the gap.
 */
static bool iser_tgt_tmf_overtakes(const struct iser_tgt_session *sess,
				   const struct iser_tgt_pdu *pdu)
{
	u32 exp = iser_tgt_window_exp_cmd_sn(sess->conn);

	return pdu->immediate && iser_tgt_reject_leaves_gap(sess) &&
	       iser_tgt_sn_before(exp + 1, pdu->cmd_sn);
}

/*
 * The response to ABORT TASK where the core is not needed, or -1. The core logs
 * each tag that it does not know. RFC 7143 11.5.1: a function is no task.
 */
static int iser_tgt_abort_response(struct iser_tgt_session *sess,
				   const struct iser_tgt_pdu *pdu, bool plugs)
{
	u32 itt = iser_tgt_pdu_ref_task_tag(pdu);

	if (plugs)
		return ISER_TGT_TMR_COMPLETE;
	if (iser_tgt_task_is_tmf(sess, itt))
		return ISER_TGT_TMR_REJECTED;
	return iser_tgt_task_find(sess, itt) ? -1 : ISER_TGT_TMR_NO_TASK;
}

/**
 * iser_tgt_tmf_receive - handle a Task Management Function Request
 * @sess: a normal session in full feature phase
 * @rx: the PDU
 *
 * Context: process, one PDU of a connection at a time.
 * Return: 0, -EAGAIN if there is no context for it yet, or -EBUSY if an earlier
 * request is missing.
 */
int iser_tgt_tmf_receive(struct iser_tgt_session *sess, struct iser_tgt_rx *rx)
{
	const struct iser_tgt_pdu *pdu = &rx->pdu;
	u8 function = pdu->flags & ISER_TGT_TMF_MASK;
	int refusal = iser_tgt_tmf_refusal(function);
	struct iser_tgt_cmd *cmd;
	bool plugs = iser_tgt_plugs_gap(sess, pdu);
	u64 lun, tag;
	int ret = 0;

	if (!plugs && iser_tgt_tmf_overtakes(sess, pdu))
		return -EBUSY;
	/* A numbered function directly behind the gap that it plugs is in order. */
	if (!plugs || iser_tgt_pdu_ref_cmd_sn(pdu) + 1 != pdu->cmd_sn)
		ret = iser_tgt_cmd_sn_check(sess, rx);
	if (ret)
		return ret == -EBUSY ? ret : 0;

	if (pdu->itt == ISER_TGT_TAG_RESERVED)
		return iser_tgt_reject(sess, rx, ISER_TGT_REJECT_INVALID_FIELD);
	if (iser_tgt_task_runs(sess, pdu->itt))
		return iser_tgt_reject(sess, rx, ISER_TGT_REJECT_IN_PROGRESS);

	cmd = iser_tgt_cmd_get(sess);
	if (!cmd)
		return -EAGAIN;

	if (plugs)
		iser_tgt_window_plug(sess->conn);
	iser_tgt_window_take(sess->conn, pdu);
	iser_tgt_count_function(&sess->counts, function);
	lun = iser_tgt_task_lun(pdu);
	trace_iser_tgt_tmf(sess->initiator, sess->sid, pdu->itt, function, lun,
			   iser_tgt_pdu_ref_task_tag(pdu));
	cmd->itt = pdu->itt;
	cmd->stage = ISER_TGT_CMD_MANAGES;
	cmd->tx.advances_window = !pdu->immediate;
	cmd->tx.done = iser_tgt_cmd_sent;
	if (function == ISER_TGT_TMF_ABORT_TASK)
		refusal = iser_tgt_abort_response(sess, pdu, plugs);
	if (refusal >= 0) {
		iser_tgt_tmf_answer(cmd, refusal);
		goto put;
	}

	tag = iser_tgt_task_tag(sess, pdu->itt);
	if (function == ISER_TGT_TMF_ABORT_TASK_SET) {
		iser_tgt_abort_set_begin(cmd, lun, tag >> 32);
		goto put;
	}

	memset(&cmd->se_cmd, 0, sizeof(cmd->se_cmd));
	cmd->se_cmd.tag = tag;
	/* The core's function codes are those of RFC 7143. */
	if (target_submit_tmr(&cmd->se_cmd, sess->se_sess, NULL, lun, NULL,
			      function, GFP_KERNEL,
			      iser_tgt_task_find(sess,
						 iser_tgt_pdu_ref_task_tag(pdu)),
			      TARGET_SCF_ACK_KREF))
		iser_tgt_tmf_answer(cmd, ISER_TGT_TMR_REJECTED);
put:
	iser_tgt_rx_put(rx);
	return 0;
}

/**
 * iser_tgt_queue_tm_rsp - the core has completed a function
 * @se_cmd: its command
 *
 * Context: process.
 */
void iser_tgt_queue_tm_rsp(struct se_cmd *se_cmd)
{
	struct iser_tgt_cmd *cmd = iser_tgt_cmd(se_cmd);
	struct iser_tgt_session *sess = cmd->sess;

	if (cmd->stage == ISER_TGT_CMD_ABORTS) {
		/* A task that has ended need not be aborted. */
		if (se_cmd->se_tmr_req->response != TMR_FUNCTION_COMPLETE &&
		    se_cmd->se_tmr_req->response != TMR_TASK_DOES_NOT_EXIST)
			sess->abort.failed = true;
		transport_generic_free_cmd(se_cmd, 0);
		return;
	}

	/* Tasks that it was too late to abort may not be answered yet. */
	cmd->stage = ISER_TGT_CMD_HELD;
	atomic_inc(&sess->abort.rsp_deferred);
	/* Pairs with the acquire in iser_tgt_tmf_release(). */
	smp_store_release(&cmd->rsp_deferred, true);
	iser_tgt_abort_set_kick(sess);
}
