/* SPDX-License-Identifier: GPL-2.0 */
/* How often something has happened, by its reason. */
#ifndef ISER_TGT_REASONS_H
#define ISER_TGT_REASONS_H

#include <linux/types.h>

struct seq_file;

/* Reasons that are told apart. */
#define ISER_TGT_REASONS	96

/**
 * struct iser_tgt_reasons - a count for each reason
 * @reason: the reasons, string constants, in order of their first occurrence
 * @count: how often each has occurred
 *
 * The user has a lock for it.
 */
struct iser_tgt_reasons {
	const char *reason[ISER_TGT_REASONS];
	u64 count[ISER_TGT_REASONS];
};

void iser_tgt_reasons_add(struct iser_tgt_reasons *reasons, const char *reason);
void iser_tgt_reasons_show(struct seq_file *m,
			   const struct iser_tgt_reasons *reasons);

#endif
