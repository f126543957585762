/* SPDX-License-Identifier: GPL-2.0 */
/* Responses to requests that are not SCSI commands, and the order of requests. */
#ifndef ISER_TGT_REPLY_H
#define ISER_TGT_REPLY_H

#include <linux/types.h>

#include "../rdma/rdma.h"
#include "session.h"

struct iser_tgt_cmd;

/**
 * struct iser_tgt_reply - a response under construction
 * @tx: its headers
 * @data: memory for its data
 * @max: bytes of @data
 * @cmd: its context; NULL in a discovery session
 */
struct iser_tgt_reply {
	struct iser_tgt_tx *tx;
	u8 *data;
	size_t max;
	struct iser_tgt_cmd *cmd;
};

bool iser_tgt_reply_get(struct iser_tgt_session *sess,
			struct iser_tgt_reply *reply, bool advances_window);
void iser_tgt_reply_send(struct iser_tgt_session *sess,
			 struct iser_tgt_reply *reply, size_t len);
int iser_tgt_reject(struct iser_tgt_session *sess, struct iser_tgt_rx *rx,
		    u8 reason);
bool iser_tgt_reject_leaves_gap(const struct iser_tgt_session *sess);
int iser_tgt_cmd_sn_refuse(struct iser_tgt_session *sess, struct iser_tgt_rx *rx);

/**
 * iser_tgt_cmd_sn_check - check the CmdSN of a request
 * @sess: the session
 * @rx: the request
 *
 * RFC 7143 4.2.2.1. On one reliable connection a request can be missing only if
 * it was rejected (7.3). The requests behind it then wait until the initiator
 * has sent it again or has aborted it.
 *
 * Context: the receive side.
 * Return: 0 to deliver the request, -EBUSY if it has to wait, -EINVAL if it has
 * been dropped.
 */
static inline int iser_tgt_cmd_sn_check(struct iser_tgt_session *sess,
					struct iser_tgt_rx *rx)
{
	if (likely(iser_tgt_window_verdict(sess->conn, &rx->pdu) ==
		   ISER_TGT_WINDOW_DELIVER))
		return 0;

	return iser_tgt_cmd_sn_refuse(sess, rx);
}

#endif
