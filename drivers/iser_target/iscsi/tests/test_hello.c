// SPDX-License-Identifier: GPL-2.0
/* The iSER Hello exchange: RFC 7145 5.1.3, 9.3, 9.4, 10.1.3.2. */
#include "test.h"
#include "hello.h"

static u8 reply[ISER_TGT_ISER_HDR_LEN];
static u16 ord;

/* A Hello for versions @min to @max and @ird RDMA READs; the target's limit is 16. */
static int say(u8 max, u8 min, u16 ird)
{
	u8 bytes[ISER_TGT_ISER_HDR_LEN] = { ISER_TGT_ISER_OP_HELLO };
	u8 *hello;
	int verdict;

	bytes[1] = (u8)(max << 4 | min);
	put_unaligned_be16(ird, bytes + 2);
	hello = exactly(bytes, sizeof(bytes));
	memset(reply, 0xff, sizeof(reply));
	verdict = iser_tgt_hello(hello, sizeof(bytes), reply, &ord);
	unit_free(hello);
	return verdict;
}

static int setup(struct kunit *test)
{
	ord = 16;
	return 0;
}

static void replied(u8 first_byte, u16 reads)
{
	u8 expected[ISER_TGT_ISER_HDR_LEN] = { first_byte, 0xaa };

	put_unaligned_be16(reads, expected + 2);
	assert_memory_equal(reply, expected, sizeof(expected));
	assert_int_equal(ord, reads);
}

static void rfc7145_9_4_hello_reply(struct kunit *test)
{
	assert_int_equal(say(10, 10, 16), ISER_TGT_HELLO_OK);
	replied(0x30, 16);
}

static void rfc7145_5_1_3_ord_is_not_above_the_peers_ird(struct kunit *test)
{
	assert_int_equal(say(10, 10, 4), ISER_TGT_HELLO_OK);
	replied(0x30, 4);
}

static void rfc7145_5_1_3_ird_above_ours_changes_nothing(struct kunit *test)
{
	assert_int_equal(say(10, 10, 0xffff), ISER_TGT_HELLO_OK);
	replied(0x30, 16);
}

static void rfc7145_10_1_3_2_versions_that_do_not_meet(struct kunit *test)
{
	assert_int_equal(say(9, 1, 16), ISER_TGT_HELLO_REFUSE);
	replied(0x31, 16);
	assert_int_equal(say(15, 11, 16), ISER_TGT_HELLO_REFUSE);
	replied(0x31, 16);
	assert_int_equal(say(15, 0, 16), ISER_TGT_HELLO_OK);
}

static void rfc7145_10_1_3_2_no_reads_on_our_side(struct kunit *test)
{
	ord = 0;
	assert_int_equal(say(10, 10, 4), ISER_TGT_HELLO_REFUSE);
	replied(0x31, 0);
	assert_int_equal(say(10, 10, 0), ISER_TGT_HELLO_OK);
	replied(0x30, 0);
}

static void rfc7145_9_3_only_the_header(struct kunit *test)
{
	u8 bytes[ISER_TGT_ISER_HDR_LEN + 1] = { ISER_TGT_ISER_OP_HELLO, 0xaa };
	size_t len;

	for (len = 0; len <= sizeof(bytes); len++) {
		u8 *hello = exactly(bytes, len);

		assert_int_equal(iser_tgt_hello(hello, len, reply, &ord),
				 len == 28 ? ISER_TGT_HELLO_OK :
					     ISER_TGT_HELLO_MALFORMED);
		unit_free(hello);
	}
	bytes[0] = ISER_TGT_ISER_OP_CTRL;
	assert_int_equal(iser_tgt_hello(bytes, 28, reply, &ord),
			 ISER_TGT_HELLO_MALFORMED);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(rfc7145_9_4_hello_reply),
	KUNIT_CASE(rfc7145_5_1_3_ord_is_not_above_the_peers_ird),
	KUNIT_CASE(rfc7145_5_1_3_ird_above_ours_changes_nothing),
	KUNIT_CASE(rfc7145_10_1_3_2_versions_that_do_not_meet),
	KUNIT_CASE(rfc7145_10_1_3_2_no_reads_on_our_side),
	KUNIT_CASE(rfc7145_9_3_only_the_header),
	{}
};

struct kunit_suite iser_tgt_test_hello = {
	.name = "iser_tgt_hello",
	.init = setup,
	.test_cases = cases,
};

UNIT_SUITE(iser_tgt_test_hello)
