/* SPDX-License-Identifier: GPL-2.0 */
/* How long the parts of a command take. */
#ifndef ISER_TGT_LATENCY_H
#define ISER_TGT_LATENCY_H

#include <linux/types.h>

#include "../rdma/rdma.h"

struct iser_tgt_cmd;
struct iser_tgt_tpg;
struct se_lun;
struct se_portal_group;

/* Off, a hook costs a nop. */
static inline bool iser_tgt_latency_on(void)
{
	return static_branch_unlikely(&iser_tgt_stamps);
}

void iser_tgt_latency_received(struct iser_tgt_cmd *cmd, u64 when);
void iser_tgt_latency_submitted(struct iser_tgt_cmd *cmd);
void iser_tgt_latency_fetches(struct iser_tgt_cmd *cmd);
void iser_tgt_latency_fetched(struct iser_tgt_cmd *cmd);
void iser_tgt_latency_answers(struct iser_tgt_cmd *cmd, bool data_in);
void iser_tgt_latency_sent(struct iser_tgt_cmd *cmd);
void iser_tgt_latency_post_link(struct se_portal_group *se_tpg,
				struct se_lun *se_lun);
void iser_tgt_latency_free(struct iser_tgt_tpg *tpg);

#endif
