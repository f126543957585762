/* SPDX-License-Identifier: GPL-2.0 */
/* CHAP names and secrets: auth/ in configfs. */
#ifndef ISER_TGT_AUTH_H
#define ISER_TGT_AUTH_H

#include <linux/types.h>

struct configfs_attribute;
struct iser_tgt_auth;

extern struct configfs_attribute *iser_tgt_tpg_auth_attrs[];
extern struct configfs_attribute *iser_tgt_acl_auth_attrs[];
extern struct configfs_attribute *iser_tgt_discovery_attrs[];

void iser_tgt_auth_copy(struct iser_tgt_auth *to,
			const struct iser_tgt_auth *from);
bool iser_tgt_discovery_auth(struct iser_tgt_auth *to, u8 *chap_order);

#endif
