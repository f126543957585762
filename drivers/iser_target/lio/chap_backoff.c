// SPDX-License-Identifier: GPL-2.0
/*
 * Guesses of CHAP secrets: the more were wrong, the longer the next one takes.
 * The delay applies to one address and initiator name. Answers to challenges
 * take turns, so that parallel logins gain nothing.
 */

#include <linux/in6.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/once.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "../iscsi/login.h"
#include "../rdma/rdma.h"
#include "chap_backoff.h"
#include "session.h"

/* Wrong answers in a row before the first delay, and the longest one. */
#define ISER_TGT_BACKOFF_FREE	5
#define ISER_TGT_BACKOFF_FIRST	(HZ / 8)
#define ISER_TGT_BACKOFF_MAX	(2 * HZ)
/* How often a login that waits looks whether it still has to. */
#define ISER_TGT_BACKOFF_LOOK	(HZ / 4)
/* Initiators remembered. */
#define ISER_TGT_BACKOFF_PEERS	256

/**
 * struct iser_tgt_backoff - an initiator that has given wrong answers
 * @id: hash of its address and name
 * @wrong: wrong answers in a row, 0 if the entry is unused
 * @turn: the last turn it was given, jiffies
 */
struct iser_tgt_backoff {
	u64 id;
	unsigned int wrong;
	unsigned long turn;
};

static DEFINE_SPINLOCK(iser_tgt_backoff_lock);
static struct iser_tgt_backoff iser_tgt_backoffs[ISER_TGT_BACKOFF_PEERS];

static u64 iser_tgt_backoff_id(const struct iser_tgt_session *sess)
{
	const struct iser_tgt_login *login = &sess->login_mem->login;
	static siphash_key_t key __read_mostly;
	struct {
		struct in6_addr addr;
		char name[ISER_TGT_NAME_MAX + 1];
	} peer = {};

	get_random_once(&key, sizeof(key));
	peer.addr = iser_tgt_addr_v6(iser_tgt_conn_peer(sess->conn));
	strscpy(peer.name, login->initiator, sizeof(peer.name));
	return siphash(&peer, sizeof(peer), &key);
}

/* The entry of an initiator, or NULL. */
static struct iser_tgt_backoff *iser_tgt_backoff_find(u64 id)
{
	unsigned int i;

	for (i = 0; i < ISER_TGT_BACKOFF_PEERS; i++)
		if (iser_tgt_backoffs[i].wrong && iser_tgt_backoffs[i].id == id)
			return &iser_tgt_backoffs[i];

	return NULL;
}

/* An unused entry, or the one whose initiator has been quiet for longest. */
static struct iser_tgt_backoff *iser_tgt_backoff_new(u64 id)
{
	struct iser_tgt_backoff *entry = &iser_tgt_backoffs[0];
	unsigned int i;

	for (i = 0; i < ISER_TGT_BACKOFF_PEERS && entry->wrong; i++)
		if (!iser_tgt_backoffs[i].wrong ||
		    time_before(iser_tgt_backoffs[i].turn, entry->turn))
			entry = &iser_tgt_backoffs[i];

	*entry = (struct iser_tgt_backoff) { .id = id, .turn = jiffies };
	return entry;
}

static unsigned long iser_tgt_backoff_delay(unsigned int wrong)
{
	if (wrong < ISER_TGT_BACKOFF_FREE)
		return 0;
	return min_t(unsigned long, ISER_TGT_BACKOFF_MAX,
		     (unsigned long)ISER_TGT_BACKOFF_FIRST <<
		     min(wrong - ISER_TGT_BACKOFF_FREE, 10U));
}

/* Takes the initiator's next turn. */
static void iser_tgt_backoff_turn(struct iser_tgt_login_mem *mem, u64 id)
{
	struct iser_tgt_backoff *entry;

	mem->backoff_until = jiffies;
	spin_lock(&iser_tgt_backoff_lock);
	entry = iser_tgt_backoff_find(id);
	mem->backoff_delay = entry ? iser_tgt_backoff_delay(entry->wrong) : 0;
	if (mem->backoff_delay) {
		if (time_before(entry->turn, jiffies))
			entry->turn = jiffies;
		entry->turn += mem->backoff_delay;
		mem->backoff_until = entry->turn;
	}
	spin_unlock(&iser_tgt_backoff_lock);
}

/*
 * Gives a turn back that was not used, or logins that give up before theirs would
 * keep the right answer from being looked at.
 */
static void iser_tgt_backoff_return(struct iser_tgt_login_mem *mem, u64 id)
{
	struct iser_tgt_backoff *entry;

	spin_lock(&iser_tgt_backoff_lock);
	entry = iser_tgt_backoff_find(id);
	if (entry)
		entry->turn -= mem->backoff_delay;
	spin_unlock(&iser_tgt_backoff_lock);
	mem->backoff_delay = 0;
}

/* Whether a right answer has ended the delays of the initiator. */
static bool iser_tgt_backoff_cleared(u64 id)
{
	bool cleared;

	spin_lock(&iser_tgt_backoff_lock);
	cleared = !iser_tgt_backoff_find(id);
	spin_unlock(&iser_tgt_backoff_lock);
	return cleared;
}

/**
 * iser_tgt_backoff_wait - must the answer to a challenge wait for its turn
 * @sess: the session, its login awaits a CHAP response
 *
 * Context: the connection's worker.
 * Return: true if so; the worker is kicked when the time has come, and now and
 * then before, since another session's right answer ends the wait.
 */
bool iser_tgt_backoff_wait(struct iser_tgt_session *sess)
{
	struct iser_tgt_login_mem *mem = sess->login_mem;
	u64 id = iser_tgt_backoff_id(sess);
	long left;

	if (!mem->backoff_asked) {
		mem->backoff_asked = true;
		iser_tgt_backoff_turn(mem, id);
	}
	left = mem->backoff_until - jiffies;
	if (left <= 0 || iser_tgt_backoff_cleared(id))
		return false;

	queue_delayed_work(iser_tgt_misc_wq, &mem->backoff,
			   min_t(long, left, ISER_TGT_BACKOFF_LOOK));
	return true;
}

/**
 * iser_tgt_backoff_verdict - an answer to a challenge was looked at
 * @sess: the session
 * @ok: it was right
 *
 * Context: the connection's worker.
 */
void iser_tgt_backoff_verdict(struct iser_tgt_session *sess, bool ok)
{
	u64 id = iser_tgt_backoff_id(sess);
	struct iser_tgt_backoff *entry;

	sess->login_mem->backoff_delay = 0;
	spin_lock(&iser_tgt_backoff_lock);
	entry = iser_tgt_backoff_find(id);
	if (ok && entry)
		entry->wrong = 0;
	if (!ok) {
		if (!entry)
			entry = iser_tgt_backoff_new(id);
		entry->wrong++;
	}
	spin_unlock(&iser_tgt_backoff_lock);
}

static void iser_tgt_backoff_over(struct work_struct *work)
{
	struct iser_tgt_login_mem *mem =
		container_of(to_delayed_work(work), struct iser_tgt_login_mem,
			     backoff);
	struct iser_tgt_session *sess = mem->login.priv;

	iser_tgt_conn_kick(sess->conn);
}

/**
 * iser_tgt_backoff_init - initialize what a login needs here
 * @sess: the session, with its login memory
 */
void iser_tgt_backoff_init(struct iser_tgt_session *sess)
{
	INIT_DELAYED_WORK(&sess->login_mem->backoff, iser_tgt_backoff_over);
}

/**
 * iser_tgt_backoff_cancel - the login is over
 * @sess: the session, with its login memory
 *
 * Context: may sleep.
 */
void iser_tgt_backoff_cancel(struct iser_tgt_session *sess)
{
	struct iser_tgt_login_mem *mem = sess->login_mem;

	cancel_delayed_work_sync(&mem->backoff);
	if (mem->backoff_delay)
		iser_tgt_backoff_return(mem, iser_tgt_backoff_id(sess));
}
