// SPDX-License-Identifier: GPL-2.0
/*
 * param/ of a portal group: what it offers in negotiation. Where this target
 * supports only one value, the file accepts that value and refuses others.
 */

#include <linux/configfs.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <target/target_core_fabric.h>

#include "../iscsi/status.h"
#include "../rdma/rdma.h"
#include "chap_order.h"
#include "config_value.h"
#include "portal_address.h"
#include "tpg.h"
#include "tpg_param.h"

static const char * const iser_tgt_no_yes[] = { "No", "Yes" };

static const char * const iser_tgt_auth_methods[] = {
	[ISER_TGT_AUTH_CHAP_OR_NONE] = "CHAP,None",
	[ISER_TGT_AUTH_CHAP] = "CHAP",
	[ISER_TGT_AUTH_NONE] = "None",
};

/* Login redirect: RFC 7143 11.13.5, status class 1. */
static const char * const iser_tgt_redirects[] = {
	"No", "Temporarily", "Permanently",
};

static const u16 iser_tgt_redirect_status[] = {
	ISER_TGT_LOGIN_OK, ISER_TGT_LOGIN_MOVED_TEMP, ISER_TGT_LOGIN_MOVED_PERM,
};

#define ISER_TGT_PARAM_NUMBER(_name, _field, _min, _max)		\
static ssize_t iser_tgt_tpg_param_##_name##_show(			\
		struct config_item *item, char *page)			\
{									\
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(param_to_tpg(item));	\
									\
	return sysfs_emit(page, "%u\n", READ_ONCE(tpg->offer._field));	\
}									\
static ssize_t iser_tgt_tpg_param_##_name##_store(			\
		struct config_item *item, const char *page, size_t count) \
{									\
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(param_to_tpg(item));	\
									\
	return iser_tgt_config_number(page, count, 10, _min, _max,	\
				      &tpg->offer._field);		\
}									\
CONFIGFS_ATTR(iser_tgt_tpg_param_, _name)

#define ISER_TGT_PARAM_BOOL(_name, _field)				\
static ssize_t iser_tgt_tpg_param_##_name##_show(			\
		struct config_item *item, char *page)			\
{									\
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(param_to_tpg(item));	\
									\
	return sysfs_emit(page, "%s\n",					\
			  iser_tgt_yes_no(READ_ONCE(tpg->offer._field))); \
}									\
static ssize_t iser_tgt_tpg_param_##_name##_store(			\
		struct config_item *item, const char *page, size_t count) \
{									\
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(param_to_tpg(item));	\
	int yes = sysfs_match_string(iser_tgt_no_yes, page);		\
									\
	if (yes < 0)							\
		return -EINVAL;						\
	WRITE_ONCE(tpg->offer._field, yes);				\
	return count;							\
}									\
CONFIGFS_ATTR(iser_tgt_tpg_param_, _name)

#define ISER_TGT_PARAM_FIXED(_name, _value)				\
static ssize_t iser_tgt_tpg_param_##_name##_show(			\
		struct config_item *item, char *page)			\
{									\
	return sysfs_emit(page, "%s\n", _value);			\
}									\
static ssize_t iser_tgt_tpg_param_##_name##_store(			\
		struct config_item *item, const char *page, size_t count) \
{									\
	return sysfs_streq(page, _value) ? count : -EINVAL;		\
}									\
CONFIGFS_ATTR(iser_tgt_tpg_param_, _name)

/* Ranges of RFC 7143 section 13 and RFC 7145 section 6, bytes or seconds. */
ISER_TGT_PARAM_NUMBER(MaxBurstLength, max_burst, 512, 16777215);
ISER_TGT_PARAM_NUMBER(FirstBurstLength, first_burst, 512, 16777215);
ISER_TGT_PARAM_NUMBER(DefaultTime2Wait, time2wait, 0, 3600);
ISER_TGT_PARAM_NUMBER(MaxOutstandingR2T, max_outstanding_r2t, 1, 65535);
ISER_TGT_PARAM_NUMBER(InitiatorRecvDataSegmentLength, initiator_rdsl, 512,
		      16777215);
ISER_TGT_PARAM_NUMBER(TargetRecvDataSegmentLength, target_rdsl, 512,
		      ISER_TGT_RECV_DATA_MAX);
ISER_TGT_PARAM_BOOL(ImmediateData, immediate_data);
ISER_TGT_PARAM_BOOL(DataPDUInOrder, data_pdu_in_order);
ISER_TGT_PARAM_BOOL(DataSequenceInOrder, data_seq_in_order);
/* libiscsi could not send the unsolicited Data-Out that "No" allows. */
ISER_TGT_PARAM_FIXED(InitialR2T, "Yes");
ISER_TGT_PARAM_FIXED(MaxConnections, "1");
ISER_TGT_PARAM_FIXED(ErrorRecoveryLevel, "0");
/* RFC 7145 5.1: the transport has digests of its own. */
ISER_TGT_PARAM_FIXED(HeaderDigest, "None");
ISER_TGT_PARAM_FIXED(DataDigest, "None");

/*
 * Always 0: the state of a session ends with its connection. What configurations
 * of the iscsi fabric have is accepted and promises nothing.
 */
static ssize_t iser_tgt_tpg_param_DefaultTime2Retain_show(struct config_item *item,
							  char *page)
{
	return sysfs_emit(page, "0\n");
}

static ssize_t
iser_tgt_tpg_param_DefaultTime2Retain_store(struct config_item *item,
					    const char *page, size_t count)
{
	u32 ignored;

	return iser_tgt_config_number(page, count, 10, 0, 3600, &ignored);
}

CONFIGFS_ATTR(iser_tgt_tpg_param_, DefaultTime2Retain);

static ssize_t iser_tgt_tpg_param_AuthMethod_show(struct config_item *item,
						  char *page)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(param_to_tpg(item));

	return sysfs_emit(page, "%s\n",
			  iser_tgt_auth_methods[READ_ONCE(tpg->auth_method)]);
}

static ssize_t iser_tgt_tpg_param_AuthMethod_store(struct config_item *item,
						   const char *page,
						   size_t count)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(param_to_tpg(item));
	int method = sysfs_match_string(iser_tgt_auth_methods, page);

	if (method < 0)
		return -EINVAL;

	WRITE_ONCE(tpg->auth_method, method);
	return count;
}

CONFIGFS_ATTR(iser_tgt_tpg_param_, AuthMethod);

static ssize_t iser_tgt_tpg_param_TargetAlias_show(struct config_item *item,
						   char *page)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(param_to_tpg(item));
	ssize_t len;

	spin_lock(&tpg->lock);
	len = sysfs_emit(page, "%s\n", tpg->alias);
	spin_unlock(&tpg->lock);

	return len;
}

static ssize_t iser_tgt_tpg_param_TargetAlias_store(struct config_item *item,
						    const char *page,
						    size_t count)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(param_to_tpg(item));
	ssize_t len;

	spin_lock(&tpg->lock);
	len = iser_tgt_config_text(tpg->alias, sizeof(tpg->alias), page, count);
	spin_unlock(&tpg->lock);

	return len < 0 ? len : count;
}

CONFIGFS_ATTR(iser_tgt_tpg_param_, TargetAlias);

static ssize_t iser_tgt_tpg_param_CHAP_A_show(struct config_item *item,
					      char *page)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(param_to_tpg(item));
	ssize_t len;

	spin_lock(&tpg->lock);
	len = iser_tgt_chap_order_show(tpg->chap_order, page);
	spin_unlock(&tpg->lock);

	return len;
}

static ssize_t iser_tgt_tpg_param_CHAP_A_store(struct config_item *item,
					       const char *page, size_t count)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(param_to_tpg(item));
	u8 order[ISER_TGT_CHAP_ALGS + 1];
	int ret;

	ret = iser_tgt_chap_order_parse(page, count, order);
	if (ret)
		return ret;

	spin_lock(&tpg->lock);
	memcpy(tpg->chap_order, order, sizeof(order));
	spin_unlock(&tpg->lock);

	return count;
}

CONFIGFS_ATTR(iser_tgt_tpg_param_, CHAP_A);

static ssize_t iser_tgt_tpg_param_TargetMoved_show(struct config_item *item,
						   char *page)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(param_to_tpg(item));

	/* The details of the two statuses are 1 and 2. */
	return sysfs_emit(page, "%s\n",
			  iser_tgt_redirects[READ_ONCE(tpg->redirect_status) & 3]);
}

static ssize_t iser_tgt_tpg_param_TargetMoved_store(struct config_item *item,
						    const char *page,
						    size_t count)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(param_to_tpg(item));
	int index = sysfs_match_string(iser_tgt_redirects, page);

	if (index < 0)
		return -EINVAL;

	WRITE_ONCE(tpg->redirect_status, iser_tgt_redirect_status[index]);
	return count;
}

CONFIGFS_ATTR(iser_tgt_tpg_param_, TargetMoved);

static ssize_t
iser_tgt_tpg_param_TargetMovedAddress_show(struct config_item *item, char *page)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(param_to_tpg(item));
	ssize_t len;

	spin_lock(&tpg->lock);
	len = sysfs_emit(page, "%s\n", tpg->redirect_to);
	spin_unlock(&tpg->lock);

	return len;
}

static ssize_t
iser_tgt_tpg_param_TargetMovedAddress_store(struct config_item *item,
					    const char *page, size_t count)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(param_to_tpg(item));
	char address[ISER_TGT_PORTAL_ADDRESS_MAX];
	struct sockaddr_storage parsed;
	ssize_t len;

	len = iser_tgt_config_text(address, sizeof(address), page, count);
	if (len < 0 || (len && iser_tgt_parse_portal(address, &parsed)))
		return -EINVAL;

	spin_lock(&tpg->lock);
	memcpy(tpg->redirect_to, address, len + 1);
	spin_unlock(&tpg->lock);

	return count;
}

CONFIGFS_ATTR(iser_tgt_tpg_param_, TargetMovedAddress);

struct configfs_attribute *iser_tgt_tpg_param_attrs[] = {
	&iser_tgt_tpg_param_attr_AuthMethod,
	&iser_tgt_tpg_param_attr_TargetAlias,
	&iser_tgt_tpg_param_attr_CHAP_A,
	&iser_tgt_tpg_param_attr_TargetMoved,
	&iser_tgt_tpg_param_attr_TargetMovedAddress,
	&iser_tgt_tpg_param_attr_MaxConnections,
	&iser_tgt_tpg_param_attr_InitialR2T,
	&iser_tgt_tpg_param_attr_ImmediateData,
	&iser_tgt_tpg_param_attr_MaxBurstLength,
	&iser_tgt_tpg_param_attr_FirstBurstLength,
	&iser_tgt_tpg_param_attr_DefaultTime2Wait,
	&iser_tgt_tpg_param_attr_DefaultTime2Retain,
	&iser_tgt_tpg_param_attr_MaxOutstandingR2T,
	&iser_tgt_tpg_param_attr_DataPDUInOrder,
	&iser_tgt_tpg_param_attr_DataSequenceInOrder,
	&iser_tgt_tpg_param_attr_ErrorRecoveryLevel,
	&iser_tgt_tpg_param_attr_HeaderDigest,
	&iser_tgt_tpg_param_attr_DataDigest,
	&iser_tgt_tpg_param_attr_InitiatorRecvDataSegmentLength,
	&iser_tgt_tpg_param_attr_TargetRecvDataSegmentLength,
	NULL,
};
