// SPDX-License-Identifier: GPL-2.0
/* The security stage: RFC 7143 6.3.2, 9.2.1, 12.1, 12.1.3. */
#include "test.h"
#include "chap.h"
#include "initiator.h"

#define METHOD SECURITY
#define USER "alice"
#define SECRET "a secret of 16 b"
#define TARGET_USER "storage"
#define TARGET_SECRET "another secret16"

static struct initiator *start(void)
{
	struct initiator *i = initiator_new();

	i->auth_required = true;
	i->userid = USER;
	i->password = SECRET;
	return i;
}

static int setup(struct kunit *test)
{
	test->priv = start();
	return 0;
}

static void teardown(struct kunit *test)
{
	initiator_free(test->priv);
}

/* Log in up to the challenge of the target. */
static void challenged(struct initiator *i, const char *chap_a, size_t len)
{
	assert_int_equal(SAY(i, SECURITY | TO_OPERATIONAL, NAMES
			     "AuthMethod=CHAP,None\0"), SEND);
	/* no transit before it is done */
	assert_int_equal(rsp_flags(i), SECURITY);
	assert_string_equal(rsp_value(i, "AuthMethod"), "CHAP");
	assert_int_equal(login_send(i, SECURITY, chap_a, len), SEND);
	assert_int_equal(rsp_flags(i), SECURITY);
	assert_int_equal(rsp_pairs(i), 3);
}

/* Answer the challenge, with @more appended. */
static int answer(struct initiator *i, const char *name, const char *secret,
		  const char *more, size_t more_len)
{
	static char text[8192];
	size_t len = chap_answer(i, name, secret, text, sizeof(text));

	memcpy(text + len, more, more_len);
	return login_send(i, SECURITY | TO_OPERATIONAL, text, len + more_len);
}

static void rfc7143_12_1_3_one_way(struct kunit *test)
{
	struct initiator *i = test->priv;

	challenged(i, TEXT("CHAP_A=5\0"));
	assert_string_equal(rsp_value(i, "CHAP_A"), "5");
	assert_int_equal(strlen(rsp_value(i, "CHAP_C")), 2 + 2 * 16);
	assert_int_equal(answer(i, USER, SECRET, "", 0), SEND);
	assert_int_equal(rsp_flags(i), SECURITY | TO_OPERATIONAL);
	assert_int_equal(rsp_pairs(i), 0);
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, RDMA), ENTER);
	assert_true(i->login.authenticated);
	assert_false(i->login.auth_mutual);
}

static void rfc7143_12_1_3_transit_asked_for_later(struct kunit *test)
{
	struct initiator *i = test->priv;
	char text[256];
	size_t len;

	challenged(i, TEXT("CHAP_A=5\0"));
	len = chap_answer(i, USER, SECRET, text, sizeof(text));
	assert_int_equal(login_send(i, SECURITY, text, len), SEND);
	assert_int_equal(rsp_flags(i), SECURITY);
	assert_int_equal(SAY_NOTHING(i, SECURITY | TO_OPERATIONAL), SEND);
	assert_int_equal(rsp_flags(i), SECURITY | TO_OPERATIONAL);
}

static void algorithm(const char *offer, size_t len, const char *chosen,
		      size_t digest_len)
{
	struct initiator *i = start();

	challenged(i, offer, len);
	assert_string_equal(rsp_value(i, "CHAP_A"), chosen);
	assert_int_equal(strlen(rsp_value(i, "CHAP_C")), 2 + 2 * digest_len);
	assert_int_equal(answer(i, USER, SECRET, "", 0), SEND);
	assert_true(i->login.authenticated);
	initiator_free(i);
}

static void rfc7143_12_1_3_all_algorithms(struct kunit *test)
{
	algorithm(TEXT("CHAP_A=5\0"), "5", 16);
	algorithm(TEXT("CHAP_A=6\0"), "6", 20);
	algorithm(TEXT("CHAP_A=7\0"), "7", 32);
	algorithm(TEXT("CHAP_A=8\0"), "8", 32);
}

static void rfc7143_12_1_3_strongest_first(struct kunit *test)
{
	algorithm(TEXT("CHAP_A=5,6,7,8\0"), "8", 32);
	algorithm(TEXT("CHAP_A=5,7,6\0"), "7", 32);
	/* 6.2.1: list values that are not understood are skipped */
	algorithm(TEXT("CHAP_A=99,55,,x,0x7,6,5\0"), "6", 20);
}

static void algorithm_that_the_kernel_does_not_have(struct kunit *test)
{
	struct initiator *i = test->priv;

	i->no_digest = 1U << 8 | 1U << 7;
	challenged(i, TEXT("CHAP_A=8,7,6,5\0"));
	assert_string_equal(rsp_value(i, "CHAP_A"), "6");
}

static u16 only_sha256(struct iser_tgt_login *login)
{
	login->auth_required = true;
	strscpy(login->auth.userid, USER, sizeof(login->auth.userid));
	strscpy(login->auth.password, SECRET, sizeof(login->auth.password));
	memset(login->chap_order, 0, sizeof(login->chap_order));
	login->chap_order[0] = ISER_TGT_CHAP_SHA256;
	return ISER_TGT_LOGIN_OK;
}

static void order_is_the_administrators(struct kunit *test)
{
	struct initiator *i = test->priv;
	struct iser_tgt_login_ops ops = *i->login.ops;

	ops.identify = only_sha256;
	i->login.ops = &ops;
	challenged(i, TEXT("CHAP_A=8,7,6,5\0"));
	assert_string_equal(rsp_value(i, "CHAP_A"), "7");
}

static void rfc7143_12_1_3_no_common_algorithm(struct kunit *test)
{
	struct initiator *i = test->priv;

	SAY(i, SECURITY, NAMES "AuthMethod=CHAP\0");
	i->no_digest = 1U << 5;
	refused(i, SAY(i, SECURITY, "CHAP_A=5,9\0"), 0x0201,
		"CHAP: no algorithm in common");
}

static void rfc7143_12_1_3_algorithm_missing(struct kunit *test)
{
	struct initiator *i = test->priv;

	SAY(i, SECURITY, NAMES "AuthMethod=CHAP\0");
	refused(i, SAY_NOTHING(i, SECURITY), 0x0207,
		"CHAP: algorithm missing");
}

static void algorithm_together_with_the_method(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, SECURITY, NAMES "CHAP_A=7\0AuthMethod=CHAP\0"),
			 SEND);
	assert_string_equal(rsp_value(i, "AuthMethod"), "CHAP");
	assert_string_equal(rsp_value(i, "CHAP_A"), "7");
}

static void rfc7143_12_1_3_wrong_response(struct kunit *test)
{
	struct initiator *i = test->priv;

	challenged(i, TEXT("CHAP_A=7\0"));
	refused(i, answer(i, USER, "guess", "", 0), 0x0201,
		"CHAP: wrong response");
	assert_false(i->login.authenticated);
}

static void rfc7143_12_1_3_response_wrong_in_one_digit(struct kunit *test)
{
	size_t digit;

	for (digit = 0; digit < 64; digit++) {
		struct initiator *i = start();
		char text[256], *c;
		size_t len;

		challenged(i, TEXT("CHAP_A=7\0"));
		len = chap_answer(i, USER, SECRET, text, sizeof(text));
		c = text + len - 1 - 64 + digit;
		*c = *c == '0' ? '1' : '0';
		refused(i, login_send(i, SECURITY | TO_OPERATIONAL, text, len),
			0x0201, "CHAP: wrong response");
		initiator_free(i);
	}
}

static void rfc7143_12_1_3_wrong_name(struct kunit *test)
{
	struct initiator *i = test->priv;

	challenged(i, TEXT("CHAP_A=7\0"));
	refused(i, answer(i, "alicf", SECRET, "", 0), 0x0201,
		"CHAP: wrong name");
	assert_false(i->login.authenticated);
}

static void rfc7143_12_1_3_name_that_only_begins_right(struct kunit *test)
{
	struct initiator *i = test->priv;
	struct initiator *j = start();

	challenged(i, TEXT("CHAP_A=7\0"));
	refused(i, answer(i, USER "x", SECRET, "", 0), 0x0201,
		"CHAP: wrong name");
	challenged(j, TEXT("CHAP_A=7\0"));
	refused(j, answer(j, "", SECRET, "", 0), 0x0201, "CHAP: wrong name");
	initiator_free(j);
}

static void garbled(const char *text, size_t len)
{
	struct initiator *i = start();

	challenged(i, TEXT("CHAP_A=5\0"));
	refused(i, login_send(i, SECURITY | TO_OPERATIONAL, text, len),
		0x0201, "CHAP: malformed response");
	initiator_free(i);
}

static void rfc7143_12_1_3_malformed_response(struct kunit *test)
{
	garbled(TEXT("CHAP_N=alice\0CHAP_R=\0"));
	garbled(TEXT("CHAP_N=alice\0CHAP_R=0x\0"));
	garbled(TEXT("CHAP_N=alice\0CHAP_R=12345\0"));
	garbled(TEXT("CHAP_N=alice\0CHAP_R=0x00\0"));
	garbled(TEXT("CHAP_N=alice\0"
		       "CHAP_R=0x000102030405060708090a0b0c0d0e0f10\0"));
	garbled(TEXT("CHAP_N=alice\0"
		       "CHAP_R=0x000102030405060708090a0b0c0d0e0g\0"));
	garbled(TEXT("CHAP_N=alice\0CHAP_R=0bAAAA\0"));
}

static void rfc7143_12_1_3_response_in_base64(struct kunit *test)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct initiator *i = test->priv;
	char text[256], hex[256];
	u8 r[ISER_TGT_CHAP_DIGEST_MAX];
	struct iser_tgt_kv kv;
	size_t pos = 0, len, n;
	int bytes;

	challenged(i, TEXT("CHAP_A=6\0"));
	len = chap_answer(i, USER, SECRET, hex, sizeof(hex));
	iser_tgt_text_next(hex, len, &pos, &kv);
	iser_tgt_text_next(hex, len, &pos, &kv);
	bytes = iser_tgt_chap_decode(kv.value, r, sizeof(r));
	assert_int_equal(bytes, 20);
	r[20] = 0;
	len = (size_t)sprintf(text, "CHAP_N=" USER) + 1;
	len += (size_t)sprintf(text + len, "CHAP_R=0b");
	for (n = 0; n < 21; n += 3) {
		u32 v = get_unaligned_be24(r + n);

		text[len++] = digits[v >> 18];
		text[len++] = digits[v >> 12 & 63];
		text[len++] = digits[v >> 6 & 63];
		text[len++] = n == 18 ? '=' : digits[v & 63];
	}
	text[len++] = '\0';
	assert_int_equal(login_send(i, SECURITY | TO_OPERATIONAL, text, len),
			 SEND);
	assert_true(i->login.authenticated);
}

static void rfc7143_12_1_3_keys_missing(struct kunit *test)
{
	static const struct {
		const char *text;
		size_t len;
		const char *reason;
	} cases[] = {
		{ TEXT("CHAP_N=alice\0"), "CHAP: name or response missing" },
		{ TEXT("CHAP_R=0x00\0"), "CHAP: name or response missing" },
		{ "", 0, "CHAP: name or response missing" },
		{ TEXT("CHAP_N=alice\0CHAP_R=0x00\0CHAP_I=1\0"),
		  "CHAP: identifier or challenge missing" },
		{ TEXT("CHAP_N=alice\0CHAP_R=0x00\0CHAP_C=0x00\0"),
		  "CHAP: identifier or challenge missing" },
	};
	size_t n;

	for (n = 0; n < ARRAY_SIZE(cases); n++) {
		struct initiator *i = start();

		challenged(i, TEXT("CHAP_A=5\0"));
		refused(i, login_send(i, SECURITY, cases[n].text,
				      cases[n].len), 0x0207, cases[n].reason);
		initiator_free(i);
	}
}

static void rfc7143_12_1_3_keys_out_of_turn(struct kunit *test)
{
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {
		{ TEXT("CHAP_A=5\0CHAP_N=alice\0") },
		{ TEXT("CHAP_A=5\0CHAP_R=0x00\0") },
		{ TEXT("CHAP_A=5\0CHAP_I=1\0") },
		{ TEXT("CHAP_C=0x00\0") },
	};
	struct initiator *i;
	size_t n;

	for (n = 0; n < ARRAY_SIZE(cases); n++) {
		i = start();
		SAY(i, SECURITY, NAMES "AuthMethod=CHAP\0");
		refused(i, login_send(i, SECURITY, cases[n].text,
				      cases[n].len), 0x0200,
			"CHAP: key out of turn");
		initiator_free(i);
	}
	/* without a method at all */
	i = start();
	i->auth_required = false;
	refused(i, SAY(i, SECURITY, NAMES "CHAP_A=5\0"), 0x0200,
		"CHAP: key out of turn");
	initiator_free(i);
}

static void rfc7143_6_3_response_after_success(struct kunit *test)
{
	struct initiator *i = test->priv;
	char text[256];
	size_t len;

	challenged(i, TEXT("CHAP_A=5\0"));
	len = chap_answer(i, USER, SECRET, text, sizeof(text));
	login_send(i, SECURITY, text, len);
	refused(i, login_send(i, SECURITY, text, len), 0x0200,
		"CHAP_N renegotiated");
}

static void rfc7143_6_3_algorithm_twice(struct kunit *test)
{
	struct initiator *i = test->priv;

	challenged(i, TEXT("CHAP_A=5\0"));
	refused(i, SAY(i, SECURITY, "CHAP_A=5\0"), 0x0200,
		"CHAP_A renegotiated");
}

static void rfc7143_6_3_method_twice(struct kunit *test)
{
	struct initiator *i = test->priv;

	challenged(i, TEXT("CHAP_A=5\0"));
	refused(i, SAY(i, SECURITY, "AuthMethod=None\0"), 0x0200,
		"AuthMethod renegotiated");
}

static void rfc7143_6_3_1_security_stage_skipped(struct kunit *test)
{
	struct initiator *i = test->priv;

	refused(i, SAY(i, OPERATIONAL | TO_FFP, NAMES RDMA), 0x0201,
		"authentication required, but security stage skipped");
}

static void rfc7143_12_1_method_not_offered(struct kunit *test)
{
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {
		{ TEXT(NAMES "AuthMethod=None\0") },
		{ TEXT(NAMES "AuthMethod=SRP,KRB5,None\0") },
		{ TEXT(NAMES "AuthMethod=\0") },
		{ TEXT(NAMES "AuthMethod=chap\0") },
		{ TEXT(NAMES "AuthMethod=CHAPX\0") },
		{ TEXT(NAMES "AuthMethod=Reject\0") },
	};
	size_t n;

	for (n = 0; n < ARRAY_SIZE(cases); n++) {
		struct initiator *i = start();

		refused(i, login_send(i, SECURITY | TO_OPERATIONAL,
				      cases[n].text, cases[n].len), 0x0201,
			"authentication required, but CHAP not offered");
		initiator_free(i);
	}
}

static void rfc7143_6_3_2_target_proposes_the_method(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_int_equal(SAY(i, SECURITY | TO_OPERATIONAL, NAMES), SEND);
	assert_int_equal(rsp_flags(i), SECURITY);
	assert_string_equal(rsp_value(i, "AuthMethod"), "CHAP");
	/* 12.1: the initiator selects the method and continues in one request */
	assert_int_equal(SAY(i, SECURITY, "AuthMethod=CHAP\0CHAP_A=7\0"),
			 SEND);
	assert_string_equal(rsp_value(i, "AuthMethod"), "(none)");
	assert_int_equal(rsp_pairs(i), 3);
	assert_int_equal(answer(i, USER, SECRET, "", 0), SEND);
	assert_int_equal(rsp_flags(i), SECURITY | TO_OPERATIONAL);
	assert_true(i->login.authenticated);
}

static void rfc7143_6_3_2_method_that_was_proposed_is_not_taken(struct kunit *test)
{
	struct initiator *i = test->priv;
	struct initiator *j = start();

	SAY(i, SECURITY | TO_OPERATIONAL, NAMES);
	refused(i, SAY_NOTHING(i, SECURITY | TO_OPERATIONAL), 0x0201,
		"authentication required, but CHAP not offered");
	SAY(j, SECURITY | TO_OPERATIONAL, NAMES);
	refused(j, SAY(j, SECURITY | TO_OPERATIONAL, "AuthMethod=None\0"),
		0x0201, "authentication required, but CHAP not offered");
	initiator_free(j);
}

static void authentication_without_a_secret(struct kunit *test)
{
	struct initiator *i = test->priv;
	struct initiator *j = start();

	i->password = "";
	refused(i, SAY(i, SECURITY | TO_OPERATIONAL, NAMES
		       "AuthMethod=CHAP\0"), 0x0201,
		"authentication required, but no CHAP secret is set");
	j->userid = NULL;
	refused(j, SAY(j, SECURITY | TO_OPERATIONAL, NAMES
		       "AuthMethod=CHAP\0"), 0x0201,
		"authentication required, but no CHAP secret is set");
	initiator_free(j);
}

static void not_required_and_none_offered(struct kunit *test)
{
	struct initiator *i = test->priv;

	i->auth_required = false;
	assert_int_equal(SAY(i, SECURITY | TO_OPERATIONAL, NAMES
			     "AuthMethod=None,CHAP\0"), SEND);
	assert_string_equal(rsp_value(i, "AuthMethod"), "None");
	assert_int_equal(rsp_flags(i), SECURITY | TO_OPERATIONAL);
	assert_false(i->login.authenticated);
}

static void rfc7143_6_2_1_not_required_but_preferred(struct kunit *test)
{
	struct initiator *i = test->priv, *j = start();

	i->auth_required = false;
	SAY(i, SECURITY | TO_OPERATIONAL, NAMES "AuthMethod=KRB5,CHAP,None\0");
	assert_string_equal(rsp_value(i, "AuthMethod"), "CHAP");
	assert_int_equal(rsp_flags(i), SECURITY);

	/* without a secret CHAP is not supported */
	j->auth_required = false;
	j->password = "";
	SAY(j, SECURITY | TO_OPERATIONAL, NAMES "AuthMethod=CHAP,None\0");
	assert_string_equal(rsp_value(j, "AuthMethod"), "None");
	initiator_free(j);
}

static void names_are_hidden_until_authenticated(struct kunit *test)
{
	struct initiator *i = test->priv, *j = start(), *k = start();

	i->late_status = ISER_TGT_LOGIN_NO_SESSION;
	i->auth_required = false;
	challenged(i, TEXT("CHAP_A=7\0"));
	refused(i, answer(i, USER, SECRET, "", 0), 0x020a, "late");
	assert_false(i->login.authenticated);

	j->late_status = ISER_TGT_LOGIN_NO_SESSION;
	challenged(j, TEXT("CHAP_A=7\0"));
	refused(j, answer(j, USER, "guess", "", 0), 0x0201,
		"CHAP: wrong response");
	initiator_free(j);

	k->late_status = ISER_TGT_LOGIN_NO_SESSION;
	k->auth_required = false;
	refused(k, SAY(k, OPERATIONAL | TO_FFP, NAMES RDMA), 0x0201,
		"authentication required, but security stage skipped");
	initiator_free(k);
}

static void the_request_that_answers_a_challenge(struct kunit *test)
{
	struct initiator *i = test->priv;

	assert_false(iser_tgt_login_awaits_proof(&i->login));
	challenged(i, TEXT("CHAP_A=7\0"));
	assert_true(iser_tgt_login_awaits_proof(&i->login));
	answer(i, USER, SECRET, "", 0);
	assert_false(iser_tgt_login_awaits_proof(&i->login));
}

static void rfc7143_9_2_1_secret_below_96_bits(struct kunit *test)
{
	struct initiator *i = test->priv, *j = start();

	i->userid_mutual = TARGET_USER;
	i->password_mutual = "eleven byte";
	challenged(i, TEXT("CHAP_A=7\0"));
	refused(i, answer(i, USER, SECRET, TEXT("CHAP_I=1\0CHAP_C=0x01\0")),
		0x0201, "CHAP: password_mutual is shorter than 12 bytes");
	assert_false(i->login.authenticated);
	assert_false(i->login.auth_mutual);

	/* it is not needed */
	j->userid_mutual = TARGET_USER;
	j->password_mutual = "eleven byte";
	challenged(j, TEXT("CHAP_A=7\0"));
	assert_int_equal(answer(j, USER, SECRET, "", 0), SEND);
	assert_true(j->login.authenticated);
	initiator_free(j);
}

static void not_required_but_insisted_on(struct kunit *test)
{
	struct initiator *i = test->priv;

	i->auth_required = false;
	SAY(i, SECURITY | TO_OPERATIONAL, NAMES "AuthMethod=CHAP\0");
	assert_string_equal(rsp_value(i, "AuthMethod"), "CHAP");
	assert_int_equal(rsp_flags(i), SECURITY);
	assert_int_equal(SAY(i, SECURITY, "CHAP_A=5\0"), SEND);
	/* once started, CHAP must be completed */
	refused(i, answer(i, USER, "guess", "", 0), 0x0201,
		"CHAP: wrong response");
}

static void not_required_insisted_on_and_no_secret(struct kunit *test)
{
	struct initiator *i = test->priv;

	i->auth_required = false;
	i->password = NULL;
	refused(i, SAY(i, SECURITY | TO_OPERATIONAL, NAMES
		       "AuthMethod=CHAP\0"), 0x0201,
		"no AuthMethod in common");
}

static void rfc7143_12_1_3_discovery(struct kunit *test)
{
	struct initiator *i = test->priv;
	char text[256];
	size_t len;

	SAY(i, SECURITY, DISCOVERY "AuthMethod=CHAP\0");
	SAY(i, SECURITY, "CHAP_A=8\0");
	len = chap_answer(i, USER, SECRET, text, sizeof(text));
	assert_int_equal(login_send(i, SECURITY | TO_FFP, text, len), ENTER);
	assert_true(i->login.authenticated);
}

static void mutual(struct initiator *i)
{
	i->userid_mutual = TARGET_USER;
	i->password_mutual = TARGET_SECRET;
}

static void rfc7143_12_1_3_mutual(struct kunit *test)
{
	struct initiator *i = test->priv;
	u8 expected[ISER_TGT_CHAP_DIGEST_MAX], got[ISER_TGT_CHAP_DIGEST_MAX];
	int len;

	mutual(i);
	challenged(i, TEXT("CHAP_A=7\0"));
	assert_int_equal(answer(i, USER, SECRET,
				TEXT("CHAP_I=77\0CHAP_C=0x0badcafe\0")), SEND);
	assert_int_equal(rsp_flags(i), SECURITY | TO_OPERATIONAL);
	assert_string_equal(rsp_value(i, "CHAP_N"), TARGET_USER);
	len = iser_tgt_chap_decode(rsp_value(i, "CHAP_R"), got, sizeof(got));
	assert_int_equal(len, 32);
	test_digest(7, 77, TARGET_SECRET, strlen(TARGET_SECRET),
		    (const u8 *)"\x0b\xad\xca\xfe", 4, expected);
	assert_memory_equal(got, expected, 32);
	assert_true(i->login.authenticated);
	assert_true(i->login.auth_mutual);
	assert_int_equal(SAY(i, OPERATIONAL | TO_FFP, RDMA), ENTER);
}

static void rfc7143_12_1_3_mutual_challenge_of_1024_bytes(struct kunit *test)
{
	struct initiator *i = test->priv;
	static char more[3000] = "CHAP_I=0xff\0CHAP_C=0x";
	size_t at = 12 + 9;

	mutual(i);
	challenged(i, TEXT("CHAP_A=7\0"));
	memset(more + at, 'a', 2048);
	more[at + 2048] = '\0';
	assert_int_equal(answer(i, USER, SECRET, more, at + 2049), SEND);
	assert_true(i->login.auth_mutual);
}

static void rfc7143_12_1_3_mutual_challenge_of_1025_bytes(struct kunit *test)
{
	struct initiator *i = test->priv;
	static char more[3000] = "CHAP_I=1\0CHAP_C=0x";
	size_t at = 9 + 9;

	mutual(i);
	challenged(i, TEXT("CHAP_A=7\0"));
	memset(more + at, 'a', 2050);
	more[at + 2050] = '\0';
	refused(i, answer(i, USER, SECRET, more, at + 2051), 0x0201,
		"CHAP: malformed challenge");
	assert_false(i->login.authenticated);
}

static void malformed_challenge(const char *text, size_t len)
{
	struct initiator *i = start();

	mutual(i);
	challenged(i, TEXT("CHAP_A=7\0"));
	refused(i, answer(i, USER, SECRET, text, len), 0x0201,
		"CHAP: malformed challenge");
	assert_false(i->login.authenticated);
	assert_false(i->login.auth_mutual);
	initiator_free(i);
}

static void rfc7143_12_1_3_malformed_challenge(struct kunit *test)
{
	malformed_challenge(TEXT("CHAP_I=256\0CHAP_C=0x00\0"));
	malformed_challenge(TEXT("CHAP_I=-1\0CHAP_C=0x00\0"));
	malformed_challenge(TEXT("CHAP_I=\0CHAP_C=0x00\0"));
	malformed_challenge(TEXT("CHAP_I=1\0CHAP_C=\0"));
	malformed_challenge(TEXT("CHAP_I=1\0CHAP_C=0x\0"));
	malformed_challenge(TEXT("CHAP_I=1\0CHAP_C=0b\0"));
	malformed_challenge(TEXT("CHAP_I=1\0CHAP_C=00\0"));
}

static void rfc7143_9_2_1_reflected_challenge(struct kunit *test)
{
	struct initiator *i = test->priv;
	char more[256];
	size_t len;

	mutual(i);
	challenged(i, TEXT("CHAP_A=7\0"));
	len = (size_t)sprintf(more, "CHAP_I=1") + 1;
	len += (size_t)sprintf(more + len, "CHAP_C=%s",
			       rsp_value(i, "CHAP_C")) + 1;
	refused(i, answer(i, USER, SECRET, more, len), 0x0201,
		"CHAP: own challenge reflected");
	assert_false(i->login.authenticated);
	assert_false(i->login.auth_mutual);
}

static void rfc7143_9_2_1_equal_secrets(struct kunit *test)
{
	struct initiator *i = test->priv;

	mutual(i);
	i->password_mutual = SECRET;
	challenged(i, TEXT("CHAP_A=7\0"));
	refused(i, answer(i, USER, SECRET, TEXT("CHAP_I=1\0CHAP_C=0x01\0")),
		0x0201, "CHAP: one secret for both directions");
	assert_false(i->login.authenticated);
}

static void rfc7143_9_2_1_response_that_would_be_ours(struct kunit *test)
{
	struct initiator *i = test->priv;

	/* the attacker had the target answer this challenge on another connection */
	mutual(i);
	challenged(i, TEXT("CHAP_A=7\0"));
	refused(i, answer(i, USER, TARGET_SECRET, "", 0), 0x0201,
		"CHAP: one secret for both directions");
}

static void rfc7143_12_1_3_target_cannot_prove_itself(struct kunit *test)
{
	struct initiator *i = test->priv;
	struct initiator *j = start();

	challenged(i, TEXT("CHAP_A=7\0"));
	refused(i, answer(i, USER, SECRET, TEXT("CHAP_I=1\0CHAP_C=0x01\0")),
		0x0201, "CHAP: no secret to prove the target with");
	assert_false(i->login.authenticated);
	j->password_mutual = TARGET_SECRET;
	challenged(j, TEXT("CHAP_A=7\0"));
	refused(j, answer(j, USER, SECRET, TEXT("CHAP_I=1\0CHAP_C=0x01\0")),
		0x0201, "CHAP: no secret to prove the target with");
	initiator_free(j);
}

static void mutual_is_the_initiators_choice(struct kunit *test)
{
	struct initiator *i = test->priv;

	mutual(i);
	challenged(i, TEXT("CHAP_A=7\0"));
	assert_int_equal(answer(i, USER, SECRET, "", 0), SEND);
	assert_true(i->login.authenticated);
	assert_false(i->login.auth_mutual);
}

static void no_random_bytes(struct kunit *test)
{
	int after;

	for (after = 1; after <= 2; after++) {
		struct initiator *i = start();

		SAY(i, SECURITY, NAMES "AuthMethod=CHAP\0");
		i->random_errors_after = (unsigned int)after;
		refused(i, SAY(i, SECURITY, "CHAP_A=5\0"), 0x0300,
			"CHAP: no random bytes");
		initiator_free(i);
	}
}

static void digest_fails(struct kunit *test)
{
	unsigned int after;

	for (after = 0; after < 4; after++) {
		struct initiator *i = start();
		int verdict;

		mutual(i);
		SAY(i, SECURITY, NAMES "AuthMethod=CHAP\0");
		i->digest_error = -ENOMEM;
		i->digest_errors_after = after;
		verdict = SAY(i, SECURITY, "CHAP_A=7\0");
		if (after) {
			assert_int_equal(verdict, SEND);
			verdict = answer(i, USER, SECRET,
					 TEXT("CHAP_I=1\0CHAP_C=0x01\0"));
		}
		refused(i, verdict, 0x0300, "CHAP: digest failed");
		assert_false(i->login.authenticated);
		initiator_free(i);
	}
}

static void digest_of_no_length(struct kunit *test)
{
	struct initiator *i = test->priv;

	SAY(i, SECURITY, NAMES "AuthMethod=CHAP\0");
	i->digest_error = ISER_TGT_CHAP_DIGEST_MAX + 1;
	refused(i, SAY(i, SECURITY, "CHAP_A=7\0"), 0x0300,
		"CHAP: digest failed");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(rfc7143_12_1_3_one_way),
	KUNIT_CASE(rfc7143_12_1_3_transit_asked_for_later),
	KUNIT_CASE(rfc7143_12_1_3_all_algorithms),
	KUNIT_CASE(rfc7143_12_1_3_strongest_first),
	KUNIT_CASE(algorithm_that_the_kernel_does_not_have),
	KUNIT_CASE(order_is_the_administrators),
	KUNIT_CASE(rfc7143_12_1_3_no_common_algorithm),
	KUNIT_CASE(rfc7143_12_1_3_algorithm_missing),
	KUNIT_CASE(algorithm_together_with_the_method),
	KUNIT_CASE(rfc7143_12_1_3_wrong_response),
	KUNIT_CASE(rfc7143_12_1_3_response_wrong_in_one_digit),
	KUNIT_CASE(rfc7143_12_1_3_wrong_name),
	KUNIT_CASE(rfc7143_12_1_3_name_that_only_begins_right),
	KUNIT_CASE(rfc7143_12_1_3_malformed_response),
	KUNIT_CASE(rfc7143_12_1_3_response_in_base64),
	KUNIT_CASE(rfc7143_12_1_3_keys_missing),
	KUNIT_CASE(rfc7143_12_1_3_keys_out_of_turn),
	KUNIT_CASE(rfc7143_6_3_response_after_success),
	KUNIT_CASE(rfc7143_6_3_algorithm_twice),
	KUNIT_CASE(rfc7143_6_3_method_twice),
	KUNIT_CASE(rfc7143_6_3_1_security_stage_skipped),
	KUNIT_CASE(rfc7143_12_1_method_not_offered),
	KUNIT_CASE(rfc7143_6_3_2_target_proposes_the_method),
	KUNIT_CASE(rfc7143_6_3_2_method_that_was_proposed_is_not_taken),
	KUNIT_CASE(authentication_without_a_secret),
	KUNIT_CASE(not_required_and_none_offered),
	KUNIT_CASE(rfc7143_6_2_1_not_required_but_preferred),
	KUNIT_CASE(names_are_hidden_until_authenticated),
	KUNIT_CASE(the_request_that_answers_a_challenge),
	KUNIT_CASE(rfc7143_9_2_1_secret_below_96_bits),
	KUNIT_CASE(not_required_but_insisted_on),
	KUNIT_CASE(not_required_insisted_on_and_no_secret),
	KUNIT_CASE(rfc7143_12_1_3_discovery),
	KUNIT_CASE(rfc7143_12_1_3_mutual),
	KUNIT_CASE(rfc7143_12_1_3_mutual_challenge_of_1024_bytes),
	KUNIT_CASE(rfc7143_12_1_3_mutual_challenge_of_1025_bytes),
	KUNIT_CASE(rfc7143_12_1_3_malformed_challenge),
	KUNIT_CASE(rfc7143_9_2_1_reflected_challenge),
	KUNIT_CASE(rfc7143_9_2_1_equal_secrets),
	KUNIT_CASE(rfc7143_9_2_1_response_that_would_be_ours),
	KUNIT_CASE(rfc7143_12_1_3_target_cannot_prove_itself),
	KUNIT_CASE(mutual_is_the_initiators_choice),
	KUNIT_CASE(no_random_bytes),
	KUNIT_CASE(digest_fails),
	KUNIT_CASE(digest_of_no_length),
	{}
};

struct kunit_suite iser_tgt_test_login_chap = {
	.name = "iser_tgt_login_chap",
	.init = setup,
	.exit = teardown,
	.test_cases = cases,
};

UNIT_SUITE(iser_tgt_test_login_chap)
