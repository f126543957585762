// SPDX-License-Identifier: GPL-2.0
/* Key=value text: RFC 7143 6.1. */
#include "test.h"
#include "text.h"

/* The first pair of @text; 1, 0 or -EINVAL. */
static int first(const char *text, size_t len, struct iser_tgt_kv *kv,
		 char **copy)
{
	char *block = exactly(text, len);
	size_t pos = 0;
	int ret = iser_tgt_text_next(block, len, &pos, kv);

	if (copy)
		*copy = block;
	else
		unit_free(block);
	return ret;
}

static void good(const char *text, size_t len)
{
	struct iser_tgt_kv kv;

	assert_int_equal(first(text, len, &kv, NULL), 1);
}

static void bad(const char *text, size_t len)
{
	struct iser_tgt_kv kv;

	assert_int_equal(first(text, len, &kv, NULL), -EINVAL);
}

static void rfc7143_6_1_pairs_in_order(struct kunit *test)
{
	static const char text[] = "A=1\0Bee=x=y\0C=\0";
	size_t len = sizeof(text) - 1;
	char *block = exactly(text, len);
	struct iser_tgt_kv kv;
	size_t pos = 0;

	assert_int_equal(iser_tgt_text_next(block, len, &pos, &kv), 1);
	assert_true(iser_tgt_kv_is(&kv, "A"));
	assert_string_equal(kv.value, "1");
	assert_int_equal(iser_tgt_text_next(block, len, &pos, &kv), 1);
	assert_true(iser_tgt_kv_is(&kv, "Bee"));
	assert_string_equal(kv.value, "x=y");
	assert_int_equal(kv.value_len, 3);
	assert_int_equal(iser_tgt_text_next(block, len, &pos, &kv), 1);
	assert_true(iser_tgt_kv_is(&kv, "C"));
	assert_int_equal(kv.value_len, 0);
	assert_int_equal(iser_tgt_text_next(block, len, &pos, &kv), 0);
	assert_int_equal(iser_tgt_text_next(block, len, &pos, &kv), 0);
	unit_free(block);
}

static void rfc7143_6_1_nothing_at_all(struct kunit *test)
{
	struct iser_tgt_kv kv;

	assert_int_equal(first("", 0, &kv, NULL), 0);
	assert_int_equal(first(TEXT("\0\0\0"), &kv, NULL), 0);
}

static void padding_that_was_counted_is_skipped(struct kunit *test)
{
	good(TEXT("\0\0A=1\0"));
	good(TEXT("A=1\0\0\0"));
}

static void rfc7143_6_1_every_pair_ends_with_a_nul(struct kunit *test)
{
	bad(TEXT("A=1"));
	bad(TEXT("A"));
	bad(TEXT("A="));
}

static void rfc7143_6_1_a_pair_has_an_equals_sign(struct kunit *test)
{
	bad(TEXT("A\0"));
	bad(TEXT("InitiatorName\0A=1\0"));
}

static void rfc7143_6_1_standard_label(struct kunit *test)
{
	good(TEXT("A.b-c+d@e_f0=1\0"));
	good(TEXT("X#NodeArchitecture=1\0"));
	good(TEXT("iSCSIProtocolLevel=1\0"));
	bad(TEXT("=1\0"));
	bad(TEXT("1A=1\0"));
	bad(TEXT(".A=1\0"));
	bad(TEXT("A B=1\0"));
	bad(TEXT("A\nB=1\0"));
	bad(TEXT("A\x80=1\0"));
	bad(TEXT("A/B=1\0"));
	bad(TEXT("A,B=1\0"));
}

static void rfc7143_6_1_key_of_63_characters(struct kunit *test)
{
	char text[80];

	memset(text, 'K', sizeof(text));
	memcpy(text + 63, "=1", 3);
	good(text, 66);
	memset(text, 'K', sizeof(text));
	memcpy(text + 64, "=1", 3);
	bad(text, 67);
}

static void rfc7143_6_1_keys_are_case_sensitive(struct kunit *test)
{
	struct iser_tgt_kv kv;
	char *copy;

	assert_int_equal(first(TEXT("Initialr2t=No\0"), &kv, &copy), 1);
	assert_false(iser_tgt_kv_is(&kv, "InitialR2T"));
	assert_false(iser_tgt_kv_is(&kv, "Initialr2"));
	assert_false(iser_tgt_kv_is(&kv, "Initialr2tX"));
	assert_true(iser_tgt_kv_is(&kv, "Initialr2t"));
	unit_free(copy);
}

static void building_fits_exactly(struct kunit *test)
{
	struct iser_tgt_text_out out = { .buf = unit_zalloc(6), .size = 6 };

	iser_tgt_text_add(&out, "Ab", 2, "cd");
	assert_false(iser_tgt_text_overflowed(&out));
	assert_int_equal(out.len, 6);
	assert_memory_equal(out.buf, "Ab=cd", 6);
	unit_free(out.buf);
}

static void building_never_writes_past_the_end(struct kunit *test)
{
	struct iser_tgt_text_out out = { .buf = unit_zalloc(5), .size = 5 };

	iser_tgt_text_add(&out, "Ab", 2, "cd");
	assert_true(iser_tgt_text_overflowed(&out));
	assert_int_equal(out.len, 6);
	iser_tgt_text_add(&out, "A", 1, "");
	assert_int_equal(out.len, 9);
	unit_free(out.buf);
}

static void building_without_a_buffer_measures(struct kunit *test)
{
	struct iser_tgt_text_out out = { 0 };

	iser_tgt_text_add(&out, "TargetName", 10, "iqn");
	assert_int_equal(out.len, 15);
	assert_true(iser_tgt_text_overflowed(&out));
	out.len = SIZE_MAX - 3;
	iser_tgt_text_add(&out, "TargetName", 10, "iqn");
	assert_true(out.len == SIZE_MAX);
	iser_tgt_text_add(&out, "TargetName", 10, "iqn");
	assert_true(out.len == SIZE_MAX);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(rfc7143_6_1_pairs_in_order),
	KUNIT_CASE(rfc7143_6_1_nothing_at_all),
	KUNIT_CASE(padding_that_was_counted_is_skipped),
	KUNIT_CASE(rfc7143_6_1_every_pair_ends_with_a_nul),
	KUNIT_CASE(rfc7143_6_1_a_pair_has_an_equals_sign),
	KUNIT_CASE(rfc7143_6_1_standard_label),
	KUNIT_CASE(rfc7143_6_1_key_of_63_characters),
	KUNIT_CASE(rfc7143_6_1_keys_are_case_sensitive),
	KUNIT_CASE(building_fits_exactly),
	KUNIT_CASE(building_never_writes_past_the_end),
	KUNIT_CASE(building_without_a_buffer_measures),
	{}
};

struct kunit_suite iser_tgt_test_text = {
	.name = "iser_tgt_text",
	.test_cases = cases,
};

UNIT_SUITE(iser_tgt_test_text)
