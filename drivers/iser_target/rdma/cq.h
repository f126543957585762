/* SPDX-License-Identifier: GPL-2.0 */
/* Completion queues of a completion vector. */
#ifndef ISER_TGT_RDMA_CQ_H
#define ISER_TGT_RDMA_CQ_H

#include <linux/list.h>
#include <linux/types.h>

struct ib_cq;
struct iser_tgt_device;

/**
 * struct iser_tgt_cq - a completion queue and the entries reserved in it
 * @entry: on its vector's list
 * @cq: the queue
 * @users: connections that report to it
 * @used: entries they may have outstanding, @shared included
 * @shared: receives of the vector's shared receive queue: any connection may
 *	take all of them
 * @polled: for iser_tgt_devices_show(): when a completion of a connection was
 *	last handled, jiffies; 0 if there is none
 *
 * All but @cq under the device's vector_lock.
 */
struct iser_tgt_cq {
	struct list_head entry;
	struct ib_cq *cq;
	unsigned int users;
	unsigned int used;
	unsigned int shared;
	unsigned long polled;
};

struct iser_tgt_cq *iser_tgt_cq_get(struct iser_tgt_device *dev,
				    struct list_head *cqs, unsigned int vector,
				    unsigned int shared, unsigned int own);
void iser_tgt_cq_put(struct iser_tgt_device *dev, struct list_head *cqs,
		     struct iser_tgt_cq *cq, unsigned int own);
void iser_tgt_cqs_free(struct iser_tgt_device *dev, struct list_head *cqs);
struct ib_cq *iser_tgt_cq_ib(const struct iser_tgt_cq *cq);
bool iser_tgt_cq_idle(const struct iser_tgt_cq *cq);

#endif
