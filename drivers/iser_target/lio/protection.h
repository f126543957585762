/* SPDX-License-Identifier: GPL-2.0 */
/* T10-PI with the help of the RDMA device: attrib/t10_pi. */
#ifndef ISER_TGT_PROTECTION_H
#define ISER_TGT_PROTECTION_H

#include <linux/percpu-refcount.h>
#include <target/target_core_base.h>

#include "../rdma/rdma.h"
#include "cmd.h"
#include "session.h"

enum target_prot_op iser_tgt_prot_ops(const struct iser_tgt_session *sess);
int iser_tgt_prot_alloc(struct iser_tgt_session *sess);
sense_reason_t iser_tgt_prot_wrong(const struct iser_tgt_cmd *cmd);
void iser_tgt_prot_fill(struct iser_tgt_cmd *cmd, struct iser_tgt_pi *pi);
sense_reason_t iser_tgt_prot_error(struct iser_tgt_cmd *cmd,
				   const struct iser_tgt_pi *pi);

/* The protection information of a command's data, NULL if there is none. */
static inline struct iser_tgt_pi *iser_tgt_prot_pi(const struct iser_tgt_cmd *cmd)
{
	struct iser_tgt_session *sess = cmd->sess;

	if (likely(!sess->pis) || cmd->se_cmd.prot_op == TARGET_PROT_NORMAL)
		return NULL;

	return &sess->pis[cmd->tx.index];
}

/*
 * The core releases the LUN of a READ when it has given the data to the fabric. What
 * the device finds when it checks them is reported with the help of the LUN's device,
 * so the LUN is kept until then.
 */
static inline void iser_tgt_prot_hold(const struct iser_tgt_cmd *cmd)
{
	struct iser_tgt_pi *pi = iser_tgt_prot_pi(cmd);

	if (likely(!pi))
		return;

	pi->lun = cmd->se_cmd.se_lun;
	percpu_ref_get(&pi->lun->lun_ref);
}

static inline void iser_tgt_prot_release(const struct iser_tgt_cmd *cmd)
{
	struct iser_tgt_pi *pi = iser_tgt_prot_pi(cmd);

	if (unlikely(pi))
		percpu_ref_put(&pi->lun->lun_ref);
}

#endif
