// SPDX-License-Identifier: GPL-2.0
/* Text exchanges in full feature phase: RFC 7143 11.10, 11.11, 6.2, 6.4. */
#include "test.h"
#include "text.h"

#define IN_SIZE 64
#define PIECE 16

struct bench {
	struct iser_tgt_exchange x;
	char *in;
	u8 bhs[ISER_TGT_BHS_LEN];
	u8 hdr[ISER_TGT_HDR_LEN];
	u8 *data;
	size_t len;
};

static int setup(struct kunit *test)
{
	struct bench *b = unit_zalloc(sizeof(*b));

	b->in = unit_zalloc(IN_SIZE);
	b->data = unit_zalloc(PIECE);
	iser_tgt_exchange_init(&b->x, b->in, IN_SIZE, PIECE);
	test->priv = b;
	return 0;
}

static void teardown(struct kunit *test)
{
	struct bench *b = test->priv;

	unit_free(b->in);
	unit_free(b->data);
	unit_free(b);
}

static int request(struct bench *b, u8 flags, u32 itt, u32 ttt,
		   const char *text, size_t len)
{
	struct iser_tgt_pdu pdu = {
		.bhs = b->bhs,
		.opcode = ISER_TGT_OP_TEXT_REQ,
		.flags = flags,
		.itt = itt,
		.data_len = len,
	};
	char *data = exactly(text, len);
	int verdict;

	put_unaligned_be32(ttt, b->bhs + 20);
	verdict = iser_tgt_exchange_request(&b->x, &pdu, data);
	unit_free(data);
	return verdict;
}

static void piece(struct bench *b)
{
	b->len = iser_tgt_exchange_piece(&b->x, b->hdr, b->data);
	assert_int_equal(get_unaligned_be24(BHS(b->hdr) + 5), b->len);
	assert_int_equal(BHS(b->hdr)[0], ISER_TGT_OP_TEXT_RSP);
}

static u8 flags(struct bench *b)
{
	return BHS(b->hdr)[1];
}

static u32 ttt(struct bench *b)
{
	return get_unaligned_be32(BHS(b->hdr) + 20);
}

#define F ISER_TGT_TEXT_FINAL
#define C ISER_TGT_TEXT_CONTINUE
#define NEW ISER_TGT_TAG_RESERVED
#define ANSWER ISER_TGT_EXCHANGE_ANSWER
#define SEND ISER_TGT_EXCHANGE_SEND
#define REJECT ISER_TGT_EXCHANGE_REJECT

static void rejected(struct bench *b, int verdict, u8 reason)
{
	assert_int_equal(verdict, REJECT);
	assert_int_equal(b->x.reject, reason);
	/* and the exchange is reset */
	assert_int_equal(b->x.ttt, NEW);
	assert_int_equal(b->x.in_len, 0);
	assert_int_equal(b->x.out_len, 0);
}

static void rfc7143_11_11_one_request_one_response(struct kunit *test)
{
	struct bench *b = test->priv;

	assert_int_equal(request(b, F, 5, NEW, TEXT("SendTargets=All\0")),
			 ANSWER);
	assert_int_equal(b->x.in_len, 16);
	assert_memory_equal(b->in, "SendTargets=All", 16);
	iser_tgt_exchange_answer(&b->x, "A=1", 4);
	piece(b);
	assert_int_equal(flags(b), F);
	assert_int_equal(ttt(b), NEW);
	assert_int_equal(get_unaligned_be32(BHS(b->hdr) + 16), 5);
	assert_int_equal(b->len, 4);
	assert_memory_equal(b->data, "A=1", 4);
}

static void rfc7143_11_10_4_long_answer_in_pieces(struct kunit *test)
{
	static const char answer[40] = "0123456789abcdefghijklmnopqrstuvwxyz!.,";
	struct bench *b = test->priv;
	char got[40];
	u32 tag;

	assert_int_equal(request(b, F, 5, NEW, TEXT("SendTargets=All\0")),
			 ANSWER);
	iser_tgt_exchange_answer(&b->x, answer, sizeof(answer));
	piece(b);
	assert_int_equal(flags(b), C);
	assert_int_equal(b->len, PIECE);
	memcpy(got, b->data, PIECE);
	tag = ttt(b);
	assert_int_not_equal(tag, NEW);

	assert_int_equal(request(b, F, 5, tag, "", 0), SEND);
	piece(b);
	assert_int_equal(flags(b), C);
	assert_int_equal(ttt(b), tag);
	memcpy(got + PIECE, b->data, PIECE);

	assert_int_equal(request(b, F, 5, tag, "", 0), SEND);
	piece(b);
	assert_int_equal(flags(b), F);
	assert_int_equal(ttt(b), NEW);
	assert_int_equal(b->len, 8);
	memcpy(got + 2 * PIECE, b->data, 8);
	assert_memory_equal(got, answer, sizeof(answer));

	/* 11.11.4: the tag is stale now */
	rejected(b, request(b, F, 5, tag, "", 0),
		 ISER_TGT_REJECT_INVALID_FIELD);
}

static void rfc7143_6_2_continued_request_is_answered_empty(struct kunit *test)
{
	struct bench *b = test->priv;

	assert_int_equal(request(b, C, 5, NEW, TEXT("SendTar")), SEND);
	piece(b);
	assert_int_equal(flags(b), 0);
	assert_int_equal(b->len, 0);
	assert_int_not_equal(ttt(b), NEW);
	assert_int_equal(request(b, F, 5, ttt(b), TEXT("gets=All\0")), ANSWER);
	assert_int_equal(b->x.in_len, 16);
	assert_memory_equal(b->in, "SendTargets=All", 16);
}

static void rfc7143_11_10_2_final_and_continue_exclude_each_other(struct kunit *test)
{
	struct bench *b = test->priv;

	rejected(b, request(b, F | C, 5, NEW, TEXT("A=1\0")),
		 ISER_TGT_REJECT_PROTOCOL);
}

static void rfc7143_6_2_text_while_the_answer_is_not_all_sent(struct kunit *test)
{
	struct bench *b = test->priv;
	static const char answer[40];

	request(b, F, 5, NEW, TEXT("SendTargets=All\0"));
	iser_tgt_exchange_answer(&b->x, answer, sizeof(answer));
	piece(b);
	rejected(b, request(b, F, 5, ttt(b), TEXT("A=1\0")),
		 ISER_TGT_REJECT_PROTOCOL);

	request(b, F, 5, NEW, TEXT("SendTargets=All\0"));
	iser_tgt_exchange_answer(&b->x, answer, sizeof(answer));
	piece(b);
	rejected(b, request(b, C, 5, ttt(b), "", 0), ISER_TGT_REJECT_PROTOCOL);
}

static void rfc7143_11_10_4_new_request_forgets_the_old_one(struct kunit *test)
{
	struct bench *b = test->priv;
	static const char answer[40];

	request(b, F, 5, NEW, TEXT("SendTargets=All\0"));
	iser_tgt_exchange_answer(&b->x, answer, sizeof(answer));
	piece(b);
	assert_int_equal(request(b, F, 6, NEW, TEXT("A=1\0")), ANSWER);
	assert_int_equal(b->x.in_len, 4);
	iser_tgt_exchange_answer(&b->x, "B=2", 4);
	piece(b);
	assert_int_equal(flags(b), F);
	assert_int_equal(get_unaligned_be32(BHS(b->hdr) + 16), 6);
	assert_int_equal(b->len, 4);
}

static void rfc7143_11_10_wrong_tags(struct kunit *test)
{
	struct bench *b = test->priv;
	u32 tag;

	/* none pending */
	rejected(b, request(b, F, 5, 0, "", 0), ISER_TGT_REJECT_INVALID_FIELD);
	request(b, C, 5, NEW, TEXT("A"));
	piece(b);
	tag = ttt(b);
	rejected(b, request(b, F, 5, tag + 1, "", 0),
		 ISER_TGT_REJECT_INVALID_FIELD);
	request(b, C, 5, NEW, TEXT("A"));
	piece(b);
	rejected(b, request(b, F, 6, ttt(b), "", 0),
		 ISER_TGT_REJECT_INVALID_FIELD);
	rejected(b, request(b, F, 0xffffffff, NEW, TEXT("A=1\0")),
		 ISER_TGT_REJECT_INVALID_FIELD);
}

static void rfc7143_11_2_1_5_no_ahs_in_a_text_request(struct kunit *test)
{
	struct bench *b = test->priv;
	struct iser_tgt_pdu pdu = {
		.bhs = b->bhs,
		.opcode = ISER_TGT_OP_TEXT_REQ,
		.flags = F,
		.ahs_len = 4,
	};

	put_unaligned_be32(NEW, b->bhs + 20);
	rejected(b, iser_tgt_exchange_request(&b->x, &pdu, ""),
		 ISER_TGT_REJECT_INVALID_FIELD);
}

static void more_text_than_there_is_room_for(struct kunit *test)
{
	struct bench *b = test->priv;
	static const char text[IN_SIZE + 1];

	rejected(b, request(b, F, 5, NEW, text, IN_SIZE + 1),
		 ISER_TGT_REJECT_RESOURCES);
	assert_int_equal(request(b, C, 5, NEW, text, IN_SIZE), SEND);
	piece(b);
	rejected(b, request(b, F, 5, ttt(b), text, 1),
		 ISER_TGT_REJECT_RESOURCES);
}

static void rfc7143_6_4_request_that_is_not_final(struct kunit *test)
{
	struct bench *b = test->priv;
	u32 tag;

	/* 11.11.1: no F in the response when there was none in the request */
	assert_int_equal(request(b, 0, 5, NEW, TEXT("A=1\0")), ANSWER);
	iser_tgt_exchange_answer(&b->x, "A=1", 4);
	piece(b);
	assert_int_equal(flags(b), 0);
	tag = ttt(b);
	assert_int_not_equal(tag, NEW);
	/* the exchange continues with the new text only */
	assert_int_equal(request(b, 0, 5, tag, TEXT("B=22\0")), ANSWER);
	assert_int_equal(b->x.in_len, 5);
	iser_tgt_exchange_answer(&b->x, "", 0);
	piece(b);
	assert_int_equal(flags(b), 0);
	assert_int_equal(request(b, F, 5, ttt(b), "", 0), ANSWER);
	assert_int_equal(b->x.in_len, 0);
	iser_tgt_exchange_answer(&b->x, "", 0);
	piece(b);
	assert_int_equal(flags(b), F);
	assert_int_equal(ttt(b), NEW);
}

static void rfc7143_6_4_no_key_twice(struct kunit *test)
{
	struct bench *b = test->priv;

	rejected(b, request(b, F, 5, NEW, TEXT("SendTargets=\0SendTargets=\0")),
		 ISER_TGT_REJECT_PROTOCOL);
	/* in two requests of an exchange, the second in parts */
	assert_int_equal(request(b, 0, 5, NEW, TEXT("SendTargets=\0")), ANSWER);
	iser_tgt_exchange_answer(&b->x, "A=1", 4);
	piece(b);
	assert_int_equal(request(b, C, 5, ttt(b), TEXT("SendTar")), SEND);
	piece(b);
	rejected(b, request(b, F, 5, ttt(b), TEXT("gets=\0")),
		 ISER_TGT_REJECT_PROTOCOL);
	/* but not in two exchanges */
	assert_int_equal(request(b, F, 5, NEW, TEXT("SendTargets=\0")), ANSWER);
	assert_int_equal(request(b, F, 6, NEW, TEXT("SendTargets=\0")), ANSWER);
}

static void rfc7143_11_10_4_tag_is_never_the_reserved_one(struct kunit *test)
{
	struct bench *b = test->priv;

	b->x.ttt_next = 0xffffffff;
	request(b, C, 5, NEW, TEXT("A"));
	piece(b);
	assert_int_equal(ttt(b), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(rfc7143_11_11_one_request_one_response),
	KUNIT_CASE(rfc7143_11_10_4_long_answer_in_pieces),
	KUNIT_CASE(rfc7143_6_2_continued_request_is_answered_empty),
	KUNIT_CASE(rfc7143_11_10_2_final_and_continue_exclude_each_other),
	KUNIT_CASE(rfc7143_6_2_text_while_the_answer_is_not_all_sent),
	KUNIT_CASE(rfc7143_11_10_4_new_request_forgets_the_old_one),
	KUNIT_CASE(rfc7143_11_10_wrong_tags),
	KUNIT_CASE(rfc7143_11_2_1_5_no_ahs_in_a_text_request),
	KUNIT_CASE(more_text_than_there_is_room_for),
	KUNIT_CASE(rfc7143_6_4_request_that_is_not_final),
	KUNIT_CASE(rfc7143_6_4_no_key_twice),
	KUNIT_CASE(rfc7143_11_10_4_tag_is_never_the_reserved_one),
	{}
};

struct kunit_suite iser_tgt_test_exchange = {
	.name = "iser_tgt_exchange",
	.init = setup,
	.exit = teardown,
	.test_cases = cases,
};

UNIT_SUITE(iser_tgt_test_exchange)
