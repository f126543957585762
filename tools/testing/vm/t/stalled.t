#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A suspended disk completes no command, like one whose cable was pulled. Tasks can be aborted nevertheless, and neither receive buffers nor the
# send queue are exhausted. ORDERED commands go on after that, and an initiator whose tasks ended is told.
# differs by: oldest
# needs: conformance

seconds=600
. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/rules.sh
. /src/tools/testing/vm/guest/rules.sh

# targets of their own, for a disk whose attribute emulate_tas is 0, and for one with a cache
silent=$IQN-silent cached=$IQN-cached
disks_on_dm() {
	modprobe brd rd_nr=2 rd_size=$((64 << 10)) && modprobe dm_mod || return
	local i names=(kept silent)
	for i in 0 1; do
		echo "0 $((64 << 11)) linear /dev/ram$i 0" | dmsetup create "${names[i]}" --noudevsync && dmsetup mknodes "${names[i]}" || return
	done
}
# a disk without a cache is never asked to flush it
disk_with_cache() {
	local dir=/sys/kernel/config/nullb/nullc
	modprobe null_blk nr_devices=0 && mkdir $dir && echo 1 >$dir/memory_backed && echo 16 >$dir/size && echo 1 >$dir/cache_size && echo 1 >$dir/power &&
		wait_for 10 "the disk" test -b /dev/nullc && echo "0 $((16 << 11)) linear /dev/nullc 0" | dmsetup create cached --noudevsync && dmsetup mknodes cached
}
# target NAME DM TAS
target() {
	backstore "$2" dev "/dev/mapper/$2" && echo "$3" >"$(backstore_dir "$2")/attrib/emulate_tas" && make_target "$1" "$2" &&
		add_portal "$1" "$IP:$PORT" && enable "$1"
}
# rules TEXT PATTERN [NAME DM] : the rules that match pass, none is skipped
rules() {
	export ISER_TGT_STALL=${4:-kept}
	conform --iqn "${3:-$IQN}" --only "$2"
	# a rule that failed may have left the disk suspended
	dmsetup resume --noudevsync "$ISER_TGT_STALL"
	judged "$1" unskipped
}

alone || bail "no RDMA device"
works "two disks that can be stalled" disks_on_dm || bail "no dm device" "$(cat /tmp/out)"
works "one that has a cache" disk_with_cache || bail "no disk" "$(cat /tmp/out)"
# so that one session can have a full window of 64
module_params=srq_size=512
load_target && target "$IQN" kept 1 && target "$silent" silent 0 && target "$cached" cached 1 || bail "no target"
rules "immediate commands do not use up receive buffers" stalled/rfc7143_11_17_1
if [ "$LINK" = rxe ] && kernel_since 6 11; then
	rules "nor do those that wait, behind a full window" stalled/rfc7143_4_2_2_1_what_waits_has
	rules "... or beside immediate commands" stalled/rfc7143_4_2_2_1_what_waits_beside
	rules "... of which logins need some" stalled/iser_tgt_what_waits_leaves
	like "$(dmesg)" 'ended after .* commands: receive window exceeded' "... the log says why that session has ended"
else skip "requests that wait behind a full window" "each connection has receive buffers of its own"
fi
rules "sets of tasks are aborted" stalled/rfc7143_11_5_1_a_set
rules "... and the response follows those of the tasks" stalled/rfc7143_11_5_1_a_reset
rules "no block is written by commands that are said to read" reservations/rfc7143_11_3_1_direction
rules "an ABORT TASK does not make up numbers" stalled/rfc7143_11_6_1_abort_of_a_number
rules "... one at a time" stalled/iser_tgt_one_set
rules "64 commands of 1 MiB" stalled/iser_tgt_more_data
rules "a flush that nobody waits for" stalled/iser_tgt_flush "$cached" cached
rules "tasks that ended with their connection are told of" stalled/rfc7143_11_14_5
rules "a window that opens is told" stalled/rfc7143_11_4_11 "$silent" silent
echo 2 >"$(tpg "$silent")/attrib/nopin_interval" && echo 30 >"$(tpg "$silent")/attrib/nopin_timeout"
rules "... which counts as no ping" stalled/iser_tgt_who_is_told "$silent" silent
echo 15 >"$(tpg "$silent")/attrib/nopin_interval"
for disk in "$IQN kept" "$silent silent"; do
	# shellcheck disable=SC2086
	rules "ORDERED commands after an abort, ${disk#* }" stalled/iser_tgt_ordered $disk
done
mount -t debugfs none /sys/kernel/debug 2>/dev/null
rules "a login that waits for the session it replaces" stalled/iser_tgt_who_waits
echo 120 >"$(tpg)/attrib/login_timeout"
rules "... and one that waits for longer" stalled/iser_tgt_the_old_session
like "$(dmesg)" "iser_tgt: .* \\($INITIATOR\\): still waiting for the session it replaces" "... the log says what it waited for"
works "all is removed" remove_all
dmsetup remove kept
dmsetup remove silent
dmsetup remove cached
done_testing
