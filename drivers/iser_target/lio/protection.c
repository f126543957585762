// SPDX-License-Identifier: GPL-2.0
/*
 * T10-PI with the help of the RDMA device: attrib/t10_pi. Without such a device
 * the core makes and checks protection information by itself, and none of it is
 * on the wire. Untested: no device that can was at hand.
 */

#include <linux/slab.h>

#include "lio.h"

/**
 * iser_tgt_prot_ops - what a session can do about protection information
 * @sess: the session, with its portal group
 *
 * Context: any.
 * Return: for target_setup_session().
 */
enum target_prot_op iser_tgt_prot_ops(const struct iser_tgt_session *sess)
{
	if (sess->conn->integrity && READ_ONCE(sess->tpg->attrib.t10_pi))
		return TARGET_PROT_ALL;

	return TARGET_PROT_NORMAL;
}

/**
 * iser_tgt_prot_alloc - memory for the protection of a session's commands
 * @sess: the session, its contexts allocated
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int iser_tgt_prot_alloc(struct iser_tgt_session *sess)
{
	if (sess->se_sess->sup_prot_ops == TARGET_PROT_NORMAL)
		return 0;

	sess->sigs = kvcalloc(sess->nr_cmds, sizeof(*sess->sigs), GFP_KERNEL);
	return sess->sigs ? 0 : -ENOMEM;
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
 * iser_tgt_prot_sig - how a command's protection information is to be treated
 * @cmd: the command, its buffers allocated
 *
 * INSERT adds on its way what the other side has not, STRIP takes it off, PASS
 * checks it on both.
 *
 * Context: any.
 * Return: for iser_tgt_xfer_start_sig(); NULL if there is none.
 */
struct iser_tgt_sig *iser_tgt_prot_sig(struct iser_tgt_cmd *cmd)
{
	struct se_cmd *se_cmd = &cmd->se_cmd;
	struct iser_tgt_session *sess = cmd->sess;
	struct iser_tgt_sig *sig;

	if (likely(!sess->sigs) || se_cmd->prot_op == TARGET_PROT_NORMAL)
		return NULL;

	sig = &sess->sigs[cmd - sess->cmds];
	memset(sig, 0, sizeof(*sig));
	sig->sg = se_cmd->t_prot_sg;
	sig->nents = se_cmd->t_prot_nents;

	switch (se_cmd->prot_op) {
	case TARGET_PROT_DIN_INSERT:
	case TARGET_PROT_DOUT_STRIP:
		iser_tgt_dif_domain(se_cmd, &sig->attrs.wire);
		break;
	case TARGET_PROT_DOUT_INSERT:
	case TARGET_PROT_DIN_STRIP:
		iser_tgt_dif_domain(se_cmd, &sig->attrs.mem);
		break;
	default:
		iser_tgt_dif_domain(se_cmd, &sig->attrs.wire);
		iser_tgt_dif_domain(se_cmd, &sig->attrs.mem);
		break;
	}
	if (se_cmd->prot_checks & TARGET_DIF_CHECK_GUARD)
		sig->attrs.check_mask |= IB_SIG_CHECK_GUARD;
	if (se_cmd->prot_checks & TARGET_DIF_CHECK_REFTAG)
		sig->attrs.check_mask |= IB_SIG_CHECK_REFTAG;
	return sig;
}

/**
 * iser_tgt_prot_error - what the device found wrong, in the core's terms
 * @cmd: the command
 * @sig: of its transfer
 *
 * Context: any.
 * Return: the sense reason; the block is in the command. 0 if all is well.
 */
sense_reason_t iser_tgt_prot_error(struct iser_tgt_cmd *cmd,
				   const struct iser_tgt_sig *sig)
{
	struct se_cmd *se_cmd = &cmd->se_cmd;
	u32 block = se_cmd->se_dev->dev_attrib.block_size;

	if (likely(!sig->bad))
		return TCM_NO_SENSE;

	/* A block on the wire has its eight bytes behind it. */
	se_cmd->sense_info = se_cmd->t_task_lba +
			     div_u64(sig->err.sig_err_offset, block + 8);
	switch (sig->err.err_type) {
	case IB_SIG_BAD_GUARD:
		return TCM_LOGICAL_BLOCK_GUARD_CHECK_FAILED;
	case IB_SIG_BAD_REFTAG:
		return TCM_LOGICAL_BLOCK_REF_TAG_CHECK_FAILED;
	default:
		return TCM_LOGICAL_BLOCK_APP_TAG_CHECK_FAILED;
	}
}
