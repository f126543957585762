/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The command window of RFC 7143 4.2.2.1. Received PDUs of a connection are
 * processed one at a time, so ExpCmdSN has a single writer. Code that responds
 * on other CPUs only reads ExpCmdSN and never decreases MaxCmdSN.
 */
#ifndef ISER_TGT_ISCSI_WINDOW_H
#define ISER_TGT_ISCSI_WINDOW_H

#include "base.h"

/* RFC 7143 4.2.2.1: serial number arithmetic of RFC 1982 */
static inline bool iser_tgt_sn_before(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

/**
 * enum iser_tgt_window_verdict - what to do with a numbered request
 * @ISER_TGT_WINDOW_DELIVER: process it now; unless it is immediate, the caller
 *	advances ExpCmdSN by one
 * @ISER_TGT_WINDOW_IGNORE: outside the window or a duplicate: drop silently
 * @ISER_TGT_WINDOW_GAP: inside the window but not the next number. On a single,
 *	reliable connection that is a protocol error, unless what is missing was
 *	rejected
 */
enum iser_tgt_window_verdict {
	ISER_TGT_WINDOW_DELIVER,
	ISER_TGT_WINDOW_IGNORE,
	ISER_TGT_WINDOW_GAP,
};

enum iser_tgt_window_verdict iser_tgt_window_check(u32 exp_cmd_sn,
						   u32 max_cmd_sn, u32 cmd_sn,
						   bool immediate);

#endif
