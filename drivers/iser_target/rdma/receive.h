/* SPDX-License-Identifier: GPL-2.0 */
/* Received PDUs on their way to the fabric. */
#ifndef ISER_TGT_RDMA_RECEIVE_H
#define ISER_TGT_RDMA_RECEIVE_H

struct ib_cq;
struct ib_wc;
struct iser_tgt_conn;
struct work_struct;

void iser_tgt_recv_done(struct ib_cq *cq, struct ib_wc *wc);
void iser_tgt_rx_work(struct work_struct *work);
void iser_tgt_rx_start(struct iser_tgt_conn *conn);
void iser_tgt_rx_drop(struct iser_tgt_conn *conn);

#endif
