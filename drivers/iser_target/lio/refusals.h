/* SPDX-License-Identifier: GPL-2.0 */
/* The ledger of refused logins. */
#ifndef ISER_TGT_REFUSALS_H
#define ISER_TGT_REFUSALS_H

#include <linux/types.h>

struct seq_file;
struct sockaddr_storage;

int iser_tgt_refusals_init(void);
void iser_tgt_refusals_exit(void);
void iser_tgt_refused(const struct sockaddr_storage *peer,
		      const char *initiator, const char *target, u16 status,
		      const char *reason);
void iser_tgt_refusals_show(struct seq_file *m);
void iser_tgt_refusal_counts_show(struct seq_file *m);

#endif
