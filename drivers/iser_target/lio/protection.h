/* SPDX-License-Identifier: GPL-2.0 */
/* T10-PI with the help of the RDMA device: attrib/t10_pi. */
#ifndef ISER_TGT_PROTECTION_H
#define ISER_TGT_PROTECTION_H

#include <target/target_core_base.h>

struct iser_tgt_cmd;
struct iser_tgt_pi;
struct iser_tgt_session;

enum target_prot_op iser_tgt_prot_ops(const struct iser_tgt_session *sess);
int iser_tgt_prot_alloc(struct iser_tgt_session *sess);
struct iser_tgt_pi *iser_tgt_prot_pi(struct iser_tgt_cmd *cmd);
sense_reason_t iser_tgt_prot_error(struct iser_tgt_cmd *cmd,
				   const struct iser_tgt_pi *pi);

#endif
