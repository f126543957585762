// SPDX-License-Identifier: GPL-2.0
/* A login's way between the wire, the protocol code and the target tree. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/random.h>
#include <linux/slab.h>

#include "lio.h"

static u16 iser_tgt_identify_discovery(struct iser_tgt_login *login)
{
	login->auth_required = iser_tgt_discovery_auth(&login->auth,
						       login->chap_order);
	return ISER_TGT_LOGIN_OK;
}

/* Who the initiator is to us: its own ACL, demo mode, or nobody. */
static u16 iser_tgt_identify_initiator(struct iser_tgt_login *login,
				       struct iser_tgt_tpg *tpg)
{
	struct se_node_acl *nacl;

	nacl = core_tpg_get_initiator_node_acl(&tpg->se_tpg, login->initiator);
	if (nacl && !nacl->dynamic_node_acl)
		iser_tgt_auth_copy(&login->auth, &iser_tgt_acl(nacl)->auth);
	else
		iser_tgt_auth_copy(&login->auth, &tpg->auth);
	if (nacl && READ_ONCE(iser_tgt_acl(nacl)->no_immediate_data))
		login->offer.immediate_data = false;
	if (nacl)
		target_put_nacl(nacl);

	if (!nacl && !READ_ONCE(tpg->attrib.generate_node_acls)) {
		login->reason = "no ACL for this initiator name";
		return ISER_TGT_LOGIN_FORBIDDEN;
	}
	return ISER_TGT_LOGIN_OK;
}

/* RFC 7143 6.3.1, 11.12.6: a session here has one connection, for good. */
static u16 iser_tgt_identify_session(struct iser_tgt_login *login,
				     struct iser_tgt_tpg *tpg)
{
	struct iser_tgt_session *old;
	u16 status = ISER_TGT_LOGIN_NO_SESSION;

	login->reason = "no session has this TSIH";
	list_for_each_entry(old, &tpg->sessions, entry) {
		if (old->live && old->tsih == login->tsih &&
		    !memcmp(old->isid, login->isid, sizeof(old->isid)) &&
		    !strcmp(old->initiator, login->initiator)) {
			login->reason = "a session has one connection here";
			status = ISER_TGT_LOGIN_TOO_MANY_CONNS;
		}
	}
	return status;
}

static u16 iser_tgt_identify_tpg(struct iser_tgt_login *login,
				 struct iser_tgt_session *sess,
				 struct iser_tgt_tpg *tpg)
{
	u16 status;

	login->tpgt = tpg->tag;
	login->offer = tpg->offer;
	login->offer.target_rdsl = min(login->offer.target_rdsl,
				       sess->conn->dev->recv_data);
	/* Protection information goes through a signature MR, all or none. */
	if (sess->conn->integrity && READ_ONCE(tpg->attrib.t10_pi))
		login->offer.immediate_data = false;
	status = iser_tgt_identify_initiator(login, tpg);
	if (status)
		return status;

	login->auth_required = iser_tgt_tpg_wants_chap(tpg);
	login->target_alias = sess->target_alias;
	login->redirect = sess->redirect;

	spin_lock(&tpg->lock);
	memcpy(login->chap_order, tpg->chap_order, sizeof(tpg->chap_order));
	strscpy(sess->target_alias, tpg->alias, sizeof(sess->target_alias));
	strscpy(sess->redirect, tpg->moved_to, sizeof(sess->redirect));
	if (tpg->drain) {
		login->reason = "portal group is drained";
		status = ISER_TGT_LOGIN_UNAVAILABLE;
	} else if (tpg->enabled && tpg->moved && sess->redirect[0]) {
		login->reason = "target has moved";
		status = tpg->moved;
	} else if (!tpg->enabled) {
		login->reason = "portal group is disabled";
		status = ISER_TGT_LOGIN_UNAVAILABLE;
	} else if (login->tsih) {
		status = iser_tgt_identify_session(login, tpg);
	} else {
		strscpy(sess->initiator, login->initiator,
			sizeof(sess->initiator));
		sess->tpg = tpg;
		sess->number = ++tpg->joined;
		list_add_tail(&sess->entry, &tpg->sessions);
	}
	spin_unlock(&tpg->lock);

	if (!status)
		iser_tgt_conn_set_deadline(sess->conn, HZ *
			READ_ONCE(tpg->attrib.login_timeout),
			iser_tgt_login_late);
	return status;
}

static u16 iser_tgt_identify(struct iser_tgt_login *login)
{
	struct iser_tgt_session *sess = login->priv;
	u16 status = ISER_TGT_LOGIN_NOT_FOUND;
	struct iser_tgt_wwn *wwn;
	struct iser_tgt_tpg *tpg;

	if (login->discovery) {
		strscpy(sess->initiator, login->initiator,
			sizeof(sess->initiator));
		if (login->tsih) {
			login->reason = "no session has this TSIH";
			return ISER_TGT_LOGIN_NO_SESSION;
		}
		return iser_tgt_identify_discovery(login);
	}

	/* A portal group found here stays until its sessions are gone. */
	down_read(&iser_tgt_targets_sem);
	login->reason = "no target of this name at this portal";
	wwn = iser_tgt_wwn_find(login->target);
	if (!wwn)
		goto unlock;
	list_for_each_entry(tpg, &wwn->tpgs, entry) {
		if (!iser_tgt_tpg_reachable(tpg, sess->conn->listener))
			continue;
		login->reason = NULL;
		status = iser_tgt_identify_tpg(login, sess, tpg);
		break;
	}
unlock:
	up_read(&iser_tgt_targets_sem);
	return status;
}

static const struct iser_tgt_login_ops iser_tgt_login_ops = {
	.identify = iser_tgt_identify,
	.random = iser_tgt_chap_random,
	.digest = iser_tgt_chap_digest,
};

/* The login's response has left, or never will. */
static void iser_tgt_ltx_done(struct iser_tgt_tx *tx, int status)
{
	struct iser_tgt_session *sess = tx->conn->upper;

	struct iser_tgt_conn *conn = tx->conn;

	if (sess->ltx_last)
		iser_tgt_conn_close(conn, sess->ffp ? "logged out" :
				    "login refused");
	/* That was the final response: commands have contexts of their own. */
	if (sess->ffp && !sess->discovery) {
		/* The initiator has it only now. */
		if (!status)
			iser_tgt_conn_end_deadline(conn, iser_tgt_login_late);
		iser_tgt_login_tx_free(conn, sess->ltx);
		sess->ltx = NULL;
	}
	WRITE_ONCE(sess->ltx_busy, false);
	iser_tgt_conn_kick(conn);
}

/**
 * iser_tgt_login_alloc - memory for a login
 * @sess: the session
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM, with what is there left to iser_tgt_session_free().
 */
int iser_tgt_login_alloc(struct iser_tgt_session *sess)
{
	sess->mem = kvzalloc_obj(*sess->mem, GFP_KERNEL);
	if (!sess->mem)
		return -ENOMEM;

	iser_tgt_login_init(&sess->mem->login, &iser_tgt_login_ops, sess,
			    sess->mem->in, sess->mem->out);
	sess->mem->login.text_max = iser_tgt_login_text_max();
	sess->ltx = iser_tgt_login_tx_alloc(sess->conn);
	if (!sess->ltx)
		return -ENOMEM;
	sess->ltx->tx.done = iser_tgt_ltx_done;
	return 0;
}

/**
 * iser_tgt_login_free - forget the login, secrets first
 * @sess: the session
 *
 * Context: may sleep.
 */
void iser_tgt_login_free(struct iser_tgt_session *sess)
{
	if (!sess->mem)
		return;

	iser_tgt_login_wipe(&sess->mem->login);
	kvfree_sensitive(sess->mem, sizeof(*sess->mem));
	sess->mem = NULL;
}

static void iser_tgt_login_note(struct iser_tgt_session *sess)
{
	const struct iser_tgt_login *login = &sess->mem->login;

	iser_tgt_refused(&sess->conn->peer, login->initiator,
			 login->discovery ? "discovery" : login->target,
			 login->status, login->reason ?: "no reason given");
}

static void iser_tgt_login_respond(struct iser_tgt_session *sess, bool stamped)
{
	struct iser_tgt_login *login = &sess->mem->login;
	struct iser_tgt_tx *tx = &sess->ltx->tx;

	memcpy(tx->hdr, login->rsp_hdr, ISER_TGT_HDR_LEN);
	tx->stamped = stamped;
	tx->counts = true;
	tx->opens = false;
	WRITE_ONCE(sess->ltx_busy, true);
	iser_tgt_login_tx_send(sess->ltx, login->rsp_data, login->rsp_data_len);
}

static enum iser_tgt_login_verdict
iser_tgt_login_enter(struct iser_tgt_session *sess)
{
	struct iser_tgt_login *login = &sess->mem->login;
	int ret;

	ret = iser_tgt_session_start(sess);
	switch (ret) {
	case 0:
		iser_tgt_login_set_tsih(login, sess->tsih);
		return ISER_TGT_LOGIN_ENTER;
	case -EACCES:
		return iser_tgt_login_refuse(login, ISER_TGT_LOGIN_FORBIDDEN,
					     "no ACL for this initiator name");
	case -EUSERS:
		return iser_tgt_login_refuse(login, ISER_TGT_LOGIN_NO_RESOURCES,
					     "this initiator has as many sessions as it may");
	case -EDQUOT:
		return iser_tgt_login_refuse(login, ISER_TGT_LOGIN_NO_RESOURCES,
					     "portal group has as many sessions as it may");
	case -ENOSPC:
		return iser_tgt_login_refuse(login, ISER_TGT_LOGIN_NO_RESOURCES,
					     "all receive buffers are spoken for: srq_size");
	default:
		/* The initiator went away meanwhile. */
		if (iser_tgt_conn_closing(sess->conn))
			return ISER_TGT_LOGIN_DROP;
		/* RFC 7145 10.1.3.1 */
		return iser_tgt_login_refuse(login, ISER_TGT_LOGIN_NO_RESOURCES,
					     "not enough memory for the session");
	}
}

static enum iser_tgt_login_verdict
iser_tgt_login_look(struct iser_tgt_session *sess, const struct iser_tgt_rx *rx)
{
	struct iser_tgt_login_mem *mem = sess->mem;

	if (rx->error)
		return iser_tgt_login_malformed(&mem->login, &rx->pdu,
						rx->error);

	iser_tgt_rx_copy(rx, rx->pdu.ahs_len, mem->data,
			 min_t(size_t, rx->pdu.data_len, sizeof(mem->data)));
	return iser_tgt_login_request(&mem->login, &rx->pdu, mem->data);
}

/**
 * iser_tgt_login_receive - a PDU before full feature phase
 * @sess: the session
 * @rx: the PDU
 *
 * Context: the connection's worker, may sleep.
 * Return: 0, or -EAGAIN while the last response is still under way or a session
 * is there that this one replaces.
 */
int iser_tgt_login_receive(struct iser_tgt_session *sess,
			   struct iser_tgt_rx *rx)
{
	enum iser_tgt_login_verdict verdict = ISER_TGT_LOGIN_ENTER;
	struct iser_tgt_login *login = &sess->mem->login;
	bool waited = sess->entering;

	if (READ_ONCE(sess->ltx_busy))
		return -EAGAIN;
	if (sess->ltx_last) {
		iser_tgt_rx_put(rx);
		return 0;
	}

	/* Else it is the request that is through. */
	if (!waited)
		verdict = iser_tgt_login_look(sess, rx);
	if (verdict == ISER_TGT_LOGIN_ENTER && !login->discovery &&
	    iser_tgt_session_replaces(sess)) {
		iser_tgt_conn_says_late(sess->conn, "the session it replaces");
		return -EAGAIN;
	}
	if (waited)
		iser_tgt_conn_not_late(sess->conn);
	iser_tgt_rx_put(rx);

	if (verdict == ISER_TGT_LOGIN_ENTER)
		verdict = iser_tgt_login_enter(sess);

	switch (verdict) {
	case ISER_TGT_LOGIN_SEND:
		iser_tgt_login_respond(sess, true);
		break;
	case ISER_TGT_LOGIN_ENTER:
		iser_tgt_login_respond(sess, false);
		/* A discovery session goes on answering from this memory. */
		if (sess->discovery)
			iser_tgt_login_wipe(login);
		else
			iser_tgt_login_free(sess);
		break;
	case ISER_TGT_LOGIN_REFUSE:
		iser_tgt_login_note(sess);
		sess->ltx_last = true;
		iser_tgt_login_respond(sess, true);
		break;
	case ISER_TGT_LOGIN_DROP:
		if (!iser_tgt_conn_closing(sess->conn))
			iser_tgt_protocol_error(sess, "the first PDU was no Login Request");
		break;
	}
	return 0;
}
