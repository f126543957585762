// SPDX-License-Identifier: GPL-2.0
#include "login_private.h"

/* RFC 7143 11.12: offsets of fields that only a Login Request has */
#define LOGIN_BHS_VERSION	2	/* Version-max, Version-min */
#define LOGIN_BHS_ISID		8
#define LOGIN_BHS_TSIH		14
#define LOGIN_VERSION_MIN(v)	((v) & 0xff)

/* Keys an initiator may repeat in the next stage */
#define LOGIN_KEYS_ANY_STAGE	(BIT_ULL(ISER_TGT_KEY_INITIATOR_NAME) |	\
				 BIT_ULL(ISER_TGT_KEY_INITIATOR_ALIAS) | \
				 BIT_ULL(ISER_TGT_KEY_TARGET_NAME) |	\
				 BIT_ULL(ISER_TGT_KEY_SESSION_TYPE))

/**
 * iser_tgt_login_init - initialize a login
 * @login: all written
 * @ops: callbacks into the caller
 * @priv: private to the caller, kept in login->priv
 * @in: ISER_TGT_LOGIN_TEXT_MAX bytes to gather request text in
 * @out: ISER_TGT_LOGIN_TEXT_MAX bytes for response text
 */
void iser_tgt_login_init(struct iser_tgt_login *login,
			 const struct iser_tgt_login_ops *ops, void *priv,
			 char *in, char *out)
{
	memset(login, 0, sizeof(*login));
	login->ops = ops;
	login->priv = priv;
	login->in = in;
	login->out = out;
	login->text_max = ISER_TGT_LOGIN_TEXT_MAX;
	login->chap_order[0] = ISER_TGT_CHAP_SHA3_256;
	login->chap_order[1] = ISER_TGT_CHAP_SHA256;
	login->chap_order[2] = ISER_TGT_CHAP_SHA1;
	login->chap_order[3] = ISER_TGT_CHAP_MD5;
	iser_tgt_keys_defaults(&login->offer);
	iser_tgt_keys_defaults(&login->result);
	login->result.rdma_extensions = false;
}

static void login_build(struct iser_tgt_login *login, u8 flags, u16 tsih)
{
	iser_tgt_pdu_login_rsp(login->rsp_hdr, flags, login->isid, tsih,
			       login->itt, login->status, login->rsp_data_len);
	iser_tgt_pdu_set_sn(login->rsp_hdr, login->stat_sn, login->exp_cmd_sn,
			    login->exp_cmd_sn);
	login->stat_sn++;
}

/**
 * iser_tgt_login_refuse - end a login with an error status
 * @login: the login
 * @status: class and detail; not ISER_TGT_LOGIN_OK
 * @reason: human-readable, a string constant
 *
 * RFC 7143 11.13.5: T, CSG and NSG are reserved in such a response, and a
 * "moved" status carries login->redirect. May be called at any time after
 * iser_tgt_login_init(): before a valid request has been received, and to
 * replace the response that was built for ISER_TGT_LOGIN_ENTER.
 *
 * Return: ISER_TGT_LOGIN_REFUSE.
 */
enum iser_tgt_login_verdict
iser_tgt_login_refuse(struct iser_tgt_login *login, u16 status,
		      const char *reason)
{
	struct iser_tgt_text_out out = {
		.buf = login->out,
		.size = ISER_TGT_LOGIN_TEXT_MAX,
	};

	if (status == ISER_TGT_LOGIN_MOVED_TEMP ||
	    status == ISER_TGT_LOGIN_MOVED_PERM) {
		if (login->redirect) {
			iser_tgt_text_add(&out, "TargetAddress", 13,
					  login->redirect);
		} else {
			status = ISER_TGT_LOGIN_TARGET_ERROR;
			reason = "target moved, but no address is set";
		}
	}
	/* The response that this one replaces was not sent. */
	if (login->entering)
		login->stat_sn--;
	login->entering = false;
	login->ended = true;
	login->status = status;
	login->reason = reason;
	login->rsp_data = login->out;
	login->rsp_data_len = iser_tgt_text_overflowed(&out) ? 0 : out.len;
	login_build(login, 0, login->tsih_sent);
	return ISER_TGT_LOGIN_REFUSE;
}

static enum iser_tgt_login_verdict login_error(struct iser_tgt_login *login,
					       const char *reason)
{
	return iser_tgt_login_refuse(login, ISER_TGT_LOGIN_INIT_ERROR, reason);
}

/* RFC 7143 11.12: these fields are set by the first request for all others. */
static void login_start(struct iser_tgt_login *login,
			const struct iser_tgt_pdu *pdu)
{
	const u8 *bhs = pdu->bhs;

	login->started = true;
	login->version = get_unaligned_be16(bhs + LOGIN_BHS_VERSION);
	memcpy(login->isid, bhs + LOGIN_BHS_ISID, sizeof(login->isid));
	login->tsih = get_unaligned_be16(bhs + LOGIN_BHS_TSIH);
	login->tsih_sent = login->tsih;
	login->cid = iser_tgt_pdu_cid(pdu);
	login->itt = pdu->itt;
	login->exp_cmd_sn = pdu->cmd_sn;
	/* StatSN may start anywhere; start where the initiator expects it */
	login->stat_sn = pdu->exp_stat_sn;
	login->stage = ISER_TGT_LOGIN_CSG(pdu->flags);
}

static bool login_is_same(const struct iser_tgt_login *login,
			  const struct iser_tgt_pdu *pdu)
{
	const u8 *bhs = pdu->bhs;

	return pdu->itt == login->itt &&
	       iser_tgt_pdu_cid(pdu) == login->cid &&
	       get_unaligned_be16(bhs + LOGIN_BHS_VERSION) == login->version &&
	       get_unaligned_be16(bhs + LOGIN_BHS_TSIH) == login->tsih_sent &&
	       !memcmp(bhs + LOGIN_BHS_ISID, login->isid, sizeof(login->isid));
}

/* RFC 7143 11.12.1 to 11.12.3 and the table in 6.3: NULL if valid. */
static const char *login_check_flags(const struct iser_tgt_login *login,
				     u8 flags)
{
	u8 csg = ISER_TGT_LOGIN_CSG(flags);
	u8 nsg = ISER_TGT_LOGIN_NSG(flags);

	if (csg != ISER_TGT_STAGE_SECURITY && csg != ISER_TGT_STAGE_OPERATIONAL)
		return "login stage that is reserved";
	if (csg != login->stage)
		return "login stage other than the current one";
	if (!(flags & ISER_TGT_LOGIN_TRANSIT))
		return NULL;
	if (flags & ISER_TGT_LOGIN_CONTINUE)
		return "transit while text continues";
	if (nsg != ISER_TGT_STAGE_OPERATIONAL && nsg != ISER_TGT_STAGE_FFP)
		return "next login stage that is reserved";
	if (nsg <= csg)
		return "next login stage not behind the current one";
	return NULL;
}

static const char *login_check(const struct iser_tgt_login *login,
			       const struct iser_tgt_pdu *pdu)
{
	if (login->pdus > ISER_TGT_LOGIN_PDUS_MAX)
		return "login takes too many requests";
	if (pdu->itt == ISER_TGT_TAG_RESERVED)
		return "reserved Initiator Task Tag";
	if (!login_is_same(login, pdu))
		return "header changed during login";
	if (pdu->ahs_len)
		return "additional header in a Login Request";
	if (pdu->data_len > ISER_TGT_LOGIN_DATA_MAX)
		return "Login Request too long";
	return login_check_flags(login, pdu->flags);
}

/* RFC 7143 6.3.2: the target chooses NSG, up to the one requested. */
static u8 login_next_stage(const struct iser_tgt_login *login, u8 flags)
{
	/* RDMAExtensions can only be negotiated in the operational stage */
	if (login->stage == ISER_TGT_STAGE_SECURITY && !login->discovery)
		return ISER_TGT_STAGE_OPERATIONAL;
	return ISER_TGT_LOGIN_NSG(flags);
}

/* Send the next part of the answer; change the stage after the last one. */
static enum iser_tgt_login_verdict login_respond(struct iser_tgt_login *login,
						 u8 request_flags)
{
	size_t left = login->out_len - login->out_sent;
	size_t len = min_t(size_t, left, ISER_TGT_LOGIN_DATA_MAX);
	u8 flags = (u8)(login->stage << 2);
	u8 next;

	login->rsp_data = login->out + login->out_sent;
	login->rsp_data_len = len;
	login->out_sent += len;
	if (len < left)
		flags |= ISER_TGT_LOGIN_CONTINUE;
	if (len < left || !(request_flags & ISER_TGT_LOGIN_TRANSIT) ||
	    !iser_tgt_login_may_transit(login)) {
		login_build(login, flags, login->tsih_sent);
		return ISER_TGT_LOGIN_SEND;
	}

	next = login_next_stage(login, request_flags);
	flags |= ISER_TGT_LOGIN_TRANSIT | next;
	login->stage = next;
	login->keys_seen &= ~LOGIN_KEYS_ANY_STAGE;
	if (next != ISER_TGT_STAGE_FFP) {
		login_build(login, flags, login->tsih_sent);
		return ISER_TGT_LOGIN_SEND;
	}
	if (iser_tgt_login_integrity(login))
		return login_error(login, login->reason);
	login->ended = true;
	login->entering = true;
	login_build(login, flags, login->tsih);
	return ISER_TGT_LOGIN_ENTER;
}

static enum iser_tgt_login_verdict login_gather(struct iser_tgt_login *login,
						const struct iser_tgt_pdu *pdu,
						const char *data)
{
	u16 status;
	size_t end;

	if (check_add_overflow(login->in_len, pdu->data_len, &end) ||
	    end > min_t(size_t, login->text_max, ISER_TGT_LOGIN_TEXT_MAX))
		return login_error(login, "login text too long");
	if (pdu->data_len)
		memcpy(login->in + login->in_len, data, pdu->data_len);
	login->in_len = end;
	login->out_len = 0;
	login->out_sent = 0;
	if (pdu->flags & ISER_TGT_LOGIN_CONTINUE)
		return login_respond(login, 0);

	status = iser_tgt_login_text(login,
				     pdu->flags & ISER_TGT_LOGIN_TRANSIT);
	if (status)
		return iser_tgt_login_refuse(login, status, login->reason);
	return login_respond(login, pdu->flags);
}

/**
 * iser_tgt_login_request - process a request and build the response
 * @login: the login
 * @pdu: the received PDU, its lengths checked
 * @data: its data segment, @pdu->data_len bytes
 *
 * RFC 7143 4.2.4, section 6, 11.12, 11.13. The response is in login->rsp_hdr
 * and login->rsp_data and must be sent before the next call. @data is not
 * referenced after the return.
 *
 * Context: may sleep if a callback in login->ops does. The caller serializes
 * all calls for one login.
 *
 * Return: what the caller does next.
 */
enum iser_tgt_login_verdict
iser_tgt_login_request(struct iser_tgt_login *login,
		       const struct iser_tgt_pdu *pdu, const char *data)
{
	const char *wrong;

	if (login->ended)
		return ISER_TGT_LOGIN_DROP;
	if (pdu->opcode != ISER_TGT_OP_LOGIN_REQ) {
		if (login->started)
			return iser_tgt_login_refuse(login,
						     ISER_TGT_LOGIN_INVALID_REQUEST,
						     "request other than Login during login");
		login->ended = true;
		return ISER_TGT_LOGIN_DROP;
	}
	if (!login->started) {
		login_start(login, pdu);
		if (LOGIN_VERSION_MIN(login->version))
			return iser_tgt_login_refuse(login,
						     ISER_TGT_LOGIN_BAD_VERSION,
						     "unsupported iSCSI version");
	}
	login->pdus++;
	wrong = login_check(login, pdu);
	if (wrong)
		return login_error(login, wrong);
	if (login->out_sent < login->out_len) {
		/* RFC 7143 6.2: a response with C gets an empty request */
		if (pdu->data_len || pdu->flags & ISER_TGT_LOGIN_CONTINUE)
			return login_error(login,
					   "text before the answer was complete");
		return login_respond(login, pdu->flags);
	}
	return login_gather(login, pdu, data);
}

/**
 * iser_tgt_login_malformed - answer a PDU whose lengths or headers are wrong
 * @login: the login
 * @pdu: as far as iser_tgt_pdu_parse() could read it
 * @error: the result of iser_tgt_pdu_parse()
 *
 * RFC 7143 4.2.4: a first PDU that is readable but not a Login Request is not
 * answered. Anything else is, so that the peer learns the reason. The response
 * has the tags of the PDU if its header could be read.
 *
 * Context: the caller serializes all calls for one login.
 *
 * Return: ISER_TGT_LOGIN_REFUSE or ISER_TGT_LOGIN_DROP.
 */
enum iser_tgt_login_verdict
iser_tgt_login_malformed(struct iser_tgt_login *login,
			 const struct iser_tgt_pdu *pdu,
			 enum iser_tgt_pdu_error error)
{
	if (login->ended)
		return ISER_TGT_LOGIN_DROP;
	if (pdu->bhs && !login->started) {
		if (pdu->opcode != ISER_TGT_OP_LOGIN_REQ) {
			login->ended = true;
			return ISER_TGT_LOGIN_DROP;
		}
		login_start(login, pdu);
	}
	return login_error(login, iser_tgt_pdu_strerror(error));
}

/**
 * iser_tgt_login_set_tsih - set the TSIH of the final response
 * @login: the login, after ISER_TGT_LOGIN_ENTER
 * @tsih: the session's handle, not 0
 *
 * RFC 7143 11.13.3.
 */
void iser_tgt_login_set_tsih(struct iser_tgt_login *login, u16 tsih)
{
	login->tsih = tsih;
	put_unaligned_be16(tsih, login->rsp_hdr + ISER_TGT_ISER_HDR_LEN +
				 LOGIN_BHS_TSIH);
}

/**
 * iser_tgt_login_wipe - erase the secrets of a login
 * @login: the login; ended by this, but its results may still be read
 */
void iser_tgt_login_wipe(struct iser_tgt_login *login)
{
	login->ended = true;
	memzero_explicit(&login->auth, sizeof(login->auth));
	memzero_explicit(login->challenge, sizeof(login->challenge));
}
