/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by login.c (PDUs), login_keys.c (text) and login_chap.c (CHAP). */
#ifndef ISER_TGT_ISCSI_LOGIN_PRIVATE_H
#define ISER_TGT_ISCSI_LOGIN_PRIVATE_H

#include "login.h"

/**
 * struct iser_tgt_chap_keys - CHAP values of one request, NULL if not given
 * @a: CHAP_A
 * @i: CHAP_I
 * @c: CHAP_C, in login->in
 * @n: CHAP_N
 * @r: CHAP_R, in login->in
 */
struct iser_tgt_chap_keys {
	const char *a;
	const char *i;
	const char *c;
	const char *n;
	const char *r;
};

/* Set the reason of a refusal; returns @status. */
static inline u16 iser_tgt_login_fail(struct iser_tgt_login *login, u16 status,
				      const char *reason)
{
	login->reason = reason;
	return status;
}

u16 iser_tgt_login_text(struct iser_tgt_login *login, bool transit);
bool iser_tgt_login_may_transit(const struct iser_tgt_login *login);
u16 iser_tgt_login_integrity(struct iser_tgt_login *login);
u16 iser_tgt_login_chap(struct iser_tgt_login *login,
			const struct iser_tgt_chap_keys *keys,
			struct iser_tgt_text_out *out);

#endif
