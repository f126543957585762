// SPDX-License-Identifier: GPL-2.0
/*
 * The ledger of refused logins: initiator, target and reason of the last ones,
 * and a count for each reason. The log has a rate-limited line for each.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/spinlock.h>

#include "../trace.h"
#include "quote.h"
#include "reasons.h"
#include "refusals.h"

#define ISER_TGT_REFUSALS	128

struct iser_tgt_refusal {
	time64_t when;
	struct sockaddr_storage peer;
	struct iser_tgt_quoted initiator;
	struct iser_tgt_quoted target;
	u16 status;
	const char *reason;
};

static DEFINE_SPINLOCK(iser_tgt_refusals_lock);
static struct iser_tgt_refusal *iser_tgt_refusals;
static u64 iser_tgt_refusals_total;
static struct iser_tgt_reasons iser_tgt_refusal_reasons;

/**
 * iser_tgt_refused - record and log a refused login
 * @peer: address of the initiator
 * @initiator: InitiatorName, "" if not known yet
 * @target: TargetName, "discovery", or ""
 * @status: RFC 7143 11.13.5; 0 if the connection request was rejected
 * @reason: human-readable reason, a string constant
 *
 * Context: any but interrupts.
 */
void iser_tgt_refused(const struct sockaddr_storage *peer,
		      const char *initiator, const char *target, u16 status,
		      const char *reason)
{
	struct iser_tgt_quoted quoted_initiator, quoted_target;
	struct iser_tgt_refusal *refusal;

	iser_tgt_quote(&quoted_initiator, initiator);
	iser_tgt_quote(&quoted_target, target);
	trace_iser_tgt_login(peer, initiator, target, 0, status, reason);
	pr_warn_ratelimited("%pISpc: login of \"%s\" to \"%s\" refused (%02x/%02x): %s\n",
			    peer, quoted_initiator.text, quoted_target.text,
			    status >> 8, status & 0xff, reason);

	spin_lock(&iser_tgt_refusals_lock);
	refusal = &iser_tgt_refusals[iser_tgt_refusals_total %
				     ISER_TGT_REFUSALS];
	iser_tgt_refusals_total++;
	refusal->when = ktime_get_real_seconds();
	refusal->peer = *peer;
	refusal->initiator = quoted_initiator;
	refusal->target = quoted_target;
	refusal->status = status;
	refusal->reason = reason;
	iser_tgt_reasons_add(&iser_tgt_refusal_reasons, reason);
	spin_unlock(&iser_tgt_refusals_lock);
}

/**
 * iser_tgt_refusals_show - print the last refused logins
 * @m: the file
 */
void iser_tgt_refusals_show(struct seq_file *m)
{
	u64 first = 0;
	u64 i;

	spin_lock(&iser_tgt_refusals_lock);
	if (iser_tgt_refusals_total > ISER_TGT_REFUSALS)
		first = iser_tgt_refusals_total - ISER_TGT_REFUSALS;
	for (i = first; i < iser_tgt_refusals_total; i++) {
		const struct iser_tgt_refusal *r =
			&iser_tgt_refusals[i % ISER_TGT_REFUSALS];

		seq_printf(m, "%ptTs peer=%pISpc initiator=\"%s\" target=\"%s\" status=%04x reason=\"%s\"\n",
			   &r->when, &r->peer, r->initiator.text,
			   r->target.text, r->status, r->reason);
	}
	spin_unlock(&iser_tgt_refusals_lock);
}

/**
 * iser_tgt_refusal_counts_show - print how often each reason has occurred
 * @m: the file
 */
void iser_tgt_refusal_counts_show(struct seq_file *m)
{
	spin_lock(&iser_tgt_refusals_lock);
	iser_tgt_reasons_show(m, &iser_tgt_refusal_reasons);
	spin_unlock(&iser_tgt_refusals_lock);
}

/**
 * iser_tgt_refusals_init - allocate the ledger
 *
 * Return: 0 or -ENOMEM.
 */
int iser_tgt_refusals_init(void)
{
	iser_tgt_refusals = kvcalloc(ISER_TGT_REFUSALS,
				     sizeof(*iser_tgt_refusals), GFP_KERNEL);
	return iser_tgt_refusals ? 0 : -ENOMEM;
}

/**
 * iser_tgt_refusals_exit - free the ledger; no connection is left
 */
void iser_tgt_refusals_exit(void)
{
	kvfree(iser_tgt_refusals);
}
