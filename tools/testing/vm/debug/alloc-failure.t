#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Allocations of the login path fail, one at a time, in each function that makes any: the peer is turned away or told so, nothing leaks,
# and the next login works. Once with receive buffers that all connections share, once with their own.
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
# prints how far one login came
attempt() {
	local got
	echo >&"${CROWD[1]}"
	read -r -t 300 -u "${CROWD[0]}" got || got="no answer from the initiator"
	echo "$got"
}

hit=0
# try FUNCTION : the Nth allocation below it fails, for each N until there is none
try() {
	local f=$1 kind n got failed_here=0 wrong=
	for kind in $ALLOCATIONS; do
		for n in $NTHS; do
			alloc_fails "$kind" "$f" "$n" || { not_ok "$f is in the kernel"; return; }
			got=$(attempt)
			no_faults
			failed || { [ "$got" = in ] || wrong+="$kind/$n, nothing failed: $got; "; break; }
			failed_here=$((failed_here + 1))
			# What cannot be had may be done without, but nothing may be left half done. The core does not tell an ACL that could not
			# be made from one that there is not: 0202.
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
# the first connection brings them
alloc_fails failslab iser_tgt_shared_alloc 1
got=$(attempt)
no_faults
works "the buffers to share cannot be had: an allocation failed" failed
like "$got" '^(in|turned away)$' "... the login that wanted them is turned away, or has its own"
is "$(attempt)" in "a login gets them later" || bail "no login"
# A login and a text request, and the completion handler has asked for no memory.
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
works "the module goes" rmmod iser_tgt

module_params=srq_size=0
works "a target whose connections have their own buffers" simple_target rd 16 || bail "no target"
find_functions
begin_attempts
is "$(attempt)" in "a login when nothing fails" || bail "no login"
for f in iser_tgt_rx_queue_alloc iser_tgt_rx_queue_grow iser_tgt_window_start; do
	try $f
done
end_attempts
note "$hit failed allocations"
works "no login is left" wait_for 20 "no pending login" pending
works "all is removed" remove_all
done_testing
