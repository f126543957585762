/* SPDX-License-Identifier: GPL-2.0 */
/* Completion of PDUs that were sent, and of the transfers in front of them. */
#ifndef ISER_TGT_RDMA_SENT_H
#define ISER_TGT_RDMA_SENT_H

struct ib_cq;
struct ib_wc;
struct iser_tgt_conn;

void iser_tgt_send_done(struct ib_cq *cq, struct ib_wc *wc);
void iser_tgt_sent_flush(struct iser_tgt_conn *conn);

#endif
