/* SPDX-License-Identifier: GPL-2.0 */
/* Buffers for the data of commands. */
#ifndef ISER_TGT_DATA_H
#define ISER_TGT_DATA_H

#include <linux/types.h>

struct iser_tgt_cmd;

bool iser_tgt_data_attach(struct iser_tgt_cmd *cmd);
void iser_tgt_data_copy_immediate(struct iser_tgt_cmd *cmd);

#endif
