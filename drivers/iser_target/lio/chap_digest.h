/* SPDX-License-Identifier: GPL-2.0 */
/* Random numbers and hashes for CHAP. */
#ifndef ISER_TGT_CHAP_DIGEST_H
#define ISER_TGT_CHAP_DIGEST_H

#include "../iscsi/login.h"

int iser_tgt_chap_random(u8 *buf, size_t len);
int iser_tgt_chap_digest(u8 alg, u8 id, const char *secret, size_t secret_len,
			 const u8 *challenge, size_t challenge_len,
			 u8 out[ISER_TGT_CHAP_DIGEST_MAX]);

#endif
