// SPDX-License-Identifier: GPL-2.0
/*
 * Task management: RFC 7143 11.5 and 11.6. The core aborts a task and resets a
 * logical unit; what is to be done to a set of tasks is done here, to one after
 * the other.
 */

#include <scsi/scsi_common.h>

#include "lio.h"

static void iser_tgt_tmf_core_done(struct iser_tgt_tx *tx, int status)
{
	struct iser_tgt_cmd *cmd = container_of(tx, struct iser_tgt_cmd, tx);

	transport_generic_free_cmd(&cmd->se_cmd, 0);
}

static void iser_tgt_tmf_answer(struct iser_tgt_cmd *cmd, u8 response)
{
	iser_tgt_pdu_tmf_rsp(cmd->tx.hdr, cmd->itt, response);
	iser_tgt_send(&cmd->tx, 0, 0);
}

/* What is answered here without asking the core. */
static int iser_tgt_tmf_refusal(u8 function)
{
	switch (function) {
	case ISER_TGT_TMF_ABORT_TASK:
	case ISER_TGT_TMF_LUN_RESET:
	case ISER_TGT_TMF_ABORT_TASK_SET:
	case ISER_TGT_TMF_CLEAR_TASK_SET:
		return -1;
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

static bool iser_tgt_tmf_of_set(u8 function)
{
	return function == ISER_TGT_TMF_ABORT_TASK_SET ||
	       function == ISER_TGT_TMF_CLEAR_TASK_SET;
}

static bool iser_tgt_abort_member(const struct iser_tgt_session *sess,
				  const struct iser_tgt_cmd *cmd)
{
	const struct iser_tgt_abort_set *set = &sess->abort;

	return READ_ONCE(cmd->scsi) &&
	       cmd->se_cmd.orig_fe_lun == set->lun &&
	       !iser_tgt_sn_before(set->cmd_sn, cmd->cmd_sn);
}

/* A command of the set that has not been seen to. */
static struct iser_tgt_cmd *iser_tgt_abort_next(struct iser_tgt_session *sess)
{
	struct iser_tgt_abort_set *set = &sess->abort;

	while (set->next < sess->nr_cmds) {
		struct iser_tgt_cmd *cmd = &sess->cmds[set->next++];

		if (iser_tgt_abort_member(sess, cmd))
			return cmd;
	}
	return NULL;
}

/*
 * RFC 7143 11.5.1: the answer comes behind those of the tasks. What was too
 * late to abort may still be on its way.
 */
static bool iser_tgt_abort_over(struct iser_tgt_session *sess)
{
	unsigned int i;

	for (i = 0; i < sess->nr_cmds; i++)
		if (iser_tgt_abort_member(sess, &sess->cmds[i]))
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

static void iser_tgt_abort_task(struct iser_tgt_session *sess, u32 itt)
{
	struct iser_tgt_cmd *cmd =
		&sess->cmds[sess->nr_cmds + ISER_TGT_CMD_ABORT];

	WRITE_ONCE(sess->abort.aborting, true);
	cmd->in_set = true;
	cmd->rx = NULL;
	cmd->chunk = NULL;
	cmd->tx.opens = false;
	cmd->stage = "aborts a set of tasks";
	memset(&cmd->se_cmd, 0, sizeof(cmd->se_cmd));
	if (target_submit_tmr(&cmd->se_cmd, sess->se_sess, NULL,
			      sess->abort.lun, NULL, TMR_ABORT_TASK,
			      GFP_KERNEL, itt, TARGET_SCF_ACK_KREF)) {
		sess->abort.failed = true;
		WRITE_ONCE(sess->abort.aborting, false);
		iser_tgt_abort_set_step(sess);
	}
}

/* One task at a time, then the end of those that could not be aborted. */
static void iser_tgt_abort_work(struct work_struct *work)
{
	struct iser_tgt_session *sess =
		container_of(work, struct iser_tgt_session, abort.work);
	struct iser_tgt_cmd *task;

	if (!READ_ONCE(sess->abort.request) || READ_ONCE(sess->abort.aborting))
		return;

	task = iser_tgt_abort_next(sess);
	if (task)
		iser_tgt_abort_task(sess, task->itt);
	else if (iser_tgt_abort_over(sess))
		iser_tgt_abort_set_end(sess);
	/* Otherwise the last one to go comes here again. */
}

/**
 * iser_tgt_abort_set_init - before the session is used
 * @sess: the session
 *
 * Context: any.
 */
void iser_tgt_abort_set_init(struct iser_tgt_session *sess)
{
	INIT_WORK(&sess->abort.work, iser_tgt_abort_work);
}

/**
 * iser_tgt_abort_set_step - one task of the set is over, on to the next
 * @sess: the session
 *
 * Context: any but interrupts.
 */
void iser_tgt_abort_set_step(struct iser_tgt_session *sess)
{
	queue_work(iser_tgt_wq, &sess->abort.work);
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
				     u32 cmd_sn)
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
	sess->abort.cmd_sn = cmd_sn;
	sess->abort.next = 0;
	sess->abort.failed = false;
	WRITE_ONCE(sess->abort.request, cmd);
	iser_tgt_abort_set_step(sess);
}

/**
 * iser_tgt_tmf_receive - a Task Management Function Request
 * @sess: a normal session in full feature phase
 * @rx: the PDU
 *
 * Context: process, one PDU of a connection at a time.
 * Return: 0, or -EAGAIN if there is no context for it yet.
 */
int iser_tgt_tmf_receive(struct iser_tgt_session *sess, struct iser_tgt_rx *rx)
{
	const struct iser_tgt_pdu *pdu = &rx->pdu;
	u8 function = pdu->flags & ISER_TGT_TMF_MASK;
	int refusal = iser_tgt_tmf_refusal(function);
	struct iser_tgt_cmd *cmd;
	bool deliver;
	u64 lun;

	if (!iser_tgt_cmd_sn_ok(sess, pdu, &deliver) || !deliver)
		goto put;

	if (pdu->itt == ISER_TGT_TAG_RESERVED)
		return iser_tgt_reject(sess, rx, ISER_TGT_REJECT_INVALID_FIELD);

	cmd = iser_tgt_cmd_get(sess);
	if (!cmd)
		return -EAGAIN;

	iser_tgt_cmd_sn_take(sess, pdu);
	cmd->itt = pdu->itt;
	cmd->tx.opens = !pdu->immediate;
	cmd->tx.done = iser_tgt_cmd_sent;
	if (refusal >= 0) {
		iser_tgt_tmf_answer(cmd, refusal);
		goto put;
	}

	lun = scsilun_to_int((struct scsi_lun *)(pdu->bhs + 8));
	if (iser_tgt_tmf_of_set(function)) {
		iser_tgt_abort_set_begin(cmd, lun, pdu->cmd_sn);
		goto put;
	}

	memset(&cmd->se_cmd, 0, sizeof(cmd->se_cmd));
	cmd->se_cmd.tag = pdu->itt;
	/* Our function codes and the core's are those of the RFC. */
	if (target_submit_tmr(&cmd->se_cmd, sess->se_sess, NULL, lun, NULL,
			      function, GFP_KERNEL,
			      iser_tgt_pdu_ref_task_tag(pdu),
			      TARGET_SCF_ACK_KREF))
		iser_tgt_tmf_answer(cmd, ISER_TGT_TMR_REJECTED);
put:
	iser_tgt_rx_put(rx);
	return 0;
}

/**
 * iser_tgt_queue_tm_rsp - the core has done a function
 * @se_cmd: its command
 *
 * Context: process.
 */
void iser_tgt_queue_tm_rsp(struct se_cmd *se_cmd)
{
	struct iser_tgt_cmd *cmd = iser_tgt_cmd(se_cmd);
	u8 response;

	if (cmd->in_set) {
		/* What is done already need not be aborted. */
		if (se_cmd->se_tmr_req->response != TMR_FUNCTION_COMPLETE &&
		    se_cmd->se_tmr_req->response != TMR_TASK_DOES_NOT_EXIST)
			cmd->sess->abort.failed = true;
		transport_generic_free_cmd(se_cmd, 0);
		return;
	}

	switch (se_cmd->se_tmr_req->response) {
	case TMR_FUNCTION_COMPLETE:
		response = ISER_TGT_TMR_COMPLETE;
		break;
	case TMR_TASK_DOES_NOT_EXIST:
		response = ISER_TGT_TMR_NO_TASK;
		break;
	case TMR_LUN_DOES_NOT_EXIST:
		response = ISER_TGT_TMR_NO_LUN;
		break;
	case TMR_TASK_MGMT_FUNCTION_NOT_SUPPORTED:
		response = ISER_TGT_TMR_NOT_SUPPORTED;
		break;
	default:
		response = ISER_TGT_TMR_REJECTED;
		break;
	}
	cmd->tx.done = iser_tgt_tmf_core_done;
	iser_tgt_tmf_answer(cmd, response);
}
