/* SPDX-License-Identifier: GPL-2.0 */
/* NOP-Out, Text, Logout and iSER Hello. */
#ifndef ISER_TGT_MISC_PDU_H
#define ISER_TGT_MISC_PDU_H

struct iser_tgt_rx;
struct iser_tgt_session;

int iser_tgt_misc_pdu_receive(struct iser_tgt_session *sess,
			      struct iser_tgt_rx *rx);
int iser_tgt_hello_receive(struct iser_tgt_session *sess,
			   struct iser_tgt_rx *rx);

#endif
