/* SPDX-License-Identifier: GPL-2.0 */
/* Binary values in text (CHAP_C, CHAP_R): RFC 7143 6.1. */
#ifndef ISER_TGT_ISCSI_CHAP_H
#define ISER_TGT_ISCSI_CHAP_H

#include "base.h"

/* Bytes that iser_tgt_chap_encode() writes for @n bytes of value */
#define ISER_TGT_CHAP_ENCODED(n)	(2 + 2 * (n) + 1)

int iser_tgt_chap_decode(const char *value, u8 *out, size_t size);
void iser_tgt_chap_encode(const u8 *value, size_t len, char *out);

#endif
