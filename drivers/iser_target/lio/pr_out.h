/* SPDX-License-Identifier: GPL-2.0 */
/* PERSISTENT RESERVE OUT: malformed TransportIDs do not reach the core. */
#ifndef ISER_TGT_PR_OUT_H
#define ISER_TGT_PR_OUT_H

#include <target/target_core_base.h>

struct iser_tgt_cmd;

sense_reason_t iser_tgt_pr_out_refuse(const struct iser_tgt_cmd *cmd);

#endif
