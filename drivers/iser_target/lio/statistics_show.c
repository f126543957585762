// SPDX-License-Identifier: GPL-2.0
/*
 * fabric_statistics/ of a target. Names and values are those of iscsi_target_mod,
 * for programs that know these. There is one node, number 1, and no digest.
 */

#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/sysfs.h>
#include <target/target_core_base.h>

#include "session.h"
#include "statistics.h"
#include "statistics_show.h"
#include "target.h"
#include "tpg.h"

/* Version-active on the wire: 0 in RFC 3720 and RFC 7143 as well. */
#define ISER_TGT_STAT_VERSION	0
#define ISER_TGT_STAT_NODE	1

#define ISER_TGT_STAT(_group, _name, _format, _value)			\
static ssize_t iser_tgt_stat_##_group##_##_name##_show(			\
		struct config_item *item, char *page)			\
{									\
	struct iser_tgt_target *target =				\
		container_of(to_config_group(item),			\
			     struct iser_tgt_target, statistics._group);	\
									\
	return sysfs_emit(page, _format "\n", _value);			\
}									\
CONFIGFS_ATTR_RO(iser_tgt_stat_##_group##_, _name)

/* The same for all targets. */
#define ISER_TGT_STAT_FIXED(_group, _name, _format, _value)		\
static ssize_t iser_tgt_stat_##_group##_##_name##_show(			\
		struct config_item *item, char *page)			\
{									\
	return sysfs_emit(page, _format "\n", _value);			\
}									\
CONFIGFS_ATTR_RO(iser_tgt_stat_##_group##_, _name)

/* A number of the statistics; it may change while it is read. */
#define ISER_TGT_STAT_U32(_group, _name, _member)			\
	ISER_TGT_STAT(_group, _name, "%u",				\
		      READ_ONCE(target->statistics._member))

static unsigned int iser_tgt_stat_portals(const struct iser_tgt_target *target)
{
	const struct iser_tgt_portal *portal;
	const struct iser_tgt_tpg *tpg;
	unsigned int nr = 0;

	down_read(&iser_tgt_targets_sem);
	list_for_each_entry(tpg, &target->tpgs, entry)
		list_for_each_entry(portal, &tpg->portals, entry)
			nr++;
	up_read(&iser_tgt_targets_sem);

	return nr;
}

static unsigned int iser_tgt_stat_sessions(const struct iser_tgt_target *target)
{
	const struct iser_tgt_session *sess;
	struct iser_tgt_tpg *tpg;
	unsigned int nr = 0;

	down_read(&iser_tgt_targets_sem);
	list_for_each_entry(tpg, &target->tpgs, entry) {
		spin_lock(&tpg->lock);
		list_for_each_entry(sess, &tpg->sessions, entry)
			nr += sess->live;
		spin_unlock(&tpg->lock);
	}
	up_read(&iser_tgt_targets_sem);

	return nr;
}

static u32 iser_tgt_stat_failures(struct iser_tgt_statistics *statistics)
{
	unsigned int i;
	u32 nr = 0;

	spin_lock(&statistics->lock);
	for (i = 0; i < ARRAY_SIZE(statistics->failures); i++)
		nr += statistics->failures[i];
	spin_unlock(&statistics->lock);

	return nr;
}

static u32 iser_tgt_stat_refused(struct iser_tgt_statistics *statistics)
{
	unsigned int i;
	u32 nr = 0;

	spin_lock(&statistics->lock);
	for (i = ISER_TGT_LOGINS_OTHER; i < ISER_TGT_LOGINS_END; i++)
		nr += statistics->logins[i];
	spin_unlock(&statistics->lock);

	return nr;
}

/* In hundredths of a second since the system was started, 0 for none. */
static u32 iser_tgt_stat_refused_at(struct iser_tgt_statistics *statistics)
{
	u32 when = 0;

	spin_lock(&statistics->lock);
	if (statistics->last_result)
		when = jiffies_to_msecs(statistics->last_time -
					INITIAL_JIFFIES) / 10;
	spin_unlock(&statistics->lock);

	return when;
}

/* Bytes of an InitiatorName that do not print are escaped. */
static ssize_t iser_tgt_stat_name(struct iser_tgt_statistics *statistics,
				  const char *name, char *page)
{
	ssize_t len;

	spin_lock(&statistics->lock);
	len = name[0] ? sysfs_emit(page, "%*pE\n", (int)strlen(name), name) :
			sysfs_emit(page, "None\n");
	spin_unlock(&statistics->lock);

	return len;
}

#define ISER_TGT_STAT_NAME(_group, _name, _member)			\
static ssize_t iser_tgt_stat_##_group##_##_name##_show(			\
		struct config_item *item, char *page)			\
{									\
	struct iser_tgt_target *target =				\
		container_of(to_config_group(item),			\
			     struct iser_tgt_target, statistics._group);	\
									\
	return iser_tgt_stat_name(&target->statistics,			\
				  target->statistics._member, page);	\
}									\
CONFIGFS_ATTR_RO(iser_tgt_stat_##_group##_, _name)

/* iscsi_instance/ */
ISER_TGT_STAT(instance, inst, "%u", target->index);
ISER_TGT_STAT_FIXED(instance, min_ver, "%u", ISER_TGT_STAT_VERSION);
ISER_TGT_STAT_FIXED(instance, max_ver, "%u", ISER_TGT_STAT_VERSION);
ISER_TGT_STAT(instance, portals, "%u", iser_tgt_stat_portals(target));
ISER_TGT_STAT_FIXED(instance, nodes, "%u", ISER_TGT_STAT_NODE);
ISER_TGT_STAT(instance, sessions, "%u", iser_tgt_stat_sessions(target));
ISER_TGT_STAT(instance, fail_sess, "%u",
	      iser_tgt_stat_failures(&target->statistics));
ISER_TGT_STAT_U32(instance, fail_type, last_failure);
ISER_TGT_STAT_NAME(instance, fail_rem_name, last_failed);
ISER_TGT_STAT_FIXED(instance, disc_time, "%u", 0);
ISER_TGT_STAT_FIXED(instance, description, "%s", "iSER target");
ISER_TGT_STAT_FIXED(instance, vendor, "%s", "iser_tgt");
ISER_TGT_STAT_FIXED(instance, version, "%s", iser_tgt_version());

static struct configfs_attribute *iser_tgt_stat_instance_attrs[] = {
	&iser_tgt_stat_instance_attr_inst,
	&iser_tgt_stat_instance_attr_min_ver,
	&iser_tgt_stat_instance_attr_max_ver,
	&iser_tgt_stat_instance_attr_portals,
	&iser_tgt_stat_instance_attr_nodes,
	&iser_tgt_stat_instance_attr_sessions,
	&iser_tgt_stat_instance_attr_fail_sess,
	&iser_tgt_stat_instance_attr_fail_type,
	&iser_tgt_stat_instance_attr_fail_rem_name,
	&iser_tgt_stat_instance_attr_disc_time,
	&iser_tgt_stat_instance_attr_description,
	&iser_tgt_stat_instance_attr_vendor,
	&iser_tgt_stat_instance_attr_version,
	NULL,
};

/* iscsi_sess_err/ */
ISER_TGT_STAT(sess_err, inst, "%u", target->index);
ISER_TGT_STAT_U32(sess_err, digest_errors, failures[ISER_TGT_FAILED_DIGEST]);
ISER_TGT_STAT_U32(sess_err, cxn_errors, failures[ISER_TGT_FAILED_TIMEOUT]);
ISER_TGT_STAT_U32(sess_err, format_errors, failures[ISER_TGT_FAILED_FORMAT]);

static struct configfs_attribute *iser_tgt_stat_sess_err_attrs[] = {
	&iser_tgt_stat_sess_err_attr_inst,
	&iser_tgt_stat_sess_err_attr_digest_errors,
	&iser_tgt_stat_sess_err_attr_cxn_errors,
	&iser_tgt_stat_sess_err_attr_format_errors,
	NULL,
};

/* iscsi_tgt_attr/ */
ISER_TGT_STAT(tgt_attr, inst, "%u", target->index);
ISER_TGT_STAT_FIXED(tgt_attr, indx, "%u", ISER_TGT_STAT_NODE);
ISER_TGT_STAT(tgt_attr, login_fails, "%u",
	      iser_tgt_stat_refused(&target->statistics));
ISER_TGT_STAT(tgt_attr, last_fail_time, "%u",
	      iser_tgt_stat_refused_at(&target->statistics));
ISER_TGT_STAT_U32(tgt_attr, last_fail_type, last_result);
ISER_TGT_STAT_NAME(tgt_attr, fail_intr_name, last_initiator);
ISER_TGT_STAT(tgt_attr, fail_intr_addr_type, "%s",
	      READ_ONCE(target->statistics.last_peer.ss_family) == AF_INET6 ?
	      "ipv6" : "ipv4");

/* Without the port; IPv6 in brackets; empty if no login has failed. */
static ssize_t iser_tgt_stat_tgt_attr_fail_intr_addr_show(struct config_item *item,
							  char *page)
{
	struct iser_tgt_target *target =
		container_of(to_config_group(item), struct iser_tgt_target,
			     statistics.tgt_attr);
	struct iser_tgt_statistics *statistics = &target->statistics;
	struct sockaddr_storage peer;

	spin_lock(&statistics->lock);
	peer = statistics->last_peer;
	spin_unlock(&statistics->lock);

	switch (peer.ss_family) {
	case AF_INET:
		return sysfs_emit(page, "%pISc\n", &peer);
	case AF_INET6:
		return sysfs_emit(page, "[%pISc]\n", &peer);
	default:
		return sysfs_emit(page, "\n");
	}
}

CONFIGFS_ATTR_RO(iser_tgt_stat_tgt_attr_, fail_intr_addr);

static struct configfs_attribute *iser_tgt_stat_tgt_attr_attrs[] = {
	&iser_tgt_stat_tgt_attr_attr_inst,
	&iser_tgt_stat_tgt_attr_attr_indx,
	&iser_tgt_stat_tgt_attr_attr_login_fails,
	&iser_tgt_stat_tgt_attr_attr_last_fail_time,
	&iser_tgt_stat_tgt_attr_attr_last_fail_type,
	&iser_tgt_stat_tgt_attr_attr_fail_intr_name,
	&iser_tgt_stat_tgt_attr_attr_fail_intr_addr_type,
	&iser_tgt_stat_tgt_attr_attr_fail_intr_addr,
	NULL,
};

/* iscsi_login_stats/ */
ISER_TGT_STAT(login, inst, "%u", target->index);
ISER_TGT_STAT_FIXED(login, indx, "%u", ISER_TGT_STAT_NODE);
ISER_TGT_STAT_U32(login, accepts, logins[ISER_TGT_LOGINS_ACCEPTED]);
ISER_TGT_STAT_U32(login, other_fails, logins[ISER_TGT_LOGINS_OTHER]);
ISER_TGT_STAT_U32(login, redirects, logins[ISER_TGT_LOGINS_REDIRECTED]);
ISER_TGT_STAT_U32(login, authorize_fails,
		  logins[ISER_TGT_LOGINS_NOT_AUTHORIZED]);
ISER_TGT_STAT_U32(login, authenticate_fails,
		  logins[ISER_TGT_LOGINS_NOT_AUTHENTICATED]);
ISER_TGT_STAT_U32(login, negotiate_fails,
		  logins[ISER_TGT_LOGINS_NOT_NEGOTIATED]);

static struct configfs_attribute *iser_tgt_stat_login_attrs[] = {
	&iser_tgt_stat_login_attr_inst,
	&iser_tgt_stat_login_attr_indx,
	&iser_tgt_stat_login_attr_accepts,
	&iser_tgt_stat_login_attr_other_fails,
	&iser_tgt_stat_login_attr_redirects,
	&iser_tgt_stat_login_attr_authorize_fails,
	&iser_tgt_stat_login_attr_authenticate_fails,
	&iser_tgt_stat_login_attr_negotiate_fails,
	NULL,
};

/* iscsi_logout_stats/ */
ISER_TGT_STAT(logout, inst, "%u", target->index);
ISER_TGT_STAT_FIXED(logout, indx, "%u", ISER_TGT_STAT_NODE);
ISER_TGT_STAT_U32(logout, normal_logouts, logouts);
ISER_TGT_STAT_U32(logout, abnormal_logouts, ends);

static struct configfs_attribute *iser_tgt_stat_logout_attrs[] = {
	&iser_tgt_stat_logout_attr_inst,
	&iser_tgt_stat_logout_attr_indx,
	&iser_tgt_stat_logout_attr_normal_logouts,
	&iser_tgt_stat_logout_attr_abnormal_logouts,
	NULL,
};

#define ISER_TGT_STAT_TYPE(_group)					\
static const struct config_item_type iser_tgt_stat_##_group##_type = {	\
	.ct_attrs = iser_tgt_stat_##_group##_attrs,			\
	.ct_owner = THIS_MODULE,					\
}

ISER_TGT_STAT_TYPE(instance);
ISER_TGT_STAT_TYPE(sess_err);
ISER_TGT_STAT_TYPE(tgt_attr);
ISER_TGT_STAT_TYPE(login);
ISER_TGT_STAT_TYPE(logout);

static void iser_tgt_stat_add(struct se_wwn *se_wwn, struct config_group *group,
			      const char *name,
			      const struct config_item_type *type)
{
	config_group_init_type_name(group, name, type);
	configfs_add_default_group(group, &se_wwn->fabric_stat_group);
}

/**
 * iser_tgt_add_wwn_groups - fill fabric_statistics/ of a new target
 * @se_wwn: the target; the core removes the directories
 */
void iser_tgt_add_wwn_groups(struct se_wwn *se_wwn)
{
	struct iser_tgt_statistics *statistics =
		&iser_tgt_target(se_wwn)->statistics;

	iser_tgt_stat_add(se_wwn, &statistics->instance, "iscsi_instance",
			  &iser_tgt_stat_instance_type);
	iser_tgt_stat_add(se_wwn, &statistics->sess_err, "iscsi_sess_err",
			  &iser_tgt_stat_sess_err_type);
	iser_tgt_stat_add(se_wwn, &statistics->tgt_attr, "iscsi_tgt_attr",
			  &iser_tgt_stat_tgt_attr_type);
	iser_tgt_stat_add(se_wwn, &statistics->login, "iscsi_login_stats",
			  &iser_tgt_stat_login_type);
	iser_tgt_stat_add(se_wwn, &statistics->logout, "iscsi_logout_stats",
			  &iser_tgt_stat_logout_type);
}
