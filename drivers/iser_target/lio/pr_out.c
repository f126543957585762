// SPDX-License-Identifier: GPL-2.0
/*
 * PERSISTENT RESERVE OUT: malformed TransportIDs do not reach the core. Its parser
 * reads an ISID that is incomplete or has no NUL beyond the parameter list (until
 * 6.12.118 and in 7.3.4), and any session may send one.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/printk.h>
#include <linux/scatterlist.h>
#include <target/target_core_backend.h>

#include "../iscsi/transport_id.h"
#include "../rdma/rdma.h"
#include "cmd.h"
#include "pr_out.h"
#include "session.h"

/**
 * struct iser_tgt_pr_out_data - a parameter list that is checked where it is
 * @out: the command
 * @sg: its data
 * @nents: entries of @sg
 */
struct iser_tgt_pr_out_data {
	struct iser_tgt_pr_out out;
	struct scatterlist *sg;
	unsigned int nents;
};

static void iser_tgt_pr_out_read(const struct iser_tgt_pr_out *out, u32 pos,
				 u8 *to, u32 len)
{
	const struct iser_tgt_pr_out_data *data =
		container_of(out, struct iser_tgt_pr_out_data, out);

	sg_pcopy_to_buffer(data->sg, data->nents, to, len, pos);
}

static sense_reason_t iser_tgt_pr_out_sense(enum iser_tgt_pr_out_fault fault)
{
	return fault == ISER_TGT_PR_OUT_LENGTH ? TCM_PARAMETER_LIST_LENGTH_ERROR :
						 TCM_INVALID_PARAMETER_LIST;
}

/**
 * iser_tgt_pr_out_refuse - check the parameter list of a PERSISTENT RESERVE OUT
 * @cmd: the command, its data received, about to be executed
 *
 * Not for a backstore that passes the command on: the core refuses TransportIDs
 * there, or the device parses them.
 *
 * Context: process.
 * Return: the reason to refuse it, TCM_NO_SENSE if there is none.
 */
sense_reason_t iser_tgt_pr_out_refuse(const struct iser_tgt_cmd *cmd)
{
	const struct se_cmd *se_cmd = &cmd->se_cmd;
	struct iser_tgt_pr_out_data data = {
		.out.cdb = se_cmd->t_task_cdb,
		.out.received = se_cmd->data_length,
		.out.read = iser_tgt_pr_out_read,
		.sg = se_cmd->t_data_sg,
		.nents = se_cmd->t_data_nents,
	};
	enum iser_tgt_pr_out_fault fault;
	const char *why;

	if (se_cmd->se_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH_PGR)
		return TCM_NO_SENSE;

	fault = iser_tgt_pr_out_check(&data.out, &why);
	if (likely(!fault))
		return TCM_NO_SENSE;

	pr_warn_ratelimited("%pISpc (%s): PERSISTENT RESERVE OUT refused: %s\n",
			    iser_tgt_conn_peer(cmd->sess->conn),
			    cmd->sess->initiator, why);
	return iser_tgt_pr_out_sense(fault);
}
