// SPDX-License-Identifier: GPL-2.0
/*
 * param/ of a portal group: what it offers in negotiation. Where this target
 * knows only one value, the file takes that value and refuses others.
 */

#include "lio.h"

static const char * const iser_tgt_auth_methods[] = {
	"CHAP,None", "CHAP", "None",
};

/**
 * iser_tgt_tpg_wants_chap - must an initiator authenticate
 * @tpg: the portal group
 *
 * Context: any.
 * Return: true if it must.
 */
bool iser_tgt_tpg_wants_chap(const struct iser_tgt_tpg *tpg)
{
	return READ_ONCE(tpg->attrib.authentication) ||
	       READ_ONCE(tpg->auth_method) == 1;
}

/**
 * iser_tgt_strip_newline - length of what was written to a text attribute
 * @page: as written
 * @count: bytes of it
 *
 * Context: any.
 * Return: bytes without the newline that echo adds.
 */
size_t iser_tgt_strip_newline(const char *page, size_t count)
{
	return count && page[count - 1] == '\n' ? count - 1 : count;
}

static bool iser_tgt_param_is(const char *page, size_t count, const char *word)
{
	size_t len = iser_tgt_strip_newline(page, count);

	return len == strlen(word) && !memcmp(page, word, len);
}

static ssize_t iser_tgt_param_store_number(const char *page, size_t count,
					   u32 *field, u32 min, u32 max)
{
	u32 value;

	if (kstrtou32(page, 10, &value) || value < min || value > max)
		return -EINVAL;

	WRITE_ONCE(*field, value);
	return count;
}

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
	return iser_tgt_param_store_number(page, count,			\
					   &tpg->offer._field,		\
					   _min, _max);			\
}									\
CONFIGFS_ATTR(iser_tgt_tpg_param_, _name)

#define ISER_TGT_PARAM_BOOL(_name, _field)				\
static ssize_t iser_tgt_tpg_param_##_name##_show(			\
		struct config_item *item, char *page)			\
{									\
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(param_to_tpg(item));	\
									\
	return sysfs_emit(page, "%s\n",					\
			  READ_ONCE(tpg->offer._field) ? "Yes" : "No");	\
}									\
static ssize_t iser_tgt_tpg_param_##_name##_store(			\
		struct config_item *item, const char *page, size_t count) \
{									\
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(param_to_tpg(item));	\
									\
	if (iser_tgt_param_is(page, count, "Yes"))			\
		WRITE_ONCE(tpg->offer._field, true);			\
	else if (iser_tgt_param_is(page, count, "No"))			\
		WRITE_ONCE(tpg->offer._field, false);			\
	else								\
		return -EINVAL;						\
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
	return iser_tgt_param_is(page, count, _value) ? count : -EINVAL; \
}									\
CONFIGFS_ATTR(iser_tgt_tpg_param_, _name)

/* Ranges of RFC 7143 section 13 and RFC 7145 section 6, bytes or seconds. */
ISER_TGT_PARAM_NUMBER(MaxBurstLength, max_burst, 512, 16777215);
ISER_TGT_PARAM_NUMBER(FirstBurstLength, first_burst, 512, 16777215);
ISER_TGT_PARAM_NUMBER(DefaultTime2Wait, time2wait, 0, 3600);
ISER_TGT_PARAM_NUMBER(DefaultTime2Retain, time2retain, 0, 3600);
ISER_TGT_PARAM_NUMBER(MaxOutstandingR2T, max_outstanding_r2t, 1, 65535);
ISER_TGT_PARAM_NUMBER(InitiatorRecvDataSegmentLength, initiator_rdsl, 512,
		      16777215);
ISER_TGT_PARAM_NUMBER(TargetRecvDataSegmentLength, target_rdsl, 512,
		      ISER_TGT_RECV_DATA_MAX);
ISER_TGT_PARAM_BOOL(ImmediateData, immediate_data);
ISER_TGT_PARAM_BOOL(DataPDUInOrder, data_pdu_in_order);
ISER_TGT_PARAM_BOOL(DataSequenceInOrder, data_seq_in_order);
/* libiscsi cannot send the Data-Out that "No" would allow it. */
ISER_TGT_PARAM_FIXED(InitialR2T, "Yes");
ISER_TGT_PARAM_FIXED(MaxConnections, "1");
ISER_TGT_PARAM_FIXED(ErrorRecoveryLevel, "0");
/* RFC 7145 5.1: the transport has its own. */
ISER_TGT_PARAM_FIXED(HeaderDigest, "None");
ISER_TGT_PARAM_FIXED(DataDigest, "None");

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
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(iser_tgt_auth_methods); i++) {
		if (iser_tgt_param_is(page, count, iser_tgt_auth_methods[i])) {
			WRITE_ONCE(tpg->auth_method, i);
			return count;
		}
	}
	return -EINVAL;
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
	size_t len = iser_tgt_strip_newline(page, count);

	if (len >= sizeof(tpg->alias))
		return -EINVAL;

	spin_lock(&tpg->lock);
	memcpy(tpg->alias, page, len);
	tpg->alias[len] = '\0';
	spin_unlock(&tpg->lock);

	return count;
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

/* Login redirect: RFC 7143 11.13.5, status class 1. */
static const struct {
	u16 status;
	const char *word;
} iser_tgt_moved[] = {
	{ ISER_TGT_LOGIN_OK, "No" },
	{ ISER_TGT_LOGIN_MOVED_TEMP, "Temporarily" },
	{ ISER_TGT_LOGIN_MOVED_PERM, "Permanently" },
};

static ssize_t iser_tgt_tpg_param_TargetMoved_show(struct config_item *item,
						   char *page)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(param_to_tpg(item));

	/* The details of the two statuses are 1 and 2. */
	return sysfs_emit(page, "%s\n",
			  iser_tgt_moved[READ_ONCE(tpg->moved) & 3].word);
}

static ssize_t iser_tgt_tpg_param_TargetMoved_store(struct config_item *item,
						    const char *page,
						    size_t count)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(param_to_tpg(item));
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(iser_tgt_moved); i++) {
		if (iser_tgt_param_is(page, count, iser_tgt_moved[i].word)) {
			WRITE_ONCE(tpg->moved, iser_tgt_moved[i].status);
			return count;
		}
	}
	return -EINVAL;
}

CONFIGFS_ATTR(iser_tgt_tpg_param_, TargetMoved);

static ssize_t
iser_tgt_tpg_param_TargetMovedAddress_show(struct config_item *item, char *page)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(param_to_tpg(item));
	ssize_t len;

	spin_lock(&tpg->lock);
	len = sysfs_emit(page, "%s\n", tpg->moved_to);
	spin_unlock(&tpg->lock);

	return len;
}

static ssize_t
iser_tgt_tpg_param_TargetMovedAddress_store(struct config_item *item,
					    const char *page, size_t count)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(param_to_tpg(item));
	size_t len = iser_tgt_strip_newline(page, count);
	char address[ISER_TGT_REDIRECT_MAX];
	struct sockaddr_storage parsed;

	if (len >= sizeof(address))
		return -EINVAL;
	memcpy(address, page, len);
	address[len] = '\0';
	if (len && iser_tgt_parse_portal(address, &parsed))
		return -EINVAL;

	spin_lock(&tpg->lock);
	memcpy(tpg->moved_to, address, len + 1);
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
