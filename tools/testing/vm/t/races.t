#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# An ACL, portal group, portal, device or target is removed while an initiator connects or logs in with it. A module of the tests extends the
# window of the race: a function called by the connection or login takes two seconds to return. Then the same at random, many times.
# processors: 2
# differs by: link
# needs: conformance

seconds=900
# what is freed is poisoned
machine='--append slab_debug=P,kmalloc-*'
. "$(dirname "$0")/../in-guest"
. /src/tools/testing/vm/guest/memory.sh

alone || bail "no RDMA device"
# shellcheck source=tools/testing/vm/guest/delay.sh
. /src/tools/testing/vm/guest/delay.sh
crowd="/src/tools/testing/conformance/crowd --target $IP:$PORT --iqn $IQN"
dir=$(tpg)
acl=$dir/acls/iqn.2026-01.org.example:crowd

# without demo mode: the initiator (newcomer) needs its ACL
strict_target() {
	simple_target rd 16 && echo 0 >"$dir/attrib/generate_node_acls" && add_acl
}
add_acl()    { mkdir -p "$acl/lun_0" && ln -s "$dir/lun/lun_0" "$acl/lun_0/lun_0"; }
remove_acl() { rm "$acl"/lun_0/lun_0 && rmdir "$acl/lun_0" "$acl"; }
set_depth()  { echo 32 >"$acl/cmdsn_depth"; }
attempt()    { $crowd attempt; }
comes_in()   { [ "$(attempt)" = in ]; }
nobody()     { ! grep -q . "$dir/sessions"; }

newcomer=(attempt)
# raced FUNCTION command... : runs the command while the newcomer is held in the function, and waits until both have ended
raced() {
	local status=0
	slow "$1" || return
	held_in "$@" || status=$?
	rmmod delay
	[ $status -eq 0 ] || cat /tmp/newcomer
	return $status
}
held_in() {
	local symbol=$1 pid command
	shift
	"${newcomer[@]}" >/tmp/newcomer 2>&1 &
	pid=$!
	wait_for 20 "the newcomer in $symbol" held || return
	"$@" &
	command=$!
	wait_for 10 "the end of: $*" ended $command || return
	wait $command || return
	# longer than it waits for an answer, so that it says what it has waited for
	wait_for 60 "the end of the newcomer" ended $pid || return
	note "$symbol, $*: $(cat /tmp/newcomer)"
}
kept_out() { cat /tmp/newcomer; [ -s /tmp/newcomer ] && ! grep -qx in /tmp/newcomer; }
# Functions called for a newcomer, and the state when they return.
connecting=iser_tgt_qp_create		# it has a queue pair, but is on no list yet
entering=core_tpg_check_initiator_node_acl	# it has found its ACL, but is not registered there
entered=target_setup_session		# it is registered with its ACL, but is not on the target's list of sessions

works "a target" strict_target || bail "no target"
works "an initiator with an ACL logs in" comes_in || bail "no login" "$(attempt)"
wait_for 10 "its end" nobody
before=$(rdma_holds)

works "its ACL is removed during its login" raced $entering remove_acl
works "... which is refused" kept_out
works "... the ACL is created again" add_acl
works "... the initiator logs in" comes_in
works "its cmdsn_depth is changed during its login" raced $entered set_depth
works "... which is refused" kept_out
works "... the next login works" comes_in
works "the portal group is disabled during its login" raced $entering disable "$IQN"
works "... which is refused" kept_out
works "... the portal group is enabled" enable "$IQN"
works "... the initiator logs in" comes_in
works "the portal is removed during its login" raced $entering rmdir "$dir/np/$IP:$PORT"
works "... which is refused" kept_out
works "... the portal is created again" add_portal "$IQN" "$IP:$PORT"
works "... the initiator logs in" comes_in
works "the portal is removed during its connection request" raced $connecting rmdir "$dir/np/$IP:$PORT"
works "... which is refused" kept_out
works "... the portal is created again" add_portal "$IQN" "$IP:$PORT"
works "... the initiator logs in" comes_in
works "the portal group is disabled during its connection request" raced $connecting disable "$IQN"
works "... which is refused" kept_out
works "... the portal group is enabled" enable "$IQN"
works "... the initiator logs in" comes_in
[ -d /sys/kernel/debug/iser_tgt ] || mount -t debugfs none /sys/kernel/debug
nothing_pending() { [ "$(head -n 1 /sys/kernel/debug/iser_tgt/logins)" = "pending: 0 of 1024" ]; }
listening() { [ "$(cat "$dir/np/$IP:$PORT/state")" = listening ]; }
# siw cannot disassociate a device from a process that has it open: its removal would wait for the newcomer.
if [ "$LINK" = siw ]; then
	skip "the device is removed during its connection request" "siw has no disassociate_ucontext"
else
	works "the device is removed during its connection request" raced $connecting unlink_rdma lan0
	# Linux 7.3 calls ->remove_one() only after the newcomer is released, which then has logged in or is disconnected during the login.
	if dmesg | grep -q 'connection rejected: -19'; then
		works "... the connection is rejected, as the log says" kept_out
	else
		works "... the newcomer's session, if it had one, is closed" wait_for 10 "its end" nobody
	fi
	works "... nothing is left of its login" wait_for 10 "the login's end" nothing_pending
	works "... the device is added again" relink_rdma lan0
	works "... the portal listens" wait_for 10 "the portal" listening
	works "... the initiator logs in" comes_in
fi

# The portal's creation is held after rdma_bind_addr(): its CM ID is bound to the device.
works "the portal is removed" rmdir "$dir/np/$IP:$PORT"
newcomer=(add_portal "$IQN" "$IP:$PORT")
works "the device is removed while the portal is created" raced rdma_bind_addr unlink_rdma lan0
newcomer=(attempt)
is "$(cat "$dir/np/$IP:$PORT/state")" "waiting: device" "... which then waits for a device"
works "... the device is added" relink_rdma lan0
works "... the portal listens" wait_for 10 "the portal" listening
works "... the initiator logs in" comes_in

works "the target is removed during its login" raced $entering remove_target "$IQN"
works "... the backstore, too" remove_all
works "... and all is created again" strict_target
works "... the initiator logs in" comes_in
wait_for 10 "its end" nobody
is "$(rdma_holds)" "$before" "RDMA resources are as before"

# --- the core's counter of a session's commands, whose last reference is still being dropped when a waiter finds it zero ---

# order : of the ends of sessions and of delays, by the log. The processor that is kept busy may be that of this shell.
order() { dmesg | sed -nE 's/.* delay: target_release_cmd_refcnt: over$/over/p; s/.* iser_tgt: .*: session [0-9]+ of .* ended .*/ended/p'; }
both() { [ "$(order | wc -l)" -ge $((had + 2)) ]; }
had=$(order | wc -l)
slow target_release_cmd_refcnt 2
attempt >/tmp/newcomer 2>&1 &
works "a session ends, and the end of its commands takes long" wait_for 20 "the core" held
works "... and ends, too" wait_for 20 "both" both
is "$(order | tail -n 2 | paste -sd ' ')" "over ended" "... before the session is freed"
wait $!
rmmod delay

# --- a peer that disconnects while its answer to a challenge waits for its turn, which comes when the connection is being taken apart ---

guess() { python3 /src/tools/testing/vm/guest/chap-guess --target "$IP:$PORT" --iqn "$IQN" --initiator "${acl##*/}" --user crowd --secret wrong "$@"; }
echo crowd >"$acl/auth/userid" && echo a-secret-of-the-crowd >"$acl/auth/password" && echo 1 >"$dir/attrib/authentication" || not_ok "CHAP"
works "eight wrong answers" guess --count 8
slow iser_tgt_qp_destroy 3
works "... the next one has to wait, and its sender leaves" guess --leave 0.2
works "... its connection is taken apart" wait_for 20 "the release" held
wait_for 20 "its end" nothing_pending
nap 3000
rmmod delay
echo 0 >"$dir/attrib/authentication"
works "... and no more than once: an initiator logs in" comes_in
wait_for 10 "its end" nobody

# --- two logins that meet at the last place ---

echo 1 >"$dir/attrib/max_sessions"
# longer than it takes on the debug kernel
login_timeout=$(cat "$dir/attrib/login_timeout")
echo 120 >"$dir/attrib/login_timeout"
slow iser_tgt_session_replaces 4
attempt >/tmp/newcomer 2>&1 &
works "a login takes the last place, which takes long" wait_for 20 "the login" held
is "$(attempt)" "refused 0302" "... another login is refused"
wait $!
is "$(cat /tmp/newcomer)" in "... and that one is not"
rmmod delay
echo 0 >"$dir/attrib/max_sessions"
echo "$login_timeout" >"$dir/attrib/login_timeout"
wait_for 10 "its end" nobody

# --- who asks for the logins while a connection that had none is being taken apart ---

echo 2 >/sys/module/iser_tgt/parameters/login_timeout
coproc SILENT { exec $crowd silent --connections 1 --only-hold --wait; }
works "a connection sends nothing" wait_for 10 "it" grep -q session=none "$dir/logins"
slow rdma_destroy_id 3
works "... it is taken apart" wait_for 20 "the release" held
like "$(cat "$dir/logins")" "device=$LINK-lan0/1 initiator=- .*session=none" "... and is named with its device until that has ended"
wait_for 20 "its end" nothing_pending
rmmod delay
eval "exec ${SILENT[1]}>&-"
wait_for 20 "the end of its sender" ended "$SILENT_PID"
echo 15 >/sys/module/iser_tgt/parameters/login_timeout

# --- at random ---

# The RDMA CM's listeners at the same port of a device share one CM ID of ib_cm. When one of them is destroyed, it does not wait for a request in
# progress: a use after free in cma_ib_req_handler(). If a listener is the only one, its destruction waits.
works "the other portal is removed" rmdir "$dir/np/[$IP6]:$PORT"
alone_holds=$(rdma_holds)

# A portal at [::] has two listeners. The port of the second one is in use; by then the first one has accepted a connection.
mkfifo /tmp/visits
/src/tools/testing/conformance/crowd --target "[$IP6]:$PORT" --iqn "$IQN" attempts </tmp/visits >/tmp/visitor 2>&1 &
visitor=$!
exec 5>/tmp/visits
echo >&5
wait_for 30 "the visitor" grep -q . /tmp/visitor
twice() { [ "$(cat /sys/module/delay/parameters/hits)" -ge 2 ]; }
slow rdma_bind_addr 2
mkdir "$dir/np/[::]:$PORT" 2>/dev/null &
making=$!
works "a portal at [::] beside one of IPv4 is tried" wait_for 20 "its IPv4 listener" twice
echo hold >&5
works "... an initiator connects by IPv6" wait_for 10 "the connection" grep -q held /tmp/visitor
fails "... the portal cannot be created" wait $making
is "$(head -n 1 /sys/kernel/debug/iser_tgt/logins)" "pending: 0 of 1024" "... nothing is left of the connection"
rmmod delay
exec 5>&-
wait_for 10 "the end of the visitor" ended $visitor

# seconds; shorter on iWARP, which differs in connecting and listening only, not in the changes
declare -A chance=([rxe]=10 [siw]=4)
in_full && chance[siw]=10
# each starts the next login when one has worked or been refused
for i in 1 2 3; do
	yes | $crowd attempts >/tmp/newcomers.$i 2>&1 &
	pids[i]=$!
done
came() { [ "$(cat /tmp/newcomers.* | wc -l)" -ge "$1" ]; }
works "newcomers" wait_for 30 "ten of them" came 10
rounds=0 worst=0 failed=0 end=$((SECONDS + ${chance[$LINK]}))
# change command... : counts a failure, and keeps the longest time a command has taken
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
is $failed 0 "ACL, portal group and portal are removed and created again during logins"
if [ $worst -lt $((5000 * SLOW)) ]; then ok "... each without delay"; else not_ok "... each without delay" "$worst ms"; fi
works "... the next login works" comes_in
wait_for 10 "its end" nobody
is "$(rdma_holds)" "$alone_holds" "... RDMA holds what it held"
works "all is removed" remove_all
done_testing
