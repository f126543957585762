/* SPDX-License-Identifier: GPL-2.0 */
/* Logging of the commands that the removal of a LUN waits for. */
#ifndef ISER_TGT_LUN_SHUTDOWN_H
#define ISER_TGT_LUN_SHUTDOWN_H

struct iser_tgt_tpg;
struct se_lun;
struct se_portal_group;

void iser_tgt_lun_shutdown_init(struct iser_tgt_tpg *tpg);
void iser_tgt_pre_unlink(struct se_portal_group *se_tpg, struct se_lun *lun);

#endif
