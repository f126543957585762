/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all unit tests include. They run as KUnit suites in the kernel, and
 * with cmocka, ASan and UBSan in user space (tools/testing/unit); the checks
 * have cmocka's names. Received bytes are put into blocks of exactly their
 * length, so that ASan and KASAN see a read of one byte too many.
 */
#ifndef ISER_TGT_UNIT_TEST_H
#define ISER_TGT_UNIT_TEST_H

#ifdef __KERNEL__

#include <kunit/test.h>
#include <kunit/test-bug.h>

#include "pdu.h"

/* Helpers have no struct kunit. */
#define THIS_TEST	kunit_get_current_test()

#define assert_true(cond)	KUNIT_ASSERT_TRUE(THIS_TEST, cond)
#define assert_false(cond)	KUNIT_ASSERT_FALSE(THIS_TEST, cond)
#define assert_null(ptr)	KUNIT_ASSERT_NULL(THIS_TEST, ptr)
#define assert_non_null(ptr)	KUNIT_ASSERT_NOT_NULL(THIS_TEST, ptr)
#define assert_ptr_equal(a, b)	KUNIT_ASSERT_PTR_EQ(THIS_TEST, a, b)
#define assert_int_equal(a, b)	KUNIT_ASSERT_EQ(THIS_TEST, a, b)
#define assert_int_not_equal(a, b)	KUNIT_ASSERT_NE(THIS_TEST, a, b)
#define assert_string_equal(a, b)	KUNIT_ASSERT_STREQ(THIS_TEST, a, b)
#define assert_memory_equal(a, b, len)				\
	KUNIT_ASSERT_MEMEQ(THIS_TEST, a, b, len)
#define fail_msg(fmt, ...)					\
	KUNIT_FAIL_AND_ABORT(THIS_TEST, fmt, ##__VA_ARGS__)

/* Freed with the test at the latest. */
static inline void *unit_zalloc(size_t size)
{
	void *block = kunit_kzalloc(THIS_TEST, size, GFP_KERNEL);

	assert_non_null(block);
	return block;
}

static inline void unit_free(void *block)
{
	kunit_kfree(THIS_TEST, block);
}

/* kunit.c lists them. */
#define UNIT_SUITE(suite)

extern struct kunit_suite iser_tgt_test_chap;
extern struct kunit_suite iser_tgt_test_exchange;
extern struct kunit_suite iser_tgt_test_hello;
extern struct kunit_suite iser_tgt_test_keys;
extern struct kunit_suite iser_tgt_test_login;
extern struct kunit_suite iser_tgt_test_login_chap;
extern struct kunit_suite iser_tgt_test_login_keys;
extern struct kunit_suite iser_tgt_test_name;
extern struct kunit_suite iser_tgt_test_pdu;
extern struct kunit_suite iser_tgt_test_pdu_build;
extern struct kunit_suite iser_tgt_test_text;
extern struct kunit_suite iser_tgt_test_transport_id;
extern struct kunit_suite iser_tgt_test_window;

#else

#include "userspace_kunit.h"
#include "pdu.h"

#endif

/* A copy of @len bytes in a block of its own; unit_free() it. */
static inline void *exactly(const void *bytes, size_t len)
{
	void *copy = unit_zalloc(len ? len : 1);

	if (len)
		memcpy(copy, bytes, len);
	return copy;
}

/* Two arguments: a string literal with NULs in it, and its length. */
#define TEXT(text) "" text, sizeof(text) - 1

#define BHS(hdr) ((hdr) + ISER_TGT_ISER_HDR_LEN)

#endif
