/* SPDX-License-Identifier: GPL-2.0 */
/* attrib/ of a portal group in configfs. */
#ifndef ISER_TGT_TPG_ATTRIB_H
#define ISER_TGT_TPG_ATTRIB_H

struct configfs_attribute;

extern struct configfs_attribute *iser_tgt_tpg_attrib_attrs[];

#endif
