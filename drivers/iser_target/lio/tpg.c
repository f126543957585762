// SPDX-License-Identifier: GPL-2.0
/* Target portal groups. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "../wait.h"
#include "lio.h"

static ssize_t iser_tgt_tpg_dynamic_sessions_show(struct config_item *item,
						  char *page)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(to_tpg(item));
	struct iser_tgt_session *sess;
	ssize_t len = 0;

	spin_lock(&tpg->lock);
	list_for_each_entry(sess, &tpg->sessions, entry) {
		/* One that is not live may be leaving the core just now. */
		if (!sess->live || !sess->se_sess ||
		    !sess->se_sess->se_node_acl->dynamic_node_acl)
			continue;
		/* Whole lines only; the file ends at a page. */
		if (len + strlen(sess->initiator) + 2 > PAGE_SIZE)
			break;
		len += sysfs_emit_at(page, len, "%s\n", sess->initiator);
	}
	spin_unlock(&tpg->lock);

	return len;
}

CONFIGFS_ATTR_RO(iser_tgt_tpg_, dynamic_sessions);

static ssize_t iser_tgt_tpg_async_message_store(struct config_item *item,
						const char *page, size_t count)
{
	return iser_tgt_async_message(iser_tgt_tpg(to_tpg(item)), page,
				      count) ?: count;
}

CONFIGFS_ATTR_WO(iser_tgt_tpg_, async_message);

CONFIGFS_ATTR(iser_tgt_tpg_, drain);
CONFIGFS_ATTR_RO(iser_tgt_tpg_, sessions);
CONFIGFS_ATTR_RO(iser_tgt_tpg_, logins);

struct configfs_attribute *iser_tgt_tpg_base_attrs[] = {
	&iser_tgt_tpg_attr_sessions,
	&iser_tgt_tpg_attr_logins,
	&iser_tgt_tpg_attr_async_message,
	&iser_tgt_tpg_attr_drain,
	&iser_tgt_tpg_attr_dynamic_sessions,
	NULL,
};

/**
 * iser_tgt_make_tpg - mkdir of a portal group
 * @se_wwn: its target
 * @name: tpgt_N, N from 0 to 65535
 *
 * Context: configfs, may sleep.
 * Return: the portal group or an ERR_PTR().
 */
struct se_portal_group *iser_tgt_make_tpg(struct se_wwn *se_wwn,
					  const char *name)
{
	struct iser_tgt_wwn *wwn =
		container_of(se_wwn, struct iser_tgt_wwn, se_wwn);
	struct iser_tgt_tpg *tpg;
	u16 tag;
	int ret;

	if (strncmp(name, "tpgt_", 5) || kstrtou16(name + 5, 10, &tag))
		return ERR_PTR(-EINVAL);

	tpg = kzalloc_obj(*tpg, GFP_KERNEL);
	if (!tpg)
		return ERR_PTR(-ENOMEM);

	tpg->wwn = wwn;
	tpg->tag = tag;
	INIT_LIST_HEAD(&tpg->portals);
	INIT_LIST_HEAD(&tpg->sessions);
	spin_lock_init(&tpg->lock);
	init_waitqueue_head(&tpg->idle);
	mutex_init(&tpg->core_mutex);
	iser_tgt_unlink_init(tpg);
	iser_tgt_keys_defaults(&tpg->offer);
	tpg->offer.target_rdsl = iser_tgt_recv_data_size();
	tpg->max_depth = ISER_TGT_DEPTH_DEFAULT;
	tpg->attrib = (struct iser_tgt_tpg_attrib) {
		.authentication = 1,
		.cache_dynamic_acls = 0,
		.default_cmdsn_depth = ISER_TGT_DEPTH_DEFAULT,
		.demo_mode_discovery = 1,
		.demo_mode_write_protect = 1,
		.login_timeout = 15,
		.tpg_enabled_sendtargets = 1,
		.sessions_per_initiator = 256,
		.nopin_interval = 15,
		.nopin_timeout = 15,
		.unsent_immediate_data = 1,
	};
	iser_tgt_chap_order_default(tpg->chap_order);

	ret = core_tpg_register(se_wwn, &tpg->se_tpg, SCSI_PROTOCOL_ISCSI);
	if (ret) {
		kfree(tpg);
		return ERR_PTR(ret);
	}

	down_write(&iser_tgt_targets_sem);
	list_add_tail(&tpg->entry, &wwn->tpgs);
	up_write(&iser_tgt_targets_sem);

	return &tpg->se_tpg;
}

/**
 * iser_tgt_drop_tpg - rmdir of a portal group
 * @se_tpg: the portal group; its portals, ACLs and LUNs are gone
 *
 * Context: configfs, may sleep; waits until its sessions are gone.
 */
void iser_tgt_drop_tpg(struct se_portal_group *se_tpg)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(se_tpg);

	down_write(&iser_tgt_targets_sem);
	list_del(&tpg->entry);
	up_write(&iser_tgt_targets_sem);

	iser_tgt_enable_tpg(se_tpg, false);
	cancel_delayed_work_sync(&tpg->unlink_late);
	core_tpg_deregister(se_tpg);
	memzero_explicit(&tpg->auth, sizeof(tpg->auth));
	kfree(tpg);
}

/**
 * iser_tgt_enable_tpg - write to enable
 * @se_tpg: the portal group
 * @enable: take logins, or refuse them and end what is there
 *
 * Context: configfs, may sleep; when disabling, waits until all sessions of the
 * portal group are gone.
 * Return: 0.
 */
int iser_tgt_enable_tpg(struct se_portal_group *se_tpg, bool enable)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(se_tpg);

	spin_lock(&tpg->lock);
	tpg->enabled = enable;
	tpg->drain = 0;
	wake_up_all(&tpg->idle);
	spin_unlock(&tpg->lock);

	if (!enable)
		iser_tgt_tpg_close_sessions(tpg, NULL, "portal group disabled");
	return 0;
}

/**
 * iser_tgt_tpg_reachable - does a portal group have a portal at a listener
 * @tpg: the portal group
 * @listener: where a connection came in
 *
 * Context: holds iser_tgt_targets_sem.
 * Return: true if it does.
 */
bool iser_tgt_tpg_reachable(struct iser_tgt_tpg *tpg,
			    struct iser_tgt_listener *listener)
{
	struct iser_tgt_portal *portal;

	list_for_each_entry(portal, &tpg->portals, entry)
		if (portal->listener == listener)
			return true;

	return false;
}

/* Holds iser_tgt_targets_sem. */
static void iser_tgt_tpg_fit(struct iser_tgt_tpg *tpg)
{
	struct iser_tgt_portal *portal;

	list_for_each_entry(portal, &tpg->portals, entry)
		iser_tgt_portals_fit(portal->listener);
}

/**
 * iser_tgt_tpg_need_depth - queue pairs must have room for this many commands
 * @tpg: the portal group
 * @depth: commands in flight of one session
 *
 * Context: may sleep.
 */
void iser_tgt_tpg_need_depth(struct iser_tgt_tpg *tpg, u32 depth)
{
	down_write(&iser_tgt_targets_sem);
	tpg->max_depth = max(tpg->max_depth, depth);
	iser_tgt_tpg_fit(tpg);
	up_write(&iser_tgt_targets_sem);
}

/**
 * iser_tgt_tpg_integrity - whether queue pairs must know T10-PI has changed
 * @tpg: the portal group
 *
 * Context: may sleep.
 */
void iser_tgt_tpg_integrity(struct iser_tgt_tpg *tpg)
{
	down_write(&iser_tgt_targets_sem);
	iser_tgt_tpg_fit(tpg);
	up_write(&iser_tgt_targets_sem);
}

/**
 * iser_tgt_tpg_count_sessions - how many sessions and logins there are
 * @tpg: the portal group
 * @listener: only those that came in here; NULL for all
 * @number: only those that joined no later than this; U64_MAX for all
 *
 * Context: any but interrupts.
 * Return: the number.
 */
unsigned int iser_tgt_tpg_count_sessions(struct iser_tgt_tpg *tpg,
					 struct iser_tgt_listener *listener,
					 u64 number)
{
	struct iser_tgt_session *sess;
	unsigned int nr = 0;

	spin_lock(&tpg->lock);
	list_for_each_entry(sess, &tpg->sessions, entry)
		if ((!listener || sess->conn->listener == listener) &&
		    sess->number <= number)
			nr++;
	spin_unlock(&tpg->lock);

	return nr;
}

/**
 * iser_tgt_tpg_close_sessions - end sessions and logins of a portal group
 * @tpg: the portal group
 * @listener: only those that came in here; NULL for all
 * @why: plain words for the log, a string constant
 *
 * If somebody else lets new ones in meanwhile, they stay.
 *
 * Context: may sleep; waits until they are gone.
 */
void iser_tgt_tpg_close_sessions(struct iser_tgt_tpg *tpg,
				 struct iser_tgt_listener *listener,
				 const char *why)
{
	struct iser_tgt_session *sess;
	u64 last;

	spin_lock(&tpg->lock);
	last = tpg->joined;
	list_for_each_entry(sess, &tpg->sessions, entry)
		if (!listener || sess->conn->listener == listener)
			iser_tgt_session_drop(sess, why);
	spin_unlock(&tpg->lock);

	iser_tgt_wait_event(tpg->idle,
			    !iser_tgt_tpg_count_sessions(tpg, listener, last),
			    "sessions of %s,t,0x%x: %s\n", tpg->wwn->name,
			    tpg->tag, why);
}
