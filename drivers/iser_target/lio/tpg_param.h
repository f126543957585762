/* SPDX-License-Identifier: GPL-2.0 */
/* param/ of a portal group in configfs. */
#ifndef ISER_TGT_TPG_PARAM_H
#define ISER_TGT_TPG_PARAM_H

struct configfs_attribute;

extern struct configfs_attribute *iser_tgt_tpg_param_attrs[];

#endif
