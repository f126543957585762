// SPDX-License-Identifier: GPL-2.0
/* tpgt_N in configfs. */

#include <linux/configfs.h>
#include <linux/kstrtox.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <scsi/scsi_proto.h>
#include <target/target_core_fabric.h>

#include "../compat.h"
#include "../iscsi/keys.h"
#include "../iscsi/pdu.h"
#include "../rdma/rdma.h"
#include "async.h"
#include "chap_order.h"
#include "cleared.h"
#include "config_value.h"
#include "drain.h"
#include "latency.h"
#include "lun_shutdown.h"
#include "session.h"
#include "sessions_show.h"
#include "target.h"
#include "tpg.h"
#include "tpg_config.h"

static ssize_t iser_tgt_tpg_dynamic_sessions_show(struct config_item *item,
						  char *page)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(to_tpg(item));
	struct iser_tgt_session *sess;
	ssize_t len = 0;

	spin_lock(&tpg->lock);
	list_for_each_entry(sess, &tpg->sessions, entry) {
		/* If not live, it may just be being removed from the core. */
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

/*
 * "logout SECONDS", "negotiate SECONDS" or "drop": events 1, 4 and 3 of RFC 7143
 * 11.9.1. Only the last one closes sessions.
 */
static ssize_t iser_tgt_tpg_async_message_store(struct config_item *item,
						const char *page, size_t count)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(to_tpg(item));
	struct iser_tgt_session *sess;
	char line[32], word[16], end;
	u8 event;
	unsigned int seconds = 0;
	int n;

	if (iser_tgt_config_text(line, sizeof(line), page, count) < 0)
		return -EINVAL;

	n = sscanf(line, "%15s %u %c", word, &seconds, &end);
	if (n == 1 && !strcmp(word, "drop"))
		event = ISER_TGT_ASYNC_DROP_SESSION;
	else if (n != 2 || seconds > U16_MAX)
		return -EINVAL;
	else if (!strcmp(word, "logout"))
		event = ISER_TGT_ASYNC_LOGOUT;
	else if (!strcmp(word, "negotiate"))
		event = ISER_TGT_ASYNC_NEGOTIATE;
	else
		return -EINVAL;

	spin_lock(&tpg->lock);
	list_for_each_entry(sess, &tpg->sessions, entry) {
		if (event == ISER_TGT_ASYNC_DROP_SESSION)
			iser_tgt_session_drop(sess,
					      "dropped by the administrator");
		else
			iser_tgt_async_ask(sess, event, seconds);
	}
	spin_unlock(&tpg->lock);
	return count;
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
 * Return: the portal group or an ERR_PTR().
 */
struct se_portal_group *iser_tgt_make_tpg(struct se_wwn *se_wwn,
					  const char *name)
{
	struct iser_tgt_target *target = iser_tgt_target(se_wwn);
	struct iser_tgt_tpg *tpg;
	char same[sizeof("tpgt_65535")];
	u16 tag;
	int ret;

	if (strncmp(name, "tpgt_", 5) || kstrtou16(name + 5, 10, &tag))
		return ERR_PTR(-EINVAL);
	/* "01" and "+1" would be a second group with the tag of "1". */
	snprintf(same, sizeof(same), "tpgt_%u", tag);
	if (strcmp(name, same))
		return ERR_PTR(-EINVAL);

	tpg = kzalloc_obj(*tpg, GFP_KERNEL);
	if (!tpg)
		return ERR_PTR(-ENOMEM);

	tpg->target = target;
	tpg->tag = tag;
	INIT_LIST_HEAD(&tpg->portals);
	INIT_LIST_HEAD(&tpg->sessions);
	INIT_LIST_HEAD(&tpg->cleared);
	spin_lock_init(&tpg->lock);
	init_waitqueue_head(&tpg->idle);
	mutex_init(&tpg->core_mutex);
	iser_tgt_lun_shutdown_init(tpg);
	xa_init(&tpg->latency);
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
	memcpy(tpg->chap_order, iser_tgt_chap_order_default,
	       sizeof(tpg->chap_order));

	ret = core_tpg_register(se_wwn, &tpg->se_tpg, SCSI_PROTOCOL_ISCSI);
	if (ret) {
		kfree(tpg);
		return ERR_PTR(ret);
	}

	down_write(&iser_tgt_targets_sem);
	list_add_tail(&tpg->entry, &target->tpgs);
	up_write(&iser_tgt_targets_sem);

	return &tpg->se_tpg;
}

/**
 * iser_tgt_drop_tpg - rmdir of a portal group
 * @se_tpg: the portal group; its portals, ACLs and LUNs have been removed
 *
 * Waits until its sessions have ended.
 */
void iser_tgt_drop_tpg(struct se_portal_group *se_tpg)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(se_tpg);

	down_write(&iser_tgt_targets_sem);
	list_del(&tpg->entry);
	up_write(&iser_tgt_targets_sem);

	iser_tgt_enable_tpg(se_tpg, false);
	cancel_delayed_work_sync(&tpg->lun_shutdown);
	core_tpg_deregister(se_tpg);
	iser_tgt_cleared_free(tpg);
	iser_tgt_latency_free(tpg);
	memzero_explicit(&tpg->auth, sizeof(tpg->auth));
	kfree(tpg);
}

/**
 * iser_tgt_enable_tpg - write to enable
 * @se_tpg: the portal group
 * @enable: accept logins, or refuse them and close all sessions
 *
 * When disabling, waits until all sessions of the portal group have ended.
 *
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
