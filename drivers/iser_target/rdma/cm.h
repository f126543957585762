/* SPDX-License-Identifier: GPL-2.0 */
/* RDMA CM events of connections. */
#ifndef ISER_TGT_RDMA_CM_H
#define ISER_TGT_RDMA_CM_H

#include <linux/types.h>

struct iser_tgt_conn_group;
struct iser_tgt_listener;
struct rdma_cm_event;
struct rdma_cm_id;

int iser_tgt_conn_request(struct rdma_cm_id *cm_id, struct rdma_cm_event *event,
			  struct iser_tgt_listener *listener,
			  struct iser_tgt_conn_group *group,
			  unsigned int depth, bool pi);

#endif
