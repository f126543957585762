// SPDX-License-Identifier: GPL-2.0
/*
 * SCSI commands in progress: how many, and how old the oldest is, of a session
 * or of each LUN. They are counted when a file is read, not when they begin.
 */

#include <linux/bsearch.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/rculist.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "cmd.h"
#include "flight.h"
#include "session.h"
#include "target.h"
#include "tpg.h"

/**
 * struct iser_tgt_lun_flight - commands in progress of a LUN
 * @lun: the LUN; it may have been freed by now, and only its address is compared
 * @number: its number
 * @flight: its commands
 */
struct iser_tgt_lun_flight {
	const struct se_lun *lun;
	u64 number;
	struct iser_tgt_flight flight;
};

static void iser_tgt_flight_add(struct iser_tgt_flight *flight,
				const struct iser_tgt_cmd *cmd)
{
	u32 age = (u32)jiffies - READ_ONCE(cmd->since);

	flight->nr++;
	flight->oldest = max(flight->oldest, age);
}

/**
 * iser_tgt_session_flight - SCSI commands in progress of a session
 * @sess: a normal session in full feature phase
 *
 * Return: their number, and the age of the oldest.
 */
struct iser_tgt_flight
iser_tgt_session_flight(const struct iser_tgt_session *sess)
{
	struct iser_tgt_flight flight = {};
	const struct iser_tgt_cmd *cmd;
	unsigned int next = 0;

	while ((cmd = iser_tgt_cmd_next(sess, &next)))
		if (READ_ONCE(cmd->scsi))
			iser_tgt_flight_add(&flight, cmd);

	return flight;
}

static int iser_tgt_lun_by_address(const void *a, const void *b)
{
	const struct se_lun *x = ((const struct iser_tgt_lun_flight *)a)->lun;
	const struct se_lun *y = ((const struct iser_tgt_lun_flight *)b)->lun;

	return x < y ? -1 : x > y;
}

static int iser_tgt_lun_by_number(const void *a, const void *b)
{
	u64 x = ((const struct iser_tgt_lun_flight *)a)->number;
	u64 y = ((const struct iser_tgt_lun_flight *)b)->number;

	return x < y ? -1 : x > y;
}

/* LUNs that are added meanwhile are left out. Returns how many there are. */
static unsigned int iser_tgt_luns_of(const struct iser_tgt_tpg *tpg,
				     struct iser_tgt_lun_flight *luns,
				     unsigned int max)
{
	const struct se_lun *lun;
	unsigned int nr = 0;

	rcu_read_lock();
	hlist_for_each_entry_rcu(lun, &tpg->se_tpg.tpg_lun_hlist, link) {
		if (nr < max) {
			luns[nr].lun = lun;
			luns[nr].number = lun->unpacked_lun;
		}
		nr++;
	}
	rcu_read_unlock();

	return nr;
}

/* @luns is sorted by address. */
static void iser_tgt_luns_count(struct iser_tgt_tpg *tpg,
				struct iser_tgt_lun_flight *luns,
				unsigned int nr)
{
	const struct iser_tgt_session *sess;
	const struct iser_tgt_cmd *cmd;
	unsigned int next;

	spin_lock(&tpg->lock);
	list_for_each_entry(sess, &tpg->sessions, entry) {
		next = 0;
		while ((cmd = iser_tgt_cmd_next(sess, &next))) {
			struct iser_tgt_lun_flight key, *lun;

			if (!READ_ONCE(cmd->scsi))
				continue;
			key.lun = READ_ONCE(cmd->se_cmd.se_lun);
			lun = bsearch(&key, luns, nr, sizeof(*luns),
				      iser_tgt_lun_by_address);
			if (lun)
				iser_tgt_flight_add(&lun->flight, cmd);
		}
	}
	spin_unlock(&tpg->lock);
}

static void iser_tgt_tpg_luns_show(struct seq_file *m, struct iser_tgt_tpg *tpg)
{
	unsigned int nr = iser_tgt_luns_of(tpg, NULL, 0);
	struct iser_tgt_lun_flight *luns;
	unsigned int i;

	luns = kvcalloc(nr, sizeof(*luns), GFP_KERNEL);
	if (!nr || !luns)
		return;

	nr = min(nr, iser_tgt_luns_of(tpg, luns, nr));
	sort(luns, nr, sizeof(*luns), iser_tgt_lun_by_address, NULL);
	iser_tgt_luns_count(tpg, luns, nr);
	sort(luns, nr, sizeof(*luns), iser_tgt_lun_by_number, NULL);
	for (i = 0; i < nr; i++)
		seq_printf(m, "target=%s tpg=%u lun=%llu in_flight=%u oldest=%u\n",
			   tpg->target->name, tpg->tag, luns[i].number,
			   luns[i].flight.nr,
			   jiffies_to_msecs(luns[i].flight.oldest));
	kvfree(luns);
}

/**
 * iser_tgt_luns_show - print the commands in progress of each LUN
 * @m: the file
 *
 * Context: may sleep.
 */
void iser_tgt_luns_show(struct seq_file *m)
{
	struct iser_tgt_target *target;
	struct iser_tgt_tpg *tpg;

	down_read(&iser_tgt_targets_sem);
	list_for_each_entry(target, &iser_tgt_targets, entry)
		list_for_each_entry(tpg, &target->tpgs, entry)
			iser_tgt_tpg_luns_show(m, tpg);
	up_read(&iser_tgt_targets_sem);
}
