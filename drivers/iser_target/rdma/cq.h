/* SPDX-License-Identifier: GPL-2.0 */
/* Completion queues of a completion vector. */
#ifndef ISER_TGT_RDMA_CQ_H
#define ISER_TGT_RDMA_CQ_H

#include <linux/types.h>

struct ib_cq;
struct iser_tgt_cq;
struct iser_tgt_device;
struct list_head;

struct iser_tgt_cq *iser_tgt_cq_get(struct iser_tgt_device *dev,
				    struct list_head *cqs, unsigned int vector,
				    unsigned int shared, unsigned int own);
void iser_tgt_cq_put(struct iser_tgt_device *dev, struct list_head *cqs,
		     struct iser_tgt_cq *cq, unsigned int own);
void iser_tgt_cqs_free(struct list_head *cqs);
struct ib_cq *iser_tgt_cq_ib(const struct iser_tgt_cq *cq);
bool iser_tgt_cq_idle(const struct iser_tgt_cq *cq);

#endif
