// SPDX-License-Identifier: GPL-2.0
/* Target portal groups with their portals and sessions. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/minmax.h>

#include "../rdma/rdma.h"
#include "../wait.h"
#include "async.h"
#include "session.h"
#include "target.h"
#include "tpg.h"

/**
 * iser_tgt_tpg_reachable - whether a portal group has a portal at a listener
 * @tpg: the portal group
 * @listener: the listener a connection came in at
 *
 * Context: holds iser_tgt_targets_sem.
 * Return: true if it has.
 */
bool iser_tgt_tpg_reachable(const struct iser_tgt_tpg *tpg,
			    const struct iser_tgt_listener *listener)
{
	const struct iser_tgt_portal *portal;

	list_for_each_entry(portal, &tpg->portals, entry)
		if (portal->listener == listener)
			return true;

	return false;
}

/**
 * iser_tgt_portals_fit - size the queue pairs of a listener's new connections
 * @listener: the listener, shared by all portals of its address
 *
 * When a queue pair is created it is not known yet which of the portal groups
 * the connection is for.
 *
 * Context: holds iser_tgt_targets_sem.
 */
void iser_tgt_portals_fit(struct iser_tgt_listener *listener)
{
	struct iser_tgt_target *target;
	struct iser_tgt_tpg *tpg;
	unsigned int depth = 1;
	bool pi = false;

	list_for_each_entry(target, &iser_tgt_targets, entry) {
		list_for_each_entry(tpg, &target->tpgs, entry) {
			if (!iser_tgt_tpg_reachable(tpg, listener))
				continue;
			depth = max(depth, tpg->max_depth);
			pi |= READ_ONCE(tpg->attrib.t10_pi);
		}
	}
	iser_tgt_listener_set(listener, depth, pi);
}

/* Holds iser_tgt_targets_sem. */
static void iser_tgt_tpg_fit(struct iser_tgt_tpg *tpg)
{
	struct iser_tgt_portal *portal;

	list_for_each_entry(portal, &tpg->portals, entry)
		iser_tgt_portals_fit(portal->listener);
}

/**
 * iser_tgt_tpg_need_depth - have queue pairs made for this many commands
 * @tpg: the portal group
 * @depth: commands in flight of one session
 */
void iser_tgt_tpg_need_depth(struct iser_tgt_tpg *tpg, u32 depth)
{
	down_write(&iser_tgt_targets_sem);
	tpg->max_depth = max(tpg->max_depth, depth);
	iser_tgt_tpg_fit(tpg);
	up_write(&iser_tgt_targets_sem);
}

/**
 * iser_tgt_tpg_pi_changed - attrib/t10_pi of a portal group has changed
 * @tpg: the portal group
 */
void iser_tgt_tpg_pi_changed(struct iser_tgt_tpg *tpg)
{
	down_write(&iser_tgt_targets_sem);
	iser_tgt_tpg_fit(tpg);
	up_write(&iser_tgt_targets_sem);
}

/* All sessions if @listener is NULL. */
static bool iser_tgt_session_at(const struct iser_tgt_session *sess,
				const struct iser_tgt_listener *listener)
{
	return !listener || iser_tgt_conn_listener(sess->conn) == listener;
}

/**
 * iser_tgt_tpg_count_sessions - count sessions and logins of a portal group
 * @tpg: the portal group
 * @listener: only those that came in here; NULL for all
 * @last_seq: only those up to this one; U64_MAX for all
 *
 * Context: any but interrupts.
 * Return: the number.
 */
unsigned int
iser_tgt_tpg_count_sessions(struct iser_tgt_tpg *tpg,
			    const struct iser_tgt_listener *listener,
			    u64 last_seq)
{
	struct iser_tgt_session *sess;
	unsigned int nr = 0;

	spin_lock(&tpg->lock);
	list_for_each_entry(sess, &tpg->sessions, entry)
		if (iser_tgt_session_at(sess, listener) &&
		    sess->seq <= last_seq)
			nr++;
	spin_unlock(&tpg->lock);

	return nr;
}

/**
 * iser_tgt_tpg_close_sessions - end sessions and logins of a portal group
 * @tpg: the portal group
 * @listener: only those that came in here; NULL for all
 * @why: human-readable reason for the log, a string constant
 *
 * Waits until they have ended. Sessions that begin meanwhile are left alone.
 */
void iser_tgt_tpg_close_sessions(struct iser_tgt_tpg *tpg,
				 const struct iser_tgt_listener *listener,
				 const char *why)
{
	struct iser_tgt_session *sess;
	u64 last;

	spin_lock(&tpg->lock);
	last = tpg->last_seq;
	list_for_each_entry(sess, &tpg->sessions, entry)
		if (iser_tgt_session_at(sess, listener))
			iser_tgt_session_drop(sess, why);
	spin_unlock(&tpg->lock);

	iser_tgt_wait_event(tpg->idle,
			    !iser_tgt_tpg_count_sessions(tpg, listener, last),
			    "sessions of %s,t,0x%x: %s\n", tpg->target->name,
			    tpg->tag, why);
}
