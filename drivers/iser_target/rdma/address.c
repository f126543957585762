// SPDX-License-Identifier: GPL-2.0
/* Addresses: comparison, and notice of those this host gains and loses. */

#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/if_inet6.h>
#include <rdma/ib_addr.h>

#include "address.h"
#include "rdma.h"

/**
 * iser_tgt_addr_same_host - compare addresses without port and scope
 * @a: one
 * @b: the other
 *
 * Return: true if they are the same.
 */
bool iser_tgt_addr_same_host(const struct sockaddr_storage *a,
			     const struct sockaddr_storage *b)
{
	const struct sockaddr_in *a4 = (const struct sockaddr_in *)a;
	const struct sockaddr_in *b4 = (const struct sockaddr_in *)b;
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)a;
	const struct sockaddr_in6 *b6 = (const struct sockaddr_in6 *)b;

	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET)
		return a4->sin_addr.s_addr == b4->sin_addr.s_addr;

	return ipv6_addr_equal(&a6->sin6_addr, &b6->sin6_addr);
}

/**
 * iser_tgt_addr_equal - compare addresses with port and scope
 * @a: one
 * @b: the other
 *
 * Return: true if they are the same.
 */
bool iser_tgt_addr_equal(const struct sockaddr_storage *a,
			 const struct sockaddr_storage *b)
{
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)a;
	const struct sockaddr_in6 *b6 = (const struct sockaddr_in6 *)b;

	/* The port has the same offset in both families. */
	return iser_tgt_addr_same_host(a, b) &&
	       a6->sin6_port == b6->sin6_port &&
	       (a->ss_family == AF_INET ||
		a6->sin6_scope_id == b6->sin6_scope_id);
}

/**
 * iser_tgt_addr_v6 - an address without port and scope, to remember a peer by
 * @addr: the address
 *
 * Return: it, an IPv4 address as a mapped one.
 */
struct in6_addr iser_tgt_addr_v6(const struct sockaddr_storage *addr)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)addr;
	struct in6_addr v6;

	if (addr->ss_family != AF_INET)
		return ((const struct sockaddr_in6 *)addr)->sin6_addr;

	ipv6_addr_set_v4mapped(v4->sin_addr.s_addr, &v6);
	return v6;
}

/**
 * iser_tgt_addr_any - is an address the wildcard of its family
 * @addr: the address
 *
 * Return: true if it is.
 */
bool iser_tgt_addr_any(const struct sockaddr_storage *addr)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)addr;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;

	if (addr->ss_family == AF_INET)
		return in->sin_addr.s_addr == htonl(INADDR_ANY);

	return ipv6_addr_any(&in6->sin6_addr);
}

/**
 * iser_tgt_addr_local - can this host bind to an address
 * @net: network namespace
 * @addr: the address
 *
 * Context: may sleep.
 * Return: true if an interface has it, or if it is the wildcard.
 */
bool iser_tgt_addr_local(struct net *net, const struct sockaddr_storage *addr)
{
	struct rdma_dev_addr dev_addr = { .net = net };

	return iser_tgt_addr_any(addr) ||
	       !rdma_translate_ip((const struct sockaddr *)addr, &dev_addr);
}

/* Called when an address was added or removed; maybe in an interrupt. */
static void (*iser_tgt_addr_changed)(struct net *net,
				     struct sockaddr_storage *addr);

static int iser_tgt_inetaddr_event(struct notifier_block *nb,
				   unsigned long event, void *data)
{
	struct in_ifaddr *ifa = data;
	struct sockaddr_storage addr = {};
	struct sockaddr_in *in = (struct sockaddr_in *)&addr;

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = ifa->ifa_local;
	iser_tgt_addr_changed(dev_net(ifa->ifa_dev->dev), &addr);
	return NOTIFY_DONE;
}

static struct notifier_block iser_tgt_inetaddr_notifier = {
	.notifier_call = iser_tgt_inetaddr_event,
};

#if IS_ENABLED(CONFIG_IPV6)
static int iser_tgt_inet6addr_event(struct notifier_block *nb,
				    unsigned long event, void *data)
{
	struct inet6_ifaddr *ifa = data;
	struct sockaddr_storage addr = {};
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&addr;

	in6->sin6_family = AF_INET6;
	in6->sin6_addr = ifa->addr;
	iser_tgt_addr_changed(dev_net(ifa->idev->dev), &addr);
	return NOTIFY_DONE;
}

static struct notifier_block iser_tgt_inet6addr_notifier = {
	.notifier_call = iser_tgt_inet6addr_event,
};

static int iser_tgt_watch6(void)
{
	return register_inet6addr_notifier(&iser_tgt_inet6addr_notifier);
}

static void iser_tgt_unwatch6(void)
{
	unregister_inet6addr_notifier(&iser_tgt_inet6addr_notifier);
}
#else
static int iser_tgt_watch6(void)
{
	return 0;
}

static void iser_tgt_unwatch6(void)
{
}
#endif

/**
 * iser_tgt_addr_watch - watch the addresses of this host
 * @changed: called with each address that is added or removed, in any context;
 *	its port and scope are not valid
 *
 * Context: may sleep.
 * Return: 0 or a negative errno.
 */
int iser_tgt_addr_watch(void (*changed)(struct net *net,
					struct sockaddr_storage *addr))
{
	int ret;

	iser_tgt_addr_changed = changed;
	ret = register_inetaddr_notifier(&iser_tgt_inetaddr_notifier);
	if (ret)
		return ret;

	ret = iser_tgt_watch6();
	if (ret)
		unregister_inetaddr_notifier(&iser_tgt_inetaddr_notifier);

	return ret;
}

/**
 * iser_tgt_addr_unwatch - stop to watch addresses
 *
 * Context: may sleep.
 */
void iser_tgt_addr_unwatch(void)
{
	iser_tgt_unwatch6();
	unregister_inetaddr_notifier(&iser_tgt_inetaddr_notifier);
}
