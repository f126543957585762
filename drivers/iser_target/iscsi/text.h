/* SPDX-License-Identifier: GPL-2.0 */
/* Key=value text, RFC 7143 6.1, and Text exchanges, 11.10 and 11.11. */
#ifndef ISER_TGT_ISCSI_TEXT_H
#define ISER_TGT_ISCSI_TEXT_H

#include "pdu.h"

#define ISER_TGT_KEY_MAX	63

/**
 * struct iser_tgt_kv - one key=value pair, pointing into the received text
 * @key: not terminated
 * @key_len: length in bytes, 1..63
 * @value: terminated by the NUL that ended it on the wire
 * @value_len: length in bytes without that NUL
 */
struct iser_tgt_kv {
	const char *key;
	size_t key_len;
	const char *value;
	size_t value_len;
};

int iser_tgt_text_next(const char *text, size_t len, size_t *pos,
		       struct iser_tgt_kv *kv);
bool iser_tgt_kv_is(const struct iser_tgt_kv *kv, const char *key);

/**
 * struct iser_tgt_text_out - text being built in a buffer of the caller
 * @buf: the buffer
 * @size: size of @buf in bytes
 * @len: bytes used, NULs included; counts past @size, so that a first pass with
 *	a @size of 0 determines the length
 */
struct iser_tgt_text_out {
	char *buf;
	size_t size;
	size_t len;
};

void iser_tgt_text_add(struct iser_tgt_text_out *out, const char *key,
		       size_t key_len, const char *value);

static inline bool iser_tgt_text_overflowed(const struct iser_tgt_text_out *out)
{
	return out->len > out->size;
}

/**
 * enum iser_tgt_exchange_verdict - what to do with a Text Request
 * @ISER_TGT_EXCHANGE_ANSWER: the text in @in is complete: build the answer,
 *	pass it to iser_tgt_exchange_answer(), send the first piece
 * @ISER_TGT_EXCHANGE_SEND: send the piece that iser_tgt_exchange_piece() builds
 *	(empty if the initiator has more text to send)
 * @ISER_TGT_EXCHANGE_REJECT: send a Reject with @reject
 */
enum iser_tgt_exchange_verdict {
	ISER_TGT_EXCHANGE_ANSWER,
	ISER_TGT_EXCHANGE_SEND,
	ISER_TGT_EXCHANGE_REJECT,
};

/**
 * struct iser_tgt_exchange - one Text exchange; a connection has at most one
 * @in: request text received so far, in a buffer of the caller; not used between
 *	two exchanges, nor after an answer unless @in_more
 * @in_size: size of @in in bytes
 * @in_len: bytes used
 * @out: the whole answer, in a buffer of the caller; must stay valid until the
 *	last piece has been built
 * @out_len: length of @out in bytes
 * @out_pos: bytes sent
 * @piece_max: most bytes of text that a response may carry
 * @seen: keys received so far, bits by enum iser_tgt_key_id
 * @itt: initiator task tag of the exchange
 * @ttt: tag of the pending continuation, ISER_TGT_TAG_RESERVED if none
 * @ttt_next: next value for @ttt
 * @reject: reason for ISER_TGT_EXCHANGE_REJECT
 * @final: the last request had its F bit set
 * @in_more: the last request had its C bit set: more text will follow
 */
struct iser_tgt_exchange {
	char *in;
	size_t in_size;
	size_t in_len;
	const char *out;
	size_t out_len;
	size_t out_pos;
	size_t piece_max;
	u64 seen;
	u32 itt;
	u32 ttt;
	u32 ttt_next;
	u8 reject;
	bool final;
	bool in_more;
};

u8 iser_tgt_keys_reject(const char *text, size_t len, u64 *seen);
void iser_tgt_exchange_init(struct iser_tgt_exchange *x, char *in,
			    size_t in_size, size_t piece_max);
enum iser_tgt_exchange_verdict
iser_tgt_exchange_request(struct iser_tgt_exchange *x,
			  const struct iser_tgt_pdu *pdu, const char *data);
void iser_tgt_exchange_answer(struct iser_tgt_exchange *x, const char *out,
			      size_t out_len);
size_t iser_tgt_exchange_piece(struct iser_tgt_exchange *x, u8 *hdr, u8 *data);

#endif
