// SPDX-License-Identifier: GPL-2.0
#include "chap.h"
#include "login_private.h"

/*
 * Decode into the receive buffer: the result is shorter than the value, and a
 * buffer of ISER_TGT_CHAP_CHALLENGE_MAX bytes is too large for the stack.
 */
static int chap_decode_in_place(struct iser_tgt_login *login,
				const char *value, size_t size, u8 **bytes)
{
	*bytes = (u8 *)login->in + (value - login->in);
	return iser_tgt_chap_decode(value, *bytes, size);
}

static bool chap_list_has(const char *list, u8 alg)
{
	while (*list) {
		size_t len = strcspn(list, ",");

		if (len == 1 && list[0] == '0' + alg)
			return true;
		list += len;
		if (*list)
			list++;
	}
	return false;
}

/* Choose the algorithm. Returns its response length in bytes, or an errno. */
static int chap_choose(struct iser_tgt_login *login, const char *list)
{
	u8 scratch[ISER_TGT_CHAP_DIGEST_MAX];
	int ret = -EOPNOTSUPP;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(login->chap_order); i++) {
		u8 alg = login->chap_order[i];

		if (!alg)
			break;
		if (!chap_list_has(list, alg))
			continue;
		ret = login->ops->digest(alg, 0, "", 0, scratch, 0, scratch);
		if (ret == -EOPNOTSUPP)
			continue;
		login->chap_alg = alg;
		break;
	}
	memzero_explicit(scratch, sizeof(scratch));
	return ret;
}

static u16 chap_send_challenge(struct iser_tgt_login *login,
			       struct iser_tgt_text_out *out)
{
	char text[ISER_TGT_CHAP_ENCODED(ISER_TGT_CHAP_DIGEST_MAX)];

	if (login->ops->random(login->challenge, login->chap_len) ||
	    login->ops->random(&login->chap_id, 1))
		return iser_tgt_login_fail(login, ISER_TGT_LOGIN_TARGET_ERROR,
					   "CHAP: no random bytes");
	snprintf(text, sizeof(text), "%u", login->chap_alg);
	iser_tgt_text_add(out, "CHAP_A", 6, text);
	snprintf(text, sizeof(text), "%u", login->chap_id);
	iser_tgt_text_add(out, "CHAP_I", 6, text);
	iser_tgt_chap_encode(login->challenge, login->chap_len, text);
	iser_tgt_text_add(out, "CHAP_C", 6, text);
	login->chap = ISER_TGT_CHAP_WAIT_R;
	return ISER_TGT_LOGIN_OK;
}

static u16 chap_algorithm(struct iser_tgt_login *login, const char *list,
			  struct iser_tgt_text_out *out)
{
	int len = chap_choose(login, list);

	if (len == -EOPNOTSUPP)
		return iser_tgt_login_fail(login, ISER_TGT_LOGIN_AUTH_FAILED,
					   "CHAP: no algorithm in common");
	if (len <= 0 || len > ISER_TGT_CHAP_DIGEST_MAX)
		return iser_tgt_login_fail(login, ISER_TGT_LOGIN_TARGET_ERROR,
					   "CHAP: digest failed");
	login->chap_len = (size_t)len;
	return chap_send_challenge(login, out);
}

static bool chap_digest(struct iser_tgt_login *login, u8 id,
			const char *secret, const u8 *challenge, size_t len,
			u8 out[ISER_TGT_CHAP_DIGEST_MAX])
{
	int ret = login->ops->digest(login->chap_alg, id, secret,
				     strlen(secret), challenge, len, out);

	return ret > 0 && (size_t)ret == login->chap_len;
}

static bool chap_name_is(const char *given, const char *expected)
{
	size_t len = strlen(expected);

	return strlen(given) == len && !crypto_memneq(given, expected, len);
}

/* Check CHAP_N and CHAP_R of the initiator. */
static u16 chap_verify(struct iser_tgt_login *login,
		       const struct iser_tgt_chap_keys *keys)
{
	const struct iser_tgt_auth *auth = &login->auth;
	u8 right[ISER_TGT_CHAP_DIGEST_MAX];
	u8 ours[ISER_TGT_CHAP_DIGEST_MAX];
	bool have_right, have_ours = true;
	bool response_ok, same = false;
	u8 *response;
	int len;

	len = chap_decode_in_place(login, keys->r, ISER_TGT_CHAP_CHALLENGE_MAX,
				   &response);
	if (len < 0 || (size_t)len != login->chap_len)
		return iser_tgt_login_fail(login, ISER_TGT_LOGIN_AUTH_FAILED,
					   "CHAP: malformed response");

	have_right = chap_digest(login, login->chap_id, auth->password,
				 login->challenge, login->chap_len, right);
	response_ok = have_right &&
		      !crypto_memneq(response, right, login->chap_len);
	if (auth->password_mutual[0]) {
		have_ours = chap_digest(login, login->chap_id,
					auth->password_mutual,
					login->challenge, login->chap_len,
					ours);
		same = have_ours &&
		       !crypto_memneq(response, ours, login->chap_len);
	}
	memzero_explicit(right, sizeof(right));
	memzero_explicit(ours, sizeof(ours));

	if (!have_right || !have_ours)
		return iser_tgt_login_fail(login, ISER_TGT_LOGIN_TARGET_ERROR,
					   "CHAP: digest failed");
	if (same)
		return iser_tgt_login_fail(login, ISER_TGT_LOGIN_AUTH_FAILED,
					   "CHAP: one secret for both directions");
	if (!chap_name_is(keys->n, auth->userid))
		return iser_tgt_login_fail(login, ISER_TGT_LOGIN_AUTH_FAILED,
					   "CHAP: wrong name");
	if (!response_ok)
		return iser_tgt_login_fail(login, ISER_TGT_LOGIN_AUTH_FAILED,
					   "CHAP: wrong response");
	return ISER_TGT_LOGIN_OK;
}

/* Answer CHAP_I and CHAP_C of the initiator: authenticate this target. */
static u16 chap_prove(struct iser_tgt_login *login,
		      const struct iser_tgt_chap_keys *keys,
		      struct iser_tgt_text_out *out)
{
	const struct iser_tgt_auth *auth = &login->auth;
	char text[ISER_TGT_CHAP_ENCODED(ISER_TGT_CHAP_DIGEST_MAX)];
	u8 response[ISER_TGT_CHAP_DIGEST_MAX];
	u8 *challenge;
	u64 id;
	int len;

	if (!auth->userid_mutual[0] || !auth->password_mutual[0])
		return iser_tgt_login_fail(login, ISER_TGT_LOGIN_AUTH_FAILED,
					   "CHAP: no secret to prove the target with");
	if (strlen(auth->password_mutual) < ISER_TGT_CHAP_SECRET_MIN)
		return iser_tgt_login_fail(login, ISER_TGT_LOGIN_AUTH_FAILED,
					   "CHAP: password_mutual is shorter than 12 bytes");
	len = chap_decode_in_place(login, keys->c, ISER_TGT_CHAP_CHALLENGE_MAX,
				   &challenge);
	if (!iser_tgt_key_number(keys->i, &id) || id > 255 || len < 0)
		return iser_tgt_login_fail(login, ISER_TGT_LOGIN_AUTH_FAILED,
					   "CHAP: malformed challenge");
	if ((size_t)len == login->chap_len &&
	    !crypto_memneq(challenge, login->challenge, login->chap_len))
		return iser_tgt_login_fail(login, ISER_TGT_LOGIN_AUTH_FAILED,
					   "CHAP: own challenge reflected");
	if (!chap_digest(login, (u8)id, auth->password_mutual, challenge,
			 (size_t)len, response))
		return iser_tgt_login_fail(login, ISER_TGT_LOGIN_TARGET_ERROR,
					   "CHAP: digest failed");
	iser_tgt_chap_encode(response, login->chap_len, text);
	iser_tgt_text_add(out, "CHAP_N", 6, auth->userid_mutual);
	iser_tgt_text_add(out, "CHAP_R", 6, text);
	login->auth_mutual = true;
	return ISER_TGT_LOGIN_OK;
}

static u16 chap_response(struct iser_tgt_login *login,
			 const struct iser_tgt_chap_keys *keys,
			 struct iser_tgt_text_out *out)
{
	u16 status;

	if (!keys->n || !keys->r)
		return iser_tgt_login_fail(login, ISER_TGT_LOGIN_MISSING_PARAM,
					   "CHAP: name or response missing");
	if (!keys->i != !keys->c)
		return iser_tgt_login_fail(login, ISER_TGT_LOGIN_MISSING_PARAM,
					   "CHAP: identifier or challenge missing");
	status = chap_verify(login, keys);
	if (status)
		return status;
	if (keys->c) {
		status = chap_prove(login, keys, out);
		if (status)
			return status;
	}
	if (login->late_status)
		return iser_tgt_login_fail(login, login->late_status,
					   login->late_reason);
	login->chap = ISER_TGT_CHAP_DONE;
	login->authenticated = true;
	return ISER_TGT_LOGIN_OK;
}

/**
 * iser_tgt_login_awaits_proof - does the next request answer a CHAP challenge
 * @login: the login
 *
 * Return: true if it does.
 */
bool iser_tgt_login_awaits_proof(const struct iser_tgt_login *login)
{
	return login->chap == ISER_TGT_CHAP_WAIT_R;
}

/**
 * iser_tgt_login_chap - one step of CHAP
 * @login: the login, AuthMethod has been negotiated
 * @keys: CHAP values of this request
 * @out: text of the response
 *
 * RFC 7143 12.1.3 and 9.2.1. The first algorithm of login->chap_order that the
 * initiator offers is chosen. A wrong response, a response that
 * password_mutual would give too, and a reflected challenge are authentication
 * failures, and so is a password_mutual that is too short to prove with. Mutual
 * authentication is up to the initiator: a login without CHAP_C is accepted even
 * if password_mutual is set.
 *
 * Context: same as iser_tgt_login_request().
 *
 * Return: ISER_TGT_LOGIN_OK, or the status to refuse with.
 */
u16 iser_tgt_login_chap(struct iser_tgt_login *login,
			const struct iser_tgt_chap_keys *keys,
			struct iser_tgt_text_out *out)
{
	bool later = keys->i || keys->c || keys->n || keys->r;

	switch (login->chap) {
	case ISER_TGT_CHAP_WAIT_A:
		if (later)
			break;
		if (!keys->a)
			return iser_tgt_login_fail(login,
						   ISER_TGT_LOGIN_MISSING_PARAM,
						   "CHAP: algorithm missing");
		return chap_algorithm(login, keys->a, out);
	case ISER_TGT_CHAP_WAIT_R:
		return chap_response(login, keys, out);
	default:
		if (!later && !keys->a)
			return ISER_TGT_LOGIN_OK;
	}
	return iser_tgt_login_fail(login, ISER_TGT_LOGIN_INIT_ERROR,
				   "CHAP: key out of turn");
}
