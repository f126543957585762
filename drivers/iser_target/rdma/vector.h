/* SPDX-License-Identifier: GPL-2.0 */
/* Completion vectors: the queues and buffers that their connections share. */
#ifndef ISER_TGT_RDMA_VECTOR_H
#define ISER_TGT_RDMA_VECTOR_H

#include <linux/list.h>
#include <linux/workqueue.h>

#include "data_pool.h"

struct iser_tgt_device;
struct iser_tgt_rx_queue;

/**
 * struct iser_tgt_vector - a completion vector of a device
 * @dev: the device
 * @conns: connections, under the device's vector_lock
 * @load: commands a second of @conns when last measured, under the same lock
 * @cqs: its completion queues, the oldest first, under the same lock
 * @shared: receive queue its connections share; NULL until one needs it, and on
 *	a device without. Taken away under the same lock, with @conns 0
 * @pool: data buffers
 * @trim: frees idle buffers
 */
struct iser_tgt_vector {
	struct iser_tgt_device *dev;
	unsigned int conns;
	unsigned int load;
	struct list_head cqs;
	struct iser_tgt_rx_queue *shared;
	struct iser_tgt_data_pool pool;
	struct delayed_work trim;
};

int iser_tgt_vectors_alloc(struct iser_tgt_device *dev);
void iser_tgt_vectors_empty(struct iser_tgt_device *dev);
void iser_tgt_vectors_free(struct iser_tgt_device *dev);
struct iser_tgt_vector *iser_tgt_vector_get(struct iser_tgt_device *dev);
void iser_tgt_vector_put(struct iser_tgt_vector *vector);
unsigned int iser_tgt_vector_number(const struct iser_tgt_vector *vector);
struct iser_tgt_rx_queue *iser_tgt_vector_shared(struct iser_tgt_vector *vector);

#endif
