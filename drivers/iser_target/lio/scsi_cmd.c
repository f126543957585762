// SPDX-License-Identifier: GPL-2.0
/* SCSI Commands: from the PDU to the target core. */

#include <linux/build_bug.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <scsi/scsi_common.h>
#include <scsi/scsi_proto.h>
#include <target/target_core_fabric.h>

#include "../iscsi/pdu.h"
#include "../rdma/rdma.h"
#include "../trace.h"
#include "blocking.h"
#include "cleared.h"
#include "cmd.h"
#include "cmd_get.h"
#include "data.h"
#include "execute.h"
#include "latency.h"
#include "protection.h"
#include "reply.h"
#include "scsi_cmd.h"
#include "session.h"
#include "task.h"
#include "task_mgmt.h"
#include "tpg.h"

static int iser_tgt_task_attr(u8 flags)
{
	switch (flags & ISER_TGT_CMD_ATTR_MASK) {
	case ISER_TGT_ATTR_ORDERED:
		return TCM_ORDERED_TAG;
	case ISER_TGT_ATTR_HEAD:
		return TCM_HEAD_TAG;
	case ISER_TGT_ATTR_ACA:
		return TCM_ACA_TAG;
	default:
		return TCM_SIMPLE_TAG;
	}
}

static enum dma_data_direction iser_tgt_direction(u8 flags, u32 edtl)
{
	if (!edtl)
		return DMA_NONE;
	return flags & ISER_TGT_CMD_READ ? DMA_FROM_DEVICE : DMA_TO_DEVICE;
}

/*
 * Checks a command against RFC 7143 11.3, 13.10, 13.14. Returns the reason to
 * close the connection, or NULL.
 */
static const char *iser_tgt_scsi_wrong(const struct iser_tgt_session *sess,
				       const struct iser_tgt_pdu *pdu)
{
	const struct iser_tgt_keys *keys = &sess->keys;
	size_t declared = pdu->data_len + pdu->unsent;
	u32 edtl = iser_tgt_pdu_edtl(pdu);

	if (pdu->unsent && !READ_ONCE(sess->tpg->attrib.unsent_immediate_data))
		return "immediate data that was declared did not come";
	if (declared) {
		if (!(pdu->flags & ISER_TGT_CMD_WRITE))
			return "immediate data without the W bit";
		if (declared > keys->first_burst ||
		    declared > keys->target_rdsl)
			return "immediate data above the negotiated length";
		if (declared > edtl)
			return "immediate data above the expected length";
	}
	/* F=0 announces unsolicited Data-Out; InitialR2T is Yes. */
	if ((pdu->flags & ISER_TGT_CMD_WRITE) &&
	    !(pdu->flags & ISER_TGT_FLAG_FINAL))
		return "unsolicited data though InitialR2T=Yes";

	return NULL;
}

/*
 * Copies the CDB including the part in an AHS. A CDB of more than 16 bytes is
 * filled up with zeros, since its length byte cannot be trusted.
 */
static bool iser_tgt_whole_cdb(const struct iser_tgt_rx *rx, u8 *cdb,
			       bool *bidi)
{
	const struct iser_tgt_pdu *pdu = &rx->pdu;
	struct iser_tgt_ahs ahs = {};

	BUILD_BUG_ON(ISER_TGT_AHS_MAX > PAGE_SIZE);

	if (pdu->ahs_len &&
	    iser_tgt_ahs_parse(&ahs, iser_tgt_rx_ahs(rx), pdu->ahs_len))
		return false;

	memcpy(cdb, iser_tgt_pdu_cdb(pdu), ISER_TGT_CDB_BHS_LEN);
	if (unlikely(ahs.cdb_tail_len)) {
		memset(cdb + ISER_TGT_CDB_BHS_LEN, 0,
		       ISER_TGT_CDB_MAX - ISER_TGT_CDB_BHS_LEN);
		memcpy(cdb + ISER_TGT_CDB_BHS_LEN, ahs.cdb_tail,
		       ahs.cdb_tail_len);
	}
	*bidi = ahs.bidi;

	/* A variable-length CDB must be complete: SPC-4 4.3.3 */
	return cdb[0] != VARIABLE_LENGTH_CMD ||
	       scsi_varlen_cdb_length(cdb) <=
	       ISER_TGT_CDB_BHS_LEN + ahs.cdb_tail_len;
}

/*
 * Commands to an unmapped LUN 0 go to tpg_virt_lun0, a nullio device: a READ
 * would succeed without touching the buffer and leak its old contents.
 */
static bool iser_tgt_reads_nothing(const struct iser_tgt_cmd *cmd)
{
	const struct se_cmd *se_cmd = &cmd->se_cmd;

	return se_cmd->se_lun == se_cmd->se_sess->se_tpg->tpg_virt_lun0 &&
	       (se_cmd->se_cmd_flags & SCF_SCSI_DATA_CDB);
}

static void iser_tgt_refuse(struct iser_tgt_cmd *cmd, sense_reason_t why)
{
	transport_send_check_condition_and_sense(&cmd->se_cmd, why, 0);
	/* The core was not given the command, but may have found its LUN. */
	transport_generic_free_cmd(&cmd->se_cmd, 0);
}

/* Copies what is needed of the PDU after its buffer has been returned. */
static void iser_tgt_cmd_fill(struct iser_tgt_cmd *cmd,
			      const struct iser_tgt_pdu *pdu)
{
	cmd->itt = pdu->itt;
	cmd->edtl = iser_tgt_pdu_edtl(pdu);
	cmd->imm_len = pdu->data_len;
	if (pdu->flags & ISER_TGT_CMD_READ)
		cmd->stag = iser_tgt_pdu_read_stag(pdu);
	else
		cmd->stag = iser_tgt_pdu_write_stag(pdu);
	cmd->tx.advances_window = !pdu->immediate;
	cmd->immediate = pdu->immediate;
	if (unlikely(cmd->immediate)) {
		iser_tgt_count(&cmd->sess->counts.immediate);
		iser_tgt_window_immediate_begins(cmd->sess->conn);
	}
	memset(&cmd->se_cmd, 0, sizeof(cmd->se_cmd));
	cmd->se_cmd.tag = iser_tgt_task_tag(cmd->sess, pdu->itt);
	/* The core fills part of the sense buffer, and all of it is sent. */
	if (unlikely(cmd->dirty))
		memset(iser_tgt_tx_data(&cmd->tx), 0, ISER_TGT_FFP_DATA_MAX);
	cmd->dirty = false;
}

/*
 * RFC 7143 4.2.2.1: a target accepts one immediate task management function and
 * one other immediate request. They are not limited by the window, and each may
 * hold a receive buffer.
 */
static bool iser_tgt_too_many_immediate(struct iser_tgt_session *sess,
					const struct iser_tgt_pdu *pdu)
{
	return pdu->immediate &&
	       iser_tgt_window_immediates(sess->conn) >= ISER_TGT_IMMEDIATE_MAX;
}

/* The receive side is the only writer. */
static void iser_tgt_session_count(struct iser_tgt_session *sess,
				   const struct iser_tgt_cmd *cmd, u8 flags)
{
	WRITE_ONCE(sess->commands, sess->commands + 1);
	if (flags & ISER_TGT_CMD_WRITE)
		WRITE_ONCE(sess->bytes_written, sess->bytes_written + cmd->edtl);
	else if (flags & ISER_TGT_CMD_READ)
		WRITE_ONCE(sess->bytes_read, sess->bytes_read + cmd->edtl);
}

static void iser_tgt_submit(struct se_cmd *se_cmd)
{
	struct iser_tgt_watch watch = iser_tgt_watch_begin(se_cmd);

	target_submit(se_cmd);
	iser_tgt_watch_end(watch);
}

/*
 * A request with its whole CDB: gives it to the core. Returns as
 * iser_tgt_scsi_receive().
 */
static int iser_tgt_scsi_accept(struct iser_tgt_session *sess,
				struct iser_tgt_rx *rx, const u8 *cdb,
				bool bidi)
{
	const struct iser_tgt_pdu *pdu = &rx->pdu;
	u8 flags = pdu->flags;
	struct iser_tgt_cmd *cmd;
	sense_reason_t why;
	bool moves_blocks;
	u64 lun;

	cmd = iser_tgt_cmd_get(sess);
	if (unlikely(!cmd))
		return -EAGAIN;

	iser_tgt_window_take(sess->conn, pdu);
	iser_tgt_cmd_fill(cmd, pdu);
	if (iser_tgt_latency_on())
		iser_tgt_latency_received(cmd, rx->when);
	lun = iser_tgt_task_lun(pdu);
	trace_iser_tgt_cmd(sess->initiator, sess->sid, cmd->itt, pdu->cmd_sn,
			   lun, cdb[0], cmd->edtl, cmd->imm_len,
			   pdu->immediate);
	bidi = bidi || (flags & (ISER_TGT_CMD_READ | ISER_TGT_CMD_WRITE)) ==
	       (ISER_TGT_CMD_READ | ISER_TGT_CMD_WRITE);

	/* Sense data is written in place, behind its length in the response. */
	if (target_init_cmd(&cmd->se_cmd, sess->se_sess,
			    iser_tgt_tx_data(&cmd->tx) + 2, lun, cmd->edtl,
			    iser_tgt_task_attr(flags),
			    iser_tgt_direction(flags, cmd->edtl), 0)) {
		/* The session is being stopped, and the connection closed. */
		iser_tgt_cmd_put(cmd);
		goto drop;
	}

	WRITE_ONCE(cmd->scsi, true);
	iser_tgt_session_count(sess, cmd, flags);
	/* A response that refuses the command returns it. */
	cmd->rx = rx;

	if (unlikely(bidi)) {
		iser_tgt_refuse(cmd, TCM_INVALID_CDB_FIELD);
		return 0;
	}
	if (unlikely(sess->cleared_any) &&
	    iser_tgt_cleared_tell(cmd, lun, cdb[0]))
		return 0;
	/*
	 * On failure the core has queued the status. It copies the CDB; one of
	 * more than 32 bytes is allocated, and a completion handler must not wait
	 * for memory.
	 */
	if (target_submit_prep(&cmd->se_cmd, (u8 *)cdb, NULL, 0, NULL, 0, NULL,
			       0, GFP_NOWAIT | __GFP_NOWARN))
		return 0;

	/* Only immediate data still needs the receive buffer. */
	if (!cmd->imm_len) {
		cmd->rx = NULL;
		iser_tgt_rx_put(rx);
	}

	if (unlikely(cmd->se_cmd.prot_op != TARGET_PROT_NORMAL)) {
		why = iser_tgt_prot_wrong(cmd);
		if (why) {
			iser_tgt_refuse(cmd, why);
			return 0;
		}
	}
	if (unlikely(iser_tgt_reads_nothing(cmd))) {
		iser_tgt_refuse(cmd, TCM_NON_EXISTENT_LUN);
		return 0;
	}
	moves_blocks = iser_tgt_data_attach(cmd);
	if (unlikely(!moves_blocks &&
		     iser_tgt_data_contradicts(&cmd->se_cmd))) {
		iser_tgt_refuse(cmd, TCM_INVALID_FIELD_IN_COMMAND_IU);
		return 0;
	}
	if (unlikely(!moves_blocks ||
		     !iser_tgt_submits_at_once(cmd->se_cmd.se_dev)))
		iser_tgt_execute_choose(cmd);

	if (iser_tgt_latency_on())
		iser_tgt_latency_submitted(cmd);
	cmd->stage = ISER_TGT_CMD_IN_BACKSTORE;
	iser_tgt_submit(&cmd->se_cmd);
	return 0;

drop:
	iser_tgt_rx_put(rx);
	return 0;
}

/* Apart, because of what the CDB takes on the stack. */
static noinline_for_stack int
iser_tgt_scsi_receive_long(struct iser_tgt_session *sess, struct iser_tgt_rx *rx)
{
	u8 cdb[ISER_TGT_CDB_MAX];
	bool bidi;

	if (!iser_tgt_whole_cdb(rx, cdb, &bidi))
		return iser_tgt_reject(sess, rx,
				       ISER_TGT_REJECT_INVALID_FIELD);

	return iser_tgt_scsi_accept(sess, rx, cdb, bidi);
}

/**
 * iser_tgt_scsi_receive - handle a SCSI Command: RFC 7143 11.3, RFC 7145 7.3.1
 * @sess: a normal session in full feature phase
 * @rx: the PDU
 *
 * Context: process, one PDU of a connection at a time.
 * Return: 0, -EAGAIN if there is no context for it yet, or -EBUSY if an earlier
 * request is missing.
 */
int iser_tgt_scsi_receive(struct iser_tgt_session *sess, struct iser_tgt_rx *rx)
{
	const struct iser_tgt_pdu *pdu = &rx->pdu;
	const u8 *cdb = iser_tgt_pdu_cdb(pdu);
	u8 flags = pdu->flags;
	const char *wrong;
	int ret;

	ret = iser_tgt_cmd_sn_check(sess, rx);
	if (unlikely(ret))
		return ret == -EBUSY ? ret : 0;

	wrong = iser_tgt_scsi_wrong(sess, pdu);
	if (unlikely(wrong)) {
		iser_tgt_protocol_error(sess, wrong);
		iser_tgt_rx_put(rx);
		return 0;
	}
	/* RFC 7143 11.3.1, 13.11 */
	if (unlikely((flags & ISER_TGT_CMD_ATTR_MASK) > ISER_TGT_ATTR_ACA ||
		     (pdu->data_len + pdu->unsent &&
		      !sess->keys.immediate_data)))
		return iser_tgt_reject(sess, rx, ISER_TGT_REJECT_PROTOCOL);

	if (unlikely(pdu->itt == ISER_TGT_TAG_RESERVED ||
		     (iser_tgt_pdu_edtl(pdu) &&
		      !(flags & (ISER_TGT_CMD_READ | ISER_TGT_CMD_WRITE)))))
		return iser_tgt_reject(sess, rx,
				       ISER_TGT_REJECT_INVALID_FIELD);

	if (unlikely(iser_tgt_too_many_immediate(sess, pdu)))
		return iser_tgt_reject(sess, rx,
				       ISER_TGT_REJECT_TOO_MANY_IMM);

	/* Any other CDB is in the BHS as a whole. */
	if (unlikely(pdu->ahs_len || cdb[0] == VARIABLE_LENGTH_CMD))
		return iser_tgt_scsi_receive_long(sess, rx);

	return iser_tgt_scsi_accept(sess, rx, cdb, false);
}

static void iser_tgt_execute(struct se_cmd *se_cmd)
{
	struct iser_tgt_watch watch = iser_tgt_watch_begin(se_cmd);

	target_execute_cmd(se_cmd);
	iser_tgt_watch_end(watch);
}

static void iser_tgt_write_data_done(struct iser_tgt_xfer *xfer, int status)
{
	struct iser_tgt_cmd *cmd = container_of(xfer, struct iser_tgt_cmd, xfer);

	if (iser_tgt_latency_on())
		iser_tgt_latency_fetched(cmd);
	trace_iser_tgt_xfer_done(cmd->sess->initiator, cmd->sess->sid, cmd->itt,
				 cmd->se_cmd.orig_fe_lun,
				 cmd->se_cmd.__t_task_cdb[0], DMA_FROM_DEVICE,
				 cmd->se_cmd.data_length -
				 min(cmd->imm_len, cmd->se_cmd.data_length),
				 status);
	cmd->stage = ISER_TGT_CMD_IN_BACKSTORE;
	if (unlikely(xfer->pi && !status))
		cmd->se_cmd.pi_err = iser_tgt_prot_error(cmd, xfer->pi);

	if (unlikely(cmd->se_cmd.pi_err))
		transport_generic_request_failure(&cmd->se_cmd,
						  cmd->se_cmd.pi_err);
	else if (likely(!status))
		iser_tgt_execute(&cmd->se_cmd);
	else
		transport_generic_request_failure(&cmd->se_cmd,
						  TCM_LOGICAL_UNIT_COMMUNICATION_FAILURE);
}

/* Apart, so that WRITEs whose data is all here save no registers. */
static noinline void iser_tgt_write_fetch(struct iser_tgt_cmd *cmd, u32 imm)
{
	struct iser_tgt_conn *conn = cmd->sess->conn;
	struct se_cmd *se_cmd = &cmd->se_cmd;
	u32 left = se_cmd->data_length - imm;
	struct iser_tgt_pi *pi;
	bool mapped;

	/* RFC 7145 7.3.6: no tag, or the peer accepts no RDMA READ */
	if (cmd->stag.sent != ISER_TGT_ISER_WSV || !iser_tgt_conn_ord(conn)) {
		iser_tgt_protocol_error(cmd->sess,
					"a WRITE whose data cannot be read");
		transport_generic_request_failure(se_cmd,
						  TCM_INVALID_FIELD_IN_COMMAND_IU);
		return;
	}

	/*
	 * A transfer that ends at once may drop the last reference, and the
	 * connection may be freed: the release does not wait for the core's
	 * workers.
	 */
	kref_get(&se_cmd->cmd_kref);
	if (iser_tgt_latency_on())
		iser_tgt_latency_fetches(cmd);
	trace_iser_tgt_xfer_post(cmd->sess->initiator, cmd->sess->sid, cmd->itt,
				 se_cmd->orig_fe_lun, se_cmd->__t_task_cdb[0],
				 DMA_FROM_DEVICE, left, 0);
	cmd->stage = ISER_TGT_CMD_FETCHES;
	cmd->xfer.done = iser_tgt_write_data_done;
	pi = iser_tgt_prot_pi(cmd);
	mapped = cmd->buf && !iser_tgt_conn_needs_mr(conn, DMA_FROM_DEVICE);
	if (unlikely(pi)) {
		iser_tgt_prot_fill(cmd, pi);
		iser_tgt_xfer_start_pi(&cmd->xfer, conn, pi, se_cmd->t_data_sg,
				       se_cmd->t_data_nents, left,
				       cmd->stag.va, cmd->stag.stag,
				       DMA_FROM_DEVICE);
	} else if (likely(mapped)) {
		iser_tgt_xfer_start_buf(&cmd->xfer, conn, cmd->buf,
					cmd->buf_skip, left, cmd->stag.va,
					cmd->stag.stag, DMA_FROM_DEVICE, NULL);
	} else {
		iser_tgt_xfer_start(&cmd->xfer, conn, se_cmd->t_data_sg,
				    se_cmd->t_data_nents, imm, left,
				    cmd->stag.va, cmd->stag.stag,
				    DMA_FROM_DEVICE, NULL);
	}
	target_put_sess_cmd(se_cmd);
}

/**
 * iser_tgt_write_pending - fetch the data of a WRITE, whose buffers are allocated
 * @se_cmd: the command
 *
 * RFC 7145 7.3.6: stag.va is the address of the first byte that was not sent
 * with the command. Every way out ends in target_execute_cmd() or
 * transport_generic_request_failure().
 *
 * Context: process.
 * Return: 0.
 */
int iser_tgt_write_pending(struct se_cmd *se_cmd)
{
	struct iser_tgt_cmd *cmd = iser_tgt_cmd(se_cmd);
	u32 imm = min(cmd->imm_len, se_cmd->data_length);

	if (imm && !(se_cmd->se_cmd_flags & SCF_PASSTHROUGH_SG_TO_MEM_NOALLOC))
		iser_tgt_data_copy_immediate(cmd);

	if (imm == se_cmd->data_length)
		target_execute_cmd(se_cmd);
	else
		iser_tgt_write_fetch(cmd, imm);
	return 0;
}

/**
 * iser_tgt_release_cmd - the core has dropped its last reference to a command
 * @se_cmd: the command
 *
 * Context: any but interrupts.
 */
void iser_tgt_release_cmd(struct se_cmd *se_cmd)
{
	struct iser_tgt_cmd *cmd = iser_tgt_cmd(se_cmd);
	struct iser_tgt_session *sess = cmd->sess;

	if (unlikely(cmd->stage == ISER_TGT_CMD_ABORTS)) {
		WRITE_ONCE(sess->abort.aborting, false);
		iser_tgt_abort_set_kick(sess);
		return;
	}

	if (unlikely(se_cmd->se_cmd_flags & (SCF_TRANSPORT_TASK_SENSE |
					     SCF_EMULATED_TASK_SENSE)))
		cmd->dirty = true;
	/* No longer a task; its response may still be being sent. */
	WRITE_ONCE(cmd->scsi, false);
	if (cmd->buf && se_cmd->data_direction == DMA_TO_DEVICE) {
		iser_tgt_data_put(cmd->buf);
		cmd->buf = NULL;
	}
	iser_tgt_cmd_put(cmd);
	/* Ordered after the write to scsi by the atomic of the put. */
	if (unlikely(READ_ONCE(sess->abort.request) ||
		     atomic_read(&sess->abort.rsp_deferred)))
		iser_tgt_abort_set_kick(sess);
}
