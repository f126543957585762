// SPDX-License-Identifier: GPL-2.0
/*
 * The first byte of the input selects: if it is even, the rest is text. If it is
 * odd, the rest is the Text Requests of one connection: records of one byte of
 * flags, one byte that selects the tags, and text.
 */
#include "fuzz.h"
#include "keys.h"

/* Every value of every pair, as if the administrator had offered anything. */
static void check_key(const struct iser_tgt_kv *kv)
{
	char first[ISER_TGT_KEY_VALUE_MAX];
	struct iser_tgt_keys offer, result;
	char answer[ISER_TGT_KEY_VALUE_MAX];
	int id = iser_tgt_key_find(kv);

	iser_tgt_key_reserved(kv->value);
	if (iser_tgt_key_list_first(kv->value, "CHAP,None", first))
		MUST(!strcmp(first, "CHAP") || !strcmp(first, "None"));
	if (id < 0)
		return;
	iser_tgt_keys_defaults(&offer);
	iser_tgt_keys_defaults(&result);
	offer.target_rdsl = 4096;
	offer.time2wait = 10;
	if (!iser_tgt_key_answer(id, &offer, &result, kv->value, answer)) {
		MUST(strnlen(answer, sizeof(answer)) < sizeof(answer));
		MUST(result.max_burst >= 512 && result.max_burst <= 262144);
		MUST(result.first_burst >= 512 && result.first_burst <= 65536);
		MUST(result.target_rdsl >= 512 && result.target_rdsl <= 8192);
		MUST(result.max_recv_dsl >= 512 &&
		     result.max_recv_dsl <= 0xffffff);
		MUST(result.initial_r2t && !result.erl);
		MUST(result.max_connections == 1);
	}
	if (iser_tgt_key_table[id].rule >= ISER_TGT_RULE_MIN &&
	    iser_tgt_key_table[id].rule <= ISER_TGT_RULE_OR &&
	    !iser_tgt_key_answered(id, &offer, &result, kv->value))
		MUST(iser_tgt_key_acceptable(id, &offer, &result));
}

static void check_text(const u8 *input, size_t size)
{
	struct iser_tgt_text_out out = { .buf = malloc(size + 1), .size = size };
	char *text = exactly(input, size);
	struct iser_tgt_kv kv;
	size_t pos = 0, before;
	int ret;

	MUST(out.buf);
	for (;;) {
		before = pos;
		ret = iser_tgt_text_next(text, size, &pos, &kv);
		MUST(pos <= size);
		if (ret <= 0)
			break;
		MUST(pos > before);
		MUST(kv.key_len >= 1 && kv.key_len <= ISER_TGT_KEY_MAX);
		MUST(kv.value[kv.value_len] == '\0');
		MUST(strlen(kv.value) == kv.value_len);
		check_key(&kv);
		iser_tgt_text_add(&out, kv.key, kv.key_len, kv.value);
	}
	MUST(!ret || ret == -EINVAL);
	/* the pairs can be written again in the same space */
	MUST(!iser_tgt_text_overflowed(&out));
	free(text);
	free(out.buf);
}

#define IN_SIZE 512
#define PIECE 64

static void check_exchange(struct feed *feed)
{
	static const char answer[3 * PIECE + 5] = "TargetName=";
	struct iser_tgt_exchange x;
	char *in = malloc(IN_SIZE);
	u8 *hdr = malloc(ISER_TGT_HDR_LEN);
	u8 *data = malloc(PIECE);
	u8 bhs[ISER_TGT_BHS_LEN] = { 0 };

	iser_tgt_exchange_init(&x, in, IN_SIZE, PIECE);
	while (feed->left) {
		u8 flags = feed_byte(feed);
		u8 tags = feed_byte(feed);
		struct iser_tgt_pdu pdu = { .bhs = bhs, .flags = flags };
		enum iser_tgt_exchange_verdict verdict;
		const u8 *record;
		char *text;
		size_t len;
		u8 out_flags;

		record = feed_record(feed, &pdu.data_len);
		pdu.itt = tags & 1 ? x.itt : tags;
		pdu.ahs_len = tags & 0x80 ? 4 : 0;
		put_unaligned_be32(tags & 2 ? x.ttt : tags & 4 ?
				   ISER_TGT_TAG_RESERVED : tags, bhs + 20);
		text = exactly(record, pdu.data_len);
		verdict = iser_tgt_exchange_request(&x, &pdu, text);
		free(text);
		MUST(x.in_len <= IN_SIZE);
		if (verdict == ISER_TGT_EXCHANGE_REJECT) {
			MUST(x.reject);
			continue;
		}
		if (verdict == ISER_TGT_EXCHANGE_ANSWER)
			iser_tgt_exchange_answer(&x, answer, tags & 8 ?
						 sizeof(answer) : tags & 16);
		len = iser_tgt_exchange_piece(&x, hdr, data);
		MUST(len <= PIECE);
		out_flags = hdr[ISER_TGT_ISER_HDR_LEN + 1];
		MUST(out_flags != (ISER_TGT_TEXT_FINAL |
				   ISER_TGT_TEXT_CONTINUE));
		MUST(!(out_flags & ISER_TGT_TEXT_FINAL) ||
		     flags & ISER_TGT_TEXT_FINAL);
		MUST(!!(out_flags & ISER_TGT_TEXT_FINAL) ==
		     (get_unaligned_be32(hdr + 48) == ISER_TGT_TAG_RESERVED));
	}
	free(in);
	free(hdr);
	free(data);
}

int LLVMFuzzerTestOneInput(const u8 *input, size_t size)
{
	struct feed feed = { .at = input, .left = size };

	if (feed_byte(&feed) & 1)
		check_exchange(&feed);
	else
		check_text(feed.at, feed.left);
	return 0;
}
