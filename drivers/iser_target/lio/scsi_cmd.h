/* SPDX-License-Identifier: GPL-2.0 */
/* SCSI Commands: from the PDU to the target core. */
#ifndef ISER_TGT_SCSI_CMD_H
#define ISER_TGT_SCSI_CMD_H

struct iser_tgt_rx;
struct iser_tgt_session;
struct se_cmd;

int iser_tgt_scsi_receive(struct iser_tgt_session *sess,
			  struct iser_tgt_rx *rx);
int iser_tgt_write_pending(struct se_cmd *se_cmd);
void iser_tgt_release_cmd(struct se_cmd *se_cmd);

#endif
