/* SPDX-License-Identifier: GPL-2.0 */
/* Posting of PDUs, with their sequence numbers. */
#ifndef ISER_TGT_RDMA_SEND_H
#define ISER_TGT_RDMA_SEND_H

#include "rdma.h"

/* Data segment of the response of a login, pages. */
#define ISER_TGT_LOGIN_PAGES	DIV_ROUND_UP(ISER_TGT_LOGIN_DATA_MAX, PAGE_SIZE)

int iser_tgt_post(struct iser_tgt_conn *conn, struct ib_send_wr *first,
		  struct iser_tgt_tx *tx);
int iser_tgt_post_chain(struct iser_tgt_conn *conn,
			struct iser_tgt_chain *chain, bool *partly);

#endif
