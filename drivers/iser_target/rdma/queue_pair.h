/* SPDX-License-Identifier: GPL-2.0 */
/* Queue pairs: their size, their creation, their drain. */
#ifndef ISER_TGT_RDMA_QUEUE_PAIR_H
#define ISER_TGT_RDMA_QUEUE_PAIR_H

#include <linux/types.h>

struct ib_device_attr;
struct iser_tgt_conn;

unsigned int iser_tgt_qp_wr_min(const struct ib_device_attr *cap,
				unsigned int depth);
unsigned int iser_tgt_qp_cqe_min(const struct ib_device_attr *cap,
				 unsigned int depth);
void iser_tgt_qp_plan(struct iser_tgt_conn *conn);
int iser_tgt_qp_create(struct iser_tgt_conn *conn);
void iser_tgt_qp_destroy(struct iser_tgt_conn *conn);
bool iser_tgt_qp_disconnects_first(const struct iser_tgt_conn *conn);
void iser_tgt_qp_drain(struct iser_tgt_conn *conn);

#endif
