/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all unit tests include. Received bytes are put into heap blocks of
 * exactly their length, so that ASan sees a read of one byte too many.
 */
#ifndef ISER_TGT_UNIT_TEST_H
#define ISER_TGT_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pdu.h"

#define TESTS(tests) cmocka_run_group_tests(tests, NULL, NULL)

/* A copy of @len bytes in a block of its own; free() it. */
static inline void *exactly(const void *bytes, size_t len)
{
	void *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	if (len)
		memcpy(copy, bytes, len);
	return copy;
}

/* Two arguments: a string literal with NULs in it, and its length. */
#define TEXT(...) __VA_ARGS__, sizeof(__VA_ARGS__) - 1

#define BHS(hdr) ((hdr) + ISER_TGT_ISER_HDR_LEN)

#endif
