#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Sessions begin and end, one by one and many at a time: all logins work, and kernel memory does not grow.
# needs: conformance
# by name: 250 sessions leave 400 to 1100 KiB, 1667 sessions 464: what is allowed is as much as the measure wavers
# MANY_SESSIONS: how many in all (300); a sixth of them one by one, the rest MANY_PARALLEL (16) at a time. make crowds: 10000, 64.

many=${MANY_SESSIONS:-300}
seconds=$((300 + many / 2))
machine="--append iser_tgt.many=$many,${MANY_PARALLEL:-16}"
. "$(dirname "$0")/../in-guest"
. /src/tools/testing/vm/guest/memory.sh

IFS=, read -r many parallel <<<"$(sed -n 's/.*iser_tgt.many=\([0-9,]*\).*/\1/p' /proc/cmdline)"
[ -n "$parallel" ] || bail "how many sessions?"
# KiB by which kernel memory may grow, whatever the number of sessions
KEPT=1024
one_by_one=$((many / 6 > 500 ? 500 : many / 6))

alone || bail "no RDMA device"
works "a target" simple_target rd 16 || bail "no target"
echo 0 >/sys/module/iser_tgt/parameters/login_rate_per_peer

# sessions NUMBER PARALLEL
sessions() {
	local out
	out=$(/src/tools/testing/conformance/crowd cycles --target "$IP:$PORT" --iqn "$IQN" --connections "$1" --parallel "$2" 2>&1)
	is "$(sed -n 's/^logged_in=//p' <<<"$out")" "$1" "$1 sessions, $2 at a time, log in and out ($(sed -n 's/^ms=//p' <<<"$out") ms)" || note "$out"
	wait_for 20 "RDMA resources as before" at_rest || note "$(rdma_holds)"
}
at_rest() { [ -z "$before" ] || [ "$(rdma_holds)" = "$before" ]; }
measure() { memory=$(kernel_memory); note "$1: $memory KiB of kernel memory"; }

# Allocate now what is allocated once and kept: first with the largest number of sessions at a time.
before=
sessions $((2 * parallel)) "$parallel"
before=$(rdma_holds)
measure "at the beginning"
sessions $one_by_one 1
# Some memory of the first sessions is freed late: the second measurement is the lower one.
measure "after $one_by_one one by one"
start=$memory
left=$((many - one_by_one))
for part in 1 2 3 4; do
	sessions $((left / 4)) "$parallel"
	measure "after part $part of 4, $parallel at a time"
done
is "$(rdma_holds)" "$before" "RDMA resources are as before"
if [ $((memory - start)) -lt $KEPT ]; then ok "kernel memory does not grow: $((memory - start)) KiB more after $left sessions (allowed: $KEPT)"
else not_ok "kernel memory does not grow" "$((memory - start)) KiB more after $left sessions (allowed: $KEPT)"; fi
works "all is removed" remove_all
done_testing
