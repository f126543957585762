/* SPDX-License-Identifier: GPL-2.0 */
/* Movement of data by RDMA READ and RDMA WRITE. */
#ifndef ISER_TGT_RDMA_TRANSFER_H
#define ISER_TGT_RDMA_TRANSFER_H

#include "rdma.h"

/* Scatter elements of a work request: every send queue entry has room for all. */
#define ISER_TGT_XFER_SGE	8
/* Credits that one segment of a transfer may take: 1 MiB of single pages. */
#define ISER_TGT_XFER_SEGMENT	32
/* Segments at a time that may need registered memory. */
#define ISER_TGT_XFER_MRS	8

void iser_tgt_xfer_end(struct iser_tgt_xfer *xfer);
void iser_tgt_xfer_return_credits(struct iser_tgt_conn *conn,
				  unsigned int credits);
void iser_tgt_xfer_unposted(struct iser_tgt_xfer *xfer, bool partly, int ret);
void iser_tgt_xfer_flush(struct iser_tgt_conn *conn);

/* Only its credits are left to return once the response behind it has completed. */
static inline bool iser_tgt_xfer_is_plain_write(const struct iser_tgt_xfer *xfer)
{
	return xfer->buf && xfer->dir == DMA_TO_DEVICE;
}

#endif
