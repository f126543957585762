// SPDX-License-Identifier: GPL-2.0
#include "pdu.h"

#define BHS(hdr)	((hdr) + ISER_TGT_ISER_HDR_LEN)

/**
 * iser_tgt_pdu_init - initialize the headers of a PDU to send
 * @hdr: ISER_TGT_HDR_LEN bytes, all written
 * @opcode: target opcode
 * @flags: byte 1 of the BHS
 * @itt: initiator task tag
 * @data_len: bytes of data segment, without padding, below 2^24
 *
 * RFC 7145 9.2: iSCSI control-type header without STags; RFC 7143 11.2.
 */
void iser_tgt_pdu_init(u8 *hdr, u8 opcode, u8 flags, u32 itt, size_t data_len)
{
	u8 *bhs = BHS(hdr);

	memset(hdr, 0, ISER_TGT_HDR_LEN);
	hdr[0] = ISER_TGT_ISER_OP_CTRL;
	bhs[0] = opcode;
	bhs[1] = flags;
	put_unaligned_be24((u32)data_len, bhs + 5);
	put_unaligned_be32(itt, bhs + 16);
}

/**
 * iser_tgt_pdu_scsi_rsp - build a SCSI Response, "completed at target"
 * @hdr: ISER_TGT_HDR_LEN bytes, all written
 * @itt: initiator task tag of the command
 * @status: SCSI status
 * @residual_flag: ISER_TGT_RSP_OVERFLOW, ISER_TGT_RSP_UNDERFLOW or 0
 * @residual: bytes; sent as 0 without a flag
 * @data_len: bytes from iser_tgt_pdu_sense(), or 0
 *
 * RFC 7143 11.4. ExpDataSN stays 0: with iSER the initiator sees neither
 * Data-In PDUs nor R2Ts.
 */
void iser_tgt_pdu_scsi_rsp(u8 *hdr, u32 itt, u8 status, u8 residual_flag,
			   u32 residual, size_t data_len)
{
	u8 *bhs = BHS(hdr);

	/* Every command has one: each byte is written once. */
	put_unaligned_be64((u64)ISER_TGT_ISER_OP_CTRL << 56, hdr);
	put_unaligned_be64(0, hdr + 8);
	put_unaligned_be64(0, hdr + 16);
	put_unaligned_be32(0, hdr + 24);
	put_unaligned_be32(ISER_TGT_OP_SCSI_RSP << 24 |
			   (ISER_TGT_FLAG_FINAL | residual_flag) << 16 | status,
			   bhs);
	put_unaligned_be32((u32)data_len, bhs + 4);
	put_unaligned_be64(0, bhs + 8);
	put_unaligned_be64((u64)itt << 32, bhs + 16);
	put_unaligned_be64(0, bhs + 24);
	put_unaligned_be64(0, bhs + 32);
	put_unaligned_be64(residual_flag ? residual : 0, bhs + 40);
}

/**
 * iser_tgt_pdu_sense - build the data segment that carries sense
 * @data: ISER_TGT_FFP_DATA_MAX bytes
 * @sense: sense data; may already be in place, at @data + 2
 * @sense_len: its length in bytes; truncated to fit @data
 *
 * RFC 7143 11.4.7.
 *
 * Return: length of the data segment in bytes.
 */
size_t iser_tgt_pdu_sense(u8 *data, const u8 *sense, size_t sense_len)
{
	sense_len = min_t(size_t, sense_len, ISER_TGT_FFP_DATA_MAX - 2);
	put_unaligned_be16((u16)sense_len, data);
	memmove(data + 2, sense, sense_len);
	return sense_len + 2;
}

/**
 * iser_tgt_pdu_tmf_rsp - build a Task Management Function Response
 * @hdr: ISER_TGT_HDR_LEN bytes, all written
 * @itt: initiator task tag of the request
 * @response: one of ISER_TGT_TMR_*
 *
 * RFC 7143 11.6.
 */
void iser_tgt_pdu_tmf_rsp(u8 *hdr, u32 itt, u8 response)
{
	iser_tgt_pdu_init(hdr, ISER_TGT_OP_TMF_RSP, ISER_TGT_FLAG_FINAL, itt,
			  0);
	BHS(hdr)[2] = response;
}

/**
 * iser_tgt_pdu_nop_in - build a NOP-In
 * @hdr: ISER_TGT_HDR_LEN bytes, all written
 * @lun: LUN of the NOP-Out; any valid LUN in a ping of this target
 * @itt: initiator task tag of the NOP-Out; ISER_TGT_TAG_RESERVED in a ping
 * @ttt: ISER_TGT_TAG_RESERVED, except in a ping, which asks for a NOP-Out
 * @data_len: bytes of ping data echoed; 0 in a ping
 *
 * RFC 7143 11.19.
 */
void iser_tgt_pdu_nop_in(u8 *hdr, u64 lun, u32 itt, u32 ttt, size_t data_len)
{
	iser_tgt_pdu_init(hdr, ISER_TGT_OP_NOP_IN, ISER_TGT_FLAG_FINAL, itt,
			  data_len);
	put_unaligned_be64(lun, BHS(hdr) + 8);
	put_unaligned_be32(ttt, BHS(hdr) + 20);
}

/**
 * iser_tgt_pdu_text_rsp - build a Text Response
 * @hdr: ISER_TGT_HDR_LEN bytes, all written
 * @flags: ISER_TGT_TEXT_FINAL and ISER_TGT_TEXT_CONTINUE
 * @itt: initiator task tag of the exchange
 * @ttt: ISER_TGT_TAG_RESERVED if and only if @flags has ISER_TGT_TEXT_FINAL
 * @data_len: bytes of text
 *
 * RFC 7143 11.11.
 */
void iser_tgt_pdu_text_rsp(u8 *hdr, u8 flags, u32 itt, u32 ttt,
			   size_t data_len)
{
	iser_tgt_pdu_init(hdr, ISER_TGT_OP_TEXT_RSP, flags, itt, data_len);
	put_unaligned_be32(ttt, BHS(hdr) + 20);
}

/**
 * iser_tgt_pdu_logout_rsp - build a Logout Response
 * @hdr: ISER_TGT_HDR_LEN bytes, all written
 * @itt: initiator task tag of the request
 * @response: one of ISER_TGT_LOGOUT_*
 * @time2wait: Time2Wait in seconds
 * @time2retain: Time2Retain in seconds
 *
 * RFC 7143 11.15.
 */
void iser_tgt_pdu_logout_rsp(u8 *hdr, u32 itt, u8 response, u16 time2wait,
			     u16 time2retain)
{
	iser_tgt_pdu_init(hdr, ISER_TGT_OP_LOGOUT_RSP, ISER_TGT_FLAG_FINAL,
			  itt, 0);
	BHS(hdr)[2] = response;
	put_unaligned_be16(time2wait, BHS(hdr) + 40);
	put_unaligned_be16(time2retain, BHS(hdr) + 42);
}

/**
 * iser_tgt_pdu_reject - build a Reject
 * @hdr: ISER_TGT_HDR_LEN bytes, all written
 * @reason: one of ISER_TGT_REJECT_*
 * @data_len: bytes of the rejected PDU's header in the data segment
 *
 * RFC 7143 11.17.
 */
void iser_tgt_pdu_reject(u8 *hdr, u8 reason, size_t data_len)
{
	iser_tgt_pdu_init(hdr, ISER_TGT_OP_REJECT, ISER_TGT_FLAG_FINAL,
			  ISER_TGT_TAG_RESERVED, data_len);
	BHS(hdr)[2] = reason;
}

/**
 * iser_tgt_pdu_async - build an Asynchronous Message
 * @hdr: ISER_TGT_HDR_LEN bytes, all written
 * @event: one of ISER_TGT_ASYNC_*
 * @param1: Parameter1: the CID of a connection that will be dropped
 * @param2: Parameter2: seconds to wait before reconnecting (Time2Wait)
 * @param3: Parameter3: seconds within which to reconnect (Time2Retain), to log
 *	out or to negotiate
 *
 * RFC 7143 11.9, without data.
 */
void iser_tgt_pdu_async(u8 *hdr, u8 event, u16 param1, u16 param2, u16 param3)
{
	iser_tgt_pdu_init(hdr, ISER_TGT_OP_ASYNC, ISER_TGT_FLAG_FINAL,
			  ISER_TGT_TAG_RESERVED, 0);
	BHS(hdr)[36] = event;
	put_unaligned_be16(param1, BHS(hdr) + 38);
	put_unaligned_be16(param2, BHS(hdr) + 40);
	put_unaligned_be16(param3, BHS(hdr) + 42);
}

/**
 * iser_tgt_pdu_login_rsp - build a Login Response
 * @hdr: ISER_TGT_HDR_LEN bytes, all written
 * @flags: T, C, CSG and NSG
 * @isid: ISID of the request
 * @tsih: TSIH of the request; in the final response, that of the session
 * @itt: initiator task tag of the login
 * @status: class and detail
 * @data_len: bytes of text
 *
 * RFC 7143 11.13. Version-max and Version-active are 0, the only version.
 */
void iser_tgt_pdu_login_rsp(u8 *hdr, u8 flags, const u8 isid[6], u16 tsih,
			    u32 itt, u16 status, size_t data_len)
{
	iser_tgt_pdu_init(hdr, ISER_TGT_OP_LOGIN_RSP, flags, itt, data_len);
	memcpy(BHS(hdr) + 8, isid, 6);
	put_unaligned_be16(tsih, BHS(hdr) + 14);
	put_unaligned_be16(status, BHS(hdr) + 36);
}
