/* SPDX-License-Identifier: GPL-2.0 */
/* Data buffers that stay mapped for a device. */
#ifndef ISER_TGT_RDMA_DATA_POOL_H
#define ISER_TGT_RDMA_DATA_POOL_H

#include <linux/spinlock.h>

#include "types.h"

struct seq_file;

/* The largest buffers kept mapped: 256 KiB with 4 KiB pages. */
#define ISER_TGT_DATA_ORDER_MAX	6
/* Those above this size, 64 KiB, get no more than half of all memory for buffers. */
#define ISER_TGT_DATA_ORDER_ANY	4

/**
 * struct iser_tgt_data_free - free buffers of one order
 * @first: the last one used
 * @nr: how many
 * @unused: the least of @nr since the last iser_tgt_data_pool_trim()
 */
struct iser_tgt_data_free {
	struct iser_tgt_data_buf *first;
	unsigned int nr;
	unsigned int unused;
};

/**
 * struct iser_tgt_data_pool - data buffers of one completion vector
 * @ibdev: the device they are mapped for
 * @pages: pages of all buffers, in use or not
 * @lock: protects the rest
 * @free: free buffers, by order
 * @hits: buffers that were there when one was asked for
 * @misses: buffers that were not
 */
struct iser_tgt_data_pool {
	struct ib_device *ibdev;
	atomic_long_t pages;
	/* the lists, their numbers and counts */
	spinlock_t lock;
	struct iser_tgt_data_free free[ISER_TGT_DATA_ORDER_MAX + 1];
	u64 hits;
	u64 misses;
};

void iser_tgt_data_pool_init(struct iser_tgt_data_pool *pool,
			     struct ib_device *ibdev);
void iser_tgt_data_pool_trim(struct iser_tgt_data_pool *pool);
void iser_tgt_data_pool_empty(struct iser_tgt_data_pool *pool);
void iser_tgt_data_pool_show(struct seq_file *m,
			     struct iser_tgt_data_pool *pool);

#endif
