/* SPDX-License-Identifier: GPL-2.0 */
/* Answers to Text Requests: SendTargets, RFC 7143 appendix C. */
#ifndef ISER_TGT_SENDTARGETS_H
#define ISER_TGT_SENDTARGETS_H

#include <linux/types.h>

struct iser_tgt_session;

char *iser_tgt_text_answer(struct iser_tgt_session *sess, const char *text,
			   size_t len, size_t *answer_len);

#endif
