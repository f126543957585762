#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Allocations of the login path fail, one at a time, in each function that makes any: the peer is turned away or told so, nothing leaks,
# and the next login works.
# only: rxe

seconds=600
[ -n "${SRC:-}" ] || make -s -C "$(dirname "$0")/../../conformance" >&2 || exit
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
works "a target" simple_target rd 16 || bail "no target"
mount -t debugfs none /sys/kernel/debug 2>/dev/null
echo 0 >/sys/module/iser_tgt/parameters/login_rate_per_peer
attempt() { /src/tools/testing/conformance/crowd attempt --target "$IP:$PORT" --iqn "$IQN" --connections 1; }
is "$(attempt)" in "a login when nothing fails" || bail "no login"

# function NAME : start and end of it in the kernel's text
function_range() {
	sort /proc/kallsyms | awk -v f="$1" 'found { print start, $1; exit } $3 == f && $2 ~ /[tT]/ { start = $1; found = 1 }'
}
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

hit=0
for f in iser_tgt_conn_request iser_tgt_qp_create iser_tgt_rx_ring_alloc iser_tgt_session_open iser_tgt_login_alloc iser_tgt_login_tx_alloc \
	iser_tgt_session_start iser_tgt_tx_pool_alloc iser_tgt_rx_grow target_setup_session iser_tgt_text_answer; do
	read -r start end <<<"$(function_range $f)"
	if [ -z "$end" ]; then not_ok "$f is in the kernel"; continue; fi
	failed_here=0 wrong=
	for kind in failslab fail_page_alloc; do
		for interval in 1 2 3 5; do
			faults $kind "$start" "$end" $interval
			got=$(attempt)
			fired=$(cat /sys/kernel/debug/$kind/times)
			no_faults
			if [ "$fired" = 0 ]; then
				failed_here=$((failed_here + 1))
				# What cannot be had may be done without, but nothing may be left half done.
				case $got in in | "turned away" | "refused 0302" | "refused 0300" | ended:*) ;; *) wrong+="$kind/$interval: $got; " ;; esac
			fi
			got=$(attempt)
			[ "$got" = in ] || wrong+="after $kind/$interval: $got; "
		done
	done
	hit=$((hit + failed_here))
	if [ -n "$wrong" ]; then not_ok "$f" "$wrong"
	elif [ $failed_here -eq 0 ]; then not_ok "$f: some allocation of it failed" "none was reached"
	else ok "$f: $failed_here failures, and the next login worked each time"; fi
done
note "$hit failed allocations"
works "no login is left" wait_for 20 "no pending login" pending
works "all is removed" remove_all
done_testing
