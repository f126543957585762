/* SPDX-License-Identifier: GPL-2.0 */
/* Asynchronous messages to initiators: RFC 7143 11.9. */
#ifndef ISER_TGT_ASYNC_H
#define ISER_TGT_ASYNC_H

#include <linux/types.h>

struct iser_tgt_session;

void iser_tgt_session_drop(struct iser_tgt_session *sess, const char *why);
void iser_tgt_async_ask(struct iser_tgt_session *sess, u8 event, u16 seconds);

#endif
