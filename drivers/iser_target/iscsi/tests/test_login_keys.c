// SPDX-License-Identifier: GPL-2.0
/*
 * The text of a login: names, operational keys, proposals of the target.
 * RFC 7143 6.2, 6.3, section 13; RFC 7145 5.1, section 6.
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

/* A login in one request that has to be refused. */
static void one_shot(const char *text, size_t len, u16 status,
		     const char *reason)
{
	struct initiator *i = initiator_new();

	refused(i, login_send(i, OPERATIONAL | TO_FFP, text, len), status,
		reason);
	initiator_free(i);
}

static void rfc7143_6_3_initiator_name_is_missing(struct kunit *test)
{
	one_shot(TEXT("TargetName=" TARGET "\0" RDMA), 0x0207,
		 "InitiatorName missing");
	one_shot(TEXT(RDMA), 0x0207, "InitiatorName missing");
	one_shot("", 0, 0x0207, "InitiatorName missing");
}

static void rfc7143_6_3_target_name_is_missing(struct kunit *test)
{
	one_shot(TEXT("InitiatorName=" INITIATOR "\0" RDMA), 0x0207,
		 "TargetName missing");
	one_shot(TEXT("InitiatorName=" INITIATOR "\0SessionType=Normal\0"),
		 0x0207, "TargetName missing");
}

static void rfc7143_4_2_7_names_that_are_none(struct kunit *test)
{
	one_shot(TEXT("InitiatorName=\0TargetName=" TARGET "\0"), 0x0200,
		 "InitiatorName is no iSCSI name");
	one_shot(TEXT("InitiatorName=x\0TargetName=" TARGET "\0"), 0x0200,
		 "InitiatorName is no iSCSI name");
	one_shot(TEXT("InitiatorName=" INITIATOR "\0TargetName=a_b\0"), 0x0203,
		 "TargetName is no iSCSI name");
}

static void rfc7143_4_2_7_1_name_of_224_bytes(struct kunit *test)
{
	char text[400] = "InitiatorName=iqn.2001-04.com.example:";
	size_t n;

	for (n = strlen(text); n < 14 + 224; n++)
		text[n] = 'a';
	memcpy(text + n + 1, "TargetName=" TARGET, sizeof(TARGET) + 11);
	one_shot(text, n + 1 + 11 + sizeof(TARGET), 0x0200,
		 "InitiatorName is no iSCSI name");
}

static void rfc7143_4_2_7_1_name_of_223_bytes(struct kunit *test)
{
	struct initiator *i = test->priv;
	char text[400] = "InitiatorName=iqn.2001-04.com.example:";
	size_t n;

	for (n = strlen(text); n < 14 + 223; n++)
		text[n] = 'a';
	memcpy(text + n + 1, "TargetName=" TARGET, sizeof(TARGET) + 11);
	assert_int_equal(login_send(i, OPERATIONAL, text,
				    n + 1 + 11 + sizeof(TARGET)), SEND);
	assert_int_equal(strlen(i->login.initiator), 223);
}

static void rfc7143_4_2_7_1_names_are_folded(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP,
			     "InitiatorName=IQN.2001-04.com.Example:Initiator\0"
			     "TargetName=Eui.02004567A425678D\0" RDMA), ENTER);
	assert_string_equal(i->login.initiator, INITIATOR);
	assert_string_equal(i->login.target, "eui.02004567a425678d");
}

static void rfc7143_13_21_session_type(struct kunit *test)
{
	one_shot(TEXT(NAMES "SessionType=Other\0"), 0x0209,
		 "unknown SessionType");
	one_shot(TEXT(NAMES "SessionType=\0"), 0x0209, "unknown SessionType");
}

static void rfc7143_13_21_discovery_with_a_target_name(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, DISCOVERY "TargetName="
			     TARGET "\0"), ENTER);
	assert_true(i->login.discovery);
	/* 7.4.2.2: it makes a session of its own */
	assert_string_equal(i->login.target, TARGET);
}

static void rfc7143_13_7_initiator_alias(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, NAMES
			     "InitiatorAlias=Web Server\n\x1b[2J\x7f\xc3\xa4\0"
			     RDMA), ENTER);
	assert_string_equal(i->login.alias, "Web Server??[2J?\xc3\xa4");
	/* declarative: no answer */
	assert_string_equal(rsp_value(i, "InitiatorAlias"), "(none)");
}

static void rfc7143_6_1_alias_of_256_bytes(struct kunit *test)
{
	char text[512] = "InitiatorAlias=";

	memset(text + 15, 'a', 256);
	memcpy(text + 15 + 257, NAMES, sizeof(NAMES) - 1);
	one_shot(text, 15 + 257 + sizeof(NAMES) - 1, 0x0200,
		 "InitiatorAlias too long");
}

static void rfc7143_6_3_renegotiation(struct kunit *test)
{
	one_shot(TEXT(NAMES RDMA "ImmediateData=Yes\0ImmediateData=Yes\0"),
		 0x0200, "ImmediateData renegotiated");
	one_shot(TEXT(NAMES RDMA "InitiatorName=" INITIATOR "\0"), 0x0200,
		 "InitiatorName renegotiated");
	one_shot(TEXT(NAMES RDMA RDMA), 0x0200, "RDMAExtensions renegotiated");
	one_shot(TEXT(NAMES RDMA "MaxRecvDataSegmentLength=512\0"
		      "MaxRecvDataSegmentLength=512\0"), 0x0200,
		 "MaxRecvDataSegmentLength renegotiated");
}

static void rfc7143_6_3_renegotiation_in_a_later_request(struct kunit *test)
{
	struct initiator *i = test->priv;

	SAY(i, OPERATIONAL, NAMES RDMA "MaxBurstLength=8192\0");
	refused(i, SAY(i, OPERATIONAL, "MaxBurstLength=4096\0"), 0x0200,
		"MaxBurstLength renegotiated");
}

static void rfc7143_6_3_names_again_in_the_same_stage(struct kunit *test)
{
	struct initiator *i = test->priv;

	SAY(i, OPERATIONAL, NAMES RDMA);
	refused(i, SAY(i, OPERATIONAL, "TargetName=" TARGET "\0"), 0x0200,
		"TargetName renegotiated");
}

static void libiscsi_says_its_names_in_every_stage(struct kunit *test)
{
	struct initiator *i = test->priv;

	SAY(i, SECURITY | TO_OPERATIONAL, NAMES "InitiatorAlias=a\0"
	    "AuthMethod=None\0");
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, NAMES
			     "InitiatorAlias=a\0SessionType=Normal\0" RDMA),
			 ENTER);
	assert_int_equal(i->identified, 1);
}

static void in_discovery_as_well(struct kunit *test)
{
	struct initiator *i = test->priv;

	SAY(i, SECURITY | TO_OPERATIONAL, DISCOVERY "AuthMethod=None\0");
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, DISCOVERY
			     "TargetName=" TARGET "\0"), ENTER);
}

/* A second stage that changes a value of the first. */
static void changed(const char *text, size_t len, const char *reason)
{
	struct initiator *i = initiator_new();

	SAY(i, SECURITY | TO_OPERATIONAL, NAMES "AuthMethod=None\0");
	refused(i, login_send(i, OPERATIONAL | TO_FFP, text, len), 0x0200,
		reason);
	initiator_free(i);
}

static void rfc7143_6_3_names_that_change(struct kunit *test)
{
	changed(TEXT("InitiatorName=iqn.2001-04.com.example:evil\0" RDMA),
		"InitiatorName renegotiated");
	changed(TEXT("InitiatorName=x\0" RDMA), "InitiatorName renegotiated");
	changed(TEXT("TargetName=iqn.2001-04.com.example:other\0" RDMA),
		"TargetName renegotiated");
	changed(TEXT("SessionType=Discovery\0"), "SessionType renegotiated");
	changed(TEXT("SessionType=Foo\0"), "SessionType renegotiated");
	changed(TEXT(NAMES NAMES RDMA), "InitiatorName renegotiated");
}

static void rfc7143_6_3_keys_of_the_other_stage(struct kunit *test)
{
	struct initiator *i = test->priv;

	one_shot(TEXT(NAMES RDMA "AuthMethod=None\0"), 0x0200,
		 "key of another login stage");
	one_shot(TEXT(NAMES RDMA "CHAP_A=5\0"), 0x0200,
		 "key of another login stage");
	refused(i, SAY(i, SECURITY, NAMES "MaxBurstLength=512\0"), 0x0200,
		"key of another login stage");
}

static void rfc7143_13_keys_only_a_target_sends(struct kunit *test)
{
	static const char reason[] = "key that no initiator sends in a login";

	one_shot(TEXT(NAMES RDMA "TargetAddress=1.2.3.4\0"), 0x0200, reason);
	one_shot(TEXT(NAMES RDMA "TargetAlias=x\0"), 0x0200, reason);
	one_shot(TEXT(NAMES RDMA "TargetPortalGroupTag=1\0"), 0x0200, reason);
	one_shot(TEXT(NAMES RDMA "SendTargets=All\0"), 0x0200, reason);
}

static void rfc7143_6_2_keys_not_understood(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA
			     "X-com.example.a=b\0X#foo=1\0Foo=\0"), ENTER);
	assert_string_equal(rsp_value(i, "X-com.example.a"), "NotUnderstood");
	assert_string_equal(rsp_value(i, "X#foo"), "NotUnderstood");
	assert_string_equal(rsp_value(i, "Foo"), "NotUnderstood");
}

static void rfc7143_6_2_keys_not_understood_in_security(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, SECURITY | TO_OPERATIONAL, NAMES
			     "AuthMethod=None\0X-com.example.a=x\0"), SEND);
	assert_string_equal(rsp_value(i, "X-com.example.a"), "NotUnderstood");
}

static void rfc7143_9_2_keys_of_methods_that_are_not_offered(struct kunit *test)
{
	static const char reason[] =
		"key of an authentication method that was not chosen";
	struct initiator *i = test->priv;

	refused(i, SAY(i, SECURITY | TO_OPERATIONAL, NAMES
		       "AuthMethod=None\0SRP_U=x\0"), 0x0200, reason);
	one_shot(TEXT(NAMES RDMA "KRB_AP_REQ=0x01\0"), 0x0200, reason);
	one_shot(TEXT(NAMES RDMA "TargetAuth=Yes\0"), 0x0200, reason);
}

static void rfc7145_5_1_3_was_the_hello_negotiated(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_false(iser_tgt_login_named_hello(&i->login));
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA
			     "iSERHelloRequired=No\0"), ENTER);
	assert_true(iser_tgt_login_named_hello(&i->login));
	assert_false(i->login.result.hello_required);
}

static void rfc7143_6_2_reserved_words_as_proposals(struct kunit *test)
{
	static const char reason[] = "answer to a key that was not proposed";

	one_shot(TEXT(NAMES RDMA "ImmediateData=Irrelevant\0"), 0x0200,
		 reason);
	one_shot(TEXT(NAMES RDMA "MaxBurstLength=Reject\0"), 0x0200, reason);
	one_shot(TEXT(NAMES "RDMAExtensions=NotUnderstood\0"), 0x0200, reason);
}

static void open_iscsi_normal_session(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, NAMES
			     "InitiatorAlias=host\0SessionType=Normal\0"
			     "DefaultTime2Wait=2\0DefaultTime2Retain=0\0"
			     "IFMarker=No\0OFMarker=No\0ErrorRecoveryLevel=0\0"
			     "InitialR2T=No\0ImmediateData=Yes\0"
			     "MaxBurstLength=16776192\0FirstBurstLength=262144\0"
			     "MaxOutstandingR2T=1\0MaxConnections=1\0"
			     "DataPDUInOrder=Yes\0DataSequenceInOrder=Yes\0"
			     "InitiatorRecvDataSegmentLength=262144\0"
			     "TargetRecvDataSegmentLength=8192\0" RDMA),
			 ENTER);
	assert_string_equal(rsp_value(i, "ErrorRecoveryLevel"), "0");
	assert_string_equal(rsp_value(i, "InitialR2T"), "Yes");
	assert_string_equal(rsp_value(i, "ImmediateData"), "Yes");
	assert_string_equal(rsp_value(i, "MaxBurstLength"), "262144");
	assert_string_equal(rsp_value(i, "FirstBurstLength"), "65536");
	assert_string_equal(rsp_value(i, "MaxOutstandingR2T"), "1");
	assert_string_equal(rsp_value(i, "MaxConnections"), "1");
	assert_string_equal(rsp_value(i, "IFMarker"), "No");
	assert_string_equal(rsp_value(i, "OFMarker"), "No");
	assert_string_equal(rsp_value(i, "InitiatorRecvDataSegmentLength"),
			    "8192");
	assert_string_equal(rsp_value(i, "TargetRecvDataSegmentLength"),
			    "8192");
	/* libiscsi fails the login on a key it does not know */
	assert_int_equal(rsp_pairs(i), 17);
	assert_int_equal(i->login.result.max_burst, 262144);
	assert_int_equal(i->login.result.first_burst, 65536);
	assert_true(i->login.result.initial_r2t);
	assert_int_equal(i->login.result.time2retain, 0);
}

static void open_iscsi_discovery_session(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, DISCOVERY
			     "HeaderDigest=None\0DataDigest=None\0"
			     "DefaultTime2Wait=2\0DefaultTime2Retain=0\0"
			     "IFMarker=No\0OFMarker=No\0ErrorRecoveryLevel=0\0"
			     "MaxRecvDataSegmentLength=32768\0"), ENTER);
	assert_string_equal(rsp_value(i, "ErrorRecoveryLevel"), "0");
	assert_string_equal(rsp_value(i, "HeaderDigest"), "None");
	assert_string_equal(rsp_value(i, "DataDigest"), "None");
	assert_int_equal(rsp_pairs(i), 7);
	assert_int_equal(i->login.result.max_recv_dsl, 32768);
}

static void libiscsi_discovery_session(struct kunit *test)
{
	struct initiator *i = test->priv;

	/* RFC 7145 5.1 forbids the last three in discovery; libiscsi sends them */
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, DISCOVERY
			     "HeaderDigest=None,CRC32C\0DataDigest=None\0"
			     "InitialR2T=No\0ImmediateData=Yes\0"
			     "MaxBurstLength=262144\0FirstBurstLength=262144\0"
			     "MaxConnections=1\0MaxOutstandingR2T=1\0"
			     "DataPDUInOrder=Yes\0DataSequenceInOrder=Yes\0"
			     "InitiatorRecvDataSegmentLength=8192\0"
			     "TargetRecvDataSegmentLength=8192\0" RDMA),
			 ENTER);
	assert_string_equal(rsp_value(i, "RDMAExtensions"), "Yes");
	assert_string_equal(rsp_value(i, "TargetRecvDataSegmentLength"),
			    "8192");
	assert_string_equal(rsp_value(i, "MaxBurstLength"), "Irrelevant");
	assert_string_equal(rsp_value(i, "FirstBurstLength"), "Irrelevant");
	assert_string_equal(rsp_value(i, "InitialR2T"), "Irrelevant");
}

static void rfc7143_13_irrelevant_in_discovery(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, DISCOVERY
			     "MaxConnections=1\0InitialR2T=No\0"
			     "ImmediateData=Yes\0MaxBurstLength=512\0"
			     "FirstBurstLength=512\0MaxOutstandingR2T=1\0"
			     "DataPDUInOrder=No\0DataSequenceInOrder=No\0"
			     "TaskReporting=RFC3720\0iSCSIProtocolLevel=1\0"),
			 ENTER);
	assert_string_equal(rsp_value(i, "MaxConnections"), "Irrelevant");
	assert_string_equal(rsp_value(i, "ImmediateData"), "Irrelevant");
	assert_string_equal(rsp_value(i, "MaxOutstandingR2T"), "Irrelevant");
	assert_string_equal(rsp_value(i, "DataPDUInOrder"), "Irrelevant");
	assert_string_equal(rsp_value(i, "DataSequenceInOrder"), "Irrelevant");
	assert_string_equal(rsp_value(i, "TaskReporting"), "Irrelevant");
	assert_string_equal(rsp_value(i, "iSCSIProtocolLevel"), "Irrelevant");
	assert_int_equal(rsp_pairs(i), 10);
}

static void rfc7145_5_1_no_rdma_extensions_in_discovery(struct kunit *test)
{
	struct initiator *i = test->priv;

	/* the target proposes nothing either, whatever its limits */
	i->offer.target_rdsl = 4096;
	i->offer.immediate_data = false;
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, DISCOVERY), ENTER);
	assert_int_equal(rsp_pairs(i), 0);
	assert_false(i->login.result.rdma_extensions);
}

static void rfc7143_13_1_digest_without_none(struct kunit *test)
{
	one_shot(TEXT(NAMES RDMA "HeaderDigest=CRC32C\0"), 0x0200,
		 "HeaderDigest: no acceptable value");
	one_shot(TEXT(NAMES RDMA "DataDigest=CRC32C\0"), 0x0200,
		 "DataDigest: no acceptable value");
}

static void rfc7143_7_12_declared_value_that_cannot_be(struct kunit *test)
{
	one_shot(TEXT(NAMES RDMA "MaxRecvDataSegmentLength=1\0"), 0x0200,
		 "MaxRecvDataSegmentLength: no acceptable value");
	one_shot(TEXT(NAMES RDMA "MaxAHSLength=x\0"), 0x0200,
		 "MaxAHSLength: no acceptable value");
}

static void rfc7143_6_2_2_reject_leaves_the_default(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA
			     "MaxBurstLength=1\0InitialR2T=Perhaps\0"
			     "FirstBurstLength=1~2\0"), ENTER);
	assert_string_equal(rsp_value(i, "MaxBurstLength"), "Reject");
	assert_string_equal(rsp_value(i, "InitialR2T"), "Reject");
	assert_string_equal(rsp_value(i, "FirstBurstLength"), "Reject");
	assert_int_equal(i->login.result.max_burst, 262144);
}

static void rfc7143_6_2_2_reject_when_the_default_will_not_do(struct kunit *test)
{
	struct initiator *i = test->priv;

	i->offer.target_rdsl = 4096;
	refused(i, SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA
		       "TargetRecvDataSegmentLength=1\0"), 0x0200,
		"TargetRecvDataSegmentLength: no acceptable value");
}

static void rfc7143_13_14_first_burst_before_max_burst(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA
			     "FirstBurstLength=65536\0MaxBurstLength=8192\0"),
			 ENTER);
	assert_string_equal(rsp_value(i, "FirstBurstLength"), "8192");
	assert_int_equal(i->login.result.first_burst, 8192);
}

static void rfc7143_13_14_max_burst_below_a_settled_first_burst(struct kunit *test)
{
	struct initiator *i = test->priv;

	SAY(i, OPERATIONAL, NAMES RDMA "FirstBurstLength=65536\0");
	refused(i, SAY(i, OPERATIONAL | TO_FFP, "MaxBurstLength=8192\0"),
		0x0200, "FirstBurstLength above MaxBurstLength");
}

static void rfc7143_13_14_first_burst_never_mentioned(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA
			     "MaxBurstLength=8192\0"), SEND);
	assert_string_equal(rsp_value(i, "FirstBurstLength"), "8192");
	assert_int_equal(rsp_flags(i), OPERATIONAL);
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP,
			     "FirstBurstLength=8192\0"), ENTER);
	assert_int_equal(i->login.result.first_burst, 8192);
}

static void rfc7145_6_3_target_proposes_rdma_extensions(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, NAMES), SEND);
	assert_int_equal(rsp_flags(i), OPERATIONAL);
	assert_string_equal(rsp_value(i, "RDMAExtensions"), "Yes");
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, RDMA), ENTER);
	/* the initiator's answer is not answered */
	assert_int_equal(rsp_pairs(i), 0);
}

static void rfc7145_6_3_in_the_first_response_even_without_transit(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, OPERATIONAL, NAMES), SEND);
	assert_string_equal(rsp_value(i, "RDMAExtensions"), "Yes");
	assert_int_equal(SAY_NOTHING(i, OPERATIONAL), SEND);
	assert_int_equal(rsp_pairs(i), 0);
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, RDMA), ENTER);
}

static void rfc7145_6_3_after_the_security_stage(struct kunit *test)
{
	struct initiator *i = test->priv;

	SAY(i, SECURITY | TO_OPERATIONAL, NAMES "AuthMethod=None\0");
	assert_int_equal(SAY_NOTHING(i, OPERATIONAL | TO_FFP), SEND);
	assert_string_equal(rsp_value(i, "RDMAExtensions"), "Yes");
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, RDMA), ENTER);
}

static void rfc7145_5_1_no_session_without_rdma_extensions(struct kunit *test)
{
	struct initiator *i = test->priv;
	static const char reason[] = "RDMAExtensions=Yes was not negotiated";

	one_shot(TEXT(NAMES "RDMAExtensions=No\0"), 0x0200, reason);
	one_shot(TEXT(NAMES "RDMAExtensions=Perhaps\0"), 0x0200, reason);
	SAY(i, OPERATIONAL | TO_FFP, NAMES);
	refused(i, SAY_NOTHING(i, OPERATIONAL | TO_FFP), 0x0200, reason);
}

static void rfc7145_5_1_proposal_turned_down(struct kunit *test)
{
	static const char * const answers[] = {
		"RDMAExtensions=No", "RDMAExtensions=NotUnderstood",
		"RDMAExtensions=Irrelevant", "RDMAExtensions=Reject",
	};
	size_t n;

	for (n = 0; n < ARRAY_SIZE(answers); n++) {
		struct initiator *i = initiator_new();

		SAY(i, OPERATIONAL | TO_FFP, NAMES);
		refused(i, login_send(i, OPERATIONAL | TO_FFP, answers[n],
				      strlen(answers[n]) + 1), 0x0200,
			"RDMAExtensions=Yes was not negotiated");
		initiator_free(i);
	}
}

static void target_proposes_what_has_no_fitting_default(struct kunit *test)
{
	struct initiator *i = test->priv;

	i->offer.target_rdsl = 4096;
	i->offer.immediate_data = false;
	i->offer.time2wait = 5;
	assert_int_equal(SAY(i, OPERATIONAL, NAMES RDMA), SEND);
	/* the initiator may still send the key unasked */
	assert_int_equal(rsp_pairs(i), 2);
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, "DefaultTime2Wait=1\0"),
			 SEND);
	assert_int_equal(rsp_flags(i), OPERATIONAL);
	assert_string_equal(rsp_value(i, "DefaultTime2Wait"), "5");
	assert_string_equal(rsp_value(i, "TargetRecvDataSegmentLength"),
			    "4096");
	assert_string_equal(rsp_value(i, "ImmediateData"), "No");
	assert_int_equal(rsp_pairs(i), 3);
	/* 6.2.2: a No that determines the result needs no answer */
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP,
			     "TargetRecvDataSegmentLength=2048\0"), ENTER);
	assert_int_equal(i->login.result.target_rdsl, 2048);
	assert_false(i->login.result.immediate_data);
	assert_int_equal(i->login.result.time2wait, 5);
}

static void proposal_without_an_answer(struct kunit *test)
{
	struct initiator *i = test->priv;

	i->offer.target_rdsl = 4096;
	SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA);
	assert_int_equal(SAY_NOTHING(i, OPERATIONAL), SEND);
	refused(i, SAY_NOTHING(i, OPERATIONAL | TO_FFP), 0x0200,
		"TargetRecvDataSegmentLength: no acceptable value");
}

static void proposal_with_an_answer_out_of_bounds(struct kunit *test)
{
	struct initiator *i = test->priv;

	i->offer.target_rdsl = 4096;
	SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA);
	refused(i, SAY(i, OPERATIONAL | TO_FFP,
		       "TargetRecvDataSegmentLength=8192\0"), 0x0200,
		"TargetRecvDataSegmentLength: no acceptable value");
}

static void proposal_answered_twice(struct kunit *test)
{
	struct initiator *i = test->priv;

	SAY(i, OPERATIONAL | TO_FFP, NAMES);
	refused(i, SAY(i, OPERATIONAL | TO_FFP, RDMA RDMA), 0x0200,
		"RDMAExtensions renegotiated");
}

static void transit_waits_for_the_last_piece_of_a_long_answer(struct kunit *test)
{
	struct initiator *i = test->priv;
	static char text[8192];
	size_t len = 0;
	int k;

	/* T was not set in the request, only while fetching the rest: proposals first */
	i->offer.target_rdsl = 4096;
	SAY(i, OPERATIONAL, NAMES RDMA);
	for (k = 0; k < 500; k++)
		len += (size_t)sprintf(text + len, "X-k%04d=", k) + 1;
	assert_int_equal(login_send(i, OPERATIONAL, text, len), SEND);
	assert_int_equal(rsp_flags(i), OPERATIONAL | C);
	assert_int_equal(SAY_NOTHING(i, OPERATIONAL | TO_FFP), SEND);
	assert_int_equal(rsp_flags(i), OPERATIONAL);
	assert_int_equal(SAY_NOTHING(i, OPERATIONAL | TO_FFP), SEND);
	assert_string_equal(rsp_value(i, "TargetRecvDataSegmentLength"),
			    "4096");
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP,
			     "TargetRecvDataSegmentLength=4096\0"), ENTER);
}

static void offers_that_are_not_the_administrators(struct kunit *test)
{
	struct initiator *i = test->priv;

	i->offer.initial_r2t = false;
	i->offer.rdma_extensions = false;
	i->offer.max_connections = 8;
	i->offer.erl = 2;
	i->offer.protocol_level = 9;
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA
			     "InitialR2T=No\0MaxConnections=4\0"
			     "ErrorRecoveryLevel=2\0iSCSIProtocolLevel=2\0"),
			 ENTER);
	assert_string_equal(rsp_value(i, "RDMAExtensions"), "Yes");
	assert_string_equal(rsp_value(i, "InitialR2T"), "Yes");
	assert_string_equal(rsp_value(i, "MaxConnections"), "1");
	assert_string_equal(rsp_value(i, "ErrorRecoveryLevel"), "0");
	assert_string_equal(rsp_value(i, "iSCSIProtocolLevel"), "1");
}

static void rfc7145_6_7_limits_are_declared_only_in_return(struct kunit *test)
{
	struct initiator *i = test->priv;

	i->offer.max_unexpected = 12;
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA
			     "MaxOutstandingUnexpectedPDUs=4\0MaxAHSLength=0\0"
			     "iSERHelloRequired=Yes\0"
			     "TaggedBufferForSolicitedDataOnly=Yes\0"), ENTER);
	assert_string_equal(rsp_value(i, "MaxOutstandingUnexpectedPDUs"), "12");
	assert_string_equal(rsp_value(i, "MaxAHSLength"), "256");
	assert_int_equal(rsp_pairs(i), 4);
	assert_int_equal(i->login.result.max_unexpected, 4);
	assert_true(i->login.result.hello_required);
	assert_true(i->login.result.solicited_only);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(rfc7143_6_3_initiator_name_is_missing),
	KUNIT_CASE(rfc7143_6_3_target_name_is_missing),
	KUNIT_CASE(rfc7143_4_2_7_names_that_are_none),
	KUNIT_CASE(rfc7143_4_2_7_1_name_of_224_bytes),
	KUNIT_CASE(rfc7143_4_2_7_1_name_of_223_bytes),
	KUNIT_CASE(rfc7143_4_2_7_1_names_are_folded),
	KUNIT_CASE(rfc7143_13_21_session_type),
	KUNIT_CASE(rfc7143_13_21_discovery_with_a_target_name),
	KUNIT_CASE(rfc7143_13_7_initiator_alias),
	KUNIT_CASE(rfc7143_6_1_alias_of_256_bytes),
	KUNIT_CASE(rfc7143_6_3_renegotiation),
	KUNIT_CASE(rfc7143_6_3_renegotiation_in_a_later_request),
	KUNIT_CASE(rfc7143_6_3_names_again_in_the_same_stage),
	KUNIT_CASE(libiscsi_says_its_names_in_every_stage),
	KUNIT_CASE(in_discovery_as_well),
	KUNIT_CASE(rfc7143_6_3_names_that_change),
	KUNIT_CASE(rfc7143_6_3_keys_of_the_other_stage),
	KUNIT_CASE(rfc7143_13_keys_only_a_target_sends),
	KUNIT_CASE(rfc7143_6_2_keys_not_understood),
	KUNIT_CASE(rfc7143_6_2_keys_not_understood_in_security),
	KUNIT_CASE(rfc7143_9_2_keys_of_methods_that_are_not_offered),
	KUNIT_CASE(rfc7145_5_1_3_was_the_hello_negotiated),
	KUNIT_CASE(rfc7143_6_2_reserved_words_as_proposals),
	KUNIT_CASE(open_iscsi_normal_session),
	KUNIT_CASE(open_iscsi_discovery_session),
	KUNIT_CASE(libiscsi_discovery_session),
	KUNIT_CASE(rfc7143_13_irrelevant_in_discovery),
	KUNIT_CASE(rfc7145_5_1_no_rdma_extensions_in_discovery),
	KUNIT_CASE(rfc7143_13_1_digest_without_none),
	KUNIT_CASE(rfc7143_7_12_declared_value_that_cannot_be),
	KUNIT_CASE(rfc7143_6_2_2_reject_leaves_the_default),
	KUNIT_CASE(rfc7143_6_2_2_reject_when_the_default_will_not_do),
	KUNIT_CASE(rfc7143_13_14_first_burst_before_max_burst),
	KUNIT_CASE(rfc7143_13_14_max_burst_below_a_settled_first_burst),
	KUNIT_CASE(rfc7143_13_14_first_burst_never_mentioned),
	KUNIT_CASE(rfc7145_6_3_target_proposes_rdma_extensions),
	KUNIT_CASE(rfc7145_6_3_in_the_first_response_even_without_transit),
	KUNIT_CASE(rfc7145_6_3_after_the_security_stage),
	KUNIT_CASE(rfc7145_5_1_no_session_without_rdma_extensions),
	KUNIT_CASE(rfc7145_5_1_proposal_turned_down),
	KUNIT_CASE(target_proposes_what_has_no_fitting_default),
	KUNIT_CASE(proposal_without_an_answer),
	KUNIT_CASE(proposal_with_an_answer_out_of_bounds),
	KUNIT_CASE(proposal_answered_twice),
	KUNIT_CASE(transit_waits_for_the_last_piece_of_a_long_answer),
	KUNIT_CASE(offers_that_are_not_the_administrators),
	KUNIT_CASE(rfc7145_6_7_limits_are_declared_only_in_return),
	{}
};

struct kunit_suite iser_tgt_test_login_keys = {
	.name = "iser_tgt_login_keys",
	.init = setup,
	.exit = teardown,
	.test_cases = cases,
};

UNIT_SUITE(iser_tgt_test_login_keys)
