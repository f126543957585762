/* SPDX-License-Identifier: GPL-2.0 */
/* PREEMPT AND ABORT is answered when nothing it preempts can write any more. */
#ifndef ISER_TGT_FENCE_H
#define ISER_TGT_FENCE_H

#include <linux/types.h>

struct iser_tgt_cmd;
struct se_cmd;

void iser_tgt_fence_exit(void);
bool iser_tgt_fences(const struct se_cmd *se_cmd);
void iser_tgt_fence_hold(struct iser_tgt_cmd *cmd);

#endif
