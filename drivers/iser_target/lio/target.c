// SPDX-License-Identifier: GPL-2.0
/* Targets: the directories named by an iSCSI name. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>

#include "lio.h"

/*
 * Logins and SendTargets read the tree of targets, portal groups and portals;
 * configfs changes it. Nobody waits for a session with it held.
 */
DECLARE_RWSEM(iser_tgt_targets_sem);
LIST_HEAD(iser_tgt_targets);

/**
 * iser_tgt_wwn_find - look a target up
 * @name: TargetName, in lower case
 *
 * Context: holds iser_tgt_targets_sem.
 * Return: the target or NULL.
 */
struct iser_tgt_wwn *iser_tgt_wwn_find(const char *name)
{
	struct iser_tgt_wwn *wwn;

	list_for_each_entry(wwn, &iser_tgt_targets, entry)
		if (!strcmp(wwn->name, name))
			return wwn;

	return NULL;
}

/**
 * iser_tgt_make_wwn - mkdir of a target
 * @tf: the fabric
 * @group: its directory
 * @name: the iSCSI name, RFC 7143 4.2.7
 *
 * Context: configfs, may sleep.
 * Return: the target, or ERR_PTR(-EINVAL) for a bad name, ERR_PTR(-ENOMEM).
 */
struct se_wwn *iser_tgt_make_wwn(struct target_fabric_configfs *tf,
				 struct config_group *group, const char *name)
{
	struct iser_tgt_wwn *wwn;

	if (iser_tgt_name_check(name)) {
		pr_err("%s: not an iSCSI name in lower case\n", name);
		return ERR_PTR(-EINVAL);
	}

	wwn = kzalloc_obj(*wwn, GFP_KERNEL);
	if (!wwn)
		return ERR_PTR(-ENOMEM);

	strscpy(wwn->name, name, sizeof(wwn->name));
	INIT_LIST_HEAD(&wwn->tpgs);

	down_write(&iser_tgt_targets_sem);
	list_add_tail(&wwn->entry, &iser_tgt_targets);
	up_write(&iser_tgt_targets_sem);

	return &wwn->se_wwn;
}

/**
 * iser_tgt_drop_wwn - rmdir of a target; it has no portal groups any more
 * @se_wwn: the target
 *
 * Context: configfs, may sleep.
 */
void iser_tgt_drop_wwn(struct se_wwn *se_wwn)
{
	struct iser_tgt_wwn *wwn =
		container_of(se_wwn, struct iser_tgt_wwn, se_wwn);

	down_write(&iser_tgt_targets_sem);
	list_del(&wwn->entry);
	up_write(&iser_tgt_targets_sem);
	kfree(wwn);
}
