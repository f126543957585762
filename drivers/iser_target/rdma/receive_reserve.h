/* SPDX-License-Identifier: GPL-2.0 */
/* Reservation of receive buffers. */
#ifndef ISER_TGT_RDMA_RECEIVE_RESERVE_H
#define ISER_TGT_RDMA_RECEIVE_RESERVE_H

#include <linux/types.h>

struct iser_tgt_rx_queue;

/* Fewer to spare in a shared queue than this, and it gets more. */
#define ISER_TGT_SRQ_LIMIT	16
/* The window that a session on a shared receive queue always has. */
#define ISER_TGT_WINDOW_MIN	8

int iser_tgt_rx_reserve(struct iser_tgt_rx_queue *q, unsigned int nr);
void iser_tgt_rx_unreserve(struct iser_tgt_rx_queue *q, unsigned int nr);
bool iser_tgt_rx_borrow(struct iser_tgt_rx_queue *q);
bool iser_tgt_rx_try_reserve(struct iser_tgt_rx_queue *q);
void iser_tgt_rx_retire(struct iser_tgt_rx_queue *q, unsigned int nr);

#endif
