// SPDX-License-Identifier: GPL-2.0
/*
 * A LUN is taken away: the core waits, without a word, until the backstore has
 * answered every command to it. Whoever wonders is told which ones.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/rculist.h>
#include <linux/slab.h>

#include "../wait.h"
#include "lio.h"
#include "waiting.h"

/* LUNs that are being taken away, as many as are told of. */
#define ISER_TGT_UNLINK_MAX	8

struct iser_tgt_unlink {
	const struct se_lun *lun[ISER_TGT_UNLINK_MAX];
	u64 number[ISER_TGT_UNLINK_MAX];
	unsigned int nr;
	struct iser_tgt_waiting waiting;
};

static void iser_tgt_unlink_luns(struct iser_tgt_tpg *tpg,
				 struct iser_tgt_unlink *unlink)
{
	const struct se_lun *lun;

	rcu_read_lock();
	hlist_for_each_entry_rcu(lun, &tpg->se_tpg.tpg_lun_hlist, link) {
		if (!READ_ONCE(lun->lun_shutdown) ||
		    unlink->nr == ISER_TGT_UNLINK_MAX)
			continue;
		unlink->lun[unlink->nr] = lun;
		unlink->number[unlink->nr++] = lun->unpacked_lun;
	}
	rcu_read_unlock();
}

/* The LUN may be gone by now: its address is compared, no more. */
static bool iser_tgt_unlink_waits(const struct iser_tgt_unlink *unlink,
				  const struct iser_tgt_cmd *cmd)
{
	const struct se_lun *lun = READ_ONCE(cmd->se_cmd.se_lun);
	unsigned int i;

	if (!READ_ONCE(cmd->scsi))
		return false;

	for (i = 0; i < unlink->nr; i++)
		if (unlink->lun[i] == lun)
			return true;

	return false;
}

static void iser_tgt_unlink_cmds(struct iser_tgt_tpg *tpg,
				 struct iser_tgt_unlink *unlink)
{
	struct iser_tgt_session *sess;
	struct iser_tgt_cmd *cmds;
	unsigned int i;

	spin_lock(&tpg->lock);
	list_for_each_entry(sess, &tpg->sessions, entry) {
		/* Pairs with the release in iser_tgt_session_alloc_cmds(). */
		cmds = smp_load_acquire(&sess->cmds);
		for (i = 0; cmds && i < sess->nr_cmds; i++)
			if (iser_tgt_unlink_waits(unlink, &cmds[i]))
				iser_tgt_waiting_add(&unlink->waiting, &cmds[i]);
	}
	spin_unlock(&tpg->lock);
}

static void iser_tgt_unlink_late(struct work_struct *work)
{
	struct iser_tgt_tpg *tpg = container_of(to_delayed_work(work),
						struct iser_tgt_tpg,
						unlink_late);
	struct iser_tgt_unlink *unlink;
	unsigned int i;

	unlink = kzalloc_obj(*unlink, GFP_KERNEL);
	if (!unlink)
		return;

	iser_tgt_unlink_luns(tpg, unlink);
	iser_tgt_unlink_cmds(tpg, unlink);
	for (i = 0; i < unlink->nr; i++)
		pr_warn("%s,t,0x%x: still waiting for commands to LUN %llu\n",
			tpg->wwn->name, tpg->tag, unlink->number[i]);
	iser_tgt_waiting_print(&unlink->waiting);
	kfree(unlink);
}

/**
 * iser_tgt_unlink_init - prepare a portal group for LUNs that go
 * @tpg: the portal group
 *
 * Context: any.
 */
void iser_tgt_unlink_init(struct iser_tgt_tpg *tpg)
{
	INIT_DELAYED_WORK(&tpg->unlink_late, iser_tgt_unlink_late);
}

/**
 * iser_tgt_pre_unlink - the core is about to take a LUN from its initiators
 * @se_tpg: its portal group
 * @lun: the LUN
 *
 * Context: configfs.
 */
void iser_tgt_pre_unlink(struct se_portal_group *se_tpg, struct se_lun *lun)
{
	mod_delayed_work(iser_tgt_wq, &iser_tgt_tpg(se_tpg)->unlink_late,
			 ISER_TGT_WAIT_QUIET);
}
