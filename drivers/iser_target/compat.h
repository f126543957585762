/* SPDX-License-Identifier: GPL-2.0 */
/* What Linux 6.1 lacks or names otherwise. The code is written for 6.12. */
#ifndef ISER_TGT_COMPAT_H
#define ISER_TGT_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#define ISER_TGT_SUBMIT_OPS				\
	.direct_submit_supp = 1,			\
	.default_submit_type = TARGET_DIRECT_SUBMIT,
#else
#define ISER_TGT_SUBMIT_OPS
#endif

/*
 * Before 6.11 soft-RoCE does not tell when a queue pair is through with a
 * shared receive queue, and completions may come behind its back.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define ISER_TGT_SRQ_DRAINS(ibdev)	((void)(ibdev), true)
#else
#define ISER_TGT_SRQ_DRAINS(ibdev)				\
	((ibdev)->ops.driver_id != RDMA_DRIVER_RXE)
#endif

#endif
