/* SPDX-License-Identifier: GPL-2.0 */
/* SCSI commands in progress: how many, and how old the oldest is. */
#ifndef ISER_TGT_FLIGHT_H
#define ISER_TGT_FLIGHT_H

#include <linux/types.h>

struct iser_tgt_session;
struct seq_file;

/**
 * struct iser_tgt_flight - commands in progress
 * @nr: how many
 * @oldest: age of the oldest, jiffies
 */
struct iser_tgt_flight {
	unsigned int nr;
	u32 oldest;
};

struct iser_tgt_flight
iser_tgt_session_flight(const struct iser_tgt_session *sess);
void iser_tgt_luns_show(struct seq_file *m);

#endif
