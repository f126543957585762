/* SPDX-License-Identifier: GPL-2.0 */
/* The ledger of ended sessions. */
#ifndef ISER_TGT_ENDS_H
#define ISER_TGT_ENDS_H

struct iser_tgt_session;
struct seq_file;

int iser_tgt_ends_init(void);
void iser_tgt_ends_exit(void);
void iser_tgt_session_began(const struct iser_tgt_session *sess);
void iser_tgt_session_ended(const struct iser_tgt_session *sess);
void iser_tgt_ends_show(struct seq_file *m);
void iser_tgt_end_counts_show(struct seq_file *m);

#endif
