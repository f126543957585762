/* SPDX-License-Identifier: GPL-2.0 */
/* Guesses of CHAP secrets: the more were wrong, the longer the next one takes. */
#ifndef ISER_TGT_CHAP_BACKOFF_H
#define ISER_TGT_CHAP_BACKOFF_H

#include <linux/types.h>

struct iser_tgt_session;

bool iser_tgt_backoff_wait(struct iser_tgt_session *sess);
void iser_tgt_backoff_verdict(struct iser_tgt_session *sess, bool ok);
void iser_tgt_backoff_init(struct iser_tgt_session *sess);
void iser_tgt_backoff_cancel(struct iser_tgt_session *sess);

#endif
