/* SPDX-License-Identifier: GPL-2.0 */
/* tpgt_N in configfs. */
#ifndef ISER_TGT_TPG_CONFIG_H
#define ISER_TGT_TPG_CONFIG_H

#include <linux/types.h>

struct configfs_attribute;
struct se_portal_group;
struct se_wwn;

extern struct configfs_attribute *iser_tgt_tpg_base_attrs[];

struct se_portal_group *iser_tgt_make_tpg(struct se_wwn *se_wwn,
					  const char *name);
void iser_tgt_drop_tpg(struct se_portal_group *se_tpg);
int iser_tgt_enable_tpg(struct se_portal_group *se_tpg, bool enable);

#endif
