/* SPDX-License-Identifier: GPL-2.0 */
/* The end of a connection. */
#ifndef ISER_TGT_RDMA_RELEASE_H
#define ISER_TGT_RDMA_RELEASE_H

struct work_struct;

void iser_tgt_conn_release(struct work_struct *work);

#endif
