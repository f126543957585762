#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A shared receive queue that fails takes its connections along, and those that come back have one of their own. A device that does not
# tell when a queue pair is through with a shared queue costs time, not memory. Soft RoCE does neither: modules of the tests have it do so.
# processors: 2
# differs by: kernel

. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
if ! kernel_since 6 11; then
	skip "shared receive queues" "soft RoCE does not drain them before Linux 6.11; there each connection has its own"
	done_testing
	exit
fi
events=/src/build/$KVER/event
[ -f "$events/srq_event.ko" ] && [ -f "$events/last_wqe.ko" ] && [ -f "$events/delay.ko" ] || bail "no modules: make KVER=... test-module"
dir=$(tpg)

# told NUMBER : the shared queues tell of that event, as numbered in enum ib_event_type
told() { echo "$1" >/sys/module/srq_event/parameters/event; }
# lines PATTERN : how often the kernel has said so
lines() { dmesg | grep -c "iser_tgt: $LINK-lan0: $1"; }
said() { [ "$(lines "$1")" -gt "$2" ]; }
said_of() { dmesg | grep -q "iser_tgt: .*$1"; }
reads() { dd if="$(disk)" of=/dev/null bs=64k count=16 iflag=direct status=none; }
# the target's number for the session
tsih() { grep -ohE 'tsih[ =:]+[0-9a-fx]+' "$dir"/sessions | head -n 1; }
other_session() { local now; now=$(tsih) && [ -n "$now" ] && [ "$now" != "$1" ]; }
target_told_of() { insmod "$events"/srq_event.ko && simple_target rd 16; }
srq_failed='shared receive queue: SRQ error: closing its connections'

works "a target" target_told_of || bail "no target"
start_initiator || bail "no iscsid"
discover >/dev/null
works "a session" login || bail "no session"
works "... its disk is read" reads
first=$(tsih)
like "$first" '[0-9]' "... it has a number"

works "the shared queue runs short" told 15
works "... the log says so" wait_for 5 "the line" said 'shared receive queue: SRQ limit reached' 0
works "... the disk is read" reads
is "$(tsih)" "$first" "... in the same session"

works "the shared queue fails" told 14
works "... the log says so" wait_for 5 "the line" said "$srq_failed" 0
works "... the initiator has to come back" wait_for 30 "another session" other_session "$first"
works "... and reads its disk" reads
second=$(tsih)

works "it fails again" told 14
works "... the log says so" wait_for 5 "the line" said "$srq_failed" 1
works "... which does not matter to who has a queue of its own: the disk is read" reads
is "$(tsih)" "$second" "... in the same session"
works "logout" logout
works "all is removed" remove_all
rmmod srq_event

works "a target again" target_told_of || bail "no target"
discover >/dev/null
works "a session" login || bail "no session"
works "... its disk is read" reads
first=$(tsih)
works "the queue of a portal that listens anew fails" told 14
works "... and it was shared: the session is another one" wait_for 30 "another session" other_session "$first"
works "... and reads its disk" reads
works "logout" logout
works "all is removed" remove_all
rmmod srq_event

works "a target again" target_told_of || bail "no target"
discover >/dev/null
insmod "$events/delay.ko" symbol=iser_tgt_qp_create || bail "no delay.ko"
login >/tmp/login 2>&1 &
login=$!
held() { [ "$(cat /sys/module/delay/parameters/hits)" -gt 0 ]; }
works "an initiator connects, has a queue pair, and nobody knows of it yet" wait_for 20 "the connection" held
works "... the shared queue fails" told 14
rmmod delay
works "... the connection is turned away" wait_for 10 "the line" said_of 'connection rejected: -19'
works "... the initiator comes back by itself and gets in" wait $login
works "... and reads its disk" reads
works "logout" logout

# --- a device that does not tell ---

nobody() { ! grep -q . "$dir/sessions"; }
no_teller='no LAST_WQE_REACHED event within 10 s'
# closes LINES FROM TO : a session ends, in a time between FROM and TO s, with so many lines about it
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
works "a device that has told before is waited for" closes 1 7 15
works "... each time" closes 1 7 15
rmmod last_wqe
works "it tells again, and a session ends at once" closes 0 0 3

works "all is removed" remove_all
rmmod iser_tgt || bail "the module is in use"
works "a target of a module that has not seen the device tell" simple_target rd 16 || bail "no target"
insmod "$events"/last_wqe.ko || bail "no last_wqe.ko"
works "the first session's queue pair is waited for" closes 1 7 15
works "... no later one" closes 0 0 3
rmmod last_wqe
works "it tells after all, and a session ends at once" closes 0 0 3
insmod "$events"/last_wqe.ko
works "... and is waited for from then on" closes 1 7 15
rmmod last_wqe
works "all is removed" remove_all
done_testing
