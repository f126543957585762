// SPDX-License-Identifier: GPL-2.0
/* Lists of CHAP algorithms in order of preference. */

#include <linux/string.h>
#include <linux/sysfs.h>

#include "chap_order.h"
#include "config_value.h"

/* All names and a comma for each. */
#define ISER_TGT_CHAP_ORDER_TEXT	32

const u8 iser_tgt_chap_order_default[ISER_TGT_CHAP_ALGS + 1] = {
	ISER_TGT_CHAP_SHA3_256, ISER_TGT_CHAP_SHA256, ISER_TGT_CHAP_SHA1,
	ISER_TGT_CHAP_MD5,
};

/* Names of the algorithms of iser_tgt_chap_order_default. */
static const char * const iser_tgt_chap_names[ISER_TGT_CHAP_ALGS] = {
	"SHA3-256", "SHA-256", "SHA1", "MD5",
};

/**
 * iser_tgt_chap_order_parse - parse a list such as "SHA-256,SHA1"
 * @page: as written to the file
 * @count: bytes of it
 * @order: ISER_TGT_CHAP_ALGS + 1 bytes, 0-terminated on success
 *
 * Return: 0, or -EINVAL for an empty list, an unknown name or a repeated one.
 */
int iser_tgt_chap_order_parse(const char *page, size_t count, u8 *order)
{
	char text[ISER_TGT_CHAP_ORDER_TEXT];
	char *rest = text;
	unsigned int nr = 0;
	const char *name;
	int i;

	if (iser_tgt_config_text(text, sizeof(text), page, count) < 0)
		return -EINVAL;

	memset(order, 0, ISER_TGT_CHAP_ALGS + 1);
	while ((name = strsep(&rest, ","))) {
		i = match_string(iser_tgt_chap_names, ISER_TGT_CHAP_ALGS, name);
		if (i < 0 || memchr(order, iser_tgt_chap_order_default[i], nr))
			return -EINVAL;
		order[nr++] = iser_tgt_chap_order_default[i];
	}
	return 0;
}

/**
 * iser_tgt_chap_order_show - print a list as iser_tgt_chap_order_parse() reads it
 * @order: 0-terminated
 * @page: the configfs page
 *
 * Return: bytes printed.
 */
ssize_t iser_tgt_chap_order_show(const u8 *order, char *page)
{
	ssize_t len = 0;
	unsigned int i;

	for (; *order; order++)
		for (i = 0; i < ISER_TGT_CHAP_ALGS; i++)
			if (iser_tgt_chap_order_default[i] == *order)
				len += sysfs_emit_at(page, len, "%s%s",
						     len ? "," : "",
						     iser_tgt_chap_names[i]);
	len += sysfs_emit_at(page, len, "\n");
	return len;
}
