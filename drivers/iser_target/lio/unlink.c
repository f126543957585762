// SPDX-License-Identifier: GPL-2.0
/*
 * A LUN is taken away: the core waits, without a word, until the backstore has
 * answered every command to it. Whoever wonders is told which ones.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/rculist.h>

#include "../wait.h"
#include "lio.h"

static void iser_tgt_lun_show_cmds(struct iser_tgt_tpg *tpg,
				   const struct se_lun *lun)
{
	struct iser_tgt_session *sess;
	struct iser_tgt_cmd *cmds;
	unsigned int i;

	spin_lock(&tpg->lock);
	list_for_each_entry(sess, &tpg->sessions, entry) {
		/* Pairs with the release in iser_tgt_session_alloc_cmds(). */
		cmds = smp_load_acquire(&sess->cmds);
		for (i = 0; cmds && i < sess->nr_cmds; i++)
			if (READ_ONCE(cmds[i].scsi) &&
			    READ_ONCE(cmds[i].se_cmd.se_lun) == lun)
				iser_tgt_cmd_show(&cmds[i]);
	}
	spin_unlock(&tpg->lock);
}

static void iser_tgt_unlink_late(struct work_struct *work)
{
	struct iser_tgt_tpg *tpg = container_of(to_delayed_work(work),
						struct iser_tgt_tpg,
						unlink_late);
	const struct se_lun *lun;

	rcu_read_lock();
	hlist_for_each_entry_rcu(lun, &tpg->se_tpg.tpg_lun_hlist, link) {
		if (!READ_ONCE(lun->lun_shutdown))
			continue;
		pr_warn("%s,t,0x%x: still waiting for commands to LUN %llu\n",
			tpg->wwn->name, tpg->tag, lun->unpacked_lun);
		iser_tgt_lun_show_cmds(tpg, lun);
	}
	rcu_read_unlock();
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
