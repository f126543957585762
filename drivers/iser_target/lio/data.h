/* SPDX-License-Identifier: GPL-2.0 */
/* Buffers for the data of commands. */
#ifndef ISER_TGT_DATA_H
#define ISER_TGT_DATA_H

#include <linux/types.h>

struct iser_tgt_cmd;
struct se_cmd;

bool iser_tgt_data_contradicts(const struct se_cmd *se_cmd);
bool iser_tgt_data_attach(struct iser_tgt_cmd *cmd);
bool iser_tgt_data_ends_in_block(const struct se_cmd *se_cmd);
void iser_tgt_data_whole_blocks(struct se_cmd *se_cmd);
void iser_tgt_data_copy_immediate(struct iser_tgt_cmd *cmd);

#endif
