/* SPDX-License-Identifier: GPL-2.0 */
/* What the fabric needs of a connection or a PDU so often that it is inline. */
#ifndef ISER_TGT_RDMA_INLINE_H
#define ISER_TGT_RDMA_INLINE_H

#include <linux/align.h>
#include <linux/compiler.h>
#include <linux/string.h>

#include "types.h"

/* The first member: see iser_tgt_conn_init(). The receive side writes to it. */
static inline struct iser_tgt_window *
iser_tgt_conn_numbers(const struct iser_tgt_conn *conn)
{
	return (struct iser_tgt_window *)conn;
}

/**
 * iser_tgt_tx_prepare - prepare a PDU for posting
 * @tx: the PDU, headers and data filled in
 * @data_len: bytes of data, at most ISER_TGT_FFP_DATA_MAX; padded here
 * @inv_rkey: STag of the initiator to invalidate, 0 for none; ignored if the
 *	peer does not take SEND with invalidate
 */
static inline void iser_tgt_tx_prepare(struct iser_tgt_tx *tx, size_t data_len,
				       u32 inv_rkey)
{
	size_t padded = ALIGN(data_len, 4);

	if (unlikely(padded != data_len))
		memset(iser_tgt_tx_data(tx) + data_len, 0, padded - data_len);
	tx->sge.length = ISER_TGT_HDR_LEN + padded;
	tx->wr.next = NULL;
	tx->wr.opcode = IB_WR_SEND;
	if (inv_rkey && iser_tgt_conn_numbers(tx->conn)->send_inv) {
		tx->wr.opcode = IB_WR_SEND_WITH_INV;
		tx->wr.ex.invalidate_rkey = inv_rkey;
	}
	tx->xfer = NULL;
	tx->waited = false;
}

/* A hint in any context: another processor may change it at any time. */
static inline bool
iser_tgt_conn_transfers_wait(const struct iser_tgt_conn *conn)
{
	return READ_ONCE(iser_tgt_conn_numbers(conn)->transfers_wait);
}

/*
 * Whether memory may still be sent from after an RDMA WRITE completed: it may be
 * freed, but not reused for other data.
 */
static inline bool
iser_tgt_conn_completes_early(const struct iser_tgt_conn *conn)
{
	return iser_tgt_conn_numbers(conn)->completes_early;
}

#endif
