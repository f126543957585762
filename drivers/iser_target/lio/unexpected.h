/* SPDX-License-Identifier: GPL-2.0 */
/* PDUs that an initiator does not expect, and how many it has buffers for. */
#ifndef ISER_TGT_UNEXPECTED_H
#define ISER_TGT_UNEXPECTED_H

#include <linux/types.h>

struct iser_tgt_pdu;
struct iser_tgt_session;

bool iser_tgt_unexpected_take(struct iser_tgt_session *sess);
bool iser_tgt_unexpected_take_ping(struct iser_tgt_session *sess);
void iser_tgt_unexpected_sent(struct iser_tgt_session *sess);
void iser_tgt_unexpected_ack(struct iser_tgt_session *sess,
			     const struct iser_tgt_pdu *pdu);

#endif
