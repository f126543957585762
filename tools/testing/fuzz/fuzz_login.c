// SPDX-License-Identifier: GPL-2.0
/*
 * The input is a whole login: one byte for the configuration of the target, then
 * the received SENDs, as records. With FIX, the header fields that a fuzzer can
 * hardly guess are corrected: opcode, lengths, tags.
 */
#include "fuzz.h"
#include "login.h"

#define AUTH		0x01	/* authentication required */
#define MUTUAL		0x02	/* the target has a secret too */
#define FIX		0x04
#define SMALL_OFFER	0x08	/* limits below the defaults */
#define REFUSED		0x10	/* identify() refuses */
#define MOVED		0x20	/* identify() redirects */
#define GUESSABLE	0x40	/* CHAP responses are constant */
#define NO_SHA		0x80	/* only MD5 is available */

static const char secret[] = "a secret of 16 b";
static const char target_secret[] = "another secret16";
static u8 setup;

static u16 identify(struct iser_tgt_login *login)
{
	MUST(login->initiator[0]);
	MUST(login->discovery == !login->target[0]);
	login->auth_required = setup & AUTH;
	strscpy(login->auth.userid, "alice", sizeof(login->auth.userid));
	strscpy(login->auth.password, secret, sizeof(login->auth.password));
	if (setup & MUTUAL) {
		strscpy(login->auth.userid_mutual, "storage",
			sizeof(login->auth.userid_mutual));
		strscpy(login->auth.password_mutual, target_secret,
			sizeof(login->auth.password_mutual));
	}
	if (setup & SMALL_OFFER) {
		login->offer.target_rdsl = 4096;
		login->offer.immediate_data = false;
		login->offer.max_burst = 65536;
		login->offer.first_burst = 8192;
		login->offer.time2wait = 30;
		login->offer.time2retain = 0;
		login->offer.max_unexpected = 8;
	}
	login->target_alias = setup & SMALL_OFFER ? "alias" : NULL;
	if (setup & MOVED) {
		login->redirect = "192.0.2.1:3260";
		return ISER_TGT_LOGIN_MOVED_TEMP;
	}
	return setup & REFUSED ? ISER_TGT_LOGIN_FORBIDDEN : ISER_TGT_LOGIN_OK;
}

static int get_random(u8 *buf, size_t len)
{
	memset(buf, 0x5a, len);
	return 0;
}

static int digest(u8 alg, u8 id, const char *key, size_t key_len,
		  const u8 *challenge, size_t challenge_len,
		  u8 out[ISER_TGT_CHAP_DIGEST_MAX])
{
	static const int lengths[] = { 16, 20, 32, 32 };
	int len = lengths[alg - ISER_TGT_CHAP_MD5];
	u8 sum = 0;
	size_t i;

	if (alg != ISER_TGT_CHAP_MD5 && setup & NO_SHA)
		return -EOPNOTSUPP;
	for (i = 0; i < challenge_len; i++)
		sum ^= challenge[i];
	if (setup & GUESSABLE)
		sum = 0;
	for (i = 0; i < key_len; i++)
		sum = (u8)(sum * 31 + key[i]);
	memset(out, setup & GUESSABLE ? sum : sum ^ id, (size_t)len);
	return len;
}

static const struct iser_tgt_login_ops ops = {
	.identify = identify,
	.random = get_random,
	.digest = digest,
};

static void fix(u8 *hdr, size_t len, bool first)
{
	u8 *bhs = hdr + ISER_TGT_ISER_HDR_LEN;

	hdr[0] = ISER_TGT_ISER_OP_CTRL;
	bhs[0] = ISER_TGT_OP_LOGIN_REQ | ISER_TGT_OP_IMMEDIATE;
	memset(bhs + 2, 0, 3);
	put_unaligned_be24((u32)(len - ISER_TGT_HDR_LEN), bhs + 5);
	memset(bhs + 8, 0, 16);
	if (first)
		put_unaligned_be32(1, bhs + 24);
}

static void check_results(const struct iser_tgt_login *login)
{
	const struct iser_tgt_keys *keys = &login->result;

	MUST(!login->auth_required || login->authenticated);
	MUST(login->initiator[0]);
	MUST(keys->initial_r2t && !keys->erl && keys->max_connections == 1);
	if (login->discovery)
		return;
	MUST(login->target[0]);
	MUST(keys->rdma_extensions);
	MUST(keys->target_rdsl >= 512 &&
	     keys->target_rdsl <= login->offer.target_rdsl);
	MUST(keys->initiator_rdsl >= 512);
	MUST(keys->first_burst >= 512 && keys->first_burst <= keys->max_burst);
	MUST(keys->max_burst <= login->offer.max_burst);
	MUST(!keys->immediate_data || login->offer.immediate_data);
	MUST(keys->time2wait >= login->offer.time2wait);
	MUST(keys->time2wait <= 3600);
	MUST(keys->time2retain <= login->offer.time2retain);
	MUST(keys->max_outstanding_r2t >= 1);
}

static bool contains(const char *text, size_t len, const char *word)
{
	size_t word_len = strlen(word), i;

	for (i = 0; i + word_len <= len; i++) {
		if (!memcmp(text + i, word, word_len))
			return true;
	}
	return false;
}

static void check_response(const struct iser_tgt_login *login,
			   enum iser_tgt_login_verdict verdict, u8 request)
{
	const u8 *bhs = login->rsp_hdr + ISER_TGT_ISER_HDR_LEN;
	u8 flags = bhs[1];
	bool whole = !(flags & ISER_TGT_LOGIN_CONTINUE) &&
		     login->rsp_data == login->out;
	struct iser_tgt_kv kv;
	size_t pos = 0;
	int ret;

	MUST(bhs[0] == ISER_TGT_OP_LOGIN_RSP);
	MUST(login->rsp_data_len <= ISER_TGT_LOGIN_DATA_MAX);
	MUST(login->rsp_data >= login->out &&
	     login->rsp_data + login->rsp_data_len <=
	     login->out + ISER_TGT_LOGIN_TEXT_MAX);
	MUST(!contains(login->rsp_data, login->rsp_data_len, secret));
	MUST(!contains(login->rsp_data, login->rsp_data_len, target_secret));
	if (whole) {
		while ((ret = iser_tgt_text_next(login->rsp_data,
						 login->rsp_data_len, &pos,
						 &kv)) > 0)
			;
		MUST(!ret);
	}
	MUST((verdict == ISER_TGT_LOGIN_REFUSE) == !!login->status);
	MUST(get_unaligned_be16(bhs + 36) == login->status);
	if (login->status) {
		MUST(login->reason && !flags);
		return;
	}
	MUST(!(flags & ISER_TGT_LOGIN_TRANSIT) ||
	     request & ISER_TGT_LOGIN_TRANSIT);
	MUST((verdict == ISER_TGT_LOGIN_ENTER) ==
	     ((flags & ISER_TGT_LOGIN_TRANSIT) &&
	      ISER_TGT_LOGIN_NSG(flags) == ISER_TGT_STAGE_FFP));
	if (verdict == ISER_TGT_LOGIN_ENTER)
		check_results(login);
}

/* Process one SEND. False at the end of the login. */
static bool receive(struct iser_tgt_login *login, const u8 *record,
		    size_t len, bool first)
{
	size_t hdr_len = min_t(size_t, len, ISER_TGT_HDR_LEN);
	u8 *hdr = exactly(record, hdr_len);
	enum iser_tgt_login_verdict verdict;
	enum iser_tgt_pdu_error error;
	struct iser_tgt_pdu pdu;
	char *data;

	if (setup & FIX && len >= ISER_TGT_HDR_LEN)
		fix(hdr, len, first);
	error = iser_tgt_pdu_parse(&pdu, hdr, len);
	if (error) {
		verdict = iser_tgt_login_malformed(login, &pdu, error);
		MUST(verdict == ISER_TGT_LOGIN_REFUSE ||
		     verdict == ISER_TGT_LOGIN_DROP);
		if (verdict == ISER_TGT_LOGIN_REFUSE)
			check_response(login, verdict, 0);
		free(hdr);
		return false;
	}
	data = exactly(record + ISER_TGT_HDR_LEN + pdu.ahs_len, pdu.data_len);
	verdict = iser_tgt_login_request(login, &pdu, data);
	free(data);
	if (verdict != ISER_TGT_LOGIN_DROP)
		check_response(login, verdict, pdu.flags);
	free(hdr);
	return verdict == ISER_TGT_LOGIN_SEND;
}

int LLVMFuzzerTestOneInput(const u8 *input, size_t size)
{
	struct feed feed = { .at = input, .left = size };
	char *in = malloc(ISER_TGT_LOGIN_TEXT_MAX);
	char *out = malloc(ISER_TGT_LOGIN_TEXT_MAX);
	struct iser_tgt_login *login = malloc(sizeof(*login));
	unsigned int pdus = 0;
	bool more = true;

	setup = feed_byte(&feed);
	iser_tgt_login_init(login, &ops, NULL, in, out);
	while (more && feed.left) {
		size_t len;
		const u8 *record = feed_record(&feed, &len);

		more = receive(login, record, len, !pdus);
		MUST(++pdus <= ISER_TGT_LOGIN_PDUS_MAX + 1);
	}
	iser_tgt_login_wipe(login);
	free(login);
	free(in);
	free(out);
	return 0;
}
