// SPDX-License-Identifier: GPL-2.0
/*
 * Histograms of how long the parts of commands take. Four buckets to an octave:
 * quantiles are known to a tenth or so, and every power of two is a bound.
 */

#include <linux/bitops.h>
#include <linux/seq_file.h>

#include "histogram.h"

static unsigned int iser_tgt_bucket(u64 ns)
{
	u64 below = ns ? ns - 1 : 0;
	unsigned int octave;

	if (below < BIT_ULL(ISER_TGT_OCTAVE_FIRST))
		return 0;
	octave = fls64(below) - 1;
	if (octave > ISER_TGT_OCTAVE_LAST)
		return ISER_TGT_BUCKETS - 1;

	return 1 + 4 * (octave - ISER_TGT_OCTAVE_FIRST) +
	       (below >> (octave - 2) & 3);
}

/* Of all but the last, which has none. */
static u64 iser_tgt_bucket_bound(unsigned int bucket)
{
	unsigned int octave = ISER_TGT_OCTAVE_FIRST + (bucket - 1) / 4;
	u64 quarters = 4 + (bucket - 1) % 4 + 1;

	return bucket ? quarters << (octave - 2) :
			BIT_ULL(ISER_TGT_OCTAVE_FIRST);
}

/**
 * iser_tgt_histogram_add - add a sample
 * @histogram: the histogram
 * @ns: its value, nanoseconds
 *
 * Context: any.
 */
void iser_tgt_histogram_add(struct iser_tgt_histogram *histogram, u64 ns)
{
	atomic64_inc(&histogram->bucket[iser_tgt_bucket(ns)]);
	atomic64_add(ns, &histogram->sum);
}

/**
 * iser_tgt_histogram_count - how many samples there are
 * @histogram: the histogram
 *
 * Return: the number.
 */
u64 iser_tgt_histogram_count(const struct iser_tgt_histogram *histogram)
{
	unsigned int i;
	u64 count = 0;

	for (i = 0; i < ISER_TGT_BUCKETS; i++)
		count += atomic64_read(&histogram->bucket[i]);

	return count;
}

/**
 * iser_tgt_histogram_show - print a histogram
 * @m: the file, in a line of name=value words
 * @histogram: the histogram
 *
 * Samples that are added meanwhile may be in some of the words only.
 */
void iser_tgt_histogram_show(struct seq_file *m,
			     const struct iser_tgt_histogram *histogram)
{
	const char *before = "";
	unsigned int i;
	u64 count;

	seq_printf(m, "count=%llu sum_ns=%llu buckets=",
		   iser_tgt_histogram_count(histogram),
		   (u64)atomic64_read(&histogram->sum));
	for (i = 0; i < ISER_TGT_BUCKETS; i++) {
		count = atomic64_read(&histogram->bucket[i]);
		if (!count)
			continue;
		if (i < ISER_TGT_BUCKETS - 1)
			seq_printf(m, "%s%llu:%llu", before,
				   iser_tgt_bucket_bound(i), count);
		else
			seq_printf(m, "%s+Inf:%llu", before, count);
		before = ",";
	}
}
