// SPDX-License-Identifier: GPL-2.0
/*
 * Names that peers have sent, between quotation marks: a refused name may have any
 * characters, and must not look like the words that follow it.
 */

#include <linux/string.h>
#include <linux/string_helpers.h>

#include "quote.h"

/**
 * iser_tgt_quote - make a name safe to show
 * @quoted: set to the name
 * @name: the name
 *
 * Return: @quoted->text.
 */
const char *iser_tgt_quote(struct iser_tgt_quoted *quoted, const char *name)
{
	size_t size = sizeof(quoted->text) - 1;
	int len = string_escape_mem(name, strlen(name), quoted->text, size,
				    ESCAPE_SPACE | ESCAPE_OCTAL | ESCAPE_NP |
				    ESCAPE_APPEND, "\"\\");

	quoted->text[min_t(size_t, len, size)] = '\0';
	return quoted->text;
}
