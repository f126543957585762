// SPDX-License-Identifier: GPL-2.0
/* The key table and its result functions: RFC 7143 section 13, RFC 7145 6. */
#include "test.h"
#include "keys.h"

static struct iser_tgt_keys offer, result;

static int setup(struct kunit *test)
{
	iser_tgt_keys_defaults(&offer);
	iser_tgt_keys_defaults(&result);
	result.rdma_extensions = false;
	return 0;
}

/* The answer to @value, "FAIL" if the negotiation has failed. */
static const char *answer(int id, const char *value)
{
	static char text[ISER_TGT_KEY_VALUE_MAX];

	if (iser_tgt_key_answer(id, &offer, &result, value, text))
		return "FAIL";
	return text;
}

static int answered(int id, const char *value)
{
	return iser_tgt_key_answered(id, &offer, &result, value);
}

static bool acceptable(int id)
{
	return iser_tgt_key_acceptable(id, &offer, &result);
}

static const char *propose(int id)
{
	static char text[ISER_TGT_KEY_VALUE_MAX];

	iser_tgt_key_offer(id, &offer, text);
	return text;
}

#define K(id) ISER_TGT_KEY_##id

static void table_is_complete(struct kunit *test)
{
	int id;

	for (id = 0; id < ISER_TGT_KEY_COUNT; id++) {
		const struct iser_tgt_key *key = &iser_tgt_key_table[id];
		struct iser_tgt_kv kv = {
			.key = key->name,
			.key_len = strlen(key->name),
		};

		assert_int_equal(iser_tgt_key_find(&kv), id);
		assert_memory_equal(key->again, key->name, kv.key_len);
		assert_memory_equal(key->bad, key->name, kv.key_len);
	}
}

static void rfc7143_6_2_key_that_is_not_understood(struct kunit *test)
{
	struct iser_tgt_kv kv = { .key = "X-com.example.foo", .key_len = 17 };

	assert_int_equal(iser_tgt_key_find(&kv), -ENOENT);
}

static void rfc7143_6_2_keys_of_the_rfc_are_known(struct kunit *test)
{
	static const char * const names[] = {
		"KRB_AP_REQ", "KRB_AP_REP", "SRP_U", "SRP_GROUP", "SRP_N",
		"SRP_g", "SRP_s", "SRP_A", "SRP_B", "SRP_M", "SRP_HM",
		"TargetAuth",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct iser_tgt_kv kv = {
			.key = names[i],
			.key_len = strlen(names[i]),
		};

		assert_true(iser_tgt_key_find(&kv) >= 0);
	}
}

#define PROTOCOL ISER_TGT_REJECT_PROTOCOL

static void rfc7143_6_4_no_key_twice(struct kunit *test)
{
	u64 seen = 0;

	assert_int_equal(iser_tgt_keys_reject("", 0, &seen), 0);
	assert_int_equal(iser_tgt_keys_reject(TEXT("SendTargets=\0Ab=1\0b=2\0"
						   "A=3\0"), &seen), 0);
	/* in the next request of the negotiation */
	assert_int_equal(iser_tgt_keys_reject(TEXT("SendTargets=All\0"),
					      &seen), PROTOCOL);
	seen = 0;
	assert_int_equal(iser_tgt_keys_reject(TEXT("SendTargets=\0SendTargets=\0"),
					      &seen), PROTOCOL);
	assert_int_equal(iser_tgt_keys_reject(TEXT("b=1\0\0Ab=2\0b=1\0"),
					      &seen), PROTOCOL);
	/* no value is a key */
	assert_int_equal(iser_tgt_keys_reject(TEXT("a=b=1\0b=1\0a=b=1\0"),
					      &seen), PROTOCOL);
	assert_int_equal(iser_tgt_keys_reject(TEXT("a=b=1\0b=1\0"), &seen),
			 0);
	assert_int_equal(iser_tgt_keys_reject(TEXT("a=1\0b\0"), &seen),
			 PROTOCOL);
	assert_int_equal(iser_tgt_keys_reject(TEXT("a=1\0b=2"), &seen),
			 PROTOCOL);
}

static void more_unknown_keys_than_are_compared(struct kunit *test)
{
	static char text[8192];
	u64 seen = 0;
	size_t len = 0;
	unsigned int i;

	for (i = 0; i < 513; i++)
		len += snprintf(text + len, sizeof(text) - len, "k%u=", i) + 1;
	assert_int_equal(iser_tgt_keys_reject(text, len, &seen),
			 ISER_TGT_REJECT_RESOURCES);
	/* k512= and its NUL */
	assert_int_equal(iser_tgt_keys_reject(text, len - 6, &seen), 0);
}

static void rfc7143_6_1_numerical_value(struct kunit *test)
{
	static const struct {
		const char *text;
		bool ok;
		u64 number;
	} cases[] = {
		{ "0", true, 0 },
		{ "8192", true, 8192 },
		{ "0x2000", true, 8192 },
		{ "0X1fF", true, 511 },
		{ "18446744073709551615", true, ~0ULL },
		{ "0xffffffffffffffff", true, ~0ULL },
		{ "18446744073709551616" },
		{ "99999999999999999999" },
		{ "0x10000000000000000" },
		{ "" }, { "0x" }, { "00" }, { "0123" }, { "-1" }, { "+1" },
		{ " 1" }, { "1 " }, { "1~2" }, { "1,2" }, { "1.5" }, { "a" },
		{ "0b00" }, { "12f" }, { "0x1g" }, { "Reject" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		u64 n = 77;

		if (iser_tgt_key_number(cases[i].text, &n) != cases[i].ok)
			fail_msg("%s", cases[i].text);
		if (cases[i].ok)
			assert_true(n == cases[i].number);
	}
}

static const char *first(const char *list, const char *choices)
{
	static char value[ISER_TGT_KEY_VALUE_MAX];

	if (!iser_tgt_key_list_first(list, choices, value))
		return "";
	return value;
}

static void rfc7143_6_2_1_lists(struct kunit *test)
{
	assert_string_equal(first("None", "None"), "None");
	assert_string_equal(first("CRC32C,None", "None"), "None");
	assert_string_equal(first("None,CRC32C", "None"), "None");
	assert_string_equal(first(",,None", "None"), "None");
	assert_string_equal(first("", "None"), "");
	assert_string_equal(first("CRC32C", "None"), "");
	assert_string_equal(first("Nonesuch,None2", "None"), "");
	assert_string_equal(first("none", "None"), "");
	assert_string_equal(first("CRC32C, None", "None"), "");
	assert_string_equal(first("0123456789abcdef0,None", "None"), "None");
}

static void rfc7143_6_2_1_the_order_of_the_list_decides(struct kunit *test)
{
	assert_string_equal(first("CHAP,None", "None,CHAP"), "CHAP");
	assert_string_equal(first("None,CHAP", "None,CHAP"), "None");
	assert_string_equal(first("SRP,CHAP,None", "CHAP,None"), "CHAP");
	assert_string_equal(first("CHAP,None", "None"), "None");
	assert_string_equal(first("CHAP,None", "NoneX,CHA"), "");
}

static void rfc7143_13_1_digests(struct kunit *test)
{
	assert_string_equal(answer(K(HEADER_DIGEST), "CRC32C,None"), "None");
	assert_string_equal(answer(K(DATA_DIGEST), "None"), "None");
	assert_string_equal(answer(K(HEADER_DIGEST), "CRC32C"), "FAIL");
	assert_string_equal(answer(K(DATA_DIGEST), ""), "FAIL");
}

static void rfc7143_13_2_max_connections_minimum(struct kunit *test)
{
	assert_string_equal(answer(K(MAX_CONNECTIONS), "4"), "1");
	assert_int_equal(result.max_connections, 1);
	assert_string_equal(answer(K(MAX_CONNECTIONS), "0"), "Reject");
	assert_string_equal(answer(K(MAX_CONNECTIONS), "65536"), "Reject");
}

static void rfc7143_13_10_initial_r2t_or(struct kunit *test)
{
	assert_string_equal(answer(K(INITIAL_R2T), "No"), "Yes");
	assert_true(result.initial_r2t);
	assert_string_equal(answer(K(INITIAL_R2T), "Yes"), "Yes");
	assert_string_equal(answer(K(INITIAL_R2T), "Maybe"), "Reject");
	assert_true(result.initial_r2t);
}

static void rfc7143_13_11_immediate_data_and(struct kunit *test)
{
	assert_string_equal(answer(K(IMMEDIATE_DATA), "Yes"), "Yes");
	assert_string_equal(answer(K(IMMEDIATE_DATA), "No"), "No");
	assert_false(result.immediate_data);
	offer.immediate_data = false;
	assert_string_equal(answer(K(IMMEDIATE_DATA), "Yes"), "No");
	assert_false(result.immediate_data);
}

static void rfc7143_13_12_max_recv_dsl_is_declared(struct kunit *test)
{
	assert_string_equal(answer(K(MAX_RECV_DSL), "32768"), "");
	assert_int_equal(result.max_recv_dsl, 32768);
	assert_string_equal(answer(K(MAX_RECV_DSL), "511"), "FAIL");
	assert_string_equal(answer(K(MAX_RECV_DSL), "16777216"), "FAIL");
	assert_string_equal(answer(K(MAX_RECV_DSL), "16777215"), "");
}

static void rfc7143_13_13_max_burst_minimum(struct kunit *test)
{
	assert_string_equal(answer(K(MAX_BURST), "16776192"), "262144");
	assert_string_equal(answer(K(MAX_BURST), "0x1000"), "4096");
	assert_int_equal(result.max_burst, 4096);
	assert_string_equal(answer(K(MAX_BURST), "511"), "Reject");
	assert_string_equal(answer(K(MAX_BURST), "16777216"), "Reject");
	assert_int_equal(result.max_burst, 4096);
}

static void rfc7143_13_14_first_burst_within_max_burst(struct kunit *test)
{
	assert_string_equal(answer(K(FIRST_BURST), "262144"), "65536");
	result.max_burst = 8192;
	assert_string_equal(answer(K(FIRST_BURST), "262144"), "8192");
	assert_int_equal(result.first_burst, 8192);
}

static void rfc7143_13_15_time2wait_maximum(struct kunit *test)
{
	assert_string_equal(answer(K(TIME2WAIT), "0"), "2");
	assert_string_equal(answer(K(TIME2WAIT), "60"), "60");
	assert_int_equal(result.time2wait, 60);
	assert_string_equal(answer(K(TIME2WAIT), "3601"), "Reject");
}

static void rfc7143_13_16_time2retain_minimum(struct kunit *test)
{
	assert_string_equal(answer(K(TIME2RETAIN), "0"), "0");
	assert_string_equal(answer(K(TIME2RETAIN), "60"), "20");
	assert_int_equal(result.time2retain, 20);
}

static void rfc7143_13_17_max_outstanding_r2t_minimum(struct kunit *test)
{
	assert_string_equal(answer(K(MAX_OUTSTANDING_R2T), "8"), "1");
	assert_string_equal(answer(K(MAX_OUTSTANDING_R2T), "0"), "Reject");
}

static void rfc7143_13_18_19_order_or(struct kunit *test)
{
	assert_string_equal(answer(K(DATA_PDU_IN_ORDER), "No"), "Yes");
	offer.data_seq_in_order = false;
	assert_string_equal(answer(K(DATA_SEQ_IN_ORDER), "No"), "No");
	assert_false(result.data_seq_in_order);
	assert_string_equal(answer(K(DATA_SEQ_IN_ORDER), "Yes"), "Yes");
}

static void rfc7143_13_20_error_recovery_level_minimum(struct kunit *test)
{
	assert_string_equal(answer(K(ERL), "2"), "0");
	assert_string_equal(answer(K(ERL), "0"), "0");
	assert_string_equal(answer(K(ERL), "3"), "Reject");
	assert_int_equal(result.erl, 0);
}

static void rfc7143_13_23_task_reporting(struct kunit *test)
{
	assert_string_equal(answer(K(TASK_REPORTING), "RFC3720"), "RFC3720");
	assert_string_equal(answer(K(TASK_REPORTING),
				   "FastAbort,ResponseFence,RFC3720"),
			    "ResponseFence");
	assert_string_equal(answer(K(TASK_REPORTING), "RFC3720,ResponseFence"),
			    "RFC3720");
	assert_string_equal(answer(K(TASK_REPORTING), "FastAbort"), "Reject");
}

static void rfc7143_13_24_protocol_level(struct kunit *test)
{
	assert_string_equal(answer(K(PROTOCOL_LEVEL), "2"), "1");
	assert_string_equal(answer(K(PROTOCOL_LEVEL), "0"), "0");
	assert_string_equal(answer(K(PROTOCOL_LEVEL), "32"), "Reject");
}

static void rfc7143_13_25_obsolete_keys(struct kunit *test)
{
	assert_string_equal(answer(K(IF_MARKER), "No"), "No");
	assert_string_equal(answer(K(OF_MARKER), "Yes"), "No");
	assert_string_equal(answer(K(IF_MARK_INT), "1~65535"), "Reject");
	assert_string_equal(answer(K(OF_MARK_INT), "2048"), "Reject");
}

static void rfc7143_13_26_node_architecture_is_taken_in_silence(struct kunit *test)
{
	assert_string_equal(answer(K(NODE_ARCHITECTURE), "ExampleOS/v1"), "");
}

static void rfc7145_6_3_rdma_extensions_and(struct kunit *test)
{
	assert_false(acceptable(K(RDMA_EXTENSIONS)));
	assert_string_equal(answer(K(RDMA_EXTENSIONS), "Yes"), "Yes");
	assert_true(acceptable(K(RDMA_EXTENSIONS)));
	assert_string_equal(answer(K(RDMA_EXTENSIONS), "No"), "No");
	assert_false(acceptable(K(RDMA_EXTENSIONS)));
}

static void rfc7145_6_4_6_5_recv_data_segment_lengths_minimum(struct kunit *test)
{
	offer.initiator_rdsl = 65536;
	assert_string_equal(answer(K(TARGET_RDSL), "262144"), "8192");
	assert_string_equal(answer(K(INITIATOR_RDSL), "262144"), "65536");
	assert_string_equal(answer(K(TARGET_RDSL), "512"), "512");
	assert_int_equal(result.target_rdsl, 512);
	assert_string_equal(answer(K(TARGET_RDSL), "511"), "Reject");
}

static void rfc7145_6_7_max_unexpected_pdus(struct kunit *test)
{
	assert_string_equal(answer(K(MAX_UNEXPECTED), "0"), "");
	assert_int_equal(result.max_unexpected, 0);
	assert_string_equal(answer(K(MAX_UNEXPECTED), "4294967295"), "");
	assert_int_equal(result.max_unexpected, 0xffffffff);
	assert_string_equal(answer(K(MAX_UNEXPECTED), "1"), "FAIL");
	assert_string_equal(answer(K(MAX_UNEXPECTED), "4294967296"), "FAIL");
	offer.max_unexpected = 16;
	assert_string_equal(answer(K(MAX_UNEXPECTED), "8"), "16");
	assert_int_equal(result.max_unexpected, 8);
}

static void rfc7145_6_8_max_ahs_length(struct kunit *test)
{
	assert_string_equal(answer(K(MAX_AHS), "512"), "256");
	assert_int_equal(result.max_ahs, 512);
	offer.max_ahs = 0;
	assert_string_equal(answer(K(MAX_AHS), "0"), "");
	assert_string_equal(answer(K(MAX_AHS), "1"), "FAIL");
}

static void rfc7145_6_9_6_10_declared_booleans(struct kunit *test)
{
	assert_string_equal(answer(K(SOLICITED_ONLY), "Yes"), "");
	assert_true(result.solicited_only);
	assert_string_equal(answer(K(HELLO_REQUIRED), "Yes"), "");
	assert_true(result.hello_required);
	assert_string_equal(answer(K(HELLO_REQUIRED), "No"), "");
	assert_false(result.hello_required);
	assert_string_equal(answer(K(HELLO_REQUIRED), "yes"), "FAIL");
}

static void keys_that_are_not_operational(struct kunit *test)
{
	assert_string_equal(answer(K(AUTH_METHOD), "None"), "FAIL");
	assert_true(acceptable(K(AUTH_METHOD)));
}

static void what_has_to_be_proposed(struct kunit *test)
{
	int id;

	for (id = 0; id < ISER_TGT_KEY_COUNT; id++)
		assert_int_equal(acceptable(id), id != K(RDMA_EXTENSIONS));
	offer.target_rdsl = 4096;
	offer.immediate_data = false;
	offer.time2wait = 10;
	assert_false(acceptable(K(TARGET_RDSL)));
	assert_false(acceptable(K(IMMEDIATE_DATA)));
	assert_false(acceptable(K(TIME2WAIT)));
	result.data_pdu_in_order = false;
	assert_false(acceptable(K(DATA_PDU_IN_ORDER)));
	assert_string_equal(propose(K(TARGET_RDSL)), "4096");
	assert_string_equal(propose(K(IMMEDIATE_DATA)), "No");
	assert_string_equal(propose(K(RDMA_EXTENSIONS)), "Yes");
	offer.max_unexpected = 0xffffffff;
	assert_string_equal(propose(K(MAX_UNEXPECTED)), "4294967295");
}

static void rfc7143_6_2_2_answers_to_proposals(struct kunit *test)
{
	offer.target_rdsl = 4096;
	assert_int_equal(answered(K(TARGET_RDSL), "4096"), 0);
	assert_int_equal(answered(K(TARGET_RDSL), "1024"), 0);
	assert_int_equal(result.target_rdsl, 1024);
	assert_int_equal(answered(K(TARGET_RDSL), "8192"), -EINVAL);
	assert_int_equal(answered(K(TARGET_RDSL), "100"), -EINVAL);
	assert_int_equal(answered(K(TARGET_RDSL), "Irrelevant"), -EINVAL);
	assert_int_equal(answered(K(RDMA_EXTENSIONS), "Yes"), 0);
	assert_int_equal(answered(K(RDMA_EXTENSIONS), "No"), -EINVAL);
	assert_int_equal(answered(K(RDMA_EXTENSIONS), "NotUnderstood"),
			 -EINVAL);
	assert_int_equal(answered(K(RDMA_EXTENSIONS), "Irrelevant"), -EINVAL);
	offer.time2wait = 10;
	assert_int_equal(answered(K(TIME2WAIT), "9"), -EINVAL);
	assert_int_equal(answered(K(TIME2WAIT), "11"), 0);
	offer.immediate_data = false;
	assert_int_equal(answered(K(IMMEDIATE_DATA), "Yes"), -EINVAL);
	assert_int_equal(answered(K(IMMEDIATE_DATA), "Reject"), -EINVAL);
	assert_int_equal(answered(K(IMMEDIATE_DATA), "No"), 0);
}

static void rfc7143_13_14_irrelevant_first_burst(struct kunit *test)
{
	offer.first_burst = 4096;
	assert_int_equal(answered(K(FIRST_BURST), "Irrelevant"), 0);
	assert_int_equal(result.first_burst, 4096);
	offer.immediate_data = false;
	assert_int_equal(answered(K(IMMEDIATE_DATA), "Irrelevant"), 0);
	assert_false(result.immediate_data);
}

static void rfc7143_6_2_reserved_words(struct kunit *test)
{
	assert_true(iser_tgt_key_reserved("Reject"));
	assert_true(iser_tgt_key_reserved("Irrelevant"));
	assert_true(iser_tgt_key_reserved("NotUnderstood"));
	assert_false(iser_tgt_key_reserved("None"));
	assert_false(iser_tgt_key_reserved("Yes"));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(table_is_complete),
	KUNIT_CASE(rfc7143_6_2_key_that_is_not_understood),
	KUNIT_CASE(rfc7143_6_2_keys_of_the_rfc_are_known),
	KUNIT_CASE(rfc7143_6_4_no_key_twice),
	KUNIT_CASE(more_unknown_keys_than_are_compared),
	KUNIT_CASE(rfc7143_6_1_numerical_value),
	KUNIT_CASE(rfc7143_6_2_1_lists),
	KUNIT_CASE(rfc7143_6_2_1_the_order_of_the_list_decides),
	KUNIT_CASE(rfc7143_13_1_digests),
	KUNIT_CASE(rfc7143_13_2_max_connections_minimum),
	KUNIT_CASE(rfc7143_13_10_initial_r2t_or),
	KUNIT_CASE(rfc7143_13_11_immediate_data_and),
	KUNIT_CASE(rfc7143_13_12_max_recv_dsl_is_declared),
	KUNIT_CASE(rfc7143_13_13_max_burst_minimum),
	KUNIT_CASE(rfc7143_13_14_first_burst_within_max_burst),
	KUNIT_CASE(rfc7143_13_15_time2wait_maximum),
	KUNIT_CASE(rfc7143_13_16_time2retain_minimum),
	KUNIT_CASE(rfc7143_13_17_max_outstanding_r2t_minimum),
	KUNIT_CASE(rfc7143_13_18_19_order_or),
	KUNIT_CASE(rfc7143_13_20_error_recovery_level_minimum),
	KUNIT_CASE(rfc7143_13_23_task_reporting),
	KUNIT_CASE(rfc7143_13_24_protocol_level),
	KUNIT_CASE(rfc7143_13_25_obsolete_keys),
	KUNIT_CASE(rfc7143_13_26_node_architecture_is_taken_in_silence),
	KUNIT_CASE(rfc7145_6_3_rdma_extensions_and),
	KUNIT_CASE(rfc7145_6_4_6_5_recv_data_segment_lengths_minimum),
	KUNIT_CASE(rfc7145_6_7_max_unexpected_pdus),
	KUNIT_CASE(rfc7145_6_8_max_ahs_length),
	KUNIT_CASE(rfc7145_6_9_6_10_declared_booleans),
	KUNIT_CASE(keys_that_are_not_operational),
	KUNIT_CASE(what_has_to_be_proposed),
	KUNIT_CASE(rfc7143_6_2_2_answers_to_proposals),
	KUNIT_CASE(rfc7143_13_14_irrelevant_first_burst),
	KUNIT_CASE(rfc7143_6_2_reserved_words),
	{}
};

struct kunit_suite iser_tgt_test_keys = {
	.name = "iser_tgt_keys",
	.init = setup,
	.test_cases = cases,
};

UNIT_SUITE(iser_tgt_test_keys)
