#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Something goes at the very moment when somebody comes in by it. The moment is stretched: a function on the newcomer's way takes two
# seconds to return. Then all of it by chance, many times.
# processors: 2
# differs by: link
# needs: conformance

seconds=900
. "$(dirname "$0")/../in-guest"
. /src/tools/testing/vm/guest/memory.sh

alone || bail "no RDMA device"
delay=/src/build/$KVER/event/delay.ko
[ -f "$delay" ] || bail "no delay.ko: make KVER=... test-module"
crowd="/src/tools/testing/conformance/crowd --target $IP:$PORT --iqn $IQN"
dir=$(tpg)
acl=$dir/acls/iqn.2026-01.org.example:crowd

# only its ACL lets the newcomer in
strict_target() {
	simple_target rd 16 && echo 0 >"$dir/attrib/generate_node_acls" && add_acl
}
add_acl()    { mkdir -p "$acl/lun_0" && ln -s "$dir/lun/lun_0" "$acl/lun_0/lun_0"; }
remove_acl() { rm "$acl"/lun_0/lun_0 && rmdir "$acl/lun_0" "$acl"; }
set_depth()  { echo 32 >"$acl/cmdsn_depth"; }
attempt()    { $crowd attempt; }
comes_in()   { [ "$(attempt)" = in ]; }
held()       { [ "$(cat /sys/module/delay/parameters/hits)" -gt 0 ]; }
ended()      { ! kill -0 "$1" 2>/dev/null; }
nobody()     { ! grep -q . "$dir/sessions"; }

newcomer=(attempt)
# raced FUNCTION command... : the command runs while the newcomer is held in the function, and both come to an end
raced() {
	local symbol=$1 pid command
	shift
	insmod "$delay" symbol="$symbol" || return
	"${newcomer[@]}" >/tmp/newcomer 2>&1 &
	pid=$!
	wait_for 20 "the newcomer in $symbol" held || return
	"$@" &
	command=$!
	wait_for 10 "the end of: $*" ended $command || return
	wait $command || return
	wait_for 20 "the end of the newcomer" ended $pid || return
	rmmod delay
	note "$symbol, $*: $(cat /tmp/newcomer)"
}
kept_out() { cat /tmp/newcomer; [ -s /tmp/newcomer ] && ! grep -qx in /tmp/newcomer; }
# What is on a newcomer's way, and what is through when it returns.
connecting=iser_tgt_qp_create		# it has a queue pair, nobody knows of it
entering=core_tpg_check_initiator_node_acl	# it has its ACL, which does not know it
entered=target_setup_session		# its ACL knows it, we do not

works "a target" strict_target || bail "no target"
works "who has an ACL comes in" comes_in || bail "nobody comes in" "$(attempt)"
wait_for 10 "its end" nobody
before=$(rdma_holds)

works "its ACL is removed while it comes in" raced $entering remove_acl
works "... which does not" kept_out
works "... and made again" add_acl
works "... it comes in" comes_in
works "its depth is changed while it comes in" raced $entered set_depth
works "... which does not" kept_out
works "... and again it comes in" comes_in
works "the portal group is disabled while it comes in" raced $entering disable "$IQN"
works "... which does not" kept_out
works "... and enabled" enable "$IQN"
works "... it comes in" comes_in
works "the portal is removed while it comes in" raced $entering rmdir "$dir/np/$IP:$PORT"
works "... which does not" kept_out
works "... and made again" add_portal "$IQN" "$IP:$PORT"
works "... it comes in" comes_in
works "the portal is removed while it connects" raced $connecting rmdir "$dir/np/$IP:$PORT"
works "... which does not" kept_out
works "... and made again" add_portal "$IQN" "$IP:$PORT"
works "... it comes in" comes_in
works "the portal group is disabled while it connects" raced $connecting disable "$IQN"
works "... which does not" kept_out
works "... and enabled" enable "$IQN"
works "... it comes in" comes_in
[ -d /sys/kernel/debug/iser_tgt ] || mount -t debugfs none /sys/kernel/debug
nothing_pending() { [ "$(head -n 1 /sys/kernel/debug/iser_tgt/logins)" = "pending: 0 of 1024" ]; }
listening() { [ "$(cat "$dir/np/$IP:$PORT/state")" = listening ]; }
# siw cannot take a device from a process that has it open: its removal waits for the newcomer's.
if [ "$LINK" = siw ]; then
	skip "the device is removed while it connects" "siw has no disassociate_ucontext"
else
	works "the device is removed while it connects" raced $connecting unlink_rdma lan0
	# Linux 7.3 tells nobody of the removal before the newcomer is let go, which is then in, or cut off on its way.
	if dmesg | grep -q 'connection rejected: -19'; then
		works "... the log says that the newcomer is turned away" kept_out
	else
		works "... the newcomer's session, if it had one yet, has gone with it" wait_for 10 "its end" nobody
	fi
	works "... nothing is left of its login" wait_for 10 "the login's end" nothing_pending
	works "... and added again" relink_rdma lan0
	works "... the portal listens" wait_for 10 "the portal" listening
	works "... it comes in" comes_in
fi

# A portal that is being made, for its device: what it listens with is bound.
works "the portal is removed" rmdir "$dir/np/$IP:$PORT"
newcomer=(add_portal "$IQN" "$IP:$PORT")
works "the device is removed while the portal is made" raced rdma_bind_addr unlink_rdma lan0
newcomer=(attempt)
is "$(cat "$dir/np/$IP:$PORT/state")" "waiting: device" "... which waits for another"
works "... there is one" relink_rdma lan0
works "... the portal listens" wait_for 10 "the portal" listening
works "... who has an ACL comes in" comes_in

works "the target is removed while it comes in" raced $entering remove_target "$IQN"
works "... the backstore, too" remove_all
works "... and all is made again" strict_target
works "... it comes in" comes_in
wait_for 10 "its end" nobody
is "$(rdma_holds)" "$before" "RDMA holds what it held"

# --- by chance ---

# The RDMA CM's listeners at the same port of a device share one identifier below, and it does not wait for a request on its way when one
# of them goes: a use of freed memory in cma_ib_req_handler(). Alone, a listener is waited for.
works "the other portal is removed" rmdir "$dir/np/[$IP6]:$PORT"
alone_holds=$(rdma_holds)

# [::] is two listeners, the second of which has its port taken; the first has let somebody in by then.
mkfifo /tmp/visits
/src/tools/testing/conformance/crowd --target "[$IP6]:$PORT" --iqn "$IQN" attempts </tmp/visits >/tmp/visitor 2>&1 &
visitor=$!
exec 5>/tmp/visits
echo >&5
wait_for 30 "the visitor" grep -q . /tmp/visitor
twice() { [ "$(cat /sys/module/delay/parameters/hits)" -ge 2 ]; }
insmod "$delay" symbol=rdma_bind_addr ms=$((2000 * SLOW))
mkdir "$dir/np/[::]:$PORT" 2>/dev/null &
making=$!
works "a portal at [::] beside one of IPv4 is tried" wait_for 20 "its IPv4" twice
echo hold >&5
works "... somebody connects by IPv6" wait_for 10 "the connection" grep -q held /tmp/visitor
fails "... it cannot be made" wait $making
is "$(head -n 1 /sys/kernel/debug/iser_tgt/logins)" "pending: 0 of 1024" "... nothing is left of the connection"
rmmod delay
exec 5>&-
wait_for 10 "the end of the visitor" ended $visitor

# seconds; on iWARP other functions connect and listen, and the same ones change things
declare -A chance=([rxe]=10 [siw]=4)
in_full && chance[siw]=10
# each begins again when it has come in or been turned away
for i in 1 2 3; do
	yes | $crowd attempts >/tmp/newcomers.$i 2>&1 &
	pids[i]=$!
done
came() { [ "$(cat /tmp/newcomers.* | wc -l)" -ge "$1" ]; }
works "newcomers" wait_for 30 "ten of them" came 10
rounds=0 worst=0 failed=0 end=$((SECONDS + ${chance[$LINK]}))
# change command... : it succeeds; how long it takes
change() {
	local took=${EPOCHREALTIME/./}
	"$@" || { note "failed: $*"; failed=$((failed + 1)); }
	took=$(((${EPOCHREALTIME/./} - took) / 1000))
	[ $took -le $worst ] || worst=$took
}
while [ $SECONDS -lt $end ]; do
	change remove_acl; change add_acl
	change disable "$IQN"; change enable "$IQN"
	change rmdir "$dir/np/$IP:$PORT"; change add_portal "$IQN" "$IP:$PORT"
	rounds=$((rounds + 1))
done
kill "${pids[@]}"
for i in 1 2 3; do wait_for 30 "the end of the newcomers" ended "${pids[i]}"; done
note "$rounds rounds, $(sort /tmp/newcomers.* | uniq -c | tr -s ' \n' ' '), worst change: $worst ms"
is $failed 0 "ACL, portal group and portal are removed and made again among newcomers"
if [ $worst -lt $((5000 * SLOW)) ]; then ok "... each at once"; else not_ok "... each at once" "$worst ms"; fi
works "... the next one comes in" comes_in
wait_for 10 "its end" nobody
is "$(rdma_holds)" "$alone_holds" "... RDMA holds what it held"
works "all is removed" remove_all
done_testing
