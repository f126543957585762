#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A device that uses only registered memory for RDMA READ and WRITE: with ib_core's parameter force_mr soft RoCE does. A session writes and verifies
# data, in commands of one and of many scatter elements, more commands at a time than there are memory registrations. And a device whose registrations
# have fewer pages than a buffer of the target, as those of older adapters for iWARP.
# link: rxe: an iWARP device registers what it reads as it is
# needs: integrity conformance

seconds=600
machine="--append ib_core.force_mr=1"
. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/rules.sh
. /src/tools/testing/vm/guest/rules.sh

alone || bail "no RDMA device"
mrs() { rdma res show mr dev "$LINK-lan0" | grep -c '\[iser_tgt\]'; }
none() { [ "$(mrs)" -eq 0 ]; }
works "a target" simple_target rd 64 || bail "no target"
start_initiator max_sectors=4096 || bail "no iscsid"
discover >/dev/null
is "$(mrs)" 0 "before the first login there is no memory registration"
works "a session" login || bail "no session"
dev=$(disk) || bail "no disk"
got=$(mrs)
if [ "$got" -gt 0 ] && [ "$got" -lt 32 ]; then ok "... has its memory registrations, fewer than commands"; else not_ok "... has its memory registrations, fewer than commands" "$got"; fi
note "$got memory registrations"
seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
note "seed $seed"
# blocks SIZES DEPTHS : writes and verifies
blocks() { /src/tools/testing/integrity/integrity --state /tmp/state --seed "$seed" --seconds $((2 * SLOW)) --size "$1" --depth "$2" "$dev"; }
for size in 512-4096 512-131072 524288-2097152; do
	works "$size bytes a command: nothing old, torn, foreign or misplaced" blocks $size 32-64
	note "$(grep -h '^did' "$OUT")"
done
works "logout" logout
works "the registrations are freed" wait_for 10 "their release" none
works "all is removed" remove_all

rmmod iser_tgt && insmod "/src/build/$KVER/event/shape.ko" device="$LINK-lan0" max_fast_reg_page_list_len=16 || bail "no shape.ko: make test-module"
works "a target, of a device that registers 16 pages at a time" simple_target rd 64 || bail "no target"
conform --only hello/rfc7145_8_2_reads_within
judged "data is read into registered memory, up to 1 MiB a command" unskipped
works "all is removed" remove_all
rmmod iser_tgt && rmmod shape
done_testing
