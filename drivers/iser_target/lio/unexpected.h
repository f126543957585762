/* SPDX-License-Identifier: GPL-2.0 */
/* PDUs that an initiator does not expect, and how many it has buffers for. */
#ifndef ISER_TGT_UNEXPECTED_H
#define ISER_TGT_UNEXPECTED_H

#include <linux/spinlock.h>
#include <linux/types.h>

struct iser_tgt_pdu;
struct iser_tgt_session;

/**
 * struct iser_tgt_unexpected - PDUs that the initiator does not expect
 * @any: some are outstanding
 * @ping: a ping is outstanding
 * @nr: outstanding Rejects and asynchronous messages
 * @unsent: how many of them have not been posted yet
 * @until: ExpStatSN that acknowledges them all
 * @ping_until: ExpStatSN that acknowledges the ping
 * @lock: protects all of it
 */
struct iser_tgt_unexpected {
	bool any;
	bool ping;
	u32 nr;
	u32 unsent;
	u32 until;
	u32 ping_until;
	/* all of it */
	spinlock_t lock;
};

bool iser_tgt_unexpected_take(struct iser_tgt_session *sess);
bool iser_tgt_unexpected_take_ping(struct iser_tgt_session *sess);
void iser_tgt_unexpected_sent(struct iser_tgt_session *sess);
void iser_tgt_unexpected_ack(struct iser_tgt_session *sess,
			     const struct iser_tgt_pdu *pdu);

#endif
