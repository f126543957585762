/* SPDX-License-Identifier: GPL-2.0 */
/* SCSI Responses and the data of READs. */
#ifndef ISER_TGT_RESPONSE_H
#define ISER_TGT_RESPONSE_H

struct iser_tgt_tx;
struct se_cmd;

int iser_tgt_queue_data_in(struct se_cmd *se_cmd);
int iser_tgt_queue_status(struct se_cmd *se_cmd);
void iser_tgt_response_waits(struct iser_tgt_tx *tx);
void iser_tgt_response_posted(struct iser_tgt_tx *tx);

#endif
