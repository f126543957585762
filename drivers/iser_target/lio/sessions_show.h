/* SPDX-License-Identifier: GPL-2.0 */
/* Lists of sessions and logins in configfs and debugfs. */
#ifndef ISER_TGT_SESSIONS_SHOW_H
#define ISER_TGT_SESSIONS_SHOW_H

#include <linux/types.h>

struct config_item;
struct seq_file;
struct seq_operations;

/* All sessions, for debugfs. */
extern const struct seq_operations iser_tgt_sessions_sops;

void *iser_tgt_sessions_seq_start(struct seq_file *m, loff_t *pos);
void *iser_tgt_sessions_seq_next(struct seq_file *m, void *v, loff_t *pos);
void iser_tgt_sessions_seq_stop(struct seq_file *m, void *v);
ssize_t iser_tgt_tpg_sessions_show(struct config_item *item, char *page);
ssize_t iser_tgt_tpg_logins_show(struct config_item *item, char *page);

#endif
