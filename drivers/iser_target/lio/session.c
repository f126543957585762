// SPDX-License-Identifier: GPL-2.0
/* Sessions: from the first login request to the last command. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>

#include "../wait.h"
#include "lio.h"
#include "waiting.h"

/* Sessions in full feature phase, those of discovery too. */
DEFINE_SPINLOCK(iser_tgt_sessions_lock);
LIST_HEAD(iser_tgt_all_sessions);

/* For the answers of discovery; one that needs longer may begin again. */
#define ISER_TGT_DISCOVERY_MAX	(60 * HZ)

static atomic_t iser_tgt_next_sid;

/**
 * iser_tgt_session_open - a peer connects
 * @conn: the connection
 *
 * Context: RDMA CM handler, may sleep.
 * Return: 0, -ENOMEM, or -EBUSY if a limit is reached.
 */
int iser_tgt_session_open(struct iser_tgt_conn *conn)
{
	struct iser_tgt_session *sess;
	int ret;

	sess = kvzalloc_node(sizeof(*sess), GFP_KERNEL,
			     iser_tgt_conn_node(conn));
	if (!sess)
		return -ENOMEM;

	sess->conn = conn;
	sess->since = jiffies;
	INIT_LIST_HEAD(&sess->entry);
	INIT_LIST_HEAD(&sess->all_entry);
	INIT_LIST_HEAD(&sess->pending_entry);
	iser_tgt_abort_set_init(sess);
	conn->upper = sess;
	ret = iser_tgt_login_begins(sess);
	if (ret) {
		kvfree(sess);
		return ret;
	}
	if (iser_tgt_login_alloc(sess)) {
		iser_tgt_session_free(conn);
		return -ENOMEM;
	}
	conn->who = sess->initiator;
	return 0;
}

/**
 * iser_tgt_session_free - the connection is gone
 * @conn: the connection
 *
 * Context: may sleep.
 */
void iser_tgt_session_free(struct iser_tgt_conn *conn)
{
	struct iser_tgt_session *sess = conn->upper;

	iser_tgt_login_ends(sess);
	iser_tgt_login_free(sess);
	iser_tgt_login_tx_free(conn, sess->ltx);
	kvfree(sess->cmds);
	kvfree(sess->sigs);
	iser_tgt_tx_pool_free(conn, &sess->tx_pool);
	kvfree(sess->answer);
	kvfree(sess);
}

static int iser_tgt_session_alloc_cmds(struct iser_tgt_session *sess)
{
	struct iser_tgt_conn *conn = sess->conn;
	struct iser_tgt_cmd *cmds;
	unsigned int i, nr;
	int ret;

	BUILD_BUG_ON(sizeof(struct iser_tgt_cmd) - sizeof(struct se_cmd) -
		     sizeof(struct rdma_rw_ctx) > ISER_TGT_CMD_SIZE_MAX);

	BUILD_BUG_ON(ISER_TGT_CMD_OWN > ISER_TGT_SEND_OWN);

	nr = iser_tgt_conn_sends(sess->depth);
	sess->nr_cmds = nr - ISER_TGT_CMD_OWN;
	cmds = kvzalloc_node(array_size(nr, sizeof(*cmds)), GFP_KERNEL,
			     iser_tgt_conn_node(conn));
	if (!cmds)
		return -ENOMEM;

	/* Pairs with the acquire of those who show them. */
	smp_store_release(&sess->cmds, cmds);
	ret = iser_tgt_tx_pool_alloc(conn, &sess->tx_pool, nr);
	if (ret)
		return ret;

	for (i = 0; i < nr; i++) {
		struct iser_tgt_cmd *cmd = &cmds[i];

		cmd->sess = sess;
		iser_tgt_tx_init(conn, &sess->tx_pool, i, &cmd->tx);
		if (i < sess->nr_cmds)
			llist_add(&cmd->free, &sess->given_back);
	}
	return 0;
}

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

/**
 * iser_tgt_session_replaces - does a login take the place of a session
 * @sess: the session to be, its login through
 *
 * Of several that log in at once, the last one stays. The old session may take
 * as long as its backstore to go, and there are as many workers as there are:
 * when it is gone, iser_tgt_conn_kick() has the login go on.
 *
 * Context: the connection's worker.
 * Return: true if there still is one; it is closing then.
 */
bool iser_tgt_session_replaces(struct iser_tgt_session *sess)
{
	struct iser_tgt_tpg *tpg = sess->tpg;
	struct iser_tgt_session *old;

	memcpy(sess->isid, sess->mem->login.isid, sizeof(sess->isid));
	spin_lock(&tpg->lock);
	old = iser_tgt_session_same(sess);
	if (old)
		iser_tgt_conn_close(old->conn, "session reinstated");
	else
		sess->live = true;
	sess->entering = old;
	spin_unlock(&tpg->lock);

	return old;
}

/* Its own session to be is one of those counted. */
static int iser_tgt_session_one_too_many(struct iser_tgt_session *sess)
{
	const struct iser_tgt_tpg_attrib *attrib = &sess->tpg->attrib;
	u32 limit = READ_ONCE(attrib->sessions_per_initiator);
	u32 limit_all = READ_ONCE(attrib->max_sessions);
	struct iser_tgt_session *other;
	u32 nr = 0, all = 0;

	spin_lock(&sess->tpg->lock);
	list_for_each_entry(other, &sess->tpg->sessions, entry) {
		if (!other->live)
			continue;
		all++;
		if (!strcmp(other->initiator, sess->initiator))
			nr++;
	}
	spin_unlock(&sess->tpg->lock);

	if (limit && nr > limit)
		return -EUSERS;
	return limit_all && all > limit_all ? -EDQUOT : 0;
}

/*
 * An ACL that goes ends the sessions it finds at the core, and waits for those it
 * does not. So whoever comes in just then has to leave by himself.
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
 * Who ends an initiator's sessions finds them at the core, and each only once.
 * This one may not have been on our list yet when it was found.
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

	ret = iser_tgt_session_one_too_many(sess);
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
	/* RFC 7143 4.4.3: never 0 */
	if (!++tpg->tsih)
		tpg->tsih++;
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
			      conn->depth);
	ret = iser_tgt_session_alloc_cmds(sess);
	if (ret)
		return ret;

	ret = iser_tgt_prot_alloc(sess);
	if (ret)
		return ret;

	ret = iser_tgt_window_start(conn, sess->depth);
	if (ret)
		return ret;

	iser_tgt_exchange_init(&sess->exchange, sess->text_in,
			       sizeof(sess->text_in), ISER_TGT_FFP_DATA_MAX);
	return 0;
}

/* RFC 7143 7.4.2.1: a discovery session is replaced by ISID as well. */
static void iser_tgt_session_start_discovery(struct iser_tgt_session *sess)
{
	struct iser_tgt_session *old;

	/* Only ever identifies the session to itself. */
	sess->tsih = (u16)sess->sid ?: 1;
	sess->depth = 1;
	iser_tgt_window_discovery(sess->conn);
	iser_tgt_exchange_init(&sess->exchange, sess->mem->in,
			       sizeof(sess->mem->in),
			       min_t(u32, ISER_TGT_LOGIN_DATA_MAX,
				     sess->keys.max_recv_dsl));

	spin_lock(&iser_tgt_sessions_lock);
	list_for_each_entry(old, &iser_tgt_all_sessions, all_entry)
		if (old->discovery &&
		    old->conn->listener == sess->conn->listener &&
		    !memcmp(old->isid, sess->isid, sizeof(sess->isid)) &&
		    !strcmp(old->initiator, sess->initiator))
			iser_tgt_conn_close(old->conn, "session reinstated");
	list_add_tail(&sess->all_entry, &iser_tgt_all_sessions);
	spin_unlock(&iser_tgt_sessions_lock);
}

/**
 * iser_tgt_session_start - the login is through: get what the session needs
 * @sess: the session
 *
 * RFC 7145 5.1.2: after the initiator has shown who it is, before the final
 * Login Response. What was allocated goes with the connection on failure.
 *
 * Context: the connection's worker, may sleep. No session is left that this one
 * replaces.
 * Return: 0, -EACCES if the initiator may not enter after all, -EUSERS if it
 * has as many sessions as it may, -EDQUOT if the portal group has, -ENOSPC
 * without receive buffers, -ENOMEM, -ECANCELED if the core has asked the session
 * to go meanwhile.
 */
int iser_tgt_session_start(struct iser_tgt_session *sess)
{
	const struct iser_tgt_login *login = &sess->mem->login;
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

	/* StatSN of the final Login Response is put in when it is posted. */
	iser_tgt_conn_set_live(conn, login->stat_sn - 1, login->exp_cmd_sn,
			       !sess->discovery);
	/* Discovery may need no authentication: it counts as a login. */
	if (sess->discovery)
		iser_tgt_conn_set_deadline(conn, ISER_TGT_DISCOVERY_MAX,
					   "discovery not ended in time");
	else
		iser_tgt_login_ends(sess);
	sess->hello_due = !sess->discovery && sess->keys.hello_required;
	sess->since = jiffies;
	/* Pairs with the acquire of who shows it. */
	smp_store_release(&sess->ffp, true);
	pr_debug("%pISpc: %s logged in to %s, session %u\n", &conn->peer,
		 sess->initiator, sess->discovery ? "discovery" : login->target,
		 sess->sid);
	return 0;
}

/**
 * iser_tgt_session_late - the end of a connection takes long: which commands wait
 * @conn: the connection
 *
 * Context: may sleep.
 */
void iser_tgt_session_late(struct iser_tgt_conn *conn)
{
	struct iser_tgt_session *sess = conn->upper;
	/* Pairs with the release in iser_tgt_session_alloc_cmds(). */
	struct iser_tgt_cmd *cmds = smp_load_acquire(&sess->cmds);
	struct iser_tgt_waiting *waiting;
	unsigned int i;

	waiting = kzalloc_obj(*waiting, GFP_KERNEL);
	if (!waiting)
		return;

	for (i = 0; cmds && i < sess->nr_cmds; i++)
		iser_tgt_waiting_add(waiting, &cmds[i]);
	iser_tgt_waiting_print(waiting);
	kfree(waiting);
}

static bool iser_tgt_session_busy(const struct iser_tgt_session *sess)
{
	unsigned int i;

	for (i = 0; sess->cmds && i < sess->nr_cmds; i++)
		if (READ_ONCE(sess->cmds[i].busy))
			return true;

	return false;
}

/**
 * iser_tgt_session_stop - the connection has ended
 * @conn: the connection, drained
 *
 * Context: the release work, may sleep.
 * Return: true if no request is left.
 */
bool iser_tgt_session_stop(struct iser_tgt_conn *conn)
{
	struct iser_tgt_session *sess = conn->upper;

	spin_lock(&iser_tgt_sessions_lock);
	list_del_init(&sess->all_entry);
	spin_unlock(&iser_tgt_sessions_lock);

	if (!sess->se_sess)
		return true;

	target_stop_session(sess->se_sess);
	return !iser_tgt_session_busy(sess);
}

/**
 * iser_tgt_session_close - no request is left
 * @conn: the connection
 *
 * Context: the release work; waits for the core to be through with the last.
 */
void iser_tgt_session_close(struct iser_tgt_conn *conn)
{
	struct iser_tgt_session *sess = conn->upper;
	struct iser_tgt_tpg *tpg = sess->tpg;
	struct iser_tgt_session *other;

	if (sess->se_sess) {
		target_wait_for_sess_cmds(sess->se_sess);
		cancel_work_sync(&sess->abort.work);
		spin_lock(&tpg->lock);
		sess->live = false;
		spin_unlock(&tpg->lock);
		/*
		 * Two sessions of one dynamic ACL that go at the same time each
		 * find themselves the last, and the core drops the ACL twice; so
		 * it does if one goes while another has found the ACL and is
		 * not yet counted.
		 */
		mutex_lock(&tpg->core_mutex);
		target_remove_session(sess->se_sess);
		mutex_unlock(&tpg->core_mutex);
	}
	if (!tpg)
		return;

	/* The portal group may be gone as soon as it is unlocked. */
	spin_lock(&tpg->lock);
	sess->se_sess = NULL;
	list_del_init(&sess->entry);
	list_for_each_entry(other, &tpg->sessions, entry)
		if (other->entering)
			iser_tgt_conn_kick(other->conn);
	wake_up_all(&tpg->idle);
	spin_unlock(&tpg->lock);
}

/**
 * iser_tgt_close_se_session - the core wants a session to end
 * @se_sess: the session; may be going already, so it is only compared
 *
 * Context: may sleep; does not wait.
 */
void iser_tgt_close_se_session(struct se_session *se_sess)
{
	struct iser_tgt_session *sess;

	spin_lock(&iser_tgt_sessions_lock);
	list_for_each_entry(sess, &iser_tgt_all_sessions, all_entry)
		if (sess->se_sess == se_sess)
			iser_tgt_conn_close(sess->conn, "closed by the core");
	spin_unlock(&iser_tgt_sessions_lock);
}

/**
 * iser_tgt_sessions_each - do something with each session
 * @fn: what; may not sleep
 *
 * Context: any but interrupts.
 */
void iser_tgt_sessions_each(void (*fn)(struct iser_tgt_session *sess))
{
	struct iser_tgt_session *sess;

	spin_lock(&iser_tgt_sessions_lock);
	list_for_each_entry(sess, &iser_tgt_all_sessions, all_entry)
		fn(sess);
	spin_unlock(&iser_tgt_sessions_lock);
}

/**
 * iser_tgt_protocol_error - the initiator broke the rules: end it
 * @sess: the session
 * @what: plain words, a string constant
 *
 * Context: any.
 */
void iser_tgt_protocol_error(struct iser_tgt_session *sess, const char *what)
{
	pr_warn_ratelimited("%pISpc (%s): closing the connection: %s\n",
			    &sess->conn->peer,
			    sess->initiator[0] ? sess->initiator : "no name yet",
			    what);
	iser_tgt_conn_close(sess->conn, what);
}

/**
 * iser_tgt_session_receive - a PDU for a session
 * @conn: the connection
 * @rx: the PDU
 *
 * Context: process, one PDU of a connection at a time.
 * Return: 0, or -EAGAIN if it has to wait for a context or is the worker's.
 */
int iser_tgt_session_receive(struct iser_tgt_conn *conn, struct iser_tgt_rx *rx)
{
	struct iser_tgt_session *sess = conn->upper;

	if (unlikely(!sess->ffp))
		return iser_tgt_login_receive(sess, rx);

	if (unlikely(!sess->heard))
		WRITE_ONCE(sess->heard, true);
	if (unlikely(sess->hello_due))
		return iser_tgt_hello_receive(sess, rx);
	if (unlikely(rx->error)) {
		/* RFC 7145 10.1.3.3, RFC 7143 7.7 */
		iser_tgt_protocol_error(sess, iser_tgt_pdu_strerror(rx->error));
		iser_tgt_rx_put(rx);
		return 0;
	}

	if (likely(rx->pdu.opcode == ISER_TGT_OP_SCSI_CMD && !sess->discovery))
		return iser_tgt_scsi_receive(sess, rx);
	/* Both take memory, and text the list of targets. */
	if ((rx->pdu.opcode == ISER_TGT_OP_TMF_REQ ||
	     rx->pdu.opcode == ISER_TGT_OP_TEXT_REQ) &&
	    !iser_tgt_rx_may_wait(conn))
		return -EAGAIN;
	if (rx->pdu.opcode == ISER_TGT_OP_TMF_REQ && !sess->discovery)
		return iser_tgt_tmf_receive(sess, rx);

	return iser_tgt_control_receive(sess, rx);
}
