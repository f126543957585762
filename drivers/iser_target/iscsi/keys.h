/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Login and operational keys: RFC 7143 section 13, RFC 7145 section 6. One
 * table has the type, the result function and the stage of each key, and drives
 * the negotiation.
 */
#ifndef ISER_TGT_ISCSI_KEYS_H
#define ISER_TGT_ISCSI_KEYS_H

#include "text.h"

/**
 * struct iser_tgt_keys - values of the operational keys
 *
 * As an offer: what the administrator allows (param/ of the TPG). As a result:
 * what holds for the session. Lengths are bytes, times are seconds.
 *
 * Not the administrator's choice, whatever an offer says: InitialR2T=Yes,
 * RDMAExtensions=Yes, MaxConnections=1, ErrorRecoveryLevel=0. In an offer
 * @max_unexpected and @max_ahs are what this target declares to an initiator
 * that declares its own; 0 declares nothing.
 *
 * @max_burst: MaxBurstLength, 512..2^24-1
 * @first_burst: FirstBurstLength, 512..2^24-1, result not above @max_burst
 * @initiator_rdsl: InitiatorRecvDataSegmentLength, 512..2^24-1
 * @target_rdsl: TargetRecvDataSegmentLength, 512..2^24-1
 * @max_recv_dsl: MaxRecvDataSegmentLength the initiator declared; only used
 *	where RFC 7145 6.2 does not replace it, in discovery sessions
 * @time2wait: DefaultTime2Wait, 0..3600
 * @time2retain: DefaultTime2Retain, 0..3600
 * @max_outstanding_r2t: MaxOutstandingR2T, 1..65535
 * @max_connections: MaxConnections, 1 on iSER here
 * @erl: ErrorRecoveryLevel, 0 here
 * @max_unexpected: MaxOutstandingUnexpectedPDUs the initiator declared, 0: any
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
 * The rest is between login*.c and keys.c.
 */

/* Every key this target understands; each also a bit in a u64. */
enum iser_tgt_key_id {
	/* what the initiator says of itself, in any stage */
	ISER_TGT_KEY_INITIATOR_NAME,
	ISER_TGT_KEY_INITIATOR_ALIAS,
	ISER_TGT_KEY_TARGET_NAME,
	ISER_TGT_KEY_SESSION_TYPE,
	/* never an initiator's to send in a login */
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
 * enum iser_tgt_key_stage - where in a login a key may come from an initiator
 * @ISER_TGT_KEY_NEVER: nowhere
 * @ISER_TGT_KEY_ANY: in both stages
 * @ISER_TGT_KEY_SECURITY: in the security stage
 * @ISER_TGT_KEY_OPERATIONAL: in the operational stage
 */
enum iser_tgt_key_stage {
	ISER_TGT_KEY_NEVER,
	ISER_TGT_KEY_ANY,
	ISER_TGT_KEY_SECURITY,
	ISER_TGT_KEY_OPERATIONAL,
};

/**
 * enum iser_tgt_key_rule - the result function of an operational key
 * @ISER_TGT_RULE_NONE: not negotiated here: names and security keys
 * @ISER_TGT_RULE_MIN: number, the smaller one holds
 * @ISER_TGT_RULE_MAX: number, the larger one holds
 * @ISER_TGT_RULE_AND: Yes if both say Yes
 * @ISER_TGT_RULE_OR: Yes if one says Yes
 * @ISER_TGT_RULE_NUM: number the initiator declares
 * @ISER_TGT_RULE_BOOL: Yes or No the initiator declares
 * @ISER_TGT_RULE_TEXT: declared, without effect
 * @ISER_TGT_RULE_LIST: the only choice we know, if it is in the list
 * @ISER_TGT_RULE_ANSWER: the same answer whatever was proposed
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
 * @again: reason for a refusal: given twice
 * @bad: reason for a refusal: no acceptable value
 * @stage: the login stage it may be sent in
 * @rule: its result function
 * @offset: of its value in struct iser_tgt_keys
 * @min: smallest number; 0 is allowed besides with @zero
 * @max: largest number
 * @zero: 0 means "no limit"
 * @irrelevant: in discovery sessions
 * @must: a list without our choice ends the login
 * @choice: for lists and fixed answers
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
bool iser_tgt_key_list_has(const char *list, const char *item);
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
