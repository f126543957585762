#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Allocations of the login path fail, one at a time, in each function that makes any: the peer is turned away or told so, nothing leaks,
# and the next login works. Once with receive buffers that all connections share, once with their own.
# only: rxe

seconds=1800
[ -n "${SRC:-}" ] || make -s -C "$(dirname "$0")/../../conformance" >&2 || exit
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
: >"$HERE/expects-failed-allocations"
mount -t debugfs none /sys/kernel/debug 2>/dev/null

# All of the kernel's symbols take minutes to sort here; those of two modules do.
find_functions() { grep -e '\[iser_tgt\]' -e '\[target_core_mod\]' /proc/kallsyms | LC_ALL=C sort >"$HERE/functions"; }
# function NAME : start and end of it in the kernel's text
function_range() { awk -v f="$1" 'found { print start, $1; exit } $3 == f && $2 ~ /[tT]/ { start = $1; found = 1 }' "$HERE/functions"; }
faults() { # KIND START END INTERVAL
	local dir=/sys/kernel/debug/$1
	echo 0 >"$dir/probability"
	echo N >"$dir/task-filter"
	echo N >"$dir/ignore-gfp-wait"
	[ "$1" != fail_page_alloc ] || echo 0 >"$dir/min-order"
	echo 0 >"$dir/verbose"
	echo 32 >"$dir/stacktrace-depth"
	echo "0x$2" >"$dir/require-start"
	echo "0x$3" >"$dir/require-end"
	echo "$4" >"$dir/interval"
	echo 1 >"$dir/times"
	echo 100 >"$dir/probability"
}
no_faults() { echo 0 >/sys/kernel/debug/failslab/probability; echo 0 >/sys/kernel/debug/fail_page_alloc/probability; }
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
try() { # FUNCTION INTERVAL...
	local f=$1 start end kind interval got failed_here=0 wrong=
	shift
	read -r start end <<<"$(function_range "$f")"
	if [ -z "$end" ]; then not_ok "$f is in the kernel"; return; fi
	for kind in failslab fail_page_alloc; do
		for interval; do
			faults $kind "$start" "$end" "$interval"
			got=$(attempt)
			fired=$(cat /sys/kernel/debug/$kind/times)
			no_faults
			[ "$fired" = 0 ] || continue
			failed_here=$((failed_here + 1))
			# What cannot be had may be done without, but nothing may be left half done.
			case $got in in | "turned away" | "refused 0302" | "refused 0300" | ended:*) ;; *) wrong+="$kind/$interval: $got; " ;; esac
			got=$(attempt)
			[ "$got" = in ] || wrong+="after $kind/$interval: $got; "
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
read -r start end <<<"$(function_range iser_tgt_rx_queue_shared)"
faults failslab "$start" "$end" 1
works "a portal, though the buffers to share cannot be had" add_portal "$IQN" "$IP:$PORT"
is "$(cat /sys/kernel/debug/failslab/times)" 0 "... an allocation failed"
no_faults
works "enabled" enable "$IQN"
begin_attempts
is "$(attempt)" in "a login gets them later" || bail "no login"
for f in iser_tgt_conn_request iser_tgt_qp_create iser_tgt_session_open iser_tgt_login_alloc iser_tgt_login_tx_alloc iser_tgt_session_start \
	iser_tgt_tx_pool_alloc target_setup_session iser_tgt_text_answer; do
	try $f 1 2 4
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
for f in iser_tgt_rx_queue_own iser_tgt_rx_queue_grow iser_tgt_window_start; do
	try $f 1 2 20
done
end_attempts
note "$hit failed allocations"
works "no login is left" wait_for 20 "no pending login" pending
works "all is removed" remove_all
done_testing
