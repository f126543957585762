// SPDX-License-Identifier: GPL-2.0
/* Drain: the sessions of a portal group are asked to log out, then closed. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/configfs.h>
#include <linux/kstrtox.h>
#include <linux/printk.h>
#include <linux/sysfs.h>
#include <target/target_core_fabric.h>

#include "../iscsi/pdu.h"
#include "../rdma/rdma.h"
#include "async.h"
#include "drain.h"
#include "session.h"
#include "target.h"
#include "tpg.h"

static void iser_tgt_drain_set(struct iser_tgt_tpg *tpg, u16 seconds)
{
	spin_lock(&tpg->lock);
	tpg->drain = seconds;
	wake_up_all(&tpg->idle);
	spin_unlock(&tpg->lock);
}

/* Logins in progress have no tasks to finish and are closed at once. */
static unsigned int iser_tgt_drain_ask(struct iser_tgt_tpg *tpg, u16 seconds)
{
	struct iser_tgt_session *sess;
	unsigned int asked = 0;

	spin_lock(&tpg->lock);
	list_for_each_entry(sess, &tpg->sessions, entry) {
		if (!sess->live) {
			iser_tgt_conn_close(sess->conn, "portal group drained");
			continue;
		}
		iser_tgt_async_ask(sess, ISER_TGT_ASYNC_LOGOUT, seconds);
		asked++;
	}
	spin_unlock(&tpg->lock);

	return asked;
}

/* No session is left, or drain has been written again. */
static bool iser_tgt_drain_over(struct iser_tgt_tpg *tpg, u16 seconds)
{
	return READ_ONCE(tpg->drain) != seconds ||
	       !iser_tgt_tpg_count_sessions(tpg, NULL, U64_MAX);
}

static int iser_tgt_drain(struct iser_tgt_tpg *tpg, u16 seconds)
{
	unsigned int asked, left;
	long ret;

	iser_tgt_drain_set(tpg, seconds);
	asked = iser_tgt_drain_ask(tpg, seconds);
	ret = wait_event_interruptible_timeout(tpg->idle,
					       iser_tgt_drain_over(tpg, seconds),
					       seconds * HZ);
	if (ret < 0) {
		iser_tgt_drain_set(tpg, 0);
		return ret;
	}

	if (READ_ONCE(tpg->drain) != seconds)
		return -ECANCELED;

	left = iser_tgt_tpg_count_sessions(tpg, NULL, U64_MAX);
	iser_tgt_tpg_close_sessions(tpg, NULL, "portal group drained");
	pr_info("%s,t,0x%x: drained: %u sessions asked to log out, %u closed after %u s\n",
		tpg->target->name, tpg->tag, asked, left, seconds);
	return 0;
}

/**
 * iser_tgt_tpg_drain_show - read of drain
 * @item: the portal group
 * @page: the configfs page
 *
 * Return: bytes.
 */
ssize_t iser_tgt_tpg_drain_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n",
			  READ_ONCE(iser_tgt_tpg(to_tpg(item))->drain));
}

/**
 * iser_tgt_tpg_drain_store - write to drain
 * @item: the portal group
 * @page: seconds the sessions are given to log out, or 0
 * @count: bytes of it
 *
 * Waits that long for the sessions to end, unless a signal arrives.
 *
 * Return: @count, -EINVAL, -ERESTARTSYS with logins accepted again, or
 * -ECANCELED if drain or enable was written meanwhile.
 */
ssize_t iser_tgt_tpg_drain_store(struct config_item *item, const char *page,
				 size_t count)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(to_tpg(item));
	u16 seconds;
	int ret = 0;

	if (kstrtou16(page, 0, &seconds))
		return -EINVAL;

	if (seconds)
		ret = iser_tgt_drain(tpg, seconds);
	else
		iser_tgt_drain_set(tpg, 0);
	return ret ?: count;
}
