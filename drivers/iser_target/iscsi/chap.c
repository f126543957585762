// SPDX-License-Identifier: GPL-2.0
#include "chap.h"

static int chap_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int chap_base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	if (c == '/')
		return 63;
	return -1;
}

/* An odd number of digits: the first byte has only its lower half. */
static int chap_decode_hex(const char *value, u8 *out, size_t size)
{
	size_t digits = strlen(value);
	size_t len = digits / 2 + digits % 2;
	size_t i;
	u8 byte = 0;

	if (!len || len > size)
		return -EINVAL;
	for (i = 0; i < digits; i++) {
		int digit = chap_hex_digit(value[i]);

		if (digit < 0)
			return -EINVAL;
		byte = (u8)(byte << 4 | digit);
		if ((digits - i) % 2)
			out[(i + digits % 2) / 2] = byte;
	}
	return (int)len;
}

/* RFC 4648, padded or not; the unused bits of the last digit must be zero. */
static int chap_decode_base64(const char *value, u8 *out, size_t size)
{
	size_t chars = strlen(value);
	size_t pad = 0;
	size_t len = 0;
	unsigned int bits = 0;
	u32 acc = 0;
	size_t i;

	while (pad < 2 && pad < chars && value[chars - pad - 1] == '=')
		pad++;
	if (pad && chars % 4)
		return -EINVAL;
	chars -= pad;
	if (!chars || chars % 4 == 1 || (pad && (chars + pad) % 4))
		return -EINVAL;
	for (i = 0; i < chars; i++) {
		int digit = chap_base64_digit(value[i]);

		if (digit < 0)
			return -EINVAL;
		acc = (acc << 6 | (u32)digit) & 0xffff;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		if (len == size)
			return -EINVAL;
		out[len++] = (u8)(acc >> bits);
	}
	if (acc & ((1U << bits) - 1))
		return -EINVAL;
	return (int)len;
}

/**
 * iser_tgt_chap_decode - decode a binary-value
 * @value: NUL-terminated, hex-constant or base64-constant
 * @out: result; may overlap the start of @value
 * @size: size of @out in bytes
 *
 * RFC 7143 6.1. The number of digits implies the length of the result.
 *
 * Return: number of bytes written to @out, at least 1; -EINVAL if @value has
 * neither prefix, is malformed or does not fit.
 */
int iser_tgt_chap_decode(const char *value, u8 *out, size_t size)
{
	if (value[0] != '0')
		return -EINVAL;
	if (value[1] == 'x' || value[1] == 'X')
		return chap_decode_hex(value + 2, out, size);
	if (value[1] == 'b' || value[1] == 'B')
		return chap_decode_base64(value + 2, out, size);
	return -EINVAL;
}

/**
 * iser_tgt_chap_encode - encode a binary-value as a hex-constant
 * @value: the bytes
 * @len: number of bytes in @value
 * @out: result, ISER_TGT_CHAP_ENCODED(@len) bytes including the NUL
 *
 * RFC 7143 6.1.
 */
void iser_tgt_chap_encode(const u8 *value, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	*out++ = '0';
	*out++ = 'x';
	while (len--) {
		*out++ = digits[*value >> 4];
		*out++ = digits[*value++ & 0xf];
	}
	*out = '\0';
}
