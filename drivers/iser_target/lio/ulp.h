/* SPDX-License-Identifier: GPL-2.0 */
/* What the verbs layer calls. */
#ifndef ISER_TGT_ULP_H
#define ISER_TGT_ULP_H

struct iser_tgt_ulp_ops;

extern const struct iser_tgt_ulp_ops iser_tgt_session_ops;

#endif
