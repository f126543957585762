// SPDX-License-Identifier: GPL-2.0
/* Task management: RFC 7143 11.5 and 11.6. */

#include <scsi/scsi_common.h>

#include "lio.h"

static void iser_tgt_tmf_core_done(struct iser_tgt_tx *tx, int status)
{
	struct iser_tgt_cmd *cmd = container_of(tx, struct iser_tgt_cmd, tx);

	transport_generic_free_cmd(&cmd->se_cmd, 0);
}

static void iser_tgt_tmf_own_done(struct iser_tgt_tx *tx, int status)
{
	iser_tgt_cmd_put(container_of(tx, struct iser_tgt_cmd, tx));
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
		return -1;
	case ISER_TGT_TMF_ABORT_TASK_SET:
	case ISER_TGT_TMF_CLEAR_ACA:
	case ISER_TGT_TMF_CLEAR_TASK_SET:
	case ISER_TGT_TMF_TARGET_WARM_RESET:
	case ISER_TGT_TMF_TARGET_COLD_RESET:
		return ISER_TGT_TMR_NOT_SUPPORTED;
	case ISER_TGT_TMF_TASK_REASSIGN:
		return ISER_TGT_TMR_NO_REASSIGN;
	default:
		return ISER_TGT_TMR_REJECTED;
	}
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
	cmd->tx.done = iser_tgt_tmf_own_done;
	if (refusal >= 0) {
		iser_tgt_tmf_answer(cmd, refusal);
		goto put;
	}

	memset(&cmd->se_cmd, 0, sizeof(cmd->se_cmd));
	cmd->se_cmd.tag = pdu->itt;
	lun = scsilun_to_int((struct scsi_lun *)(pdu->bhs + 8));
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
