// SPDX-License-Identifier: GPL-2.0
/* The input is two bytes, the size of the output buffer, and then a value. */
#include "fuzz.h"
#include "chap.h"

static void check_round_trip(const u8 *bytes, size_t len)
{
	char *text = malloc(ISER_TGT_CHAP_ENCODED(len));
	u8 *again = malloc(len);

	iser_tgt_chap_encode(bytes, len, text);
	MUST(iser_tgt_chap_decode(text, again, len) == (int)len);
	MUST(!memcmp(bytes, again, len));
	MUST(iser_tgt_chap_decode(text, again, len - 1) == -EINVAL);
	free(text);
	free(again);
}

int LLVMFuzzerTestOneInput(const u8 *input, size_t size)
{
	struct feed feed = { .at = input, .left = size };
	size_t room = (size_t)feed_byte(&feed) << 8;
	char *value, *in_place;
	int len, same;
	u8 *out;

	room |= feed_byte(&feed);
	room %= 1025;
	value = malloc(feed.left + 1);
	MUST(value);
	if (feed.left)
		memcpy(value, feed.at, feed.left);
	value[feed.left] = '\0';
	in_place = exactly(value, feed.left + 1);
	out = malloc(room ? room : 1);

	len = iser_tgt_chap_decode(value, out, room);
	MUST(len == -EINVAL || (len > 0 && (size_t)len <= room));
	same = iser_tgt_chap_decode(in_place, (u8 *)in_place, room);
	MUST(len == same);
	if (len > 0) {
		MUST(!memcmp(out, in_place, (size_t)len));
		check_round_trip(out, (size_t)len);
	}
	free(value);
	free(in_place);
	free(out);
	return 0;
}
