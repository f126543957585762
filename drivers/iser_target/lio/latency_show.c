// SPDX-License-Identifier: GPL-2.0
/* Latency of sessions and LUNs in debugfs: a line for each histogram. */

#include <linux/seq_file.h>
#include <linux/xarray.h>

#include "histogram.h"
#include "latency_show.h"
#include "session.h"
#include "sessions_show.h"
#include "target.h"
#include "tpg.h"

static const char * const iser_tgt_parts[ISER_TGT_PARTS] = {
	[ISER_TGT_PART_SUBMIT] = "submit",
	[ISER_TGT_PART_BACKSTORE] = "backstore",
	[ISER_TGT_PART_TRANSFER] = "transfer",
	[ISER_TGT_PART_RESPONSE] = "response",
	[ISER_TGT_PART_TOTAL] = "total",
};

/* Whose histogram it is: a session, or else a LUN. */
struct iser_tgt_latency_of {
	const struct iser_tgt_tpg *tpg;
	const struct iser_tgt_session *sess;
	unsigned long lun;
};

static void iser_tgt_part_show(struct seq_file *m,
			       const struct iser_tgt_latency_of *of,
			       const struct iser_tgt_histogram *histogram,
			       bool read, enum iser_tgt_part part)
{
	if (!iser_tgt_histogram_count(histogram))
		return;

	seq_printf(m, "target=%s tpg=%u ", of->tpg->target->name,
		   of->tpg->tag);
	if (of->sess)
		seq_printf(m, "sid=%u initiator=%s ", of->sess->sid,
			   of->sess->initiator);
	else
		seq_printf(m, "lun=%lu ", of->lun);
	seq_printf(m, "direction=%s part=%s ", read ? "read" : "write",
		   iser_tgt_parts[part]);
	iser_tgt_histogram_show(m, histogram);
	seq_putc(m, '\n');
}

static void iser_tgt_latency_show(struct seq_file *m,
				  const struct iser_tgt_latency_of *of,
				  const struct iser_tgt_latency *latency)
{
	unsigned int read, part;

	for (read = 0; read < 2; read++)
		for (part = 0; part < ISER_TGT_PARTS; part++)
			iser_tgt_part_show(m, of, &latency->part[read][part],
					   read, part);
}

static int iser_tgt_session_latency_seq_show(struct seq_file *m, void *v)
{
	const struct iser_tgt_session *sess =
		list_entry(v, struct iser_tgt_session, all_entry);
	struct iser_tgt_latency_of of = { .tpg = sess->tpg, .sess = sess };
	const struct iser_tgt_latency *latency;

	/* Pairs with the release in iser_tgt_latency_received(). */
	latency = smp_load_acquire(&sess->latency);
	if (latency)
		iser_tgt_latency_show(m, &of, latency);
	return 0;
}

const struct seq_operations iser_tgt_session_latency_sops = {
	.start = iser_tgt_sessions_seq_start,
	.next = iser_tgt_sessions_seq_next,
	.stop = iser_tgt_sessions_seq_stop,
	.show = iser_tgt_session_latency_seq_show,
};

/**
 * iser_tgt_lun_latency_show - print the latency of each LUN
 * @m: the file
 *
 * Context: may sleep.
 */
void iser_tgt_lun_latency_show(struct seq_file *m)
{
	const struct iser_tgt_latency *latency;
	struct iser_tgt_latency_of of = {};
	struct iser_tgt_target *target;
	struct iser_tgt_tpg *tpg;

	down_read(&iser_tgt_targets_sem);
	list_for_each_entry(target, &iser_tgt_targets, entry)
		list_for_each_entry(tpg, &target->tpgs, entry) {
			of.tpg = tpg;
			xa_for_each(&tpg->latency, of.lun, latency)
				iser_tgt_latency_show(m, &of, latency);
		}
	up_read(&iser_tgt_targets_sem);
}
