// SPDX-License-Identifier: GPL-2.0
/*
 * T10 protection information that the device generates and checks while it moves
 * the data. Tested with an emulation.
 */

#include "conn.h"
#include "pi.h"

/**
 * iser_tgt_pi_capable - has a device signature MRs
 * @ibdev: the device
 *
 * Return: true if it has.
 */
bool iser_tgt_pi_capable(const struct ib_device *ibdev)
{
	return ibdev->attrs.kernel_cap_flags & IBK_INTEGRITY_HANDOVER;
}

/**
 * iser_tgt_pi_wrs - work requests of a transfer with protection information
 * @xfer: the transfer, its segment planned
 *
 * Context: process.
 * Return: the first one, or an ERR_PTR(): -EINVAL for more than a signature MR
 * covers.
 */
struct ib_send_wr *iser_tgt_pi_wrs(struct iser_tgt_xfer *xfer)
{
	struct iser_tgt_conn *conn = xfer->conn;
	struct iser_tgt_pi *pi = xfer->pi;
	int ret;

	ret = rdma_rw_ctx_signature_init(&xfer->rw, conn->qp, conn->port, xfer->sg,
					 xfer->nents, pi->sg, pi->nents,
					 &pi->attrs, xfer->va, xfer->rkey,
					 xfer->dir);
	if (ret < 0)
		return ERR_PTR(ret);

	return rdma_rw_ctx_wrs(&xfer->rw, conn->qp, conn->port, &xfer->cqe,
			       NULL);
}

/**
 * iser_tgt_pi_end - get the result of the check and release the MR
 * @xfer: the transfer, completed, flushed or not posted
 *
 * Context: process.
 */
void iser_tgt_pi_end(struct iser_tgt_xfer *xfer)
{
	struct iser_tgt_conn *conn = xfer->conn;
	struct iser_tgt_pi *pi = xfer->pi;
	struct ib_mr_status status = {};
	int ret;

	ret = ib_check_mr_status(xfer->rw.reg->mr, IB_MR_CHECK_SIG_STATUS,
				 &status);
	/* Without a result the data counts as bad. */
	pi->bad = ret || (status.fail_status & IB_MR_CHECK_SIG_STATUS);
	pi->err = status.sig_err;

	rdma_rw_ctx_destroy_signature(&xfer->rw, conn->qp, conn->port,
				      xfer->sg, xfer->nents, pi->sg, pi->nents,
				      xfer->dir);
}
