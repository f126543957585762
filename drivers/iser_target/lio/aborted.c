// SPDX-License-Identifier: GPL-2.0
/*
 * The core executes an ORDERED command when those before it have ended, which it
 * counts. It does not count the end of those that were aborted: done here.
 */

#include <linux/atomic.h>
#include <linux/percpu-refcount.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <target/target_core_base.h>

#include "../compat.h"
#include "aborted.h"

#ifdef ISER_TGT_LACKS_ABORTED_ENDS
/* Whether no other command is executed beside this one. */
static bool iser_tgt_runs_alone(const struct se_cmd *se_cmd)
{
#ifdef ISER_TGT_LACKS_NON_ORDERED_REF
	return se_cmd->sam_task_attr == TCM_ORDERED_TAG;
#else
	return se_cmd->se_cmd_flags & SCF_TASK_ORDERED_SYNC;
#endif
}

static void iser_tgt_not_alone_ends(struct se_device *dev)
{
#ifdef ISER_TGT_LACKS_NON_ORDERED_REF
	atomic_dec(&dev->non_ordered);
#else
	percpu_ref_put(&dev->non_ordered);
#endif
}

/* Whether the command is counted as one that ORDERED commands wait for. */
static bool iser_tgt_is_waited_for(const struct se_cmd *se_cmd)
{
#ifdef ISER_TGT_LACKS_NON_ORDERED_REF
	if (se_cmd->sam_task_attr == TCM_HEAD_TAG)
		return true;
#endif
	return se_cmd->sam_task_attr == TCM_SIMPLE_TAG;
}

static void iser_tgt_alone_ends(struct se_device *dev)
{
	unsigned long flags;

	spin_lock_irqsave(&dev->delayed_cmd_lock, flags);
	dev->ordered_sync_in_progress = false;
#ifndef ISER_TGT_LACKS_NON_ORDERED_REF
	if (list_empty(&dev->delayed_cmd_list))
		percpu_ref_resurrect(&dev->non_ordered);
#endif
	spin_unlock_irqrestore(&dev->delayed_cmd_lock, flags);
}

/* The work of a device that has none waiting would outlive its LUNs. */
static void iser_tgt_delayed_go_on(struct se_device *dev)
{
	unsigned long flags;
	bool waiting;

	spin_lock_irqsave(&dev->delayed_cmd_lock, flags);
	waiting = !list_empty(&dev->delayed_cmd_list);
	spin_unlock_irqrestore(&dev->delayed_cmd_lock, flags);

	if (waiting)
		schedule_work(&dev->delayed_cmd_work);
}

/**
 * iser_tgt_aborted_ends - count an aborted command as one that has ended
 * @se_cmd: the command, which the core has aborted
 *
 * The core does so for all others: target_handle_abort() does not. The next
 * ORDERED command of any initiator, and what follows it, would wait for ever. A
 * core that does it as well has reset SCF_TASK_ATTR_SET, which is set for
 * counted commands only.
 *
 * Context: any.
 */
void iser_tgt_aborted_ends(struct se_cmd *se_cmd)
{
	struct se_device *dev = se_cmd->se_dev;

	if (!(se_cmd->se_cmd_flags & SCF_TASK_ATTR_SET))
		return;

	se_cmd->se_cmd_flags &= ~SCF_TASK_ATTR_SET;
	if (iser_tgt_runs_alone(se_cmd))
		iser_tgt_alone_ends(dev);
	else if (iser_tgt_is_waited_for(se_cmd))
		iser_tgt_not_alone_ends(dev);
	iser_tgt_delayed_go_on(dev);
}
#endif
