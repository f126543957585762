// SPDX-License-Identifier: GPL-2.0
/* Which CHAP algorithms are offered, and in what order of preference. */

#include "lio.h"

static const struct {
	u8 alg;
	const char *name;
} iser_tgt_chap_names[ISER_TGT_CHAP_ALGS] = {
	{ ISER_TGT_CHAP_SHA3_256, "SHA3-256" },
	{ ISER_TGT_CHAP_SHA256, "SHA-256" },
	{ ISER_TGT_CHAP_SHA1, "SHA1" },
	{ ISER_TGT_CHAP_MD5, "MD5" },
};

/**
 * iser_tgt_chap_order_default - strongest first
 * @order: ISER_TGT_CHAP_ALGS + 1 bytes
 *
 * Context: any.
 */
void iser_tgt_chap_order_default(u8 *order)
{
	unsigned int i;

	for (i = 0; i < ISER_TGT_CHAP_ALGS; i++)
		order[i] = iser_tgt_chap_names[i].alg;
	order[i] = 0;
}

static u8 iser_tgt_chap_alg(const char *name, size_t len)
{
	unsigned int i;

	for (i = 0; i < ISER_TGT_CHAP_ALGS; i++)
		if (strlen(iser_tgt_chap_names[i].name) == len &&
		    !memcmp(iser_tgt_chap_names[i].name, name, len))
			return iser_tgt_chap_names[i].alg;

	return 0;
}

/**
 * iser_tgt_chap_order_parse - read "SHA-256,SHA1"
 * @page: as written to the file
 * @count: bytes of it
 * @order: ISER_TGT_CHAP_ALGS + 1 bytes
 *
 * Context: any.
 * Return: 0; -EINVAL for an empty list, an unknown name or a repeated one.
 */
int iser_tgt_chap_order_parse(const char *page, size_t count, u8 *order)
{
	size_t len = iser_tgt_strip_newline(page, count);
	size_t pos = 0;
	unsigned int nr = 0;

	memset(order, 0, ISER_TGT_CHAP_ALGS + 1);
	for (;;) {
		size_t start = pos;
		u8 alg;

		while (pos < len && page[pos] != ',')
			pos++;
		alg = iser_tgt_chap_alg(page + start, pos - start);
		if (!alg || memchr(order, alg, nr))
			return -EINVAL;
		order[nr++] = alg;
		if (pos == len)
			return 0;
		pos++;
	}
}

/**
 * iser_tgt_chap_order_show - print it as it is read
 * @order: 0-terminated
 * @page: where to
 *
 * Context: any.
 * Return: bytes printed.
 */
ssize_t iser_tgt_chap_order_show(const u8 *order, char *page)
{
	ssize_t len = 0;
	unsigned int i;

	for (; *order; order++)
		for (i = 0; i < ISER_TGT_CHAP_ALGS; i++)
			if (iser_tgt_chap_names[i].alg == *order)
				len += sysfs_emit_at(page, len, "%s%s",
						     len ? "," : "",
						     iser_tgt_chap_names[i].name);
	len += sysfs_emit_at(page, len, "\n");
	return len;
}
