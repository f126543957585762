/* SPDX-License-Identifier: GPL-2.0 */
/* Targets: the directories named by an iSCSI name. */
#ifndef ISER_TGT_TARGET_H
#define ISER_TGT_TARGET_H

#include <linux/list.h>
#include <linux/rwsem.h>
#include <target/target_core_base.h>

#include "../iscsi/name.h"
#include "statistics.h"

struct config_group;
struct target_fabric_configfs;

/**
 * struct iser_tgt_target - a target
 * @se_wwn: the core's part
 * @name: iSCSI name
 * @index: number of the target in the SCSI-MIB
 * @entry: entry of iser_tgt_targets, under iser_tgt_targets_sem
 * @tpgs: portal groups, under iser_tgt_targets_sem
 * @statistics: what has happened to it
 */
struct iser_tgt_target {
	struct se_wwn se_wwn;
	char name[ISER_TGT_NAME_MAX + 1];
	u32 index;
	struct list_head entry;
	struct list_head tpgs;
	struct iser_tgt_statistics statistics;
};

static inline struct iser_tgt_target *iser_tgt_target(struct se_wwn *se_wwn)
{
	return container_of(se_wwn, struct iser_tgt_target, se_wwn);
}

extern struct rw_semaphore iser_tgt_targets_sem;
extern struct list_head iser_tgt_targets;

const char *iser_tgt_version(void);
struct iser_tgt_target *iser_tgt_target_find(const char *name);
struct se_wwn *iser_tgt_make_target(struct target_fabric_configfs *tf,
				    struct config_group *group,
				    const char *name);
void iser_tgt_drop_target(struct se_wwn *se_wwn);

#endif
