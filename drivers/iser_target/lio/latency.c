// SPDX-License-Identifier: GPL-2.0
/*
 * How long the parts of a command take, in histograms of sessions and LUNs.
 * Nothing is measured unless the module parameter measure_latency is set.
 *
 * The hooks are called in the order of a command's life, by one CPU at a time,
 * in any context: with Linux 7.1 and later a backstore may complete a command in
 * a hard interrupt. Commands of a session complete on several CPUs, so what they
 * add to is atomic.
 */

#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "../compat.h"
#include "cmd.h"
#include "histogram.h"
#include "latency.h"
#include "session.h"
#include "tpg.h"

static bool measure_latency;
static DEFINE_MUTEX(iser_tgt_latency_mutex);
/* When the measurement began: stamps before that are old ones. */
static u64 iser_tgt_latency_since;

static int iser_tgt_latency_set(const char *value,
				const struct kernel_param *param)
{
	int ret;

	mutex_lock(&iser_tgt_latency_mutex);
	ret = param_set_bool(value, param);
	if (!ret && measure_latency &&
	    !static_key_enabled(&iser_tgt_stamps)) {
		WRITE_ONCE(iser_tgt_latency_since, ktime_get_ns());
		static_branch_enable(&iser_tgt_stamps);
	} else if (!ret && !measure_latency) {
		static_branch_disable(&iser_tgt_stamps);
	}
	mutex_unlock(&iser_tgt_latency_mutex);

	return ret;
}

static const struct kernel_param_ops iser_tgt_latency_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = iser_tgt_latency_set,
	.get = param_get_bool,
};

module_param_cb(measure_latency, &iser_tgt_latency_ops, &measure_latency, 0644);
MODULE_PARM_DESC(measure_latency,
		 "measure how long the parts of commands take, by session and LUN");

static void iser_tgt_latency_add(struct iser_tgt_cmd *cmd,
				 enum iser_tgt_part part, u64 from, u64 to)
{
	const struct iser_tgt_times *times = &cmd->times;
	struct iser_tgt_latency *sess = cmd->sess->latency;
	u64 ns = to > from ? to - from : 0;

	if (likely(sess))
		iser_tgt_histogram_add(&sess->part[times->read][part], ns);
	if (likely(times->lun))
		iser_tgt_histogram_add(&times->lun->part[times->read][part],
				       ns);
}

/* The measurement may have begun when the command had been received already. */
static bool iser_tgt_latency_in(const struct iser_tgt_cmd *cmd,
				enum iser_tgt_part part)
{
	return cmd->times.part == part &&
	       cmd->times.received >= READ_ONCE(iser_tgt_latency_since);
}

/*
 * That of a LUN stays until its portal group is removed: a send may complete
 * after the core has released the command, and the LUN. Without memory nothing
 * is measured, and the next command tries again.
 */
static struct iser_tgt_latency *
iser_tgt_latency_of_lun(struct iser_tgt_tpg *tpg, const struct se_lun *lun)
{
	struct iser_tgt_latency *latency, *other;
	unsigned long number;

	if (lun == tpg->se_tpg.tpg_virt_lun0)
		return NULL;

	number = lun->unpacked_lun;
	latency = xa_load(&tpg->latency, number);
	if (likely(latency))
		return latency;

	latency = kzalloc_obj(*latency, GFP_NOWAIT | __GFP_NOWARN);
	if (!latency)
		return NULL;
	other = xa_cmpxchg(&tpg->latency, number, NULL, latency,
			   GFP_NOWAIT | __GFP_NOWARN);
	if (likely(!other))
		return latency;
	kfree(latency);
	return xa_is_err(other) ? NULL : other;
}

/**
 * iser_tgt_latency_received - a SCSI command has got a context
 * @cmd: the context
 * @when: when it was received, ns
 *
 * Context: the receive side.
 */
void iser_tgt_latency_received(struct iser_tgt_cmd *cmd, u64 when)
{
	struct iser_tgt_session *sess = cmd->sess;

	cmd->times.received = when;
	cmd->times.part = ISER_TGT_PART_SUBMIT;
	if (unlikely(!sess->latency))
		/* Pairs with the acquire in latency_show.c. */
		smp_store_release(&sess->latency,
				  kzalloc_obj(*sess->latency,
					      GFP_NOWAIT | __GFP_NOWARN));
}

/**
 * iser_tgt_latency_submitted - the core is given a command
 * @cmd: the command, its LUN found
 *
 * Context: the receive side.
 */
void iser_tgt_latency_submitted(struct iser_tgt_cmd *cmd)
{
	const struct se_cmd *se_cmd = &cmd->se_cmd;
	struct iser_tgt_times *times = &cmd->times;

	if (!iser_tgt_latency_in(cmd, ISER_TGT_PART_SUBMIT))
		return;

	times->part = ISER_TGT_PARTS;
	if (se_cmd->data_direction == DMA_NONE)
		return;

	times->read = se_cmd->data_direction == DMA_FROM_DEVICE;
	times->lun = iser_tgt_latency_of_lun(cmd->sess->tpg, se_cmd->se_lun);
	times->part = ISER_TGT_PART_BACKSTORE;
	times->core = ktime_get_ns();
	iser_tgt_latency_add(cmd, ISER_TGT_PART_SUBMIT, times->received,
			     times->core);
}

/**
 * iser_tgt_latency_fetches - the data of a WRITE is asked for
 * @cmd: the command
 */
void iser_tgt_latency_fetches(struct iser_tgt_cmd *cmd)
{
	if (!iser_tgt_latency_in(cmd, ISER_TGT_PART_BACKSTORE))
		return;

	cmd->times.part = ISER_TGT_PART_TRANSFER;
	cmd->times.since = ktime_get_ns();
}

/**
 * iser_tgt_latency_fetched - the data of a WRITE is there, or will never be
 * @cmd: the command
 */
void iser_tgt_latency_fetched(struct iser_tgt_cmd *cmd)
{
	struct iser_tgt_times *times = &cmd->times;
	u64 now;

	if (!iser_tgt_latency_in(cmd, ISER_TGT_PART_TRANSFER))
		return;

	times->part = ISER_TGT_PART_BACKSTORE;
	now = ktime_get_ns();
	iser_tgt_latency_add(cmd, ISER_TGT_PART_TRANSFER, times->since, now);
	times->core += now - times->since;
}

/**
 * iser_tgt_latency_answers - the core has completed a command
 * @cmd: the command, about to be answered
 * @data_in: data is sent with the response
 *
 * Context: any.
 */
void iser_tgt_latency_answers(struct iser_tgt_cmd *cmd, bool data_in)
{
	struct iser_tgt_times *times = &cmd->times;
	u64 now;

	if (!iser_tgt_latency_in(cmd, ISER_TGT_PART_BACKSTORE))
		return;

	times->part = data_in ? ISER_TGT_PART_TRANSFER : ISER_TGT_PART_RESPONSE;
	now = ktime_get_ns();
	iser_tgt_latency_add(cmd, ISER_TGT_PART_BACKSTORE, times->core, now);
	iser_tgt_latency_add(cmd, ISER_TGT_PART_TOTAL, times->received, now);
	times->since = now;
}

/**
 * iser_tgt_latency_sent - the response of a command has been sent
 * @cmd: the command
 *
 * One that was not reported by itself may have been sent long before.
 */
void iser_tgt_latency_sent(struct iser_tgt_cmd *cmd)
{
	enum iser_tgt_part part = cmd->times.part;

	if (part != ISER_TGT_PART_TRANSFER && part != ISER_TGT_PART_RESPONSE)
		return;
	if (iser_tgt_latency_in(cmd, part) && iser_tgt_tx_reported(&cmd->tx) &&
	    !iser_tgt_conn_closing(cmd->sess->conn))
		iser_tgt_latency_add(cmd, part, cmd->times.since,
				     ktime_get_ns());
	cmd->times.part = ISER_TGT_PARTS;
}

/**
 * iser_tgt_latency_post_link - a LUN has been added
 * @se_tpg: its portal group
 * @se_lun: the LUN; another one may have had the number before
 */
void iser_tgt_latency_post_link(struct se_portal_group *se_tpg,
				struct se_lun *se_lun)
{
	struct iser_tgt_latency *latency =
		xa_load(&iser_tgt_tpg(se_tpg)->latency, se_lun->unpacked_lun);

	if (latency)
		memset(latency, 0, sizeof(*latency));
}

/**
 * iser_tgt_latency_free - free what was measured of the LUNs
 * @tpg: their portal group, without sessions
 */
void iser_tgt_latency_free(struct iser_tgt_tpg *tpg)
{
	struct iser_tgt_latency *latency;
	unsigned long number;

	xa_for_each(&tpg->latency, number, latency)
		kfree(latency);
	xa_destroy(&tpg->latency);
}
