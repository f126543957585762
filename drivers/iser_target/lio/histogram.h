/* SPDX-License-Identifier: GPL-2.0 */
/* Histograms of how long the parts of commands take. */
#ifndef ISER_TGT_HISTOGRAM_H
#define ISER_TGT_HISTOGRAM_H

#include <linux/atomic.h>
#include <linux/types.h>

struct seq_file;

/* Bounds: 1024 ns, then four to an octave, up to 2^34 ns, and infinity. */
#define ISER_TGT_OCTAVE_FIRST	10
#define ISER_TGT_OCTAVE_LAST	33
#define ISER_TGT_BUCKETS	\
	(2 + 4 * (ISER_TGT_OCTAVE_LAST - ISER_TGT_OCTAVE_FIRST + 1))

/**
 * enum iser_tgt_part - parts of a command
 * @ISER_TGT_PART_SUBMIT: from its receipt until the core has it
 * @ISER_TGT_PART_BACKSTORE: in the core and the backstore
 * @ISER_TGT_PART_TRANSFER: RDMA READ of a WRITE's data; RDMA WRITE of a READ's,
 *	with the response behind it
 * @ISER_TGT_PART_RESPONSE: a response without data
 * @ISER_TGT_PART_TOTAL: from its receipt until the response is posted
 * @ISER_TGT_PARTS: how many; no part is in progress
 */
enum iser_tgt_part {
	ISER_TGT_PART_SUBMIT,
	ISER_TGT_PART_BACKSTORE,
	ISER_TGT_PART_TRANSFER,
	ISER_TGT_PART_RESPONSE,
	ISER_TGT_PART_TOTAL,
	ISER_TGT_PARTS
};

/**
 * struct iser_tgt_histogram - how often something took how long
 * @sum: of all, nanoseconds
 * @bucket: how many took at most as long as its bound, and longer than the one
 *	before
 */
struct iser_tgt_histogram {
	atomic64_t sum;
	atomic64_t bucket[ISER_TGT_BUCKETS];
};

/**
 * struct iser_tgt_latency - how long the commands of a session or LUN took
 * @part: their parts, of WRITEs and of READs
 */
struct iser_tgt_latency {
	struct iser_tgt_histogram part[2][ISER_TGT_PARTS];
};

/**
 * struct iser_tgt_times - when the parts of a command began
 * @received: when it was received, nanoseconds
 * @core: when the core got it, later by the time that the transfer took
 * @since: when the transfer or the response began
 * @lun: of its LUN, or NULL
 * @part: the part in progress
 * @read: it is a READ
 *
 * Valid for commands that were received after the last begin of a measurement.
 */
struct iser_tgt_times {
	u64 received;
	u64 core;
	u64 since;
	struct iser_tgt_latency *lun;
	u8 part;
	bool read;
};

void iser_tgt_histogram_add(struct iser_tgt_histogram *histogram, u64 ns);
u64 iser_tgt_histogram_count(const struct iser_tgt_histogram *histogram);
void iser_tgt_histogram_show(struct seq_file *m,
			     const struct iser_tgt_histogram *histogram);

#endif
