// SPDX-License-Identifier: GPL-2.0
/* The list of sessions. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/printk.h>

#include "../rdma/rdma.h"
#include "session.h"
#include "statistics.h"

const char *const iser_tgt_logged_out = "logged out";

/* Sessions in full feature phase, discovery sessions included. */
DEFINE_SPINLOCK(iser_tgt_sessions_lock);
LIST_HEAD(iser_tgt_all_sessions);

/**
 * iser_tgt_close_se_session - the core asks for a session to be closed
 * @se_sess: the session; it may be freed already and is only compared. A new one
 *	that was allocated at its address would be closed in its place, and its
 *	initiator log in again.
 *
 * Does not wait.
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
 * iser_tgt_protocol_error - close a connection for a violation of the protocol
 * @sess: the session
 * @what: human-readable reason, a string constant
 */
void iser_tgt_protocol_error(struct iser_tgt_session *sess, const char *what)
{
	pr_warn_ratelimited("%pISpc (%s): closing the connection: %s\n",
			    iser_tgt_conn_peer(sess->conn),
			    sess->initiator[0] ? sess->initiator : "no name yet",
			    what);
	sess->failure = ISER_TGT_FAILED_FORMAT;
	iser_tgt_conn_close(sess->conn, what);
}
