// SPDX-License-Identifier: GPL-2.0
#include "keys.h"

/* Unknown keys in a text after the login: each is compared with all before. */
#define UNKNOWN_MAX	512

/**
 * iser_tgt_exchange_init - initialize, with no exchange in progress
 * @x: the exchange
 * @in: buffer for request text
 * @in_size: size of @in in bytes
 * @piece_max: most bytes of text that one response may carry
 *
 * Context: the caller serializes all calls for one exchange.
 */
void iser_tgt_exchange_init(struct iser_tgt_exchange *x, char *in,
			    size_t in_size, size_t piece_max)
{
	memset(x, 0, sizeof(*x));
	x->in = in;
	x->in_size = in_size;
	x->piece_max = piece_max;
	x->ttt = ISER_TGT_TAG_RESERVED;
}

static void exchange_reset(struct iser_tgt_exchange *x)
{
	x->in_len = 0;
	x->in_more = false;
	x->seen = 0;
	x->out = NULL;
	x->out_len = 0;
	x->out_pos = 0;
	x->ttt = ISER_TGT_TAG_RESERVED;
}

static enum iser_tgt_exchange_verdict
exchange_reject(struct iser_tgt_exchange *x, u8 reason)
{
	exchange_reset(x);
	x->reject = reason;
	return ISER_TGT_EXCHANGE_REJECT;
}

/* Returns 0, or the reason to reject the request independent of its text. */
static u8 exchange_check(const struct iser_tgt_exchange *x,
			 const struct iser_tgt_pdu *pdu)
{
	u32 ttt = iser_tgt_pdu_ttt(pdu);

	if (pdu->ahs_len || pdu->itt == ISER_TGT_TAG_RESERVED)
		return ISER_TGT_REJECT_INVALID_FIELD;
	if ((pdu->flags & ISER_TGT_TEXT_CONTINUE) &&
	    (pdu->flags & ISER_TGT_TEXT_FINAL))
		return ISER_TGT_REJECT_PROTOCOL;
	if (ttt != ISER_TGT_TAG_RESERVED &&
	    (ttt != x->ttt || pdu->itt != x->itt))
		return ISER_TGT_REJECT_INVALID_FIELD;
	return 0;
}

/* Whether a pair of @text before @kv, which is one of them, has its key. */
static bool exchange_key_earlier(const char *text, const struct iser_tgt_kv *kv)
{
	const char *pair;

	for (pair = text; pair < kv->key; pair += strlen(pair) + 1)
		/* with the equals sign */
		if (!strncmp(pair, kv->key, kv->key_len + 1))
			return true;

	return false;
}

/**
 * iser_tgt_keys_reject - check the keys of a Text Request
 * @text: its text, complete
 * @len: length of the text in bytes
 * @seen: keys of earlier requests of the same negotiation, added to
 *
 * RFC 7143 6.4: no key twice in a negotiation. Of the keys that this target does
 * not know only those of one request are compared.
 *
 * Return: 0, or the reason to reject the request.
 */
u8 iser_tgt_keys_reject(const char *text, size_t len, u64 *seen)
{
	unsigned int unknown = 0;
	struct iser_tgt_kv kv;
	size_t pos = 0;
	int id, ret;

	for (;;) {
		ret = iser_tgt_text_next(text, len, &pos, &kv);
		if (ret <= 0)
			return ret ? ISER_TGT_REJECT_PROTOCOL : 0;

		id = iser_tgt_key_find(&kv);
		if (id >= 0) {
			if (*seen & BIT_ULL(id))
				return ISER_TGT_REJECT_PROTOCOL;
			*seen |= BIT_ULL(id);
			continue;
		}
		if (++unknown > UNKNOWN_MAX)
			return ISER_TGT_REJECT_RESOURCES;
		if (exchange_key_earlier(text, &kv))
			return ISER_TGT_REJECT_PROTOCOL;
	}
}

/**
 * iser_tgt_exchange_request - process a Text Request
 * @x: the exchange
 * @pdu: the request, its lengths checked
 * @data: its data segment, @pdu->data_len bytes
 *
 * RFC 7143 11.10 and 6.2. A request without a Target Transfer Tag starts a new
 * exchange and discards a pending one; a request with a tag continues it. Until
 * the answer has been sent completely, requests must be empty. An initiator
 * that did not set F in its first request sends another request after the
 * complete answer; that request is answered like a new one, even if it is
 * empty. 6.4: no key twice in an exchange.
 *
 * Context: the caller serializes all calls for one exchange.
 *
 * Return: what to do next.
 */
enum iser_tgt_exchange_verdict
iser_tgt_exchange_request(struct iser_tgt_exchange *x,
			  const struct iser_tgt_pdu *pdu, const char *data)
{
	u8 reason = exchange_check(x, pdu);
	size_t end;

	if (reason)
		return exchange_reject(x, reason);
	if (iser_tgt_pdu_ttt(pdu) == ISER_TGT_TAG_RESERVED) {
		exchange_reset(x);
		x->itt = pdu->itt;
	}
	x->final = pdu->flags & ISER_TGT_TEXT_FINAL;

	if (x->out_pos < x->out_len) {
		if (pdu->data_len || pdu->flags & ISER_TGT_TEXT_CONTINUE)
			return exchange_reject(x, ISER_TGT_REJECT_PROTOCOL);
		return ISER_TGT_EXCHANGE_SEND;
	}

	if (!x->in_more)
		x->in_len = 0;
	if (check_add_overflow(x->in_len, pdu->data_len, &end) ||
	    end > x->in_size)
		return exchange_reject(x, ISER_TGT_REJECT_RESOURCES);
	if (pdu->data_len)
		memcpy(x->in + x->in_len, data, pdu->data_len);
	x->in_len = end;
	x->in_more = pdu->flags & ISER_TGT_TEXT_CONTINUE;
	if (x->in_more)
		return ISER_TGT_EXCHANGE_SEND;

	reason = iser_tgt_keys_reject(x->in, x->in_len, &x->seen);
	return reason ? exchange_reject(x, reason) : ISER_TGT_EXCHANGE_ANSWER;
}

/**
 * iser_tgt_exchange_answer - set the text to answer with
 * @x: the exchange
 * @out: the whole answer; must stay valid until its last piece has been built
 * @out_len: length of @out in bytes, may be 0
 *
 * Context: the caller serializes all calls for one exchange.
 */
void iser_tgt_exchange_answer(struct iser_tgt_exchange *x, const char *out,
			      size_t out_len)
{
	x->out = out;
	x->out_len = out_len;
	x->out_pos = 0;
}

static u32 exchange_take_ttt(struct iser_tgt_exchange *x)
{
	if (x->ttt != ISER_TGT_TAG_RESERVED)
		return x->ttt;
	if (x->ttt_next == ISER_TGT_TAG_RESERVED)
		x->ttt_next = 0;
	return x->ttt_next++;
}

/**
 * iser_tgt_exchange_piece - build the next Text Response
 * @x: the exchange
 * @hdr: ISER_TGT_HDR_LEN bytes, all written
 * @data: buffer for the piece: @x->piece_max bytes
 *
 * RFC 7143 11.11: F is set only if the answer is complete and the initiator has
 * set F too. Every other response carries a Target Transfer Tag.
 *
 * Context: the caller serializes all calls for one exchange.
 *
 * Return: number of bytes of text written to @data.
 */
size_t iser_tgt_exchange_piece(struct iser_tgt_exchange *x, u8 *hdr, u8 *data)
{
	size_t left = x->out_len - x->out_pos;
	size_t len = min(left, x->piece_max);
	u8 flags = 0;

	if (len) {
		memcpy(data, x->out + x->out_pos, len);
		x->out_pos += len;
	}
	if (len < left)
		flags = ISER_TGT_TEXT_CONTINUE;
	else if (x->final && !x->in_more)
		flags = ISER_TGT_TEXT_FINAL;

	if (flags & ISER_TGT_TEXT_FINAL)
		exchange_reset(x);
	else
		x->ttt = exchange_take_ttt(x);
	iser_tgt_pdu_text_rsp(hdr, flags, x->itt, x->ttt, len);
	return len;
}
