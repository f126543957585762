/* SPDX-License-Identifier: GPL-2.0 */
/* Tasks that ended with their connection: RFC 7143 11.14.5. */
#ifndef ISER_TGT_CLEARED_H
#define ISER_TGT_CLEARED_H

#include <linux/types.h>

struct iser_tgt_cmd;
struct iser_tgt_session;
struct iser_tgt_tpg;

int iser_tgt_cleared_take(struct iser_tgt_session *sess);
void iser_tgt_cleared_add(struct iser_tgt_cmd *cmd);
bool iser_tgt_cleared_tell(struct iser_tgt_cmd *cmd, u64 lun, u8 opcode);
void iser_tgt_cleared_keep(struct iser_tgt_session *sess);
void iser_tgt_cleared_free(struct iser_tgt_tpg *tpg);

#endif
