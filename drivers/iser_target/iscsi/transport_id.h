/* SPDX-License-Identifier: GPL-2.0 */
/* TransportIDs of a PERSISTENT RESERVE OUT parameter list: SPC-4 6.16.3, 7.6.4. */
#ifndef ISER_TGT_ISCSI_TRANSPORT_ID_H
#define ISER_TGT_ISCSI_TRANSPORT_ID_H

#include "base.h"

/* Longest parameter list, bytes: each of its up to 2729 IDs is a registration. */
#define ISER_TGT_PR_OUT_MAX	65536

/**
 * enum iser_tgt_pr_out_fault - what is wrong with a parameter list
 * @ISER_TGT_PR_OUT_OK: nothing, or it has no TransportIDs
 * @ISER_TGT_PR_OUT_LENGTH: the lengths in it contradict each other or that of
 *	the list, or it is longer than ISER_TGT_PR_OUT_MAX: PARAMETER LIST LENGTH
 *	ERROR
 * @ISER_TGT_PR_OUT_FIELD: a TransportID is malformed, or not known: INVALID FIELD
 *	IN PARAMETER LIST
 */
enum iser_tgt_pr_out_fault {
	ISER_TGT_PR_OUT_OK,
	ISER_TGT_PR_OUT_LENGTH,
	ISER_TGT_PR_OUT_FIELD,
};

/**
 * struct iser_tgt_pr_out - a PERSISTENT RESERVE OUT command with its data
 * @cdb: its CDB, 10 bytes
 * @received: bytes of its parameter list that have been received
 * @read: copies @len bytes from @pos on; the caller stays within @received
 * @known: whether an initiator of this name can be registered, @port if the
 *	TransportID has an ISID
 */
struct iser_tgt_pr_out {
	const u8 *cdb;
	u32 received;
	void (*read)(const struct iser_tgt_pr_out *out, u32 pos, u8 *to,
		     u32 len);
	bool (*known)(const struct iser_tgt_pr_out *out, const char *name,
		      bool port);
};

enum iser_tgt_pr_out_fault
iser_tgt_pr_out_check(const struct iser_tgt_pr_out *out, const char **why);

#endif
