// SPDX-License-Identifier: GPL-2.0
/* Portals: np/<ip>:<port>. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/inet.h>
#include <linux/nsproxy.h>
#include <linux/slab.h>
#include <linux/utsname.h>

#include "lio.h"

/**
 * iser_tgt_parse_portal - an address and port as text
 * @name: "1.2.3.4:3260" or "[fe80::1%eth0]:3260", and nothing else
 * @addr: the result
 *
 * Context: process of the administrator, whose network namespace counts.
 * Return: 0 or -EINVAL.
 */
int iser_tgt_parse_portal(const char *name, struct sockaddr_storage *addr)
{
	char host[INET6_ADDRSTRLEN + IFNAMSIZ + 1];
	const char *colon = strrchr(name, ':');
	const char *from = name;
	size_t len;
	u16 port;

	/* Plain digits: kstrtou16() would take a sign or other bases. */
	if (!colon || !isdigit(colon[1]) || kstrtou16(colon + 1, 10, &port) ||
	    !port)
		return -EINVAL;

	len = colon - name;
	if (name[0] == '[') {
		if (len < 3 || name[len - 1] != ']')
			return -EINVAL;
		from++;
		len -= 2;
	}
	if (!len || len >= sizeof(host))
		return -EINVAL;
	memcpy(host, from, len);
	host[len] = '\0';

	/* inet_pton_with_scope() reads the port in any base; it has been read. */
	return inet_pton_with_scope(current->nsproxy->net_ns,
				    name[0] == '[' ? AF_INET6 : AF_INET, host,
				    colon + 1 + strspn(colon + 1, "0"), addr);
}

static ssize_t iser_tgt_portal_iser_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "1\n");
}

/*
 * rtslib writes 0 before it removes a portal and when it restores one, so both
 * values are taken; a portal of this fabric is RDMA in any case.
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

static ssize_t iser_tgt_portal_state_show(struct config_item *item, char *page)
{
	struct iser_tgt_portal *portal =
		container_of(to_tpg_np(item), struct iser_tgt_portal, np);

	return sysfs_emit(page, "%s\n",
			  iser_tgt_listener_state(portal->listener));
}

CONFIGFS_ATTR_RO(iser_tgt_portal_, state);

struct configfs_attribute *iser_tgt_portal_attrs[] = {
	&iser_tgt_portal_attr_iser,
	&iser_tgt_portal_attr_state,
	NULL,
};

static bool iser_tgt_portal_taken(struct iser_tgt_wwn *wwn,
				  struct iser_tgt_listener *listener)
{
	struct iser_tgt_tpg *tpg;

	list_for_each_entry(tpg, &wwn->tpgs, entry)
		if (iser_tgt_tpg_reachable(tpg, listener))
			return true;

	return false;
}

/**
 * iser_tgt_portals_fit - new connections get queue pairs that are large enough
 * @listener: an address; all portals there share it
 *
 * Nobody knows which portal group a connection is for when its queue pair is
 * made.
 *
 * Context: holds iser_tgt_targets_sem.
 */
void iser_tgt_portals_fit(struct iser_tgt_listener *listener)
{
	bool integrity = false;
	struct iser_tgt_wwn *wwn;
	struct iser_tgt_tpg *tpg;
	unsigned int depth = 1;

	list_for_each_entry(wwn, &iser_tgt_targets, entry) {
		list_for_each_entry(tpg, &wwn->tpgs, entry) {
			if (!iser_tgt_tpg_reachable(tpg, listener))
				continue;
			depth = max(depth, tpg->max_depth);
			integrity |= READ_ONCE(tpg->attrib.t10_pi);
		}
	}
	iser_tgt_listener_wants(listener, depth, integrity);
}

/**
 * iser_tgt_make_np - mkdir of a portal
 * @se_tpg: its portal group
 * @group: unused
 * @name: <ip>:<port>
 *
 * Context: configfs, may sleep.
 * Return: the portal; ERR_PTR(-EINVAL) for a bad name, -EEXIST if the target
 * has it already, or why it cannot listen there.
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
		pr_err("%s: %s (%d)\n", name, iser_tgt_listener_word(ret),
		       ret);
		goto free;
	}

	down_write(&iser_tgt_targets_sem);
	ret = iser_tgt_portal_taken(tpg->wwn, portal->listener) ? -EEXIST : 0;
	if (!ret) {
		list_add_tail(&portal->entry, &tpg->portals);
		iser_tgt_portals_fit(portal->listener);
	}
	up_write(&iser_tgt_targets_sem);
	if (ret) {
		pr_err("%s: %s has this portal already\n", name,
		       tpg->wwn->name);
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
 * Context: configfs, may sleep; waits until the sessions that came in here are
 * gone.
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
