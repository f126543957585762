/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PDUs on the wire: the 28-byte iSER header of RFC 7145 section 9, the
 * 48-byte basic header segment of RFC 7143 section 11, and the additional
 * header segments between it and the data.
 */
#ifndef ISER_TGT_ISCSI_PDU_H
#define ISER_TGT_ISCSI_PDU_H

#include "base.h"
#include "codes.h"

#define ISER_TGT_ISER_HDR_LEN	28
#define ISER_TGT_BHS_LEN	48
#define ISER_TGT_HDR_LEN	(ISER_TGT_ISER_HDR_LEN + ISER_TGT_BHS_LEN)

/* RFC 7143 11.2.1.5: TotalAHSLength counts 4-byte words in one byte. */
#define ISER_TGT_AHS_MAX	(255 * 4)
/* RFC 7143 11.2.2.3: 16 bytes are in the BHS, the rest in an AHS. */
#define ISER_TGT_CDB_BHS_LEN	16
#define ISER_TGT_CDB_MAX	260

/*
 * Linux ib_iser and libiscsi post receive buffers for no more than this after
 * login, regardless of the length they declare.
 */
#define ISER_TGT_FFP_DATA_MAX	128
/* RFC 7143 13.12: the data segment both sides must accept during login. */
#define ISER_TGT_LOGIN_DATA_MAX	8192

#define ISER_TGT_TAG_RESERVED	0xffffffffU

/**
 * enum iser_tgt_pdu_error - what is wrong with a received PDU
 * @ISER_TGT_PDU_OK: nothing
 * @ISER_TGT_PDU_SHORT: fewer bytes than the two fixed headers
 * @ISER_TGT_PDU_HELLO: an iSER Hello, RFC 7145 9.3
 * @ISER_TGT_PDU_ISER_OP: an iSER opcode other than iSCSI control-type
 * @ISER_TGT_PDU_AHS: TotalAHSLength exceeds the bytes received
 * @ISER_TGT_PDU_DATA: DataSegmentLength exceeds the bytes received
 * @ISER_TGT_PDU_EXCESS: more bytes received than the length fields cover
 */
enum iser_tgt_pdu_error {
	ISER_TGT_PDU_OK,
	ISER_TGT_PDU_SHORT,
	ISER_TGT_PDU_HELLO,
	ISER_TGT_PDU_ISER_OP,
	ISER_TGT_PDU_AHS,
	ISER_TGT_PDU_DATA,
	ISER_TGT_PDU_EXCESS,
};

/**
 * struct iser_tgt_pdu - a received PDU after its lengths were checked
 * @bhs: the 48-byte basic header segment, in the receive buffer
 * @opcode: without the immediate bit
 * @flags: byte 1 of the BHS
 * @immediate: delivered outside the CmdSN order
 * @itt: initiator task tag, host order, only compared and echoed
 * @cmd_sn: CmdSN of any request but SNACK and Data-Out
 * @exp_stat_sn: ExpStatSN
 * @ahs_len: bytes of additional header segments after the BHS
 * @data_len: bytes of data segment after those, without padding
 * @unsent: bytes of immediate data a WRITE declares but does not carry
 *
 * The STags stay in the receive buffer, in front of @bhs: iser_tgt_pdu_read_stag().
 */
struct iser_tgt_pdu {
	const u8 *bhs;
	u8 opcode;
	u8 flags;
	bool immediate;
	u32 itt;
	u32 cmd_sn;
	u32 exp_stat_sn;
	size_t ahs_len;
	size_t data_len;
	size_t unsent;
};

/**
 * struct iser_tgt_stag - what an initiator advertises for RDMA: RFC 7145 9.2
 * @va: address of the first byte; of a WRITE's data, past what is immediate
 * @stag: the STag
 * @sent: ISER_TGT_ISER_RSV or ISER_TGT_ISER_WSV, or 0: the other members have no
 *	meaning then
 */
struct iser_tgt_stag {
	u64 va;
	u32 stag;
	u8 sent;
};

/**
 * struct iser_tgt_ahs - the additional header segments of a SCSI command
 * @cdb_tail: the CDB from its 17th byte on, in the receive buffer
 * @cdb_tail_len: its length in bytes; 0 if there is none
 * @bidi: a bidirectional read length is present
 * @bidi_len: that length in bytes
 */
struct iser_tgt_ahs {
	const u8 *cdb_tail;
	size_t cdb_tail_len;
	bool bidi;
	u32 bidi_len;
};

enum iser_tgt_pdu_error iser_tgt_pdu_parse(struct iser_tgt_pdu *pdu,
					   const u8 *hdr, size_t received);
const char *iser_tgt_pdu_strerror(enum iser_tgt_pdu_error error);
int iser_tgt_ahs_parse(struct iser_tgt_ahs *ahs, const u8 *buf, size_t len);

/*
 * Builders. @hdr is ISER_TGT_HDR_LEN bytes, all written. The sequence numbers
 * are filled in by iser_tgt_pdu_set_sn() when the PDU is posted.
 */
void iser_tgt_pdu_init(u8 *hdr, u8 opcode, u8 flags, u32 itt, size_t data_len);
void iser_tgt_pdu_scsi_rsp(u8 *hdr, u32 itt, u8 status, u8 residual_flag,
			   u32 residual, size_t data_len);
size_t iser_tgt_pdu_sense(u8 *data, const u8 *sense, size_t sense_len);
void iser_tgt_pdu_tmf_rsp(u8 *hdr, u32 itt, u8 response);
void iser_tgt_pdu_nop_in(u8 *hdr, u64 lun, u32 itt, u32 ttt, size_t data_len);
void iser_tgt_pdu_text_rsp(u8 *hdr, u8 flags, u32 itt, u32 ttt,
			   size_t data_len);
void iser_tgt_pdu_logout_rsp(u8 *hdr, u32 itt, u8 response, u16 time2wait,
			     u16 time2retain);
void iser_tgt_pdu_reject(u8 *hdr, u8 reason, size_t data_len);
void iser_tgt_pdu_async(u8 *hdr, u8 event, u16 param1, u16 param2, u16 param3);
void iser_tgt_pdu_login_rsp(u8 *hdr, u8 flags, const u8 isid[6], u16 tsih,
			    u32 itt, u16 status, size_t data_len);

/**
 * iser_tgt_pdu_set_sn - set the sequence numbers of a PDU
 * @hdr: its headers
 * @stat_sn: StatSN
 * @exp_cmd_sn: ExpCmdSN
 * @max_cmd_sn: MaxCmdSN
 *
 * RFC 7143 4.2.2: every target PDU has these fields at the same offsets.
 *
 * Context: with concurrent senders, under the lock that serializes posting, so
 * that StatSN follows the order on the wire.
 */
static inline void iser_tgt_pdu_set_sn(u8 *hdr, u32 stat_sn, u32 exp_cmd_sn,
				       u32 max_cmd_sn)
{
	u8 *bhs = hdr + ISER_TGT_ISER_HDR_LEN;

	put_unaligned_be32(stat_sn, bhs + 24);
	put_unaligned_be32(exp_cmd_sn, bhs + 28);
	put_unaligned_be32(max_cmd_sn, bhs + 32);
}

/* Destination of RDMA WRITEs. */
static inline struct iser_tgt_stag
iser_tgt_pdu_read_stag(const struct iser_tgt_pdu *pdu)
{
	const u8 *hdr = pdu->bhs - ISER_TGT_ISER_HDR_LEN;

	return (struct iser_tgt_stag) {
		.sent = hdr[0] & ISER_TGT_ISER_RSV,
		.stag = get_unaligned_be32(hdr + 16),
		.va = get_unaligned_be64(hdr + 20),
	};
}

/* Source of RDMA READs. */
static inline struct iser_tgt_stag
iser_tgt_pdu_write_stag(const struct iser_tgt_pdu *pdu)
{
	const u8 *hdr = pdu->bhs - ISER_TGT_ISER_HDR_LEN;

	return (struct iser_tgt_stag) {
		.sent = hdr[0] & ISER_TGT_ISER_WSV,
		.stag = get_unaligned_be32(hdr + 4),
		.va = get_unaligned_be64(hdr + 8),
	};
}

/**
 * iser_tgt_pdu_scsi_rsp_again - build a SCSI Response like the last one
 * @hdr: headers from iser_tgt_pdu_scsi_rsp(), maybe with sequence numbers
 * @itt: initiator task tag of the command
 *
 * Status, residual and length of the data stay the same.
 */
static inline void iser_tgt_pdu_scsi_rsp_again(u8 *hdr, u32 itt)
{
	put_unaligned_be32(itt, hdr + ISER_TGT_ISER_HDR_LEN + 16);
}

/* Fields of single requests, by their offset in the BHS. */
static inline u64 iser_tgt_pdu_lun(const struct iser_tgt_pdu *pdu)
{
	return get_unaligned_be64(pdu->bhs + 8);
}

static inline u32 iser_tgt_pdu_ttt(const struct iser_tgt_pdu *pdu)
{
	return get_unaligned_be32(pdu->bhs + 20);
}

static inline u32 iser_tgt_pdu_edtl(const struct iser_tgt_pdu *pdu)
{
	return get_unaligned_be32(pdu->bhs + 20);
}

static inline const u8 *iser_tgt_pdu_cdb(const struct iser_tgt_pdu *pdu)
{
	return pdu->bhs + 32;
}

static inline u32 iser_tgt_pdu_ref_task_tag(const struct iser_tgt_pdu *pdu)
{
	return get_unaligned_be32(pdu->bhs + 20);
}

static inline u32 iser_tgt_pdu_ref_cmd_sn(const struct iser_tgt_pdu *pdu)
{
	return get_unaligned_be32(pdu->bhs + 32);
}

static inline u16 iser_tgt_pdu_cid(const struct iser_tgt_pdu *pdu)
{
	return get_unaligned_be16(pdu->bhs + 20);
}

#endif
