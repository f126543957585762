/* SPDX-License-Identifier: GPL-2.0 */
/* An initiator that knows the CHAP secrets, for fuzz_login.c. */
#ifndef ISER_TGT_CHAP_INITIATOR_H
#define ISER_TGT_CHAP_INITIATOR_H

#include "chap.h"
#include "fuzz.h"
#include "login.h"

/* The low 15 bits of a record's length if the highest is set */
#define ANSWER_TRANSIT	0x01	/* T, next stage operational */
#define ANSWER_FFP	0x02	/* with T: next stage full feature phase */
#define ANSWER_MUTUAL	0x04	/* CHAP_I and CHAP_C for the target */
#define ANSWER_WRONG	0x08	/* one bit of the response is wrong */
#define ANSWER_REFLECT	0x10	/* CHAP_C is the target's own challenge */
#define ANSWER_NAME	0x20	/* a name that the target does not know */
#define ANSWER_TARGET	0x40	/* the response of the other direction */
#define ANSWER_MORE	0x80	/* the next record is further text */
#define ANSWER_SIZE(b)	((size_t)((b) >> 8 & 0xf) << 3)	/* of CHAP_C; 0: 1024 */
#define ANSWER_ID(b)	((u8)((b) >> 12 << 5))		/* CHAP_I */

static const char secret[] = "a secret of 16 b";
static const char target_secret[] = "another secret16";

/**
 * struct chap_initiator - what an initiator knows of the exchange
 * @hdr: headers of the last Login Request, the pattern for the next
 * @alg: CHAP_A of the target; 0 before its challenge
 * @id: CHAP_I of the target
 * @challenge: CHAP_C of the target
 * @len: its length in bytes
 */
struct chap_initiator {
	u8 hdr[ISER_TGT_HDR_LEN];
	u8 alg;
	u8 id;
	u8 challenge[ISER_TGT_CHAP_DIGEST_MAX];
	size_t len;
};

/*
 * Stands for MD5, SHA1, SHA-256 and SHA3-256: as long as these, different for
 * each algorithm, and each input byte changes the whole result.
 */
static inline int chap_hash(u8 alg, u8 id, const char *key, size_t key_len,
			    const u8 *challenge, size_t challenge_len,
			    u8 out[ISER_TGT_CHAP_DIGEST_MAX])
{
	static const int lengths[ISER_TGT_CHAP_ALGS] = { 16, 20, 32, 32 };
	u64 hash = 0x9e3779b97f4a7c15ULL * alg ^ id;
	size_t i;
	int len;

	MUST(alg >= ISER_TGT_CHAP_MD5 && alg <= ISER_TGT_CHAP_SHA3_256);
	len = lengths[alg - ISER_TGT_CHAP_MD5];
	for (i = 0; i < key_len; i++)
		hash = (hash ^ (u8)key[i]) * 0x100000001b3ULL;
	for (i = 0; i < challenge_len; i++)
		hash = (hash ^ challenge[i] ^ 0x100) * 0x100000001b3ULL;
	for (i = 0; i < (size_t)len; i++) {
		hash = (hash ^ hash >> 29 ^ i) * 0x100000001b3ULL;
		out[i] = (u8)(hash >> 40);
	}
	return len;
}

/* The value of the key, or NULL. The text is whole. */
static inline const char *chap_value(const struct iser_tgt_login *login,
				     const char *key)
{
	struct iser_tgt_kv kv;
	size_t pos = 0;

	while (iser_tgt_text_next(login->rsp_data, login->rsp_data_len, &pos,
				  &kv) > 0) {
		if (iser_tgt_kv_is(&kv, key))
			return kv.value;
	}
	return NULL;
}

/* Note the challenge of a Login Response. */
static inline void chap_heard(struct chap_initiator *me,
			      const struct iser_tgt_login *login)
{
	const char *a = chap_value(login, "CHAP_A");
	const char *i = chap_value(login, "CHAP_I");
	const char *c = chap_value(login, "CHAP_C");
	u64 alg, id;
	int len;

	if (!a || !i || !c)
		return;
	MUST(iser_tgt_key_number(a, &alg) && iser_tgt_key_number(i, &id));
	len = iser_tgt_chap_decode(c, me->challenge, sizeof(me->challenge));
	MUST(len > 0 && id <= 255);
	me->alg = (u8)alg;
	me->id = (u8)id;
	me->len = (size_t)len;
}

static inline void chap_add(struct iser_tgt_text_out *out, const char *key,
			    const u8 *bytes, size_t len)
{
	char *text = malloc(ISER_TGT_CHAP_ENCODED(len));

	MUST(text);
	iser_tgt_chap_encode(bytes, len, text);
	iser_tgt_text_add(out, key, strlen(key), text);
	free(text);
}

/* The challenge for the target. */
static inline size_t chap_challenge(const struct chap_initiator *me, u16 bits,
				    u8 out[ISER_TGT_CHAP_CHALLENGE_MAX])
{
	size_t size = ANSWER_SIZE(bits) ? ANSWER_SIZE(bits) :
					  ISER_TGT_CHAP_CHALLENGE_MAX;

	if (bits & ANSWER_REFLECT && me->len) {
		memcpy(out, me->challenge, me->len);
		return me->len;
	}
	memset(out, 0x33, size);
	return size;
}

/* The text of an answer to the challenge. */
static inline void chap_answer(const struct chap_initiator *me, u16 bits,
			       struct iser_tgt_text_out *out)
{
	const char *key = bits & ANSWER_TARGET ? target_secret : secret;
	u8 challenge[ISER_TGT_CHAP_CHALLENGE_MAX];
	u8 response[ISER_TGT_CHAP_DIGEST_MAX];
	char id[4];
	int len;

	len = chap_hash(me->alg ? me->alg : ISER_TGT_CHAP_MD5, me->id, key,
			strlen(key), me->challenge, me->len, response);
	if (bits & ANSWER_WRONG)
		response[bits % (unsigned int)len] ^= 1;
	iser_tgt_text_add(out, "CHAP_N", 6,
			  bits & ANSWER_NAME ? "alicf" : "alice");
	chap_add(out, "CHAP_R", response, (size_t)len);
	if (!(bits & ANSWER_MUTUAL))
		return;
	snprintf(id, sizeof(id), "%u", ANSWER_ID(bits));
	iser_tgt_text_add(out, "CHAP_I", 6, id);
	chap_add(out, "CHAP_C", challenge, chap_challenge(me, bits, challenge));
}

/* Would this answer alone authenticate the initiator? */
static inline bool chap_is_right(const struct chap_initiator *me, u16 bits)
{
	return me->alg &&
	       !(bits & (ANSWER_WRONG | ANSWER_NAME | ANSWER_TARGET));
}

/* Did the target prove in this response that it has its secret? */
static inline bool chap_proves(const struct chap_initiator *me, u16 bits,
			       const struct iser_tgt_login *login)
{
	const char *n = chap_value(login, "CHAP_N");
	const char *r = chap_value(login, "CHAP_R");
	u8 challenge[ISER_TGT_CHAP_CHALLENGE_MAX];
	u8 expected[ISER_TGT_CHAP_DIGEST_MAX];
	u8 got[ISER_TGT_CHAP_DIGEST_MAX];
	size_t size = chap_challenge(me, bits, challenge);
	int len = chap_hash(me->alg, ANSWER_ID(bits), target_secret,
			    strlen(target_secret), challenge, size, expected);

	return n && r && !strcmp(n, "storage") &&
	       iser_tgt_chap_decode(r, got, sizeof(got)) == len &&
	       !memcmp(got, expected, (size_t)len);
}

#endif
