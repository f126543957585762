#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Each block written identifies its writer, place and time. Two sessions write and verify at once: sizes of 512 B to 16 MiB, depths of 1 to 64,
# any offset, on each kind of backstore, at two path MTUs of RoCE.
# INTEGRITY_SECONDS: how long each pair of writers runs (2).
# processors: 2
# differs by: link
# needs: integrity

seconds=$((600 + 12 * ${INTEGRITY_SECONDS:-2}))
machine="--append iser_tgt.integrity_seconds=${INTEGRITY_SECONDS:-2}"
. "$(dirname "$0")/../in-guest"

run=$(sed -n 's/.*iser_tgt.integrity_seconds=\([0-9]*\).*/\1/p' /proc/cmdline)
# on a slow kernel two seconds suffice for a few commands only
[ "$SLOW" -eq 1 ] || run=$((2 * run))
stores=(rd file brd tcmu)
# iWARP differs in the transfer of data, not in the backstores, and has no path MTU
[ "$LINK" = rxe ] || in_full || stores=(rd file)
other=$IQN-too
mib=$((SLOW > 1 ? 40 : 80))

targets() {
	local store
	modprobe brd rd_nr=1 rd_size=$((mib << 10)) && load_target || return
	for store in "${stores[@]}"; do
		backstore "$store" "$store" $mib || return
	done
	make_target "$IQN" "${stores[@]}" && make_target "$other" "${stores[@]}" || return
	add_portal "$IQN" "$IP:$PORT" && add_portal "$other" "[$IP6]:$PORT" && enable "$IQN" && enable "$other"
}

both_login() { discover >/dev/null && login && discover "[$IP6]:$PORT" >/dev/null && login "$other" "[$IP6]:$PORT"; }
both_logout() { logout && logout "$other" "[$IP6]:$PORT"; }

# pair LUN OPTION... : two writers on one disk, each with its own session
pair() {
	local lun=$1 store=${stores[$1]} one two pid status=0
	shift
	one=$(disk "$IQN" "$lun") && two=$(disk "$other" "$lun") || return
	/src/tools/testing/integrity/integrity --state "/tmp/$store.0" --seed "$seed" --session 0/2 "$@" "$one" >/tmp/out.0 2>&1 &
	pid=$!
	/src/tools/testing/integrity/integrity --state "/tmp/$store.1" --seed "$seed" --session 1/2 "$@" "$two" >/tmp/out.1 2>&1 || status=1
	wait $pid || status=1
	cat /tmp/out.0 /tmp/out.1
	return $status
}
did() { sed -n 's/^\(did\|verified\): /'"$1"': &/p' /tmp/out.0 /tmp/out.1; }

alone || bail "no RDMA device"
works "a target of ${stores[*]}, twice" targets || bail "no target"
start_initiator max_sectors=32768 || bail "no iscsid"
seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
note "seed $seed, $run s each"

# Only RoCE has a path MTU; the size of iWARP's segments is set by TCP.
path_mtu() {
	[ "$LINK" = rxe ] || return 0
	is "$(ibv_devinfo -d rxe-lan0 | sed -n 's/.*active_mtu:[[:space:]]*\([0-9]*\).*/\1/p')" "$1" "path MTU $1"
}

mtu=4096
path_mtu $mtu
works "two sessions" both_login || bail "login" "$(tail -n 20 "$HERE/iscsid.log")"
for lun in "${!stores[@]}"; do
	works "${stores[lun]}, path MTU $mtu: nothing old, torn, foreign or misplaced" pair "$lun" --seconds "$run"
	note "$(did "${stores[lun]}")"
done
works "logout" both_logout
wait_for 20 "the sessions to end" no_sessions

# the state files are kept: blocks written before the logout are verified after the next login
mtu=1024
ip link set lan0 mtu 1500
path_mtu $mtu
works "two sessions again" both_login || bail "login" "$(tail -n 20 "$HERE/iscsid.log")"
for lun in "${!stores[@]}"; do
	works "${stores[lun]}, path MTU $mtu, many small commands" pair "$lun" --seconds $((run / 2)) --size 512-65536 --depth 32-64
	note "$(did "${stores[lun]}")"
done
works "logout" both_logout
works "the initiator stops" stop_initiator
works "all is removed" remove_all
done_testing
