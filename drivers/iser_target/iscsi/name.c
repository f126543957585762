// SPDX-License-Identifier: GPL-2.0
#include "name.h"

/* <linux/ctype.h> assumes Latin-1; iSCSI names are UTF-8. */
static bool name_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool name_is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

/*
 * RFC 3722 5: the spaces and control characters of RFC 3454 C.1.2 and C.2.2, and
 * those of C.8 that cannot be seen. Readers of the files of sessions may take
 * them for the end of a word or a line, and tags (C.9) say nothing.
 */
static bool name_is_invisible(u32 code)
{
	return code == 0xa0 || code == 0x6dd || code == 0x70f ||
	       code == 0x1680 || code == 0x180e ||
	       (code >= 0x2000 && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202f) ||
	       (code >= 0x205f && code <= 0x206f) ||
	       code == 0x3000 || code == 0xfeff ||
	       (code >= 0xfff9 && code <= 0xfffc) ||
	       (code >= 0x1d173 && code <= 0x1d17a) ||
	       (code >= 0xe0001 && code <= 0xe007f);
}

/*
 * Length of the non-ASCII UTF-8 sequence at @s; 0 if it is not well-formed, or
 * invisible.
 */
static size_t name_utf8_len(const char *s)
{
	const u8 *p = (const u8 *)s;
	size_t len, i;
	u32 code;

	if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		len = 2;
		code = p[0] & 0x1f;
	} else if (p[0] >= 0xe0 && p[0] <= 0xef) {
		len = 3;
		code = p[0] & 0x0f;
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		len = 4;
		code = p[0] & 0x07;
	} else {
		return 0;
	}
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	/* overlong forms, surrogates, controls, beyond Unicode */
	if ((len == 3 && code < 0x800) || (len == 4 && code < 0x10000) ||
	    (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff ||
	    code < 0xa0 || name_is_invisible(code))
		return 0;
	return len;
}

/* ASCII characters of which @ascii_ok approves, and well-formed UTF-8. */
static bool name_chars_ok(const char *s, bool (*ascii_ok)(char c))
{
	while (*s) {
		size_t len = 1;

		if (*s & 0x80)
			len = name_utf8_len(s);
		else if (!ascii_ok(*s))
			return false;
		if (!len)
			return false;
		s += len;
	}
	return true;
}

/* RFC 3722: lower case, digits, dash, dot and colon. */
static bool name_char_strict(char c)
{
	return name_is_lower(c) || name_is_digit(c) || c == '-' || c == '.' ||
	       c == ':';
}

/*
 * Characters that configfs, log lines and the core's files can hold. A comma
 * would end the name in an iSCSI TransportID (SPC-4 7.6.4.6), a blank in the
 * files of sessions, and '%' begins a scope or a conversion in what reads them.
 */
static bool name_char_safe(char c)
{
	return c > ' ' && c != 0x7f && c != '/' && c != ',' && c != '%' &&
	       !(c >= 'A' && c <= 'Z');
}

/* "yyyy-mm." and a reverse domain name, then nothing or ":" and anything */
static bool name_iqn_ok(const char *s)
{
	size_t i;

	for (i = 0; i < 8; i++) {
		if (i == 4 ? s[i] != '-' : i == 7 ? s[i] != '.' :
		    !name_is_digit(s[i]))
			return false;
	}
	if (s[5] > '1' || (s[5] == '1' && s[6] > '2') ||
	    (s[5] == '0' && s[6] == '0'))
		return false;
	s += 8;
	if (!*s || *s == ':' || *s == '.' || *s == '-')
		return false;
	return name_chars_ok(s, name_char_strict);
}

static size_t name_hex_len(const char *s)
{
	size_t len = 0;

	while (name_is_digit(s[len]) || (s[len] >= 'a' && s[len] <= 'f'))
		len++;
	return s[len] ? 0 : len;
}

static bool name_has_type(const char *name)
{
	return !strncmp(name, "iqn.", 4) || !strncmp(name, "eui.", 4) ||
	       !strncmp(name, "naa.", 4);
}

/**
 * iser_tgt_name_check - check that a name can be used
 * @name: NUL-terminated, already folded to lower case
 *
 * Accepts more than RFC 7143 4.2.7 does, because initiators and targets with
 * such names exist: '_', a month of one digit, no date. Refuses what is not safe
 * to store, show or compare: more than 223 bytes, control characters, blanks,
 * '/', ',', '%', upper case and malformed UTF-8.
 *
 * Return: 0, or -EINVAL.
 */
int iser_tgt_name_check(const char *name)
{
	if (strnlen(name, ISER_TGT_NAME_MAX + 1) > ISER_TGT_NAME_MAX ||
	    !name_has_type(name) || !name[4] ||
	    !name_chars_ok(name, name_char_safe))
		return -EINVAL;
	return 0;
}

/**
 * iser_tgt_name_check_strict - check a name against the RFCs
 * @name: NUL-terminated, already folded to lower case
 *
 * RFC 7143 4.2.7: at most 223 bytes; "iqn." with year and month, "eui." with 16
 * or "naa." with 16 or 32 hexadecimal digits; no upper case, no '_', no spaces.
 *
 * Return: 0, or -EINVAL.
 */
int iser_tgt_name_check_strict(const char *name)
{
	size_t len;

	if (iser_tgt_name_check(name))
		return -EINVAL;
	if (!strncmp(name, "iqn.", 4))
		return name_iqn_ok(name + 4) ? 0 : -EINVAL;
	if (!strncmp(name, "eui.", 4))
		return name_hex_len(name + 4) == 16 ? 0 : -EINVAL;
	if (!strncmp(name, "naa.", 4)) {
		len = name_hex_len(name + 4);
		return len == 16 || len == 32 ? 0 : -EINVAL;
	}
	return -EINVAL;
}

/**
 * iser_tgt_name_fold - map a name to lower case for comparison
 * @name: NUL-terminated, changed in place
 *
 * RFC 7143 4.2.7.1. Only ASCII is mapped: the sender must have prepared other
 * letters as RFC 3722 requires.
 */
void iser_tgt_name_fold(char *name)
{
	for (; *name; name++) {
		if (*name >= 'A' && *name <= 'Z')
			*name += 'a' - 'A';
	}
}
