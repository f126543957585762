// SPDX-License-Identifier: GPL-2.0
/*
 * Workers that execute commands that may sleep, in parallel. By then the core
 * has ordered the command (ordered and head-of-queue tasks) and knows it as a
 * task that can be aborted; only the call of the backstore is deferred.
 *
 * A dead backstore never returns its workers. So each backstore has a limited
 * number of them, and a session a part of that.
 *
 * Commands for the persistent reservations of a backstore are executed one at a
 * time, because the core locks each step of them, but not the whole (up to
 * 7.3.4). RESERVE during a CLEAR leaves a reservation whose registration is
 * freed, two CLEARs wait for each other's registration for ever, and READ FULL
 * STATUS goes on to a registration that was freed.
 */

#include <linux/hashtable.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <scsi/scsi_proto.h>
#include <target/target_core_backend.h>
#include <target/target_core_fabric.h>

#include "../compat.h"
#include "../rdma/rdma.h"
#include "blocking.h"
#include "cmd.h"
#include "data.h"
#include "execute.h"
#include "fence.h"
#include "pr_out.h"
#include "session.h"

/* Commands of one backstore executed at a time. */
#define ISER_TGT_LANE_MAX	32
/* Of these, commands of one session. */
#define ISER_TGT_LANE_SESSION	24
/* Workers of a backstore that do not depend on other backstores, */
#define ISER_TGT_LANE_MIN	4
/* and it gets more while all backstores together use fewer than this. */
#define ISER_TGT_LANES_SHARED	(WQ_MAX_ACTIVE / 2)

#define ISER_TGT_LANES_BITS	6

/* How long an aborted command may go on to wait for its turn. */
#define ISER_TGT_LANE_ABORT_DELAY	(HZ / 10)

/* SYNCHRONIZE CACHE, byte 1 */
#define ISER_TGT_SYNC_IMMED	0x02

/**
 * struct iser_tgt_lane - workers of a backstore, while it has any
 * @entry: entry of iser_tgt_lanes
 * @dev: the backstore
 * @alone: it has one, for commands for persistent reservations
 * @waiting: commands that wait for a worker, in order
 * @running: number of workers
 * @owner: the session each worker executes a command of, NULL if unused
 *
 * All under iser_tgt_lanes_lock.
 */
struct iser_tgt_lane {
	struct hlist_node entry;
	const struct se_device *dev;
	bool alone;
	struct list_head waiting;
	unsigned int running;
	const struct iser_tgt_session *owner[ISER_TGT_LANE_MAX];
};

static struct workqueue_struct *iser_tgt_execute_wq;
static DEFINE_SPINLOCK(iser_tgt_lanes_lock);
static DEFINE_HASHTABLE(iser_tgt_lanes, ISER_TGT_LANES_BITS);
/* Workers of all lanes. */
static unsigned int iser_tgt_lanes_running;
/* The core's callback of COMPARE AND WRITE, the same for all commands. */
static sense_reason_t (*iser_tgt_compare_callback)(struct se_cmd *se_cmd,
						   bool success, int *post_ret);

/* Holds the lock, as all functions below up to iser_tgt_lane_next(). */
static struct iser_tgt_lane *iser_tgt_lane_get(const struct se_device *dev,
					       bool alone)
{
	struct iser_tgt_lane *lane;

	hash_for_each_possible(iser_tgt_lanes, lane, entry, (unsigned long)dev)
		if (lane->dev == dev && lane->alone == alone)
			return lane;

	lane = kzalloc_obj(*lane, GFP_NOWAIT | __GFP_NOWARN);
	if (!lane)
		return NULL;

	lane->dev = dev;
	lane->alone = alone;
	INIT_LIST_HEAD(&lane->waiting);
	hash_add(iser_tgt_lanes, &lane->entry, (unsigned long)dev);
	return lane;
}

static bool iser_tgt_lane_has_room(const struct iser_tgt_lane *lane)
{
	if (lane->alone)
		return !lane->running;

	if (lane->running < ISER_TGT_LANE_MIN)
		return true;

	return lane->running < ISER_TGT_LANE_MAX &&
	       iser_tgt_lanes_running < ISER_TGT_LANES_SHARED;
}

static bool iser_tgt_lane_takes(const struct iser_tgt_lane *lane,
				const struct iser_tgt_session *sess)
{
	unsigned int i, nr = 0;

	for (i = 0; i < ISER_TGT_LANE_MAX; i++)
		if (lane->owner[i] == sess)
			nr++;

	return nr < ISER_TGT_LANE_SESSION;
}

static unsigned int iser_tgt_lane_slot(const struct iser_tgt_lane *lane)
{
	unsigned int i = 0;

	while (lane->owner[i])
		i++;
	return i;
}

/* Returns false if the command waits. */
static bool iser_tgt_lane_enter(struct iser_tgt_lane *lane,
				struct iser_tgt_cmd *cmd)
{
	if (!iser_tgt_lane_has_room(lane) ||
	    !iser_tgt_lane_takes(lane, cmd->sess)) {
		cmd->stage = ISER_TGT_CMD_QUEUED;
		list_add_tail(&cmd->wait, &lane->waiting);
		return false;
	}

	cmd->slot = iser_tgt_lane_slot(lane);
	lane->owner[cmd->slot] = cmd->sess;
	lane->running++;
	if (!lane->alone)
		iser_tgt_lanes_running++;
	return true;
}

static struct iser_tgt_cmd *iser_tgt_lane_first(struct iser_tgt_lane *lane)
{
	const struct iser_tgt_session *full = NULL;
	struct iser_tgt_cmd *cmd;

	list_for_each_entry(cmd, &lane->waiting, wait) {
		if (cmd->sess == full)
			continue;
		if (iser_tgt_lane_takes(lane, cmd->sess))
			return cmd;
		full = cmd->sess;
	}
	return NULL;
}

/*
 * The next command of a worker. The worker ends if all commands that wait belong
 * to sessions that have their part of the workers: one of those will take them.
 */
static struct iser_tgt_cmd *iser_tgt_lane_next(struct iser_tgt_lane *lane,
					       unsigned int slot)
{
	struct iser_tgt_cmd *cmd;

	spin_lock(&iser_tgt_lanes_lock);
	lane->owner[slot] = NULL;
	cmd = iser_tgt_lane_first(lane);
	if (cmd) {
		list_del(&cmd->wait);
		cmd->slot = slot;
		lane->owner[slot] = cmd->sess;
	} else {
		if (!lane->alone)
			iser_tgt_lanes_running--;
		if (!--lane->running) {
			hash_del(&lane->entry);
			kfree(lane);
		}
	}
	spin_unlock(&iser_tgt_lanes_lock);

	return cmd;
}

/*
 * PREEMPT AND ABORT waits for the commands it aborts, which may wait for workers
 * of the same backstore. So it does not use one of these.
 */
static struct workqueue_struct *iser_tgt_lane_wq(bool alone)
{
	return alone ? iser_tgt_rx_wq : iser_tgt_execute_wq;
}

/* Completes a command that was aborted while it waited. */
static bool iser_tgt_execute_aborted(struct se_cmd *se_cmd)
{
	bool aborted;

	spin_lock_irq(&se_cmd->t_state_lock);
	aborted = se_cmd->transport_state & CMD_T_ABORTED;
	spin_unlock_irq(&se_cmd->t_state_lock);

	if (!aborted)
		return false;

	target_complete_cmd(se_cmd, SAM_STAT_TASK_ABORTED);
	return true;
}

/* As __target_execute_cmd() does with the result of ->execute_cmd(). */
static void iser_tgt_execute_now(struct iser_tgt_cmd *cmd)
{
	struct se_cmd *se_cmd = &cmd->se_cmd;
	sense_reason_t ret;

	cmd->stage = ISER_TGT_CMD_IN_BACKSTORE;
	if (unlikely(iser_tgt_execute_aborted(se_cmd)))
		return;

	if (se_cmd->se_cmd_flags & SCF_COMPARE_AND_WRITE)
		se_cmd->transport_complete_callback =
			READ_ONCE(iser_tgt_compare_callback);
	ret = TCM_NO_SENSE;
	if (unlikely(se_cmd->t_task_cdb[0] == PERSISTENT_RESERVE_OUT)) {
		if (iser_tgt_fences(se_cmd))
			cmd->stage = ISER_TGT_CMD_FENCES;
		ret = iser_tgt_pr_out_refuse(cmd);
	} else if (unlikely(iser_tgt_data_ends_in_block(se_cmd))) {
		iser_tgt_data_whole_blocks(se_cmd);
	}
	if (likely(!ret))
		ret = cmd->execute(se_cmd);
	if (likely(!ret))
		return;

	spin_lock_irq(&se_cmd->t_state_lock);
	se_cmd->transport_state &= ~CMD_T_SENT;
	spin_unlock_irq(&se_cmd->t_state_lock);
	transport_generic_request_failure(se_cmd, ret);
}

/* A READ that is not deferred. */
static sense_reason_t iser_tgt_execute_whole(struct se_cmd *se_cmd)
{
	iser_tgt_data_whole_blocks(se_cmd);
	return iser_tgt_cmd(se_cmd)->execute(se_cmd);
}

static void iser_tgt_execute_watched(struct iser_tgt_cmd *cmd)
{
	struct iser_tgt_watch watch = iser_tgt_watch_begin(&cmd->se_cmd);

	iser_tgt_execute_now(cmd);
	iser_tgt_watch_end(watch);
}

/*
 * The next command runs in a work item of its own. The context of this one may
 * be in use again by now, and a work item is not run by two workers at a time:
 * if this function looped, that command would wait for it.
 */
static void iser_tgt_execute_work(struct work_struct *work)
{
	struct iser_tgt_cmd *cmd = container_of(work, struct iser_tgt_cmd,
						se_cmd.work);
	struct iser_tgt_lane *lane = cmd->lane;
	bool alone = lane && lane->alone;
	unsigned int slot = cmd->slot;
	unsigned int noio = memalloc_noio_save();

	if (unlikely(cmd->watched))
		iser_tgt_execute_watched(cmd);
	else
		iser_tgt_execute_now(cmd);
	memalloc_noio_restore(noio);

	if (!lane)
		return;
	cmd = iser_tgt_lane_next(lane, slot);
	if (cmd)
		queue_work(iser_tgt_lane_wq(alone), &cmd->se_cmd.work);
}

/*
 * PREEMPT AND ABORT may abort a command that waits behind it, and waits until
 * that command has ended. The core does not tell a fabric that it aborts a
 * command, so this looks for those that wait and are aborted.
 */
static void iser_tgt_lanes_aborted(struct work_struct *work)
{
	struct iser_tgt_cmd *cmd, *next;
	struct iser_tgt_lane *lane;
	bool waiting = false;
	unsigned int i;

	spin_lock(&iser_tgt_lanes_lock);
	hash_for_each(iser_tgt_lanes, i, lane, entry) {
		if (!lane->alone)
			continue;
		list_for_each_entry_safe(cmd, next, &lane->waiting, wait) {
			if (!(READ_ONCE(cmd->se_cmd.transport_state) &
			      CMD_T_ABORTED))
				continue;
			list_del(&cmd->wait);
			cmd->lane = NULL;
			queue_work(iser_tgt_lane_wq(true), &cmd->se_cmd.work);
		}
		waiting = waiting || !list_empty(&lane->waiting);
	}
	spin_unlock(&iser_tgt_lanes_lock);

	if (waiting)
		queue_delayed_work(iser_tgt_misc_wq, to_delayed_work(work),
				   ISER_TGT_LANE_ABORT_DELAY);
}

static DECLARE_DELAYED_WORK(iser_tgt_lanes_abort_work, iser_tgt_lanes_aborted);

/* The core uses se_cmd->work only when the command has ended. */
static sense_reason_t iser_tgt_execute_later(struct se_cmd *se_cmd)
{
	struct iser_tgt_cmd *cmd = iser_tgt_cmd(se_cmd);
	bool alone = iser_tgt_reserves(se_cmd), now = true;
	struct iser_tgt_lane *lane;

	INIT_WORK(&se_cmd->work, iser_tgt_execute_work);

	spin_lock(&iser_tgt_lanes_lock);
	lane = iser_tgt_lane_get(se_cmd->se_dev, alone);
	cmd->lane = lane;
	/* Without memory other commands are executed and not counted. */
	if (likely(lane))
		now = iser_tgt_lane_enter(lane, cmd);
	spin_unlock(&iser_tgt_lanes_lock);

	if (unlikely(!lane && alone))
		return TCM_OUT_OF_RESOURCES;
	if (now)
		queue_work(iser_tgt_lane_wq(alone), &se_cmd->work);
	else if (alone)
		queue_delayed_work(iser_tgt_misc_wq, &iser_tgt_lanes_abort_work,
				   ISER_TGT_LANE_ABORT_DELAY);
	return TCM_NO_SENSE;
}

/*
 * With IMMED a backstore completes SYNCHRONIZE CACHE, and goes on to use the
 * command and the device, neither of which needs to exist any more. Without it
 * the status comes when all is flushed, which no initiator minds.
 */
static void iser_tgt_flush_first(struct se_cmd *se_cmd)
{
	u8 opcode = se_cmd->t_task_cdb[0];

	if ((opcode == SYNCHRONIZE_CACHE || opcode == SYNCHRONIZE_CACHE_16) &&
	    !(se_cmd->se_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH))
		se_cmd->t_task_cdb[1] &= ~ISER_TGT_SYNC_IMMED;
}

/**
 * iser_tgt_execute_choose - have a command executed by a worker if it may sleep
 * @cmd: the command, parsed by the core, not submitted yet
 *
 * The callback of COMPARE AND WRITE releases dev->caw_sem, which ->execute_cmd()
 * acquires. If the command fails before that, after its buffers were allocated,
 * because of a unit attention, a reservation or a failed transfer, the core
 * calls it nevertheless: a warning, and from then on two such commands run at a
 * time. So the core is given the callback when the command is executed.
 */
void iser_tgt_execute_choose(struct iser_tgt_cmd *cmd)
{
	enum iser_tgt_sleep sleep = iser_tgt_may_sleep(&cmd->se_cmd);

	iser_tgt_flush_first(&cmd->se_cmd);
	if (sleep == ISER_TGT_SLEEPS_NOT) {
		if (unlikely(iser_tgt_data_ends_in_block(&cmd->se_cmd))) {
			cmd->execute = cmd->se_cmd.execute_cmd;
			cmd->se_cmd.execute_cmd = iser_tgt_execute_whole;
		}
		return;
	}

	cmd->watched = sleep == ISER_TGT_SLEPT_LATELY;
	if (cmd->se_cmd.se_cmd_flags & SCF_COMPARE_AND_WRITE) {
		WRITE_ONCE(iser_tgt_compare_callback,
			   cmd->se_cmd.transport_complete_callback);
		cmd->se_cmd.transport_complete_callback = NULL;
	}
	cmd->execute = cmd->se_cmd.execute_cmd;
	cmd->se_cmd.execute_cmd = iser_tgt_execute_later;
}

/**
 * iser_tgt_execute_init - create the workqueue
 *
 * Return: 0 or -ENOMEM.
 */
int iser_tgt_execute_init(void)
{
	iser_tgt_execute_wq = alloc_workqueue("iser_tgt_execute",
					      WQ_UNBOUND | WQ_MEM_RECLAIM,
					      WQ_MAX_ACTIVE);
	return iser_tgt_execute_wq ? 0 : -ENOMEM;
}

/**
 * iser_tgt_execute_exit - destroy the workqueue; no command is left
 */
void iser_tgt_execute_exit(void)
{
	cancel_delayed_work_sync(&iser_tgt_lanes_abort_work);
	iser_tgt_fence_exit();
	iser_tgt_blocking_exit();
	destroy_workqueue(iser_tgt_execute_wq);
}
