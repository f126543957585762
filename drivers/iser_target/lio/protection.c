// SPDX-License-Identifier: GPL-2.0
/*
 * T10-PI with the help of the RDMA device: attrib/t10_pi. Without such a device
 * the core generates and checks protection information itself, and none is on
 * the wire. Tested with an emulation of such a device.
 */

#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../rdma/rdma.h"
#include "cmd.h"
#include "protection.h"
#include "session.h"
#include "tpg.h"

/**
 * iser_tgt_prot_ops - protection operations a session supports
 * @sess: the session, with its portal group
 *
 * A session that may send immediate data negotiated it before t10_pi was set: a
 * signature MR covers all data of a command or none.
 *
 * Return: argument of target_setup_session().
 */
enum target_prot_op iser_tgt_prot_ops(const struct iser_tgt_session *sess)
{
	if (iser_tgt_conn_pi(sess->conn) && !sess->keys.immediate_data &&
	    READ_ONCE(sess->tpg->attrib.t10_pi))
		return TARGET_PROT_ALL;

	return TARGET_PROT_NORMAL;
}

/**
 * iser_tgt_prot_alloc - allocate protection information for a session's commands
 * @sess: the session, its contexts allocated
 *
 * Return: 0 or -ENOMEM.
 */
int iser_tgt_prot_alloc(struct iser_tgt_session *sess)
{
	if (sess->se_sess->sup_prot_ops == TARGET_PROT_NORMAL)
		return 0;

	sess->pis = kvcalloc(sess->max_cmds, sizeof(*sess->pis), GFP_KERNEL);
	return sess->pis ? 0 : -ENOMEM;
}

static bool iser_tgt_prot_on_wire(enum target_prot_op op)
{
	switch (op) {
	case TARGET_PROT_DIN_INSERT:
	case TARGET_PROT_DIN_PASS:
	case TARGET_PROT_DOUT_STRIP:
	case TARGET_PROT_DOUT_PASS:
		return true;
	default:
		return false;
	}
}

/**
 * iser_tgt_prot_wrong - why the data of a command cannot be protected as it asks
 * @cmd: a command, parsed by the core, whose protection is not TARGET_PROT_NORMAL
 *
 * Without a device that handles protection information none is on the wire, and the
 * target never advertised it. With one, a signature MR covers all of the data in whole
 * blocks, and moves them whatever length the initiator expects: the core takes the
 * length of a command with RDPROTECT or WRPROTECT from its CDB.
 *
 * Context: any.
 * Return: the sense reason, TCM_NO_SENSE if it can.
 */
sense_reason_t iser_tgt_prot_wrong(const struct iser_tgt_cmd *cmd)
{
	const struct se_cmd *se_cmd = &cmd->se_cmd;
	bool on_wire = iser_tgt_prot_on_wire(se_cmd->prot_op);

	if (!cmd->sess->pis)
		return on_wire ? TCM_INVALID_CDB_FIELD : TCM_NO_SENSE;

	if (on_wire && cmd->edtl != se_cmd->data_length + se_cmd->prot_length)
		return TCM_INVALID_FIELD_IN_COMMAND_IU;
	if (se_cmd->data_length % se_cmd->se_dev->dev_attrib.block_size)
		return TCM_INVALID_FIELD_IN_COMMAND_IU;
	if (max(se_cmd->data_length, se_cmd->prot_length) >
	    iser_tgt_conn_mr_max(cmd->sess->conn))
		return TCM_INVALID_CDB_FIELD;

	return TCM_NO_SENSE;
}

static void iser_tgt_dif_domain(const struct se_cmd *se_cmd,
				struct ib_sig_domain *domain)
{
	struct ib_t10_dif_domain *dif = &domain->sig.dif;

	domain->sig_type = IB_SIG_TYPE_T10_DIF;
	dif->bg_type = IB_T10DIF_CRC;
	dif->pi_interval = se_cmd->se_dev->dev_attrib.block_size;
	dif->ref_tag = se_cmd->reftag_seed;
	dif->app_escape = true;
	dif->ref_escape = true;
	dif->apptag_check_mask = 0xffff;
	dif->ref_remap = se_cmd->prot_type == TARGET_DIF_TYPE1_PROT ||
			 se_cmd->prot_type == TARGET_DIF_TYPE2_PROT;
}

/**
 * iser_tgt_prot_fill - describe the protection information of a command
 * @cmd: the command, its buffers allocated, its LUN not released yet
 * @pi: result, argument of iser_tgt_xfer_start_pi()
 *
 * The device adds it for INSERT, removes it for STRIP, and checks it on both
 * sides for PASS.
 *
 * Context: any.
 */
void iser_tgt_prot_fill(struct iser_tgt_cmd *cmd, struct iser_tgt_pi *pi)
{
	struct se_cmd *se_cmd = &cmd->se_cmd;

	memset(&pi->attrs, 0, sizeof(pi->attrs));
	pi->sg = se_cmd->t_prot_sg;
	pi->nents = se_cmd->t_prot_nents;

	switch (se_cmd->prot_op) {
	case TARGET_PROT_DIN_INSERT:
	case TARGET_PROT_DOUT_STRIP:
		iser_tgt_dif_domain(se_cmd, &pi->attrs.wire);
		break;
	case TARGET_PROT_DOUT_INSERT:
	case TARGET_PROT_DIN_STRIP:
		iser_tgt_dif_domain(se_cmd, &pi->attrs.mem);
		break;
	default:
		iser_tgt_dif_domain(se_cmd, &pi->attrs.wire);
		iser_tgt_dif_domain(se_cmd, &pi->attrs.mem);
		break;
	}
	if (se_cmd->prot_checks & TARGET_DIF_CHECK_GUARD)
		pi->attrs.check_mask |= IB_SIG_CHECK_GUARD;
	if (se_cmd->prot_checks & TARGET_DIF_CHECK_REFTAG)
		pi->attrs.check_mask |= IB_SIG_CHECK_REFTAG;
}

/**
 * iser_tgt_prot_error - translate an error that the device found for the core
 * @cmd: the command, its LUN not released yet; the block in error is stored in it
 * @pi: protection information of its transfer
 *
 * Return: the sense reason, 0 if there was no error.
 */
sense_reason_t iser_tgt_prot_error(struct iser_tgt_cmd *cmd,
				   const struct iser_tgt_pi *pi)
{
	struct se_cmd *se_cmd = &cmd->se_cmd;
	u32 block = se_cmd->se_dev->dev_attrib.block_size;

	if (likely(!pi->bad))
		return TCM_NO_SENSE;

	/* On the wire each block is followed by eight bytes. */
	se_cmd->sense_info = se_cmd->t_task_lba +
			     div_u64(pi->err.sig_err_offset, block + 8);
	switch (pi->err.err_type) {
	case IB_SIG_BAD_GUARD:
		return TCM_LOGICAL_BLOCK_GUARD_CHECK_FAILED;
	case IB_SIG_BAD_REFTAG:
		return TCM_LOGICAL_BLOCK_REF_TAG_CHECK_FAILED;
	default:
		return TCM_LOGICAL_BLOCK_APP_TAG_CHECK_FAILED;
	}
}
