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

#endif
