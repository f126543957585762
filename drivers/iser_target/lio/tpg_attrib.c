// SPDX-License-Identifier: GPL-2.0
/* attrib/ of a portal group: names and meanings as in the iscsi fabric. */

#include <linux/configfs.h>
#include <linux/sysfs.h>
#include <target/target_core_fabric.h>

#include "config_value.h"
#include "tpg.h"
#include "tpg_attrib.h"

#define ISER_TGT_ATTRIB(_name, _min, _max)				\
static ssize_t iser_tgt_tpg_attrib_##_name##_show(			\
		struct config_item *item, char *page)			\
{									\
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(attrib_to_tpg(item));	\
									\
	return sysfs_emit(page, "%u\n", READ_ONCE(tpg->attrib._name));	\
}									\
static ssize_t iser_tgt_tpg_attrib_##_name##_store(			\
		struct config_item *item, const char *page, size_t count) \
{									\
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(attrib_to_tpg(item));	\
									\
	return iser_tgt_config_number(page, count, 0, _min, _max,	\
				      &tpg->attrib._name);		\
}									\
CONFIGFS_ATTR(iser_tgt_tpg_attrib_, _name)

ISER_TGT_ATTRIB(authentication, 0, 1);
ISER_TGT_ATTRIB(generate_node_acls, 0, 1);
ISER_TGT_ATTRIB(cache_dynamic_acls, 0, 1);
ISER_TGT_ATTRIB(demo_mode_discovery, 0, 1);
ISER_TGT_ATTRIB(demo_mode_write_protect, 0, 1);
ISER_TGT_ATTRIB(prod_mode_write_protect, 0, 1);
/* seconds */
ISER_TGT_ATTRIB(login_timeout, 1, 300);
ISER_TGT_ATTRIB(tpg_enabled_sendtargets, 0, 1);
/* 0 for any number */
ISER_TGT_ATTRIB(sessions_per_initiator, 0, 65535);
ISER_TGT_ATTRIB(max_sessions, 0, 65535);
/* seconds, 0 for none */
ISER_TGT_ATTRIB(nopin_interval, 0, 3600);
/* seconds beyond that */
ISER_TGT_ATTRIB(nopin_timeout, 1, 3600);
ISER_TGT_ATTRIB(unsent_immediate_data, 0, 1);
/* No recovery within a connection: RFC 7145 7.3.12 */
ISER_TGT_ATTRIB(default_erl, 0, 0);
/* Protection by the fabric alone is not supported. */
ISER_TGT_ATTRIB(fabric_prot_type, 0, 0);

static ssize_t
iser_tgt_tpg_attrib_default_cmdsn_depth_show(struct config_item *item,
					     char *page)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(attrib_to_tpg(item));

	return sysfs_emit(page, "%u\n",
			  READ_ONCE(tpg->attrib.default_cmdsn_depth));
}

static ssize_t
iser_tgt_tpg_attrib_default_cmdsn_depth_store(struct config_item *item,
					      const char *page, size_t count)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(attrib_to_tpg(item));
	ssize_t ret;

	ret = iser_tgt_config_number(page, count, 0, 1, ISER_TGT_DEPTH_MAX,
				     &tpg->attrib.default_cmdsn_depth);
	if (ret > 0)
		iser_tgt_tpg_need_depth(tpg, tpg->attrib.default_cmdsn_depth);
	return ret;
}

CONFIGFS_ATTR(iser_tgt_tpg_attrib_, default_cmdsn_depth);

static ssize_t iser_tgt_tpg_attrib_t10_pi_show(struct config_item *item,
					       char *page)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(attrib_to_tpg(item));

	return sysfs_emit(page, "%u\n", READ_ONCE(tpg->attrib.t10_pi));
}

static ssize_t iser_tgt_tpg_attrib_t10_pi_store(struct config_item *item,
						const char *page, size_t count)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(attrib_to_tpg(item));
	ssize_t ret;

	ret = iser_tgt_config_number(page, count, 0, 0, 1, &tpg->attrib.t10_pi);
	if (ret > 0)
		iser_tgt_tpg_pi_changed(tpg);
	return ret;
}

CONFIGFS_ATTR(iser_tgt_tpg_attrib_, t10_pi);

struct configfs_attribute *iser_tgt_tpg_attrib_attrs[] = {
	&iser_tgt_tpg_attrib_attr_authentication,
	&iser_tgt_tpg_attrib_attr_generate_node_acls,
	&iser_tgt_tpg_attrib_attr_cache_dynamic_acls,
	&iser_tgt_tpg_attrib_attr_default_cmdsn_depth,
	&iser_tgt_tpg_attrib_attr_default_erl,
	&iser_tgt_tpg_attrib_attr_demo_mode_discovery,
	&iser_tgt_tpg_attrib_attr_demo_mode_write_protect,
	&iser_tgt_tpg_attrib_attr_prod_mode_write_protect,
	&iser_tgt_tpg_attrib_attr_login_timeout,
	&iser_tgt_tpg_attrib_attr_t10_pi,
	&iser_tgt_tpg_attrib_attr_fabric_prot_type,
	&iser_tgt_tpg_attrib_attr_tpg_enabled_sendtargets,
	&iser_tgt_tpg_attrib_attr_sessions_per_initiator,
	&iser_tgt_tpg_attrib_attr_max_sessions,
	&iser_tgt_tpg_attrib_attr_nopin_interval,
	&iser_tgt_tpg_attrib_attr_nopin_timeout,
	&iser_tgt_tpg_attrib_attr_unsent_immediate_data,
	NULL,
};
