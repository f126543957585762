#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# An initiator breaks its connection or is killed with 32 commands in flight, repeatedly and at random moments, during verified I/O of another
# initiator. The other's session is not disturbed, no acknowledged write is lost, and nothing leaks.
# FAULT_ROUNDS: rounds of each fault (1); FAULTS: only those whose function matches; FAULT_SEED: the seed of an earlier run.
# processors: 2
# needs: conformance integrity
# all: four minutes; faults-target.t has the other half of the table in make check

seconds=$((300 + 200 * ${FAULT_ROUNDS:-1}))
machine="--append iser_tgt.faults=${FAULT_ROUNDS:-1},${FAULT_SEED:-},${FAULTS:-}"
. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/faults.sh
. /src/tools/testing/vm/guest/faults.sh

two_disks() {
	load_target && backstore disk rd 16 && backstore other rd 16 && make_target "$IQN" disk other && add_portal "$IQN" "$IP:$PORT" || return
	# a silent initiator is detected after four seconds
	echo 2 >"$(tpg)/attrib/nopin_interval" && echo 2 >"$(tpg)/attrib/nopin_timeout" && enable "$IQN"
}

# How often the kernel's initiator has lost a connection
errors() { dmesg | grep -c 'detected conn error'; }
# alone_disturbed COMMAND... : the visitor's connection ends, and no other
alone_disturbed() {
	local before
	before=$(errors)
	visitor_does 60 "$@" && visitor_does 60 verify && [ "$(errors)" = "$before" ] && return
	echo "the other session was disturbed"
	return 1
}
visitor_does() {
	ask_visitor "$@"
	case $answer in
	"good "*) [ "$2" = verify ] || [ "$2" = reread ] || took=${answer#good } ;;
	*) echo "$answer"; return 1 ;;
	esac
}
some_ms() { echo $((100 + RANDOM % 500)); }

qp_broken()    { alone_disturbed break "$(some_ms)"; }
stags_gone()   { alone_disturbed stags "$(some_ms)"; }
rnr()          { alone_disturbed starve "$(some_ms)" $((RANDOM % 1000)); }
rnr_and_gone() { alone_disturbed starve-and-go "$(some_ms)" $((RANDOM % 1000)); }
reinstated()   { alone_disturbed reinstate "$(some_ms)"; }

# A process with its own queue pair is killed during its I/O.
user_killed() {
	local pid in out begin
	rm -f /tmp/killed.in
	mkfifo /tmp/killed.in
	"$CONFORMANCE/visitor" --target "$IP:$PORT" --iqn "$IQN" --lun 1 --name "$INITIATOR.user" --state /tmp/state.visitor --seed "$RANDOM" \
		</tmp/killed.in >/tmp/killed.out 2>&1 &
	pid=$!
	exec {in}>/tmp/killed.in
	echo "work 60000" >&"$in"
	wait_for 60 "the process to log in" session_of "$INITIATOR.user" || { cat /tmp/killed.out; kill -KILL $pid; return 1; }
	sleep "0.$((RANDOM % 900 + 100))"
	begin=$(now)
	kill -KILL $pid
	out=$?
	wait $pid
	exec {in}>&-
	[ $out = 0 ] && wait_for 20 "its session to end" no_session_of "$INITIATOR.user" || return
	took=$(($(now) - begin))
	# the visitor maps the same state file, in which the killed process has used higher numbers
	visitor_does 60 reread && visitor_does 60 verify
}
session_of()    { grep -qx "$1" "$(tpg)/dynamic_sessions"; }
no_session_of() { ! session_of "$1"; }
# libiscsi, with reads only.
libiscsi_killed() {
	local pid begin
	iscsi-perf -i "$INITIATOR.libiscsi" -m 32 -b 16 "iser://$IP:$PORT/$IQN/1" >/tmp/perf.out 2>&1 &
	pid=$!
	wait_for 20 "libiscsi to log in" session_of "$INITIATOR.libiscsi" || { cat /tmp/perf.out; return 1; }
	sleep "0.$((RANDOM % 900 + 100))"
	begin=$(now)
	kill -KILL $pid
	wait $pid
	wait_for 20 "its session to end" no_session_of "$INITIATOR.libiscsi" && took=$(($(now) - begin))
}

# The writing process is killed; the outcome of writes in flight is unknown.
writer_killed() { io_ends && io_begins; }

# The connection ends while iscsid does not run, so it is not recovered before the next start.
iscsid_killed() {
	kill -KILL "$ISCSID"
	wait "$ISCSID"
	disable "$IQN" && enable "$IQN" || return
	sleep "0.$((RANDOM % 900 + 100))"
	run_iscsid
}

alone || bail "no RDMA device"
two_disks || bail "no target"
start_initiator || bail "no iscsid"
discover >/dev/null
works "login" login || bail "login" "$(tail -n 20 "$HERE/iscsid.log")"
faults_begin --lun 1

repeat writer_killed "I/O process killed"
repeat iscsid_killed "iscsid killed, connection lost"
repeat user_killed "initiator in user space killed"
# Only if selected by FAULTS: the library sometimes crashes or hangs before it has logged in, with ib_isert as well.
[ -z "$only" ] || repeat libiscsi_killed "libiscsi killed"
repeat qp_broken "initiator's QP to error"
repeat stags_gone "target's QP to error (STags gone)"
repeat rnr "no receive buffers (RNR)"
repeat rnr_and_gone "no receive buffers, then gone"
repeat reinstated "session reinstated"

faults_end
works "logout" logout
works "the initiator stops" stop_initiator
works "all is removed" remove_all
done_testing
