#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Connections are spread over completion vectors by their load: idle ones by number, and a new one keeps away from the vector of a busy one.
# link: rxe: the choice is made above the driver
# processors: 2
# needs: conformance

seconds=300
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
crowd=/src/tools/testing/conformance/crowd
devices=/sys/kernel/debug/iser_tgt/devices
# word NAME VECTOR : of that vector's line
word() { sed -n "s/^  vector=$2 .*\b$1=\([0-9]*\).*/\1/p" $devices; }
spread() { echo "$(word connections 0) $(word connections 1)"; }
# another : one session more, which does nothing until the writing end of the pipe is closed
others=()
another() {
	local said=/tmp/said.${#others[@]}
	$crowd sessions --target "$IP:$PORT" --iqn "$IQN" --connections 1 --wait </tmp/hold >"$said" {hold}>&- &
	others+=($!)
	wait_for 30 "the session" grep -qx in "$said"
}
reads() { [ "$(awk '{ print $1 }' "/sys/block/${dev#/dev/}/stat")" -gt "$1" ]; }
idle() { [ "$(word load "$1")" -eq 0 ]; }

works "a target" simple_target rd 16 || bail "no target"
# the idle sessions do not answer
echo 0 >"$(tpg)/attrib/nopin_interval" || bail "no keepalive to turn off"
is "$(grep -c '^  vector=' $devices)" 2 "the device has two vectors"
start_initiator || bail "no iscsid"
# iscsid and fio must not have the pipe
mkfifo /tmp/hold && exec {hold}<>/tmp/hold || bail "no pipe"
discover >/dev/null
works "a session" login || bail "no session"
dev=$(disk) || bail "no disk"
busy=$([ "$(word connections 0)" = 1 ] && echo 0 || echo 1)
other=$((1 - busy))
works "another" another
is "$(spread)" "1 1" "they have a vector each"

fio --name=busy --filename="$dev" --direct=1 --ioengine=libaio --iodepth=4 --bs=4k --rw=randread --time_based --runtime=600 >/tmp/fio 2>&1 {hold}>&- &
fio=$!
wait_for 60 "a load" reads 1000 || bail "fio does not read" "$(cat /tmp/fio)"
sleep 1
works "a third, while the first is busy" another
note "$(cat $devices)"
is "$(word connections "$busy") $(word connections "$other")" "1 2" "... is on the vector of the second"
busiest=$(word load "$busy") least=$(word load "$other")
if [ "$busiest" -gt $((10 * least)) ]; then ok "the busy vector has the load ($busiest, $least)"; else not_ok "the busy vector has the load" "$(cat $devices)"; fi
kill -INT $fio
wait $fio
# measured again when the vectors are trimmed, then over a time without commands
works "the load has gone" wait_for 25 "the next measurement" idle "$busy"
works "a fourth" another
is "$(spread)" "2 2" "... is on the vector with the fewest"

exec {hold}>&-
works "the sessions end" wait "${others[@]}"
works "logout" logout
stop_initiator
works "all is removed" remove_all
done_testing
