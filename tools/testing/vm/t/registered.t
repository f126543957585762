#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A device that reads and writes by RDMA only what is registered: ib_core's parameter force_mr makes soft RoCE such a one. A session
# writes and reads blocks that it can recognise, in commands of one piece of memory and of many, more at a time than there are registrations.
# link: rxe: an iWARP device registers what it reads as it is
# needs: integrity

seconds=600
machine="--append ib_core.force_mr=1"
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
mrs() { rdma res show mr dev "$LINK-lan0" | grep -c '\[iser_tgt\]'; }
none() { [ "$(mrs)" -eq 0 ]; }
works "a target" simple_target rd 64 || bail "no target"
start_initiator max_sectors=4096 || bail "no iscsid"
discover >/dev/null
is "$(mrs)" 0 "nobody has logged in, and nothing is registered"
works "a session" login || bail "no session"
dev=$(disk) || bail "no disk"
got=$(mrs)
if [ "$got" -gt 0 ] && [ "$got" -lt 32 ]; then ok "... has its memory registrations, fewer than commands"; else not_ok "... has its memory registrations, fewer than commands" "$got"; fi
note "$got memory registrations"
seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
note "seed $seed"
# blocks SIZES DEPTHS
blocks() { /src/tools/testing/integrity/integrity --state /tmp/state --seed "$seed" --seconds $((2 * SLOW)) --size "$1" --depth "$2" "$dev"; }
for size in 512-4096 512-131072 524288-2097152; do
	works "$size bytes a command: nothing old, torn, foreign or misplaced" blocks $size 32-64
	note "$(grep -h '^did' "$OUT")"
done
works "logout" logout
works "they are given back" wait_for 10 "the registrations" none
works "all is removed" remove_all
done_testing
