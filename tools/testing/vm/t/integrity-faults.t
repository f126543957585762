#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Blocks that know who wrote them, over a cable that loses and reorders packets, and through connections that end under load: what was
# acknowledged is there, what was in flight is old or new.
# INTEGRITY_SECONDS: how long a writer runs over a bad cable (2).
# needs: integrity

roles="target initiator"
seconds=$((900 + 6 * ${INTEGRITY_SECONDS:-2}))
machine="--smp 1 --mem 1024 --append iser_tgt.integrity_seconds=${INTEGRITY_SECONDS:-2}"
. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/ask.sh
. /src/tools/testing/vm/guest/ask.sh

run=$(sed -n 's/.*iser_tgt.integrity_seconds=\([0-9]*\).*/\1/p' /proc/cmdline)
arrived() { [ -e "/scratch/$1" ]; }
# cable NETEM-OPTION... : what happens to what this side sends; none: a good cable
cable() {
	if [ $# -eq 0 ]; then tc qdisc del dev eth0 root 2>/dev/null; return 0; fi
	tc qdisc replace dev eth0 root netem limit 10000 "$@"
}

# --- the target does what the initiator asks for, a file each ---

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
# both_sides NETEM-OPTION... : the same for what either side sends
both_sides() { cable "$@" && target_does cable "$@"; }
session_down() { ! grep -qs LOGGED_IN /sys/class/iscsi_session/session*/state; }
session_up() { grep -qs LOGGED_IN /sys/class/iscsi_session/session*/state; }
running() { grep -qs running "/sys/block/${1#/dev/}/device/state"; }
recovery() { local f; for f in /sys/class/iscsi_session/session*/recovery_tmo; do echo "$1" >"$f" || return; done; }
in_mid_write() { [ "$(awk '{ print $5 + $9 }' "/sys/block/${1#/dev/}/stat")" -gt "$2" ]; }

# writer LUN OPTION... : in the background, until it is in mid-write
writer() {
	local lun=$1 dev writes
	shift
	dev=$(disk "$IQN" "$lun") || return
	writes=$(awk '{ print $5 }' "/sys/block/${dev#/dev/}/stat")
	generator --state "/tmp/state.$lun" --seed "$seed" --reads 25 "$@" "$dev" >/tmp/writer.out 2>&1 &
	WRITER=$!
	wait_for 60 "the writer to write" in_mid_write "$dev" $((writes + 20))
}
# Its exit status, expected to be one of those given.
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
# As often as it takes to get ten writes through, for a cable's worst seconds let none.
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
	works "... and all of it is there" verified "$lun"
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

	# The initiator brings its session back and repeats what was not answered; none of the old commands may come after that.
	recovery 120
	for _ in 1 2 3; do
		writer 0 --seconds $((5 * SLOW)) --size 512-262144 --depth 16-64 || bail "a writer" "$(cat /tmp/writer.out)"
		target_does disable "$IQN"
		target_does enable "$IQN"
		works "the target closes the session under load: the initiator comes back, nothing is lost" writer_ends 0
		said
	done
	writer 1 --seconds $((5 * SLOW)) --size 512-262144 --depth 16-64 || bail "a writer" "$(cat /tmp/writer.out)"
	works "sg_reset of the target" sg_reset --target --no-escalate "$(disk "$IQN" 1)"
	works "the initiator drops its connection under load: nothing is lost" writer_ends 0
	said

	# Nobody repeats these: what was not acknowledged is in doubt.
	recovery 1
	for lun in 0 1; do
		writer $lun --seconds 120 --size 512-1048576 --depth 32-64 || bail "a writer" "$(cat /tmp/writer.out)"
		target_does disable "$IQN"
		works "LUN $lun: closed under load, no second try: the writer is told" writer_ends 3
		said
		target_does enable "$IQN"
		wait_for 90 "the session to come back" session_up || bail "no session any more"
		works "... what was acknowledged is there, the rest is old or new" verified $lun
		said
	done
	writer 0 --seconds 120 --size 4096-1048576 --depth 64 || bail "a writer" "$(cat /tmp/writer.out)"
	kill -KILL "$WRITER"
	wait "$WRITER" 2>/dev/null
	works "a logout over a writer that was killed" logout
	works "login again" login
	works "... what was acknowledged is there, the rest is old or new" verified 0
	said

	# The cable is cut: by its pings the initiator sees it, then the target by what it cannot send.
	recovery 120
	writer 1 --seconds $((25 * SLOW)) --size 512-262144 || bail "a writer" "$(cat /tmp/writer.out)"
	both_sides loss 100%
	works "the cable is cut: the initiator's session goes down" wait_for 90 "the session to go down" session_down
	both_sides
	works "it is mended: the initiator comes back, nothing is lost" writer_ends 0
	said

	works "initiator: logout" logout
	works "initiator: stops" stop_initiator
	done_testing
}

"$NAME"
