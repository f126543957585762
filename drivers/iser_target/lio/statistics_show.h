/* SPDX-License-Identifier: GPL-2.0 */
/* fabric_statistics/ of a target. */
#ifndef ISER_TGT_STATISTICS_SHOW_H
#define ISER_TGT_STATISTICS_SHOW_H

struct se_wwn;

void iser_tgt_add_wwn_groups(struct se_wwn *se_wwn);

#endif
