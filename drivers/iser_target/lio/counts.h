/* SPDX-License-Identifier: GPL-2.0 */
/* What a session has met with, by kind. */
#ifndef ISER_TGT_COUNTS_H
#define ISER_TGT_COUNTS_H

#include <linux/atomic.h>
#include <linux/types.h>

struct iser_tgt_conn_counts;
struct seq_file;

/**
 * struct iser_tgt_counts - events of a session, since its login
 * @rejects: Rejects; written by the receive side, as all up to @immediate
 * @tmf_abort: ABORT TASK
 * @tmf_lun_reset: LOGICAL UNIT RESET
 * @tmf_other: other task management functions
 * @immediate: SCSI commands not counted by CmdSN
 * @check_conditions: responses with this status; any context, as all below
 * @busy: responses with status BUSY
 * @task_set_full: responses with status TASK SET FULL
 * @conflicts: responses with status RESERVATION CONFLICT
 * @aborted: commands that were aborted, answered or not
 * @tmf_failed: task management functions that failed
 */
struct iser_tgt_counts {
	u64 rejects;
	u64 tmf_abort;
	u64 tmf_lun_reset;
	u64 tmf_other;
	u64 immediate;
	atomic_long_t check_conditions;
	atomic_long_t busy;
	atomic_long_t task_set_full;
	atomic_long_t conflicts;
	atomic_long_t aborted;
	atomic_long_t tmf_failed;
};

/* The receive side is the only writer. */
static inline void iser_tgt_count(u64 *count)
{
	WRITE_ONCE(*count, *count + 1);
}

void iser_tgt_count_status(struct iser_tgt_counts *counts, u8 status);
void iser_tgt_count_function(struct iser_tgt_counts *counts, u8 function);
void iser_tgt_count_response(struct iser_tgt_counts *counts, u8 response);
void iser_tgt_counts_show(struct seq_file *m,
			  const struct iser_tgt_counts *counts,
			  const struct iser_tgt_conn_counts *conn);

#endif
