/* SPDX-License-Identifier: GPL-2.0 */
/* Lists of CHAP algorithms in order of preference: CHAP_A of RFC 7143 12.1.3. */
#ifndef ISER_TGT_CHAP_ORDER_H
#define ISER_TGT_CHAP_ORDER_H

#include "../iscsi/login.h"

/* Strongest first, 0-terminated. */
extern const u8 iser_tgt_chap_order_default[ISER_TGT_CHAP_ALGS + 1];

int iser_tgt_chap_order_parse(const char *page, size_t count, u8 *order);
ssize_t iser_tgt_chap_order_show(const u8 *order, char *page);

#endif
