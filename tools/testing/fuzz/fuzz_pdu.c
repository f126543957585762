// SPDX-License-Identifier: GPL-2.0
/* The input is one SEND as it was received: both headers, AHS, data. */
#include "fuzz.h"
#include "hello.h"
#include "pdu.h"

static void check_ahs(const u8 *bytes, size_t len)
{
	u8 *segments = exactly(bytes, len);
	struct iser_tgt_ahs ahs;
	u8 sum = 0;
	size_t i;

	if (!iser_tgt_ahs_parse(&ahs, segments, len)) {
		MUST(ahs.cdb_tail_len <=
		     ISER_TGT_CDB_MAX - ISER_TGT_CDB_BHS_LEN);
		for (i = 0; i < ahs.cdb_tail_len; i++)
			sum ^= ahs.cdb_tail[i];
		if (ahs.cdb_tail_len)
			MUST(ahs.cdb_tail >= segments &&
			     ahs.cdb_tail + ahs.cdb_tail_len <= segments + len);
		if (ahs.bidi)
			sum ^= (u8)ahs.bidi_len;
	} else {
		MUST(!ahs.cdb_tail && !ahs.cdb_tail_len && !ahs.bidi);
	}
	/* use the sum, or the reads above are optimized away */
	__asm__ volatile("" : : "r"(sum));
	free(segments);
}

static void check_hello(const u8 *hello, size_t received)
{
	u8 *reply = malloc(ISER_TGT_ISER_HDR_LEN);
	u16 ord = 16;

	MUST(reply);
	if (iser_tgt_hello(hello, received, reply, &ord) !=
	    ISER_TGT_HELLO_MALFORMED)
		MUST(received == ISER_TGT_ISER_HDR_LEN && ord <= 16 &&
		     get_unaligned_be16(reply + 2) == ord);
	free(reply);
}

int LLVMFuzzerTestOneInput(const u8 *input, size_t size)
{
	size_t hdr_len = min_t(size_t, size, ISER_TGT_HDR_LEN);
	u8 *hdr = exactly(input, hdr_len);
	enum iser_tgt_pdu_error error;
	struct iser_tgt_pdu pdu;

	error = iser_tgt_pdu_parse(&pdu, hdr, size);
	MUST(iser_tgt_pdu_strerror(error));
	MUST((error == ISER_TGT_PDU_SHORT || error == ISER_TGT_PDU_HELLO ||
	      error == ISER_TGT_PDU_ISER_OP) == !pdu.bhs);
	if (pdu.bhs) {
		MUST(iser_tgt_pdu_write_stag(&pdu).sent ==
		     (hdr[0] & ISER_TGT_ISER_WSV));
		MUST(iser_tgt_pdu_read_stag(&pdu).sent ==
		     (hdr[0] & ISER_TGT_ISER_RSV));
	}
	if (error == ISER_TGT_PDU_HELLO)
		check_hello(hdr, size);
	if (error == ISER_TGT_PDU_OK) {
		MUST(ISER_TGT_HDR_LEN + pdu.ahs_len + pdu.data_len <= size);
		check_ahs(input + ISER_TGT_HDR_LEN, pdu.ahs_len);
	}
	/* parse everything after the headers as segments, too */
	if (size > ISER_TGT_HDR_LEN)
		check_ahs(input + ISER_TGT_HDR_LEN,
			  min_t(size_t, size - ISER_TGT_HDR_LEN,
				ISER_TGT_AHS_MAX));
	free(hdr);
	return 0;
}
