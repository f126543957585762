/* SPDX-License-Identifier: GPL-2.0 */
/* Where RDMA drivers differ from what verbs promise. */
#ifndef ISER_TGT_RDMA_QUIRKS_H
#define ISER_TGT_RDMA_QUIRKS_H

#include <linux/types.h>

struct ib_device;

/**
 * struct iser_tgt_quirks - what a driver does otherwise
 * @completes_early: sends complete before the peer has acknowledged them
 * @disconnect_skips_flush: a queue pair that was disconnected is not flushed
 * @srq_loses: buffers of a shared receive queue get lost
 * @srq_silent: no LAST_WQE_REACHED event
 */
struct iser_tgt_quirks {
	bool completes_early;
	bool disconnect_skips_flush;
	bool srq_loses;
	bool srq_silent;
};

struct iser_tgt_quirks iser_tgt_quirks_of(const struct ib_device *ibdev);

#endif
