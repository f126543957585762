// SPDX-License-Identifier: GPL-2.0
/* iSCSI names: RFC 7143 4.2.7. */
#include "test.h"
#include "name.h"

static int check(const char *name)
{
	char *copy = exactly(name, strlen(name) + 1);
	int ret = iser_tgt_name_check_strict(copy);

	unit_free(copy);
	return ret;
}

static int usable(const char *name)
{
	char *copy = exactly(name, strlen(name) + 1);
	int ret = iser_tgt_name_check(copy);

	unit_free(copy);
	return ret;
}

static void good(const char *name)
{
	if (check(name))
		fail_msg("refused: %s", name);
	if (usable(name))
		fail_msg("refused, though valid: %s", name);
}

static void bad(const char *name)
{
	if (check(name) != -EINVAL)
		fail_msg("accepted: %s", name);
}

static void rfc7143_4_2_7_4_iqn(struct kunit *test)
{
	good("iqn.2001-04.com.example");
	good("iqn.2001-04.com.example:storage:diskarrays-sn-a8675309");
	good("iqn.2001-04.com.example:storage.tape1.sys1.xyz");
	good("iqn.1993-08.org.debian:01:ffffffffffff");
	good("iqn.2003-01.org.linux-iscsi.host.x8664:sn.0123456789ab");
	good("iqn.2001-12.com");
}

static void rfc7143_4_2_7_4_iqn_needs_date_and_domain(struct kunit *test)
{
	bad("iqn.");
	bad("iqn.com.example:disk");
	bad("iqn.2001");
	bad("iqn.2001-");
	bad("iqn.2001-04");
	bad("iqn.2001-04.");
	bad("iqn.2001-4.com.example");
	bad("iqn.2001-00.com.example");
	bad("iqn.2001-13.com.example");
	bad("iqn.2001-20.com.example");
	bad("iqn.01-04.com.example");
	bad("iqn.2001_04.com.example");
	bad("iqn.2001-04:disk");
	bad("iqn.2001-04.:disk");
	bad("iqn.2001-04..disk");
	bad("iqn.2001-04.-disk");
	bad("iqn.a001-04.com.example");
}

static void rfc3722_only_lower_case(struct kunit *test)
{
	bad("iqn.2001-04.com.Example");
	bad("IQN.2001-04.com.example");
	bad("eui.02004567A425678D");
	bad("iqn.2001-04.com.example:A");
}

static void rfc3722_no_underscore_no_space_no_punctuation(struct kunit *test)
{
	const char *c;
	char name[] = "iqn.2001-04.com.example:x?y";

	for (c = "_ !\"#$%&'()*+,/;<=>?@[\\]^`{|}~\t\n\x7f\x01"; *c; c++) {
		name[25] = *c;
		bad(name);
	}
}

static void rfc7143_4_2_7_2_utf8(struct kunit *test)
{
	good("iqn.2001-04.com.example:\xc3\xa4\xc3\xb6");
	good("iqn.2001-04.com.example:\xe2\x82\xac");
	good("iqn.2001-04.com.example:\xf0\x9f\x98\x80");
	/* continuation byte alone, truncated, overlong, surrogate, above U+10FFFF, C1 */
	bad("iqn.2001-04.com.example:\x80");
	bad("iqn.2001-04.com.example:\xc3");
	bad("iqn.2001-04.com.example:\xe2\x82");
	bad("iqn.2001-04.com.example:\xe2\x82:");
	bad("iqn.2001-04.com.example:\xc0\xaf");
	bad("iqn.2001-04.com.example:\xe0\x80\xaf");
	bad("iqn.2001-04.com.example:\xf0\x80\x80\xaf");
	bad("iqn.2001-04.com.example:\xed\xa0\x80");
	bad("iqn.2001-04.com.example:\xf4\x90\x80\x80");
	bad("iqn.2001-04.com.example:\xff");
	bad("iqn.2001-04.com.example:\xc2\x85");
	/* RFC 3722 5: spaces, separators, what changes the order of display */
	bad("iqn.2001-04.com.example:a\xc2\xa0:");
	bad("iqn.2001-04.com.example:a\xe1\x9a\x80");
	bad("iqn.2001-04.com.example:a\xe2\x80\x80");
	bad("iqn.2001-04.com.example:a\xe2\x80\xa8:");
	bad("iqn.2001-04.com.example:a\xe2\x80\xae");
	bad("iqn.2001-04.com.example:a\xe2\x81\x9f");
	bad("iqn.2001-04.com.example:a\xe3\x80\x80");
	bad("iqn.2001-04.com.example:a\xef\xbb\xbf");
	bad("iqn.2001-04.com.example:a\xf0\x9d\x85\xb3");
	bad("iqn.2001-04.com.example:a\xf3\xa0\x80\xa0");
	good("iqn.2001-04.com.example:a\xe2\x80\x90");
}

static void rfc7143_4_2_7_1_length(struct kunit *test)
{
	char name[ISER_TGT_NAME_MAX + 2];

	memset(name, 'a', sizeof(name));
	memcpy(name, "iqn.2001-04.com.example:", 24);
	name[ISER_TGT_NAME_MAX] = '\0';
	good(name);
	name[ISER_TGT_NAME_MAX] = 'a';
	name[ISER_TGT_NAME_MAX + 1] = '\0';
	bad(name);
}

static void rfc7143_4_2_7_5_eui(struct kunit *test)
{
	good("eui.02004567a425678d");
	bad("eui.02004567a425678");
	bad("eui.02004567a425678d0");
	bad("eui.02004567a425678g");
	bad("eui.");
}

static void rfc7143_4_2_7_6_naa(struct kunit *test)
{
	good("naa.52004567ba64678d");
	good("naa.62004567ba64678d0123456789abcdef");
	bad("naa.52004567ba64678");
	bad("naa.62004567ba64678d0123456789abcde");
	bad("naa.62004567ba64678d0123456789abcdef0");
	bad("naa.6200:567ba64678d");
}

static void rfc7143_4_2_7_3_other_types(struct kunit *test)
{
	bad("");
	bad("i");
	bad("iqn");
	bad("foo.2001-04.com.example");
	bad("com.example");
	bad("0");
}

static void names_that_others_accept(struct kunit *test)
{
	static const char * const names[] = {
		"iqn.2001-04.com.example:disk_1", "iqn.2001-4.com.example:x",
		"iqn.2001-13.com.example", "iqn.2001-17.com.example:x",
		"iqn.com.example:disk", "iqn.x", "iqn.2001-04.com.example:a=b",
		"iqn.2001-04.com.example:(x)", "eui.0200", "naa.5200",
		"iqn.2001_04.com.example", "iqn.2001-04.com.example:x@y",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		bad(names[i]);
		if (usable(names[i]))
			fail_msg("refused: %s", names[i]);
	}
}

static void names_that_are_not_safe(struct kunit *test)
{
	static const char * const names[] = {
		"", "iqn.", "eui.", "naa.", "iqn", "foo.2001-04.com.example",
		"iqn.2001-04.com.example:a/b", "iqn.2001-04.com.example:a b",
		"iqn.2001-04.com.example:a\tb", "iqn.2001-04.com.example:\x01",
		"iqn.2001-04.com.example:\x7f", "iqn.2001-04.com.example:A",
		"iqn.2001-04.com.example:a%s%n",
		"iqn.2001-04.com.example:a,i,0x1", "IQN.2001-04.com.example",
		"iqn.2001-04.com.example:\xc3", "iqn.2001-04.com.example:\xff",
		"iqn.2001-04.com.example:\xc2\x85",
	};
	char name[ISER_TGT_NAME_MAX + 2];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (usable(names[i]) != -EINVAL)
			fail_msg("accepted: %s", names[i]);

	memset(name, '_', sizeof(name));
	memcpy(name, "iqn.", 4);
	name[ISER_TGT_NAME_MAX + 1] = '\0';
	assert_int_equal(usable(name), -EINVAL);
	name[ISER_TGT_NAME_MAX] = '\0';
	assert_int_equal(usable(name), 0);
}

static void rfc7143_4_2_7_1_folding(struct kunit *test)
{
	char name[] = "IQN.2001-04.Com.EXAMPLE:[Z]\xc3\x84";

	iser_tgt_name_fold(name);
	assert_string_equal(name, "iqn.2001-04.com.example:[z]\xc3\x84");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(rfc7143_4_2_7_4_iqn),
	KUNIT_CASE(rfc7143_4_2_7_4_iqn_needs_date_and_domain),
	KUNIT_CASE(rfc3722_only_lower_case),
	KUNIT_CASE(rfc3722_no_underscore_no_space_no_punctuation),
	KUNIT_CASE(rfc7143_4_2_7_2_utf8),
	KUNIT_CASE(rfc7143_4_2_7_1_length),
	KUNIT_CASE(rfc7143_4_2_7_5_eui),
	KUNIT_CASE(rfc7143_4_2_7_6_naa),
	KUNIT_CASE(rfc7143_4_2_7_3_other_types),
	KUNIT_CASE(names_that_others_accept),
	KUNIT_CASE(names_that_are_not_safe),
	KUNIT_CASE(rfc7143_4_2_7_1_folding),
	{}
};

struct kunit_suite iser_tgt_test_name = {
	.name = "iser_tgt_name",
	.test_cases = cases,
};

UNIT_SUITE(iser_tgt_test_name)
