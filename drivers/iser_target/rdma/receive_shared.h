/* SPDX-License-Identifier: GPL-2.0 */
/* Receive queues that all connections of a completion vector share. */
#ifndef ISER_TGT_RDMA_RECEIVE_SHARED_H
#define ISER_TGT_RDMA_RECEIVE_SHARED_H

#include <linux/types.h>

struct ib_cq;
struct ib_wc;
struct iser_tgt_device;
struct iser_tgt_rx_queue;

bool iser_tgt_shared_usable(const struct iser_tgt_device *dev);
struct iser_tgt_rx_queue *
iser_tgt_shared_alloc(struct iser_tgt_device *dev,
		      void (*done)(struct ib_cq *cq, struct ib_wc *wc));
void iser_tgt_shared_lossy(struct iser_tgt_rx_queue *q);
void iser_tgt_shared_trim(struct iser_tgt_rx_queue *q);

#endif
