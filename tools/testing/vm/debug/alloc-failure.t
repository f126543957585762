#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Allocations of the login path fail one at a time, in each function that allocates: the connection or the login is refused, nothing leaks, and
# the next login works. Once with shared receive queues, once with a receive queue for each connection.
# link: rxe
# needs: conformance

seconds=1800
. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/failing.sh
. /src/tools/testing/vm/guest/failing.sh

alone || bail "no RDMA device"

pending() { grep -q '^pending: 0 ' /sys/kernel/debug/iser_tgt/logins; }
begin_attempts() {
	echo 0 >/sys/module/iser_tgt/parameters/login_rate_per_peer
	coproc CROWD { exec /src/tools/testing/conformance/crowd attempts --target "$IP:$PORT" --iqn "$IQN"; }
}
end_attempts() {
	local pid=$CROWD_PID
	eval "exec ${CROWD[1]}>&-"
	wait "$pid"
}
# prints the result of one login
attempt() {
	local got
	echo >&"${CROWD[1]}"
	read -r -t 300 -u "${CROWD[0]}" got || got="no answer from the initiator"
	echo "$got"
}

hit=0
# try FUNCTION : the Nth allocation below it fails, for growing N until there are no more allocations
try() {
	local f=$1 kind n got failed_here=0 wrong=
	for kind in $ALLOCATIONS; do
		for n in $NTHS; do
			alloc_fails "$kind" "$f" "$n" || { not_ok "$f is in the kernel"; return; }
			got=$(attempt)
			no_faults
			failed || { [ "$got" = in ] || wrong+="$kind/$n, nothing failed: $got; "; break; }
			failed_here=$((failed_here + 1))
			# A login may work without the allocation, or be refused as a whole. 0202: the core reports an ACL that it cannot allocate
			# like one that does not exist.
			case $got in in | "turned away" | "refused 0302" | "refused 0300" | "refused 0202" | ended:*) ;; *) wrong+="$kind/$n: $got; " ;; esac
			got=$(attempt)
			[ "$got" = in ] || wrong+="after $kind/$n: $got; "
		done
	done
	hit=$((hit + failed_here))
	if [ -n "$wrong" ]; then not_ok "$f" "$wrong"
	elif [ $failed_here -eq 0 ]; then not_ok "$f: some allocation of it failed" "none was reached"
	else ok "$f: $failed_here failures, and the next login worked each time"; fi
}

no_portal_yet() { load_target && backstore disk rd 16 && make_target "$IQN" disk; }
works "a target without a portal" no_portal_yet || bail "no target"
find_functions
works "a portal" add_portal "$IQN" "$IP:$PORT"
works "enabled" enable "$IQN"
begin_attempts
# the first connection allocates the shared receive queue
alloc_fails failslab iser_tgt_shared_alloc 1
got=$(attempt)
no_faults
works "an allocation of the shared receive queue failed" failed
like "$got" '^(in|turned away)$' "... the connection is refused, or has its own receive queue"
is "$(attempt)" in "the next login works, with a shared receive queue" || bail "no login"
# The completion handler of receives handles a login and a text request without an allocation.
for kind in $ALLOCATIONS; do
	alloc_fails "$kind" iser_tgt_recv_done 1
	is "$(attempt)" in "a login, $kind in the completion handler"
	no_faults
	fails "... nothing is allocated there" failed
done
for f in iser_tgt_conn_request iser_tgt_qp_create iser_tgt_session_open iser_tgt_login_alloc iser_tgt_login_tx_alloc iser_tgt_session_start \
	iser_tgt_tx_pool_alloc target_setup_session iser_tgt_text_answer; do
	try $f
done
end_attempts
works "no login is left" wait_for 20 "no pending login" pending
works "all is removed" remove_all
works "the module unloads" rmmod iser_tgt

module_params=srq_size=0
works "a target whose connections have their own receive queues" simple_target rd 16 || bail "no target"
find_functions
begin_attempts
is "$(attempt)" in "a login when nothing fails" || bail "no login"
for f in iser_tgt_rx_queue_alloc iser_tgt_rx_queue_grow iser_tgt_window_start; do
	try $f
done
end_attempts

# --- a session that gets no more contexts than its first ---
# They are needed: no command ends before the disk is resumed.
modprobe dm_mod
crowd=/src/tools/testing/conformance/crowd
dmsetup create slow --noudevsync --table "0 $(blockdev --getsz /dev/ram0) linear /dev/ram0 0" && dmsetup mknodes slow || not_ok "dm device"
slow_target() { backstore slow dev /dev/mapper/slow && make_target "$IQN:slow" slow && add_portal "$IQN:slow" "$IP:$PORT" && enable "$IQN:slow"; }
works "a target whose disk is suspended" slow_target
fell() { read -r left <"$FAILING/times" && [ "$left" -le $(($1 - $2)) ]; }
# deep TEXT NTH TIMES : many commands at a time, while every NTHth allocation for more contexts fails, TIMES at most
deep() {
	local left pid
	dmsetup suspend --nolockfs --noflush slow
	alloc_fails fail_page_alloc iser_tgt_cmd_get "$2"
	echo "$3" >"$FAILING/times"
	$crowd sessions --target "$IP:$PORT" --iqn "$IQN:slow" --connections 1 --busy 32 >/tmp/deep 2>&1 &
	pid=$!
	works "allocations fail $1" wait_for 60 "that" fell "$3" 1
	dmsetup resume slow --noudevsync
	wait $pid
	is "$(cat /tmp/deep)" in "... and each of 32 commands at a time is answered"
	no_faults
	note "$(($3 - $(cat "$FAILING/times"))) failures"
}
deep "without an end" 1 100000
deep "of a PDU's memory, and of contexts" 2 3
works "the target goes" remove_target "$IQN:slow"
note "$hit failed allocations"
works "no login is left" wait_for 20 "no pending login" pending
works "all is removed" remove_all
done_testing
