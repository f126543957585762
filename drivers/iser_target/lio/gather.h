/* SPDX-License-Identifier: GPL-2.0 */
/* Where commands complete, and who answers them. */
#ifndef ISER_TGT_GATHER_H
#define ISER_TGT_GATHER_H

struct se_cmd;

int iser_tgt_gather_init(void);
void iser_tgt_gather_exit(void);
int iser_tgt_queue_data_in(struct se_cmd *se_cmd);
int iser_tgt_queue_status(struct se_cmd *se_cmd);
int iser_tgt_check_stop_free(struct se_cmd *se_cmd);

#endif
