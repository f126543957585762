// SPDX-License-Identifier: GPL-2.0
/* PDUs to send: RFC 7145 9.2 and RFC 7143 section 11, byte by byte. */
#include "test.h"

/* All bytes outside the named ranges must be zero, in a block of exact size. */
static void check(const u8 *hdr, const u8 *expected)
{
	assert_memory_equal(hdr, expected, ISER_TGT_HDR_LEN);
}

static u8 *fresh(void)
{
	u8 dirt[ISER_TGT_HDR_LEN];

	memset(dirt, 0xff, sizeof(dirt));
	return exactly(dirt, sizeof(dirt));
}

static void expect(u8 e[ISER_TGT_HDR_LEN], u8 opcode, u8 flags, u32 itt,
		   u32 data_len)
{
	memset(e, 0, ISER_TGT_HDR_LEN);
	e[0] = 0x10;
	e[28] = opcode;
	e[29] = flags;
	put_unaligned_be24(data_len, e + 28 + 5);
	put_unaligned_be32(itt, e + 28 + 16);
}

static void rfc7143_11_4_scsi_response(struct kunit *test)
{
	u8 e[ISER_TGT_HDR_LEN];
	u8 *hdr = fresh();

	iser_tgt_pdu_scsi_rsp(hdr, 0x12345678, 0x02, ISER_TGT_RSP_UNDERFLOW,
			      512, 20);
	expect(e, 0x21, 0x82, 0x12345678, 20);
	e[28 + 3] = 2;
	put_unaligned_be32(512, e + 28 + 44);
	check(hdr, e);

	iser_tgt_pdu_scsi_rsp(hdr, 1, 0, ISER_TGT_RSP_OVERFLOW, 7, 0);
	expect(e, 0x21, 0x84, 1, 0);
	put_unaligned_be32(7, e + 28 + 44);
	check(hdr, e);
	unit_free(hdr);
}

static void rfc7143_11_4_5_no_residual_without_its_flag(struct kunit *test)
{
	u8 e[ISER_TGT_HDR_LEN];
	u8 *hdr = fresh();

	iser_tgt_pdu_scsi_rsp(hdr, 1, 0, 0, 0xdeadbeef, 0);
	expect(e, 0x21, 0x80, 1, 0);
	check(hdr, e);
	unit_free(hdr);
}

static void rfc7143_11_4_response_like_the_last_one(struct kunit *test)
{
	u8 e[ISER_TGT_HDR_LEN];
	u8 *hdr = fresh();

	iser_tgt_pdu_scsi_rsp(hdr, 1, 0, 0, 0, 0);
	iser_tgt_pdu_set_sn(hdr, 1, 2, 3);
	iser_tgt_pdu_scsi_rsp_again(hdr, 0x12345678);
	iser_tgt_pdu_set_sn(hdr, 0, 0, 0);
	expect(e, 0x21, 0x80, 0x12345678, 0);
	check(hdr, e);
	unit_free(hdr);
}

static void rfc7143_11_4_7_sense_has_its_length_in_front(struct kunit *test)
{
	u8 sense[300];
	u8 *data = exactly(sense, 20);
	size_t i;

	for (i = 0; i < sizeof(sense); i++)
		sense[i] = (u8)(i + 1);
	assert_int_equal(iser_tgt_pdu_sense(data, sense, 18), 20);
	assert_int_equal(get_unaligned_be16(data), 18);
	assert_memory_equal(data + 2, sense, 18);
	unit_free(data);
}

static void sense_is_cut_to_the_initiators_buffer(struct kunit *test)
{
	u8 sense[300] = { 0x70 };
	u8 *data = exactly(sense, ISER_TGT_FFP_DATA_MAX);

	assert_int_equal(iser_tgt_pdu_sense(data, sense, sizeof(sense)),
			 ISER_TGT_FFP_DATA_MAX);
	assert_int_equal(get_unaligned_be16(data), ISER_TGT_FFP_DATA_MAX - 2);
	unit_free(data);
}

static void rfc7143_11_6_task_management_response(struct kunit *test)
{
	u8 e[ISER_TGT_HDR_LEN];
	u8 *hdr = fresh();

	iser_tgt_pdu_tmf_rsp(hdr, 9, ISER_TGT_TMR_NOT_SUPPORTED);
	expect(e, 0x22, 0x80, 9, 0);
	e[28 + 2] = 5;
	check(hdr, e);
	unit_free(hdr);
}

static void rfc7143_11_19_nop_in(struct kunit *test)
{
	u8 e[ISER_TGT_HDR_LEN];
	u8 *hdr = fresh();

	iser_tgt_pdu_nop_in(hdr, 0x0002000000000000ULL, ISER_TGT_TAG_RESERVED,
			    0x42, 0);
	expect(e, 0x20, 0x80, 0xffffffff, 0);
	put_unaligned_be64(0x0002000000000000ULL, e + 28 + 8);
	put_unaligned_be32(0x42, e + 28 + 20);
	check(hdr, e);
	unit_free(hdr);
}

static void rfc7143_11_11_text_response(struct kunit *test)
{
	u8 e[ISER_TGT_HDR_LEN];
	u8 *hdr = fresh();

	iser_tgt_pdu_text_rsp(hdr, ISER_TGT_TEXT_CONTINUE, 3, 0x99, 128);
	expect(e, 0x24, 0x40, 3, 128);
	put_unaligned_be32(0x99, e + 28 + 20);
	check(hdr, e);
	unit_free(hdr);
}

static void rfc7143_11_15_logout_response(struct kunit *test)
{
	u8 e[ISER_TGT_HDR_LEN];
	u8 *hdr = fresh();

	iser_tgt_pdu_logout_rsp(hdr, 4, ISER_TGT_LOGOUT_NO_CID, 2, 20);
	expect(e, 0x26, 0x80, 4, 0);
	e[28 + 2] = 1;
	put_unaligned_be16(2, e + 28 + 40);
	put_unaligned_be16(20, e + 28 + 42);
	check(hdr, e);
	unit_free(hdr);
}

static void rfc7143_11_17_reject(struct kunit *test)
{
	u8 e[ISER_TGT_HDR_LEN];
	u8 *hdr = fresh();

	iser_tgt_pdu_reject(hdr, ISER_TGT_REJECT_PROTOCOL, 48);
	expect(e, 0x3f, 0x80, 0xffffffff, 48);
	e[28 + 2] = 4;
	check(hdr, e);
	unit_free(hdr);
}

static void rfc7143_11_9_asynchronous_message(struct kunit *test)
{
	u8 e[ISER_TGT_HDR_LEN];
	u8 *hdr = fresh();

	iser_tgt_pdu_async(hdr, ISER_TGT_ASYNC_DROP_SESSION, 1, 0x203, 0x405);
	expect(e, 0x32, 0x80, 0xffffffff, 0);
	e[28 + 36] = 3;
	e[28 + 39] = 1;
	put_unaligned_be16(0x203, e + 28 + 40);
	put_unaligned_be16(0x405, e + 28 + 42);
	check(hdr, e);
	unit_free(hdr);
}

static void rfc7143_11_13_login_response(struct kunit *test)
{
	static const u8 isid[6] = { 1, 2, 3, 4, 5, 6 };
	u8 e[ISER_TGT_HDR_LEN];
	u8 *hdr = fresh();

	iser_tgt_pdu_login_rsp(hdr, 0x87, isid, 0x1234, 5, 0x0203, 100);
	expect(e, 0x23, 0x87, 5, 100);
	memcpy(e + 28 + 8, isid, 6);
	put_unaligned_be16(0x1234, e + 28 + 14);
	e[28 + 36] = 2;
	e[28 + 37] = 3;
	check(hdr, e);
	unit_free(hdr);
}

static void rfc7143_4_2_2_sequence_numbers(struct kunit *test)
{
	u8 e[ISER_TGT_HDR_LEN];
	u8 *hdr = fresh();

	iser_tgt_pdu_tmf_rsp(hdr, 9, 0);
	iser_tgt_pdu_set_sn(hdr, 1, 2, 0xffffffff);
	expect(e, 0x22, 0x80, 9, 0);
	put_unaligned_be32(1, e + 28 + 24);
	put_unaligned_be32(2, e + 28 + 28);
	put_unaligned_be32(0xffffffff, e + 28 + 32);
	check(hdr, e);
	unit_free(hdr);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(rfc7143_11_4_scsi_response),
	KUNIT_CASE(rfc7143_11_4_5_no_residual_without_its_flag),
	KUNIT_CASE(rfc7143_11_4_response_like_the_last_one),
	KUNIT_CASE(rfc7143_11_4_7_sense_has_its_length_in_front),
	KUNIT_CASE(sense_is_cut_to_the_initiators_buffer),
	KUNIT_CASE(rfc7143_11_6_task_management_response),
	KUNIT_CASE(rfc7143_11_19_nop_in),
	KUNIT_CASE(rfc7143_11_11_text_response),
	KUNIT_CASE(rfc7143_11_15_logout_response),
	KUNIT_CASE(rfc7143_11_17_reject),
	KUNIT_CASE(rfc7143_11_9_asynchronous_message),
	KUNIT_CASE(rfc7143_11_13_login_response),
	KUNIT_CASE(rfc7143_4_2_2_sequence_numbers),
	{}
};

struct kunit_suite iser_tgt_test_pdu_build = {
	.name = "iser_tgt_pdu_build",
	.test_cases = cases,
};

UNIT_SUITE(iser_tgt_test_pdu_build)
