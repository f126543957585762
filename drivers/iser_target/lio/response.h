/* SPDX-License-Identifier: GPL-2.0 */
/* SCSI Responses and the data of READs. */
#ifndef ISER_TGT_RESPONSE_H
#define ISER_TGT_RESPONSE_H

struct iser_tgt_chain;
struct iser_tgt_cmd;
struct iser_tgt_tx;

void iser_tgt_response_data(struct iser_tgt_cmd *cmd,
			    struct iser_tgt_chain *chain);
void iser_tgt_response_status(struct iser_tgt_cmd *cmd,
			      struct iser_tgt_chain *chain);
void iser_tgt_responses_sent(struct iser_tgt_tx *first);
void iser_tgt_response_waits(struct iser_tgt_tx *tx);
void iser_tgt_response_posted(struct iser_tgt_tx *tx);

#endif
