// SPDX-License-Identifier: GPL-2.0
/* The start of a session at the end of its login. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <target/target_core_fabric.h>

#include "../rdma/rdma.h"
#include "cleared.h"
#include "cmd.h"
#include "ends.h"
#include "login_limit.h"
#include "protection.h"
#include "session.h"
#include "session_start.h"
#include "tpg.h"

/* A discovery session that takes longer has to begin again. */
#define ISER_TGT_DISCOVERY_MAX	(60 * HZ)

static atomic_t iser_tgt_next_sid;

/* RFC 7143 6.3.5: the same initiator port logs in again. */
static struct iser_tgt_session *
iser_tgt_session_same(struct iser_tgt_session *sess)
{
	struct iser_tgt_session *old;

	list_for_each_entry(old, &sess->tpg->sessions, entry)
		if (old != sess && old->live &&
		    !memcmp(old->isid, sess->isid, sizeof(sess->isid)) &&
		    !strcmp(old->initiator, sess->initiator))
			return old;

	return NULL;
}

/*
 * Whether the limits leave a place for one more, 0 or a negative errno. Counted and
 * taken in one go: of two that meet at the last place one gets it. Holds tpg->lock.
 */
static int iser_tgt_session_place(const struct iser_tgt_session *sess)
{
	const struct iser_tgt_tpg_attrib *attrib = &sess->tpg->attrib;
	u32 limit = READ_ONCE(attrib->sessions_per_initiator);
	u32 limit_all = READ_ONCE(attrib->max_sessions);
	const struct iser_tgt_session *other;
	u32 nr = 0, all = 0;

	list_for_each_entry(other, &sess->tpg->sessions, entry) {
		if (!other->live)
			continue;
		all++;
		if (!strcmp(other->initiator, sess->initiator))
			nr++;
	}
	if (limit && nr >= limit)
		return -EUSERS;
	return limit_all && all >= limit_all ? -EDQUOT : 0;
}

/**
 * iser_tgt_session_replaces - close the session that a login replaces
 * @sess: the future session, its login completed
 *
 * Of several simultaneous logins the last one wins. The old session may take
 * as long as its backstore to end, and the number of workers is limited: the
 * login does not wait, but is called again by iser_tgt_conn_kick().
 *
 * Context: the connection's worker.
 * Return: true if there still is one; it is closing.
 */
bool iser_tgt_session_replaces(struct iser_tgt_session *sess)
{
	struct iser_tgt_tpg *tpg = sess->tpg;
	struct iser_tgt_session *old;

	memcpy(sess->isid, sess->login_mem->login.isid, sizeof(sess->isid));
	spin_lock(&tpg->lock);
	old = iser_tgt_session_same(sess);
	if (old) {
		iser_tgt_conn_close(old->conn, "session reinstated");
	} else {
		sess->place = iser_tgt_session_place(sess);
		sess->live = !sess->place;
	}
	sess->entering = old;
	spin_unlock(&tpg->lock);

	return old;
}

/*
 * Removing an ACL closes the sessions already registered with it and then waits
 * for the remaining references. A session that registers after that scan must
 * notice it and back out.
 */
static bool iser_tgt_session_acl_gone(struct iser_tgt_session *sess)
{
	struct se_node_acl *nacl;

	nacl = core_tpg_get_initiator_node_acl(&sess->tpg->se_tpg,
					       sess->initiator);
	if (nacl)
		target_put_nacl(nacl);

	return nacl != sess->se_sess->se_node_acl;
}

/*
 * target_shutdown_sessions() calls ->close_session() once per session. If that
 * was before the session was in iser_tgt_all_sessions, the call found nothing.
 */
static bool iser_tgt_session_asked_to_go(const struct se_session *se_sess)
{
	struct se_node_acl *nacl = se_sess->se_node_acl;
	unsigned long flags;
	bool asked;

	spin_lock_irqsave(&nacl->nacl_sess_lock, flags);
	asked = list_empty(&se_sess->sess_acl_list);
	spin_unlock_irqrestore(&nacl->nacl_sess_lock, flags);

	return asked;
}

static int iser_tgt_session_start_normal(struct iser_tgt_session *sess)
{
	struct iser_tgt_conn *conn = sess->conn;
	struct iser_tgt_tpg *tpg = sess->tpg;
	struct se_session *se_sess;
	int ret;

	if (sess->place)
		return sess->place;
	ret = iser_tgt_cleared_take(sess);
	if (ret)
		return ret;

	mutex_lock(&tpg->core_mutex);
	se_sess = target_setup_session(&tpg->se_tpg, 0, 0,
				       iser_tgt_prot_ops(sess),
				       sess->initiator, sess, NULL);
	mutex_unlock(&tpg->core_mutex);
	if (IS_ERR(se_sess))
		return PTR_ERR(se_sess);

	spin_lock(&tpg->lock);
	sess->se_sess = se_sess;
	/* A connection that is reinstated keeps it. RFC 7143 4.4.3: never 0 */
	sess->tsih = sess->login_mem->login.tsih;
	if (!sess->tsih && !++tpg->tsih)
		tpg->tsih++;
	if (!sess->tsih)
		sess->tsih = tpg->tsih;
	spin_unlock(&tpg->lock);

	spin_lock(&iser_tgt_sessions_lock);
	list_add_tail(&sess->all_entry, &iser_tgt_all_sessions);
	spin_unlock(&iser_tgt_sessions_lock);

	if (iser_tgt_session_acl_gone(sess))
		return -EACCES;
	if (iser_tgt_session_asked_to_go(se_sess)) {
		iser_tgt_conn_close(conn, "closed by the core");
		return -ECANCELED;
	}

	sess->depth = clamp_t(u32, se_sess->se_node_acl->queue_depth, 1,
			      iser_tgt_conn_depth(conn));
	ret = iser_tgt_cmds_alloc(sess);
	if (ret)
		return ret;

	ret = iser_tgt_prot_alloc(sess);
	if (ret)
		return ret;

	ret = iser_tgt_window_start(conn, sess->depth);
	if (ret)
		return ret;

	/* Its memory is allocated when a text is received. */
	iser_tgt_exchange_init(&sess->exchange, NULL, ISER_TGT_FFP_TEXT_MAX,
			       ISER_TGT_FFP_DATA_MAX);
	return 0;
}

/*
 * A wildcard portal has one listener for all addresses. To the initiator each
 * address is a portal of its own.
 */
static bool iser_tgt_same_portal(const struct iser_tgt_conn *a,
				 const struct iser_tgt_conn *b)
{
	return iser_tgt_conn_listener(a) == iser_tgt_conn_listener(b) &&
	       iser_tgt_addr_same_host(iser_tgt_conn_local(a),
				       iser_tgt_conn_local(b));
}

/*
 * RFC 7143 7.4.2: a discovery session is replaced by one of the same portal, or
 * of the same target if it has named one.
 */
static bool iser_tgt_same_nexus(const struct iser_tgt_session *a,
				const struct iser_tgt_session *b)
{
	const char *target = a->login_mem->login.target;

	return !strcmp(target, b->login_mem->login.target) &&
	       (target[0] || iser_tgt_same_portal(a->conn, b->conn)) &&
	       !memcmp(a->isid, b->isid, sizeof(a->isid)) &&
	       !strcmp(a->initiator, b->initiator);
}

static void iser_tgt_session_start_discovery(struct iser_tgt_session *sess)
{
	struct iser_tgt_session *old;

	/* Not looked up: no other connection can join. */
	sess->tsih = (u16)sess->sid ?: 1;
	sess->depth = 1;
	iser_tgt_window_discovery(sess->conn);
	iser_tgt_exchange_init(&sess->exchange, sess->login_mem->in,
			       sizeof(sess->login_mem->in),
			       min_t(u32, ISER_TGT_LOGIN_DATA_MAX,
				     sess->keys.max_recv_dsl));

	spin_lock(&iser_tgt_sessions_lock);
	list_for_each_entry(old, &iser_tgt_all_sessions, all_entry)
		if (old->discovery && iser_tgt_same_nexus(old, sess))
			iser_tgt_conn_close(old->conn, "session reinstated");
	list_add_tail(&sess->all_entry, &iser_tgt_all_sessions);
	spin_unlock(&iser_tgt_sessions_lock);
}

/**
 * iser_tgt_session_start - allocate and register what a session needs
 * @sess: the session; no session is left that it replaces
 *
 * RFC 7145 5.1.2: after the initiator has been authenticated, before the final
 * Login Response. On failure everything is freed with the connection.
 *
 * Context: the connection's worker, may sleep.
 * Return: 0, -EACCES if the initiator has no ACL any more, -EUSERS if it has
 * reached its limit of sessions, -EDQUOT if the portal group has, -ENOSPC
 * without receive buffers, -ENOMEM, -ECANCELED if the core has closed the
 * session meanwhile.
 */
int iser_tgt_session_start(struct iser_tgt_session *sess)
{
	const struct iser_tgt_login *login = &sess->login_mem->login;
	struct iser_tgt_conn *conn = sess->conn;
	int ret;

	sess->keys = login->result;
	sess->cid = login->cid;
	memcpy(sess->isid, login->isid, sizeof(sess->isid));
	strscpy(sess->alias, login->alias, sizeof(sess->alias));
	sess->authenticated = login->authenticated;
	sess->discovery = login->discovery;
	sess->sid = atomic_inc_return(&iser_tgt_next_sid);

	if (sess->discovery) {
		iser_tgt_session_start_discovery(sess);
	} else {
		ret = iser_tgt_session_start_normal(sess);
		if (ret)
			return ret;
	}

	/* The final Login Response gets its StatSN when it is posted. */
	iser_tgt_conn_set_number(conn, sess->sid);
	iser_tgt_conn_set_live(conn, login->stat_sn - 1, login->exp_cmd_sn,
			       !sess->discovery);
	/* Discovery may need no authentication: it still counts as a login. */
	if (sess->discovery)
		iser_tgt_conn_set_deadline(conn, ISER_TGT_DISCOVERY_MAX,
					   "discovery timeout");
	else
		iser_tgt_login_ends(sess);
	if (iser_tgt_name_check_strict(sess->initiator))
		pr_info_ratelimited("%pISpc (%s): RFC 7143 4.2.7 does not allow this initiator name\n",
				    iser_tgt_conn_peer(conn), sess->initiator);
	sess->hello_due = !sess->discovery && sess->keys.hello_required;
	sess->hello_may = !sess->discovery &&
			  !iser_tgt_login_named_hello(login);
	sess->since = jiffies;
	/* Pairs with the acquires in sessions_show.c. */
	smp_store_release(&sess->ffp, true);
	iser_tgt_session_began(sess);
	return 0;
}
