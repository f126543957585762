// SPDX-License-Identifier: GPL-2.0
/* acls/<initiator> in configfs, with the parameters of its newest session. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/configfs.h>
#include <linux/kstrtox.h>
#include <linux/sysfs.h>
#include <target/target_core_fabric.h>

#include "../rdma/rdma.h"
#include "acl.h"
#include "config_value.h"
#include "names.h"
#include "session.h"
#include "tpg.h"

static void iser_tgt_info_session(struct iser_tgt_session *sess, char *page,
				  ssize_t *len)
{
	*len += sysfs_emit_at(page, *len,
			      "InitiatorName: %s\n"
			      "InitiatorAlias: %s\n"
			      "LIO Session ID: %u   ISID: 0x%6phN  TSIH: %u  SessionType: Normal\n"
			      "Session State: TARG_SESS_STATE_LOGGED_IN\n",
			      sess->initiator, sess->alias, sess->sid,
			      sess->isid, sess->tsih);
	*len += sysfs_emit_at(page, *len,
			      "CmdSN window: %u  ImmediateData: %s  TargetRecvDataSegmentLength: %u\n"
			      "CID: %u  Connection State: TARG_CONN_STATE_LOGGED_IN\n"
			      "   Address %pISpc RDMA  StatSN: 0x%08x\n",
			      sess->depth,
			      sess->keys.immediate_data ? "Yes" : "No",
			      sess->keys.target_rdsl, sess->cid,
			      iser_tgt_conn_peer(sess->conn),
			      iser_tgt_window_stat_sn(sess->conn));
}

/* The newest session of an ACL, NULL if it has none. Holds tpg->lock. */
static struct iser_tgt_session *iser_tgt_acl_session(struct iser_tgt_tpg *tpg,
						     struct se_node_acl *nacl)
{
	struct iser_tgt_session *sess;

	list_for_each_entry_reverse(sess, &tpg->sessions, entry)
		if (sess->live && sess->se_sess &&
		    sess->se_sess->se_node_acl == nacl)
			return sess;

	return NULL;
}

/* As in the iscsi fabric: one session, then lines that its readers skip. */
static ssize_t iser_tgt_acl_info_show(struct config_item *item, char *page)
{
	struct se_node_acl *nacl = acl_to_nacl(item);
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(nacl->se_tpg);
	struct iser_tgt_session *newest, *sess;
	ssize_t len = 0;

	spin_lock(&tpg->lock);
	newest = iser_tgt_acl_session(tpg, nacl);
	if (!newest) {
		len = sysfs_emit(page,
				 "No active iSER Session for Initiator Endpoint: %s\n",
				 nacl->initiatorname);
		goto unlock;
	}

	iser_tgt_info_session(newest, page, &len);
	list_for_each_entry(sess, &tpg->sessions, entry) {
		if (sess == newest || !sess->live || !sess->se_sess ||
		    sess->se_sess->se_node_acl != nacl)
			continue;
		if (len + 128 > PAGE_SIZE)
			break;
		len += sysfs_emit_at(page, len,
				     "# sid %u isid 0x%6phN tsih %u peer %pISpc\n",
				     sess->sid, sess->isid, sess->tsih,
				     iser_tgt_conn_peer(sess->conn));
	}
unlock:
	spin_unlock(&tpg->lock);
	return len;
}

CONFIGFS_ATTR_RO(iser_tgt_acl_, info);

static ssize_t iser_tgt_acl_cmdsn_depth_show(struct config_item *item,
					     char *page)
{
	return sysfs_emit(page, "%u\n", acl_to_nacl(item)->queue_depth);
}

static ssize_t iser_tgt_acl_cmdsn_depth_store(struct config_item *item,
					      const char *page, size_t count)
{
	struct se_node_acl *nacl = acl_to_nacl(item);
	u32 depth;
	int ret;

	ret = kstrtou32(page, 0, &depth);
	if (ret || !depth || depth > ISER_TGT_DEPTH_MAX)
		return -EINVAL;

	iser_tgt_tpg_need_depth(iser_tgt_tpg(nacl->se_tpg), depth);
	/* Closes the sessions of the initiator: new ones have the new depth. */
	ret = core_tpg_set_initiator_node_queue_depth(nacl, depth);

	return ret ?: count;
}

CONFIGFS_ATTR(iser_tgt_acl_, cmdsn_depth);

static ssize_t iser_tgt_acl_tag_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", acl_to_nacl(item)->acl_tag);
}

static ssize_t iser_tgt_acl_tag_store(struct config_item *item,
				      const char *page, size_t count)
{
	struct se_node_acl *nacl = acl_to_nacl(item);
	char tag[MAX_ACL_TAG_SIZE];
	int ret;

	if (iser_tgt_config_text(tag, sizeof(tag), page, count) < 0)
		return -EINVAL;

	ret = core_tpg_set_initiator_node_tag(nacl->se_tpg, nacl, tag);
	return ret < 0 ? ret : count;
}

CONFIGFS_ATTR(iser_tgt_acl_, tag);

struct configfs_attribute *iser_tgt_acl_base_attrs[] = {
	&iser_tgt_acl_attr_info,
	&iser_tgt_acl_attr_cmdsn_depth,
	&iser_tgt_acl_attr_tag,
	NULL,
};

static ssize_t
iser_tgt_acl_attrib_immediate_data_show(struct config_item *item, char *page)
{
	struct iser_tgt_acl *acl = iser_tgt_acl(attrib_to_nacl(item));

	return sysfs_emit(page, "%u\n", !READ_ONCE(acl->no_immediate_data));
}

static ssize_t
iser_tgt_acl_attrib_immediate_data_store(struct config_item *item,
					 const char *page, size_t count)
{
	struct iser_tgt_acl *acl = iser_tgt_acl(attrib_to_nacl(item));
	bool value;

	if (kstrtobool(page, &value))
		return -EINVAL;

	WRITE_ONCE(acl->no_immediate_data, !value);
	return count;
}

CONFIGFS_ATTR(iser_tgt_acl_attrib_, immediate_data);

static ssize_t
iser_tgt_acl_attrib_authentication_show(struct config_item *item, char *page)
{
	struct iser_tgt_acl *acl = iser_tgt_acl(attrib_to_nacl(item));

	return sysfs_emit(page, "%d\n", READ_ONCE(acl->authentication) - 1);
}

static ssize_t
iser_tgt_acl_attrib_authentication_store(struct config_item *item,
					 const char *page, size_t count)
{
	struct iser_tgt_acl *acl = iser_tgt_acl(attrib_to_nacl(item));
	int value;

	if (kstrtoint(page, 0, &value) || value < -1 || value > 1)
		return -EINVAL;

	WRITE_ONCE(acl->authentication, value + 1);
	return count;
}

CONFIGFS_ATTR(iser_tgt_acl_attrib_, authentication);

struct configfs_attribute *iser_tgt_acl_attrib_attrs[] = {
	&iser_tgt_acl_attrib_attr_authentication,
	&iser_tgt_acl_attrib_attr_immediate_data,
	NULL,
};

/* Read-only: tools save what can be written, and could not restore it. */
#define ISER_TGT_NEGOTIATED(_name, _fmt, _value)			\
static ssize_t iser_tgt_acl_param_##_name##_show(			\
		struct config_item *item, char *page)			\
{									\
	struct se_node_acl *nacl = param_to_nacl(item);			\
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(nacl->se_tpg);		\
	struct iser_tgt_session *sess;					\
	ssize_t len;							\
									\
	spin_lock(&tpg->lock);						\
	sess = iser_tgt_acl_session(tpg, nacl);				\
	if (sess)							\
		len = sysfs_emit(page, _fmt "\n", _value);		\
	else								\
		len = sysfs_emit(page, "No Active iSER Session\n");	\
	spin_unlock(&tpg->lock);					\
	return len;							\
}									\
CONFIGFS_ATTR_RO(iser_tgt_acl_param_, _name)

ISER_TGT_NEGOTIATED(MaxConnections, "%u", sess->keys.max_connections);
ISER_TGT_NEGOTIATED(InitialR2T, "%s", iser_tgt_yes_no(sess->keys.initial_r2t));
ISER_TGT_NEGOTIATED(ImmediateData, "%s",
		    iser_tgt_yes_no(sess->keys.immediate_data));
ISER_TGT_NEGOTIATED(MaxBurstLength, "%u", sess->keys.max_burst);
ISER_TGT_NEGOTIATED(FirstBurstLength, "%u", sess->keys.first_burst);
ISER_TGT_NEGOTIATED(DefaultTime2Wait, "%u", sess->keys.time2wait);
ISER_TGT_NEGOTIATED(DefaultTime2Retain, "%u", sess->keys.time2retain);
ISER_TGT_NEGOTIATED(MaxOutstandingR2T, "%u", sess->keys.max_outstanding_r2t);
ISER_TGT_NEGOTIATED(DataPDUInOrder, "%s",
		    iser_tgt_yes_no(sess->keys.data_pdu_in_order));
ISER_TGT_NEGOTIATED(DataSequenceInOrder, "%s",
		    iser_tgt_yes_no(sess->keys.data_seq_in_order));
ISER_TGT_NEGOTIATED(ErrorRecoveryLevel, "%u", sess->keys.erl);
ISER_TGT_NEGOTIATED(InitiatorRecvDataSegmentLength, "%u",
		    sess->keys.initiator_rdsl);
ISER_TGT_NEGOTIATED(TargetRecvDataSegmentLength, "%u",
		    sess->keys.target_rdsl);

struct configfs_attribute *iser_tgt_acl_param_attrs[] = {
	&iser_tgt_acl_param_attr_MaxConnections,
	&iser_tgt_acl_param_attr_InitialR2T,
	&iser_tgt_acl_param_attr_ImmediateData,
	&iser_tgt_acl_param_attr_MaxBurstLength,
	&iser_tgt_acl_param_attr_FirstBurstLength,
	&iser_tgt_acl_param_attr_DefaultTime2Wait,
	&iser_tgt_acl_param_attr_DefaultTime2Retain,
	&iser_tgt_acl_param_attr_MaxOutstandingR2T,
	&iser_tgt_acl_param_attr_DataPDUInOrder,
	&iser_tgt_acl_param_attr_DataSequenceInOrder,
	&iser_tgt_acl_param_attr_ErrorRecoveryLevel,
	&iser_tgt_acl_param_attr_InitiatorRecvDataSegmentLength,
	&iser_tgt_acl_param_attr_TargetRecvDataSegmentLength,
	NULL,
};

/**
 * iser_tgt_init_nodeacl - mkdir of an ACL
 * @nacl: the core's part of it
 * @name: InitiatorName, RFC 7143 4.2.7
 *
 * Return: 0, or -EINVAL for a name that no initiator can have.
 */
int iser_tgt_init_nodeacl(struct se_node_acl *nacl, const char *name)
{
	return iser_tgt_name_usable(name) ? 0 : -EINVAL;
}
