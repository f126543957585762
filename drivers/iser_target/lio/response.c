// SPDX-License-Identifier: GPL-2.0
/* SCSI Responses and the data of READs. */

#include <linux/minmax.h>
#include <scsi/scsi_proto.h>
#include <target/target_core_fabric.h>

#include "../iscsi/pdu.h"
#include "../rdma/rdma.h"
#include "../trace.h"
#include "cleared.h"
#include "cmd.h"
#include "cmd_get.h"
#include "counts.h"
#include "latency.h"
#include "protection.h"
#include "response.h"
#include "session.h"

/* Order of the largest data buffer that an unsignaled send may hold. */
#define ISER_TGT_UNSIGNALED_ORDER	1

/* The initiator must not wait for a response that could not be sent. */
static void iser_tgt_response_check(struct iser_tgt_tx *tx, int status)
{
	struct iser_tgt_cmd *cmd = container_of(tx, struct iser_tgt_cmd, tx);

	trace_iser_tgt_sent(cmd->sess->initiator, cmd->sess->sid, cmd->itt,
			    iser_tgt_tx_reported(tx), status);
	if (iser_tgt_latency_on())
		iser_tgt_latency_sent(cmd);
	if (likely(!status))
		return;

	iser_tgt_conn_close(tx->conn, "response could not be sent");
	iser_tgt_cleared_add(cmd);
}

/*
 * The memory that is sent belongs to the core, which keeps its part of the command
 * until then.
 */
static void iser_tgt_response_done(struct iser_tgt_tx *tx, int status)
{
	struct iser_tgt_cmd *cmd = container_of(tx, struct iser_tgt_cmd, tx);

	iser_tgt_response_check(tx, status);
	target_put_sess_cmd(&cmd->se_cmd);
}

/**
 * iser_tgt_responses_sent - unsignaled responses have been sent
 * @first: the responses, of a session, chained by @tx->next
 *
 * Context: completion handler, or the release work.
 */
void iser_tgt_responses_sent(struct iser_tgt_tx *first)
{
	struct iser_tgt_tx *tx;

	if (trace_iser_tgt_sent_enabled() || iser_tgt_latency_on())
		for (tx = first; tx; tx = tx->next)
			iser_tgt_response_check(tx, 0);
	iser_tgt_cmds_sent(first);
}

/**
 * iser_tgt_response_waits - an unsignaled response cannot be posted yet
 * @tx: the response
 *
 * Until it is posted the command counts as a task.
 *
 * Context: process; the core still has its reference.
 */
void iser_tgt_response_waits(struct iser_tgt_tx *tx)
{
	struct iser_tgt_cmd *cmd = container_of(tx, struct iser_tgt_cmd, tx);

	kref_get(&cmd->se_cmd.cmd_kref);
}

/**
 * iser_tgt_response_posted - a response that had to wait has been posted
 * @tx: the response
 *
 * Context: process.
 */
void iser_tgt_response_posted(struct iser_tgt_tx *tx)
{
	struct iser_tgt_cmd *cmd = container_of(tx, struct iser_tgt_cmd, tx);

	target_put_sess_cmd(&cmd->se_cmd);
}

/* Not if it has been sent: then iser_tgt_responses_sent(). */
static void iser_tgt_response_unsent(struct iser_tgt_tx *tx, int status)
{
	iser_tgt_response_check(tx, status);
	if (unlikely(tx->waited && !tx->posted))
		iser_tgt_response_posted(tx);
	iser_tgt_cmd_put(container_of(tx, struct iser_tgt_cmd, tx));
}

/*
 * The memory that is sent does not belong to the core: its part of the command
 * ends when the response has been posted, the context with the later of that and
 * the send.
 */
static void iser_tgt_response_unsignaled(struct iser_tgt_cmd *cmd)
{
	/* Before it is posted, the core's reference is the only one. */
	atomic_set(&cmd->refs, 2);
	cmd->tx.unsignaled = true;
	cmd->tx.done = iser_tgt_response_unsent;
}

static void iser_tgt_response_signaled(struct iser_tgt_cmd *cmd)
{
	kref_get(&cmd->se_cmd.cmd_kref);
	cmd->tx.done = iser_tgt_response_done;
}

/* An idle session must not hold large buffers with an unsignaled send. */
static bool iser_tgt_buf_is_small(const struct iser_tgt_data_buf *buf)
{
	return buf && buf->order <= ISER_TGT_UNSIGNALED_ORDER;
}

/*
 * RFC 7143 11.4.5.2: a command that failed before it moved a byte has all of the
 * expected length as its residual, whatever the core has computed for success.
 */
static bool iser_tgt_moved_nothing(const struct iser_tgt_cmd *cmd)
{
	const struct se_cmd *se_cmd = &cmd->se_cmd;

	return se_cmd->scsi_status != SAM_STAT_GOOD && cmd->edtl &&
	       (cmd->stage == ISER_TGT_CMD_RECEIVED ||
		se_cmd->data_direction == DMA_FROM_DEVICE);
}

static u8 iser_tgt_residual(const struct se_cmd *se_cmd, u32 *residual)
{
	if (se_cmd->se_cmd_flags & SCF_OVERFLOW_BIT) {
		*residual = se_cmd->residual_count;
		return ISER_TGT_RSP_OVERFLOW;
	}
	if (se_cmd->se_cmd_flags & SCF_UNDERFLOW_BIT) {
		*residual = se_cmd->residual_count;
		return ISER_TGT_RSP_UNDERFLOW;
	}
	*residual = 0;
	return 0;
}

/*
 * The initiator compares the invalidated tag with those it registered for the
 * task. For a WRITE with only immediate data it registered none.
 */
static u32 iser_tgt_inv_rkey(const struct iser_tgt_cmd *cmd)
{
	if (cmd->stag.sent == ISER_TGT_ISER_RSV ||
	    (cmd->stag.sent && cmd->edtl > cmd->imm_len))
		return cmd->stag.stag;
	return 0;
}

/* Headers and sense of a response. Returns the length of its data segment. */
static noinline size_t iser_tgt_response_headers(struct iser_tgt_cmd *cmd,
						 bool data_in, bool good)
{
	struct se_cmd *se_cmd = &cmd->se_cmd;
	size_t data_len = 0;
	u32 residual;
	u8 flag;

	if (unlikely(se_cmd->scsi_status != SAM_STAT_GOOD))
		iser_tgt_count_status(&cmd->sess->counts,
				      se_cmd->scsi_status);

	/* The sense data is in place already, behind two bytes of length. */
	if (se_cmd->sense_buffer &&
	    (se_cmd->se_cmd_flags & (SCF_TRANSPORT_TASK_SENSE |
				     SCF_EMULATED_TASK_SENSE)) &&
	    se_cmd->scsi_status == SAM_STAT_CHECK_CONDITION)
		data_len = iser_tgt_pdu_sense(iser_tgt_tx_data(&cmd->tx),
					      iser_tgt_tx_data(&cmd->tx) + 2,
					      se_cmd->scsi_sense_length);

	if (unlikely(!data_in && iser_tgt_moved_nothing(cmd))) {
		flag = ISER_TGT_RSP_UNDERFLOW;
		residual = cmd->edtl;
	} else {
		flag = iser_tgt_residual(se_cmd, &residual);
	}
	iser_tgt_pdu_scsi_rsp(cmd->tx.hdr, cmd->itt, se_cmd->scsi_status, flag,
			      residual, data_len);
	cmd->good = good;
	trace_iser_tgt_response(cmd->sess->initiator, cmd->sess->sid, cmd->itt,
				se_cmd->orig_fe_lun, se_cmd->__t_task_cdb[0],
				se_cmd->scsi_status, residual, data_in);
	return data_len;
}

static size_t iser_tgt_response_build(struct iser_tgt_cmd *cmd, bool data_in)
{
	struct se_cmd *se_cmd = &cmd->se_cmd;
	bool good = se_cmd->scsi_status == SAM_STAT_GOOD &&
		    !(se_cmd->se_cmd_flags & (SCF_OVERFLOW_BIT |
					      SCF_UNDERFLOW_BIT));
	size_t data_len = 0;

	if (iser_tgt_latency_on())
		iser_tgt_latency_answers(cmd, data_in);
	/* The response advances the window: return the buffer before. */
	if (cmd->rx) {
		iser_tgt_rx_put(cmd->rx);
		cmd->rx = NULL;
	}

	if (unlikely(cmd->immediate))
		iser_tgt_cmd_immediate_ends(cmd);

	/* Of one good response to the next of a context only the ITT changes. */
	if (likely(good && cmd->good && !trace_iser_tgt_response_enabled()))
		iser_tgt_pdu_scsi_rsp_again(cmd->tx.hdr, cmd->itt);
	else
		data_len = iser_tgt_response_headers(cmd, data_in, good);

	cmd->stage = ISER_TGT_CMD_RESPONDS;
	return data_len;
}

static void iser_tgt_response_send(struct iser_tgt_cmd *cmd, size_t data_len,
				   struct iser_tgt_chain *chain)
{
	iser_tgt_response_unsignaled(cmd);
	cmd->tx.chain = chain;
	iser_tgt_send(&cmd->tx, data_len, iser_tgt_inv_rkey(cmd));
}

/**
 * iser_tgt_response_status - send the response of a command
 * @cmd: the command
 * @chain: where to add it, NULL to send it now
 *
 * RFC 7143 11.4, RFC 7145 7.3.2. Once the connection is closing nothing is sent.
 *
 * Context: process. The caller has a reference of the core's command.
 */
void iser_tgt_response_status(struct iser_tgt_cmd *cmd,
			      struct iser_tgt_chain *chain)
{
	size_t data_len = iser_tgt_response_build(cmd, false);

	iser_tgt_response_send(cmd, data_len, chain);
}

/* The device has checked the data of a READ: now its status is known. */
static void iser_tgt_checked_read_done(struct iser_tgt_xfer *xfer, int status)
{
	struct iser_tgt_cmd *cmd = container_of(xfer, struct iser_tgt_cmd, xfer);
	struct se_cmd *se_cmd = &cmd->se_cmd;

	iser_tgt_response_check(&cmd->tx, status);
	if (!status)
		se_cmd->pi_err = iser_tgt_prot_error(cmd, xfer->pi);
	if (!status && se_cmd->pi_err)
		transport_send_check_condition_and_sense(se_cmd, se_cmd->pi_err,
							 0);
	else if (!status)
		iser_tgt_response_status(cmd, NULL);
	iser_tgt_prot_release(cmd);
	target_put_sess_cmd(se_cmd);
}

static void iser_tgt_checked_read(struct iser_tgt_cmd *cmd,
				  struct iser_tgt_pi *pi, u32 len)
{
	struct se_cmd *se_cmd = &cmd->se_cmd;

	kref_get(&se_cmd->cmd_kref);
	iser_tgt_prot_fill(cmd, pi);
	cmd->xfer.done = iser_tgt_checked_read_done;
	iser_tgt_xfer_start_pi(&cmd->xfer, cmd->sess->conn, pi,
			       se_cmd->t_data_sg, se_cmd->t_data_nents, len,
			       cmd->stag.va, cmd->stag.stag, DMA_TO_DEVICE);
}

/**
 * iser_tgt_response_data - send the data of a READ, then the response
 * @cmd: the command
 * @chain: where to add both, NULL to send them now; what needs more than one work
 *	request for its data is sent now
 *
 * RFC 7145 7.3.5. Never sends more than the initiator expects or the core has.
 * Once the connection is closing nothing is sent.
 *
 * Context: process. The caller has a reference of the core's command.
 */
void iser_tgt_response_data(struct iser_tgt_cmd *cmd,
			    struct iser_tgt_chain *chain)
{
	struct se_cmd *se_cmd = &cmd->se_cmd;
	u32 len = min(se_cmd->data_length, cmd->edtl);
	size_t data_len = iser_tgt_response_build(cmd, true);
	struct iser_tgt_pi *pi;

	if (!len || !se_cmd->t_data_nents) {
		iser_tgt_prot_release(cmd);
		iser_tgt_response_send(cmd, data_len, chain);
		return;
	}
	if (cmd->stag.sent != ISER_TGT_ISER_RSV) {
		iser_tgt_prot_release(cmd);
		iser_tgt_protocol_error(cmd->sess,
					"a READ without a buffer for its data");
		iser_tgt_response_check(&cmd->tx, -EPROTO);
		return;
	}

	trace_iser_tgt_xfer_post(cmd->sess->initiator, cmd->sess->sid, cmd->itt,
				 se_cmd->orig_fe_lun, se_cmd->__t_task_cdb[0],
				 DMA_TO_DEVICE, len, 0);
	pi = iser_tgt_prot_pi(cmd);
	if (unlikely(pi)) {
		iser_tgt_checked_read(cmd, pi, len);
		return;
	}

	if (likely(iser_tgt_buf_is_small(cmd->buf)))
		iser_tgt_response_unsignaled(cmd);
	else
		iser_tgt_response_signaled(cmd);
	iser_tgt_tx_prepare(&cmd->tx, data_len, cmd->stag.stag);
	if (likely(cmd->buf)) {
		cmd->tx.chain = chain;
		iser_tgt_xfer_start_buf(&cmd->xfer, cmd->sess->conn, cmd->buf,
					0, len, cmd->stag.va, cmd->stag.stag,
					DMA_TO_DEVICE, &cmd->tx);
	} else {
		iser_tgt_xfer_start(&cmd->xfer, cmd->sess->conn,
				    se_cmd->t_data_sg, se_cmd->t_data_nents, 0,
				    len, cmd->stag.va, cmd->stag.stag,
				    DMA_TO_DEVICE, &cmd->tx);
	}
}
