// SPDX-License-Identifier: GPL-2.0
#include "login_private.h"

/* State of the processing of one text. */
struct login_text {
	struct iser_tgt_login *login;
	struct iser_tgt_text_out out;
	struct iser_tgt_chap_keys chap;
	const char *first_burst;
	bool names_done;
};

static u16 text_fail(struct login_text *t, u16 status, const char *reason)
{
	return iser_tgt_login_fail(t->login, status, reason);
}

static void text_say(struct login_text *t, enum iser_tgt_key_id id,
		     const char *value)
{
	const char *name = iser_tgt_key_table[id].name;

	iser_tgt_text_add(&t->out, name, strlen(name), value);
}

/* Copy to @name, in lower case; false if the value is not an iSCSI name. */
static bool login_read_name(const struct iser_tgt_login *login,
			    char name[ISER_TGT_NAME_MAX + 1],
			    const struct iser_tgt_kv *kv)
{
	if (kv->value_len > ISER_TGT_NAME_MAX)
		return false;
	memcpy(name, kv->value, kv->value_len + 1);
	iser_tgt_name_fold(name);
	return login->strict_names ? !iser_tgt_name_check_strict(name) :
				     !iser_tgt_name_check(name);
}

/* Replace control characters: the alias is shown to the operator. */
static bool login_read_alias(struct iser_tgt_login *login,
			     const struct iser_tgt_kv *kv)
{
	size_t i;

	if (kv->value_len >= sizeof(login->alias))
		return false;
	memcpy(login->alias, kv->value, kv->value_len + 1);
	for (i = 0; i < kv->value_len; i++) {
		u8 c = (u8)login->alias[i];

		if (c < ' ' || c == 0x7f)
			login->alias[i] = '?';
	}
	return true;
}

static bool login_read_session_type(const char *value, bool *discovery)
{
	*discovery = !strcmp(value, "Discovery");
	return *discovery || !strcmp(value, "Normal");
}

/* RFC 7143 13.4 to 13.7, 13.21: declarations in the first text. */
static u16 login_declare(struct login_text *t, enum iser_tgt_key_id id,
			 const struct iser_tgt_kv *kv)
{
	struct iser_tgt_login *login = t->login;

	switch (id) {
	case ISER_TGT_KEY_INITIATOR_NAME:
		if (login_read_name(login, login->initiator, kv))
			return ISER_TGT_LOGIN_OK;
		return text_fail(t, ISER_TGT_LOGIN_INIT_ERROR,
				 "InitiatorName is no iSCSI name");
	case ISER_TGT_KEY_TARGET_NAME:
		if (login_read_name(login, login->target, kv))
			return ISER_TGT_LOGIN_OK;
		return text_fail(t, ISER_TGT_LOGIN_NOT_FOUND,
				 "TargetName is no iSCSI name");
	case ISER_TGT_KEY_SESSION_TYPE:
		if (login_read_session_type(kv->value, &login->discovery))
			return ISER_TGT_LOGIN_OK;
		return text_fail(t, ISER_TGT_LOGIN_BAD_SESSION_TYPE,
				 "unknown SessionType");
	default:
		if (login_read_alias(login, kv))
			return ISER_TGT_LOGIN_OK;
		return text_fail(t, ISER_TGT_LOGIN_INIT_ERROR,
				 "InitiatorAlias too long");
	}
}

/*
 * libiscsi repeats its names in every stage. Accept that as long as the values
 * are the same: it is not a renegotiation.
 */
static u16 login_declare_again(struct login_text *t, enum iser_tgt_key_id id,
			       const struct iser_tgt_kv *kv)
{
	struct iser_tgt_login *login = t->login;
	char name[ISER_TGT_NAME_MAX + 1];
	bool discovery;
	bool same;

	switch (id) {
	case ISER_TGT_KEY_INITIATOR_NAME:
		same = login_read_name(login, name, kv) &&
		       !strcmp(name, login->initiator);
		break;
	case ISER_TGT_KEY_TARGET_NAME:
		same = login->discovery || (login_read_name(login, name, kv) &&
					    !strcmp(name, login->target));
		break;
	case ISER_TGT_KEY_SESSION_TYPE:
		same = login_read_session_type(kv->value, &discovery) &&
		       discovery == login->discovery;
		break;
	default:
		same = login_read_alias(login, kv);
	}
	if (same)
		return ISER_TGT_LOGIN_OK;
	return text_fail(t, ISER_TGT_LOGIN_INIT_ERROR,
			 iser_tgt_key_table[id].again);
}

static u16 login_see(struct login_text *t, enum iser_tgt_key_id id)
{
	u64 bit = BIT_ULL(id);

	if (t->login->keys_seen & bit)
		return text_fail(t, ISER_TGT_LOGIN_INIT_ERROR,
				 iser_tgt_key_table[id].again);
	t->login->keys_seen |= bit;
	return ISER_TGT_LOGIN_OK;
}

/* RFC 7143 6.3: the first text contains the names, in any order. */
static u16 login_read_names(struct login_text *t)
{
	struct iser_tgt_login *login = t->login;
	struct iser_tgt_kv kv;
	size_t pos = 0;
	u16 status;
	int id, ret;

	for (;;) {
		ret = iser_tgt_text_next(login->in, login->in_len, &pos, &kv);
		if (ret <= 0)
			break;
		id = iser_tgt_key_find(&kv);
		if (id < 0 || iser_tgt_key_table[id].stage != ISER_TGT_KEY_ANY)
			continue;
		status = login_see(t, id);
		if (!status)
			status = login_declare(t, id, &kv);
		if (status)
			return status;
	}
	if (ret)
		return text_fail(t, ISER_TGT_LOGIN_INIT_ERROR,
				 "text that is no key=value pair");
	if (!login->initiator[0])
		return text_fail(t, ISER_TGT_LOGIN_MISSING_PARAM,
				 "InitiatorName missing");
	if (!login->discovery && !login->target[0])
		return text_fail(t, ISER_TGT_LOGIN_MISSING_PARAM,
				 "TargetName missing");
	t->names_done = true;
	return ISER_TGT_LOGIN_OK;
}

static u16 login_identify(struct login_text *t)
{
	struct iser_tgt_login *login = t->login;
	u16 status = login_read_names(t);

	if (status)
		return status;
	login->identified = true;
	status = login->ops->identify(login);
	if (status) {
		if (!login->reason)
			login->reason = "refused";
		return status;
	}
	login->reason = NULL;
	login->offer.initial_r2t = true;
	login->offer.rdma_extensions = true;
	login->offer.max_connections = 1;
	login->offer.erl = 0;
	/* RFC 7143 13.16: the state of a session ends with its connection. */
	login->offer.time2retain = 0;
	login->offer.protocol_level = 1;

	if (login->late_status)
		login->auth_required = true;
	if (!login->auth_required)
		return ISER_TGT_LOGIN_OK;
	if (login->stage != ISER_TGT_STAGE_SECURITY)
		return text_fail(t, ISER_TGT_LOGIN_AUTH_FAILED,
				 "authentication required, but security stage skipped");
	if (!login->auth.userid[0] || !login->auth.password[0])
		return text_fail(t, ISER_TGT_LOGIN_AUTH_FAILED,
				 "authentication required, but no CHAP secret is set");
	return ISER_TGT_LOGIN_OK;
}

/*
 * RFC 7143 12.1 and 6.2.1: the first method of the initiator's list that this
 * target may use. An initiator that lists CHAP before None may want the target
 * authenticated.
 */
static u16 login_auth_method(struct login_text *t, const char *list)
{
	struct iser_tgt_login *login = t->login;
	bool have_secret = login->auth.userid[0] && login->auth.password[0];
	bool offered = login->keys_offered & BIT_ULL(ISER_TGT_KEY_AUTH_METHOD);
	char method[ISER_TGT_KEY_VALUE_MAX];
	const char *usable = "None";

	if (have_secret)
		usable = login->auth_required ? "CHAP" : "CHAP,None";
	if ((have_secret || !login->auth_required) &&
	    iser_tgt_key_list_first(list, usable, method)) {
		if (!strcmp(method, "None")) {
			text_say(t, ISER_TGT_KEY_AUTH_METHOD, method);
			return ISER_TGT_LOGIN_OK;
		}
		if (!offered)
			text_say(t, ISER_TGT_KEY_AUTH_METHOD, "CHAP");
		login->chap = ISER_TGT_CHAP_WAIT_A;
		return ISER_TGT_LOGIN_OK;
	}
	return text_fail(t, ISER_TGT_LOGIN_AUTH_FAILED,
			 login->auth_required ?
			 "authentication required, but CHAP not offered" :
			 "no AuthMethod in common");
}

static u16 login_security_key(struct login_text *t, enum iser_tgt_key_id id,
			      const char *value)
{
	switch (id) {
	case ISER_TGT_KEY_AUTH_METHOD:
		return login_auth_method(t, value);
	case ISER_TGT_KEY_CHAP_A:
		t->chap.a = value;
		break;
	case ISER_TGT_KEY_CHAP_I:
		t->chap.i = value;
		break;
	case ISER_TGT_KEY_CHAP_C:
		t->chap.c = value;
		break;
	case ISER_TGT_KEY_CHAP_N:
		t->chap.n = value;
		break;
	default:
		t->chap.r = value;
	}
	return ISER_TGT_LOGIN_OK;
}

static u16 login_negotiate(struct login_text *t, enum iser_tgt_key_id id,
			   const char *value)
{
	const struct iser_tgt_key *key = &iser_tgt_key_table[id];
	struct iser_tgt_login *login = t->login;
	char answer[ISER_TGT_KEY_VALUE_MAX];

	if (iser_tgt_key_answer(id, &login->offer, &login->result, value,
				answer))
		return text_fail(t, ISER_TGT_LOGIN_INIT_ERROR, key->bad);
	/* the answer is Reject, and the default is not acceptable either */
	if (!login->discovery &&
	    !iser_tgt_key_acceptable(id, &login->offer, &login->result))
		return text_fail(t, ISER_TGT_LOGIN_INIT_ERROR, key->bad);
	if (answer[0])
		text_say(t, id, answer);
	return ISER_TGT_LOGIN_OK;
}

static u16 login_operational_key(struct login_text *t,
				 enum iser_tgt_key_id id, const char *value)
{
	const struct iser_tgt_key *key = &iser_tgt_key_table[id];
	struct iser_tgt_login *login = t->login;

	if (login->keys_offered & BIT_ULL(id)) {
		if (iser_tgt_key_answered(id, &login->offer, &login->result,
					  value))
			return text_fail(t, ISER_TGT_LOGIN_INIT_ERROR,
					 key->bad);
		return ISER_TGT_LOGIN_OK;
	}
	if (iser_tgt_key_reserved(value))
		return text_fail(t, ISER_TGT_LOGIN_INIT_ERROR,
				 "answer to a key that was not proposed");
	if (login->discovery && key->irrelevant) {
		text_say(t, id, "Irrelevant");
		return ISER_TGT_LOGIN_OK;
	}
	/* the result depends on MaxBurstLength, which may follow in the text */
	if (id == ISER_TGT_KEY_FIRST_BURST) {
		t->first_burst = value;
		return ISER_TGT_LOGIN_OK;
	}
	return login_negotiate(t, id, value);
}

static u16 login_key(struct login_text *t, const struct iser_tgt_kv *kv)
{
	struct iser_tgt_login *login = t->login;
	bool security = login->stage == ISER_TGT_STAGE_SECURITY;
	u8 wanted = security ? ISER_TGT_KEY_SECURITY :
			       ISER_TGT_KEY_OPERATIONAL;
	int id = iser_tgt_key_find(kv);
	u8 stage;
	u16 status;

	if (id < 0) {
		iser_tgt_text_add(&t->out, kv->key, kv->key_len,
				  "NotUnderstood");
		return ISER_TGT_LOGIN_OK;
	}
	stage = iser_tgt_key_table[id].stage;
	if (stage == ISER_TGT_KEY_NEVER)
		return text_fail(t, ISER_TGT_LOGIN_INIT_ERROR,
				 "key that no initiator sends in a login");
	if (stage == ISER_TGT_KEY_OTHER_METHOD)
		return text_fail(t, ISER_TGT_LOGIN_INIT_ERROR,
				 "key of an authentication method that was not chosen");
	if (stage == ISER_TGT_KEY_ANY) {
		if (t->names_done)
			return ISER_TGT_LOGIN_OK;
		status = login_see(t, id);
		return status ? status : login_declare_again(t, id, kv);
	}
	if (stage != wanted)
		return text_fail(t, ISER_TGT_LOGIN_INIT_ERROR,
				 "key of another login stage");
	status = login_see(t, id);
	if (status)
		return status;
	return security ? login_security_key(t, id, kv->value) :
			  login_operational_key(t, id, kv->value);
}

static u16 login_read_keys(struct login_text *t)
{
	struct iser_tgt_login *login = t->login;
	struct iser_tgt_kv kv;
	size_t pos = 0;
	u16 status;
	int ret;

	for (;;) {
		ret = iser_tgt_text_next(login->in, login->in_len, &pos, &kv);
		if (ret < 0)
			return text_fail(t, ISER_TGT_LOGIN_INIT_ERROR,
					 "text that is no key=value pair");
		if (!ret)
			return ISER_TGT_LOGIN_OK;
		status = login_key(t, &kv);
		if (status)
			return status;
	}
}

/*
 * RFC 7143 6.3.2: if the initiator enters the security stage without an
 * AuthMethod, propose one, once.
 */
static u16 login_security(struct login_text *t)
{
	struct iser_tgt_login *login = t->login;
	u64 bit = BIT_ULL(ISER_TGT_KEY_AUTH_METHOD);
	bool chosen = login->keys_seen & bit;
	u16 status = login_read_keys(t);

	if (status)
		return status;
	if (login->auth_required && !(login->keys_seen & bit)) {
		if (login->keys_offered & bit)
			return text_fail(t, ISER_TGT_LOGIN_AUTH_FAILED,
					 "authentication required, but CHAP not offered");
		login->keys_offered |= bit;
		text_say(t, ISER_TGT_KEY_AUTH_METHOD, "CHAP");
	}
	/* AuthMethod was negotiated in this text: CHAP_A is in the next one */
	if (login->chap == ISER_TGT_CHAP_WAIT_A && !chosen && !t->chap.a)
		return ISER_TGT_LOGIN_OK;
	return iser_tgt_login_chap(login, &t->chap, &t->out);
}

/*
 * Propose the keys whose default is not acceptable: RDMAExtensions at once
 * (RFC 7145 6.3), the others when the initiator asks to leave the stage and so
 * has no more keys of its own. By then earlier proposals must have been
 * answered, unless the proposal left no choice (RFC 7143 6.2.2).
 */
static u16 login_propose(struct login_text *t, u64 proposed, bool transit)
{
	struct iser_tgt_login *login = t->login;
	char value[ISER_TGT_KEY_VALUE_MAX];
	int id;

	/* RFC 7143 13.14; iser_tgt_login_integrity() checks the final values */
	if (!(login->keys_seen & BIT_ULL(ISER_TGT_KEY_FIRST_BURST)))
		login->offer.first_burst = min(login->offer.first_burst,
					       login->result.max_burst);

	for (id = 0; id < ISER_TGT_KEY_COUNT; id++) {
		const struct iser_tgt_key *key = &iser_tgt_key_table[id];
		u64 bit = BIT_ULL(id);

		if (login->keys_seen & bit ||
		    iser_tgt_key_acceptable(id, &login->offer, &login->result))
			continue;
		if (!(proposed & bit)) {
			if (!transit && id != ISER_TGT_KEY_RDMA_EXTENSIONS)
				continue;
			iser_tgt_key_offer(id, &login->offer, value);
			text_say(t, id, value);
			login->keys_offered |= bit;
		} else if (key->rule == ISER_TGT_RULE_AND &&
			   id != ISER_TGT_KEY_RDMA_EXTENSIONS) {
			iser_tgt_key_answered(id, &login->offer,
					      &login->result, "No");
		} else if (transit) {
			return text_fail(t, ISER_TGT_LOGIN_INIT_ERROR,
					 key->bad);
		}
	}
	return ISER_TGT_LOGIN_OK;
}

static u16 login_operational(struct login_text *t, bool transit)
{
	struct iser_tgt_login *login = t->login;
	u64 proposed = login->keys_offered;
	u16 status = login_read_keys(t);

	if (!status && t->first_burst)
		status = login_negotiate(t, ISER_TGT_KEY_FIRST_BURST,
					 t->first_burst);
	if (!status && !login->discovery)
		status = login_propose(t, proposed, transit);
	return status;
}

/*
 * RFC 7143 13.9: sent in reply to TargetName, which only normal sessions have.
 * A discovery session does not belong to a portal group.
 */
static void login_say_tpgt(struct login_text *t)
{
	char value[ISER_TGT_KEY_VALUE_MAX];

	if (t->login->tpgt_sent || t->login->discovery)
		return;
	t->login->tpgt_sent = true;
	snprintf(value, sizeof(value), "%u", t->login->tpgt);
	text_say(t, ISER_TGT_KEY_TPGT, value);
	/* RFC 7143 13.6 */
	if (t->login->target_alias && *t->login->target_alias)
		text_say(t, ISER_TGT_KEY_TARGET_ALIAS, t->login->target_alias);
}

/**
 * iser_tgt_login_text - answer a complete text
 * @login: the login; reads the text in login->in, writes the answer to
 *	login->out
 * @transit: the initiator has set T to leave the stage
 *
 * RFC 7143 6.2, 6.3 and sections 12 and 13, RFC 7145 section 6.
 *
 * Context: same as iser_tgt_login_request().
 *
 * Return: ISER_TGT_LOGIN_OK, or the status to refuse with.
 */
u16 iser_tgt_login_text(struct iser_tgt_login *login, bool transit)
{
	struct login_text t = {
		.login = login,
		.out = {
			.buf = login->out,
			.size = ISER_TGT_LOGIN_TEXT_MAX,
		},
	};
	u16 status = ISER_TGT_LOGIN_OK;

	BUILD_BUG_ON(ISER_TGT_KEY_COUNT > 64);

	if (!login->identified)
		status = login_identify(&t);
	if (status)
		return status;
	login_say_tpgt(&t);
	if (login->stage == ISER_TGT_STAGE_SECURITY)
		status = login_security(&t);
	else
		status = login_operational(&t, transit);
	if (status)
		return status;
	if (iser_tgt_text_overflowed(&t.out))
		return text_fail(&t, ISER_TGT_LOGIN_INIT_ERROR,
				 "too many keys for one answer");
	login->in_len = 0;
	login->out_len = t.out.len;
	login->out_sent = 0;
	return ISER_TGT_LOGIN_OK;
}

/**
 * iser_tgt_login_may_transit - check whether the current stage is complete
 * @login: the login
 *
 * RFC 7143 6.3: a response with T must not contain keys that need an answer.
 *
 * Return: true if the response may set T.
 */
bool iser_tgt_login_may_transit(const struct iser_tgt_login *login)
{
	int id;

	if (login->stage == ISER_TGT_STAGE_SECURITY)
		return login->chap == ISER_TGT_CHAP_DONE ||
		       (login->chap == ISER_TGT_CHAP_NONE &&
			!login->auth_required);
	if (login->discovery)
		return true;
	for (id = 0; id < ISER_TGT_KEY_COUNT; id++) {
		if (!iser_tgt_key_acceptable(id, &login->offer,
					     &login->result))
			return false;
	}
	return true;
}

/**
 * iser_tgt_login_named_hello - was iSERHelloRequired negotiated
 * @login: the login, about to enter full feature phase
 *
 * Return: true if the initiator has sent the key.
 */
bool iser_tgt_login_named_hello(const struct iser_tgt_login *login)
{
	return login->keys_seen & BIT_ULL(ISER_TGT_KEY_HELLO_REQUIRED);
}

/**
 * iser_tgt_login_integrity - check that the negotiated values are consistent
 * @login: the login, about to enter full feature phase
 *
 * RFC 7143 6.2: checked once, at the end of the negotiation. 13.14:
 * FirstBurstLength must not exceed MaxBurstLength.
 *
 * Return: ISER_TGT_LOGIN_OK, or the status to refuse with.
 */
u16 iser_tgt_login_integrity(struct iser_tgt_login *login)
{
	const struct iser_tgt_keys *keys = &login->result;

	if (login->discovery || keys->first_burst <= keys->max_burst)
		return ISER_TGT_LOGIN_OK;
	return iser_tgt_login_fail(login, ISER_TGT_LOGIN_INIT_ERROR,
				   "FirstBurstLength above MaxBurstLength");
}
