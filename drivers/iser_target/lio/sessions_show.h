/* SPDX-License-Identifier: GPL-2.0 */
/* Lists of sessions and logins in configfs and debugfs. */
#ifndef ISER_TGT_SESSIONS_SHOW_H
#define ISER_TGT_SESSIONS_SHOW_H

#include <linux/types.h>

struct config_item;
struct seq_operations;

/* All sessions, for debugfs. */
extern const struct seq_operations iser_tgt_sessions_sops;

ssize_t iser_tgt_tpg_sessions_show(struct config_item *item, char *page);
ssize_t iser_tgt_tpg_logins_show(struct config_item *item, char *page);

#endif
