// SPDX-License-Identifier: GPL-2.0
/*
 * The ledger of ended sessions: initiator, target, what the last ones did and
 * why they ended, and a count for each reason. The log has a rate-limited line
 * for the begin and one for the end of a session.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/spinlock.h>

#include "../rdma/rdma.h"
#include "../trace.h"
#include "ends.h"
#include "quote.h"
#include "reasons.h"
#include "session.h"
#include "statistics.h"
#include "target.h"
#include "tpg.h"

#define ISER_TGT_ENDS	128

/**
 * struct iser_tgt_end - a session that has ended
 * @when: when it ended, seconds of real time
 * @peer: address of the initiator
 * @initiator: InitiatorName
 * @target: TargetName, or "discovery"
 * @tag: tag of the portal group
 * @discovery: a discovery session, without @tag
 * @sid: number of the session
 * @age: seconds since its login
 * @commands: SCSI commands
 * @bytes_read: bytes requested by READs
 * @bytes_written: bytes announced by WRITEs
 * @reason: human-readable, a string constant
 */
struct iser_tgt_end {
	time64_t when;
	struct sockaddr_storage peer;
	struct iser_tgt_quoted initiator;
	struct iser_tgt_quoted target;
	u16 tag;
	bool discovery;
	u32 sid;
	unsigned long age;
	u64 commands;
	u64 bytes_read;
	u64 bytes_written;
	const char *reason;
};

static DEFINE_SPINLOCK(iser_tgt_ends_lock);
static struct iser_tgt_end *iser_tgt_ends;
static u64 iser_tgt_ends_total;
static struct iser_tgt_reasons iser_tgt_end_reasons;

static const char *iser_tgt_session_target(const struct iser_tgt_session *sess)
{
	return sess->discovery ? "discovery" : sess->tpg->target->name;
}

/*
 * An initiator that was asked to leave, or has said that it will, may be the
 * first to disconnect.
 */
static const char *iser_tgt_end_reason(const struct iser_tgt_session *sess)
{
	const char *reason = iser_tgt_conn_close_reason(sess->conn);

	if (reason != iser_tgt_peer_left)
		return reason;
	if (sess->logging_out)
		return iser_tgt_logged_out;
	return sess->drop_reason ?: reason;
}

/**
 * iser_tgt_session_began - count and log that a login has ended in a session
 * @sess: the session
 *
 * Context: any but interrupts.
 */
void iser_tgt_session_began(const struct iser_tgt_session *sess)
{
	const char *target = iser_tgt_session_target(sess);
	struct iser_tgt_quoted quoted_initiator, quoted_target;

	if (!sess->discovery)
		iser_tgt_statistics_accepted(&sess->tpg->target->statistics);
	trace_iser_tgt_login(iser_tgt_conn_peer(sess->conn), sess->initiator,
			     target, sess->sid, 0, "");
	pr_info_ratelimited("%pISpc: session %u of \"%s\" with \"%s\" begins\n",
			    iser_tgt_conn_peer(sess->conn), sess->sid,
			    iser_tgt_quote(&quoted_initiator, sess->initiator),
			    iser_tgt_quote(&quoted_target, target));
}

/**
 * iser_tgt_session_ended - record and log the end of a session
 * @sess: the session, in full feature phase, without commands; its portal group
 *	still exists
 *
 * Context: any but interrupts.
 */
void iser_tgt_session_ended(const struct iser_tgt_session *sess)
{
	const struct sockaddr_storage *peer = iser_tgt_conn_peer(sess->conn);
	const char *target = iser_tgt_session_target(sess);
	unsigned long age = (jiffies - sess->since) / HZ;
	const char *reason = iser_tgt_end_reason(sess);
	struct iser_tgt_quoted quoted_initiator, quoted_target;
	struct iser_tgt_end *end;

	iser_tgt_quote(&quoted_initiator, sess->initiator);
	iser_tgt_quote(&quoted_target, target);
	if (!sess->discovery)
		iser_tgt_statistics_ended(&sess->tpg->target->statistics,
					  reason == iser_tgt_logged_out,
					  sess->failure, sess->initiator);

	pr_info_ratelimited("%pISpc: session %u of \"%s\" with \"%s\" ended after %lu s and %llu commands: %s\n",
			    peer, sess->sid, quoted_initiator.text,
			    quoted_target.text, age, sess->commands, reason);

	trace_iser_tgt_end(sess->initiator, target, sess->sid, age,
			   sess->commands, reason);

	spin_lock(&iser_tgt_ends_lock);
	end = &iser_tgt_ends[iser_tgt_ends_total % ISER_TGT_ENDS];
	iser_tgt_ends_total++;
	end->when = ktime_get_real_seconds();
	end->peer = *peer;
	end->initiator = quoted_initiator;
	end->target = quoted_target;
	end->tag = sess->discovery ? 0 : sess->tpg->tag;
	end->discovery = sess->discovery;
	end->sid = sess->sid;
	end->age = age;
	end->commands = sess->commands;
	end->bytes_read = sess->bytes_read;
	end->bytes_written = sess->bytes_written;
	end->reason = reason;
	iser_tgt_reasons_add(&iser_tgt_end_reasons, reason);
	spin_unlock(&iser_tgt_ends_lock);
}

static void iser_tgt_end_show(struct seq_file *m,
			      const struct iser_tgt_end *end)
{
	seq_printf(m, "%ptTs peer=%pISpc initiator=\"%s\" target=\"%s\" ",
		   &end->when, &end->peer, end->initiator.text,
		   end->target.text);
	if (end->discovery)
		seq_puts(m, "tpg=-");
	else
		seq_printf(m, "tpg=%u", end->tag);
	seq_printf(m, " sid=%u age=%lu commands=%llu read=%llu written=%llu reason=\"%s\"\n",
		   end->sid, end->age, end->commands, end->bytes_read,
		   end->bytes_written, end->reason);
}

/**
 * iser_tgt_ends_show - print the last sessions that have ended
 * @m: the file
 */
void iser_tgt_ends_show(struct seq_file *m)
{
	u64 first = 0;
	u64 i;

	spin_lock(&iser_tgt_ends_lock);
	if (iser_tgt_ends_total > ISER_TGT_ENDS)
		first = iser_tgt_ends_total - ISER_TGT_ENDS;
	for (i = first; i < iser_tgt_ends_total; i++)
		iser_tgt_end_show(m, &iser_tgt_ends[i % ISER_TGT_ENDS]);
	spin_unlock(&iser_tgt_ends_lock);
}

/**
 * iser_tgt_end_counts_show - print how often each reason has ended a session
 * @m: the file
 */
void iser_tgt_end_counts_show(struct seq_file *m)
{
	spin_lock(&iser_tgt_ends_lock);
	iser_tgt_reasons_show(m, &iser_tgt_end_reasons);
	spin_unlock(&iser_tgt_ends_lock);
}

/**
 * iser_tgt_ends_init - allocate the ledger
 *
 * Return: 0 or -ENOMEM.
 */
int iser_tgt_ends_init(void)
{
	iser_tgt_ends = kvcalloc(ISER_TGT_ENDS, sizeof(*iser_tgt_ends),
				 GFP_KERNEL);
	return iser_tgt_ends ? 0 : -ENOMEM;
}

/**
 * iser_tgt_ends_exit - free the ledger; no connection is left
 */
void iser_tgt_ends_exit(void)
{
	kvfree(iser_tgt_ends);
}
