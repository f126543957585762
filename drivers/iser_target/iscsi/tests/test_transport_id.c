// SPDX-License-Identifier: GPL-2.0
/* TransportIDs of a PERSISTENT RESERVE OUT parameter list: SPC-4 6.16.3, 7.6.4. */
#include "test.h"
#include "name.h"
#include "transport_id.h"

#define REGISTER	0
#define RESERVE		1
#define IGNORE		6
#define MOVE		7

#define NAME		"iqn.2026-01.org.example:i"
#define ISID		"00023d0a0b0c"

/* A parameter list in a block of its length, that of its CDB, and its CDB. */
static struct list {
	struct iser_tgt_pr_out out;
	u8 cdb[10];
	u8 *bytes;
	u32 len;
} list;

static u8 scratch[ISER_TGT_PR_OUT_MAX + 64];

static void read_list(const struct iser_tgt_pr_out *out, u32 pos, u8 *to,
		      u32 len)
{
	assert_true(pos <= list.len && len <= list.len - pos);
	memcpy(to, list.bytes + pos, len);
}

/* What known() was asked, and answers. */
static char asked_name[ISER_TGT_NAME_MAX + 1];
static bool asked_port, unknown;

static bool known(const struct iser_tgt_pr_out *out, const char *name,
		  bool port)
{
	assert_true(strlen(name) < sizeof(asked_name));
	strscpy(asked_name, name, sizeof(asked_name));
	asked_port = port;
	return !unknown;
}

/* Checks the first @len bytes of scratch. */
static enum iser_tgt_pr_out_fault check(u8 action, u32 len, u32 cdb_len)
{
	enum iser_tgt_pr_out_fault fault;
	const char *why = NULL;

	list.bytes = exactly(scratch, len);
	list.len = len;
	memset(list.cdb, 0, sizeof(list.cdb));
	list.cdb[0] = 0x5f;
	list.cdb[1] = action;
	put_unaligned_be32(cdb_len, list.cdb + 5);
	list.out.cdb = list.cdb;
	list.out.received = len;
	list.out.read = read_list;
	list.out.known = known;
	fault = iser_tgt_pr_out_check(&list.out, &why);
	unit_free(list.bytes);
	if (fault && (!why || !why[0]))
		fail_msg("a fault without a reason: %d", fault);
	return fault;
}

/* Starts a list with SPEC_I_PT or of REGISTER AND MOVE; returns its length. */
static u32 head(u8 action)
{
	memset(scratch, 0, sizeof(scratch));
	put_unaligned_be64(0x1234, scratch + 8);
	if (action == MOVE)
		return 24;
	scratch[20] = 0x08;
	return 28;
}

static u32 add(u32 pos, const void *id, u32 len)
{
	memcpy(scratch + pos, id, len);
	return pos + len;
}

/* An iSCSI TransportID with this text, padded. */
static u32 add_iscsi(u32 pos, u8 format, const char *text, u32 text_len)
{
	u32 len = max(round_up(text_len, 4), 20U);

	memset(scratch + pos, 0, 4 + len);
	scratch[pos] = (u8)(format << 6 | 5);
	put_unaligned_be16((u16)len, scratch + pos + 2);
	memcpy(scratch + pos + 4, text, text_len);
	return pos + 4 + len;
}

static enum iser_tgt_pr_out_fault finish(u8 action, u32 len)
{
	u32 first = action == MOVE ? 24 : 28;

	put_unaligned_be32(len - first, scratch + first - 4);
	return check(action, len, len);
}

/* One TransportID with this text, by REGISTER and by REGISTER AND MOVE. */
static enum iser_tgt_pr_out_fault one(u8 format, const char *text,
				      u32 text_len)
{
	enum iser_tgt_pr_out_fault fault, moved;

	fault = finish(REGISTER, add_iscsi(head(REGISTER), format, text,
					   text_len));
	moved = finish(MOVE, add_iscsi(head(MOVE), format, text, text_len));
	assert_int_equal(fault, moved);
	return fault;
}

#define GOOD(format, text) \
	assert_int_equal(one(format, TEXT(text "\0")), ISER_TGT_PR_OUT_OK)
#define BAD(format, text) \
	assert_int_equal(one(format, TEXT(text)), ISER_TGT_PR_OUT_FIELD)

static void spc4_7_6_4_6_well_formed(struct kunit *test)
{
	GOOD(0, NAME);
	GOOD(0, "eui.02004567a425678d");
	GOOD(0, "iqn.2026-01.org.example:\xc3\xa4");
	GOOD(0, "i");
	GOOD(1, NAME ",i,0x" ISID);
	GOOD(1, NAME ",i,0x00023D0A0B0C");
	/* padded to more than the next four bytes */
	GOOD(0, NAME "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
	GOOD(1, NAME ",i,0x" ISID "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
}

static void spc4_7_6_4_6_isid(struct kunit *test)
{
	BAD(1, NAME "\0");
	BAD(1, NAME ",i\0");
	BAD(1, NAME ",i,0\0");
	BAD(1, NAME ",i,0x\0");
	BAD(1, NAME ",i,0X" ISID "\0");
	BAD(1, NAME ",t,0x" ISID "\0");
	BAD(1, NAME ",i,0x0\0");
	BAD(1, NAME ",i,0x00023d0a0b0\0");
	BAD(1, NAME ",i,0x" ISID "0\0");
	BAD(1, NAME ",i,0x" ISID " \0");
	BAD(1, NAME ",i,0x00023d0a0b0g\0");
	BAD(1, NAME ",i,0x-0023d0a0b0c\0");
	BAD(1, NAME ",i,0x" ISID ",i,0x" ISID "\0");
	BAD(1, NAME "\0,i,0x" ISID "\0");
	BAD(1, ",i,0x" ISID "\0");
}

static void spc4_7_6_4_6_terminated(struct kunit *test)
{
	/* no NUL: these texts fill their TransportID */
	BAD(0, "iqn.2026-01.org.example:");
	BAD(1, "iqn.2026-01.com.cc,i,0x" ISID "0");
	BAD(1, "iqn.2026-01.com.bcd,i,0x" ISID);
	BAD(1, "iqn.2026-01.com.exa,i,0x");
	/* other padding than NULs */
	BAD(0, NAME "\0x");
	BAD(0, NAME "\0\0\0\0\0x");
	BAD(1, NAME ",i,0x" ISID "\0 ");
	BAD(1, NAME ",i,0x\0" ISID "\0");
}

static void spc4_7_6_4_6_name(struct kunit *test)
{
	static char text[512];
	u32 len;

	BAD(0, "\0");
	memset(text, 'n', sizeof(text));
	text[ISER_TGT_NAME_MAX] = '\0';
	assert_int_equal(one(0, text, ISER_TGT_NAME_MAX + 1),
			 ISER_TGT_PR_OUT_OK);
	text[ISER_TGT_NAME_MAX] = 'n';
	text[ISER_TGT_NAME_MAX + 1] = '\0';
	assert_int_equal(one(0, text, ISER_TGT_NAME_MAX + 2),
			 ISER_TGT_PR_OUT_FIELD);
	/* the longest port */
	len = ISER_TGT_NAME_MAX;
	memcpy(text + len, ",i,0x" ISID, 18);
	assert_int_equal(one(1, text, len + 18), ISER_TGT_PR_OUT_OK);
	text[len] = 'n';
	memcpy(text + len + 1, ",i,0x" ISID, 18);
	assert_int_equal(one(1, text, len + 19), ISER_TGT_PR_OUT_FIELD);
	/* padded beyond the longest */
	assert_int_equal(one(0, "iqn\0", 4), ISER_TGT_PR_OUT_OK);
	memset(text, 0, sizeof(text));
	memcpy(text, NAME, sizeof(NAME));
	assert_int_equal(one(0, text, 240), ISER_TGT_PR_OUT_OK);
	assert_int_equal(one(0, text, 248), ISER_TGT_PR_OUT_FIELD);
	assert_int_equal(one(0, text, 512), ISER_TGT_PR_OUT_FIELD);
}

static void spc4_7_6_4_6_format_code(struct kunit *test)
{
	BAD(2, NAME "\0");
	BAD(3, NAME ",i,0x" ISID "\0");
}

static void spc4_7_6_4_6_additional_length(struct kunit *test)
{
	static const u16 wrong[] = { 0, 4, 16, 19, 21, 22, 23, 27 };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		u32 pos = head(REGISTER);

		add_iscsi(pos, 0, "i\0", 2);
		put_unaligned_be16(wrong[i], scratch + pos + 2);
		assert_int_equal(finish(REGISTER, pos + 4 + wrong[i]),
				 ISER_TGT_PR_OUT_FIELD);
	}
}

static void spc4_6_16_3_id_beyond_the_list(struct kunit *test)
{
	static const u8 actions[] = { REGISTER, IGNORE, MOVE };
	u32 i, cut, pos, id_len;

	for (i = 0; i < ARRAY_SIZE(actions); i++) {
		pos = head(actions[i]);
		id_len = add_iscsi(pos, 1, TEXT(NAME ",i,0x" ISID "\0")) - pos;
		for (cut = 1; cut < id_len; cut++)
			assert_int_equal(finish(actions[i], pos + id_len - cut),
					 ISER_TGT_PR_OUT_LENGTH);
		assert_int_equal(finish(actions[i], pos + id_len),
				 ISER_TGT_PR_OUT_OK);
	}
	/* MOVE needs one */
	assert_int_equal(finish(MOVE, head(MOVE)), ISER_TGT_PR_OUT_LENGTH);
	/* REGISTER does not */
	assert_int_equal(finish(REGISTER, head(REGISTER)), ISER_TGT_PR_OUT_OK);
	pos = add_iscsi(head(REGISTER), 0, TEXT(NAME "\0"));
	put_unaligned_be16(0xfffc, scratch + 30);
	assert_int_equal(finish(REGISTER, pos), ISER_TGT_PR_OUT_LENGTH);
}

static void spc4_6_16_3_lengths_agree(struct kunit *test)
{
	u32 pos, wrong;

	for (wrong = 0; wrong < 3; wrong++) {
		static const u32 lens[] = { 0xffffffff, 0, 0xffffffe4 };

		pos = add_iscsi(head(REGISTER), 0, TEXT(NAME "\0"));
		put_unaligned_be32(lens[wrong], scratch + 24);
		assert_int_equal(check(REGISTER, pos, pos),
				 ISER_TGT_PR_OUT_LENGTH);
		pos = add_iscsi(head(MOVE), 0, TEXT(NAME "\0"));
		put_unaligned_be32(lens[wrong], scratch + 20);
		assert_int_equal(check(MOVE, pos, pos),
				 ISER_TGT_PR_OUT_LENGTH);
	}
	/* the CDB announces more or less than was sent */
	pos = add_iscsi(head(REGISTER), 0, TEXT(NAME "\0"));
	put_unaligned_be32(pos - 28, scratch + 24);
	assert_int_equal(check(REGISTER, pos, pos + 4), ISER_TGT_PR_OUT_LENGTH);
	assert_int_equal(check(REGISTER, pos, pos - 4), ISER_TGT_PR_OUT_LENGTH);
	assert_int_equal(check(REGISTER, pos, 24), ISER_TGT_PR_OUT_LENGTH);
	assert_int_equal(check(REGISTER, pos, pos), ISER_TGT_PR_OUT_OK);
	/* SPEC_I_PT without the length of TransportIDs */
	for (pos = 24; pos < 28; pos++) {
		head(REGISTER);
		assert_int_equal(check(REGISTER, pos, pos),
				 ISER_TGT_PR_OUT_LENGTH);
	}
}

static void spc4_6_16_3_several(struct kunit *test)
{
	u32 pos = head(REGISTER);
	u32 nr = 0;

	while (pos + 248 < 8192) {
		pos = add_iscsi(pos, nr & 1, TEXT(NAME ",i,0x" ISID "\0"));
		nr++;
	}
	assert_true(nr > 100);
	assert_int_equal(finish(REGISTER, pos), ISER_TGT_PR_OUT_OK);
	/* the last one is found, too */
	pos = add_iscsi(pos, 1, TEXT(NAME ",i,0x1\0"));
	assert_int_equal(finish(REGISTER, pos), ISER_TGT_PR_OUT_FIELD);
	/* bytes behind the last one */
	pos = add_iscsi(head(REGISTER), 0, TEXT(NAME "\0"));
	assert_int_equal(finish(REGISTER, pos + 3), ISER_TGT_PR_OUT_LENGTH);
}

static void spc4_6_16_4_exactly_one(struct kunit *test)
{
	u32 pos = add_iscsi(head(MOVE), 0, TEXT(NAME "\0"));

	pos = add_iscsi(pos, 0, TEXT(NAME "\0"));
	assert_int_equal(finish(MOVE, pos), ISER_TGT_PR_OUT_FIELD);
}

static void spc4_7_6_1_protocols(struct kunit *test)
{
	static const u8 known[] = { 0, 3, 4, 6 };
	u8 id[24] = {};
	u32 i, pos;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		id[0] = known[i];
		memset(id + 1, 0xff, sizeof(id) - 1);
		pos = add(head(REGISTER), id, sizeof(id));
		pos = add_iscsi(pos, 0, TEXT(NAME "\0"));
		/* not at this port */
		assert_int_equal(finish(REGISTER, pos), ISER_TGT_PR_OUT_FIELD);
		pos = add(head(MOVE), id, sizeof(id));
		assert_int_equal(finish(MOVE, pos), ISER_TGT_PR_OUT_OK);
		assert_int_equal(finish(MOVE, pos - 1), ISER_TGT_PR_OUT_LENGTH);
	}
	for (i = 1; i < 16; i++) {
		if (i == 3 || i == 4 || i == 5 || i == 6)
			continue;
		id[0] = (u8)i;
		pos = add(head(REGISTER), id, sizeof(id));
		assert_int_equal(finish(REGISTER, pos), ISER_TGT_PR_OUT_FIELD);
	}
}

static void spc4_6_16_3_only_initiators_that_are_known(struct kunit *test)
{
	u32 pos = add_iscsi(head(REGISTER), 1, TEXT(NAME ",i,0x" ISID "\0"));

	assert_int_equal(finish(REGISTER, pos), ISER_TGT_PR_OUT_OK);
	assert_string_equal(asked_name, NAME);
	assert_true(asked_port);
	pos = add_iscsi(pos, 0, TEXT("eui.02004567a425678d\0"));
	assert_int_equal(finish(IGNORE, pos), ISER_TGT_PR_OUT_OK);
	assert_string_equal(asked_name, "eui.02004567a425678d");
	assert_false(asked_port);

	unknown = true;
	assert_int_equal(finish(REGISTER, pos), ISER_TGT_PR_OUT_FIELD);
	assert_int_equal(finish(IGNORE, pos), ISER_TGT_PR_OUT_FIELD);
	/* the core answers for this one */
	pos = add_iscsi(head(MOVE), 0, TEXT(NAME "\0"));
	assert_int_equal(finish(MOVE, pos), ISER_TGT_PR_OUT_OK);
	unknown = false;
}

static void lists_without_transport_ids(struct kunit *test)
{
	u8 action;
	u32 len;

	/* the core refuses these by their length */
	for (action = 0; action < 8; action++)
		for (len = 0; len < 24; len++)
			assert_int_equal(check(action, len, 24),
					 ISER_TGT_PR_OUT_OK);
	/* neither SPEC_I_PT nor REGISTER AND MOVE */
	memset(scratch, 0xff, sizeof(scratch));
	assert_int_equal(check(RESERVE, 512, 512), ISER_TGT_PR_OUT_OK);
	scratch[20] = 0xf7;
	assert_int_equal(check(REGISTER, 512, 512), ISER_TGT_PR_OUT_OK);
	assert_int_equal(check(IGNORE, 512, 512), ISER_TGT_PR_OUT_OK);
	/* the upper bits of its byte are not the service action's */
	assert_int_equal(check(0xe0 | RESERVE, 512, 512), ISER_TGT_PR_OUT_OK);
	assert_int_equal(check(0xe0 | MOVE, 512, 512), ISER_TGT_PR_OUT_LENGTH);
}

static void longest_list(struct kunit *test)
{
	u8 id[24] = { 5, 0, 0, 20, 'i' };
	u32 pos = head(REGISTER);

	while (pos + sizeof(id) <= ISER_TGT_PR_OUT_MAX)
		pos = add(pos, id, sizeof(id));
	assert_int_equal(finish(REGISTER, pos), ISER_TGT_PR_OUT_OK);
	pos = add(pos, id, sizeof(id));
	assert_true(pos > ISER_TGT_PR_OUT_MAX);
	assert_int_equal(finish(REGISTER, pos), ISER_TGT_PR_OUT_LENGTH);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(spc4_7_6_4_6_well_formed),
	KUNIT_CASE(spc4_7_6_4_6_isid),
	KUNIT_CASE(spc4_7_6_4_6_terminated),
	KUNIT_CASE(spc4_7_6_4_6_name),
	KUNIT_CASE(spc4_7_6_4_6_format_code),
	KUNIT_CASE(spc4_7_6_4_6_additional_length),
	KUNIT_CASE(spc4_6_16_3_id_beyond_the_list),
	KUNIT_CASE(spc4_6_16_3_lengths_agree),
	KUNIT_CASE(spc4_6_16_3_several),
	KUNIT_CASE(spc4_6_16_4_exactly_one),
	KUNIT_CASE(spc4_7_6_1_protocols),
	KUNIT_CASE(spc4_6_16_3_only_initiators_that_are_known),
	KUNIT_CASE(lists_without_transport_ids),
	KUNIT_CASE(longest_list),
	{}
};

struct kunit_suite iser_tgt_test_transport_id = {
	.name = "iser_tgt_transport_id",
	.test_cases = cases,
};

UNIT_SUITE(iser_tgt_test_transport_id)
