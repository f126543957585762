// SPDX-License-Identifier: GPL-2.0
/*
 * Login Requests and Responses: headers, stages, bits. RFC 7143 4.2.4, 6.1 to
 * 6.3, 11.12, 11.13.
 */
#include "test.h"
#include "initiator.h"

static int setup(struct kunit *test)
{
	test->priv = initiator_new();
	return 0;
}

static void teardown(struct kunit *test)
{
	initiator_free(test->priv);
}

static void rfc7143_6_3_1_operational_stage_alone(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA), ENTER);
	assert_int_equal(rsp_flags(i), OPERATIONAL | TO_FFP);
	assert_string_equal(rsp_value(i, "TargetPortalGroupTag"), "7");
	assert_string_equal(rsp_value(i, "RDMAExtensions"), "Yes");
	assert_int_equal(rsp_pairs(i), 2);
	assert_int_equal(i->identified, 1);
	assert_string_equal(i->login.initiator, INITIATOR);
	assert_string_equal(i->login.target, TARGET);
	assert_false(i->login.discovery);
	assert_true(i->login.result.rdma_extensions);
	assert_false(i->login.authenticated);
	assert_null(i->login.reason);
	assert_int_equal(i->login.exp_cmd_sn, 4711);
	assert_int_equal(i->login.stat_sn, 100);
}

static void rfc7143_6_3_1_security_then_operational(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, SECURITY | TO_OPERATIONAL, NAMES
			     "AuthMethod=CHAP,None\0"), SEND);
	assert_int_equal(rsp_flags(i), SECURITY | TO_OPERATIONAL);
	assert_string_equal(rsp_value(i, "AuthMethod"), "None");
	assert_string_equal(rsp_value(i, "TargetPortalGroupTag"), "7");
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, RDMA), ENTER);
	/* 6.3.1: once */
	assert_int_equal(rsp_pairs(i), 1);
	assert_int_equal(i->identified, 1);
}

static void rfc7143_6_3_1_unwilling_to_propose_security(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, SECURITY | TO_OPERATIONAL, NAMES), SEND);
	assert_int_equal(rsp_flags(i), SECURITY | TO_OPERATIONAL);
	assert_int_equal(rsp_pairs(i), 1);
	assert_string_equal(rsp_value(i, "TargetPortalGroupTag"), "7");
}

static void rfc7143_6_3_2_target_selects_the_operational_stage(struct kunit *test)
{
	struct initiator *i = test->priv;

	/* a normal session must negotiate RDMAExtensions in the operational stage */
	assert_int_equal(SAY(i, SECURITY | TO_FFP, NAMES "AuthMethod=None\0"),
			 SEND);
	assert_int_equal(rsp_flags(i), SECURITY | TO_OPERATIONAL);
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, RDMA), ENTER);
}

static void rfc7143_6_3_discovery_straight_from_security(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, SECURITY | TO_FFP, DISCOVERY
			     "AuthMethod=None\0"), ENTER);
	assert_int_equal(rsp_flags(i), SECURITY | TO_FFP);
	assert_true(i->login.discovery);
	assert_string_equal(i->login.target, "");
	/* 13.9: only with TargetName */
	assert_string_equal(rsp_value(i, "TargetPortalGroupTag"), "(none)");
}

static void rfc7143_6_3_transit_is_not_decided_by_the_last_pair(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, OPERATIONAL, NAMES RDMA), SEND);
	assert_int_equal(rsp_flags(i), OPERATIONAL);
	assert_int_equal(SAY_NOTHING(i, OPERATIONAL), SEND);
	assert_int_equal(rsp_pairs(i), 0);
	assert_int_equal(SAY_NOTHING(i, OPERATIONAL | TO_FFP), ENTER);
}

static void rfc7143_4_2_4_first_pdu_is_no_login_request(struct kunit *test)
{
	struct initiator *i = test->priv;

	i->opcode = ISER_TGT_OP_NOP_OUT;
	assert_int_equal(SAY_NOTHING(i, 0x80), DROP);
	i->opcode = ISER_TGT_OP_LOGIN_REQ;
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA), DROP);
	assert_int_equal(i->identified, 0);
}

static void rfc7143_4_2_4_other_request_during_login(struct kunit *test)
{
	struct initiator *i = test->priv;

	SAY(i, OPERATIONAL, NAMES RDMA);
	i->opcode = ISER_TGT_OP_SCSI_CMD;
	refused(i, SAY_NOTHING(i, 0x80), 0x020b,
		"request other than Login during login");
}

static void after_the_end_nothing_more(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA), ENTER);
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA), DROP);
}

static void after_a_refusal_nothing_more(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, SECURITY | C | T, NAMES), REFUSE);
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA), DROP);
}

static void rfc7143_11_12_4_version(struct kunit *test)
{
	struct initiator *i = test->priv;

	i->version_max = 2;
	i->version_min = 1;
	/* initiator.c checks that Version-max and Version-active say 0 */
	refused(i, SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA), 0x0205,
		"unsupported iSCSI version");
}

static void rfc7143_11_12_4_version_range_that_has_ours(struct kunit *test)
{
	struct initiator *i = test->priv;

	i->version_max = 3;
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA), ENTER);
}

static void refuse_flags(u8 flags, const char *reason)
{
	struct initiator *i = initiator_new();

	refused(i, SAY(i, flags, NAMES RDMA), 0x0200, reason);
	assert_int_equal(i->identified, 0);
	initiator_free(i);
}

static void rfc7143_11_12_3_reserved_stages(struct kunit *test)
{
	refuse_flags(2 << 2, "login stage that is reserved");
	refuse_flags(2 << 2 | TO_FFP, "login stage that is reserved");
	refuse_flags(3 << 2, "login stage that is reserved");
	refuse_flags(3 << 2 | TO_FFP, "login stage that is reserved");
	refuse_flags(SECURITY | T | 2, "next login stage that is reserved");
	refuse_flags(OPERATIONAL | T | 2, "next login stage that is reserved");
	refuse_flags(SECURITY | T | 0, "next login stage that is reserved");
}

static void rfc7143_6_3_next_stage_is_behind_the_current_one(struct kunit *test)
{
	refuse_flags(OPERATIONAL | TO_OPERATIONAL,
		     "next login stage not behind the current one");
	refuse_flags(OPERATIONAL | T | 0, "next login stage that is reserved");
}

static void rfc7143_11_12_2_continue_excludes_transit(struct kunit *test)
{
	refuse_flags(OPERATIONAL | TO_FFP | C,
		     "transit while text continues");
	refuse_flags(SECURITY | TO_OPERATIONAL | C,
		     "transit while text continues");
}

static void rfc7143_11_12_3_next_stage_without_transit_is_ignored(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, OPERATIONAL | 2, NAMES RDMA), SEND);
	/* open-iscsi repeats the current stage in NSG */
	assert_int_equal(SAY_NOTHING(i, OPERATIONAL | 1), SEND);
	/* the two bits between CSG and C are reserved */
	assert_int_equal(SAY_NOTHING(i, OPERATIONAL | 0x30 | TO_FFP), ENTER);
}

static void rfc7143_6_3_no_way_back(struct kunit *test)
{
	struct initiator *i = test->priv;

	SAY(i, OPERATIONAL, NAMES RDMA);
	refused(i, SAY(i, SECURITY, "AuthMethod=None\0"), 0x0200,
		"login stage other than the current one");
}

static void rfc7143_6_3_no_stage_without_transit(struct kunit *test)
{
	struct initiator *i = test->priv;

	SAY(i, SECURITY, NAMES "AuthMethod=None\0");
	refused(i, SAY(i, OPERATIONAL, RDMA), 0x0200,
		"login stage other than the current one");
}

static void rfc7143_11_2_1_5_ahs_in_a_login_request(struct kunit *test)
{
	struct initiator *i = test->priv;

	i->ahs_words = 255;
	refused(i, SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA), 0x0200,
		"additional header in a Login Request");
	assert_int_equal(i->identified, 0);
}

static void rfc7143_6_3_data_segment_of_8192_bytes(struct kunit *test)
{
	struct initiator *i = test->priv;
	static char text[8193];

	assert_int_equal(login_send(i, OPERATIONAL | C, text, 8192), SEND);
	refused(i, login_send(i, OPERATIONAL, text, 8193), 0x0200,
		"Login Request too long");
}

/* Change one header field between two requests. */
static void change(void (*what)(struct initiator *i))
{
	struct initiator *i = initiator_new();
	struct iser_tgt_pdu pdu = { 0 };
	u8 bhs[ISER_TGT_BHS_LEN] = { 0 };

	SAY(i, OPERATIONAL, NAMES RDMA);
	what(i);
	bhs[2] = i->version_max;
	bhs[3] = i->version_min;
	memcpy(bhs + 8, i->isid, 6);
	put_unaligned_be16(i->tsih_sent, bhs + 14);
	put_unaligned_be16(i->cid, bhs + 20);
	pdu.bhs = bhs;
	pdu.opcode = ISER_TGT_OP_LOGIN_REQ;
	pdu.flags = OPERATIONAL | TO_FFP;
	pdu.itt = i->itt;
	refused(i, iser_tgt_login_request(&i->login, &pdu, ""), 0x0200,
		"header changed during login");
	initiator_free(i);
}

static void change_itt(struct initiator *i)
{
	i->itt++;
}

static void change_isid(struct initiator *i)
{
	i->isid[5]++;
}

static void change_tsih(struct initiator *i)
{
	i->tsih_sent++;
}

static void change_cid(struct initiator *i)
{
	i->cid++;
}

static void change_version(struct initiator *i)
{
	i->version_max++;
}

static void rfc7143_11_12_fields_that_stay_the_same(struct kunit *test)
{
	change(change_itt);
	change(change_isid);
	change(change_tsih);
	change(change_cid);
	change(change_version);
}

static void rfc7143_11_2_1_8_reserved_task_tag(struct kunit *test)
{
	struct initiator *i = test->priv;

	i->itt = 0xffffffff;
	refused(i, SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA), 0x0200,
		"reserved Initiator Task Tag");
}

static void rfc7143_11_12_8_later_cmd_sn_is_not_looked_at(struct kunit *test)
{
	struct initiator *i = test->priv;
	u32 first = i->cmd_sn;

	SAY(i, OPERATIONAL, NAMES RDMA);
	i->later_cmd_sn = 5;
	assert_int_equal(SAY_NOTHING(i, OPERATIONAL | TO_FFP), ENTER);
	assert_int_equal(i->login.exp_cmd_sn, first);
}

static void rfc7143_11_13_3_tsih_only_in_the_final_response(struct kunit *test)
{
	struct initiator *i = test->priv;

	i->tsih = 0x1234;
	assert_int_equal(SAY(i, OPERATIONAL, NAMES RDMA), SEND);
	assert_int_equal(rsp_tsih(i), 0);
	assert_int_equal(SAY_NOTHING(i, OPERATIONAL | TO_FFP), ENTER);
	assert_int_equal(rsp_tsih(i), 0x1234);
}

static void rfc7143_11_13_3_tsih_set_at_last(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA), ENTER);
	iser_tgt_login_set_tsih(&i->login, 0xbeef);
	assert_int_equal(rsp_tsih(i), 0xbeef);
	assert_int_equal(i->login.tsih, 0xbeef);
}

static void rfc7143_6_3_1_session_that_is_not_there(struct kunit *test)
{
	struct initiator *i = test->priv;

	i->tsih_sent = 5;
	i->identify_status = 0x020a;
	i->identify_reason = "no such session";
	refused(i, SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA), 0x020a,
		"no such session");
	assert_int_equal(rsp_tsih(i), 5);
	assert_int_equal(i->login.rsp_data_len, 0);
}

static void identify_refuses_without_a_reason(struct kunit *test)
{
	struct initiator *i = test->priv;

	i->identify_status = 0x0202;
	refused(i, SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA), 0x0202,
		"refused");
}

static void rfc7143_6_2_gathering_text(struct kunit *test)
{
	struct initiator *i = test->priv;
	static const char text[] = NAMES RDMA "MaxBurstLength=131072\0";
	size_t n, len = sizeof(text) - 1;

	for (n = 0; n + 20 < len; n += 20) {
		assert_int_equal(login_send(i, OPERATIONAL | C, text + n, 20),
				 SEND);
		assert_int_equal(i->login.rsp_data_len, 0);
		assert_int_equal(rsp_flags(i), OPERATIONAL);
		assert_int_equal(i->identified, 0);
	}
	assert_int_equal(login_send(i, OPERATIONAL | TO_FFP, text + n,
				    len - n), ENTER);
	assert_string_equal(rsp_value(i, "MaxBurstLength"), "131072");
}

static void rfc7143_6_1_pair_across_pdus(struct kunit *test)
{
	struct initiator *i = test->priv;

	SAY(i, OPERATIONAL | C, "InitiatorName=" INITIATOR "\0TargetNa");
	SAY(i, OPERATIONAL | C, "me=" TARGET);
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, "\0" RDMA), ENTER);
}

static void rfc7143_6_1_text_without_its_nul(struct kunit *test)
{
	struct initiator *i = test->priv;

	refused(i, SAY(i, OPERATIONAL | TO_FFP, NAMES "RDMAExtensions=Yes"),
		0x0200, "text that is no key=value pair");
}

static void rfc7143_6_1_malformed_text_later(struct kunit *test)
{
	struct initiator *i = test->priv;

	SAY(i, OPERATIONAL, NAMES RDMA);
	refused(i, SAY(i, OPERATIONAL, "ImmediateData\0"), 0x0200,
		"text that is no key=value pair");
}

static void text_beyond_the_buffer(struct kunit *test)
{
	struct initiator *i = test->priv;
	static char text[8192];

	memset(text, 'x', sizeof(text));
	assert_int_equal(login_send(i, OPERATIONAL | C, text, 8192), SEND);
	assert_int_equal(login_send(i, OPERATIONAL | C, text, 8192), SEND);
	refused(i, login_send(i, OPERATIONAL | C, text, 1), 0x0200,
		"login text too long");
}

/* @n unknown keys of @len bytes, each to be answered NotUnderstood. */
static size_t unknown_keys(char *text, int n)
{
	size_t len = 0;
	int k;

	for (k = 0; k < n; k++)
		len += (size_t)sprintf(text + len, "X-k%04d=", k) + 1;
	return len;
}

static void rfc7143_6_2_long_answer_in_pieces(struct kunit *test)
{
	struct initiator *i = test->priv;
	static char text[8192], got[16384];
	size_t len, got_len, pairs = 0, pos = 0;
	struct iser_tgt_kv kv;

	SAY(i, OPERATIONAL, NAMES RDMA);
	len = unknown_keys(text, 500);
	assert_int_equal(login_send(i, OPERATIONAL | TO_FFP, text, len), SEND);
	assert_int_equal(rsp_flags(i), OPERATIONAL | C);
	assert_int_equal(i->login.rsp_data_len, 8192);
	memcpy(got, i->login.rsp_data, 8192);
	assert_int_equal(SAY_NOTHING(i, OPERATIONAL | TO_FFP), ENTER);
	got_len = 8192 + i->login.rsp_data_len;
	memcpy(got + 8192, i->login.rsp_data, i->login.rsp_data_len);
	while (iser_tgt_text_next(got, got_len, &pos, &kv) > 0) {
		assert_string_equal(kv.value, "NotUnderstood");
		pairs++;
	}
	assert_int_equal(pairs, 500);
}

static void rfc7143_6_2_text_before_the_answer_is_complete(struct kunit *test)
{
	struct initiator *i = test->priv;
	static char text[8192];
	size_t len;

	SAY(i, OPERATIONAL, NAMES RDMA);
	len = unknown_keys(text, 500);
	login_send(i, OPERATIONAL, text, len);
	refused(i, SAY(i, OPERATIONAL, "InitialR2T=No\0"), 0x0200,
		"text before the answer was complete");
}

static void rfc7143_6_2_continue_before_the_answer_is_complete(struct kunit *test)
{
	struct initiator *i = test->priv;
	static char text[8192];
	size_t len;

	SAY(i, OPERATIONAL, NAMES RDMA);
	len = unknown_keys(text, 500);
	login_send(i, OPERATIONAL, text, len);
	refused(i, SAY_NOTHING(i, OPERATIONAL | C), 0x0200,
		"text before the answer was complete");
}

static void answer_beyond_the_buffer(struct kunit *test)
{
	struct initiator *i = test->priv;
	static char text[8192];
	size_t len;

	SAY(i, OPERATIONAL, NAMES RDMA);
	len = unknown_keys(text, 800);
	refused(i, login_send(i, OPERATIONAL, text, len), 0x0200,
		"too many keys for one answer");
}

static void rfc7143_6_2_login_that_never_ends_is_ended(struct kunit *test)
{
	struct initiator *i = test->priv;
	int n;

	assert_int_equal(SAY(i, OPERATIONAL, NAMES RDMA), SEND);
	for (n = 1; n < ISER_TGT_LOGIN_PDUS_MAX; n++)
		assert_int_equal(SAY_NOTHING(i, OPERATIONAL), SEND);
	refused(i, SAY_NOTHING(i, OPERATIONAL), 0x0200,
		"login takes too many requests");
}

static void rfc7143_6_2_continuation_that_never_ends_is_ended(struct kunit *test)
{
	struct initiator *i = test->priv;
	int n;

	for (n = 0; n < ISER_TGT_LOGIN_PDUS_MAX; n++)
		assert_int_equal(SAY_NOTHING(i, OPERATIONAL | C), SEND);
	refused(i, SAY_NOTHING(i, OPERATIONAL | C), 0x0200,
		"login takes too many requests");
}

static void rfc7143_11_13_4_stat_sn_goes_up_by_one(struct kunit *test)
{
	struct initiator *i = test->priv;

	i->exp_stat_sn = 0xffffffff;
	SAY(i, SECURITY | TO_OPERATIONAL, NAMES);
	assert_int_equal(rsp_stat_sn(i), 0xffffffff);
	SAY(i, OPERATIONAL, RDMA);
	assert_int_equal(rsp_stat_sn(i), 0);
	SAY_NOTHING(i, OPERATIONAL | TO_FFP);
	assert_int_equal(rsp_stat_sn(i), 1);
	assert_int_equal(i->login.stat_sn, 2);
}

static void refuse_instead_of_entering(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA), ENTER);
	refused(i, iser_tgt_login_refuse(&i->login, 0x0302, "no memory"),
		0x0302, "no memory");
	assert_int_equal(rsp_flags(i), 0);
	assert_int_equal(rsp_status(i), 0x0302);
	assert_int_equal(rsp_tsih(i), 0);
	assert_int_equal(i->login.rsp_data_len, 0);
	/* RFC 7143 11.13.4: the response that was replaced has no StatSN. */
	assert_int_equal(i->login.stat_sn, 100);
}

static void refuse_before_anything_could_be_read(struct kunit *test)
{
	struct initiator *i = test->priv;

	refused(i, iser_tgt_login_refuse(&i->login, 0x0200,
					 iser_tgt_pdu_strerror(1)),
		0x0200, "PDU shorter than its headers");
	assert_int_equal(rsp_status(i), 0x0200);
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA), DROP);
}

/* A first SEND of @len bytes that does not match its headers. */
static int malformed(struct initiator *i, const u8 *hdr, size_t len)
{
	u8 *received = exactly(hdr, min_t(size_t, len, ISER_TGT_HDR_LEN));
	enum iser_tgt_pdu_error error;
	struct iser_tgt_pdu pdu;
	int verdict;

	error = iser_tgt_pdu_parse(&pdu, received, len);
	assert_int_not_equal(error, ISER_TGT_PDU_OK);
	verdict = iser_tgt_login_malformed(&i->login, &pdu, error);
	unit_free(received);
	return verdict;
}

static void rfc7143_11_2_login_request_whose_lengths_lie(struct kunit *test)
{
	struct initiator *i = test->priv;
	u8 hdr[ISER_TGT_HDR_LEN] = { ISER_TGT_ISER_OP_CTRL };

	BHS(hdr)[0] = ISER_TGT_OP_LOGIN_REQ | ISER_TGT_OP_IMMEDIATE;
	put_unaligned_be24(8192, BHS(hdr) + 5);
	BHS(hdr)[8] = 0x80;
	put_unaligned_be32(0xabcd, BHS(hdr) + 16);
	refused(i, malformed(i, hdr, 200), 0x0200,
		"DataSegmentLength above the bytes received");
	/* the response has the task tag of the request */
	assert_int_equal(get_unaligned_be32(BHS(i->login.rsp_hdr) + 16),
			 0xabcd);
	assert_int_equal(BHS(i->login.rsp_hdr)[8], 0x80);
	assert_int_equal(i->identified, 0);
	assert_int_equal(malformed(i, hdr, 200), DROP);
}

static void cve_2026_53176_login_request_too_short(struct kunit *test)
{
	u8 hdr[ISER_TGT_HDR_LEN] = { ISER_TGT_ISER_OP_CTRL };
	size_t len;

	BHS(hdr)[0] = ISER_TGT_OP_LOGIN_REQ | ISER_TGT_OP_IMMEDIATE;
	for (len = 0; len < sizeof(hdr); len++) {
		struct initiator *i = initiator_new();

		refused(i, malformed(i, hdr, len), 0x0200,
			"PDU shorter than its headers");
		initiator_free(i);
	}
}

static void rfc7143_4_2_4_malformed_pdu_that_is_no_login_request(struct kunit *test)
{
	struct initiator *i = test->priv;
	u8 hdr[ISER_TGT_HDR_LEN] = { ISER_TGT_ISER_OP_CTRL };

	BHS(hdr)[0] = ISER_TGT_OP_SCSI_CMD;
	BHS(hdr)[4] = 255;
	assert_int_equal(malformed(i, hdr, 76), DROP);
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA), DROP);
}

static void malformed_pdu_during_login(struct kunit *test)
{
	struct initiator *i = test->priv;
	u8 hdr[ISER_TGT_HDR_LEN] = { ISER_TGT_ISER_OP_CTRL };

	SAY(i, OPERATIONAL, NAMES RDMA);
	BHS(hdr)[0] = ISER_TGT_OP_SCSI_CMD;
	BHS(hdr)[4] = 255;
	refused(i, malformed(i, hdr, 76), 0x0200,
		"TotalAHSLength above the bytes received");
	assert_int_equal(get_unaligned_be32(BHS(i->login.rsp_hdr) + 16),
			 i->itt);
}

static void text_limit_of_the_administrator(struct kunit *test)
{
	struct initiator *i = test->priv;
	static char text[1000];

	i->login.text_max = 1500;
	assert_int_equal(login_send(i, OPERATIONAL | C, text, 1000), SEND);
	assert_int_equal(login_send(i, OPERATIONAL | C, text, 500), SEND);
	refused(i, login_send(i, OPERATIONAL | C, text, 1), 0x0200,
		"login text too long");
}

static void text_limit_beyond_the_buffer(struct kunit *test)
{
	struct initiator *i = test->priv;
	static char text[8192];

	i->login.text_max = SIZE_MAX;
	login_send(i, OPERATIONAL | C, text, 8192);
	login_send(i, OPERATIONAL | C, text, 8192);
	refused(i, login_send(i, OPERATIONAL | C, text, 1), 0x0200,
		"login text too long");
}

static void rfc7143_13_6_target_alias(struct kunit *test)
{
	struct initiator *i = test->priv;

	i->target_alias = "the big one";
	SAY(i, SECURITY | TO_OPERATIONAL, NAMES);
	assert_string_equal(rsp_value(i, "TargetAlias"), "the big one");
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, RDMA), ENTER);
	assert_string_equal(rsp_value(i, "TargetAlias"), "(none)");
}

static void rfc7143_11_13_5_redirection(struct kunit *test)
{
	struct initiator *i = test->priv;

	i->identify_status = 0x0101;
	i->identify_reason = "target moved";
	i->redirect = "192.0.2.1:3260";
	refused(i, SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA), 0x0101,
		"target moved");
	assert_string_equal(rsp_value(i, "TargetAddress"), "192.0.2.1:3260");
	assert_int_equal(rsp_pairs(i), 1);
}

static void rfc7143_11_13_5_permanent_redirection(struct kunit *test)
{
	struct initiator *i = test->priv;

	i->identify_status = 0x0102;
	i->redirect = "[2001:db8::1]:860";
	i->auth_required = true;
	refused(i, SAY(i, SECURITY | TO_OPERATIONAL, NAMES), 0x0102,
		"refused");
	assert_string_equal(rsp_value(i, "TargetAddress"), "[2001:db8::1]:860");
}

static void rfc7143_11_13_5_redirection_needs_an_address(struct kunit *test)
{
	struct initiator *i = test->priv;

	i->identify_status = 0x0101;
	refused(i, SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA), 0x0300,
		"target moved, but no address is set");
	assert_int_equal(i->login.rsp_data_len, 0);
}

static void redirection_address_beyond_all_bounds(struct kunit *test)
{
	struct initiator *i = test->priv;
	static char address[ISER_TGT_LOGIN_TEXT_MAX];

	memset(address, '1', sizeof(address) - 1);
	i->identify_status = 0x0101;
	i->redirect = address;
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA), REFUSE);
	assert_int_equal(i->login.rsp_data_len, 0);
}

static void wiping_leaves_no_secret(struct kunit *test)
{
	struct initiator *i = test->priv;
	static const struct iser_tgt_auth none;

	i->userid = "user";
	i->password = "secret";
	SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA);
	assert_string_equal(i->login.auth.password, "secret");
	iser_tgt_login_wipe(&i->login);
	assert_memory_equal(&i->login.auth, &none, sizeof(none));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(rfc7143_6_3_1_operational_stage_alone),
	KUNIT_CASE(rfc7143_6_3_1_security_then_operational),
	KUNIT_CASE(rfc7143_6_3_1_unwilling_to_propose_security),
	KUNIT_CASE(rfc7143_6_3_2_target_selects_the_operational_stage),
	KUNIT_CASE(rfc7143_6_3_discovery_straight_from_security),
	KUNIT_CASE(rfc7143_6_3_transit_is_not_decided_by_the_last_pair),
	KUNIT_CASE(rfc7143_4_2_4_first_pdu_is_no_login_request),
	KUNIT_CASE(rfc7143_4_2_4_other_request_during_login),
	KUNIT_CASE(after_the_end_nothing_more),
	KUNIT_CASE(after_a_refusal_nothing_more),
	KUNIT_CASE(rfc7143_11_12_4_version),
	KUNIT_CASE(rfc7143_11_12_4_version_range_that_has_ours),
	KUNIT_CASE(rfc7143_11_12_3_reserved_stages),
	KUNIT_CASE(rfc7143_6_3_next_stage_is_behind_the_current_one),
	KUNIT_CASE(rfc7143_11_12_2_continue_excludes_transit),
	KUNIT_CASE(rfc7143_11_12_3_next_stage_without_transit_is_ignored),
	KUNIT_CASE(rfc7143_6_3_no_way_back),
	KUNIT_CASE(rfc7143_6_3_no_stage_without_transit),
	KUNIT_CASE(rfc7143_11_2_1_5_ahs_in_a_login_request),
	KUNIT_CASE(rfc7143_6_3_data_segment_of_8192_bytes),
	KUNIT_CASE(rfc7143_11_12_fields_that_stay_the_same),
	KUNIT_CASE(rfc7143_11_2_1_8_reserved_task_tag),
	KUNIT_CASE(rfc7143_11_12_8_later_cmd_sn_is_not_looked_at),
	KUNIT_CASE(rfc7143_11_13_3_tsih_only_in_the_final_response),
	KUNIT_CASE(rfc7143_11_13_3_tsih_set_at_last),
	KUNIT_CASE(rfc7143_6_3_1_session_that_is_not_there),
	KUNIT_CASE(identify_refuses_without_a_reason),
	KUNIT_CASE(rfc7143_6_2_gathering_text),
	KUNIT_CASE(rfc7143_6_1_pair_across_pdus),
	KUNIT_CASE(rfc7143_6_1_text_without_its_nul),
	KUNIT_CASE(rfc7143_6_1_malformed_text_later),
	KUNIT_CASE(text_beyond_the_buffer),
	KUNIT_CASE(rfc7143_6_2_long_answer_in_pieces),
	KUNIT_CASE(rfc7143_6_2_text_before_the_answer_is_complete),
	KUNIT_CASE(rfc7143_6_2_continue_before_the_answer_is_complete),
	KUNIT_CASE(answer_beyond_the_buffer),
	KUNIT_CASE(rfc7143_6_2_login_that_never_ends_is_ended),
	KUNIT_CASE(rfc7143_6_2_continuation_that_never_ends_is_ended),
	KUNIT_CASE(rfc7143_11_13_4_stat_sn_goes_up_by_one),
	KUNIT_CASE(refuse_instead_of_entering),
	KUNIT_CASE(refuse_before_anything_could_be_read),
	KUNIT_CASE(rfc7143_11_2_login_request_whose_lengths_lie),
	KUNIT_CASE(cve_2026_53176_login_request_too_short),
	KUNIT_CASE(rfc7143_4_2_4_malformed_pdu_that_is_no_login_request),
	KUNIT_CASE(malformed_pdu_during_login),
	KUNIT_CASE(text_limit_of_the_administrator),
	KUNIT_CASE(text_limit_beyond_the_buffer),
	KUNIT_CASE(rfc7143_13_6_target_alias),
	KUNIT_CASE(rfc7143_11_13_5_redirection),
	KUNIT_CASE(rfc7143_11_13_5_permanent_redirection),
	KUNIT_CASE(rfc7143_11_13_5_redirection_needs_an_address),
	KUNIT_CASE(redirection_address_beyond_all_bounds),
	KUNIT_CASE(wiping_leaves_no_secret),
	{}
};

struct kunit_suite iser_tgt_test_login = {
	.name = "iser_tgt_login",
	.init = setup,
	.exit = teardown,
	.test_cases = cases,
};

UNIT_SUITE(iser_tgt_test_login)
