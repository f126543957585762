/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ISER_TGT_COVER_H
#define ISER_TGT_COVER_H

/* The compiler calls it at the start of each basic block. */
void __sanitizer_cov_trace_pc(void);

#endif
