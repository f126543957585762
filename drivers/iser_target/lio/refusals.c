// SPDX-License-Identifier: GPL-2.0
/*
 * The ledger of refused logins: who asked for what, and why not. The log gets
 * one rate-limited line; this keeps the last ones whole, and a count for each
 * reason. Its directory in debugfs is the module's.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/ktime.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "lio.h"

#define ISER_TGT_REFUSALS	128
#define ISER_TGT_REASONS	96

struct iser_tgt_refusal {
	time64_t when;
	struct sockaddr_storage peer;
	char initiator[ISER_TGT_NAME_MAX + 1];
	char target[ISER_TGT_NAME_MAX + 1];
	u16 status;
	const char *reason;
};

struct iser_tgt_reason {
	const char *reason;
	u64 count;
};

static DEFINE_SPINLOCK(iser_tgt_refusals_lock);
static struct iser_tgt_refusal *iser_tgt_refusals;
static u64 iser_tgt_refusals_total;
static struct iser_tgt_reason iser_tgt_reasons[ISER_TGT_REASONS];
static struct dentry *iser_tgt_debugfs;

/* Reasons are string constants; those beyond the table share its last entry. */
static void iser_tgt_reason_count(const char *reason)
{
	unsigned int i;

	for (i = 0; i < ISER_TGT_REASONS - 1; i++) {
		if (!iser_tgt_reasons[i].reason)
			iser_tgt_reasons[i].reason = reason;
		if (!strcmp(iser_tgt_reasons[i].reason, reason))
			break;
	}
	if (i == ISER_TGT_REASONS - 1)
		iser_tgt_reasons[i].reason = "other";
	iser_tgt_reasons[i].count++;
}

/**
 * iser_tgt_refused - note a refused login, and say so in the log
 * @peer: address of the initiator
 * @initiator: InitiatorName, "" if it did not come to that
 * @target: TargetName, "discovery", or ""
 * @status: RFC 7143 11.13.5; 0 if the connection was turned away before
 * @reason: plain words, a string constant
 *
 * Context: any but interrupts.
 */
void iser_tgt_refused(const struct sockaddr_storage *peer,
		      const char *initiator, const char *target, u16 status,
		      const char *reason)
{
	struct iser_tgt_refusal *refusal;

	pr_warn_ratelimited("%pISpc: login of \"%*pE\" to \"%*pE\" refused (%02x/%02x): %s\n",
			    peer, (int)strlen(initiator), initiator,
			    (int)strlen(target), target, status >> 8,
			    status & 0xff, reason);

	spin_lock(&iser_tgt_refusals_lock);
	refusal = &iser_tgt_refusals[iser_tgt_refusals_total %
				     ISER_TGT_REFUSALS];
	iser_tgt_refusals_total++;
	refusal->when = ktime_get_real_seconds();
	refusal->peer = *peer;
	strscpy(refusal->initiator, initiator, sizeof(refusal->initiator));
	strscpy(refusal->target, target, sizeof(refusal->target));
	refusal->status = status;
	refusal->reason = reason;
	iser_tgt_reason_count(reason);
	spin_unlock(&iser_tgt_refusals_lock);
}

static int refusals_show(struct seq_file *m, void *v)
{
	u64 first = 0;
	u64 i;

	spin_lock(&iser_tgt_refusals_lock);
	if (iser_tgt_refusals_total > ISER_TGT_REFUSALS)
		first = iser_tgt_refusals_total - ISER_TGT_REFUSALS;
	for (i = first; i < iser_tgt_refusals_total; i++) {
		const struct iser_tgt_refusal *r =
			&iser_tgt_refusals[i % ISER_TGT_REFUSALS];

		seq_printf(m, "%ptTs peer=%pISpc initiator=\"%*pE\" target=\"%*pE\" status=%04x reason=\"%s\"\n",
			   &r->when, &r->peer, (int)strlen(r->initiator),
			   r->initiator, (int)strlen(r->target), r->target,
			   r->status, r->reason);
	}
	spin_unlock(&iser_tgt_refusals_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(refusals);

static int refusal_counts_show(struct seq_file *m, void *v)
{
	unsigned int i;

	spin_lock(&iser_tgt_refusals_lock);
	for (i = 0; i < ISER_TGT_REASONS && iser_tgt_reasons[i].reason; i++)
		seq_printf(m, "%llu %s\n", iser_tgt_reasons[i].count,
			   iser_tgt_reasons[i].reason);
	spin_unlock(&iser_tgt_refusals_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(refusal_counts);

static int logins_show(struct seq_file *m, void *v)
{
	iser_tgt_limits_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(logins);

static int devices_show(struct seq_file *m, void *v)
{
	iser_tgt_devices_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(devices);

/**
 * iser_tgt_refusals_init - start the ledger
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int iser_tgt_refusals_init(void)
{
	iser_tgt_refusals = kvcalloc(ISER_TGT_REFUSALS,
				     sizeof(*iser_tgt_refusals), GFP_KERNEL);
	if (!iser_tgt_refusals)
		return -ENOMEM;

	iser_tgt_debugfs = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("refusals", 0400, iser_tgt_debugfs, NULL,
			    &refusals_fops);
	debugfs_create_file("refusal_counts", 0400, iser_tgt_debugfs, NULL,
			    &refusal_counts_fops);
	debugfs_create_file("logins", 0400, iser_tgt_debugfs, NULL,
			    &logins_fops);
	debugfs_create_file("devices", 0400, iser_tgt_debugfs, NULL,
			    &devices_fops);
	iser_tgt_sessions_debugfs(iser_tgt_debugfs);
	return 0;
}

/**
 * iser_tgt_refusals_exit - end it; no connection is left
 *
 * Context: may sleep.
 */
void iser_tgt_refusals_exit(void)
{
	debugfs_remove_recursive(iser_tgt_debugfs);
	kvfree(iser_tgt_refusals);
}
