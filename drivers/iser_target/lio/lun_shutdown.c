// SPDX-License-Identifier: GPL-2.0
/*
 * Removing a LUN blocks in the core, silently, until all commands to it have
 * completed. If that takes long, the log names the commands.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/printk.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "../compat.h"
#include "../rdma/rdma.h"
#include "../wait.h"
#include "cmd.h"
#include "lun_shutdown.h"
#include "session.h"
#include "target.h"
#include "tpg.h"
#include "waiting.h"

/* LUNs of a portal group that are being removed, as many as are logged. */
#define ISER_TGT_LUN_SHUTDOWN_MAX	8

struct iser_tgt_lun_shutdown {
	const struct se_lun *lun[ISER_TGT_LUN_SHUTDOWN_MAX];
	u64 number[ISER_TGT_LUN_SHUTDOWN_MAX];
	unsigned int nr;
	struct iser_tgt_waiting waiting;
};

static void iser_tgt_lun_shutdown_luns(struct iser_tgt_tpg *tpg,
				       struct iser_tgt_lun_shutdown *shutdown)
{
	const struct se_lun *lun;

	rcu_read_lock();
	hlist_for_each_entry_rcu(lun, &tpg->se_tpg.tpg_lun_hlist, link) {
		if (!READ_ONCE(lun->lun_shutdown) ||
		    shutdown->nr == ISER_TGT_LUN_SHUTDOWN_MAX)
			continue;
		shutdown->lun[shutdown->nr] = lun;
		shutdown->number[shutdown->nr++] = lun->unpacked_lun;
	}
	rcu_read_unlock();
}

/* The LUN may have been freed by now: only its address is compared. */
static bool
iser_tgt_lun_shutdown_waits(const struct iser_tgt_lun_shutdown *shutdown,
			    const struct iser_tgt_cmd *cmd)
{
	const struct se_lun *lun = READ_ONCE(cmd->se_cmd.se_lun);
	unsigned int i;

	if (!READ_ONCE(cmd->scsi))
		return false;

	for (i = 0; i < shutdown->nr; i++)
		if (shutdown->lun[i] == lun)
			return true;

	return false;
}

static void iser_tgt_lun_shutdown_cmds(struct iser_tgt_tpg *tpg,
				       struct iser_tgt_lun_shutdown *shutdown)
{
	struct iser_tgt_session *sess;
	struct iser_tgt_waiting *waiting = &shutdown->waiting;
	const struct iser_tgt_cmd *cmd;
	unsigned int next;

	spin_lock(&tpg->lock);
	list_for_each_entry(sess, &tpg->sessions, entry) {
		next = 0;
		while ((cmd = iser_tgt_cmd_next(sess, &next)))
			if (iser_tgt_lun_shutdown_waits(shutdown, cmd))
				iser_tgt_waiting_add(waiting, cmd);
	}
	spin_unlock(&tpg->lock);
}

static void iser_tgt_lun_shutdown_log(struct work_struct *work)
{
	struct iser_tgt_tpg *tpg = container_of(to_delayed_work(work),
						struct iser_tgt_tpg,
						lun_shutdown);
	struct iser_tgt_lun_shutdown *shutdown;
	unsigned int i;

	shutdown = kzalloc_obj(*shutdown, GFP_KERNEL);
	if (!shutdown)
		return;

	iser_tgt_lun_shutdown_luns(tpg, shutdown);
	iser_tgt_lun_shutdown_cmds(tpg, shutdown);
	for (i = 0; i < shutdown->nr; i++)
		pr_warn("%s,t,0x%x: still waiting for commands to LUN %llu\n",
			tpg->target->name, tpg->tag, shutdown->number[i]);
	iser_tgt_waiting_print(&shutdown->waiting);
	kfree(shutdown);
}

/**
 * iser_tgt_lun_shutdown_init - initialize tpg->lun_shutdown
 * @tpg: the portal group
 */
void iser_tgt_lun_shutdown_init(struct iser_tgt_tpg *tpg)
{
	INIT_DELAYED_WORK(&tpg->lun_shutdown, iser_tgt_lun_shutdown_log);
}

/**
 * iser_tgt_pre_unlink - the core is about to remove a LUN
 * @se_tpg: its portal group
 * @lun: the LUN
 */
void iser_tgt_pre_unlink(struct se_portal_group *se_tpg, struct se_lun *lun)
{
	mod_delayed_work(iser_tgt_misc_wq, &iser_tgt_tpg(se_tpg)->lun_shutdown,
			 ISER_TGT_WAIT_QUIET);
}
