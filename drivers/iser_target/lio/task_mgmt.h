/* SPDX-License-Identifier: GPL-2.0 */
/* Task management functions, and responses that wait for those of tasks. */
#ifndef ISER_TGT_TASK_MGMT_H
#define ISER_TGT_TASK_MGMT_H

#include <linux/types.h>

struct iser_tgt_cmd;
struct iser_tgt_rx;
struct iser_tgt_session;
struct se_cmd;

int iser_tgt_tmf_receive(struct iser_tgt_session *sess, struct iser_tgt_rx *rx);
void iser_tgt_queue_tm_rsp(struct se_cmd *se_cmd);
void iser_tgt_logout_defer(struct iser_tgt_cmd *cmd);
void iser_tgt_abort_set_init(struct iser_tgt_session *sess);
void iser_tgt_abort_set_kick(struct iser_tgt_session *sess);

#endif
