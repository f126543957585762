/* SPDX-License-Identifier: GPL-2.0 */
/* Aborted commands that the core does not count as ended. */
#ifndef ISER_TGT_ABORTED_H
#define ISER_TGT_ABORTED_H

struct se_cmd;

void iser_tgt_aborted_ends(struct se_cmd *se_cmd);

#endif
