#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A suspended disk completes no command, like one whose cable was pulled. Tasks can be aborted nevertheless, and neither receive buffers nor the
# send queue are exhausted.
# needs: conformance

seconds=600
. "$(dirname "$0")/../in-guest"

export ISER_TGT_STALL=kept
disk_on_dm() {
	modprobe brd rd_nr=1 rd_size=$((64 << 10)) && modprobe dm_mod || return
	echo "0 $((64 << 11)) linear /dev/ram0 0" | dmsetup create $ISER_TGT_STALL --noudevsync && dmsetup mknodes $ISER_TGT_STALL
}
# rules TEXT PATTERN : the rules that match pass, none is skipped
rules() {
	local out
	out=$(/src/tools/testing/conformance/run --target "$IP:$PORT" --iqn "$IQN" --initiator "$INITIATOR" --patience 4 --only "$2")
	# a rule that failed may have left the disk suspended
	dmsetup resume --noudevsync $ISER_TGT_STALL
	if grep -q '^ok' <<<"$out" && ! grep -q -e '^not ok' -e '# SKIP' <<<"$out"; then ok "$1"; else not_ok "$1" "$out"; fi
}

alone || bail "no RDMA device"
works "a disk that can be stalled" disk_on_dm || bail "no dm device" "$(cat /tmp/out)"
# so that one session can have a full window of 64
module_params=srq_size=512
load_target && backstore disk dev /dev/mapper/$ISER_TGT_STALL && make_target "$IQN" disk && add_portal "$IQN" "$IP:$PORT" && enable "$IQN" ||
	bail "no target"
rules "immediate commands do not use up receive buffers" stalled/rfc7143_11_17_1
rules "sets of tasks are aborted" stalled/rfc7143_11_5_1_a_set
rules "... and the response follows those of the tasks" stalled/rfc7143_11_5_1_a_reset
rules "... one at a time" stalled/iser_tgt_one_set
rules "64 commands of 1 MiB" stalled/iser_tgt_more_data
mount -t debugfs none /sys/kernel/debug 2>/dev/null
rules "a login that waits for the session it replaces" stalled/iser_tgt_who_waits
echo 120 >"$(tpg)/attrib/login_timeout"
rules "... and one that waits for longer" stalled/iser_tgt_the_old_session
like "$(dmesg)" "iser_tgt: .* \\($INITIATOR\\): still waiting for the session it replaces" "... the log says what it waited for"
works "all is removed" remove_all
dmsetup remove $ISER_TGT_STALL
done_testing
