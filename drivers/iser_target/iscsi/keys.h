/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Login and operational keys: RFC 7143 section 13, RFC 7145 section 6. One
 * table describes for each key its type, its result function and the stage in
 * which it is allowed. Everything else is driven by that table.
 */
#ifndef ISER_TGT_ISCSI_KEYS_H
#define ISER_TGT_ISCSI_KEYS_H

#include "text.h"

/**
 * struct iser_tgt_keys - values of the operational keys
 *
 * As an offer: the values the administrator allows (param/ of the TPG). As a
 * result: the values in effect for the session. Lengths are in bytes, times in
 * seconds.
 *
 * Fixed, independent of the offer: InitialR2T=Yes, RDMAExtensions=Yes,
 * MaxConnections=1, ErrorRecoveryLevel=0, DefaultTime2Retain=0. In an offer,
 * @max_unexpected and @max_ahs are the values this target declares to an
 * initiator that declares its own; 0 declares nothing.
 *
 * @max_burst: MaxBurstLength, 512..2^24-1
 * @first_burst: FirstBurstLength, 512..2^24-1, result not above @max_burst
 * @initiator_rdsl: InitiatorRecvDataSegmentLength, 512..2^24-1
 * @target_rdsl: TargetRecvDataSegmentLength, 512..2^24-1
 * @max_recv_dsl: MaxRecvDataSegmentLength the initiator declared; only used in
 *	discovery sessions, where RFC 7145 6.2 does not replace it
 * @time2wait: DefaultTime2Wait, 0..3600
 * @time2retain: DefaultTime2Retain, 0..3600
 * @max_outstanding_r2t: MaxOutstandingR2T, 1..65535
 * @max_connections: MaxConnections, 1 on iSER here
 * @erl: ErrorRecoveryLevel, 0 here
 * @max_unexpected: MaxOutstandingUnexpectedPDUs the initiator declared, 0: no
 *	limit
 * @max_ahs: MaxAHSLength the initiator declared
 * @protocol_level: iSCSIProtocolLevel, at most 1
 * @initial_r2t: InitialR2T; always Yes as a result
 * @immediate_data: ImmediateData
 * @data_pdu_in_order: DataPDUInOrder
 * @data_seq_in_order: DataSequenceInOrder
 * @rdma_extensions: RDMAExtensions
 * @hello_required: iSERHelloRequired
 * @solicited_only: TaggedBufferForSolicitedDataOnly
 */
struct iser_tgt_keys {
	u32 max_burst;
	u32 first_burst;
	u32 initiator_rdsl;
	u32 target_rdsl;
	u32 max_recv_dsl;
	u32 time2wait;
	u32 time2retain;
	u32 max_outstanding_r2t;
	u32 max_connections;
	u32 erl;
	u32 max_unexpected;
	u32 max_ahs;
	u32 protocol_level;
	bool initial_r2t;
	bool immediate_data;
	bool data_pdu_in_order;
	bool data_seq_in_order;
	bool rdma_extensions;
	bool hello_required;
	bool solicited_only;
};

void iser_tgt_keys_defaults(struct iser_tgt_keys *keys);

/*
 * The rest of this file is internal to login*.c and keys.c.
 */

/* Every key this target understands. Also used as bit numbers in a u64. */
enum iser_tgt_key_id {
	/* declared by the initiator, in any stage */
	ISER_TGT_KEY_INITIATOR_NAME,
	ISER_TGT_KEY_INITIATOR_ALIAS,
	ISER_TGT_KEY_TARGET_NAME,
	ISER_TGT_KEY_SESSION_TYPE,
	/* an initiator must not send these in a login */
	ISER_TGT_KEY_TARGET_ALIAS,
	ISER_TGT_KEY_TARGET_ADDRESS,
	ISER_TGT_KEY_TPGT,
	ISER_TGT_KEY_SEND_TARGETS,
	/* security stage */
	ISER_TGT_KEY_AUTH_METHOD,
	ISER_TGT_KEY_CHAP_A,
	ISER_TGT_KEY_CHAP_I,
	ISER_TGT_KEY_CHAP_C,
	ISER_TGT_KEY_CHAP_N,
	ISER_TGT_KEY_CHAP_R,
	/* the same, of methods that this target does not offer */
	ISER_TGT_KEY_KRB_AP_REQ,
	ISER_TGT_KEY_KRB_AP_REP,
	ISER_TGT_KEY_SRP_U,
	ISER_TGT_KEY_SRP_GROUP,
	ISER_TGT_KEY_SRP_N,
	ISER_TGT_KEY_SRP_G,
	ISER_TGT_KEY_SRP_S,
	ISER_TGT_KEY_SRP_A,
	ISER_TGT_KEY_SRP_B,
	ISER_TGT_KEY_SRP_M,
	ISER_TGT_KEY_SRP_HM,
	ISER_TGT_KEY_TARGET_AUTH,
	/* operational stage, RFC 7143 section 13 */
	ISER_TGT_KEY_HEADER_DIGEST,
	ISER_TGT_KEY_DATA_DIGEST,
	ISER_TGT_KEY_MAX_CONNECTIONS,
	ISER_TGT_KEY_INITIAL_R2T,
	ISER_TGT_KEY_IMMEDIATE_DATA,
	ISER_TGT_KEY_MAX_RECV_DSL,
	ISER_TGT_KEY_MAX_BURST,
	ISER_TGT_KEY_FIRST_BURST,
	ISER_TGT_KEY_TIME2WAIT,
	ISER_TGT_KEY_TIME2RETAIN,
	ISER_TGT_KEY_MAX_OUTSTANDING_R2T,
	ISER_TGT_KEY_DATA_PDU_IN_ORDER,
	ISER_TGT_KEY_DATA_SEQ_IN_ORDER,
	ISER_TGT_KEY_ERL,
	ISER_TGT_KEY_TASK_REPORTING,
	ISER_TGT_KEY_PROTOCOL_LEVEL,
	ISER_TGT_KEY_IF_MARKER,
	ISER_TGT_KEY_OF_MARKER,
	ISER_TGT_KEY_IF_MARK_INT,
	ISER_TGT_KEY_OF_MARK_INT,
	ISER_TGT_KEY_NODE_ARCHITECTURE,
	/* operational stage, RFC 7145 section 6 */
	ISER_TGT_KEY_RDMA_EXTENSIONS,
	ISER_TGT_KEY_TARGET_RDSL,
	ISER_TGT_KEY_INITIATOR_RDSL,
	ISER_TGT_KEY_MAX_UNEXPECTED,
	ISER_TGT_KEY_MAX_AHS,
	ISER_TGT_KEY_SOLICITED_ONLY,
	ISER_TGT_KEY_HELLO_REQUIRED,
	ISER_TGT_KEY_COUNT,
};

/**
 * enum iser_tgt_key_stage - login stage in which an initiator may send a key
 * @ISER_TGT_KEY_NEVER: in none
 * @ISER_TGT_KEY_OTHER_METHOD: in none: its authentication method is not offered
 * @ISER_TGT_KEY_ANY: in both stages
 * @ISER_TGT_KEY_SECURITY: in the security stage
 * @ISER_TGT_KEY_OPERATIONAL: in the operational stage
 */
enum iser_tgt_key_stage {
	ISER_TGT_KEY_NEVER,
	ISER_TGT_KEY_OTHER_METHOD,
	ISER_TGT_KEY_ANY,
	ISER_TGT_KEY_SECURITY,
	ISER_TGT_KEY_OPERATIONAL,
};

/**
 * enum iser_tgt_key_rule - how the value of an operational key is determined
 * @ISER_TGT_RULE_NONE: not determined by a rule: names and security keys
 * @ISER_TGT_RULE_MIN: number, the minimum of both sides
 * @ISER_TGT_RULE_MAX: number, the maximum of both sides
 * @ISER_TGT_RULE_AND: Yes if both sides say Yes
 * @ISER_TGT_RULE_OR: Yes if either side says Yes
 * @ISER_TGT_RULE_NUM: number the initiator declares
 * @ISER_TGT_RULE_BOOL: Yes or No the initiator declares
 * @ISER_TGT_RULE_TEXT: declared by the initiator and ignored
 * @ISER_TGT_RULE_LIST: the first value of the list that is among our choices
 * @ISER_TGT_RULE_ANSWER: the same answer to every proposal
 */
enum iser_tgt_key_rule {
	ISER_TGT_RULE_NONE,
	ISER_TGT_RULE_MIN,
	ISER_TGT_RULE_MAX,
	ISER_TGT_RULE_AND,
	ISER_TGT_RULE_OR,
	ISER_TGT_RULE_NUM,
	ISER_TGT_RULE_BOOL,
	ISER_TGT_RULE_TEXT,
	ISER_TGT_RULE_LIST,
	ISER_TGT_RULE_ANSWER,
};

/**
 * struct iser_tgt_key - a row of the key table
 * @name: the key
 * @again: refusal reason: the key was sent twice
 * @bad: refusal reason: the value is inadmissible
 * @stage: login stage in which it may be sent, enum iser_tgt_key_stage
 * @rule: how its value is determined, enum iser_tgt_key_rule
 * @offset: offset of its value in struct iser_tgt_keys
 * @min: smallest number; with @zero, 0 is allowed as well
 * @max: largest number
 * @zero: 0 is allowed and means "no limit"
 * @irrelevant: the key is irrelevant in discovery sessions
 * @must: a list without one of @choice ends the login
 * @choice: the fixed answer; for lists, our choices separated by commas
 */
struct iser_tgt_key {
	const char *name;
	const char *again;
	const char *bad;
	u8 stage;
	u8 rule;
	u16 offset;
	u32 min;
	u32 max;
	bool zero;
	bool irrelevant;
	bool must;
	const char *choice;
};

extern const struct iser_tgt_key iser_tgt_key_table[ISER_TGT_KEY_COUNT];

/* "4294967295" and its NUL, and "NotUnderstood" */
#define ISER_TGT_KEY_VALUE_MAX	16

int iser_tgt_key_find(const struct iser_tgt_kv *kv);
bool iser_tgt_key_number(const char *value, u64 *number);
bool iser_tgt_key_list_first(const char *list, const char *choices,
			     char first[ISER_TGT_KEY_VALUE_MAX]);
bool iser_tgt_key_reserved(const char *value);
int iser_tgt_key_answer(enum iser_tgt_key_id id,
			const struct iser_tgt_keys *offer,
			struct iser_tgt_keys *result, const char *value,
			char answer[ISER_TGT_KEY_VALUE_MAX]);
int iser_tgt_key_answered(enum iser_tgt_key_id id,
			  const struct iser_tgt_keys *offer,
			  struct iser_tgt_keys *result, const char *value);
bool iser_tgt_key_acceptable(enum iser_tgt_key_id id,
			     const struct iser_tgt_keys *offer,
			     const struct iser_tgt_keys *result);
void iser_tgt_key_offer(enum iser_tgt_key_id id,
			const struct iser_tgt_keys *offer,
			char value[ISER_TGT_KEY_VALUE_MAX]);

#endif
