// SPDX-License-Identifier: GPL-2.0
/* Listening RDMA CM identifiers, shared by all portals of one address. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/nsproxy.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "../wait.h"
#include "address.h"
#include "client.h"
#include "cm.h"
#include "conn.h"
#include "listener.h"

#define ISER_TGT_BACKLOG	128
#define ISER_TGT_REPAIR_DELAY	HZ

/**
 * struct iser_tgt_listener - a listening address
 * @entry: in iser_tgt_listeners
 * @addr: the address
 * @net: network namespace of the process that made the first portal
 * @cm_id: the RDMA CM identifier; NULL while it cannot listen
 * @cm_id_ipv4: of [::], which serves IPv4 as well, the one that does
 * @error: why it cannot, a negative errno
 * @started: the first attempt to listen has been made
 * @stopping: the last portal was removed
 * @repair: listens again
 * @users: portals, under iser_tgt_listener_mutex
 * @depth: commands a connection may have in flight: the most that one of its
 *	portal groups asks for
 * @pi: one of them needs protection information
 * @conns: connections that came in here
 */
struct iser_tgt_listener {
	struct list_head entry;
	struct sockaddr_storage addr;
	struct net *net;
	struct rdma_cm_id *cm_id;
	struct rdma_cm_id *cm_id_ipv4;
	int error;
	bool started;
	bool stopping;
	struct delayed_work repair;
	unsigned int users;
	unsigned int depth;
	bool pi;
	struct iser_tgt_conn_group conns;
};

/* Only configfs takes it, never a CM callback. */
static DEFINE_MUTEX(iser_tgt_listener_mutex);
/* Addresses are added and removed in interrupts as well. */
static DEFINE_SPINLOCK(iser_tgt_listeners_lock);
/* Changed under both, read under either. */
static LIST_HEAD(iser_tgt_listeners);

static int iser_tgt_listener_event(struct rdma_cm_id *cm_id,
				   struct rdma_cm_event *event)
{
	struct iser_tgt_listener *listener = cm_id->context;

	switch (event->event) {
	case RDMA_CM_EVENT_CONNECT_REQUEST:
		return iser_tgt_conn_request(cm_id, event, listener,
					     &listener->conns,
					     READ_ONCE(listener->depth),
					     READ_ONCE(listener->pi));
	case RDMA_CM_EVENT_ADDR_CHANGE:
		pr_warn("%pISpc: address changed, listening again\n",
			&listener->addr);
		queue_delayed_work(iser_tgt_misc_wq, &listener->repair, 0);
		return 0;
	case RDMA_CM_EVENT_DEVICE_REMOVAL:
		pr_warn("%pISpc: device removed, waiting for another\n",
			&listener->addr);
		WRITE_ONCE(listener->error, -ENODEV);
		queue_delayed_work(iser_tgt_misc_wq, &listener->repair,
				   ISER_TGT_REPAIR_DELAY);
		/*
		 * If another context has taken the identifier, or is beginning
		 * to listen with it, that context destroys it.
		 */
		return cmpxchg(&listener->cm_id, cm_id, NULL) == cm_id ||
		       cmpxchg(&listener->cm_id_ipv4, cm_id, NULL) == cm_id;
	default:
		pr_info_ratelimited("%pISpc: CM event %d ignored: %s\n",
				    &listener->addr, event->event,
				    rdma_event_msg(event->event));
		return 0;
	}
}

static int iser_tgt_listen_at(struct iser_tgt_listener *listener,
			      struct sockaddr_storage *addr,
			      struct rdma_cm_id **result)
{
	struct rdma_cm_id *cm_id;
	int ret;

	cm_id = rdma_create_id(listener->net, iser_tgt_listener_event, listener,
			       RDMA_PS_TCP, IB_QPT_RC);
	if (IS_ERR(cm_id))
		return PTR_ERR(cm_id);

	if (addr->ss_family == AF_INET6) {
		ret = rdma_set_afonly(cm_id, 1);
		if (ret)
			goto destroy;
	}

	ret = rdma_bind_addr(cm_id, (struct sockaddr *)addr);
	/* Also the CM's error when the port of a wildcard address is in use. */
	if (ret == -EADDRNOTAVAIL && iser_tgt_addr_local(listener->net, addr))
		ret = -EADDRINUSE;
	if (ret)
		goto destroy;

	ret = rdma_listen(cm_id, ISER_TGT_BACKLOG);
	if (ret)
		goto destroy;

	/* The identifier listens by the time that others find it here. */
	smp_store_release(result, cm_id);
	return 0;

destroy:
	rdma_destroy_id(cm_id);
	return ret;
}

/* No connection request is in its handler after this, or will be. */
static void iser_tgt_unlisten_at(struct rdma_cm_id **which)
{
	struct rdma_cm_id *cm_id = xchg(which, NULL);

	if (cm_id)
		rdma_destroy_id(cm_id);
}

static void iser_tgt_unlisten(struct iser_tgt_listener *listener)
{
	iser_tgt_unlisten_at(&listener->cm_id_ipv4);
	iser_tgt_unlisten_at(&listener->cm_id);
}

static int iser_tgt_listen(struct iser_tgt_listener *listener)
{
	struct sockaddr_storage ipv4 = {};
	int ret;

	ret = iser_tgt_listen_at(listener, &listener->addr, &listener->cm_id);
	if (ret || listener->addr.ss_family != AF_INET6 ||
	    !iser_tgt_addr_any(&listener->addr))
		return ret;

	/*
	 * [::] serves IPv4 as well, as administrators of TCP targets expect.
	 * One identifier could do both, but on iWARP the CM rejects IPv4
	 * connections to it.
	 */
	ipv4.ss_family = AF_INET;
	((struct sockaddr_in *)&ipv4)->sin_port =
		((struct sockaddr_in6 *)&listener->addr)->sin6_port;
	ret = iser_tgt_listen_at(listener, &ipv4, &listener->cm_id_ipv4);
	if (ret)
		iser_tgt_unlisten(listener);
	return ret;
}

/**
 * iser_tgt_listener_strerror - describe the state of a portal
 * @error: 0 or a negative errno of iser_tgt_listener_get()
 *
 * Return: a few words.
 */
const char *iser_tgt_listener_strerror(int error)
{
	switch (error) {
	case 0:
		return "listening";
	case -EADDRNOTAVAIL:
		return "waiting: address";
	case -ENODEV:
		return "waiting: device";
	case -EADDRINUSE:
		return "error: port in use";
	default:
		return "error";
	}
}

static void iser_tgt_listener_repair(struct work_struct *work)
{
	struct iser_tgt_listener *listener =
		container_of(to_delayed_work(work), struct iser_tgt_listener,
			     repair);
	int ret;

	if (READ_ONCE(listener->stopping))
		return;
	if (!READ_ONCE(listener->started)) {
		queue_delayed_work(iser_tgt_misc_wq, &listener->repair,
				   ISER_TGT_REPAIR_DELAY);
		return;
	}

	iser_tgt_unlisten(listener);
	ret = iser_tgt_listen(listener);
	if (ret)
		queue_delayed_work(iser_tgt_misc_wq, &listener->repair,
				   ISER_TGT_REPAIR_DELAY);
	if (!ret || ret != listener->error)
		pr_info("%pISpc: %s (%d)\n", &listener->addr,
			iser_tgt_listener_strerror(ret), ret);
	WRITE_ONCE(listener->error, ret);
}

/**
 * iser_tgt_listeners_check - an address was added or removed
 * @net: its network namespace
 * @addr: the address; its port and scope are ignored
 *
 * Listens again on this address; it may have moved to another device.
 *
 * Context: any, also interrupts.
 */
void iser_tgt_listeners_check(struct net *net, struct sockaddr_storage *addr)
{
	struct iser_tgt_listener *listener;

	spin_lock_bh(&iser_tgt_listeners_lock);
	list_for_each_entry(listener, &iser_tgt_listeners, entry)
		if (net_eq(listener->net, net) &&
		    iser_tgt_addr_same_host(&listener->addr, addr))
			mod_delayed_work(iser_tgt_misc_wq, &listener->repair, 0);
	spin_unlock_bh(&iser_tgt_listeners_lock);
}

/* Errors that may end by themselves: an address or a device may be added. */
static bool iser_tgt_listen_later(int error)
{
	return error == -EADDRNOTAVAIL || error == -ENODEV;
}

static bool iser_tgt_listener_idle(struct iser_tgt_listener *listener)
{
	bool idle;

	spin_lock(&iser_tgt_conn_lock);
	idle = list_empty(&listener->conns.conns);
	spin_unlock(&iser_tgt_conn_lock);

	return idle;
}

/* Holds the mutex. No connection is accepted here after this. */
static void iser_tgt_listener_stop(struct iser_tgt_listener *listener)
{
	spin_lock_bh(&iser_tgt_listeners_lock);
	list_del(&listener->entry);
	spin_unlock_bh(&iser_tgt_listeners_lock);
	WRITE_ONCE(listener->stopping, true);
	cancel_delayed_work_sync(&listener->repair);
	iser_tgt_unlisten(listener);
	/* A handler may have queued it meanwhile; it returns at once. */
	cancel_delayed_work_sync(&listener->repair);
}

/* Closes the connections. Does not hold the mutex: this may take long. */
static void iser_tgt_listener_free(struct iser_tgt_listener *listener)
{
	struct iser_tgt_conn *conn;

	spin_lock(&iser_tgt_conn_lock);
	list_for_each_entry(conn, &listener->conns.conns, group_entry)
		iser_tgt_conn_close(conn, "portal removed");
	spin_unlock(&iser_tgt_conn_lock);

	iser_tgt_wait_event(listener->conns.idle,
			    iser_tgt_listener_idle(listener),
			    "connections to %pISpc\n", &listener->addr);
	put_net(listener->net);
	kfree(listener);

	mutex_lock(&iser_tgt_listener_mutex);
	if (list_empty(&iser_tgt_listeners))
		iser_tgt_client_idle();
	mutex_unlock(&iser_tgt_listener_mutex);
}

/**
 * iser_tgt_listener_get - listen on an address
 * @addr: IPv4 or IPv6 address and port; the caller's network namespace
 * @depth: commands a connection may have in flight, if it is new
 *
 * If the address or its device does not exist yet, it is retried in the
 * background.
 *
 * Context: may sleep, process of the administrator.
 * Return: the listener, shared by all portals of the address, or an ERR_PTR().
 */
struct iser_tgt_listener *
iser_tgt_listener_get(const struct sockaddr_storage *addr, unsigned int depth)
{
	struct net *net = current->nsproxy->net_ns;
	struct iser_tgt_listener *listener;
	int ret;

	mutex_lock(&iser_tgt_listener_mutex);
	list_for_each_entry(listener, &iser_tgt_listeners, entry) {
		if (net_eq(listener->net, net) &&
		    iser_tgt_addr_equal(&listener->addr, addr)) {
			listener->users++;
			goto unlock;
		}
	}

	listener = kzalloc_obj(*listener, GFP_KERNEL);
	if (!listener) {
		listener = ERR_PTR(-ENOMEM);
		goto unlock;
	}

	listener->addr = *addr;
	listener->net = get_net(net);
	listener->users = 1;
	listener->depth = depth;
	INIT_LIST_HEAD(&listener->conns.conns);
	init_waitqueue_head(&listener->conns.idle);

	INIT_DELAYED_WORK(&listener->repair, iser_tgt_listener_repair);
	/* An address that moves from now on is not missed. */
	spin_lock_bh(&iser_tgt_listeners_lock);
	list_add_tail(&listener->entry, &iser_tgt_listeners);
	spin_unlock_bh(&iser_tgt_listeners_lock);

	ret = iser_tgt_listen(listener);
	/* The handler has set it if the device was removed meanwhile. */
	if (ret && READ_ONCE(listener->error))
		ret = listener->error;
	if (iser_tgt_listen_later(ret)) {
		WRITE_ONCE(listener->error, ret);
		queue_delayed_work(iser_tgt_misc_wq, &listener->repair,
				   ISER_TGT_REPAIR_DELAY);
	} else if (ret) {
		iser_tgt_listener_stop(listener);
		mutex_unlock(&iser_tgt_listener_mutex);
		/* One half of [::] may have accepted a connection. */
		iser_tgt_listener_free(listener);
		return ERR_PTR(ret);
	}
	WRITE_ONCE(listener->started, true);

unlock:
	mutex_unlock(&iser_tgt_listener_mutex);
	return listener;
}

/**
 * iser_tgt_listener_put - a portal of this address was removed
 * @listener: from iser_tgt_listener_get()
 *
 * After the last one, connections that came in here are closed.
 *
 * Context: may sleep.
 */
void iser_tgt_listener_put(struct iser_tgt_listener *listener)
{
	bool last;

	mutex_lock(&iser_tgt_listener_mutex);
	last = !--listener->users;
	if (last)
		iser_tgt_listener_stop(listener);
	mutex_unlock(&iser_tgt_listener_mutex);

	if (last)
		iser_tgt_listener_free(listener);
}

/**
 * iser_tgt_listener_set - what queue pairs of new connections must support
 * @listener: the listener
 * @depth: commands in flight
 * @pi: protection information
 */
void iser_tgt_listener_set(struct iser_tgt_listener *listener,
			   unsigned int depth, bool pi)
{
	WRITE_ONCE(listener->depth, depth);
	WRITE_ONCE(listener->pi, pi);
}

/**
 * iser_tgt_listener_state - state of a portal
 * @listener: the listener
 *
 * Return: a few words for the administrator.
 */
const char *iser_tgt_listener_state(struct iser_tgt_listener *listener)
{
	return iser_tgt_listener_strerror(READ_ONCE(listener->error));
}
