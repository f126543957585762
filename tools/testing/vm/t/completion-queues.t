#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Completion queues: the target's own, with room for all of a shared receive queue, more of them when they are full, and none left behind.
# link: rxe: soft iWARP has no shared receive queue here
# processors: 2
# needs: conformance

seconds=600
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
crowd=/src/tools/testing/conformance/crowd
# The target's queues, a line each; and those of the RDMA core's pool that are polled alike, by the target or by others.
ours()   { rdma resource show cq | grep '\[iser_tgt\]'; }
pooled() { rdma resource show cq | grep "$(ours | grep -o 'poll-ctx [A-Z_]*' | head -n 1)" | grep '\[ib_core\]'; }
number() { "$1" | grep -c .; }
smallest() { ours | sed -n 's/.* cqe \([0-9]*\) .*/\1/p' | sort -n | head -n 1; }
at_least() { [ "$1" -ge "$2" ]; }
fewer() { [ "$(number ours)" -lt "$1" ]; }

module_params=srq_size=8192
works "a target with srq_size=8192" simple_target rd 16 || bail "no target"
# sessions NUMBER : logs in so many, until standard input of $CROWD ends
sessions() {
	coproc CROWD { exec $crowd sessions --target "$IP:$PORT" --iqn "$IQN" --connections "$1" --wait; }
	local n
	for ((n = 0; n < $1; n++)); do read -r -t $((30 * SLOW)) -u "${CROWD[0]}" got && [ "$got" = in ] || return; done
}
sessions_end() {
	local pid=$CROWD_PID
	eval "exec ${CROWD[1]}>&-"
	wait "$pid"
	wait_for 20 "the end of the sessions" nobody
}
nobody() { ! grep -q . "$(tpg)/dynamic_sessions"; }

works "a session" sessions 1 || bail "no session"
is "$(number ours)" 1 "a completion queue of the target's own"
is "$(number pooled)" 0 "... and none of the core's pool, which others would poll"
works "... holds all of the shared receive queue" at_least "$(smallest)" 8192
note "$(ours)"
works "it ends" sessions_end
works "all is removed" remove_all
rmmod iser_tgt || bail "the module is in use"

module_params=
works "a target" simple_target rd 16 || bail "no target"
works "60 sessions" sessions 60 || bail "no sessions"
full=$(number ours)
note "$(ours)"
works "completion queues were added" at_least "$full" 4
works "they end" sessions_end
vectors=$(nproc)
works "the queues that were added are gone" wait_for 10 "the queues" fewer $((vectors + 1))
works "60 sessions again" sessions 60
# the first two may have become larger
works "no more queues than before" at_least "$full" "$(number ours)"
works "they end" sessions_end
works "the portal is removed" remove_target "$IQN"
works "no completion queue is left" wait_for 10 "the queues" fewer 1
works "all is removed" remove_all
done_testing
