// SPDX-License-Identifier: GPL-2.0
#include "keys.h"

#define NUM_24BIT	0xffffff

/* Spelled out per key, so that every refusal reason names its key. */
#define KEY_AGAIN(_name)	.again = _name " renegotiated"
#define KEY_BAD(_name)		.bad = _name ": no acceptable value"
#define KEY(...)							\
	.name = __VA_ARGS__, KEY_AGAIN(__VA_ARGS__), KEY_BAD(__VA_ARGS__)

#define FIELD(_field)	.offset = offsetof(struct iser_tgt_keys, _field)

#define NAMED(_name, _stage)						\
	{ KEY(_name), .stage = ISER_TGT_KEY_##_stage }

#define NUMBER(_name, _rule, _field, _min, _max, ...)			\
	{ KEY(_name), .stage = ISER_TGT_KEY_OPERATIONAL,		\
	  .rule = ISER_TGT_RULE_##_rule, FIELD(_field),			\
	  .min = _min, .max = _max, ##__VA_ARGS__ }

#define BOOLEAN(_name, _rule, _field, ...)				\
	{ KEY(_name), .stage = ISER_TGT_KEY_OPERATIONAL,		\
	  .rule = ISER_TGT_RULE_##_rule, FIELD(_field), ##__VA_ARGS__ }

#define CHOICE(_name, _rule, _choice, ...)				\
	{ KEY(_name), .stage = ISER_TGT_KEY_OPERATIONAL,		\
	  .rule = ISER_TGT_RULE_##_rule, .choice = _choice, ##__VA_ARGS__ }

const struct iser_tgt_key iser_tgt_key_table[ISER_TGT_KEY_COUNT] = {
	[ISER_TGT_KEY_INITIATOR_NAME] = NAMED("InitiatorName", ANY),
	[ISER_TGT_KEY_INITIATOR_ALIAS] = NAMED("InitiatorAlias", ANY),
	[ISER_TGT_KEY_TARGET_NAME] = NAMED("TargetName", ANY),
	[ISER_TGT_KEY_SESSION_TYPE] = NAMED("SessionType", ANY),

	[ISER_TGT_KEY_TARGET_ALIAS] = NAMED("TargetAlias", NEVER),
	[ISER_TGT_KEY_TARGET_ADDRESS] = NAMED("TargetAddress", NEVER),
	[ISER_TGT_KEY_TPGT] = NAMED("TargetPortalGroupTag", NEVER),
	[ISER_TGT_KEY_SEND_TARGETS] = NAMED("SendTargets", NEVER),

	[ISER_TGT_KEY_AUTH_METHOD] = NAMED("AuthMethod", SECURITY),
	[ISER_TGT_KEY_CHAP_A] = NAMED("CHAP_A", SECURITY),
	[ISER_TGT_KEY_CHAP_I] = NAMED("CHAP_I", SECURITY),
	[ISER_TGT_KEY_CHAP_C] = NAMED("CHAP_C", SECURITY),
	[ISER_TGT_KEY_CHAP_N] = NAMED("CHAP_N", SECURITY),
	[ISER_TGT_KEY_CHAP_R] = NAMED("CHAP_R", SECURITY),

	[ISER_TGT_KEY_KRB_AP_REQ] = NAMED("KRB_AP_REQ", OTHER_METHOD),
	[ISER_TGT_KEY_KRB_AP_REP] = NAMED("KRB_AP_REP", OTHER_METHOD),
	[ISER_TGT_KEY_SRP_U] = NAMED("SRP_U", OTHER_METHOD),
	[ISER_TGT_KEY_SRP_GROUP] = NAMED("SRP_GROUP", OTHER_METHOD),
	[ISER_TGT_KEY_SRP_N] = NAMED("SRP_N", OTHER_METHOD),
	[ISER_TGT_KEY_SRP_G] = NAMED("SRP_g", OTHER_METHOD),
	[ISER_TGT_KEY_SRP_S] = NAMED("SRP_s", OTHER_METHOD),
	[ISER_TGT_KEY_SRP_A] = NAMED("SRP_A", OTHER_METHOD),
	[ISER_TGT_KEY_SRP_B] = NAMED("SRP_B", OTHER_METHOD),
	[ISER_TGT_KEY_SRP_M] = NAMED("SRP_M", OTHER_METHOD),
	[ISER_TGT_KEY_SRP_HM] = NAMED("SRP_HM", OTHER_METHOD),
	[ISER_TGT_KEY_TARGET_AUTH] = NAMED("TargetAuth", OTHER_METHOD),

	[ISER_TGT_KEY_HEADER_DIGEST] =
		CHOICE("HeaderDigest", LIST, "None", .must = true),
	[ISER_TGT_KEY_DATA_DIGEST] =
		CHOICE("DataDigest", LIST, "None", .must = true),
	[ISER_TGT_KEY_MAX_CONNECTIONS] =
		NUMBER("MaxConnections", MIN, max_connections, 1, 65535,
		       .irrelevant = true),
	[ISER_TGT_KEY_INITIAL_R2T] =
		BOOLEAN("InitialR2T", OR, initial_r2t, .irrelevant = true),
	[ISER_TGT_KEY_IMMEDIATE_DATA] =
		BOOLEAN("ImmediateData", AND, immediate_data,
			.irrelevant = true),
	[ISER_TGT_KEY_MAX_RECV_DSL] =
		NUMBER("MaxRecvDataSegmentLength", NUM, max_recv_dsl, 512,
		       NUM_24BIT),
	[ISER_TGT_KEY_MAX_BURST] =
		NUMBER("MaxBurstLength", MIN, max_burst, 512, NUM_24BIT,
		       .irrelevant = true),
	[ISER_TGT_KEY_FIRST_BURST] =
		NUMBER("FirstBurstLength", MIN, first_burst, 512, NUM_24BIT,
		       .irrelevant = true),
	[ISER_TGT_KEY_TIME2WAIT] =
		NUMBER("DefaultTime2Wait", MAX, time2wait, 0, 3600),
	[ISER_TGT_KEY_TIME2RETAIN] =
		NUMBER("DefaultTime2Retain", MIN, time2retain, 0, 3600),
	[ISER_TGT_KEY_MAX_OUTSTANDING_R2T] =
		NUMBER("MaxOutstandingR2T", MIN, max_outstanding_r2t, 1, 65535,
		       .irrelevant = true),
	[ISER_TGT_KEY_DATA_PDU_IN_ORDER] =
		BOOLEAN("DataPDUInOrder", OR, data_pdu_in_order,
			.irrelevant = true),
	[ISER_TGT_KEY_DATA_SEQ_IN_ORDER] =
		BOOLEAN("DataSequenceInOrder", OR, data_seq_in_order,
			.irrelevant = true),
	[ISER_TGT_KEY_ERL] =
		NUMBER("ErrorRecoveryLevel", MIN, erl, 0, 2),
	[ISER_TGT_KEY_TASK_REPORTING] =
		/* With one connection, ResponseFence needs nothing: 4.2.2.3.3 a) */
		CHOICE("TaskReporting", LIST, "RFC3720,ResponseFence",
		       .irrelevant = true),
	[ISER_TGT_KEY_PROTOCOL_LEVEL] =
		NUMBER("iSCSIProtocolLevel", MIN, protocol_level, 0, 31,
		       .irrelevant = true),
	[ISER_TGT_KEY_IF_MARKER] = CHOICE("IFMarker", ANSWER, "No"),
	[ISER_TGT_KEY_OF_MARKER] = CHOICE("OFMarker", ANSWER, "No"),
	[ISER_TGT_KEY_IF_MARK_INT] = CHOICE("IFMarkInt", ANSWER, "Reject"),
	[ISER_TGT_KEY_OF_MARK_INT] = CHOICE("OFMarkInt", ANSWER, "Reject"),
	[ISER_TGT_KEY_NODE_ARCHITECTURE] =
		CHOICE("X#NodeArchitecture", TEXT, NULL),

	[ISER_TGT_KEY_RDMA_EXTENSIONS] = {
		.name = "RDMAExtensions", KEY_AGAIN("RDMAExtensions"),
		.bad = "RDMAExtensions=Yes was not negotiated",
		FIELD(rdma_extensions),
		.stage = ISER_TGT_KEY_OPERATIONAL, .rule = ISER_TGT_RULE_AND,
	},
	[ISER_TGT_KEY_TARGET_RDSL] =
		NUMBER("TargetRecvDataSegmentLength", MIN, target_rdsl, 512,
		       NUM_24BIT),
	[ISER_TGT_KEY_INITIATOR_RDSL] =
		NUMBER("InitiatorRecvDataSegmentLength", MIN, initiator_rdsl,
		       512, NUM_24BIT),
	[ISER_TGT_KEY_MAX_UNEXPECTED] =
		NUMBER("MaxOutstandingUnexpectedPDUs", NUM, max_unexpected, 2,
		       U32_MAX, .zero = true),
	[ISER_TGT_KEY_MAX_AHS] =
		NUMBER("MaxAHSLength", NUM, max_ahs, 2, U32_MAX, .zero = true),
	[ISER_TGT_KEY_SOLICITED_ONLY] =
		BOOLEAN("TaggedBufferForSolicitedDataOnly", BOOL,
			solicited_only),
	[ISER_TGT_KEY_HELLO_REQUIRED] =
		BOOLEAN("iSERHelloRequired", BOOL, hello_required),
};

/**
 * iser_tgt_keys_defaults - set all keys to their default values
 * @keys: all written
 *
 * RFC 7143 section 13 and RFC 7145 section 6, except RDMAExtensions, which is
 * Yes because this target offers it.
 */
void iser_tgt_keys_defaults(struct iser_tgt_keys *keys)
{
	*keys = (struct iser_tgt_keys){
		.max_burst = 262144,
		.first_burst = 65536,
		.initiator_rdsl = ISER_TGT_LOGIN_DATA_MAX,
		.target_rdsl = ISER_TGT_LOGIN_DATA_MAX,
		.max_recv_dsl = ISER_TGT_LOGIN_DATA_MAX,
		.time2wait = 2,
		.time2retain = 20,
		.max_outstanding_r2t = 1,
		.max_connections = 1,
		.max_ahs = 256,
		.protocol_level = 1,
		.initial_r2t = true,
		.immediate_data = true,
		.data_pdu_in_order = true,
		.data_seq_in_order = true,
		.rdma_extensions = true,
	};
}

/**
 * iser_tgt_key_find - look a key up
 * @kv: a pair
 *
 * Return: enum iser_tgt_key_id, or -ENOENT for a key that is not understood.
 */
int iser_tgt_key_find(const struct iser_tgt_kv *kv)
{
	int id;

	for (id = 0; id < ISER_TGT_KEY_COUNT; id++) {
		if (iser_tgt_kv_is(kv, iser_tgt_key_table[id].name))
			return id;
	}
	return -ENOENT;
}

static int key_digit(char c, unsigned int base)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (base == 16 && c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (base == 16 && c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/**
 * iser_tgt_key_number - read a numerical-value
 * @value: NUL-terminated
 * @number: result
 *
 * RFC 7143 6.1: decimal without leading zeros, or hexadecimal after 0x or 0X,
 * below 2^64, without trailing characters.
 *
 * Return: true if @value is a numerical-value.
 */
bool iser_tgt_key_number(const char *value, u64 *number)
{
	unsigned int base = 10;
	u64 n = 0;

	if (value[0] == '0' && (value[1] == 'x' || value[1] == 'X')) {
		base = 16;
		value += 2;
	} else if (value[0] == '0' && value[1]) {
		return false;
	}
	if (!*value)
		return false;
	for (; *value; value++) {
		int digit = key_digit(*value, base);

		if (digit < 0 || check_mul_overflow(n, (u64)base, &n) ||
		    check_add_overflow(n, (u64)digit, &n))
			return false;
	}
	*number = n;
	return true;
}

/* Whether a list-of-values contains @item of @item_len bytes. */
static bool key_list_has(const char *list, const char *item, size_t item_len)
{
	for (;;) {
		size_t len = strcspn(list, ",");

		if (len == item_len && !memcmp(list, item, len))
			return true;
		if (!list[len])
			return false;
		list += len + 1;
	}
}

/**
 * iser_tgt_key_list_first - choose from a list-of-values
 * @list: NUL-terminated, separated by commas, in the order of preference
 * @choices: what this target supports, separated by commas
 * @first: set to the first value of @list that is in @choices
 *
 * RFC 7143 6.2.1.
 *
 * Return: true if there is one.
 */
bool iser_tgt_key_list_first(const char *list, const char *choices,
			     char first[ISER_TGT_KEY_VALUE_MAX])
{
	for (;;) {
		size_t len = strcspn(list, ",");

		if (len && len < ISER_TGT_KEY_VALUE_MAX &&
		    key_list_has(choices, list, len)) {
			memcpy(first, list, len);
			first[len] = '\0';
			return true;
		}
		if (!list[len])
			return false;
		list += len + 1;
	}
}

/**
 * iser_tgt_key_reserved - check for a value that is reserved for answers
 * @value: NUL-terminated
 *
 * RFC 7143 6.2: proposing Reject, Irrelevant or NotUnderstood is a protocol
 * error.
 *
 * Return: true if @value is reserved.
 */
bool iser_tgt_key_reserved(const char *value)
{
	return !strcmp(value, "Reject") || !strcmp(value, "Irrelevant") ||
	       !strcmp(value, "NotUnderstood");
}

static u32 *key_u32(const struct iser_tgt_key *key, struct iser_tgt_keys *keys)
{
	return (u32 *)((char *)keys + key->offset);
}

static u32 key_get_u32(const struct iser_tgt_key *key,
		       const struct iser_tgt_keys *keys)
{
	return *(const u32 *)((const char *)keys + key->offset);
}

static bool *key_bool(const struct iser_tgt_key *key,
		      struct iser_tgt_keys *keys)
{
	return (bool *)((char *)keys + key->offset);
}

static bool key_get_bool(const struct iser_tgt_key *key,
			 const struct iser_tgt_keys *keys)
{
	return *(const bool *)((const char *)keys + key->offset);
}

static bool key_read_u32(const struct iser_tgt_key *key, const char *value,
			 u32 *number)
{
	u64 n;

	if (!iser_tgt_key_number(value, &n))
		return false;
	if ((n < key->min || n > key->max) && !(key->zero && !n))
		return false;
	*number = (u32)n;
	return true;
}

static bool key_read_bool(const char *value, bool *yes)
{
	*yes = !strcmp(value, "Yes");
	return *yes || !strcmp(value, "No");
}

static bool key_is_bool(const struct iser_tgt_key *key)
{
	return key->rule == ISER_TGT_RULE_AND || key->rule == ISER_TGT_RULE_OR;
}

static void key_say_u32(char *answer, u32 number)
{
	snprintf(answer, ISER_TGT_KEY_VALUE_MAX, "%u", number);
}

static void key_say(char *answer, const char *word)
{
	strscpy(answer, word, ISER_TGT_KEY_VALUE_MAX);
}

static void key_answer_number(const struct iser_tgt_key *key,
			      enum iser_tgt_key_id id,
			      const struct iser_tgt_keys *offer,
			      struct iser_tgt_keys *result, const char *value,
			      char *answer)
{
	u32 ours = key_get_u32(key, offer);
	u32 n;

	if (!key_read_u32(key, value, &n)) {
		key_say(answer, "Reject");
		return;
	}
	n = key->rule == ISER_TGT_RULE_MIN ? min(n, ours) : max(n, ours);
	/* RFC 7143 13.14; the caller negotiates MaxBurstLength first */
	if (id == ISER_TGT_KEY_FIRST_BURST)
		n = min(n, result->max_burst);
	*key_u32(key, result) = n;
	key_say_u32(answer, n);
}

static void key_answer_bool(const struct iser_tgt_key *key,
			    const struct iser_tgt_keys *offer,
			    struct iser_tgt_keys *result, const char *value,
			    char *answer)
{
	bool ours = key_get_bool(key, offer);
	bool yes;

	if (!key_read_bool(value, &yes)) {
		key_say(answer, "Reject");
		return;
	}
	yes = key->rule == ISER_TGT_RULE_AND ? yes && ours : yes || ours;
	*key_bool(key, result) = yes;
	key_say(answer, yes ? "Yes" : "No");
}

/*
 * The initiator declared its limit. The target may declare its own under the
 * same key.
 */
static int key_declared_number(const struct iser_tgt_key *key,
			       enum iser_tgt_key_id id,
			       const struct iser_tgt_keys *offer,
			       struct iser_tgt_keys *result, const char *value,
			       char *answer)
{
	u32 ours = key_get_u32(key, offer);
	u32 n;

	if (!key_read_u32(key, value, &n))
		return -EINVAL;
	*key_u32(key, result) = n;
	if (ours && (id == ISER_TGT_KEY_MAX_UNEXPECTED ||
		     id == ISER_TGT_KEY_MAX_AHS))
		key_say_u32(answer, ours);
	return 0;
}

/**
 * iser_tgt_key_answer - process a value the initiator proposes or declares
 * @id: the key, operational
 * @offer: what this target allows
 * @result: the values negotiated so far; updated
 * @value: NUL-terminated
 * @answer: the answer to send; "" if none
 *
 * RFC 7143 6.2.1, 6.2.2 and section 13, RFC 7145 section 6. An inadmissible
 * value of a negotiated key is answered with Reject, which leaves the key
 * unchanged. An inadmissible declared value, and a list of digests without None,
 * fail the negotiation (7.12).
 *
 * Return: 0, or -EINVAL when the negotiation has failed.
 */
int iser_tgt_key_answer(enum iser_tgt_key_id id,
			const struct iser_tgt_keys *offer,
			struct iser_tgt_keys *result, const char *value,
			char answer[ISER_TGT_KEY_VALUE_MAX])
{
	const struct iser_tgt_key *key = &iser_tgt_key_table[id];

	answer[0] = '\0';
	switch (key->rule) {
	case ISER_TGT_RULE_MIN:
	case ISER_TGT_RULE_MAX:
		key_answer_number(key, id, offer, result, value, answer);
		return 0;
	case ISER_TGT_RULE_AND:
	case ISER_TGT_RULE_OR:
		key_answer_bool(key, offer, result, value, answer);
		return 0;
	case ISER_TGT_RULE_NUM:
		return key_declared_number(key, id, offer, result, value,
					   answer);
	case ISER_TGT_RULE_BOOL:
		return key_read_bool(value, key_bool(key, result)) ? 0 :
								     -EINVAL;
	case ISER_TGT_RULE_TEXT:
		return 0;
	case ISER_TGT_RULE_LIST:
		if (iser_tgt_key_list_first(value, key->choice, answer))
			return 0;
		key_say(answer, "Reject");
		return key->must ? -EINVAL : 0;
	case ISER_TGT_RULE_ANSWER:
		key_say(answer, key->choice);
		return 0;
	default:
		return -EINVAL;
	}
}

/**
 * iser_tgt_key_answered - process the answer to a value this target proposed
 * @id: the key, proposed because iser_tgt_key_acceptable() was false for it
 * @offer: the proposed value
 * @result: the values negotiated so far; updated
 * @value: NUL-terminated
 *
 * RFC 7143 6.2.2: the answer must be a possible result of the key's rule. Only
 * keys whose default is not acceptable are proposed, so Reject and
 * NotUnderstood end the login. Irrelevant does too, except for keys that other
 * keys can make irrelevant.
 *
 * Return: 0, or -EINVAL when the negotiation has failed.
 */
int iser_tgt_key_answered(enum iser_tgt_key_id id,
			  const struct iser_tgt_keys *offer,
			  struct iser_tgt_keys *result, const char *value)
{
	const struct iser_tgt_key *key = &iser_tgt_key_table[id];
	bool yes;
	u32 n;

	if (key->irrelevant && !strcmp(value, "Irrelevant")) {
		if (key_is_bool(key))
			*key_bool(key, result) = key_get_bool(key, offer);
		else
			*key_u32(key, result) = key_get_u32(key, offer);
		return 0;
	}
	if (key_is_bool(key)) {
		if (!key_read_bool(value, &yes))
			return -EINVAL;
		*key_bool(key, result) = yes;
	} else {
		if (!key_read_u32(key, value, &n))
			return -EINVAL;
		*key_u32(key, result) = n;
	}
	return iser_tgt_key_acceptable(id, offer, result) ? 0 : -EINVAL;
}

/**
 * iser_tgt_key_acceptable - check the value of a key against the offer
 * @id: the key
 * @offer: what this target allows
 * @result: the values negotiated so far
 *
 * RFC 7143 section 13, "result function".
 *
 * Return: true if the value is acceptable or the key is not negotiated.
 */
bool iser_tgt_key_acceptable(enum iser_tgt_key_id id,
			     const struct iser_tgt_keys *offer,
			     const struct iser_tgt_keys *result)
{
	const struct iser_tgt_key *key = &iser_tgt_key_table[id];

	/* the only key whose default is never acceptable */
	if (id == ISER_TGT_KEY_RDMA_EXTENSIONS)
		return result->rdma_extensions;

	/*
	 * Not worth a proposal: an initiator that does not mention it has no use
	 * for the state, and a proposal costs another round.
	 */
	if (id == ISER_TGT_KEY_TIME2RETAIN)
		return true;

	switch (key->rule) {
	case ISER_TGT_RULE_MIN:
		return key_get_u32(key, result) <= key_get_u32(key, offer);
	case ISER_TGT_RULE_MAX:
		return key_get_u32(key, result) >= key_get_u32(key, offer);
	case ISER_TGT_RULE_AND:
		return !key_get_bool(key, result) || key_get_bool(key, offer);
	case ISER_TGT_RULE_OR:
		return key_get_bool(key, result) || !key_get_bool(key, offer);
	default:
		return true;
	}
}

/**
 * iser_tgt_key_offer - format the value to propose
 * @id: the key, a negotiated number or boolean
 * @offer: what this target allows
 * @value: result
 */
void iser_tgt_key_offer(enum iser_tgt_key_id id,
			const struct iser_tgt_keys *offer,
			char value[ISER_TGT_KEY_VALUE_MAX])
{
	const struct iser_tgt_key *key = &iser_tgt_key_table[id];

	if (key_is_bool(key))
		key_say(value, key_get_bool(key, offer) ? "Yes" : "No");
	else
		key_say_u32(value, key_get_u32(key, offer));
}
