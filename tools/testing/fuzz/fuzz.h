/* SPDX-License-Identifier: GPL-2.0 */
/* Common to all fuzz targets. */
#ifndef ISER_TGT_FUZZ_H
#define ISER_TGT_FUZZ_H

#include <stdlib.h>
#include <string.h>

#include "base.h"

int LLVMFuzzerTestOneInput(const u8 *input, size_t size);

/* Crash if a guarantee of iscsi/ is violated. */
#define MUST(cond)							\
do {									\
	if (!(cond))							\
		__builtin_trap();					\
} while (0)

/* A copy of @len bytes in a heap block of that size, so that ASan detects overruns. */
static inline void *exactly(const void *bytes, size_t len)
{
	void *copy = malloc(len ? len : 1);

	MUST(copy);
	if (len)
		memcpy(copy, bytes, len);
	return copy;
}

/* The input, consumed from its start. */
struct feed {
	const u8 *at;
	size_t left;
};

static inline u8 feed_byte(struct feed *feed)
{
	if (!feed->left)
		return 0;
	feed->left--;
	return *feed->at++;
}

/* The next record: two bytes of length, then up to that many bytes. */
static inline const u8 *feed_record(struct feed *feed, size_t *len)
{
	const u8 *record;

	*len = (size_t)feed_byte(feed) << 8;
	*len |= feed_byte(feed);
	if (*len > feed->left)
		*len = feed->left;
	record = feed->at;
	feed->at += *len;
	feed->left -= *len;
	return record;
}

#endif
