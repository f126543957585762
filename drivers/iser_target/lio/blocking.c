// SPDX-License-Identifier: GPL-2.0
/*
 * Whether a command may sleep in the thread that executes it: some always do,
 * fileio does with every read and write, and other backstores are found to while
 * their queue has no tags left or is frozen.
 */

#include <linux/jiffies.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <scsi/scsi_proto.h>

#include "../rdma/rdma.h"
#include "blocking.h"

/* Backstores remembered; a new one replaces the one that slept longest ago. */
#define ISER_TGT_BLOCKING_MAX	64
/* How long a backstore that has slept is expected to sleep again. */
#define ISER_TGT_BLOCKING_TIME	HZ

/* Service action of PERSISTENT RESERVE IN: SPC-4 6.15.1. */
#define ISER_TGT_PR_IN_FULL_STATUS	0x03

/**
 * struct iser_tgt_blocking - a backstore that has slept in its caller
 * @dev: its device, only compared: it may have been removed; NULL if unused
 * @until: expected to sleep until then, jiffies
 */
struct iser_tgt_blocking {
	const struct se_device *dev;
	unsigned long until;
};

/* Number of entries in use; read without the lock. */
unsigned int iser_tgt_nr_blocking;

static DEFINE_SPINLOCK(iser_tgt_blocking_lock);
/* Written under the lock, read without. */
static struct iser_tgt_blocking iser_tgt_blocking[ISER_TGT_BLOCKING_MAX];

static void iser_tgt_blocking_forget(struct work_struct *work);
static DECLARE_DELAYED_WORK(iser_tgt_blocking_work, iser_tgt_blocking_forget);

static void iser_tgt_blocking_forget(struct work_struct *work)
{
	unsigned int i;

	spin_lock(&iser_tgt_blocking_lock);
	for (i = 0; i < ISER_TGT_BLOCKING_MAX; i++) {
		struct iser_tgt_blocking *b = &iser_tgt_blocking[i];

		if (!b->dev || time_before(jiffies, b->until))
			continue;
		WRITE_ONCE(b->dev, NULL);
		WRITE_ONCE(iser_tgt_nr_blocking, iser_tgt_nr_blocking - 1);
	}
	if (iser_tgt_nr_blocking)
		queue_delayed_work(iser_tgt_misc_wq, &iser_tgt_blocking_work,
				   ISER_TGT_BLOCKING_TIME);
	spin_unlock(&iser_tgt_blocking_lock);
}

/* The entry of the device, else a free one, else the one that expires first. */
static struct iser_tgt_blocking *
iser_tgt_blocking_entry(const struct se_device *dev)
{
	struct iser_tgt_blocking *entry = &iser_tgt_blocking[0];
	unsigned int i;

	for (i = 0; i < ISER_TGT_BLOCKING_MAX; i++) {
		struct iser_tgt_blocking *b = &iser_tgt_blocking[i];

		if (b->dev == dev)
			return b;
		if (entry->dev &&
		    (!b->dev || time_before(b->until, entry->until)))
			entry = b;
	}
	return entry;
}

/**
 * iser_tgt_backstore_slept - remember that a backstore has slept in its caller
 * @dev: its device, which may have been removed
 *
 * Context: process.
 */
void iser_tgt_backstore_slept(const struct se_device *dev)
{
	struct iser_tgt_blocking *b;

	spin_lock(&iser_tgt_blocking_lock);
	b = iser_tgt_blocking_entry(dev);
	if (!b->dev)
		WRITE_ONCE(iser_tgt_nr_blocking, iser_tgt_nr_blocking + 1);
	WRITE_ONCE(b->until, jiffies + ISER_TGT_BLOCKING_TIME);
	WRITE_ONCE(b->dev, dev);
	spin_unlock(&iser_tgt_blocking_lock);

	queue_delayed_work(iser_tgt_misc_wq, &iser_tgt_blocking_work,
			   ISER_TGT_BLOCKING_TIME);
}

static bool iser_tgt_slept_lately(const struct se_device *dev)
{
	unsigned int i;

	for (i = 0; i < ISER_TGT_BLOCKING_MAX; i++) {
		const struct iser_tgt_blocking *b = &iser_tgt_blocking[i];

		if (READ_ONCE(b->dev) == dev)
			return time_before(jiffies, READ_ONCE(b->until));
	}
	return false;
}

/**
 * iser_tgt_reserves - whether a command must not meet others like it
 * @se_cmd: the command, parsed by the core
 *
 * Return: it is one for persistent reservations that the core executes in
 * several steps.
 */
bool iser_tgt_reserves(const struct se_cmd *se_cmd)
{
	const u8 *cdb = se_cmd->t_task_cdb;

	return cdb[0] == PERSISTENT_RESERVE_OUT ||
	       (cdb[0] == PERSISTENT_RESERVE_IN &&
		(cdb[1] & 0x1f) == ISER_TGT_PR_IN_FULL_STATUS);
}

/* These wait for the device, for other commands or for a file of the core. */
static bool iser_tgt_opcode_sleeps(const u8 *cdb)
{
	switch (cdb[0]) {
	case UNMAP:
	case WRITE_SAME:
	case WRITE_SAME_16:
	case SYNCHRONIZE_CACHE:
	case SYNCHRONIZE_CACHE_16:
	case COMPARE_AND_WRITE:
	case EXTENDED_COPY:
	case MAINTENANCE_OUT:
		return true;
	case VARIABLE_LENGTH_CMD:
		return get_unaligned_be16(&cdb[8]) == WRITE_SAME_32;
	default:
		return false;
	}
}

/**
 * iser_tgt_may_sleep - whether a command may sleep in the thread that executes it
 * @se_cmd: the command, parsed by the core
 *
 * For commands that move blocks the submit_type of the backstore decides.
 *
 * Return: enum iser_tgt_sleep.
 */
enum iser_tgt_sleep iser_tgt_may_sleep(const struct se_cmd *se_cmd)
{
	const struct se_device *dev = se_cmd->se_dev;

	if (iser_tgt_opcode_sleeps(se_cmd->t_task_cdb) ||
	    iser_tgt_reserves(se_cmd))
		return ISER_TGT_SLEEPS;
	if (!(se_cmd->se_cmd_flags & SCF_SCSI_DATA_CDB))
		return ISER_TGT_SLEEPS_NOT;

#ifndef ISER_TGT_LACKS_SUBMIT_TYPE
	switch (READ_ONCE(dev->dev_attrib.submit_type)) {
	case TARGET_DIRECT_SUBMIT:
		return ISER_TGT_SLEEPS_NOT;
	case TARGET_QUEUE_SUBMIT:
		return ISER_TGT_SLEEPS;
	default:
		break;
	}
#endif
	if (iser_tgt_is_fileio(dev))
		return ISER_TGT_SLEEPS;

	return iser_tgt_slept_lately(dev) ? ISER_TGT_SLEPT_LATELY :
					    ISER_TGT_SLEEPS_NOT;
}

/**
 * iser_tgt_blocking_exit - no command is left
 */
void iser_tgt_blocking_exit(void)
{
	cancel_delayed_work_sync(&iser_tgt_blocking_work);
}
