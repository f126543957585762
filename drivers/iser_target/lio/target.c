// SPDX-License-Identifier: GPL-2.0
/* Targets: the directories named by an iSCSI name. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/slab.h>
#include <linux/utsname.h>

#include "../compat.h"
#include "names.h"
#include "target.h"

/*
 * Protects the tree of targets, portal groups and portals. Logins and
 * SendTargets read it, configfs changes it. It must not be held across a wait
 * for sessions to end.
 */
DECLARE_RWSEM(iser_tgt_targets_sem);
LIST_HEAD(iser_tgt_targets);
static atomic_t iser_tgt_next_index;

/**
 * iser_tgt_version - the version of the driver
 *
 * Part of a kernel, it has no version of its own.
 *
 * Return: for the administrator.
 */
const char *iser_tgt_version(void)
{
#ifdef MODULE
	return THIS_MODULE->version;
#else
	return init_utsname()->release;
#endif
}

/**
 * iser_tgt_target_find - find a target by its name
 * @name: TargetName, in lower case
 *
 * Context: holds iser_tgt_targets_sem.
 * Return: the target or NULL.
 */
struct iser_tgt_target *iser_tgt_target_find(const char *name)
{
	struct iser_tgt_target *target;

	list_for_each_entry(target, &iser_tgt_targets, entry)
		if (!strcmp(target->name, name))
			return target;

	return NULL;
}

/**
 * iser_tgt_make_target - mkdir of a target
 * @tf: the fabric
 * @group: its directory
 * @name: iSCSI name, RFC 7143 4.2.7
 *
 * Return: the target, or ERR_PTR(-EINVAL) for a bad name, ERR_PTR(-ENOMEM).
 */
struct se_wwn *iser_tgt_make_target(struct target_fabric_configfs *tf,
				    struct config_group *group,
				    const char *name)
{
	struct iser_tgt_target *target;

	if (!iser_tgt_name_usable(name))
		return ERR_PTR(-EINVAL);

	target = kzalloc_obj(*target, GFP_KERNEL);
	if (!target)
		return ERR_PTR(-ENOMEM);

	strscpy(target->name, name, sizeof(target->name));
	target->index = atomic_inc_return(&iser_tgt_next_index);
	INIT_LIST_HEAD(&target->tpgs);
	spin_lock_init(&target->statistics.lock);

	down_write(&iser_tgt_targets_sem);
	list_add_tail(&target->entry, &iser_tgt_targets);
	up_write(&iser_tgt_targets_sem);

	return &target->se_wwn;
}

/**
 * iser_tgt_drop_target - rmdir of a target
 * @se_wwn: the target; it has no portal groups any more
 */
void iser_tgt_drop_target(struct se_wwn *se_wwn)
{
	struct iser_tgt_target *target = iser_tgt_target(se_wwn);

	down_write(&iser_tgt_targets_sem);
	list_del(&target->entry);
	up_write(&iser_tgt_targets_sem);
	kfree(target);
}
