#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Completion queues: the target allocates its own, each large enough for a whole shared receive queue; adds more of them when they are full, and
# frees them all in the end.
# link: rxe: soft iWARP has no shared receive queue here
# processors: 2
# needs: conformance

seconds=600
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
crowd=/src/tools/testing/conformance/crowd
# The target's queues, one per line; and those of the RDMA core's pool with the same kind of polling, whether the target or another ULP uses them.
ours()   { rdma resource show cq | grep '\[iser_tgt\]'; }
pooled() { rdma resource show cq | grep "$(ours | grep -o 'poll-ctx [A-Z_]*' | head -n 1)" | grep '\[ib_core\]'; }
number() { "$1" | grep -c .; }
smallest() { ours | sed -n 's/.* cqe \([0-9]*\) .*/\1/p' | sort -n | head -n 1; }
at_least() { [ "$1" -ge "$2" ]; }
fewer() { [ "$(number ours)" -lt "$1" ]; }

module_params=srq_size=8192
works "a target with srq_size=8192" simple_target rd 16 || bail "no target"
# sessions NUMBER : makes NUMBER sessions, which end with the standard input of $CROWD
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
is "$(number ours)" 1 "the target has one completion queue of its own"
is "$(number pooled)" 0 "... and none of the core's pool, which other ULPs would poll"
works "... large enough for the whole shared receive queue" at_least "$(smallest)" 8192
note "$(ours)"
works "the session ends" sessions_end
works "all is removed" remove_all
rmmod iser_tgt || bail "the module is in use"

module_params=
works "a target" simple_target rd 16 || bail "no target"
works "60 sessions" sessions 60 || bail "no sessions"
full=$(number ours)
note "$(ours)"
works "completion queues were added" at_least "$full" 4
works "the sessions end" sessions_end
vectors=$(nproc)
works "the added queues are freed" wait_for 10 "the release of the queues" fewer $((vectors + 1))
works "60 sessions again" sessions 60
# one fewer is possible: the first two may have been replaced by larger ones
works "no more queues than before" at_least "$full" "$(number ours)"
works "the sessions end" sessions_end
works "the portal is removed" remove_target "$IQN"
works "no completion queue is left" wait_for 10 "the release of the queues" fewer 1
works "all is removed" remove_all
done_testing
