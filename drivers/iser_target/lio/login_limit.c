// SPDX-License-Identifier: GPL-2.0
/*
 * Limits on resources of connections that have not logged in: RFC 7145 section
 * 11. A connection counts from its request until it has logged in to a normal
 * session or is freed.
 */

#include <linux/module.h>
#include <linux/in6.h>
#include <linux/once.h>
#include <linux/seq_file.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <net/ipv6.h>

#include "../iscsi/login.h"
#include "../iscsi/pdu.h"
#include "../rdma/rdma.h"
#include "login_limit.h"
#include "refusals.h"
#include "session.h"

static unsigned int max_pending_logins = 1024;
module_param(max_pending_logins, uint, 0644);
MODULE_PARM_DESC(max_pending_logins,
		 "connections that have not logged in yet, or only to discover, all together");

static unsigned int max_pending_logins_per_peer = 256;
module_param(max_pending_logins_per_peer, uint, 0644);
MODULE_PARM_DESC(max_pending_logins_per_peer,
		 "connections that have not logged in yet, or only to discover, of one address");

static unsigned int max_pending_login_mib = 256;
module_param(max_pending_login_mib, uint, 0644);
MODULE_PARM_DESC(max_pending_login_mib,
		 "MiB that connections which have not logged in may take, all together, about");

static unsigned int login_rate_per_peer = 100;
module_param(login_rate_per_peer, uint, 0644);
MODULE_PARM_DESC(login_rate_per_peer,
		 "logins that one address may begin, per second on average over ten; 0 for any");

static unsigned int login_text_max = ISER_TGT_LOGIN_TEXT_MAX;
module_param(login_text_max, uint, 0644);
MODULE_PARM_DESC(login_text_max,
		 "bytes of text a login may gather over several requests, 8192 to 16384");

/* Memory of a login's response: a page of headers, and its text. */
#define ISER_TGT_LOGIN_TX_BYTES		\
	(PAGE_SIZE + PAGE_ALIGN(ISER_TGT_LOGIN_DATA_MAX))
/* Seconds over which the rate is averaged. */
#define ISER_TGT_RATE_WINDOW	10
/*
 * Peers remembered, in sets that are chosen by a keyed hash: a peer must not be
 * able to select the set of another, and evict it.
 */
#define ISER_TGT_RATE_SETS	64
#define ISER_TGT_RATE_WAYS	4

/**
 * struct iser_tgt_rate - login rate of a peer
 * @addr: address of the peer
 * @start: start of the current interval, jiffies
 * @begun: logins since then that were not refused for a limit; 0 if unused
 */
struct iser_tgt_rate {
	struct in6_addr addr;
	unsigned long start;
	u64 begun;
};

static DEFINE_SPINLOCK(iser_tgt_limits_lock);
static LIST_HEAD(iser_tgt_pending);
static unsigned int iser_tgt_nr_pending;
static size_t iser_tgt_pending_bytes;
static struct iser_tgt_rate
iser_tgt_rates[ISER_TGT_RATE_SETS][ISER_TGT_RATE_WAYS];

static bool iser_tgt_rate_over(const struct iser_tgt_rate *rate)
{
	return !rate->begun ||
	       time_after(jiffies, rate->start + ISER_TGT_RATE_WINDOW * HZ);
}

/* A new peer takes the entry that has expired, or is the oldest of its set. */
static struct iser_tgt_rate *
iser_tgt_rate_of(const struct sockaddr_storage *peer)
{
	static siphash_key_t key __read_mostly;
	struct in6_addr addr = iser_tgt_addr_v6(peer);
	struct iser_tgt_rate *set, *entry;
	unsigned int i;

	get_random_once(&key, sizeof(key));
	set = iser_tgt_rates[siphash(&addr, sizeof(addr), &key) %
			     ISER_TGT_RATE_SETS];
	entry = set;
	for (i = 0; i < ISER_TGT_RATE_WAYS; i++) {
		if (set[i].begun && ipv6_addr_equal(&set[i].addr, &addr)) {
			entry = &set[i];
			goto found;
		}
		if (!iser_tgt_rate_over(entry) &&
		    (iser_tgt_rate_over(&set[i]) ||
		     time_before(set[i].start, entry->start)))
			entry = &set[i];
	}
	entry->addr = addr;
	entry->begun = 0;
found:
	if (iser_tgt_rate_over(entry)) {
		entry->start = jiffies;
		entry->begun = 0;
	}
	return entry;
}

static bool iser_tgt_rate_ok(const struct iser_tgt_rate *rate)
{
	unsigned int limit = READ_ONCE(login_rate_per_peer);

	return !limit || rate->begun < (u64)limit * ISER_TGT_RATE_WINDOW;
}

/**
 * iser_tgt_login_memory - what a connection takes that has not logged in
 * @sess: the future session, or a discovery session
 *
 * Return: bytes, roughly; the queue pair included, text of SendTargets not.
 */
size_t iser_tgt_login_memory(const struct iser_tgt_session *sess)
{
	return iser_tgt_conn_login_memory(sess->conn) + sizeof(*sess) +
	       sizeof(*sess->login_mem) + ISER_TGT_LOGIN_TX_BYTES;
}

/* One login at a time is always possible, however low the limit is. */
static bool iser_tgt_login_fits(const struct iser_tgt_session *sess)
{
	u64 max = (u64)READ_ONCE(max_pending_login_mib) << 20;

	return !iser_tgt_nr_pending ||
	       iser_tgt_pending_bytes + iser_tgt_login_memory(sess) <= max;
}

/* Refused logins are not counted, so that a peer that retries succeeds. */
static const char *iser_tgt_limit_hit(const struct iser_tgt_session *new)
{
	const struct sockaddr_storage *peer = iser_tgt_conn_peer(new->conn);
	struct iser_tgt_rate *rate = iser_tgt_rate_of(peer);
	struct iser_tgt_session *sess;
	unsigned int same = 0;

	if (!iser_tgt_rate_ok(rate))
		return "login rate of this address exceeded (login_rate_per_peer)";
	if (iser_tgt_nr_pending >= READ_ONCE(max_pending_logins))
		return "too many pending logins (max_pending_logins)";
	if (!iser_tgt_login_fits(new))
		return "pending logins take too much memory (max_pending_login_mib)";
	list_for_each_entry(sess, &iser_tgt_pending, pending_entry)
		if (iser_tgt_addr_same_host(iser_tgt_conn_peer(sess->conn),
					    peer))
			same++;
	if (same >= READ_ONCE(max_pending_logins_per_peer))
		return "too many pending logins of this address (max_pending_logins_per_peer)";

	rate->begun++;
	return NULL;
}

/**
 * iser_tgt_login_begins - count a connection request, unless a limit is reached
 * @sess: the future session
 *
 * Context: any but interrupts.
 * Return: 0, or -EBUSY with the refusal recorded.
 */
int iser_tgt_login_begins(struct iser_tgt_session *sess)
{
	const char *reason;

	spin_lock(&iser_tgt_limits_lock);
	reason = iser_tgt_limit_hit(sess);
	if (!reason) {
		list_add_tail(&sess->pending_entry, &iser_tgt_pending);
		iser_tgt_nr_pending++;
		iser_tgt_pending_bytes += iser_tgt_login_memory(sess);
	}
	spin_unlock(&iser_tgt_limits_lock);

	if (!reason)
		return 0;
	iser_tgt_refused(iser_tgt_conn_peer(sess->conn), "", "", 0, reason);
	return -EBUSY;
}

/**
 * iser_tgt_login_ends - a login has succeeded or failed, count it no longer
 * @sess: the session; may be called more than once
 *
 * Context: any but interrupts.
 */
void iser_tgt_login_ends(struct iser_tgt_session *sess)
{
	spin_lock(&iser_tgt_limits_lock);
	if (!list_empty(&sess->pending_entry)) {
		list_del_init(&sess->pending_entry);
		iser_tgt_nr_pending--;
		iser_tgt_pending_bytes -= iser_tgt_login_memory(sess);
	}
	spin_unlock(&iser_tgt_limits_lock);
}

/**
 * iser_tgt_logins_each - call a function for each connection that is counted
 * @fn: the function; called under a spinlock
 * @data: argument of @fn
 *
 * Context: any but interrupts.
 */
void iser_tgt_logins_each(void (*fn)(const struct iser_tgt_session *sess,
				     void *data), void *data)
{
	struct iser_tgt_session *sess;

	spin_lock(&iser_tgt_limits_lock);
	list_for_each_entry(sess, &iser_tgt_pending, pending_entry)
		fn(sess, data);
	spin_unlock(&iser_tgt_limits_lock);
}

/**
 * iser_tgt_login_text_max - text that a login may collect
 *
 * Return: bytes, at least what RFC 7143 6.1 requires and at most the size of the
 * buffer.
 */
size_t iser_tgt_login_text_max(void)
{
	return clamp_t(size_t, READ_ONCE(login_text_max),
		       ISER_TGT_LOGIN_DATA_MAX, ISER_TGT_LOGIN_TEXT_MAX);
}

/**
 * iser_tgt_login_limit_show - print what is counted now
 * @m: the file
 */
void iser_tgt_login_limit_show(struct seq_file *m)
{
	const struct iser_tgt_session *sess;
	unsigned int nr;
	size_t bytes;

	spin_lock(&iser_tgt_limits_lock);
	nr = iser_tgt_nr_pending;
	bytes = iser_tgt_pending_bytes;
	list_for_each_entry(sess, &iser_tgt_pending, pending_entry)
		bytes += READ_ONCE(sess->answer_len);
	spin_unlock(&iser_tgt_limits_lock);

	seq_printf(m, "pending: %u of %u\nbytes: %zu\n", nr,
		   READ_ONCE(max_pending_logins), bytes);
}
