/* SPDX-License-Identifier: GPL-2.0 */
/* Latency of sessions and LUNs in debugfs. */
#ifndef ISER_TGT_LATENCY_SHOW_H
#define ISER_TGT_LATENCY_SHOW_H

struct seq_file;
struct seq_operations;

extern const struct seq_operations iser_tgt_session_latency_sops;

void iser_tgt_lun_latency_show(struct seq_file *m);

#endif
