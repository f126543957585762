// SPDX-License-Identifier: GPL-2.0
/*
 * Since Linux 7.1 the core completes commands where the backstore does: in a thread
 * of ours, for a ramdisk or a file, but in an interrupt for most disks, or in a
 * thread of theirs. A thread that may sleep posts the response at once. Elsewhere
 * none of our locks is taken: the command is noted, and when the core is done with
 * it, gathered. A worker of the same processor posts the responses of a connection
 * with one doorbell. A READ that has to allocate memory first has a work item of its
 * own: neither the backstore's thread nor other commands may wait for that.
 */

#include <linux/irqflags.h>
#include <linux/llist.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>
#include <scsi/scsi_proto.h>
#include <target/target_core_base.h>
#include <target/target_core_fabric.h>

#include "../compat.h"
#include "../rdma/rdma.h"
#include "aborted.h"
#include "cmd.h"
#include "fence.h"
#include "gather.h"
#include "latency.h"
#include "protection.h"
#include "response.h"
#include "session.h"

/**
 * struct iser_tgt_gather - what completed on a processor where nothing may sleep
 * @sessions: with commands in ->gathered; each is on one processor's list at most
 * @work: answers them
 */
struct iser_tgt_gather {
	struct llist_head sessions;
	struct work_struct work;
};

static DEFINE_PER_CPU(struct iser_tgt_gather, iser_tgt_gather);
static struct workqueue_struct *iser_tgt_gather_wq;
static struct workqueue_struct *iser_tgt_alone_wq;

/*
 * Whether the caller must not sleep: in an interrupt, or with a lock held, or in
 * an RCU read-side section, as where blk-mq hands a request of another thread to
 * a disk that completes it at once. To post data may allocate memory. Without
 * CONFIG_PREEMPT_COUNT no lock can be seen, and preemptible() is false.
 *
 * A command in another stage is answered by a thread of ours, and not left to
 * check_stop_free(), but for those that a fence may hold.
 */
static inline bool iser_tgt_gather_here(const struct iser_tgt_cmd *cmd)
{
#ifdef ISER_TGT_LACKS_COMPL_TYPE
	/* The core calls from threads that may sleep. */
	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT))
		return false;
#endif
	return (!preemptible() || rcu_preempt_depth()) &&
	       cmd->stage == ISER_TGT_CMD_IN_BACKSTORE;
}

/*
 * Whether posting a READ's data allocates memory: for pages of the core, or for
 * earlier transfers that it starts when it finds no credits. With memory short,
 * that takes as long as the backstore's thread takes to write some back.
 */
static inline bool iser_tgt_answer_alone(const struct iser_tgt_cmd *cmd)
{
#ifdef ISER_TGT_LACKS_COMPL_TYPE
	/* In the core's worker, which may wait. */
	return false;
#else
	return ((cmd->se_cmd.t_data_nents && !cmd->buf) ||
		iser_tgt_conn_transfers_wait(cmd->sess->conn)) &&
	       cmd->stage == ISER_TGT_CMD_IN_BACKSTORE;
#endif
}

static void iser_tgt_gather_note(struct iser_tgt_cmd *cmd,
				 enum iser_tgt_answer answer)
{
	bool data = answer == ISER_TGT_ANSWER_DATA ||
		    answer == ISER_TGT_ANSWER_ALONE;

	/* The backstore's part ends here, not when the worker runs. */
	if (iser_tgt_latency_on())
		iser_tgt_latency_answers(cmd, data);
	cmd->answer = answer;
}

/* The core is done with the command; it uses se_cmd_list before it executes it. */
static void iser_tgt_gather_add(struct iser_tgt_cmd *cmd)
{
	struct iser_tgt_session *sess = cmd->sess;
	struct iser_tgt_gather *gather;

	/* What completes later relies on the first one to queue the work. */
	preempt_disable();
	/* Once there, it may be answered and the session freed, unless first. */
	if (llist_add(&cmd->se_cmd.se_cmd_list, &sess->gathered)) {
		gather = this_cpu_ptr(&iser_tgt_gather);
		if (llist_add(&sess->gather_entry, &gather->sessions))
			queue_work(iser_tgt_gather_wq, &gather->work);
	}
	preempt_enable();
}

static void iser_tgt_alone_work(struct work_struct *work)
{
	struct se_cmd *se_cmd = container_of(work, struct se_cmd, work);
	struct iser_tgt_cmd *cmd = iser_tgt_cmd(se_cmd);

	iser_tgt_response_data(cmd, NULL);
	cmd->answer = ISER_TGT_ANSWER_NONE;
	target_put_sess_cmd(se_cmd);
}

static void iser_tgt_gather_answer(struct iser_tgt_session *sess)
{
	struct llist_node *list =
		llist_reverse_order(llist_del_all(&sess->gathered));
	struct iser_tgt_conn *conn = sess->conn;
	struct iser_tgt_chain chain = {};
	struct iser_tgt_cmd *cmd, *next;

	llist_for_each_entry(cmd, list, se_cmd.se_cmd_list) {
		if (cmd->answer == ISER_TGT_ANSWER_DATA)
			iser_tgt_response_data(cmd, &chain);
		else
			iser_tgt_response_status(cmd, &chain);
		cmd->answer = ISER_TGT_ANSWER_NONE;
	}
	iser_tgt_chain_post(conn, &chain);
	/* The last one may be what keeps the session. */
	llist_for_each_entry_safe(cmd, next, list, se_cmd.se_cmd_list)
		target_put_sess_cmd(&cmd->se_cmd);
}

static void iser_tgt_gather_work(struct work_struct *work)
{
	struct iser_tgt_gather *gather =
		container_of(work, struct iser_tgt_gather, work);
	struct llist_node *list =
		llist_reverse_order(llist_del_all(&gather->sessions));
	struct iser_tgt_session *sess, *next;

	/* Without commands in ->gathered it may be on another list again. */
	llist_for_each_entry_safe(sess, next, list, gather_entry)
		iser_tgt_gather_answer(sess);
}

/**
 * iser_tgt_queue_data_in - answer a READ
 * @se_cmd: the command
 *
 * Context: any.
 * Return: 0.
 */
int iser_tgt_queue_data_in(struct se_cmd *se_cmd)
{
	struct iser_tgt_cmd *cmd = iser_tgt_cmd(se_cmd);

	iser_tgt_prot_hold(cmd);
	if (unlikely(iser_tgt_answer_alone(cmd)))
		iser_tgt_gather_note(cmd, ISER_TGT_ANSWER_ALONE);
	else if (unlikely(iser_tgt_gather_here(cmd)))
		iser_tgt_gather_note(cmd, ISER_TGT_ANSWER_DATA);
	else
		iser_tgt_response_data(cmd, NULL);
	return 0;
}

/**
 * iser_tgt_queue_status - answer a command without data for the initiator
 * @se_cmd: the command
 *
 * Context: any.
 * Return: 0.
 */
int iser_tgt_queue_status(struct se_cmd *se_cmd)
{
	struct iser_tgt_cmd *cmd = iser_tgt_cmd(se_cmd);

#ifdef ISER_TGT_LACKS_ABORTED_ENDS
	if (unlikely(se_cmd->scsi_status == SAM_STAT_TASK_ABORTED))
		iser_tgt_aborted_ends(se_cmd);
#endif
	if (unlikely(iser_tgt_gather_here(cmd)))
		iser_tgt_gather_note(cmd, ISER_TGT_ANSWER_STATUS);
	else if (unlikely(cmd->stage == ISER_TGT_CMD_FENCES &&
			  se_cmd->scsi_status == SAM_STAT_GOOD))
		iser_tgt_gather_note(cmd, ISER_TGT_ANSWER_FENCE);
	else
		iser_tgt_response_status(cmd, NULL);
	return 0;
}

/**
 * iser_tgt_check_stop_free - the core has no more to do for a command
 * @se_cmd: the command, or that of a task management function
 *
 * Context: any.
 * Return: 1 if it has been released.
 */
int iser_tgt_check_stop_free(struct se_cmd *se_cmd)
{
	struct iser_tgt_cmd *cmd = iser_tgt_cmd(se_cmd);

	if (likely(!cmd->answer))
		return target_put_sess_cmd(se_cmd);

	if (cmd->answer == ISER_TGT_ANSWER_ALONE) {
		/* If it was used, its function is what runs now. */
		INIT_WORK(&se_cmd->work, iser_tgt_alone_work);
		queue_work(iser_tgt_alone_wq, &se_cmd->work);
	} else if (cmd->answer == ISER_TGT_ANSWER_FENCE) {
		iser_tgt_fence_hold(cmd);
	} else {
		iser_tgt_gather_add(cmd);
	}
	return 0;
}

/**
 * iser_tgt_gather_init - create the workqueues
 *
 * Return: 0 or -ENOMEM.
 */
int iser_tgt_gather_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct iser_tgt_gather *gather = per_cpu_ptr(&iser_tgt_gather,
							     cpu);

		init_llist_head(&gather->sessions);
		INIT_WORK(&gather->work, iser_tgt_gather_work);
	}
	iser_tgt_gather_wq = alloc_workqueue("iser_tgt_gather",
					     WQ_MEM_RECLAIM | WQ_PERCPU, 0);
	if (!iser_tgt_gather_wq)
		return -ENOMEM;

	iser_tgt_alone_wq = alloc_workqueue("iser_tgt_alone",
					    WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (iser_tgt_alone_wq)
		return 0;

	destroy_workqueue(iser_tgt_gather_wq);
	return -ENOMEM;
}

/**
 * iser_tgt_gather_exit - destroy the workqueues; no command is left
 */
void iser_tgt_gather_exit(void)
{
	destroy_workqueue(iser_tgt_alone_wq);
	destroy_workqueue(iser_tgt_gather_wq);
}
