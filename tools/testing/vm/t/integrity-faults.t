#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Each block written identifies its write. Over a cable that loses and reorders packets, and when connections end under load, acknowledged writes
# are found, and a block with a write in flight has its old or its new contents.
# INTEGRITY_SECONDS: how long a writer runs over a bad cable (2).
# needs: integrity
# all: minutes of a bad cable; integrity.t has a good one, and faults-target.t has ends of connections

roles="target initiator"
seconds=$((900 + 6 * ${INTEGRITY_SECONDS:-2}))
machine="--smp 1 --mem 1024 --append iser_tgt.integrity_seconds=${INTEGRITY_SECONDS:-2}"
. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/ask.sh
. /src/tools/testing/vm/guest/ask.sh

run=$(sed -n 's/.*iser_tgt.integrity_seconds=\([0-9]*\).*/\1/p' /proc/cmdline)
arrived() { [ -e "/scratch/$1" ]; }
# cable NETEM-OPTION... : faults for the packets that this side sends; none: a good cable
cable() {
	if [ $# -eq 0 ]; then tc qdisc del dev eth0 root 2>/dev/null; return 0; fi
	tc qdisc replace dev eth0 root netem limit 10000 "$@"
}

# --- the target runs the initiator's commands, see guest/ask.sh ---

target() {
	target_side 1 || bail "target: no RDMA device"
	IP=10.0.1.1
	works "target: up" two_disks || bail "no target" "$(cat /tmp/out)"
	touch /scratch/target-up
	serve_initiator
	works "target: all is removed" remove_all
	done_testing
}
two_disks() {
	load_target && backstore disk rd 24 && backstore file file 24 && make_target "$IQN" disk file && add_portal "$IQN" "$IP:$PORT" && enable "$IQN"
}

# --- the initiator writes ---

generator() { /src/tools/testing/integrity/integrity "$@"; }
# both_sides NETEM-OPTION... : the same faults in both directions
both_sides() { cable "$@" && target_does cable "$@"; }
session_down() { ! grep -qs LOGGED_IN /sys/class/iscsi_session/session*/state; }
session_up() { grep -qs LOGGED_IN /sys/class/iscsi_session/session*/state; }
running() { grep -qs running "/sys/block/${1#/dev/}/device/state"; }
recovery() { local f; for f in /sys/class/iscsi_session/session*/recovery_tmo; do echo "$1" >"$f" || return; done; }
in_mid_write() { [ "$(awk '{ print $5 + $9 }' "/sys/block/${1#/dev/}/stat")" -gt "$2" ]; }

# writer LUN OPTION... : starts it in the background, and returns when it is in mid-write
writer() {
	local lun=$1 dev writes
	shift
	dev=$(disk "$IQN" "$lun") || return
	writes=$(awk '{ print $5 }' "/sys/block/${dev#/dev/}/stat")
	generator --state "/tmp/state.$lun" --seed "$seed" --reads 25 "$@" "$dev" >/tmp/writer.out 2>&1 &
	WRITER=$!
	wait_for 60 "the writer to write" in_mid_write "$dev" $((writes + 20))
}
# writer_ends STATUS... : the writer's exit status is one of these
writer_ends() {
	local status=0
	wait "$WRITER" || status=$?
	cat /tmp/writer.out
	case " $* " in *" $status "*) return 0 ;; esac
	echo "the writer ended with status $status"
	return 1
}
verified() {
	local dev
	dev=$(disk "$IQN" "$1") && wait_for 60 "the disk to be usable again" running "$dev" && generator --state "/tmp/state.$1" --verify "$dev"
}
said() { note "$(sed -n 's/^\(did\|verified\|error\): /&/p' /tmp/out)"; }

# written LUN : how many writes its disk has acknowledged
written() { awk '{ print $5 }' "/sys/block/$(basename "$(disk "$IQN" "$1")")/stat"; }
# Repeats until ten writes have been acknowledged, because in some seconds of a bad cable there is none.
writes_over() {
	local lun=$1 before round
	shift
	before=$(written "$lun")
	for round in 1 2 3 4 5 6 7 8; do
		generator --state "/tmp/state.$lun" --seed "$seed" --seconds $((run * SLOW)) --no-verify --size 512-65536 --memory 1048576 "$@" || return
		[ $(($(written "$lun") - before)) -lt 10 ] || return 0
		echo "round $round: $(($(written "$lun") - before)) writes so far"
	done
	echo "no ten writes in $((8 * run * SLOW)) s"
	return 1
}
# over_bad_cable TEXT LUN NETEM-OPTION...
over_bad_cable() {
	local text=$1 lun=$2 dev
	shift 2
	dev=$(disk "$IQN" "$lun") || return
	both_sides "$@" || bail "$text: tc" "$(tail -n 3 /tmp/out)"
	works "$text: ten writes and more" writes_over "$lun" "$dev"
	said
	both_sides
	works "... and all blocks are as written" verified "$lun"
	said
}

initiator() {
	initiator_side 1 || bail "initiator: no RDMA device"
	start_initiator || bail "initiator: no iscsid"
	wait_for 120 "the target" arrived target-up || bail "initiator: no target"
	seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
	note "seed $seed, $run s each"
	discover >/dev/null
	works "initiator: login" login || bail "initiator: login" "$(tail -n 20 "$HERE/iscsid.log")"

	over_bad_cable "1 % of the packets lost, link MTU 4200" 0 loss 1%
	over_bad_cable "packets out of order, link MTU 4200" 1 delay 1ms reorder 3%

	works "logout" logout
	target_does ip link set eth0 mtu 1500
	ip link set eth0 mtu 1500
	works "login with link MTU 1500" login || bail "initiator: login" "$(tail -n 20 "$HERE/iscsid.log")"
	over_bad_cable "1 % lost and some out of order, link MTU 1500" 1 delay 1ms reorder 1% loss 1%

	# The initiator recovers its session and repeats commands without response; no earlier one may be executed after that.
	recovery 120
	for _ in 1 2 3; do
		writer 0 --seconds $((5 * SLOW)) --size 512-262144 --depth 16-64 || bail "a writer" "$(cat /tmp/writer.out)"
		target_does disable "$IQN"
		target_does enable "$IQN"
		works "the target closes the session under load: the initiator logs in again, nothing is lost" writer_ends 0
		said
	done
	writer 1 --seconds $((5 * SLOW)) --size 512-262144 --depth 16-64 || bail "a writer" "$(cat /tmp/writer.out)"
	works "sg_reset of the target" sg_reset --target --no-escalate "$(disk "$IQN" 1)"
	works "the initiator drops its connection under load: nothing is lost" writer_ends 0
	said

	# These are not repeated: the outcome of commands without response is unknown.
	recovery 1
	for lun in 0 1; do
		writer $lun --seconds 120 --size 512-1048576 --depth 32-64 || bail "a writer" "$(cat /tmp/writer.out)"
		target_does disable "$IQN"
		works "LUN $lun: closed under load, commands are not repeated: the writer gets an error" writer_ends 3
		said
		target_does enable "$IQN"
		wait_for 90 "the recovery of the session" session_up || bail "the session was not recovered"
		works "... acknowledged writes are found, other blocks are old or new" verified $lun
		said
	done
	writer 0 --seconds 120 --size 4096-1048576 --depth 64 || bail "a writer" "$(cat /tmp/writer.out)"
	kill -KILL "$WRITER"
	wait "$WRITER" 2>/dev/null
	works "a logout after the writer was killed" logout
	works "login again" login
	works "... acknowledged writes are found, other blocks are old or new" verified 0
	said

	# The cable is cut: the initiator detects it by its pings, then the target by a send that fails.
	recovery 120
	writer 1 --seconds $((25 * SLOW)) --size 512-262144 || bail "a writer" "$(cat /tmp/writer.out)"
	both_sides loss 100%
	works "the cable is cut: the initiator's session goes down" wait_for 90 "the session to go down" session_down
	both_sides
	works "the cable is restored: the initiator logs in again, nothing is lost" writer_ends 0
	said

	works "initiator: logout" logout
	works "initiator: stops" stop_initiator
	done_testing
}

"$NAME"
