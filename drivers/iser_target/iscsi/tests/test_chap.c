// SPDX-License-Identifier: GPL-2.0
/* Binary values in text: RFC 7143 6.1, RFC 4648. */
#include "test.h"
#include "chap.h"

/* Decode @value into exactly @size bytes; compare with @expected. */
static int decode(const char *value, size_t size, const void *expected)
{
	char *in = exactly(value, strlen(value) + 1);
	u8 *out = unit_zalloc(size ? size : 1);
	int ret = iser_tgt_chap_decode(in, out, size);

	if (ret > 0 && expected)
		assert_memory_equal(out, expected, (size_t)ret);
	unit_free(in);
	unit_free(out);
	return ret;
}

static void bad(const char *value)
{
	if (decode(value, 64, NULL) != -EINVAL)
		fail_msg("accepted: %s", value);
}

static void rfc7143_6_1_hex_constant(struct kunit *test)
{
	assert_int_equal(decode("0x00", 1, "\x00"), 1);
	assert_int_equal(decode("0xfF1a", 2, "\xff\x1a"), 2);
	assert_int_equal(decode("0XDEADbeef", 4, "\xde\xad\xbe\xef"), 4);
}

static void rfc7143_6_1_hex_with_an_odd_number_of_digits(struct kunit *test)
{
	assert_int_equal(decode("0xf", 1, "\x0f"), 1);
	assert_int_equal(decode("0x123", 2, "\x01\x23"), 2);
	assert_int_equal(decode("0x12345", 3, "\x01\x23\x45"), 3);
}

static void rfc7143_6_1_malformed_hex(struct kunit *test)
{
	bad("0x");
	bad("0xg");
	bad("0x0g");
	bad("0x 0");
	bad("0x0x");
	bad("0x12,34");
	bad("0x1\x80");
}

static void rfc7143_6_1_base64_constant(struct kunit *test)
{
	assert_int_equal(decode("0bZg==", 1, "f"), 1);
	assert_int_equal(decode("0bZm8=", 2, "fo"), 2);
	assert_int_equal(decode("0bZm9v", 3, "foo"), 3);
	assert_int_equal(decode("0BZm9vYg==", 4, "foob"), 4);
	assert_int_equal(decode("0bZm9vYmE=", 5, "fooba"), 5);
	assert_int_equal(decode("0bZm9vYmFy", 6, "foobar"), 6);
	assert_int_equal(decode("0b+/+/", 3, "\xfb\xff\xbf"), 3);
	assert_int_equal(decode("0bAAAA", 3, "\0\0\0"), 3);
}

static void rfc4648_padding_may_be_left_out(struct kunit *test)
{
	assert_int_equal(decode("0bZg", 1, "f"), 1);
	assert_int_equal(decode("0bZm8", 2, "fo"), 2);
}

static void rfc4648_malformed_base64(struct kunit *test)
{
	bad("0b");
	bad("0b=");
	bad("0b==");
	bad("0b====");
	bad("0bZ");
	bad("0bZ===");
	bad("0bZg=");
	bad("0bZm8==");
	bad("0bZm9v=");
	bad("0bZm9v==");
	bad("0bZ=g=");
	bad("0bZm9vZ");
	bad("0bZm9*");
	bad("0bZm 9v");
	bad("0bZm9\x80");
	/* nonzero bits after the last byte */
	bad("0bZh==");
	bad("0bZm9=");
}

static void rfc7143_6_1_neither_hex_nor_base64(struct kunit *test)
{
	bad("");
	bad("0");
	bad("1");
	bad("12345");
	bad("x00");
	bad("0y00");
	bad("Zm9v");
}

static void rfc7143_12_1_3_bounded_by_the_buffer(struct kunit *test)
{
	assert_int_equal(decode("0x00", 0, NULL), -EINVAL);
	assert_int_equal(decode("0x0011", 1, NULL), -EINVAL);
	assert_int_equal(decode("0x001", 1, NULL), -EINVAL);
	assert_int_equal(decode("0bZm8=", 1, NULL), -EINVAL);
	assert_int_equal(decode("0bZm9v", 2, NULL), -EINVAL);
}

static void rfc7143_12_1_3_1024_bytes_and_one_more(struct kunit *test)
{
	char *hex = unit_zalloc(2 + 2 * 1025 + 1);
	char *b64 = unit_zalloc(2 + 1368 + 1);

	memset(hex, '5', 2 + 2 * 1025);
	memcpy(hex, "0x", 2);
	hex[2 + 2 * 1025] = '\0';
	assert_int_equal(decode(hex, 1024, NULL), -EINVAL);
	hex[2 + 2 * 1024] = '\0';
	assert_int_equal(decode(hex, 1024, NULL), 1024);

	memset(b64, 'A', 2 + 1368);
	memcpy(b64, "0b", 2);
	b64[2 + 1368] = '\0';
	assert_int_equal(decode(b64, 1024, NULL), -EINVAL);
	b64[2 + 1366] = '\0';
	assert_int_equal(decode(b64, 1024, NULL), 1024);
	unit_free(hex);
	unit_free(b64);
}

static void decoding_in_place(struct kunit *test)
{
	char hex[] = "0x123456789";
	char b64[] = "0bZm9vYmFy";

	assert_int_equal(iser_tgt_chap_decode(hex, (u8 *)hex, 1024), 5);
	assert_memory_equal(hex, "\x01\x23\x45\x67\x89", 5);
	assert_int_equal(iser_tgt_chap_decode(b64, (u8 *)b64, 1024), 6);
	assert_memory_equal(b64, "foobar", 6);
}

static void rfc7143_6_1_encoding(struct kunit *test)
{
	char *out = unit_zalloc(ISER_TGT_CHAP_ENCODED(3));

	iser_tgt_chap_encode((const u8 *)"\x00\xff\x1a", 3, out);
	assert_string_equal(out, "0x00ff1a");
	unit_free(out);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(rfc7143_6_1_hex_constant),
	KUNIT_CASE(rfc7143_6_1_hex_with_an_odd_number_of_digits),
	KUNIT_CASE(rfc7143_6_1_malformed_hex),
	KUNIT_CASE(rfc7143_6_1_base64_constant),
	KUNIT_CASE(rfc4648_padding_may_be_left_out),
	KUNIT_CASE(rfc4648_malformed_base64),
	KUNIT_CASE(rfc7143_6_1_neither_hex_nor_base64),
	KUNIT_CASE(rfc7143_12_1_3_bounded_by_the_buffer),
	KUNIT_CASE(rfc7143_12_1_3_1024_bytes_and_one_more),
	KUNIT_CASE(decoding_in_place),
	KUNIT_CASE(rfc7143_6_1_encoding),
	{}
};

struct kunit_suite iser_tgt_test_chap = {
	.name = "iser_tgt_chap",
	.test_cases = cases,
};

UNIT_SUITE(iser_tgt_test_chap)
