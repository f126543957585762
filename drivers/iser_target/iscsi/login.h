/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The login phase of one connection, RFC 7143 section 6. Turns each Login
 * Request into a Login Response and a verdict. The caller owns all memory and
 * sends the responses.
 */
#ifndef ISER_TGT_ISCSI_LOGIN_H
#define ISER_TGT_ISCSI_LOGIN_H

#include "keys.h"
#include "name.h"
#include "pdu.h"
#include "status.h"

/* Bytes of text that the initiator may send over several PDUs with C set. */
#define ISER_TGT_LOGIN_TEXT_MAX		16384
/* Login Requests in one login, continuations included; more are refused. */
#define ISER_TGT_LOGIN_PDUS_MAX		64

#define ISER_TGT_AUTH_STR_MAX		256
#define ISER_TGT_ALIAS_MAX		256
#define ISER_TGT_CHAP_DIGEST_MAX	32
#define ISER_TGT_CHAP_CHALLENGE_MAX	1024
/* RFC 7143 9.2.1: secrets should have 96 random bits or more. */
#define ISER_TGT_CHAP_SECRET_MIN	12

/* CHAP_A values: RFC 7143 12.1.3 and the IANA registry */
#define ISER_TGT_CHAP_MD5		5
#define ISER_TGT_CHAP_SHA1		6
#define ISER_TGT_CHAP_SHA256		7
#define ISER_TGT_CHAP_SHA3_256		8
#define ISER_TGT_CHAP_ALGS		4

/**
 * struct iser_tgt_auth - CHAP names and secrets, NUL-terminated, "" if unset
 * @userid: the name the initiator must give
 * @password: the secret it must prove
 * @userid_mutual: the name this target gives
 * @password_mutual: the secret this target proves
 */
struct iser_tgt_auth {
	char userid[ISER_TGT_AUTH_STR_MAX];
	char password[ISER_TGT_AUTH_STR_MAX];
	char userid_mutual[ISER_TGT_AUTH_STR_MAX];
	char password_mutual[ISER_TGT_AUTH_STR_MAX];
};

struct iser_tgt_login;

/**
 * struct iser_tgt_login_ops - callbacks of the login into its caller
 * @identify: called once, when InitiatorName, SessionType and TargetName are
 *	known and before any answer with text. Looks up the target portal group
 *	and the initiator's ACL, fills @offer, @tpgt, @auth_required and @auth,
 *	and decides about the session named by ISID and TSIH. Returns
 *	ISER_TGT_LOGIN_OK or the status to refuse with; sets @reason when it
 *	refuses. Must set @redirect for the two "moved" statuses.
 * @random: fills @buf with @len unpredictable bytes; 0 or a negative errno
 * @digest: CHAP response = H(id, secret, challenge) into @out; returns its
 *	length in bytes, -EOPNOTSUPP if @alg is not available, or another errno
 */
struct iser_tgt_login_ops {
	u16 (*identify)(struct iser_tgt_login *login);
	int (*random)(u8 *buf, size_t len);
	int (*digest)(u8 alg, u8 id, const char *secret, size_t secret_len,
		      const u8 *challenge, size_t challenge_len,
		      u8 out[ISER_TGT_CHAP_DIGEST_MAX]);
};

/**
 * enum iser_tgt_login_verdict - what the caller does next
 * @ISER_TGT_LOGIN_SEND: send the response, wait for the next request
 * @ISER_TGT_LOGIN_ENTER: allocate the session's resources, send the response,
 *	enter full feature phase. If the allocation fails, call
 *	iser_tgt_login_refuse() and send the response it built.
 * @ISER_TGT_LOGIN_REFUSE: send the response, which has an error status, and
 *	close
 * @ISER_TGT_LOGIN_DROP: close at once without a response (RFC 7143 4.2.4: the
 *	first PDU was not a Login Request)
 */
enum iser_tgt_login_verdict {
	ISER_TGT_LOGIN_SEND,
	ISER_TGT_LOGIN_ENTER,
	ISER_TGT_LOGIN_REFUSE,
	ISER_TGT_LOGIN_DROP,
};

enum iser_tgt_login_chap {
	ISER_TGT_CHAP_NONE,
	ISER_TGT_CHAP_WAIT_A,
	ISER_TGT_CHAP_WAIT_R,
	ISER_TGT_CHAP_DONE,
};

/**
 * struct iser_tgt_login - state of one login
 *
 * iser_tgt_login_init() initializes all of it.
 *
 * @ops: callbacks into the caller
 * @priv: private to the caller
 * @initiator: InitiatorName, folded to lower case
 * @target: TargetName, folded to lower case; "" in an unnamed discovery session
 * @alias: InitiatorAlias
 * @isid: as sent
 * @tsih: as sent; the caller sets that of the session before the final response
 *	(in @identify or after ISER_TGT_LOGIN_ENTER by iser_tgt_login_set_tsih());
 *	only the final response carries it
 * @cid: as sent
 * @discovery: SessionType=Discovery
 * @text_max: bytes of text the initiator may send over several requests; the
 *	caller may lower it after iser_tgt_login_init()
 * @strict_names: refuse names that RFC 7143 4.2.7 does not allow; the caller may
 *	set it after iser_tgt_login_init()
 * @tpgt: portal group tag to declare; set by @identify
 * @target_alias: TargetAlias to declare; set by @identify, NULL or "" for none
 * @auth_required: CHAP is required; set by @identify
 * @auth: names and secrets to check it with; set by @identify, erased by
 *	iser_tgt_login_wipe()
 * @late_status: status to refuse with once the initiator has authenticated
 *	itself, which is then required; 0 for none; set by @identify. It must not
 *	learn earlier which names exist.
 * @late_reason: reason of @late_status, a string constant
 * @chap_order: CHAP algorithms allowed, strongest first, 0-terminated; set by
 *	@identify, defaults to SHA3-256, SHA-256, SHA1, MD5
 * @redirect: TargetAddress value for a "moved" status; set by @identify
 * @offer: the values this target allows; set by @identify; defaults otherwise
 * @result: negotiated keys; valid on ISER_TGT_LOGIN_ENTER
 * @authenticated: the initiator has authenticated itself by CHAP
 * @auth_mutual: this target has authenticated itself by CHAP
 * @status: class and detail of the response
 * @reason: human-readable reason of a refusal, a string constant; NULL if none
 * @exp_cmd_sn: CmdSN of the leading request: ExpCmdSN of the session
 * @stat_sn: StatSN of the next response
 * @rsp_hdr: the two headers of the response
 * @rsp_data: the text of the response, valid until the next call
 * @rsp_data_len: length of @rsp_data in bytes
 */
struct iser_tgt_login {
	const struct iser_tgt_login_ops *ops;
	void *priv;

	char initiator[ISER_TGT_NAME_MAX + 1];
	char target[ISER_TGT_NAME_MAX + 1];
	char alias[ISER_TGT_ALIAS_MAX];
	u8 isid[6];
	u16 tsih;
	u16 cid;
	bool discovery;

	size_t text_max;
	bool strict_names;
	u16 tpgt;
	const char *target_alias;
	bool auth_required;
	struct iser_tgt_auth auth;
	u16 late_status;
	const char *late_reason;
	u8 chap_order[ISER_TGT_CHAP_ALGS + 1];
	const char *redirect;
	struct iser_tgt_keys offer;

	struct iser_tgt_keys result;
	bool authenticated;
	bool auth_mutual;
	u16 status;
	const char *reason;
	u32 exp_cmd_sn;
	u32 stat_sn;

	u8 rsp_hdr[ISER_TGT_HDR_LEN];
	const char *rsp_data;
	size_t rsp_data_len;

	/* private: to login*.c */
	char *in;
	size_t in_len;
	char *out;
	size_t out_len;
	size_t out_sent;
	unsigned int pdus;
	u32 itt;
	u16 tsih_sent;
	u16 version;
	u8 stage;
	bool started;
	bool ended;
	bool entering;
	bool identified;
	bool tpgt_sent;
	u64 keys_seen;
	u64 keys_offered;
	enum iser_tgt_login_chap chap;
	u8 chap_alg;
	u8 chap_id;
	size_t chap_len;
	u8 challenge[ISER_TGT_CHAP_DIGEST_MAX];
};

void iser_tgt_login_init(struct iser_tgt_login *login,
			 const struct iser_tgt_login_ops *ops, void *priv,
			 char *in, char *out);
enum iser_tgt_login_verdict
iser_tgt_login_request(struct iser_tgt_login *login,
		       const struct iser_tgt_pdu *pdu, const char *data);
enum iser_tgt_login_verdict
iser_tgt_login_malformed(struct iser_tgt_login *login,
			 const struct iser_tgt_pdu *pdu,
			 enum iser_tgt_pdu_error error);
enum iser_tgt_login_verdict
iser_tgt_login_refuse(struct iser_tgt_login *login, u16 status,
		      const char *reason);
bool iser_tgt_login_awaits_proof(const struct iser_tgt_login *login);
bool iser_tgt_login_named_hello(const struct iser_tgt_login *login);
void iser_tgt_login_set_tsih(struct iser_tgt_login *login, u16 tsih);
void iser_tgt_login_wipe(struct iser_tgt_login *login);

#endif
