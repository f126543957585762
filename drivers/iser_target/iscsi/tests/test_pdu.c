// SPDX-License-Identifier: GPL-2.0
/* Received PDUs: RFC 7145 section 9, RFC 7143 11.2. */
#include "test.h"

/* Headers of a SCSI command with both STags, @ahs words and @data bytes. */
static void make(u8 hdr[ISER_TGT_HDR_LEN], u8 ahs_words, u32 data_len)
{
	memset(hdr, 0, ISER_TGT_HDR_LEN);
	hdr[0] = ISER_TGT_ISER_OP_CTRL | ISER_TGT_ISER_WSV | ISER_TGT_ISER_RSV;
	put_unaligned_be32(0x11223344, hdr + 4);
	put_unaligned_be64(0x0102030405060708ULL, hdr + 8);
	put_unaligned_be32(0x55667788, hdr + 16);
	put_unaligned_be64(0x1112131415161718ULL, hdr + 20);
	BHS(hdr)[0] = ISER_TGT_OP_SCSI_CMD | ISER_TGT_OP_IMMEDIATE;
	BHS(hdr)[1] = 0xa1;
	BHS(hdr)[4] = ahs_words;
	put_unaligned_be24(data_len, BHS(hdr) + 5);
	put_unaligned_be64(0x0001000000000000ULL, BHS(hdr) + 8);
	put_unaligned_be32(0xcafe0001, BHS(hdr) + 16);
	put_unaligned_be32(4096, BHS(hdr) + 20);
	put_unaligned_be32(77, BHS(hdr) + 24);
	put_unaligned_be32(88, BHS(hdr) + 28);
	BHS(hdr)[32] = 0x28;
}

/* Parse from a block of exactly the bytes that the parser may read. */
static enum iser_tgt_pdu_error parse(struct iser_tgt_pdu *pdu, const u8 *hdr,
				     size_t received, u8 **copy)
{
	size_t len = min_t(size_t, received, ISER_TGT_HDR_LEN);
	enum iser_tgt_pdu_error error;
	u8 *bytes = exactly(hdr, len);

	error = iser_tgt_pdu_parse(pdu, bytes, received);
	if (copy)
		*copy = bytes;
	else
		unit_free(bytes);
	return error;
}

static enum iser_tgt_pdu_error parse_only(const u8 *hdr, size_t received)
{
	struct iser_tgt_pdu pdu;

	return parse(&pdu, hdr, received, NULL);
}

static void rfc7145_9_1_shorter_than_the_headers(struct kunit *test)
{
	struct iser_tgt_pdu pdu;
	u8 hdr[ISER_TGT_HDR_LEN];
	size_t len;

	make(hdr, 0, 0);
	for (len = 0; len < ISER_TGT_HDR_LEN; len++) {
		memset(&pdu, 0xff, sizeof(pdu));
		assert_int_equal(parse(&pdu, hdr, len, NULL),
				 ISER_TGT_PDU_SHORT);
		assert_null(pdu.bhs);
		assert_int_equal(pdu.data_len, 0);
	}
	hdr[0] = 0xf0;
	assert_int_equal(parse_only(hdr, 75), ISER_TGT_PDU_SHORT);
}

static void rfc7145_9_3_hello_is_recognised(struct kunit *test)
{
	u8 hdr[ISER_TGT_HDR_LEN] = { ISER_TGT_ISER_OP_HELLO, 0xaa };

	assert_int_equal(parse_only(hdr, 27), ISER_TGT_PDU_SHORT);
	assert_int_equal(parse_only(hdr, 28), ISER_TGT_PDU_HELLO);
	assert_int_equal(parse_only(hdr, 76), ISER_TGT_PDU_HELLO);
	assert_int_equal(parse_only(hdr, 8192), ISER_TGT_PDU_HELLO);
}

static void rfc7145_9_1_other_iser_opcodes(struct kunit *test)
{
	u8 hdr[ISER_TGT_HDR_LEN];
	int op;

	for (op = 0; op < 16; op++) {
		make(hdr, 0, 0);
		hdr[0] = (u8)(op << 4);
		if (op == 1)
			assert_int_equal(parse_only(hdr, 76), ISER_TGT_PDU_OK);
		else if (op == 2)
			assert_int_equal(parse_only(hdr, 76),
					 ISER_TGT_PDU_HELLO);
		else
			assert_int_equal(parse_only(hdr, 76),
					 ISER_TGT_PDU_ISER_OP);
	}
}

static void rfc7145_9_2_stags_are_read(struct kunit *test)
{
	struct iser_tgt_pdu pdu;
	u8 hdr[ISER_TGT_HDR_LEN];
	u8 *copy;

	make(hdr, 0, 0);
	assert_int_equal(parse(&pdu, hdr, 76, &copy), ISER_TGT_PDU_OK);
	assert_true(iser_tgt_pdu_write_stag(&pdu).sent);
	assert_int_equal(iser_tgt_pdu_write_stag(&pdu).stag, 0x11223344);
	assert_true(iser_tgt_pdu_write_stag(&pdu).va == 0x0102030405060708ULL);
	assert_true(iser_tgt_pdu_read_stag(&pdu).sent);
	assert_int_equal(iser_tgt_pdu_read_stag(&pdu).stag, 0x55667788);
	assert_true(iser_tgt_pdu_read_stag(&pdu).va == 0x1112131415161718ULL);
	unit_free(copy);
}

static void rfc7145_9_2_stags_without_flag_are_ignored(struct kunit *test)
{
	struct iser_tgt_pdu pdu;
	u8 hdr[ISER_TGT_HDR_LEN];
	u8 *copy;

	make(hdr, 0, 0);
	hdr[0] = ISER_TGT_ISER_OP_CTRL | 0x03;
	assert_int_equal(parse(&pdu, hdr, 76, &copy), ISER_TGT_PDU_OK);
	assert_false(iser_tgt_pdu_write_stag(&pdu).sent);
	assert_false(iser_tgt_pdu_read_stag(&pdu).sent);
	unit_free(copy);
}

static void rfc7143_11_2_1_fields_are_read(struct kunit *test)
{
	struct iser_tgt_pdu pdu;
	u8 hdr[ISER_TGT_HDR_LEN];
	u8 *copy;

	make(hdr, 2, 100);
	assert_int_equal(parse(&pdu, hdr, 76 + 8 + 100, &copy),
			 ISER_TGT_PDU_OK);
	assert_ptr_equal(pdu.bhs, copy + 28);
	assert_int_equal(pdu.opcode, ISER_TGT_OP_SCSI_CMD);
	assert_true(pdu.immediate);
	assert_int_equal(pdu.flags, 0xa1);
	assert_int_equal(pdu.ahs_len, 8);
	assert_int_equal(pdu.data_len, 100);
	assert_int_equal(pdu.itt, 0xcafe0001);
	assert_int_equal(pdu.cmd_sn, 77);
	assert_int_equal(pdu.exp_stat_sn, 88);
	assert_true(iser_tgt_pdu_lun(&pdu) == 0x0001000000000000ULL);
	assert_int_equal(iser_tgt_pdu_edtl(&pdu), 4096);
	assert_int_equal(iser_tgt_pdu_ttt(&pdu), 4096);
	assert_int_equal(iser_tgt_pdu_ref_task_tag(&pdu), 4096);
	assert_int_equal(iser_tgt_pdu_cid(&pdu), 0);
	assert_int_equal(iser_tgt_pdu_cdb(&pdu)[0], 0x28);
	assert_int_equal(iser_tgt_pdu_ref_cmd_sn(&pdu), 0x28000000);
	unit_free(copy);
}

static void rfc7143_11_2_1_5_ahs_beyond_what_was_received(struct kunit *test)
{
	struct iser_tgt_pdu pdu;
	u8 hdr[ISER_TGT_HDR_LEN];

	make(hdr, 255, 0);
	assert_int_equal(parse_only(hdr, 76), ISER_TGT_PDU_AHS);
	assert_int_equal(parse_only(hdr, 76 + 1019), ISER_TGT_PDU_AHS);
	assert_int_equal(parse_only(hdr, 76 + 1020), ISER_TGT_PDU_OK);
	make(hdr, 1, 0xffffff);
	assert_int_equal(parse(&pdu, hdr, 79, NULL), ISER_TGT_PDU_AHS);
	assert_int_equal(pdu.itt, 0xcafe0001);
}

static void rfc7143_11_2_1_6_data_beyond_the_received(struct kunit *test)
{
	struct iser_tgt_pdu pdu;
	u8 hdr[ISER_TGT_HDR_LEN];

	make(hdr, 0, 0xffffff);
	assert_int_equal(parse(&pdu, hdr, 77, NULL), ISER_TGT_PDU_DATA);
	assert_int_equal(pdu.data_len, 0xffffff);
	assert_int_equal(pdu.unsent, 0);
	assert_int_equal(pdu.itt, 0xcafe0001);
	assert_non_null(pdu.bhs);
	make(hdr, 1, 8);
	assert_int_equal(parse_only(hdr, 87), ISER_TGT_PDU_DATA);
	assert_int_equal(parse_only(hdr, 88), ISER_TGT_PDU_OK);
}

static void declared_and_unsent_data_is_no_data(struct kunit *test)
{
	struct iser_tgt_pdu pdu;
	u8 hdr[ISER_TGT_HDR_LEN];

	make(hdr, 0, 512);
	assert_int_equal(parse(&pdu, hdr, 76, NULL), ISER_TGT_PDU_OK);
	assert_int_equal(pdu.data_len, 0);
	assert_int_equal(pdu.unsent, 512);
	make(hdr, 2, 512);
	assert_int_equal(parse(&pdu, hdr, 76 + 8, NULL), ISER_TGT_PDU_OK);
	assert_int_equal(pdu.unsent, 512);
	make(hdr, 0, 512);
	assert_int_equal(parse(&pdu, hdr, 76 + 512, NULL), ISER_TGT_PDU_OK);
	assert_int_equal(pdu.data_len, 512);
	assert_int_equal(pdu.unsent, 0);
}

static void unsent_data_needs_a_write_with_a_buffer(struct kunit *test)
{
	u8 hdr[ISER_TGT_HDR_LEN];

	make(hdr, 0, 512);
	hdr[0] = ISER_TGT_ISER_OP_CTRL | ISER_TGT_ISER_RSV;
	assert_int_equal(parse_only(hdr, 76), ISER_TGT_PDU_DATA);
	make(hdr, 0, 512);
	hdr[29] &= ~ISER_TGT_CMD_WRITE;
	assert_int_equal(parse_only(hdr, 76), ISER_TGT_PDU_DATA);
	make(hdr, 0, 512);
	hdr[28] = ISER_TGT_OP_TEXT_REQ;
	assert_int_equal(parse_only(hdr, 76), ISER_TGT_PDU_DATA);
	make(hdr, 0, 512);
	assert_int_equal(parse_only(hdr, 76 + 4), ISER_TGT_PDU_DATA);
}

static void rfc7143_11_1_padding_is_optional_and_bounded(struct kunit *test)
{
	u8 hdr[ISER_TGT_HDR_LEN];

	make(hdr, 0, 5);
	assert_int_equal(parse_only(hdr, 80), ISER_TGT_PDU_DATA);
	assert_int_equal(parse_only(hdr, 81), ISER_TGT_PDU_OK);
	assert_int_equal(parse_only(hdr, 82), ISER_TGT_PDU_OK);
	assert_int_equal(parse_only(hdr, 84), ISER_TGT_PDU_OK);
	assert_int_equal(parse_only(hdr, 85), ISER_TGT_PDU_EXCESS);
	make(hdr, 0, 0);
	assert_int_equal(parse_only(hdr, 77), ISER_TGT_PDU_EXCESS);
	assert_int_equal(parse_only(hdr, SIZE_MAX - 3), ISER_TGT_PDU_EXCESS);
}

static void errors_have_words(struct kunit *test)
{
	int error;

	for (error = ISER_TGT_PDU_OK; error <= ISER_TGT_PDU_EXCESS; error++)
		assert_non_null(iser_tgt_pdu_strerror(error));
	assert_string_equal(iser_tgt_pdu_strerror(99), "unknown PDU error");
}

static int ahs_parse(struct iser_tgt_ahs *ahs, const u8 *bytes, size_t len,
		     u8 **copy)
{
	u8 *block = exactly(bytes, len);
	int ret = iser_tgt_ahs_parse(ahs, block, len);

	if (copy)
		*copy = block;
	else
		unit_free(block);
	return ret;
}

static int ahs_only(const u8 *bytes, size_t len)
{
	struct iser_tgt_ahs ahs;
	int ret;

	memset(&ahs, 0xff, sizeof(ahs));
	ret = ahs_parse(&ahs, bytes, len, NULL);
	if (ret) {
		assert_null(ahs.cdb_tail);
		assert_int_equal(ahs.cdb_tail_len, 0);
		assert_false(ahs.bidi);
	}
	return ret;
}

static void rfc7143_11_2_2_no_ahs(struct kunit *test)
{
	assert_int_equal(ahs_only((const u8 *)"", 0), 0);
}

static void rfc7143_11_2_2_3_extended_cdb_every_length(struct kunit *test)
{
	u8 bytes[4 + 256] = { 0, 0, 1 };
	struct iser_tgt_ahs ahs;
	size_t cdb_len, i;
	u8 *copy;

	for (i = 4; i < sizeof(bytes); i++)
		bytes[i] = (u8)i;
	for (cdb_len = 17; cdb_len <= ISER_TGT_CDB_MAX; cdb_len++) {
		size_t len = round_up(3 + cdb_len - 15, (size_t)4);

		put_unaligned_be16((u16)(cdb_len - 15), bytes);
		assert_int_equal(ahs_parse(&ahs, bytes, len, &copy), 0);
		assert_ptr_equal(ahs.cdb_tail, copy + 4);
		assert_int_equal(ahs.cdb_tail_len, cdb_len - 16);
		assert_false(ahs.bidi);
		unit_free(copy);
	}
}

static void rfc7143_11_2_2_3_extended_cdb_of_wrong_length(struct kunit *test)
{
	static const u16 wrong[] = { 0, 1, 246, 247, 1017, 0x7fff, 0xffff };
	u8 bytes[1020] = { 0, 0, 1 };
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		put_unaligned_be16(wrong[i], bytes);
		for (len = 4; len <= sizeof(bytes); len += 4)
			assert_int_equal(ahs_only(bytes, len), -EINVAL);
	}
}

static void rfc7143_11_2_2_2_segment_beyond_the_ahs(struct kunit *test)
{
	u8 bytes[20] = { 0, 17, 1 };

	assert_int_equal(ahs_only(bytes, 20), 0);
	assert_int_equal(ahs_only(bytes, 16), -EINVAL);
	assert_int_equal(ahs_only(bytes, 4), -EINVAL);
	assert_int_equal(ahs_only(bytes, 3), -EINVAL);
	assert_int_equal(ahs_only(bytes, 1), -EINVAL);
}

static void rfc7143_11_2_2_4_bidirectional_length(struct kunit *test)
{
	static const u8 good[] = { 0, 5, 2, 0, 0, 1, 2, 3 };
	static const u8 shorter[] = { 0, 4, 2, 0, 0, 1, 2, 3 };
	static const u8 longer[] = { 0, 6, 2, 0, 0, 1, 2, 3, 4, 0, 0, 0 };
	struct iser_tgt_ahs ahs;

	assert_int_equal(ahs_parse(&ahs, good, sizeof(good), NULL), 0);
	assert_true(ahs.bidi);
	assert_int_equal(ahs.bidi_len, 0x010203);
	assert_int_equal(ahs_only(shorter, sizeof(shorter)), -EINVAL);
	assert_int_equal(ahs_only(longer, sizeof(longer)), -EINVAL);
}

static void rfc7143_11_2_2_both_segments_either_order(struct kunit *test)
{
	static const u8 a[] = { 0, 5, 2, 0, 0, 0, 2, 0,
				0, 2, 1, 0, 0xaa, 0, 0, 0 };
	static const u8 b[] = { 0, 2, 1, 0, 0xaa, 0, 0, 0,
				0, 5, 2, 0, 0, 0, 2, 0 };
	struct iser_tgt_ahs ahs;

	assert_int_equal(ahs_parse(&ahs, a, sizeof(a), NULL), 0);
	assert_int_equal(ahs.cdb_tail_len, 1);
	assert_int_equal(ahs.bidi_len, 512);
	assert_int_equal(ahs_parse(&ahs, b, sizeof(b), NULL), 0);
	assert_int_equal(ahs.cdb_tail_len, 1);
	assert_int_equal(ahs.bidi_len, 512);
}

static void rfc7143_11_2_2_twice_the_same_segment(struct kunit *test)
{
	static const u8 cdb[] = { 0, 2, 1, 0, 0xaa, 0, 0, 0,
				  0, 2, 1, 0, 0xaa, 0, 0, 0 };
	static const u8 bidi[] = { 0, 5, 2, 0, 0, 0, 2, 0,
				   0, 5, 2, 0, 0, 0, 2, 0 };

	assert_int_equal(ahs_only(cdb, sizeof(cdb)), -EINVAL);
	assert_int_equal(ahs_only(bidi, sizeof(bidi)), -EINVAL);
}

static void rfc7143_11_2_2_1_reserved_types(struct kunit *test)
{
	u8 bytes[8] = { 0, 5 };
	int type;

	for (type = 0; type < 64; type++) {
		bytes[2] = (u8)type;
		assert_int_equal(ahs_only(bytes, 8),
				 type == 1 || type == 2 ? 0 : -EINVAL);
		/* the two reserved bits are ignored */
		bytes[2] = (u8)(type | 0xc0);
		assert_int_equal(ahs_only(bytes, 8),
				 type == 1 || type == 2 ? 0 : -EINVAL);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(rfc7145_9_1_shorter_than_the_headers),
	KUNIT_CASE(rfc7145_9_3_hello_is_recognised),
	KUNIT_CASE(rfc7145_9_1_other_iser_opcodes),
	KUNIT_CASE(rfc7145_9_2_stags_are_read),
	KUNIT_CASE(rfc7145_9_2_stags_without_flag_are_ignored),
	KUNIT_CASE(rfc7143_11_2_1_fields_are_read),
	KUNIT_CASE(rfc7143_11_2_1_5_ahs_beyond_what_was_received),
	KUNIT_CASE(rfc7143_11_2_1_6_data_beyond_the_received),
	KUNIT_CASE(declared_and_unsent_data_is_no_data),
	KUNIT_CASE(unsent_data_needs_a_write_with_a_buffer),
	KUNIT_CASE(rfc7143_11_1_padding_is_optional_and_bounded),
	KUNIT_CASE(errors_have_words),
	KUNIT_CASE(rfc7143_11_2_2_no_ahs),
	KUNIT_CASE(rfc7143_11_2_2_3_extended_cdb_every_length),
	KUNIT_CASE(rfc7143_11_2_2_3_extended_cdb_of_wrong_length),
	KUNIT_CASE(rfc7143_11_2_2_2_segment_beyond_the_ahs),
	KUNIT_CASE(rfc7143_11_2_2_4_bidirectional_length),
	KUNIT_CASE(rfc7143_11_2_2_both_segments_either_order),
	KUNIT_CASE(rfc7143_11_2_2_twice_the_same_segment),
	KUNIT_CASE(rfc7143_11_2_2_1_reserved_types),
	{}
};

struct kunit_suite iser_tgt_test_pdu = {
	.name = "iser_tgt_pdu",
	.test_cases = cases,
};

UNIT_SUITE(iser_tgt_test_pdu)
