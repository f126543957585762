/* SPDX-License-Identifier: GPL-2.0 */
/* T10 protection information in transfers. */
#ifndef ISER_TGT_RDMA_PI_H
#define ISER_TGT_RDMA_PI_H

#include "types.h"

bool iser_tgt_pi_capable(const struct ib_device *ibdev);
struct ib_send_wr *iser_tgt_pi_wrs(struct iser_tgt_xfer *xfer);
void iser_tgt_pi_end(struct iser_tgt_xfer *xfer);

#endif
