// SPDX-License-Identifier: GPL-2.0
/*
 * The input is the service action of a PERSISTENT RESERVE OUT, the difference
 * between its PARAMETER LIST LENGTH and what was received, and the list. With FIX
 * the length of the TransportIDs, which a fuzzer can hardly guess, is corrected.
 */
#include "fuzz.h"
#include "name.h"
#include "transport_id.h"

#define FIX	0x80

#define REGISTER	0
#define IGNORE		6
#define MOVE		7
#define SPEC_I_PT	0x08

static u8 *list;
static size_t list_len;

static void read_list(const struct iser_tgt_pr_out *out, u32 pos, u8 *to,
		      u32 len)
{
	MUST(pos <= out->received && len <= out->received - pos);
	memcpy(to, list + pos, len);
}

static bool known(const struct iser_tgt_pr_out *out, const char *name,
		  bool port)
{
	MUST(out->read == read_list);
	MUST(name[0] && strlen(name) <= ISER_TGT_NAME_MAX);
	MUST(!port || !strstr(name, ",i,0x"));
	return true;
}

/* What the core does with an ID: the name and the ISID are C strings. */
static size_t use(const u8 *id)
{
	size_t len = 4 + get_unaligned_be16(id + 2);
	const char *text = (const char *)id + 4;
	const char *isid;

	if ((id[0] & 0x0f) != 5)
		return 24;
	MUST(strlen(text) < len - 4);
	if (id[0] >> 6) {
		isid = strstr(text, ",i,0x");
		MUST(isid && strlen(isid + 5) == 12);
	}
	return len;
}

int LLVMFuzzerTestOneInput(const u8 *input, size_t size)
{
	struct feed feed = { .at = input, .left = size };
	u8 setup = feed_byte(&feed), cdb[10] = { 0x5f };
	struct iser_tgt_pr_out out = {
		.cdb = cdb,
		.read = read_list,
		.known = known,
	};
	u8 action = setup & 0x1f;
	size_t pos = action == MOVE ? 24 : 28;
	enum iser_tgt_pr_out_fault fault;
	s32 more = (signed char)feed_byte(&feed);
	const char *why = NULL;

	list_len = feed.left;
	list = exactly(feed.at, list_len);
	if ((setup & FIX) && list_len >= pos)
		put_unaligned_be32((u32)(list_len - pos), list + pos - 4);
	cdb[1] = action;
	put_unaligned_be32((u32)(list_len + more), cdb + 5);
	out.received = (u32)list_len;

	fault = iser_tgt_pr_out_check(&out, &why);
	MUST(!fault || (why && why[0]));
	if (!fault && list_len >= pos &&
	    (action == MOVE || ((action == REGISTER || action == IGNORE) &&
				list[20] & SPEC_I_PT))) {
		MUST(!more);
		while (pos < list_len)
			pos += use(list + pos);
		MUST(pos == list_len);
	}
	free(list);
	return 0;
}
