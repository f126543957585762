/* SPDX-License-Identifier: GPL-2.0 */
/* The module's directory in debugfs. */
#ifndef ISER_TGT_DEBUGFS_H
#define ISER_TGT_DEBUGFS_H

void iser_tgt_debugfs_init(void);
void iser_tgt_debugfs_exit(void);

#endif
