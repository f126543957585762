// SPDX-License-Identifier: GPL-2.0
#include "pdu.h"

#define AHS_CODE_MASK		0x3f
#define AHS_CODE_CDB		1
#define AHS_CODE_BIDI		2
/* AHSLength covers what follows AHSType: not the first three bytes. */
#define AHS_LEN_FROM		3
#define AHS_CONTENT		4
/* RFC 7143 11.2.2.3: AHSLength is the CDB's length minus 15. */
#define AHS_CDB_LEN_MIN		2
#define AHS_CDB_LEN_MAX		(ISER_TGT_CDB_MAX - 15)
#define AHS_BIDI_LEN		5

static int ahs_one(struct iser_tgt_ahs *ahs, const u8 *seg, size_t ahs_len)
{
	switch (seg[2] & AHS_CODE_MASK) {
	case AHS_CODE_CDB:
		if (ahs->cdb_tail_len || ahs_len < AHS_CDB_LEN_MIN ||
		    ahs_len > AHS_CDB_LEN_MAX)
			return -EINVAL;
		ahs->cdb_tail = seg + AHS_CONTENT;
		ahs->cdb_tail_len = ahs_len - 1;
		return 0;
	case AHS_CODE_BIDI:
		if (ahs->bidi || ahs_len != AHS_BIDI_LEN)
			return -EINVAL;
		ahs->bidi = true;
		ahs->bidi_len = get_unaligned_be32(seg + AHS_CONTENT);
		return 0;
	default:
		return -EINVAL;
	}
}

/**
 * iser_tgt_ahs_parse - read the additional header segments of a SCSI command
 * @ahs: result; empty when there is an error
 * @buf: the segments, as received after the BHS
 * @len: their length in bytes: iser_tgt_pdu.ahs_len, already checked against
 *	the bytes received
 *
 * RFC 7143 11.2.2: an extended CDB and a bidirectional read length, each at
 * most once. A reserved type is a protocol error. A segment that extends past
 * @len, or whose length does not fit its type, is a format error.
 *
 * Return: 0, or -EINVAL.
 */
int iser_tgt_ahs_parse(struct iser_tgt_ahs *ahs, const u8 *buf, size_t len)
{
	size_t pos = 0;

	memset(ahs, 0, sizeof(*ahs));
	while (pos < len) {
		const u8 *seg = buf + pos;
		size_t left = len - pos;
		size_t ahs_len, whole;

		if (left < AHS_CONTENT)
			goto bad;
		ahs_len = get_unaligned_be16(seg);
		whole = round_up(AHS_LEN_FROM + ahs_len, (size_t)4);
		if (whole > left || ahs_one(ahs, seg, ahs_len))
			goto bad;
		pos += whole;
	}
	return 0;
bad:
	memset(ahs, 0, sizeof(*ahs));
	return -EINVAL;
}
