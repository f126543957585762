/* SPDX-License-Identifier: GPL-2.0 */
/* np/<ip>:<port> in configfs. */
#ifndef ISER_TGT_PORTAL_H
#define ISER_TGT_PORTAL_H

struct config_group;
struct configfs_attribute;
struct se_portal_group;
struct se_tpg_np;

extern struct configfs_attribute *iser_tgt_portal_attrs[];

struct se_tpg_np *iser_tgt_make_np(struct se_portal_group *se_tpg,
				   struct config_group *group,
				   const char *name);
void iser_tgt_drop_np(struct se_tpg_np *np);

#endif
