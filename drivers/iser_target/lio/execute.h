/* SPDX-License-Identifier: GPL-2.0 */
/* Workers that execute commands that may sleep. */
#ifndef ISER_TGT_EXECUTE_H
#define ISER_TGT_EXECUTE_H

struct iser_tgt_cmd;

int iser_tgt_execute_init(void);
void iser_tgt_execute_exit(void);
void iser_tgt_execute_choose(struct iser_tgt_cmd *cmd);

#endif
