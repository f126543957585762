// SPDX-License-Identifier: GPL-2.0
#include "text.h"

/**
 * iser_tgt_exchange_init - prepare an exchange
 * @x: the exchange
 * @in: buffer for request text
 * @in_size: bytes of @in
 * @piece_max: bytes of text one response may carry
 *
 * The caller serializes all calls for one exchange.
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

/* 0, or the reason to reject a request whatever its text says. */
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

/**
 * iser_tgt_exchange_request - take a Text Request in
 * @x: the exchange
 * @pdu: the request, its lengths checked
 * @data: its data segment, @pdu->data_len bytes
 *
 * RFC 7143 11.10 and 6.2. A request without a Target Transfer Tag starts a new
 * exchange and drops the pending one; a request with it continues. Until the
 * whole answer was sent, requests must be empty. A continuation after that, from
 * an initiator that did not set F at first, is answered like a new request, even
 * if it is empty. The caller serializes all calls for one exchange.
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
	return x->in_more ? ISER_TGT_EXCHANGE_SEND : ISER_TGT_EXCHANGE_ANSWER;
}

/**
 * iser_tgt_exchange_answer - set the text to answer with
 * @x: the exchange
 * @out: the whole answer; must stay until its last piece was built
 * @out_len: bytes of it, possibly 0
 *
 * The caller serializes all calls for one exchange.
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
 * @data: room for the piece: @x->piece_max bytes
 *
 * RFC 7143 11.11: final only if all was sent and the initiator said final too;
 * a Target Transfer Tag on every other response. The caller serializes all calls
 * for one exchange.
 *
 * Return: bytes of text put into @data.
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
