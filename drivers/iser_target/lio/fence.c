// SPDX-License-Identifier: GPL-2.0
/*
 * PREEMPT AND ABORT of PERSISTENT RESERVE OUT fences initiators: once it has been
 * answered, nothing of theirs may reach the disk. The core knows each command by the
 * key of the holder of the reservation, whoever has sent it, and by none if there is no
 * reservation (up to 7.3.4). So it does not abort those of an initiator that is
 * registered without being the holder, and they are executed after the answer.
 * Here the answer waits until all commands of other sessions have left the
 * backstore that were there before it. What comes later meets the new reservation.
 */

#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <target/target_core_backend.h>
#include <target/target_core_fabric.h>

#include "../rdma/rdma.h"
#include "cmd.h"
#include "fence.h"
#include "response.h"
#include "session.h"
#include "target.h"
#include "tpg.h"

/* Service action of PERSISTENT RESERVE OUT */
#define ISER_TGT_PR_OUT_PREEMPT_AND_ABORT	0x05

/*
 * How long a command may go on to be held when the last other one has ended: half
 * as long as before, within these.
 */
#define ISER_TGT_FENCE_MIN	max(HZ / 100, 1)
#define ISER_TGT_FENCE_MAX	(HZ / 4)

static DEFINE_SPINLOCK(iser_tgt_fences_lock);
static LIST_HEAD(iser_tgt_fences_new);
/* Those looked at once, which only the work has to do with. */
static LIST_HEAD(iser_tgt_fences_held);

static void iser_tgt_fences_look(struct work_struct *work);
static DECLARE_DELAYED_WORK(iser_tgt_fences_work, iser_tgt_fences_look);

/**
 * iser_tgt_fences - whether a command preempts others and aborts their tasks
 * @se_cmd: a PERSISTENT RESERVE OUT, parsed by the core
 *
 * Return: true for PREEMPT AND ABORT that the core executes, and not the device.
 */
bool iser_tgt_fences(const struct se_cmd *se_cmd)
{
	u8 action = se_cmd->t_task_cdb[1] & 0x1f;

	return action == ISER_TGT_PR_OUT_PREEMPT_AND_ABORT &&
	       !(se_cmd->se_dev->transport_flags &
		 TRANSPORT_FLAG_PASSTHROUGH_PGR);
}

/*
 * Whether a command may have passed the check of the reservation before that
 * changed. Commands that came later do not count, nor others like @fence: two would
 * wait for each other. The devices may be freed and are only compared.
 */
static bool iser_tgt_fence_waits_for(const struct iser_tgt_cmd *fence,
				     const struct iser_tgt_cmd *cmd)
{
	enum iser_tgt_stage stage = READ_ONCE(cmd->stage);

	return (stage == ISER_TGT_CMD_IN_BACKSTORE ||
		stage == ISER_TGT_CMD_QUEUED) &&
	       READ_ONCE(cmd->scsi) &&
	       READ_ONCE(cmd->se_cmd.se_dev) == fence->se_cmd.se_dev &&
	       !time_after32(READ_ONCE(cmd->since), fence->fenced);
}

static bool iser_tgt_fence_waits_at(const struct iser_tgt_cmd *fence,
				    struct iser_tgt_tpg *tpg)
{
	const struct iser_tgt_session *sess;
	const struct iser_tgt_cmd *cmd;
	bool waits = false;
	unsigned int next;

	spin_lock(&tpg->lock);
	list_for_each_entry(sess, &tpg->sessions, entry) {
		next = 0;
		while (!waits && sess != fence->sess &&
		       (cmd = iser_tgt_cmd_next(sess, &next)))
			waits = iser_tgt_fence_waits_for(fence, cmd);
	}
	spin_unlock(&tpg->lock);

	return waits;
}

static bool iser_tgt_fence_waits(const struct iser_tgt_cmd *fence)
{
	struct iser_tgt_target *target;
	struct iser_tgt_tpg *tpg;
	bool waits = false;

	/* It cannot be answered any more. */
	if (iser_tgt_conn_closing(fence->sess->conn))
		return false;

	down_read(&iser_tgt_targets_sem);
	list_for_each_entry(target, &iser_tgt_targets, entry)
		list_for_each_entry(tpg, &target->tpgs, entry)
			waits = waits || iser_tgt_fence_waits_at(fence, tpg);
	up_read(&iser_tgt_targets_sem);

	return waits;
}

static void iser_tgt_fence_answer(struct iser_tgt_cmd *fence)
{
	list_del(&fence->fence);
	fence->answer = ISER_TGT_ANSWER_NONE;
	iser_tgt_response_status(fence, NULL);
	target_put_sess_cmd(&fence->se_cmd);
}

static void iser_tgt_fences_look(struct work_struct *work)
{
	struct iser_tgt_cmd *fence, *next;
	u32 held = U32_MAX;
	LIST_HEAD(new);

	spin_lock_irq(&iser_tgt_fences_lock);
	list_splice_init(&iser_tgt_fences_new, &new);
	spin_unlock_irq(&iser_tgt_fences_lock);

	/*
	 * A command that has passed the check has noted its stage before that. Make
	 * sure that it is seen: the other side has no barrier.
	 */
	if (!list_empty(&new))
		synchronize_rcu();
	list_splice(&new, &iser_tgt_fences_held);
	list_for_each_entry_safe(fence, next, &iser_tgt_fences_held, fence) {
		if (iser_tgt_fence_waits(fence))
			held = min(held, (u32)jiffies - fence->fenced);
		else
			iser_tgt_fence_answer(fence);
	}

	if (!list_empty(&iser_tgt_fences_held))
		queue_delayed_work(iser_tgt_misc_wq, to_delayed_work(work),
				   clamp_t(u32, held / 2, ISER_TGT_FENCE_MIN,
					   ISER_TGT_FENCE_MAX));
}

/**
 * iser_tgt_fence_hold - answer a command when no other one is left behind it
 * @cmd: the command, which the core has executed and is done with
 *
 * Context: any. Takes over the caller's reference.
 */
void iser_tgt_fence_hold(struct iser_tgt_cmd *cmd)
{
	unsigned long flags;

	cmd->fenced = jiffies;
	spin_lock_irqsave(&iser_tgt_fences_lock, flags);
	list_add_tail(&cmd->fence, &iser_tgt_fences_new);
	spin_unlock_irqrestore(&iser_tgt_fences_lock, flags);
	mod_delayed_work(iser_tgt_misc_wq, &iser_tgt_fences_work, 0);
}

/**
 * iser_tgt_fence_exit - before the workqueue is destroyed; no command is left
 */
void iser_tgt_fence_exit(void)
{
	cancel_delayed_work_sync(&iser_tgt_fences_work);
}
