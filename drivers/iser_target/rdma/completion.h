/* SPDX-License-Identifier: GPL-2.0 */
/* Completion vectors of a device, and the completion queues on them. */
#ifndef ISER_TGT_COMPLETION_H
#define ISER_TGT_COMPLETION_H

#include <linux/list.h>

#include "buffers.h"

struct ib_cq;
struct ib_device;
struct iser_tgt_conn;
struct iser_tgt_cq;
struct iser_tgt_device;

/**
 * struct iser_tgt_vector - a completion vector of a device, and what is there
 * for its connections alone
 * @cqs: its completion queues, the fullest first
 * @conns: connections
 * @shared: receive queue they share; NULL if nobody has needed it lately, or
 *	for a device without. Goes away under the device's cq_lock, with @conns 0
 * @pool: data buffers
 * @dev: the device
 * @trim: gives back what they do not use
 */
struct iser_tgt_vector {
	struct list_head cqs;
	unsigned int conns;
	struct iser_tgt_rx_queue *shared;
	struct iser_tgt_data_pool pool;
	struct iser_tgt_device *dev;
	struct delayed_work trim;
};

unsigned int iser_tgt_vectors(const struct ib_device *ibdev);
void iser_tgt_vectors_init(struct iser_tgt_device *dev);
struct iser_tgt_vector *iser_tgt_vector_get(struct iser_tgt_device *dev);
void iser_tgt_vector_put(struct iser_tgt_device *dev,
			 struct iser_tgt_vector *vector);
int iser_tgt_cq_get(struct iser_tgt_conn *conn, unsigned int shared,
		    unsigned int own);
void iser_tgt_cq_put(struct iser_tgt_conn *conn);
void iser_tgt_cqs_free(struct iser_tgt_device *dev);
struct ib_cq *iser_tgt_cq_ib(const struct iser_tgt_cq *cq);
bool iser_tgt_cq_idle(const struct iser_tgt_conn *conn);

#endif
