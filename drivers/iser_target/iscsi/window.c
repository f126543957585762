// SPDX-License-Identifier: GPL-2.0
#include "window.h"

/**
 * iser_tgt_window_check - check a request against the command window
 * @exp_cmd_sn: ExpCmdSN, the next CmdSN expected
 * @max_cmd_sn: MaxCmdSN, the highest CmdSN the initiator may use
 * @cmd_sn: CmdSN of the request
 * @immediate: its I bit
 *
 * RFC 7143 4.2.2.1. Numbered requests outside the window, and duplicates, are
 * silently ignored. An immediate request does not advance CmdSN, and its CmdSN
 * may lie outside the window (MaxCmdSN + 1 if the window is closed), so it is
 * always delivered. The caller limits immediate requests.
 *
 * The caller advances ExpCmdSN after it has delivered a numbered request.
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
