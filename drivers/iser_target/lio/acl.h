/* SPDX-License-Identifier: GPL-2.0 */
/* acls/<initiator> in configfs. */
#ifndef ISER_TGT_ACL_H
#define ISER_TGT_ACL_H

#include <linux/types.h>
#include <target/target_core_base.h>

#include "../iscsi/login.h"

struct configfs_attribute;

/**
 * struct iser_tgt_acl - acls/<initiator>
 * @nacl: the core's part
 * @auth: auth/
 * @no_immediate_data: attrib/immediate_data is 0. Inverted because the core
 *	makes ACLs of its own, all zeros.
 * @authentication: attrib/authentication and one, for the same reason: 0 if the
 *	portal group's holds
 */
struct iser_tgt_acl {
	struct se_node_acl nacl;
	struct iser_tgt_auth auth;
	bool no_immediate_data;
	u8 authentication;
};

static inline struct iser_tgt_acl *iser_tgt_acl(struct se_node_acl *nacl)
{
	return container_of(nacl, struct iser_tgt_acl, nacl);
}

extern struct configfs_attribute *iser_tgt_acl_base_attrs[];
extern struct configfs_attribute *iser_tgt_acl_attrib_attrs[];
extern struct configfs_attribute *iser_tgt_acl_param_attrs[];

int iser_tgt_init_nodeacl(struct se_node_acl *nacl, const char *name);

#endif
