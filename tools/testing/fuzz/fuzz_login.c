// SPDX-License-Identifier: GPL-2.0
/*
 * The input is a whole login: two bytes for the configuration of the target,
 * then the received SENDs, as records. With FIX, the header fields that a fuzzer
 * can hardly guess are corrected: opcode, lengths, tags. A record whose length
 * has the highest bit set is an answer to the target's challenge, which the
 * harness writes: its other bits say which (chap_initiator.h).
 */
#include "fuzz.h"
#include "chap_initiator.h"
#include "login.h"

/* The first byte */
#define AUTH		0x01	/* authentication required */
#define MUTUAL		0x02	/* the target has a secret too */
#define FIX		0x04
#define SMALL_OFFER	0x08	/* limits below the defaults */
#define REFUSED		0x10	/* identify() refuses */
#define MOVED		0x20	/* identify() redirects */
#define SAME_SECRET	0x40	/* one secret for both directions */
#define SHORT_TEXT	0x80	/* the caller lowers text_max */

/* The second byte; its low bits are the algorithms that are missing */
#define MISSING(alg)	(1 << ((alg) - ISER_TGT_CHAP_MD5))
#define REVERSED	0x10	/* the weakest algorithm first */
#define TWO_ALGS	0x20	/* only two algorithms allowed */
#define NO_DIGEST	0x40	/* a digest fails once it has a secret */
#define NO_RANDOM	0x80	/* random() fails */

static u8 setup, crypto;

static u16 identify(struct iser_tgt_login *login)
{
	MUST(login->initiator[0]);
	MUST(login->discovery || login->target[0]);
	login->auth_required = setup & AUTH;
	strscpy(login->auth.userid, "alice", sizeof(login->auth.userid));
	strscpy(login->auth.password, secret, sizeof(login->auth.password));
	if (setup & MUTUAL) {
		strscpy(login->auth.userid_mutual, "storage",
			sizeof(login->auth.userid_mutual));
		strscpy(login->auth.password_mutual,
			setup & SAME_SECRET ? secret : target_secret,
			sizeof(login->auth.password_mutual));
	}
	if (crypto & REVERSED) {
		login->chap_order[0] = ISER_TGT_CHAP_MD5;
		login->chap_order[1] = ISER_TGT_CHAP_SHA1;
		login->chap_order[2] = ISER_TGT_CHAP_SHA256;
		login->chap_order[3] = ISER_TGT_CHAP_SHA3_256;
	}
	if (crypto & TWO_ALGS)
		login->chap_order[2] = 0;
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
	if (crypto & NO_RANDOM)
		return -EAGAIN;
	memset(buf, 0x5a, len);
	return 0;
}

static int digest(u8 alg, u8 id, const char *key, size_t key_len,
		  const u8 *challenge, size_t challenge_len,
		  u8 out[ISER_TGT_CHAP_DIGEST_MAX])
{
	if (crypto & MISSING(alg))
		return -EOPNOTSUPP;
	if (crypto & NO_DIGEST && key_len)
		return -ENOMEM;
	return chap_hash(alg, id, key, key_len, challenge, challenge_len, out);
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
	/* the default, if it was not negotiated: the target does not propose it */
	MUST(keys->time2retain <= login->offer.time2retain ||
	     keys->time2retain == 20);
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
static bool receive(struct iser_tgt_login *login, struct chap_initiator *me,
		    const u8 *record, size_t len, bool first)
{
	size_t hdr_len = min_t(size_t, len, ISER_TGT_HDR_LEN);
	u8 *hdr = exactly(record, hdr_len);
	enum iser_tgt_login_verdict verdict;
	enum iser_tgt_pdu_error error;
	struct iser_tgt_pdu pdu;
	char *data;

	if (setup & FIX && len >= ISER_TGT_HDR_LEN)
		fix(hdr, len, first);
	memcpy(me->hdr, hdr, hdr_len);
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

/* Is the next Login Request, if well-formed, taken as an answer to CHAP_C? */
static bool answer_is_due(const struct iser_tgt_login *login)
{
	return login->chap == ISER_TGT_CHAP_WAIT_R && !login->in_len &&
	       login->out_sent == login->out_len && !login->ended &&
	       login->pdus < ISER_TGT_LOGIN_PDUS_MAX;
}

/* Send an answer to the target's challenge, and check what it says to it. */
static bool answer(struct iser_tgt_login *login, struct chap_initiator *me,
		   struct feed *feed, u16 bits)
{
	struct iser_tgt_text_out out = { .size = ISER_TGT_LOGIN_TEXT_MAX };
	bool due = answer_is_due(login) && !(crypto & NO_DIGEST);
	bool before = login->authenticated;
	const u8 *more = NULL;
	size_t more_len = 0;
	u8 *pdu, *bhs;
	bool goes_on;

	pdu = malloc(ISER_TGT_HDR_LEN + out.size);
	MUST(pdu);
	bhs = pdu + ISER_TGT_ISER_HDR_LEN;
	out.buf = (char *)pdu + ISER_TGT_HDR_LEN;
	chap_answer(me, bits, &out);
	MUST(!iser_tgt_text_overflowed(&out));
	if (bits & ANSWER_MORE) {
		more = feed_record(feed, &more_len);
		more_len = min_t(size_t, more_len, out.size - out.len);
		if (more_len)
			memcpy(out.buf + out.len, more, more_len);
		out.len += more_len;
	}
	memcpy(pdu, me->hdr, ISER_TGT_HDR_LEN);
	pdu[0] = ISER_TGT_ISER_OP_CTRL;
	bhs[0] = ISER_TGT_OP_LOGIN_REQ | ISER_TGT_OP_IMMEDIATE;
	bhs[1] = bits & ANSWER_TRANSIT ? ISER_TGT_LOGIN_TRANSIT |
		 (bits & ANSWER_FFP ? ISER_TGT_STAGE_FFP :
				      ISER_TGT_STAGE_OPERATIONAL) : 0;
	bhs[4] = 0;
	put_unaligned_be24((u32)out.len, bhs + 5);
	goes_on = receive(login, me, pdu, ISER_TGT_HDR_LEN + out.len, false);
	free(pdu);

	if (!before && login->authenticated)
		MUST(more_len || chap_is_right(me, bits));
	if (!before && login->auth_mutual && !more_len)
		MUST(chap_proves(me, bits, login));
	if (due && !more_len && !(setup & SAME_SECRET) &&
	    chap_is_right(me, bits) && !(bits & ANSWER_MUTUAL))
		MUST(login->authenticated);
	if (due && !more_len && setup & MUTUAL && setup & SAME_SECRET)
		MUST(!login->authenticated && !goes_on);
	return goes_on;
}

int LLVMFuzzerTestOneInput(const u8 *input, size_t size)
{
	struct feed feed = { .at = input, .left = size };
	char *in = malloc(ISER_TGT_LOGIN_TEXT_MAX);
	char *out = malloc(ISER_TGT_LOGIN_TEXT_MAX);
	struct iser_tgt_login *login = malloc(sizeof(*login));
	struct chap_initiator me = {};
	unsigned int pdus = 0;
	bool more = true;

	setup = feed_byte(&feed);
	crypto = feed_byte(&feed);
	iser_tgt_login_init(login, &ops, NULL, in, out);
	if (setup & SHORT_TEXT)
		login->text_max = 1024;
	while (more && feed.left) {
		if (feed.left >= 2 && feed.at[0] & 0x80) {
			u16 bits = (u16)(feed_byte(&feed) << 8 & 0x7f00);

			bits |= feed_byte(&feed);
			more = answer(login, &me, &feed, bits);
		} else {
			size_t len;
			const u8 *record = feed_record(&feed, &len);

			more = receive(login, &me, record, len, !pdus);
		}
		if (more)
			chap_heard(&me, login);
		MUST(++pdus <= ISER_TGT_LOGIN_PDUS_MAX + 1);
	}
	iser_tgt_login_wipe(login);
	free(login);
	free(in);
	free(out);
	return 0;
}
