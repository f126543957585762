// SPDX-License-Identifier: GPL-2.0
/*
 * CHAP names and secrets in configfs: auth/ of portal groups and ACLs, and
 * discovery_auth/.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/configfs.h>
#include <linux/kstrtox.h>
#include <linux/printk.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <target/target_core_fabric.h>

#include "acl.h"
#include "auth.h"
#include "chap_order.h"
#include "config_value.h"
#include "tpg.h"

/* Logins see all four strings of one write or the other. */
static DEFINE_SPINLOCK(iser_tgt_auth_lock);

static struct iser_tgt_auth iser_tgt_disc_auth;
static bool iser_tgt_disc_enforce;
/* Empty until it is written: the default. */
static u8 iser_tgt_disc_chap_order[ISER_TGT_CHAP_ALGS + 1];

/* Holds iser_tgt_auth_lock. */
static const u8 *iser_tgt_disc_order(void)
{
	return iser_tgt_disc_chap_order[0] ? iser_tgt_disc_chap_order :
					     iser_tgt_chap_order_default;
}

/**
 * iser_tgt_auth_copy - copy names and secrets
 * @to: the copy; the caller wipes it
 * @from: names and secrets in configfs
 *
 * Context: any but interrupts.
 */
void iser_tgt_auth_copy(struct iser_tgt_auth *to,
			const struct iser_tgt_auth *from)
{
	spin_lock(&iser_tgt_auth_lock);
	memcpy(to, from, sizeof(*to));
	spin_unlock(&iser_tgt_auth_lock);
}

/**
 * iser_tgt_discovery_auth - get the authentication of discovery sessions
 * @to: set to names and secrets; the caller wipes it
 * @chap_order: set to the algorithms, 0-terminated
 *
 * Context: any but interrupts.
 * Return: true if they have to authenticate.
 */
bool iser_tgt_discovery_auth(struct iser_tgt_auth *to, u8 *chap_order)
{
	iser_tgt_auth_copy(to, &iser_tgt_disc_auth);
	spin_lock(&iser_tgt_auth_lock);
	memcpy(chap_order, iser_tgt_disc_order(),
	       sizeof(iser_tgt_disc_chap_order));
	spin_unlock(&iser_tgt_auth_lock);
	return READ_ONCE(iser_tgt_disc_enforce);
}

static ssize_t iser_tgt_auth_show(const char *field, char *page)
{
	ssize_t len;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;

	spin_lock(&iser_tgt_auth_lock);
	len = sysfs_emit(page, "%s\n", *field ? field : "NULL");
	spin_unlock(&iser_tgt_auth_lock);

	return len;
}

static ssize_t iser_tgt_auth_store(char *field, bool secret, const char *page,
				   size_t count)
{
	size_t len = iser_tgt_config_len(page, count);

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len >= ISER_TGT_AUTH_STR_MAX || strnlen(page, len) != len)
		return -EINVAL;
	/* As in the iscsi fabric, "NULL" unsets it. */
	if (len == 4 && !memcmp(page, "NULL", 4))
		len = 0;

	spin_lock(&iser_tgt_auth_lock);
	memzero_explicit(field, ISER_TGT_AUTH_STR_MAX);
	memcpy(field, page, len);
	spin_unlock(&iser_tgt_auth_lock);

	if (secret && len && len < ISER_TGT_CHAP_SECRET_MIN)
		pr_warn_ratelimited("a CHAP secret of %zu bytes was set: RFC 7143 9.2.1 asks for %u or more\n",
				    len, ISER_TGT_CHAP_SECRET_MIN);
	return count;
}

static ssize_t iser_tgt_auth_mutual_show(const struct iser_tgt_auth *auth,
					 char *page)
{
	return sysfs_emit(page, "%d\n",
			  auth->userid_mutual[0] && auth->password_mutual[0]);
}

#define ISER_TGT_AUTH(_prefix, _where, _name)				\
static ssize_t _prefix##_##_name##_show(struct config_item *item,	\
					char *page)			\
{									\
	return iser_tgt_auth_show((_where)->_name, page);		\
}									\
static ssize_t _prefix##_##_name##_store(struct config_item *item,	\
					 const char *page, size_t count) \
{									\
	return iser_tgt_auth_store((_where)->_name,			\
				   strstarts(#_name, "password"),	\
				   page, count);			\
}									\
CONFIGFS_ATTR(_prefix##_, _name)

#define ISER_TGT_AUTH_ALL(_prefix, _where)				\
ISER_TGT_AUTH(_prefix, _where, userid);					\
ISER_TGT_AUTH(_prefix, _where, password);				\
ISER_TGT_AUTH(_prefix, _where, userid_mutual);				\
ISER_TGT_AUTH(_prefix, _where, password_mutual);			\
static ssize_t _prefix##_authenticate_target_show(			\
		struct config_item *item, char *page)			\
{									\
	return iser_tgt_auth_mutual_show(_where, page);			\
}									\
CONFIGFS_ATTR_RO(_prefix##_, authenticate_target)

ISER_TGT_AUTH_ALL(iser_tgt_tpg_auth,
		  &iser_tgt_tpg(auth_to_tpg(item))->auth);
ISER_TGT_AUTH_ALL(iser_tgt_acl_auth,
		  &iser_tgt_acl(auth_to_nacl(item))->auth);
ISER_TGT_AUTH_ALL(iser_tgt_disc_auth, &iser_tgt_disc_auth);

static ssize_t
iser_tgt_disc_auth_enforce_discovery_auth_show(struct config_item *item,
					       char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(iser_tgt_disc_enforce));
}

static ssize_t
iser_tgt_disc_auth_enforce_discovery_auth_store(struct config_item *item,
						const char *page, size_t count)
{
	u8 value;

	if (kstrtou8(page, 0, &value) || value > 1)
		return -EINVAL;

	WRITE_ONCE(iser_tgt_disc_enforce, value);
	return count;
}

CONFIGFS_ATTR(iser_tgt_disc_auth_, enforce_discovery_auth);

static ssize_t iser_tgt_disc_auth_CHAP_A_show(struct config_item *item,
					      char *page)
{
	ssize_t len;

	spin_lock(&iser_tgt_auth_lock);
	len = iser_tgt_chap_order_show(iser_tgt_disc_order(), page);
	spin_unlock(&iser_tgt_auth_lock);

	return len;
}

static ssize_t iser_tgt_disc_auth_CHAP_A_store(struct config_item *item,
					       const char *page, size_t count)
{
	u8 order[ISER_TGT_CHAP_ALGS + 1];
	int ret;

	ret = iser_tgt_chap_order_parse(page, count, order);
	if (ret)
		return ret;

	spin_lock(&iser_tgt_auth_lock);
	memcpy(iser_tgt_disc_chap_order, order, sizeof(order));
	spin_unlock(&iser_tgt_auth_lock);

	return count;
}

CONFIGFS_ATTR(iser_tgt_disc_auth_, CHAP_A);

struct configfs_attribute *iser_tgt_tpg_auth_attrs[] = {
	&iser_tgt_tpg_auth_attr_userid,
	&iser_tgt_tpg_auth_attr_password,
	&iser_tgt_tpg_auth_attr_userid_mutual,
	&iser_tgt_tpg_auth_attr_password_mutual,
	&iser_tgt_tpg_auth_attr_authenticate_target,
	NULL,
};

struct configfs_attribute *iser_tgt_acl_auth_attrs[] = {
	&iser_tgt_acl_auth_attr_userid,
	&iser_tgt_acl_auth_attr_password,
	&iser_tgt_acl_auth_attr_userid_mutual,
	&iser_tgt_acl_auth_attr_password_mutual,
	&iser_tgt_acl_auth_attr_authenticate_target,
	NULL,
};

struct configfs_attribute *iser_tgt_discovery_attrs[] = {
	&iser_tgt_disc_auth_attr_enforce_discovery_auth,
	&iser_tgt_disc_auth_attr_CHAP_A,
	&iser_tgt_disc_auth_attr_userid,
	&iser_tgt_disc_auth_attr_password,
	&iser_tgt_disc_auth_attr_userid_mutual,
	&iser_tgt_disc_auth_attr_password_mutual,
	&iser_tgt_disc_auth_attr_authenticate_target,
	NULL,
};
