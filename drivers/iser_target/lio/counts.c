// SPDX-License-Identifier: GPL-2.0
/* What a session has met with, by kind. */

#include <linux/seq_file.h>
#include <scsi/scsi_proto.h>

#include "../iscsi/pdu.h"
#include "../rdma/rdma.h"
#include "counts.h"

/**
 * iser_tgt_count_status - count a response by its status
 * @counts: of the session
 * @status: SCSI status, not GOOD
 *
 * Context: any.
 */
void iser_tgt_count_status(struct iser_tgt_counts *counts, u8 status)
{
	switch (status) {
	case SAM_STAT_CHECK_CONDITION:
		atomic_long_inc(&counts->check_conditions);
		break;
	case SAM_STAT_BUSY:
		atomic_long_inc(&counts->busy);
		break;
	case SAM_STAT_TASK_SET_FULL:
		atomic_long_inc(&counts->task_set_full);
		break;
	case SAM_STAT_RESERVATION_CONFLICT:
		atomic_long_inc(&counts->conflicts);
		break;
	case SAM_STAT_TASK_ABORTED:
		atomic_long_inc(&counts->aborted);
		break;
	}
}

/**
 * iser_tgt_count_function - count a task management function
 * @counts: of the session
 * @function: ISER_TGT_TMF_*
 *
 * Context: the receive side.
 */
void iser_tgt_count_function(struct iser_tgt_counts *counts, u8 function)
{
	switch (function) {
	case ISER_TGT_TMF_ABORT_TASK:
		iser_tgt_count(&counts->tmf_abort);
		break;
	case ISER_TGT_TMF_LUN_RESET:
		iser_tgt_count(&counts->tmf_lun_reset);
		break;
	default:
		iser_tgt_count(&counts->tmf_other);
		break;
	}
}

/**
 * iser_tgt_count_response - count a task management function that failed
 * @counts: of the session
 * @response: ISER_TGT_TMR_*; that a task has ended already is no failure
 *
 * Context: any.
 */
void iser_tgt_count_response(struct iser_tgt_counts *counts, u8 response)
{
	if (response != ISER_TGT_TMR_COMPLETE &&
	    response != ISER_TGT_TMR_NO_TASK)
		atomic_long_inc(&counts->tmf_failed);
}

/**
 * iser_tgt_counts_show - print what a session has met with
 * @m: the file, in a line of name=value words
 * @counts: of the session
 * @conn: of its connection
 */
void iser_tgt_counts_show(struct seq_file *m,
			  const struct iser_tgt_counts *counts,
			  const struct iser_tgt_conn_counts *conn)
{
	seq_printf(m, "check_conditions=%lu busy=%lu task_set_full=%lu conflicts=%lu aborted=%lu rejects=%llu tmf_abort=%llu tmf_lun_reset=%llu tmf_other=%llu tmf_failed=%lu immediate=%llu credit_waits=%llu pool_misses=%llu parked=%llu window_full=%llu",
		   atomic_long_read(&counts->check_conditions),
		   atomic_long_read(&counts->busy),
		   atomic_long_read(&counts->task_set_full),
		   atomic_long_read(&counts->conflicts),
		   atomic_long_read(&counts->aborted),
		   READ_ONCE(counts->rejects), READ_ONCE(counts->tmf_abort),
		   READ_ONCE(counts->tmf_lun_reset),
		   READ_ONCE(counts->tmf_other),
		   atomic_long_read(&counts->tmf_failed),
		   READ_ONCE(counts->immediate),
		   READ_ONCE(conn->credit_waits), READ_ONCE(conn->pool_misses),
		   READ_ONCE(conn->parked), READ_ONCE(conn->window_full));
}
