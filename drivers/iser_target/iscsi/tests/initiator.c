// SPDX-License-Identifier: GPL-2.0
#include "test.h"
#include "chap.h"
#include "initiator.h"

static struct initiator *of(struct iser_tgt_login *login)
{
	return login->priv;
}

/* ops->random and ops->digest have no argument that leads back */
static struct initiator *sender;

static void copy(char *to, const char *from)
{
	if (from)
		strscpy(to, from, ISER_TGT_AUTH_STR_MAX);
}

static u16 identify(struct iser_tgt_login *login)
{
	struct initiator *i = of(login);

	i->identified++;
	login->tpgt = 7;
	login->auth_required = i->auth_required;
	login->offer = i->offer;
	login->late_status = i->late_status;
	login->late_reason = "late";
	login->redirect = i->redirect;
	login->target_alias = i->target_alias;
	copy(login->auth.userid, i->userid);
	copy(login->auth.password, i->password);
	copy(login->auth.userid_mutual, i->userid_mutual);
	copy(login->auth.password_mutual, i->password_mutual);
	if (i->tsih)
		login->tsih = i->tsih;
	login->reason = i->identify_reason;
	return i->identify_status;
}

static int get_random(u8 *buf, size_t len)
{
	size_t n;

	if (sender->random_errors_after &&
	    ++sender->randoms >= sender->random_errors_after)
		return -EAGAIN;
	for (n = 0; n < len; n++)
		buf[n] = (u8)(n * 7 + 3);
	return 0;
}

int test_digest(u8 alg, u8 id, const char *secret, size_t secret_len,
		const u8 *challenge, size_t challenge_len,
		u8 out[ISER_TGT_CHAP_DIGEST_MAX])
{
	static const int lengths[] = { 16, 20, 32, 32 };
	int len = lengths[alg - ISER_TGT_CHAP_MD5];
	u64 hash = 0xcbf29ce484222325ULL ^ alg;
	size_t n;
	int k;

	hash = (hash ^ id) * 0x100000001b3ULL;
	for (n = 0; n < secret_len; n++)
		hash = (hash ^ (u8)secret[n]) * 0x100000001b3ULL;
	hash = (hash ^ 0x100) * 0x100000001b3ULL;
	for (n = 0; n < challenge_len; n++)
		hash = (hash ^ challenge[n]) * 0x100000001b3ULL;
	for (k = 0; k < len; k++) {
		hash = (hash ^ (unsigned int)k) * 0x100000001b3ULL;
		out[k] = (u8)(hash >> 32);
	}
	return len;
}

static int digest(u8 alg, u8 id, const char *secret, size_t secret_len,
		  const u8 *challenge, size_t challenge_len,
		  u8 out[ISER_TGT_CHAP_DIGEST_MAX])
{
	if (sender->no_digest & 1U << alg)
		return -EOPNOTSUPP;
	if (sender->digest_error &&
	    ++sender->digests > sender->digest_errors_after)
		return sender->digest_error;
	return test_digest(alg, id, secret, secret_len, challenge,
			   challenge_len, out);
}

static const struct iser_tgt_login_ops ops = {
	.identify = identify,
	.random = get_random,
	.digest = digest,
};

struct initiator *initiator_new(void)
{
	struct initiator *i = unit_zalloc(sizeof(*i));

	i->in = unit_zalloc(ISER_TGT_LOGIN_TEXT_MAX);
	i->out = unit_zalloc(ISER_TGT_LOGIN_TEXT_MAX);
	iser_tgt_keys_defaults(&i->offer);
	i->opcode = ISER_TGT_OP_LOGIN_REQ;
	memcpy(i->isid, "\x80\x11\x22\x33\x44\x55", 6);
	i->itt = 0x1000;
	i->cmd_sn = 4711;
	i->exp_stat_sn = 99;
	iser_tgt_login_init(&i->login, &ops, i, i->in, i->out);
	sender = i;
	return i;
}

void initiator_free(struct initiator *i)
{
	iser_tgt_login_wipe(&i->login);
	unit_free(i->in);
	unit_free(i->out);
	unit_free(i);
}

/* RFC 7143 11.13: what holds for every response. */
static void check_response(struct initiator *i, u8 request_flags, int verdict)
{
	const u8 *hdr = i->login.rsp_hdr;
	const u8 *bhs = BHS(hdr);
	u8 flags = rsp_flags(i);
	u16 status = rsp_status(i);

	assert_int_equal(hdr[0], ISER_TGT_ISER_OP_CTRL);
	assert_int_equal(bhs[0], ISER_TGT_OP_LOGIN_RSP);
	assert_int_equal(bhs[2], 0);
	assert_int_equal(bhs[3], 0);
	assert_int_equal(bhs[4], 0);
	assert_int_equal(get_unaligned_be24(bhs + 5), i->login.rsp_data_len);
	assert_true(i->login.rsp_data_len <= ISER_TGT_LOGIN_DATA_MAX);
	assert_memory_equal(bhs + 8, i->isid, 6);
	assert_int_equal(get_unaligned_be32(bhs + 16), i->itt);
	assert_int_equal(status, i->login.status);
	assert_int_equal(verdict == REFUSE, status != 0);
	assert_int_equal(get_unaligned_be32(bhs + 24),
			 i->exp_stat_sn + i->responses);
	assert_int_equal(get_unaligned_be32(bhs + 28), i->cmd_sn);
	assert_int_equal(get_unaligned_be32(bhs + 32), i->cmd_sn);
	i->responses++;
	if (status) {
		/* 6.3.1: reserved then */
		assert_int_equal(flags, 0);
		assert_non_null(i->login.reason);
		return;
	}
	assert_int_equal(flags & ISER_TGT_STAGE_FFP << 2,
			 request_flags & ISER_TGT_STAGE_FFP << 2);
	/* 11.13.6, 11.13.7, 6.3 */
	if (flags & T) {
		assert_true(request_flags & T);
		assert_false(flags & C);
		assert_true((flags & 3) <= (request_flags & 3));
		assert_true((flags & 3) > (flags >> 2 & 3));
	} else {
		assert_int_equal(flags & 3, 0);
	}
	assert_int_equal(verdict == ENTER, (flags & TO_FFP) == TO_FFP);
	if (verdict != ENTER)
		assert_int_equal(rsp_tsih(i), i->tsih_sent);
}

int login_send(struct initiator *i, u8 flags, const char *text, size_t len)
{
	u8 hdr[ISER_TGT_HDR_LEN] = { ISER_TGT_ISER_OP_CTRL };
	u8 *bhs = BHS(hdr), *received;
	struct iser_tgt_pdu pdu;
	int verdict;
	char *data;

	bhs[0] = i->opcode | ISER_TGT_OP_IMMEDIATE;
	bhs[1] = flags;
	bhs[2] = i->version_max;
	bhs[3] = i->version_min;
	bhs[4] = i->ahs_words;
	put_unaligned_be24((u32)len, bhs + 5);
	memcpy(bhs + 8, i->isid, 6);
	put_unaligned_be16(i->tsih_sent, bhs + 14);
	put_unaligned_be32(i->itt, bhs + 16);
	put_unaligned_be16(i->cid, bhs + 20);
	put_unaligned_be32(i->cmd_sn + i->later_cmd_sn, bhs + 24);
	put_unaligned_be32(i->exp_stat_sn, bhs + 28);

	received = exactly(hdr, sizeof(hdr));
	data = exactly(text, len);
	assert_int_equal(iser_tgt_pdu_parse(&pdu, received,
					    sizeof(hdr) + 4 * i->ahs_words +
					    len),
			 ISER_TGT_PDU_OK);
	verdict = iser_tgt_login_request(&i->login, &pdu, data);
	unit_free(data);
	unit_free(received);
	if (verdict != DROP)
		check_response(i, flags, verdict);
	return verdict;
}

u8 rsp_flags(const struct initiator *i)
{
	return BHS(i->login.rsp_hdr)[1];
}

u16 rsp_status(const struct initiator *i)
{
	return get_unaligned_be16(BHS(i->login.rsp_hdr) + 36);
}

u16 rsp_tsih(const struct initiator *i)
{
	return get_unaligned_be16(BHS(i->login.rsp_hdr) + 14);
}

u32 rsp_stat_sn(const struct initiator *i)
{
	return get_unaligned_be32(BHS(i->login.rsp_hdr) + 24);
}

const char *rsp_value(const struct initiator *i, const char *key)
{
	struct iser_tgt_kv kv;
	size_t pos = 0;

	while (iser_tgt_text_next(i->login.rsp_data, i->login.rsp_data_len,
				  &pos, &kv) > 0) {
		if (iser_tgt_kv_is(&kv, key))
			return kv.value;
	}
	return "(none)";
}

size_t rsp_pairs(const struct initiator *i)
{
	struct iser_tgt_kv kv;
	size_t pos = 0, pairs = 0;
	int ret;

	for (;;) {
		ret = iser_tgt_text_next(i->login.rsp_data,
					 i->login.rsp_data_len, &pos, &kv);
		assert_true(ret >= 0);
		if (!ret)
			return pairs;
		pairs++;
	}
}

size_t chap_answer(const struct initiator *i, const char *name,
		   const char *secret, char *text, size_t size)
{
	char hex[ISER_TGT_CHAP_ENCODED(ISER_TGT_CHAP_DIGEST_MAX)];
	struct iser_tgt_text_out out = { .buf = text, .size = size };
	u8 response[ISER_TGT_CHAP_DIGEST_MAX];
	u8 challenge[ISER_TGT_CHAP_DIGEST_MAX];
	u64 alg, id;
	int len;

	assert_true(iser_tgt_key_number(rsp_value(i, "CHAP_A"), &alg));
	assert_true(iser_tgt_key_number(rsp_value(i, "CHAP_I"), &id));
	len = iser_tgt_chap_decode(rsp_value(i, "CHAP_C"), challenge,
				   sizeof(challenge));
	assert_true(len > 0);
	len = test_digest((u8)alg, (u8)id, secret, strlen(secret), challenge,
			  (size_t)len, response);
	iser_tgt_chap_encode(response, (size_t)len, hex);
	iser_tgt_text_add(&out, "CHAP_N", 6, name);
	iser_tgt_text_add(&out, "CHAP_R", 6, hex);
	assert_false(iser_tgt_text_overflowed(&out));
	return out.len;
}

void refused(const struct initiator *i, int verdict, u16 status,
	     const char *reason)
{
	assert_int_equal(verdict, REFUSE);
	assert_int_equal(i->login.status, status);
	assert_string_equal(i->login.reason, reason);
}
