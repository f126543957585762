// SPDX-License-Identifier: GPL-2.0
/* Answers to Text Requests: SendTargets, RFC 7143 appendix C. */

#include <linux/in.h>
#include <linux/inet.h>
#include <linux/in6.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/ipv6.h>
#include <target/target_core_fabric.h>

#include "../iscsi/keys.h"
#include "../iscsi/name.h"
#include "../iscsi/text.h"
#include "../rdma/rdma.h"
#include "sendtargets.h"
#include "session.h"
#include "target.h"
#include "tpg.h"

/* Targets may be added between measuring the answer and writing it. */
#define ISER_TGT_ANSWER_TRIES	8

static bool iser_tgt_addr_loopback(const struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET)
		return ipv4_is_loopback(((const struct sockaddr_in *)
					 addr)->sin_addr.s_addr);
	return ipv6_addr_loopback(&((const struct sockaddr_in6 *)
				    addr)->sin6_addr);
}

static bool iser_tgt_addr_linklocal(const struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET)
		return ipv4_is_linklocal_169(((const struct sockaddr_in *)
					      addr)->sin_addr.s_addr);
	return ipv6_addr_type(&((const struct sockaddr_in6 *)
				addr)->sin6_addr) & IPV6_ADDR_LINKLOCAL;
}

static u32 iser_tgt_addr_scope(const struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET)
		return 0;
	return ((const struct sockaddr_in6 *)addr)->sin6_scope_id;
}

/*
 * Link-local and loopback addresses can be used on that link or host only. The
 * local address of the connection shows whether the initiator is there.
 */
static bool iser_tgt_portal_usable(const struct iser_tgt_session *sess,
				   const struct sockaddr_storage *addr)
{
	const struct sockaddr_storage *local = iser_tgt_conn_local(sess->conn);

	if (iser_tgt_addr_loopback(addr))
		return iser_tgt_addr_loopback(local);
	if (iser_tgt_addr_linklocal(addr))
		return addr->ss_family == local->ss_family &&
		       iser_tgt_addr_linklocal(local) &&
		       iser_tgt_addr_scope(addr) == iser_tgt_addr_scope(local);
	return true;
}

static void iser_tgt_add_portal(struct iser_tgt_text_out *out,
				const struct iser_tgt_session *sess,
				const struct iser_tgt_portal *portal)
{
	struct sockaddr_storage addr = portal->addr;
	/* "[", address, "]:", port, ",", tag */
	char value[INET6_ADDRSTRLEN + 20];

	/* For a wildcard portal, report the address the initiator connected to. */
	if (iser_tgt_addr_any(&addr)) {
		__be16 port = ((struct sockaddr_in *)&addr)->sin_port;

		addr = *iser_tgt_conn_local(sess->conn);
		((struct sockaddr_in *)&addr)->sin_port = port;
	}
	if (!iser_tgt_portal_usable(sess, &addr))
		return;
	snprintf(value, sizeof(value), "%pISpc,%u", &addr, portal->tpg->tag);
	iser_tgt_text_add(out, "TargetAddress", strlen("TargetAddress"), value);
}

/*
 * As in the iscsi fabric: visible to initiators with an ACL, and to all in demo
 * mode.
 */
static bool iser_tgt_tpg_visible(struct iser_tgt_tpg *tpg,
				 const struct iser_tgt_session *sess)
{
	if (READ_ONCE(tpg->attrib.tpg_enabled_sendtargets) &&
	    (!READ_ONCE(tpg->enabled) || READ_ONCE(tpg->drain)))
		return false;

	return READ_ONCE(tpg->attrib.demo_mode_discovery) ||
	       READ_ONCE(tpg->attrib.generate_node_acls) ||
	       target_tpg_has_node_acl(&tpg->se_tpg, sess->initiator);
}

static void iser_tgt_add_target(struct iser_tgt_text_out *out,
				const struct iser_tgt_session *sess,
				struct iser_tgt_target *target)
{
	struct iser_tgt_portal *portal;
	struct iser_tgt_tpg *tpg;
	bool named = false;

	list_for_each_entry(tpg, &target->tpgs, entry) {
		if (list_empty(&tpg->portals) ||
		    !iser_tgt_tpg_visible(tpg, sess))
			continue;
		if (!named)
			iser_tgt_text_add(out, "TargetName",
					  strlen("TargetName"), target->name);
		named = true;
		list_for_each_entry(portal, &tpg->portals, entry)
			iser_tgt_add_portal(out, sess, portal);
	}
}

/*
 * RFC 7143 appendix C: "All" is for discovery sessions, an empty value for
 * normal ones, whose answer never has any target but their own.
 */
static void iser_tgt_send_targets(struct iser_tgt_text_out *out,
				  const struct iser_tgt_session *sess,
				  const struct iser_tgt_kv *kv)
{
	const char *own = sess->tpg ? sess->tpg->target->name : NULL;
	bool all = !strcmp(kv->value, "All");
	char name[ISER_TGT_NAME_MAX + 1];
	struct iser_tgt_target *target;

	if ((own && all) || (!own && !kv->value_len) ||
	    kv->value_len >= sizeof(name)) {
		iser_tgt_text_add(out, kv->key, kv->key_len, "Reject");
		return;
	}
	strscpy(name, kv->value, sizeof(name));
	iser_tgt_name_fold(name);

	list_for_each_entry(target, &iser_tgt_targets, entry) {
		if (own && strcmp(target->name, own))
			continue;
		if (!all && kv->value_len && strcmp(target->name, name))
			continue;
		iser_tgt_add_target(out, sess, target);
	}
}

static void iser_tgt_answer_keys(struct iser_tgt_text_out *out,
				 const struct iser_tgt_session *sess,
				 const char *text, size_t len)
{
	struct iser_tgt_kv kv;
	size_t pos = 0;

	down_read(&iser_tgt_targets_sem);
	while (iser_tgt_text_next(text, len, &pos, &kv) > 0) {
		int id = iser_tgt_key_find(&kv);

		if (id == ISER_TGT_KEY_SEND_TARGETS)
			iser_tgt_send_targets(out, sess, &kv);
		else if (id >= 0)
			/* A key of the login. */
			iser_tgt_text_add(out, kv.key, kv.key_len, "Reject");
		else
			iser_tgt_text_add(out, kv.key, kv.key_len,
					  "NotUnderstood");
	}
	up_read(&iser_tgt_targets_sem);
}

/**
 * iser_tgt_text_answer - build the whole answer to a Text Request
 * @sess: the session, in full feature phase
 * @text: text of the request, no key twice
 * @len: bytes of it
 * @answer_len: set to the length of the answer in bytes
 *
 * Return: the answer, to be freed by kvfree(); NULL without memory.
 */
char *iser_tgt_text_answer(struct iser_tgt_session *sess, const char *text,
			   size_t len, size_t *answer_len)
{
	struct iser_tgt_text_out out = {};
	unsigned int i;
	char *buf;

	iser_tgt_answer_keys(&out, sess, text, len);
	for (i = 0; i < ISER_TGT_ANSWER_TRIES; i++) {
		size_t size = max_t(size_t, out.len, 1);

		buf = kvmalloc(size, GFP_KERNEL);
		if (!buf)
			return NULL;

		out = (struct iser_tgt_text_out) { .buf = buf, .size = size };
		iser_tgt_answer_keys(&out, sess, text, len);
		if (!iser_tgt_text_overflowed(&out)) {
			*answer_len = out.len;
			return buf;
		}
		kvfree(buf);
	}
	return NULL;
}
