// SPDX-License-Identifier: GPL-2.0
#include "text.h"

static bool text_is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/*
 * RFC 7143 6.1, standard-label. Some keys of the RFC itself are not standard
 * labels, so accept '#' (X#NodeArchitecture) and a lower-case first letter
 * (iSCSIProtocolLevel) as well.
 */
static bool text_is_label(const char *key, size_t len)
{
	size_t i;

	if (!len || len > ISER_TGT_KEY_MAX || !text_is_letter(key[0]))
		return false;
	for (i = 1; i < len; i++) {
		if (!text_is_letter(key[i]) &&
		    !(key[i] >= '0' && key[i] <= '9') &&
		    (!key[i] || !strchr(".-+@_#", key[i])))
			return false;
	}
	return true;
}

/**
 * iser_tgt_text_next - find the next pair in received text
 * @text: the text; need not end with a NUL
 * @len: its length in bytes
 * @pos: offset of the next pair, initially 0; advanced past the pair
 * @kv: the pair, pointing into @text
 *
 * RFC 7143 6.1. NULs between pairs are skipped, because some initiators include
 * the padding in DataSegmentLength. Anything else that is not a key=value pair
 * terminated by a NUL is an error.
 *
 * Return: 1 if a pair was found, 0 at the end, -EINVAL on malformed text.
 */
int iser_tgt_text_next(const char *text, size_t len, size_t *pos,
		       struct iser_tgt_kv *kv)
{
	const char *nul, *eq;
	size_t size;

	while (*pos < len && !text[*pos])
		(*pos)++;
	if (*pos >= len)
		return 0;

	kv->key = text + *pos;
	nul = memchr(kv->key, '\0', len - *pos);
	if (!nul)
		return -EINVAL;
	size = (size_t)(nul - kv->key);
	eq = memchr(kv->key, '=', size);
	if (!eq)
		return -EINVAL;
	kv->key_len = (size_t)(eq - kv->key);
	if (!text_is_label(kv->key, kv->key_len))
		return -EINVAL;
	kv->value = eq + 1;
	kv->value_len = (size_t)(nul - kv->value);
	*pos += size + 1;
	return 1;
}

/**
 * iser_tgt_kv_is - compare the key of a pair
 * @kv: the pair
 * @key: NUL-terminated
 *
 * RFC 7143 6.1: keys are case sensitive.
 *
 * Return: true if the pair has this key.
 */
bool iser_tgt_kv_is(const struct iser_tgt_kv *kv, const char *key)
{
	return strlen(key) == kv->key_len &&
	       !memcmp(kv->key, key, kv->key_len);
}

/**
 * iser_tgt_text_add - append a pair to text that is being built
 * @out: the text
 * @key: key, not necessarily terminated
 * @key_len: its length in bytes
 * @value: NUL-terminated
 *
 * A pair that does not fit is not written, but added to @out->len. See
 * iser_tgt_text_overflowed().
 */
void iser_tgt_text_add(struct iser_tgt_text_out *out, const char *key,
		       size_t key_len, const char *value)
{
	size_t value_len = strlen(value);
	size_t at = out->len;
	size_t end;

	if (check_add_overflow(at, key_len, &end) ||
	    check_add_overflow(end, value_len, &end) ||
	    check_add_overflow(end, (size_t)2, &end))
		end = SIZE_MAX;
	out->len = end;
	if (end > out->size)
		return;
	memcpy(out->buf + at, key, key_len);
	at += key_len;
	out->buf[at++] = '=';
	memcpy(out->buf + at, value, value_len + 1);
}
