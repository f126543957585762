#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# When a shared receive queue fails, its connections are closed, and new ones get their own receive queues. If a device does not raise
# LAST_WQE_REACHED for a queue pair with a shared receive queue, the release takes longer, and nothing leaks. Soft RoCE has neither fault, so
# modules of the tests simulate them.
# processors: 2
# differs by: oldest

. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
if ! kernel_since 6 11; then
	skip "shared receive queues" "soft RoCE does not drain them before Linux 6.11; there each connection has its own"
	done_testing
	exit
fi
events=/src/build/$KVER/event
[ -f "$events/srq_event.ko" ] && [ -f "$events/last_wqe.ko" ] || bail "no modules: make KVER=... test-module"
# shellcheck source=tools/testing/vm/guest/delay.sh
. /src/tools/testing/vm/guest/delay.sh
dir=$(tpg)

# told NUMBER : the shared queues raise that event of enum ib_event_type
told() { echo "$1" >/sys/module/srq_event/parameters/event; }
# lines PATTERN : the number of lines in the log
lines() { dmesg | grep -c "iser_tgt: $LINK-lan0: $1"; }
said() { [ "$(lines "$1")" -gt "$2" ]; }
said_of() { dmesg | grep -q "iser_tgt: .*$1"; }
reads() { dd if="$(disk)" of=/dev/null bs=64k count=16 iflag=direct status=none; }
# the target's number for the session
tsih() { grep -ohE 'tsih[ =:]+[0-9a-fx]+' "$dir"/sessions | head -n 1; }
other_session() { local now; now=$(tsih) && [ -n "$now" ] && [ "$now" != "$1" ]; }
target_told_of() { insmod "$events"/srq_event.ko && simple_target rd 16; }
srq_failed='shared receive queue: SRQ error: closing its connections'
# another_target : in place of the one before, with a session, whose number is $first
another_target() {
	works "all is removed" remove_all
	rmmod srq_event
	works "a target again" target_told_of || bail "no target"
	discover >/dev/null
	works "a session" login || bail "no session"
	works "... its disk can be read" reads
	first=$(tsih)
}

works "a target" target_told_of || bail "no target"
start_initiator || bail "no iscsid"
discover >/dev/null
works "a session" login || bail "no session"
works "... its disk can be read" reads
first=$(tsih)
like "$first" '[0-9]' "... it has a number"

works "the shared queue reaches its limit" told 15
works "... the log says so" wait_for 5 "the line" said 'shared receive queue: SRQ limit reached' 0
works "... the disk can be read" reads
is "$(tsih)" "$first" "... in the same session"

works "the shared queue fails" told 14
works "... the log says so" wait_for 5 "the line" said "$srq_failed" 0
works "... the initiator has to log in again" wait_for 30 "another session" other_session "$first"
works "... and reads its disk" reads
second=$(tsih)

works "it fails again" told 14
works "... the log says so" wait_for 5 "the line" said "$srq_failed" 1
works "... without effect on a connection with its own queue: the disk can be read" reads
is "$(tsih)" "$second" "... in the same session"
works "logout" logout

another_target
works "the shared queue of a new portal fails" told 14
works "... which the session used: the initiator has a new session" wait_for 30 "another session" other_session "$first"
works "... and reads its disk" reads
works "logout" logout
works "all is removed" remove_all
rmmod srq_event

works "a target again" target_told_of || bail "no target"
discover >/dev/null
slow iser_tgt_qp_create || bail "no delay.ko"
login >/tmp/login 2>&1 &
login=$!
works "an initiator connects, and its queue pair is on no list yet" wait_for 20 "the connection" held
works "... the shared queue fails" told 14
rmmod delay
works "... the connection is rejected" wait_for 10 "the line" said_of 'connection rejected: -19'
works "... the initiator tries again by itself and logs in" wait $login
works "... and reads its disk" reads
works "logout" logout

# --- a device that loses buffers: soft RoCE does, with connections that break, and reports it by the limit event ---

# buffers of the shared queue that are not reserved
unreserved() { sed -n 's/.* unreserved=\([-0-9]*\) .*/\1/p' /sys/kernel/debug/iser_tgt/devices | sort -n | tail -n 1; }
replaced() { [ "$(unreserved)" -gt 32 ]; }
# each time the queue takes all but 16 of them for lost
lost() {
	local n
	for ((n = 0; n < $1; n++)); do told 15; nap 300; done
}

another_target
echo 128 >/sys/module/iser_tgt/parameters/srq_size
lost 4
works "lost buffers are replaced" wait_for 5 "others" replaced
fails "... and nothing is said" said 'a shared receive queue has lost' 0
lost 2
works "a queue that has lost as many as it may have says so" wait_for 5 "the line" said 'a shared receive queue has lost [0-9]* buffers: new connections get queues of their own' 0
works "... the disk can be read" reads
is "$(tsih)" "$first" "... in the same session"
# connections may be spread over two vectors
vector=$(sed -n 's/^  vector=\([0-9]*\) connections=1 .*/\1/p' /sys/kernel/debug/iser_tgt/devices)
of_queue() { sed -n "s/^  vector=$vector .*\b$1=\([0-9]*\).*/\1/p" /sys/kernel/debug/iser_tgt/devices; }
# 8 are held back
reserved() { echo $(($(of_queue shared_receive_buffers) - $(of_queue unreserved) - 8)); }
before=$(reserved)
for ((n = 0; n < 5 && $(of_queue connections) < 2; n++)); do
	works "another session" iscsiadm -m session -r "$(iscsiadm -m session | sed -n 's/^iser: \[\([0-9]*\)\].*/\1/p' | head -n 1)" -o new
done
is "$(of_queue connections)" 2 "... of the same vector"
is "$(reserved)" "$before" "... without a buffer of its queue"
works "... the disk can be read" reads
works "logout" logout
echo 2048 >/sys/module/iser_tgt/parameters/srq_size

# --- a device that does not raise LAST_WQE_REACHED ---

nobody() { ! grep -q . "$dir/sessions"; }
no_teller='no LAST_WQE_REACHED event within 10 s'
# closes LINES FROM TO : a session ends FROM to TO s after its logout, with LINES messages of a missing event
closes() {
	local before start took
	before=$(lines "$no_teller")
	login && reads || return
	logout || return
	start=$SECONDS
	wait_for 30 "the end of the session" nobody || return
	took=$((SECONDS - start))
	echo "# closed $took s after the logout"
	[ $(($(lines "$no_teller") - before)) -eq "$1" ] && [ $took -ge "$2" ] && [ $took -le $(($3 * SLOW)) ]
}

works "all is removed" remove_all
rmmod srq_event
works "a target again" simple_target rd 16 || bail "no target"
discover >/dev/null
works "a session ends at once" closes 0 0 3
insmod "$events"/last_wqe.ko || bail "no last_wqe.ko"
works "a device that has raised the event before does not: the release waits for it" closes 1 7 15
works "... each time" closes 1 7 15
rmmod last_wqe
works "the device raises the event again, and a session ends at once" closes 0 0 3

works "all is removed" remove_all
rmmod iser_tgt || bail "the module is in use"
works "a target of a module that has never had the event from this device" simple_target rd 16 || bail "no target"
insmod "$events"/last_wqe.ko || bail "no last_wqe.ko"
works "the release of the first session waits for the event" closes 1 7 15
works "... that of the next one does not" closes 0 0 3
rmmod last_wqe
works "the device raises the event, and a session ends at once" closes 0 0 3
insmod "$events"/last_wqe.ko
works "... the next release without an event waits again" closes 1 7 15
rmmod last_wqe
works "all is removed" remove_all
done_testing
