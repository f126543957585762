#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Receive and data buffers with the module's parameters: receive buffers shared or not, large or small; data buffers kept mapped or not; and what
# happens at their limits.
# processors: 2
# needs: conformance
# shellcheck disable=SC2016 # commands for eval

seconds=900
. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/rules.sh
. /src/tools/testing/vm/guest/rules.sh

alone || bail "no RDMA device"
mount -t debugfs none /sys/kernel/debug 2>/dev/null
conformance=/src/tools/testing/conformance
# rules TEXT PATTERN... : the conformance rules that match pass
rules() {
	local text=$1 only=()
	shift
	for pattern; do only+=(--only "$pattern"); done
	conform "${only[@]}"
	judged "$text"
}
# with TEXT PARAMETER... : makes a target, with these parameters of the module
with() {
	module_params=${*:2}
	works "a target with ${1}" simple_target rd 64 || bail "no target"
}
without() {
	works "all is removed" remove_all
	works "... and the module unloads" rmmod iser_tgt
}

if [ "$LINK" = rxe ]; then
	with "64 shared receive buffers" srq_size=64
	echo 0 >"$(tpg)/attrib/nopin_interval"
	out=$($conformance/crowd sessions --target "$IP:$PORT" --iqn "$IQN" --connections 14)
	note "$out"
	in=$(grep -c '^in$' <<<"$out") refused=$(grep -c '^refused 0302$' <<<"$out")
	# Two vectors at most, each with buffers for five sessions.
	if [ "$in" -ge 5 ] && [ "$in" -le 10 ] && [ $((in + refused)) -eq 14 ]; then ok "$in sessions log in, $refused are refused with 0302"; else not_ok "some log in and the others are refused with 0302" "$out"; fi
	like "$(cat /sys/kernel/debug/iser_tgt/refusals)" 'out of shared receive buffers \(srq_size\)' "refusals has the reason"
	out=$($conformance/crowd sessions --target "$IP:$PORT" --iqn "$IQN" --connections 1)
	is "$out" in "after the end of these sessions another logs in"
	without
fi

# --- the number of shared buffers follows the windows of the sessions ---

devices=/sys/kernel/debug/iser_tgt/devices
# shared [FIELD] : the sum over all vectors
shared() { sed -n "s/.* ${1:-shared_receive_buffers}=\([0-9]*\).*/\1/p" $devices | awk '{ n += $1 } END { print n + 0 }'; }
shared_are() { test "$(shared)" "$@"; }
# hold N ARGUMENT... : tries N sessions, of which $refused are refused, and keeps them until let_go
hold() {
	local i answer
	refused=0
	coproc CROWD { exec $conformance/crowd sessions --target "$IP:$PORT" --iqn "$IQN" --small --wait --connections "$@"; }
	for ((i = 0; i < $1; i++)); do
		read -r -t $((60 * SLOW)) -u "${CROWD[0]}" answer
		[ "$answer" = in ] || : $((refused++))
	done
}
let_go() {
	local pid=$CROWD_PID
	eval "exec ${CROWD[1]}>&-"
	wait "$pid"
}
stands_still() {
	modprobe -a brd dm_mod && echo "0 2048 linear /dev/ram0 0" | dmsetup create kept --noudevsync && dmsetup mknodes kept && dmsetup suspend --noudevsync --nolockfs kept
}
# a posted buffer can be freed only after it has received a PDU
given_back() {
	for _ in {1..60}; do
		dd if="$(disk)" of=/dev/null bs=512 count=200 iflag=direct status=none || return
		shared_are -gt 300 || return 0
		sleep 1
	done
	return 1
}
if [ "$LINK" = rxe ] && kernel_since 6 11; then
	with "shared buffers"
	# sessions of crowd do not answer pings
	echo 0 >"$(tpg)/attrib/nopin_interval"
	is "$(shared)" 0 "there are no shared buffers before the first connection"
	works "silent connections" $conformance/crowd silent --target "$IP:$PORT" --iqn "$IQN" --connections 200 --only-hold
	note "$(cat $devices)"
	# two for each connection; per vector 64 at first, then 32 at a time
	works "two hundred silent connections have two each, as many as a login needs" shared_are -le $((2 * 200 + 2 * 64 + 2 * 32))
	works "they are freed when no initiator has connected for a while" wait_for 40 "no shared buffers" shared_are -eq 0

	start_initiator || bail "no iscsid"
	discover >/dev/null
	hold 1
	works "a session, and discovery sessions" eval '$conformance/crowd discoveries --target "$IP:$PORT" --iqn "$IQN" --connections 8 >/dev/null'
	# of each queue, eight wait to be posted again
	ten_are() { test $(($(shared) - $(shared unreserved) - 8 * $(grep -c shared_receive_buffers= $devices))) -eq 10; }
	works "... which release what was reserved for them, and no more: the session's ten remain" wait_for 10 "ten reserved buffers" ten_are
	let_go
	works "a session" login || bail "no session"
	hold 60
	note "$(cat $devices)"
	works "sixty more sessions have ten each" shared_are -ge 600
	let_go
	works "the buffers of the sixty are freed while one session reads" given_back
	note "$(cat $devices)"
	works "it continues to read" dd if="$(disk)" of=/dev/null bs=4k count=64 iflag=direct status=none

	echo 64 >/sys/module/iser_tgt/parameters/srq_size
	is "$(grep -o 'most=[0-9]*' $devices | sort -u)" most=64 "srq_size=64 during a session is the new limit"
	hold 14
	works "... which does not suffice for all sessions" test "$refused" -ge 4
	let_go
	works "logout" logout
	works "srq_size=2048, and no initiator has connected for a while" eval 'echo 2048 >/sys/module/iser_tgt/parameters/srq_size && wait_for 40 "no shared buffers" shared_are -eq 0'
	hold 14
	is $refused 0 "... suffices for all sessions"
	let_go
	# Each vector has buffers for 24 sessions: a quarter of them for windows that idle sessions were once given, and ten for each session.
	echo 256 >/sys/module/iser_tgt/parameters/srq_size
	hold 36 --busy 32
	is $refused 0 "srq_size=256: thirty-six sessions log in, each of them busy and then idle"
	note "$(cat $devices)"
	let_go
	stop_initiator
	without
fi

if [ "$LINK" = rxe ]; then
	with "64 receive buffers, and a suspended disk" srq_size=64
	works "the disk" eval 'stands_still && backstore kept dev /dev/mapper/kept && make_target "$IQN-kept" kept && add_portal "$IQN-kept" "$IP:$PORT" && enable "$IQN-kept"'
	echo 0 >"$(tpg "$IQN-kept")/attrib/nopin_interval"
	# Each vector has buffers for five sessions, or for fewer if one of them has more than ten.
	out=$($conformance/crowd deep --target "$IP:$PORT" --iqn "$IQN-kept" --connections 4)
	note "$out"
	works "a session has a wide window" test "$(sed -n 's/^stuck=//p' <<<"$out")" -ge 16
	is "$(sed -n 's/^came=//p' <<<"$out")" 4 "... and new sessions get buffers of it, although it uses all"
	dmsetup resume --noudevsync kept
	works "the sessions end" wait_for 20 "their end" eval '! grep -q "^target=" /sys/kernel/debug/iser_tgt/sessions'
	without
fi

# soft iWARP has no shared buffers, so conformance.t has already used connections' own
if [ "$LINK" = rxe ] || in_full; then
	with "buffers of its own for each connection" srq_size=0
	rules "own buffers" data/ numbering/
	without
fi

with "receive buffers of 64 KiB" recv_data_size=65536
is "$(cat "$(tpg)/param/TargetRecvDataSegmentLength")" 65536 "TargetRecvDataSegmentLength follows"
rules "64 KiB" data/ hostile/rfc7143_13
echo 4096 >"$(tpg)/param/TargetRecvDataSegmentLength"
rules "TargetRecvDataSegmentLength=4096" data/
without

with "no pool of data buffers" data_pool_max=0
rules "pages of the core" data/ scsi/
if [ "$LINK" = rxe ] || in_full; then
	works "a pool of data buffers from now on" eval "echo 1 >/sys/module/iser_tgt/parameters/data_pool_max"
	rules "1 MiB of data buffers" data/
fi
without

done_testing
