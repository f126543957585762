/* SPDX-License-Identifier: GPL-2.0 */
/* Completion vectors of a device, and the completion queues on them. */
#ifndef ISER_TGT_COMPLETION_H
#define ISER_TGT_COMPLETION_H

#include <linux/types.h>

struct ib_cq;
struct iser_tgt_conn;
struct iser_tgt_cq;
struct iser_tgt_device;

/**
 * struct iser_tgt_vector - a completion vector of a device
 * @cqs: its completion queues, the fullest first
 * @conns: connections
 */
struct iser_tgt_vector {
	struct list_head cqs;
	unsigned int conns;
};

void iser_tgt_vectors_init(struct iser_tgt_device *dev);
unsigned int iser_tgt_vector_get(struct iser_tgt_device *dev);
void iser_tgt_vector_put(struct iser_tgt_device *dev, unsigned int vector);
int iser_tgt_cq_get(struct iser_tgt_conn *conn, unsigned int shared,
		    unsigned int own);
void iser_tgt_cq_put(struct iser_tgt_conn *conn);
void iser_tgt_cqs_free(struct iser_tgt_device *dev);
struct ib_cq *iser_tgt_cq_ib(const struct iser_tgt_cq *cq);
bool iser_tgt_cq_idle(const struct iser_tgt_conn *conn);

#endif
