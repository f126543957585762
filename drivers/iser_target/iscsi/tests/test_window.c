// SPDX-License-Identifier: GPL-2.0
/* The command window: RFC 7143 4.2.2.1. */
#include "test.h"
#include "window.h"

#define DELIVER ISER_TGT_WINDOW_DELIVER
#define IGNORE ISER_TGT_WINDOW_IGNORE
#define GAP ISER_TGT_WINDOW_GAP

static void numbered(u32 exp, u32 max, u32 sn, int verdict)
{
	assert_int_equal(iser_tgt_window_check(exp, max, sn, false), verdict);
}

static void rfc7143_4_2_2_1_next_in_order_is_delivered(struct kunit *test)
{
	numbered(10, 20, 10, DELIVER);
	numbered(20, 20, 20, DELIVER);
}

static void rfc7143_4_2_2_1_outside_is_ignored(struct kunit *test)
{
	numbered(10, 20, 9, IGNORE);
	numbered(10, 20, 0, IGNORE);
	numbered(10, 20, 21, IGNORE);
	numbered(10, 20, 0x7fffffff, IGNORE);
}

static void rfc7143_4_2_2_1_closed_window_takes_nothing(struct kunit *test)
{
	numbered(10, 9, 10, IGNORE);
	numbered(10, 9, 9, IGNORE);
	numbered(0, 0xffffffff, 0, IGNORE);
}

static void rfc7143_4_2_2_1_hole_is_an_error(struct kunit *test)
{
	numbered(10, 20, 11, GAP);
	numbered(10, 20, 20, GAP);
}

static void rfc7143_4_2_2_1_immediate_may_lie_outside(struct kunit *test)
{
	assert_int_equal(iser_tgt_window_check(10, 20, 10, true), DELIVER);
	assert_int_equal(iser_tgt_window_check(10, 9, 10, true), DELIVER);
	assert_int_equal(iser_tgt_window_check(10, 20, 9, true), DELIVER);
	assert_int_equal(iser_tgt_window_check(10, 20, 21, true), DELIVER);
}

static void rfc1982_numbers_wrap(struct kunit *test)
{
	numbered(0xffffffff, 5, 0xffffffff, DELIVER);
	numbered(0xffffffff, 5, 0, GAP);
	numbered(0xffffffff, 5, 6, IGNORE);
	numbered(0, 5, 0xffffffff, IGNORE);
	assert_true(iser_tgt_sn_before(0xfffffff0, 3));
	assert_false(iser_tgt_sn_before(3, 0xfffffff0));
	assert_false(iser_tgt_sn_before(3, 3));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(rfc7143_4_2_2_1_next_in_order_is_delivered),
	KUNIT_CASE(rfc7143_4_2_2_1_outside_is_ignored),
	KUNIT_CASE(rfc7143_4_2_2_1_closed_window_takes_nothing),
	KUNIT_CASE(rfc7143_4_2_2_1_hole_is_an_error),
	KUNIT_CASE(rfc7143_4_2_2_1_immediate_may_lie_outside),
	KUNIT_CASE(rfc1982_numbers_wrap),
	{}
};

struct kunit_suite iser_tgt_test_window = {
	.name = "iser_tgt_window",
	.test_cases = cases,
};

UNIT_SUITE(iser_tgt_test_window)
