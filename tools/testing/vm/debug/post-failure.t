#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The device refuses work requests while a session transfers data. If a send queue or a connection's own receive queue refuses them, the
# connection closes, the initiator logs in again, no data is lost and nothing leaks. If a shared receive queue refuses them, the buffers are
# posted together with later ones, and no session stalls.
# differs by: link
# needs: integrity

seconds=1200
. "$(dirname "$0")/../in-guest"
. /src/tools/testing/vm/guest/memory.sh
. /src/tools/testing/vm/guest/failing.sh
# shellcheck source=tools/testing/vm/guest/failing-calls.sh
. /src/tools/testing/vm/guest/failing-calls.sh

alone || bail "no RDMA device"
[ -d "$ff" ] || bail "the kernel has no fail_function"

sizes=4096-65536 memory=1048576
generator() { /src/tools/testing/integrity/integrity --state /tmp/state --seed 7 --size $sizes --memory $memory "$@"; }
at_rest() { [ "$(rdma_holds)" = "$before" ]; }
session_up() { grep -qs LOGGED_IN /sys/class/iscsi_session/session*/state; }
said() { dmesg | grep -c "iser_tgt: .*$1"; }
said_more() { [ "$(said "$1")" -gt "$2" ]; }
ios() { awk '{ print $1 + $5 }' "/sys/block/${DISK#/dev/}/stat"; }
in_traffic() { [ "$(ios)" -gt "$1" ]; }

# the reason for closing a connection is a debug message
tell_why() { echo 'module iser_tgt format "closed:" +p' >/sys/kernel/debug/dynamic_debug/control; }

# begin : makes a session and writes to its disk
begin() {
	discover >/dev/null && login || return
	DISK=$(disk) || return
	echo 120 | tee /sys/class/iscsi_session/session*/recovery_tmo
	rm -f /tmp/state
	generator --reads 0 --ios 300 --no-verify "$DISK"
}
# In a probe the stack trace lacks the caller of the probed function, so the range is that of all functions of the module.
module_range() { awk '$4 == "[iser_tgt]" && $3 ~ /^iser_tgt_/ && $2 ~ /[tT]/ { if (first == "") first = $1; last = $1 } END { print first, last }' "$HERE/functions"; }
# in_mid_traffic TEXT FUNCTION NTH READS : the NTH call of FUNCTION fails during I/O with READS per cent of reads
in_mid_traffic() {
	local text=$1 start end traffic status=0
	read -r start end <<<"$(module_range)"
	before=$(rdma_holds)
	generator --depth 1-4 --reads "$4" --seconds $((3 * SLOW)) "$DISK" >/tmp/traffic 2>&1 &
	traffic=$!
	wait_for 20 "traffic" in_traffic $(($(ios) + 20)) || { not_ok "$text" "no traffic"; return; }
	fails_next "$2" "$3" "$start" "$end" || { not_ok "$text" "$2 cannot be made to fail"; return; }
	works "$text" wait_for 20 "the fault" fired
	no_faults
	wait $traffic || status=$?
	is $status 0 "... the initiator loses no data"
	[ $status = 0 ] || note "$(tail -n 5 /tmp/traffic)"
	note "$(grep '^did: ' /tmp/traffic)"
	works "... and is logged in" wait_for 20 "the session" session_up
	wait_for 20 "RDMA resources as before" at_rest
	is "$(rdma_holds)" "$before" "... RDMA resources are as before"
}
# closes TEXT REASON ARGUMENT... : like in_mid_traffic; the target closes the connection for REASON
closes() {
	local text=$1 reason=$2 times
	shift 2
	times=$(said "closed: $reason")
	in_mid_traffic "$text" "$@"
	works "... the connection was closed: $reason" wait_for 5 "the line" said_more "closed: $reason" "$times"
}

case $LINK in
rxe) send=post_one_send recv=rxe_post_recv shared=rxe_post_srq_recv ;;
siw) send=siw_post_send recv=siw_post_receive shared= ;;
esac

works "a target" simple_target rd 32 || bail "no target"
find_functions
tell_why || bail "no dynamic debug"
start_initiator max_sectors=4096 || bail "no iscsid"
works "a session" begin || bail "no session" "$(tail -n 20 /tmp/out)"
# The response to a READ is posted in one chain with the last RDMA WRITE: of two successive calls, one fails with a part of the chain posted.
for nth in 1 2 3 4; do
	closes "reads, send work request $nth is refused" "send queue refused a work request" "$send" "$nth" 100
done
closes "writes, a send work request is refused" "send queue refused a work request" "$send" 1 0
# Data of more than one segment: of one none, or a part, is posted.
queue=/sys/block/${DISK#/dev/}/queue largest=$(cat "$queue/max_hw_sectors_kb")
if [ "$largest" -ge 2044 ]; then
	sizes=1310720-2093056 memory=4194304
	was=$(cat "$queue/max_sectors_kb")
	echo "$largest" >"$queue/max_sectors_kb"
	for nth in 1 9 40; do
		closes "reads of several segments, send work request $nth is refused" "send queue refused a work request" "$send" "$nth" 100
	done
	closes "writes of several segments, a send work request is refused" "send queue refused a work request" "$send" 3 0
	echo "$was" >"$queue/max_sectors_kb"
	sizes=4096-65536 memory=1048576
else
	skip "data of more than one segment" "no command has more than $largest KiB"
fi
if [ -n "$shared" ]; then
	closed=$(said "closed: ")
	refused=$(said "receive buffers could not be posted")
	for nth in 1 2; do
		in_mid_traffic "the shared receive queue refuses buffers, call $nth" "$shared" "$nth" 50
	done
	works "... the log has it" said_more "receive buffers could not be posted" $((refused + 1))
	is "$(said "closed: ")" "$closed" "... the session continues"
	works "logout" logout
	works "all is removed" remove_all
	works "the module unloads" wait_for 5 "rmmod" rmmod iser_tgt
	module_params=srq_size=0
	works "a target without shared receive queues" simple_target rd 32 || bail "no target"
	find_functions
	tell_why
	works "a session" begin || bail "no session" "$(tail -n 20 /tmp/out)"
fi
closes "a receive queue refuses a buffer" "receive buffers could not be posted" "$recv" 1 50
works "logout" logout
works "the initiator stops" stop_initiator
works "all is removed" remove_all
done_testing
