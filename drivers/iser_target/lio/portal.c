// SPDX-License-Identifier: GPL-2.0
/* np/<ip>:<port> in configfs. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/configfs.h>
#include <linux/kstrtox.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <target/target_core_fabric.h>

#include "../compat.h"
#include "../rdma/rdma.h"
#include "portal.h"
#include "portal_address.h"
#include "target.h"
#include "tpg.h"

#ifdef ISER_TGT_HAS_PORTAL_ISER
static ssize_t iser_tgt_portal_iser_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "1\n");
}

/*
 * rtslib writes 0 before it removes a portal and when it restores one. Both
 * values are accepted and ignored: portals of this fabric are always RDMA.
 */
static ssize_t iser_tgt_portal_iser_store(struct config_item *item,
					  const char *page, size_t count)
{
	u8 value;

	if (kstrtou8(page, 0, &value) || value > 1)
		return -EINVAL;

	return count;
}

CONFIGFS_ATTR(iser_tgt_portal_, iser);
#endif

static ssize_t iser_tgt_portal_state_show(struct config_item *item, char *page)
{
	struct iser_tgt_portal *portal =
		container_of(to_tpg_np(item), struct iser_tgt_portal, np);

	return sysfs_emit(page, "%s\n",
			  iser_tgt_listener_state(portal->listener));
}

CONFIGFS_ATTR_RO(iser_tgt_portal_, state);

struct configfs_attribute *iser_tgt_portal_attrs[] = {
#ifdef ISER_TGT_HAS_PORTAL_ISER
	&iser_tgt_portal_attr_iser,
#endif
	&iser_tgt_portal_attr_state,
	NULL,
};

/* Another portal group of the target has a portal at the same address. */
static bool iser_tgt_portal_taken(const struct iser_tgt_target *target,
				  const struct iser_tgt_listener *listener)
{
	const struct iser_tgt_tpg *tpg;

	list_for_each_entry(tpg, &target->tpgs, entry)
		if (iser_tgt_tpg_reachable(tpg, listener))
			return true;

	return false;
}

/**
 * iser_tgt_make_np - mkdir of a portal
 * @se_tpg: its portal group
 * @group: unused
 * @name: <ip>:<port>
 *
 * Return: the portal, or ERR_PTR(): -EINVAL for a bad name, -EEXIST if the
 * target has this portal already, or an error of iser_tgt_listener_get().
 */
struct se_tpg_np *iser_tgt_make_np(struct se_portal_group *se_tpg,
				   struct config_group *group, const char *name)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(se_tpg);
	struct iser_tgt_portal *portal;
	int ret;

	portal = kzalloc_obj(*portal, GFP_KERNEL);
	if (!portal)
		return ERR_PTR(-ENOMEM);

	portal->tpg = tpg;
	ret = iser_tgt_parse_portal(name, &portal->addr);
	if (ret) {
		pr_err("%s: not an address and port\n", name);
		goto free;
	}

	portal->listener = iser_tgt_listener_get(&portal->addr,
						 READ_ONCE(tpg->max_depth));
	if (IS_ERR(portal->listener)) {
		ret = PTR_ERR(portal->listener);
		pr_err("%s: %s (%d)\n", name, iser_tgt_listener_strerror(ret),
		       ret);
		goto free;
	}

	down_write(&iser_tgt_targets_sem);
	ret = iser_tgt_portal_taken(tpg->target, portal->listener) ? -EEXIST : 0;
	if (!ret) {
		list_add_tail(&portal->entry, &tpg->portals);
		iser_tgt_portals_fit(portal->listener);
	}
	up_write(&iser_tgt_targets_sem);
	if (ret) {
		pr_err("%s: %s has this portal already\n", name,
		       tpg->target->name);
		goto put;
	}
	return &portal->np;

put:
	iser_tgt_listener_put(portal->listener);
free:
	kfree(portal);
	return ERR_PTR(ret);
}

/**
 * iser_tgt_drop_np - rmdir of a portal
 * @np: the portal
 *
 * Waits until the sessions that came in here have ended.
 */
void iser_tgt_drop_np(struct se_tpg_np *np)
{
	struct iser_tgt_portal *portal =
		container_of(np, struct iser_tgt_portal, np);

	down_write(&iser_tgt_targets_sem);
	list_del(&portal->entry);
	iser_tgt_portals_fit(portal->listener);
	up_write(&iser_tgt_targets_sem);

	iser_tgt_tpg_close_sessions(portal->tpg, portal->listener,
				    "portal removed");
	iser_tgt_listener_put(portal->listener);
	kfree(portal);
}
