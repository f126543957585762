/* SPDX-License-Identifier: GPL-2.0 */
/* Responses to requests that are not SCSI commands, and the order of requests. */
#ifndef ISER_TGT_REPLY_H
#define ISER_TGT_REPLY_H

#include <linux/types.h>

struct iser_tgt_cmd;
struct iser_tgt_rx;
struct iser_tgt_session;
struct iser_tgt_tx;

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
int iser_tgt_cmd_sn_check(struct iser_tgt_session *sess, struct iser_tgt_rx *rx);

#endif
