// SPDX-License-Identifier: GPL-2.0
#include "name.h"
#include "transport_id.h"

/* service actions, SPC-4 6.16.2 */
#define PR_OUT_REGISTER		0x00
#define PR_OUT_REGISTER_IGNORE	0x06
#define PR_OUT_REGISTER_MOVE	0x07

/* basic parameter list, SPC-4 6.16.3, with the length of TransportIDs */
#define PR_OUT_BASIC		24
#define PR_OUT_SPEC_I_PT_AT	20
#define PR_OUT_SPEC_I_PT	0x08
#define PR_OUT_IDS_LEN_AT	24
#define PR_OUT_IDS_AT		28
/* parameter list of REGISTER AND MOVE, SPC-4 6.16.4 */
#define PR_OUT_MOVE_LEN_AT	20
#define PR_OUT_MOVE_ID_AT	24

/* SPC-4 7.6.4: format and protocol, reserved, ADDITIONAL LENGTH */
#define TID_HDR			4
#define TID_MIN			24
#define TID_PROTOCOL		0x0f
#define TID_FORMAT_SHIFT	6

#define TID_SEPARATOR		",i,0x"
#define TID_SEPARATOR_LEN	(sizeof(TID_SEPARATOR) - 1)
#define TID_ISID_LEN		12
/* the longest name, with ISID, NUL and padding */
#define TID_MAX			(TID_HDR + ((ISER_TGT_NAME_MAX +	\
				 TID_SEPARATOR_LEN + TID_ISID_LEN + 1 + 3) & ~3U))

/* SPC-4 7.6.1 */
enum tid_protocol {
	TID_FCP = 0,
	TID_SBP = 3,
	TID_SRP = 4,
	TID_ISCSI = 5,
	TID_SAS = 6,
};

static bool tid_isid_ok(const char *isid)
{
	return strspn(isid, "0123456789abcdefABCDEF") == TID_ISID_LEN &&
	       !isid[TID_ISID_LEN];
}

/*
 * SPC-4 7.6.4.6. @id has a valid length. Returns what is wrong, or NULL; then a
 * NUL follows the name.
 */
static const char *tid_iscsi_wrong(u8 *id, u32 len)
{
	char *text = (char *)id + TID_HDR;
	char *separator = NULL;
	size_t name_len, i;
	u32 room = len - TID_HDR;

	name_len = strnlen(text, room);
	if (name_len == room)
		return "an iSCSI TransportID has no NUL at its end";
	for (i = name_len; i < room; i++)
		if (text[i])
			return "an iSCSI TransportID is not padded with zeros";

	switch (id[0] >> TID_FORMAT_SHIFT) {
	case 0:
		break;
	case 1:
		separator = strstr(text, TID_SEPARATOR);
		if (!separator)
			return "an iSCSI TransportID of a port has no \",i,0x\"";
		if (!tid_isid_ok(separator + TID_SEPARATOR_LEN))
			return "the ISID of a TransportID is not 12 hexadecimal digits";
		name_len = separator - text;
		break;
	default:
		return "the format code of an iSCSI TransportID is reserved";
	}
	if (!name_len || name_len > ISER_TGT_NAME_MAX)
		return "the iSCSI name in a TransportID has a wrong length";

	if (separator)
		*separator = '\0';
	return NULL;
}

/*
 * Checks the ID at @pos, before which @left bytes of IDs are left. The core knows
 * a few other protocols, whose IDs have one length: a backstore may be exported
 * by other fabrics, too, to whose ports a reservation can be moved. A registration
 * is one at this port.
 */
static enum iser_tgt_pr_out_fault
tid_check(const struct iser_tgt_pr_out *out, u32 pos, u32 left, bool moves,
	  u32 *len, const char **why)
{
	const char *name;
	u8 id[TID_MAX];

	*why = "a TransportID is longer than its list";
	*len = TID_MIN;
	if (left < TID_HDR)
		return ISER_TGT_PR_OUT_LENGTH;

	out->read(out, pos, id, TID_HDR);
	switch (id[0] & TID_PROTOCOL) {
	case TID_ISCSI:
		*len = TID_HDR + get_unaligned_be16(id + 2);
		break;
	case TID_FCP:
	case TID_SBP:
	case TID_SRP:
	case TID_SAS:
		break;
	default:
		*why = "a TransportID has an unknown protocol identifier";
		return ISER_TGT_PR_OUT_FIELD;
	}
	if (*len > left)
		return ISER_TGT_PR_OUT_LENGTH;
	*why = "a TransportID has the protocol identifier of another port";
	if ((id[0] & TID_PROTOCOL) != TID_ISCSI)
		return moves ? ISER_TGT_PR_OUT_OK : ISER_TGT_PR_OUT_FIELD;

	*why = "the ADDITIONAL LENGTH of a TransportID is wrong";
	if (*len % 4 || *len < TID_MIN || *len > TID_MAX)
		return ISER_TGT_PR_OUT_FIELD;

	out->read(out, pos, id, *len);
	*why = tid_iscsi_wrong(id, *len);
	if (*why)
		return ISER_TGT_PR_OUT_FIELD;

	*why = "a TransportID names an initiator without access to the disk";
	name = (const char *)id + TID_HDR;
	if (!moves && !out->known(out, name, id[0] >> TID_FORMAT_SHIFT))
		return ISER_TGT_PR_OUT_FIELD;
	return ISER_TGT_PR_OUT_OK;
}

/* Checks @len bytes of IDs from @pos to the end of the list. */
static enum iser_tgt_pr_out_fault
tid_list_check(const struct iser_tgt_pr_out *out, u32 pos, u32 len,
	       const char **why)
{
	while (len) {
		enum iser_tgt_pr_out_fault fault;
		u32 id_len;

		fault = tid_check(out, pos, len, false, &id_len, why);
		if (fault)
			return fault;
		pos += id_len;
		len -= id_len;
	}
	return ISER_TGT_PR_OUT_OK;
}

/**
 * iser_tgt_pr_out_check - check the TransportIDs of a PERSISTENT RESERVE OUT
 * @out: the command, its data received
 * @why: what is wrong, a string constant; set if the list is refused
 *
 * Lists without TransportIDs are not looked at, nor are keys and flags. What
 * passes has TransportIDs that end in the list and, for iSCSI, a name and an ISID
 * that end in their TransportID. Those that are to be registered are known.
 *
 * Return: the fault, ISER_TGT_PR_OUT_OK if there is none.
 */
enum iser_tgt_pr_out_fault
iser_tgt_pr_out_check(const struct iser_tgt_pr_out *out, const char **why)
{
	enum iser_tgt_pr_out_fault fault;
	u8 action = out->cdb[1] & 0x1f;
	u32 pos, id_len;
	u8 field[4];

	/* too short for any service action */
	if (out->received < PR_OUT_BASIC)
		return ISER_TGT_PR_OUT_OK;

	switch (action) {
	case PR_OUT_REGISTER:
	case PR_OUT_REGISTER_IGNORE:
		out->read(out, PR_OUT_SPEC_I_PT_AT, field, 1);
		if (!(field[0] & PR_OUT_SPEC_I_PT))
			return ISER_TGT_PR_OUT_OK;
		pos = PR_OUT_IDS_AT;
		break;
	case PR_OUT_REGISTER_MOVE:
		pos = PR_OUT_MOVE_ID_AT;
		break;
	default:
		return ISER_TGT_PR_OUT_OK;
	}

	*why = "the parameter list is too long";
	if (out->received > ISER_TGT_PR_OUT_MAX)
		return ISER_TGT_PR_OUT_LENGTH;
	*why = "the parameter list has not the length in its CDB";
	if (out->received != get_unaligned_be32(out->cdb + 5) ||
	    out->received < pos)
		return ISER_TGT_PR_OUT_LENGTH;
	out->read(out, pos - sizeof(field), field, sizeof(field));
	*why = "the length of the TransportIDs is not that of the list";
	if (get_unaligned_be32(field) != out->received - pos)
		return ISER_TGT_PR_OUT_LENGTH;
	if (action != PR_OUT_REGISTER_MOVE)
		return tid_list_check(out, pos, out->received - pos, why);

	/* exactly one */
	fault = tid_check(out, pos, out->received - pos, true, &id_len, why);
	if (!fault && id_len != out->received - pos) {
		*why = "bytes follow the TransportID";
		fault = ISER_TGT_PR_OUT_FIELD;
	}
	return fault;
}
