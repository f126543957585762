// SPDX-License-Identifier: GPL-2.0
#include "window.h"

/**
 * iser_tgt_window_check - place a request in the command window
 * @exp_cmd_sn: ExpCmdSN, the next number expected
 * @max_cmd_sn: MaxCmdSN, the highest number the initiator was allowed
 * @cmd_sn: CmdSN of the request
 * @immediate: its I bit
 *
 * RFC 7143 4.2.2.1. Numbered requests outside the window, and duplicates, are
 * silently ignored. An immediate request takes no number of its own, and its
 * CmdSN may lie outside the window (with a closed window it is MaxCmdSN + 1),
 * so it is always delivered. Receive buffers limit it.
 *
 * Changes nothing: the caller advances ExpCmdSN after a numbered request was
 * delivered.
 *
 * Return: what to do with the request.
 */
enum iser_tgt_window_verdict iser_tgt_window_check(u32 exp_cmd_sn,
						   u32 max_cmd_sn, u32 cmd_sn,
						   bool immediate)
{
	if (immediate)
		return ISER_TGT_WINDOW_DELIVER;
	if (iser_tgt_sn_before(cmd_sn, exp_cmd_sn) ||
	    iser_tgt_sn_before(max_cmd_sn, cmd_sn))
		return ISER_TGT_WINDOW_IGNORE;
	if (cmd_sn != exp_cmd_sn)
		return ISER_TGT_WINDOW_GAP;
	return ISER_TGT_WINDOW_DELIVER;
}
