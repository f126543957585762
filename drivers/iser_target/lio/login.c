// SPDX-License-Identifier: GPL-2.0
/* Logins: between the wire, the protocol code and configfs. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <target/target_core_fabric.h>

#include "../compat.h"
#include "../iscsi/login.h"
#include "../rdma/rdma.h"
#include "acl.h"
#include "auth.h"
#include "chap_backoff.h"
#include "chap_digest.h"
#include "login.h"
#include "login_limit.h"
#include "names.h"
#include "refusals.h"
#include "session.h"
#include "session_start.h"
#include "statistics.h"
#include "target.h"
#include "tpg.h"

static u16 iser_tgt_identify_discovery(struct iser_tgt_login *login)
{
	login->auth_required = iser_tgt_discovery_auth(&login->auth,
						       login->chap_order);
	return ISER_TGT_LOGIN_OK;
}

/* The initiator has an ACL, or is accepted in demo mode, or is refused. */
static u16 iser_tgt_identify_initiator(struct iser_tgt_login *login,
				       struct iser_tgt_tpg *tpg)
{
	struct se_node_acl *nacl;
	u8 own = 0;

	nacl = core_tpg_get_initiator_node_acl(&tpg->se_tpg, login->initiator);
	if (nacl && !nacl->dynamic_node_acl)
		iser_tgt_auth_copy(&login->auth, &iser_tgt_acl(nacl)->auth);
	else
		iser_tgt_auth_copy(&login->auth, &tpg->auth);
	if (nacl) {
		if (READ_ONCE(iser_tgt_acl(nacl)->no_immediate_data))
			login->offer.immediate_data = false;
		own = READ_ONCE(iser_tgt_acl(nacl)->authentication);
		target_put_nacl(nacl);
	}
	/* The fabric iscsi sets AuthMethod by the portal group's attribute. */
	login->auth_required = own ? own - 1 :
		READ_ONCE(tpg->attrib.authentication) ||
		READ_ONCE(tpg->auth_method) == ISER_TGT_AUTH_CHAP;

	if (!nacl && !READ_ONCE(tpg->attrib.generate_node_acls)) {
		login->reason = "no ACL for this initiator name";
		return ISER_TGT_LOGIN_FORBIDDEN;
	}
	return ISER_TGT_LOGIN_OK;
}

/*
 * RFC 7143 6.3.1, 11.12.6: sessions of this target have one connection. A login
 * with its CID reinstates it (6.3.4): at ErrorRecoveryLevel 0 that ends all of
 * the session's tasks, so that only ISID and TSIH live on.
 */
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
			if (old->cid == login->cid)
				return ISER_TGT_LOGIN_OK;
			login->reason = "MaxConnections is 1";
			status = ISER_TGT_LOGIN_TOO_MANY_CONNS;
		}
	}
	return status;
}

static u16 iser_tgt_identify_tpg(struct iser_tgt_login *login,
				 struct iser_tgt_session *sess,
				 struct iser_tgt_tpg *tpg)
{
	struct iser_tgt_login_mem *mem = sess->login_mem;
	u16 status;

	login->tpgt = tpg->tag;
	login->offer = tpg->offer;
	login->offer.target_rdsl = min(login->offer.target_rdsl,
				       iser_tgt_conn_recv_data(sess->conn));
	/* A signature MR covers all data of a command or none. */
	if (iser_tgt_conn_pi(sess->conn) && READ_ONCE(tpg->attrib.t10_pi))
		login->offer.immediate_data = false;
	status = iser_tgt_identify_initiator(login, tpg);
	if (status)
		return status;

	login->target_alias = mem->target_alias;
	login->redirect = mem->redirect;

	spin_lock(&tpg->lock);
	memcpy(login->chap_order, tpg->chap_order, sizeof(tpg->chap_order));
	strscpy(mem->target_alias, tpg->alias, sizeof(mem->target_alias));
	strscpy(mem->redirect, tpg->redirect_to, sizeof(mem->redirect));
	/* Initiators that a drain has asked to log out are sent on as well. */
	if (tpg->enabled && tpg->redirect_status && mem->redirect[0]) {
		login->reason = "target has moved";
		status = tpg->redirect_status;
	} else if (tpg->drain) {
		login->reason = "portal group is drained";
		status = ISER_TGT_LOGIN_UNAVAILABLE;
	} else if (!tpg->enabled) {
		login->reason = "portal group is disabled";
		status = ISER_TGT_LOGIN_UNAVAILABLE;
	} else if (login->tsih) {
		status = iser_tgt_identify_session(login, tpg);
	}
	if (!status) {
		strscpy(sess->initiator, login->initiator,
			sizeof(sess->initiator));
		sess->tpg = tpg;
		sess->seq = ++tpg->last_seq;
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
	const struct iser_tgt_listener *listener;
	struct iser_tgt_target *target;
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

	/* The portal group stays until its sessions have ended. */
	down_read(&iser_tgt_targets_sem);
	login->reason = "no target of this name at this portal";
	target = iser_tgt_target_find(login->target);
	if (!target)
		goto unlock;
	listener = iser_tgt_conn_listener(sess->conn);
	list_for_each_entry(tpg, &target->tpgs, entry) {
		if (!iser_tgt_tpg_reachable(tpg, listener))
			continue;
		login->reason = NULL;
		status = iser_tgt_identify_tpg(login, sess, tpg);
		break;
	}
unlock:
	up_read(&iser_tgt_targets_sem);
	return iser_tgt_names_answer(login, status);
}

static const struct iser_tgt_login_ops iser_tgt_login_ops = {
	.identify = iser_tgt_identify,
	.random = iser_tgt_chap_random,
	.digest = iser_tgt_chap_digest,
};

/* The response has been sent, or cannot be sent. */
static void iser_tgt_login_tx_done(struct iser_tgt_tx *tx, int status)
{
	struct iser_tgt_conn *conn = tx->conn;
	struct iser_tgt_session *sess = iser_tgt_conn_session(conn);

	if (sess->login_tx_last)
		iser_tgt_conn_close(conn, sess->ffp ? iser_tgt_logged_out :
				    "login refused");
	/* This was the final response: commands have contexts of their own. */
	if (sess->ffp && !sess->discovery) {
		/* Only now has the initiator received it. */
		if (!status)
			iser_tgt_conn_end_deadline(conn, iser_tgt_login_late);
		iser_tgt_login_tx_free(sess->login_tx);
		sess->login_tx = NULL;
	}
	WRITE_ONCE(sess->login_tx_busy, false);
	iser_tgt_conn_kick(conn);
}

/**
 * iser_tgt_login_alloc - allocate memory for a login
 * @sess: the session
 *
 * Return: 0 or -ENOMEM; what was allocated is freed with the session.
 */
int iser_tgt_login_alloc(struct iser_tgt_session *sess)
{
	struct iser_tgt_login_mem *mem;

	mem = kvzalloc_obj(*mem, GFP_KERNEL);
	if (!mem)
		return -ENOMEM;

	iser_tgt_login_init(&mem->login, &iser_tgt_login_ops, sess, mem->in,
			    mem->out);
	mem->login.text_max = iser_tgt_login_text_max();
	mem->login.strict_names = iser_tgt_names_strict();
	sess->login_mem = mem;
	iser_tgt_backoff_init(sess);
	sess->login_tx = iser_tgt_login_tx_alloc(sess->conn);
	if (!sess->login_tx)
		return -ENOMEM;
	iser_tgt_login_tx_pdu(sess->login_tx)->done = iser_tgt_login_tx_done;
	return 0;
}

/**
 * iser_tgt_login_free - wipe and free the memory of a login
 * @sess: the session
 */
void iser_tgt_login_free(struct iser_tgt_session *sess)
{
	if (!sess->login_mem)
		return;

	iser_tgt_backoff_cancel(sess);
	iser_tgt_login_wipe(&sess->login_mem->login);
	kvfree_sensitive(sess->login_mem, sizeof(*sess->login_mem));
	sess->login_mem = NULL;
}

/* A login that names no target is counted nowhere. */
static void iser_tgt_login_count(const struct iser_tgt_login *login,
				 const struct sockaddr_storage *peer)
{
	struct iser_tgt_target *target;

	down_read(&iser_tgt_targets_sem);
	target = iser_tgt_target_find(login->target);
	if (target)
		iser_tgt_statistics_refused(&target->statistics, login->status,
					    peer, login->initiator);
	up_read(&iser_tgt_targets_sem);
}

static void iser_tgt_login_note(struct iser_tgt_session *sess)
{
	const struct iser_tgt_login *login = &sess->login_mem->login;

	iser_tgt_refused(iser_tgt_conn_peer(sess->conn), login->initiator,
			 login->discovery ? "discovery" : login->target,
			 login->status, login->late_reason ?: login->reason ?:
			 "no reason given");
	if (!login->discovery)
		iser_tgt_login_count(login, iser_tgt_conn_peer(sess->conn));
}

static void iser_tgt_login_respond(struct iser_tgt_session *sess,
				   bool sn_filled)
{
	struct iser_tgt_login *login = &sess->login_mem->login;
	struct iser_tgt_tx *tx = iser_tgt_login_tx_pdu(sess->login_tx);

	memcpy(tx->hdr, login->rsp_hdr, ISER_TGT_HDR_LEN);
	tx->sn_filled = sn_filled;
	tx->has_stat_sn = true;
	tx->advances_window = false;
	WRITE_ONCE(sess->login_tx_busy, true);
	iser_tgt_login_tx_send(sess->login_tx, login->rsp_data,
			       login->rsp_data_len);
}

static enum iser_tgt_login_verdict
iser_tgt_login_enter(struct iser_tgt_session *sess)
{
	struct iser_tgt_login *login = &sess->login_mem->login;
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
					     "session limit reached (sessions_per_initiator)");
	case -EDQUOT:
		return iser_tgt_login_refuse(login, ISER_TGT_LOGIN_NO_RESOURCES,
					     "session limit reached (max_sessions)");
	case -ENOSPC:
		return iser_tgt_login_refuse(login, ISER_TGT_LOGIN_NO_RESOURCES,
					     "out of shared receive buffers (srq_size)");
	default:
		/* The initiator has disconnected meanwhile. */
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
	struct iser_tgt_login_mem *mem = sess->login_mem;
	bool proves = iser_tgt_login_awaits_proof(&mem->login);
	enum iser_tgt_login_verdict verdict;

	if (rx->error)
		return iser_tgt_login_malformed(&mem->login, &rx->pdu,
						rx->error);

	iser_tgt_rx_copy(rx, rx->pdu.ahs_len, mem->data,
			 min_t(size_t, rx->pdu.data_len, sizeof(mem->data)));
	verdict = iser_tgt_login_request(&mem->login, &rx->pdu, mem->data);
	if (proves && !iser_tgt_login_awaits_proof(&mem->login))
		iser_tgt_backoff_verdict(sess, true);
	else if (mem->login.status == ISER_TGT_LOGIN_AUTH_FAILED && proves)
		iser_tgt_backoff_verdict(sess, false);
	return verdict;
}

/**
 * iser_tgt_login_receive - handle a PDU before full feature phase
 * @sess: the session
 * @rx: the PDU
 *
 * Context: the connection's worker, may sleep.
 * Return: 0, or -EAGAIN while the last response is being sent or the session
 * that this one replaces has not ended.
 */
int iser_tgt_login_receive(struct iser_tgt_session *sess,
			   struct iser_tgt_rx *rx)
{
	enum iser_tgt_login_verdict verdict = ISER_TGT_LOGIN_ENTER;
	struct iser_tgt_login *login = &sess->login_mem->login;
	bool waited = sess->entering;

	if (READ_ONCE(sess->login_tx_busy))
		return -EAGAIN;
	if (sess->login_tx_last) {
		iser_tgt_rx_put(rx);
		return 0;
	}

	if (!waited && iser_tgt_login_awaits_proof(login) &&
	    iser_tgt_backoff_wait(sess))
		return -EAGAIN;

	/* If it waited, this request has been handled before. */
	if (!waited)
		verdict = iser_tgt_login_look(sess, rx);
	if (verdict == ISER_TGT_LOGIN_ENTER && !login->discovery &&
	    iser_tgt_session_replaces(sess)) {
		iser_tgt_conn_watch(sess->conn, "the session it replaces");
		return -EAGAIN;
	}
	if (waited)
		iser_tgt_conn_unwatch(sess->conn);
	iser_tgt_rx_put(rx);

	if (verdict == ISER_TGT_LOGIN_ENTER)
		verdict = iser_tgt_login_enter(sess);

	switch (verdict) {
	case ISER_TGT_LOGIN_SEND:
		iser_tgt_login_respond(sess, true);
		break;
	case ISER_TGT_LOGIN_ENTER:
		iser_tgt_login_respond(sess, false);
		/* A discovery session keeps using this memory for its answers. */
		if (sess->discovery)
			iser_tgt_login_wipe(login);
		else
			iser_tgt_login_free(sess);
		break;
	case ISER_TGT_LOGIN_REFUSE:
		iser_tgt_login_note(sess);
		sess->login_tx_last = true;
		iser_tgt_login_respond(sess, true);
		break;
	case ISER_TGT_LOGIN_DROP:
		if (!iser_tgt_conn_closing(sess->conn))
			iser_tgt_protocol_error(sess, "the first PDU was no Login Request");
		break;
	}
	return 0;
}
