// SPDX-License-Identifier: GPL-2.0
/* How often something has happened, by its reason. */

#include <linux/seq_file.h>
#include <linux/string.h>

#include "reasons.h"

/**
 * iser_tgt_reasons_add - count an occurrence
 * @reasons: the counts
 * @reason: human-readable, a string constant
 *
 * Reasons that do not fit in the table are counted in its last entry.
 */
void iser_tgt_reasons_add(struct iser_tgt_reasons *reasons, const char *reason)
{
	unsigned int i;

	for (i = 0; i < ISER_TGT_REASONS - 1; i++) {
		if (!reasons->reason[i])
			reasons->reason[i] = reason;
		if (!strcmp(reasons->reason[i], reason))
			break;
	}
	if (i == ISER_TGT_REASONS - 1)
		reasons->reason[i] = "other";
	reasons->count[i]++;
}

/**
 * iser_tgt_reasons_show - print a line for each reason
 * @m: the file
 * @reasons: the counts
 */
void iser_tgt_reasons_show(struct seq_file *m,
			   const struct iser_tgt_reasons *reasons)
{
	unsigned int i;

	for (i = 0; i < ISER_TGT_REASONS && reasons->reason[i]; i++)
		seq_printf(m, "%llu %s\n", reasons->count[i],
			   reasons->reason[i]);
}
