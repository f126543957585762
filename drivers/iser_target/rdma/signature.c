// SPDX-License-Identifier: GPL-2.0
/*
 * T10 protection information that the device makes and checks while it moves
 * the data. Untested: no device that can was at hand.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "rdma.h"

/**
 * iser_tgt_sig_able - has a device signature MRs
 * @ibdev: the device
 *
 * Context: any.
 * Return: true if it has.
 */
bool iser_tgt_sig_able(const struct ib_device *ibdev)
{
	return ibdev->attrs.kernel_cap_flags & IBK_INTEGRITY_HANDOVER;
}

/**
 * iser_tgt_sig_wrs - work requests of a transfer with protection information
 * @xfer: the transfer, its piece planned
 *
 * Context: process.
 * Return: the first one, or an ERR_PTR(): -EINVAL for more than one signature
 * MR covers.
 */
struct ib_send_wr *iser_tgt_sig_wrs(struct iser_tgt_xfer *xfer)
{
	struct iser_tgt_conn *conn = xfer->conn;
	struct iser_tgt_sig *sig = xfer->sig;
	u8 port = conn->cm_id->port_num;
	int ret;

	ret = rdma_rw_ctx_signature_init(&xfer->rw, conn->qp, port, xfer->sg,
					 xfer->nents, sig->sg, sig->nents,
					 &sig->attrs, xfer->va, xfer->rkey,
					 xfer->dir);
	if (ret < 0)
		return ERR_PTR(ret);

	return rdma_rw_ctx_wrs(&xfer->rw, conn->qp, port, &xfer->cqe, NULL);
}

/**
 * iser_tgt_sig_end - ask the device what it found, and let go
 * @xfer: the transfer, completed or flushed
 *
 * Context: completion handler, or the release work.
 */
void iser_tgt_sig_end(struct iser_tgt_xfer *xfer)
{
	struct iser_tgt_conn *conn = xfer->conn;
	struct iser_tgt_sig *sig = xfer->sig;
	struct ib_mr_status status = {};
	int ret;

	ret = ib_check_mr_status(xfer->rw.reg->mr, IB_MR_CHECK_SIG_STATUS,
				 &status);
	/* Nobody knows: that is not good enough. */
	sig->bad = ret || (status.fail_status & IB_MR_CHECK_SIG_STATUS);
	sig->err = status.sig_err;

	rdma_rw_ctx_destroy_signature(&xfer->rw, conn->qp,
				      conn->cm_id->port_num, xfer->sg,
				      xfer->nents, sig->sg, sig->nents,
				      xfer->dir);
}

/**
 * iser_tgt_xfer_start_sig - move data with protection information
 * @xfer: with @xfer->done set
 * @conn: a connection with @conn->integrity
 * @sig: what to make and check; says what was found when @xfer->done is called
 * @sg: the command's scatterlist, in the core's pages
 * @nents: its entries
 * @len: bytes of data to move, all of @sg
 * @va: remote address
 * @rkey: remote STag
 * @dir: DMA_TO_DEVICE for RDMA WRITE, DMA_FROM_DEVICE for RDMA READ
 *
 * One signature MR has all of it or none. No response is chained to it: the
 * status has to be known first.
 *
 * Context: process.
 */
void iser_tgt_xfer_start_sig(struct iser_tgt_xfer *xfer,
			     struct iser_tgt_conn *conn,
			     struct iser_tgt_sig *sig, struct scatterlist *sg,
			     unsigned int nents, u32 len, u64 va, u32 rkey,
			     enum dma_data_direction dir)
{
	sig->bad = false;
	iser_tgt_xfer_init(xfer, conn, len, va, rkey, dir);
	xfer->sig = sig;
	xfer->registers = true;
	xfer->sg = sg;
	xfer->nents = nents;
	iser_tgt_xfer_queue(xfer);
}
