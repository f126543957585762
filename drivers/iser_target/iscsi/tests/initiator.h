/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The initiator side of a login: passes arbitrary Login Requests to
 * iscsi/login.c and checks the responses.
 */
#ifndef ISER_TGT_UNIT_INITIATOR_H
#define ISER_TGT_UNIT_INITIATOR_H

#include "login.h"

#define T ISER_TGT_LOGIN_TRANSIT
#define C ISER_TGT_LOGIN_CONTINUE
#define SECURITY (ISER_TGT_STAGE_SECURITY << 2)
#define OPERATIONAL (ISER_TGT_STAGE_OPERATIONAL << 2)
#define TO_OPERATIONAL (T | ISER_TGT_STAGE_OPERATIONAL)
#define TO_FFP (T | ISER_TGT_STAGE_FFP)

#define SEND ISER_TGT_LOGIN_SEND
#define ENTER ISER_TGT_LOGIN_ENTER
#define REFUSE ISER_TGT_LOGIN_REFUSE
#define DROP ISER_TGT_LOGIN_DROP

#define INITIATOR "iqn.2001-04.com.example:initiator"
#define TARGET "iqn.2001-04.com.example:target"

/* Texts that most logins start with; each pair ends with a NUL. */
#define NAMES "InitiatorName=" INITIATOR "\0TargetName=" TARGET "\0"
#define DISCOVERY "InitiatorName=" INITIATOR "\0SessionType=Discovery\0"
#define RDMA "RDMAExtensions=Yes\0"

struct initiator {
	struct iser_tgt_login login;
	char *in;
	char *out;

	/* result of identify() */
	u16 identify_status;
	const char *identify_reason;
	const char *redirect;
	const char *target_alias;
	u16 tsih;
	bool auth_required;
	u16 late_status;
	const char *userid, *password, *userid_mutual, *password_mutual;
	struct iser_tgt_keys offer;
	unsigned int identified;
	/* failures of digest() and random(); no_digest by algorithm bit, 0: none */
	unsigned int no_digest;
	int digest_error;
	unsigned int digest_errors_after;
	unsigned int digests;
	unsigned int random_errors_after;
	unsigned int randoms;

	/* header of the requests */
	u8 opcode;
	u8 version_max, version_min;
	u8 isid[6];
	u16 tsih_sent;
	u16 cid;
	u32 itt;
	u32 cmd_sn;
	u32 later_cmd_sn;
	u32 exp_stat_sn;
	u8 ahs_words;
	u32 responses;
};

/* What vmlinux sees of these names if the tests are built in. */
#define initiator_new	iser_tgt_test_initiator_new
#define initiator_free	iser_tgt_test_initiator_free
#define login_send	iser_tgt_test_login_send
#define rsp_flags	iser_tgt_test_rsp_flags
#define rsp_status	iser_tgt_test_rsp_status
#define rsp_tsih	iser_tgt_test_rsp_tsih
#define rsp_stat_sn	iser_tgt_test_rsp_stat_sn
#define rsp_value	iser_tgt_test_rsp_value
#define rsp_pairs	iser_tgt_test_rsp_pairs
#define test_digest	iser_tgt_test_digest
#define chap_answer	iser_tgt_test_chap_answer
#define refused		iser_tgt_test_refused

struct initiator *initiator_new(void);
void initiator_free(struct initiator *i);

/* Send one request, check the response; returns the verdict. */
int login_send(struct initiator *i, u8 flags, const char *text, size_t len);
#define SAY(i, flags, text) login_send(i, flags, text, sizeof(text) - 1)
#define SAY_NOTHING(i, flags) login_send(i, flags, "", 0)

/* The response: header fields, text, one pair of it. */
u8 rsp_flags(const struct initiator *i);
u16 rsp_status(const struct initiator *i);
u16 rsp_tsih(const struct initiator *i);
u32 rsp_stat_sn(const struct initiator *i);
const char *rsp_value(const struct initiator *i, const char *key);
size_t rsp_pairs(const struct initiator *i);

/* The digest of both sides; not cryptographic. */
int test_digest(u8 alg, u8 id, const char *secret, size_t secret_len,
		const u8 *challenge, size_t challenge_len,
		u8 out[ISER_TGT_CHAP_DIGEST_MAX]);

/* "CHAP_N=...\0CHAP_R=...\0" for the challenge in the last response. */
size_t chap_answer(const struct initiator *i, const char *name,
		   const char *secret, char *text, size_t size);

void refused(const struct initiator *i, int verdict, u16 status,
	     const char *reason);

#endif
