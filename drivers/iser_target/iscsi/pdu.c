// SPDX-License-Identifier: GPL-2.0
#include "pdu.h"

/* Padding of the data segment is optional: ib_iser does not pad. */
#define PDU_PAD		((size_t)4)

/*
 * libiscsi up to 1.19 sets DataSegmentLength of every WRITE as if it sent
 * immediate data, but sends none: the Write STag covers all of the data. A SEND
 * is never truncated in transit, so if the data segment is missing completely
 * the initiator has not sent it.
 */
static bool pdu_data_unsent(const struct iser_tgt_pdu *pdu, size_t end,
			    size_t received)
{
	return received == end && pdu->data_len &&
	       iser_tgt_pdu_write_stag(pdu).sent &&
	       pdu->opcode == ISER_TGT_OP_SCSI_CMD &&
	       (pdu->flags & ISER_TGT_CMD_WRITE);
}

static enum iser_tgt_pdu_error pdu_check_lengths(struct iser_tgt_pdu *pdu,
						 size_t received)
{
	size_t end = ISER_TGT_HDR_LEN;

	if (check_add_overflow(end, pdu->ahs_len, &end) || end > received)
		return ISER_TGT_PDU_AHS;
	if (pdu_data_unsent(pdu, end, received)) {
		pdu->unsent = pdu->data_len;
		pdu->data_len = 0;
	}
	if (check_add_overflow(end, pdu->data_len, &end) || end > received)
		return ISER_TGT_PDU_DATA;
	if (received > round_up(end, PDU_PAD))
		return ISER_TGT_PDU_EXCESS;
	return ISER_TGT_PDU_OK;
}

/* What is wrong with a PDU of which nothing can be read. */
static enum iser_tgt_pdu_error pdu_unreadable(struct iser_tgt_pdu *pdu,
					      const u8 *hdr, size_t received)
{
	memset(pdu, 0, sizeof(*pdu));
	if (received < ISER_TGT_ISER_HDR_LEN)
		return ISER_TGT_PDU_SHORT;
	if ((hdr[0] & ISER_TGT_ISER_OP_MASK) == ISER_TGT_ISER_OP_HELLO)
		return ISER_TGT_PDU_HELLO;
	if (received < ISER_TGT_HDR_LEN)
		return ISER_TGT_PDU_SHORT;
	return ISER_TGT_PDU_ISER_OP;
}

/**
 * iser_tgt_pdu_parse - read the two headers of a received PDU
 * @pdu: result; filled if both headers were received and the iSER header is of
 *	iSCSI control-type, even if the lengths are wrong, so that the caller
 *	can identify the PDU it refuses
 * @hdr: start of the receive buffer; reads at most the smaller of
 *	ISER_TGT_HDR_LEN and @received bytes
 * @received: byte_len of the receive completion
 *
 * RFC 7145 9.1 to 9.3, RFC 7143 11.2. Every length in the headers is checked
 * against @received before it is used.
 *
 * Return: ISER_TGT_PDU_OK, or the first error found.
 */
enum iser_tgt_pdu_error iser_tgt_pdu_parse(struct iser_tgt_pdu *pdu,
					   const u8 *hdr, size_t received)
{
	const u8 *bhs = hdr + ISER_TGT_ISER_HDR_LEN;
	u32 lengths;

	if (received < ISER_TGT_HDR_LEN ||
	    (hdr[0] & ISER_TGT_ISER_OP_MASK) != ISER_TGT_ISER_OP_CTRL)
		return pdu_unreadable(pdu, hdr, received);

	/* All members, so that none need be cleared before. */
	pdu->bhs = bhs;
	pdu->opcode = bhs[0] & ISER_TGT_OP_MASK;
	pdu->immediate = bhs[0] & ISER_TGT_OP_IMMEDIATE;
	pdu->flags = bhs[1];
	/* TotalAHSLength in words, then DataSegmentLength in three bytes */
	lengths = get_unaligned_be32(bhs + 4);
	pdu->ahs_len = (size_t)(lengths >> 24) * 4;
	pdu->data_len = lengths & 0xffffff;
	pdu->unsent = 0;
	pdu->itt = get_unaligned_be32(bhs + 16);
	pdu->cmd_sn = get_unaligned_be32(bhs + 24);
	pdu->exp_stat_sn = get_unaligned_be32(bhs + 28);

	/* Nearly every PDU: what pdu_check_lengths() would find as well. */
	if (!pdu->ahs_len && received - ISER_TGT_HDR_LEN == pdu->data_len)
		return ISER_TGT_PDU_OK;

	return pdu_check_lengths(pdu, received);
}

static const char * const pdu_errors[] = {
	[ISER_TGT_PDU_OK] = "no error",
	[ISER_TGT_PDU_SHORT] = "PDU shorter than its headers",
	[ISER_TGT_PDU_HELLO] = "iSER Hello",
	[ISER_TGT_PDU_ISER_OP] = "unknown iSER opcode",
	[ISER_TGT_PDU_AHS] = "TotalAHSLength above the bytes received",
	[ISER_TGT_PDU_DATA] = "DataSegmentLength above the bytes received",
	[ISER_TGT_PDU_EXCESS] = "more bytes received than the PDU declares",
};

/**
 * iser_tgt_pdu_strerror - describe a PDU error
 * @error: the result of iser_tgt_pdu_parse()
 *
 * Return: a string constant.
 */
const char *iser_tgt_pdu_strerror(enum iser_tgt_pdu_error error)
{
	if ((unsigned int)error >= ARRAY_SIZE(pdu_errors))
		return "unknown PDU error";
	return pdu_errors[error];
}
