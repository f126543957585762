/* SPDX-License-Identifier: GPL-2.0 */
/* Names that peers have sent, between quotation marks. */
#ifndef ISER_TGT_QUOTE_H
#define ISER_TGT_QUOTE_H

#include "../iscsi/name.h"

/**
 * struct iser_tgt_quoted - a name as it is shown
 * @text: the name; characters that do not print, quotation marks and backslashes
 *	are octal, what is longer is cut off
 */
struct iser_tgt_quoted {
	char text[ISER_TGT_NAME_MAX + 33];
};

const char *iser_tgt_quote(struct iser_tgt_quoted *quoted, const char *name);

#endif
