/* SPDX-License-Identifier: GPL-2.0 */
/* The command window, as far as receive buffers back it. */
#ifndef ISER_TGT_RDMA_WINDOW_H
#define ISER_TGT_RDMA_WINDOW_H

struct iser_tgt_conn;

int iser_tgt_window_login(struct iser_tgt_conn *conn);
bool iser_tgt_window_has_room(struct iser_tgt_conn *conn, unsigned int nr);
void iser_tgt_window_none_waits(struct iser_tgt_conn *conn);
void iser_tgt_window_advance(struct iser_tgt_conn *conn);
void iser_tgt_window_end(struct iser_tgt_conn *conn);

#endif
