#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Commands for persistent reservations that meet: the target core does not lock out others between the steps of one. A module of the tests makes a step of
# the first one take seconds.
# processors: 2

seconds=600
. "$(dirname "$0")/../in-guest"

a=iqn.2026-01.org.example:a b=iqn.2026-01.org.example:b
delay=/src/build/$KVER/event/delay.ko
[ -f "$delay" ] || bail "no delay.ko: make KVER=... test-module"
# shellcheck source=tools/testing/vm/guest/fencing.sh
. /src/tools/testing/vm/guest/fencing.sh

targets() {
	local name
	load_target && backstore disk file 16 && make_target "$IQN" disk || return
	echo 0 >"$(tpg)/attrib/generate_node_acls" || return
	for name in $a $b; do mkdir -p "$(tpg)/acls/$name/lun_0" && ln -s "$(tpg)/lun/lun_0" "$(tpg)/acls/$name/lun_0/disk" || return; done
	add_portal "$IQN" "$IP:$PORT" && enable "$IQN"
}
register() {
	unit_ready "$A" "$B" >/dev/null
	out "$A" --register-ignore --param-sark=0xaaaa && out "$B" --register-ignore --param-sark=0xbbbb
}
keys()     { sg_persist --no-inquiry --in --read-keys "$A" | grep -c '^ *0x'; }
attention() { local i; for i in 1 2 3; do unit_ready "$A"; unit_ready "$B"; done >/dev/null; }
held()     { [ "$(cat /sys/module/delay/parameters/hits)" -gt 0 ]; }
ended()    { local pid; for pid; do ! kill -0 "$pid" 2>/dev/null || return; done; }
slow()     { insmod "$delay" symbol="$1" ms=$(($2 * 1000 * SLOW)); }

alone || bail "no RDMA device"
works "a target" targets || bail "no target"
start_initiator || bail "no iscsid"
initiators a b
both_back || bail "no disks"

# --- RESERVE in the middle of CLEAR: its registration is freed, and the device still knows it as the holder's ---
works "both register" register
works "a reserves" out "$A" --reserve --param-rk=0xaaaa --prout-type=5
slow __core_scsi3_complete_pro_release 2 || bail "no delay"
out "$A" --clear --param-rk=0xaaaa >/tmp/clear 2>&1 &
clear=$!
works "a clears, and is in the middle of it" wait_for 20 "CLEAR" held
out "$B" --reserve --param-rk=0xbbbb --prout-type=5 >/tmp/reserve 2>&1 &
works "... when b reserves; both end" wait_for 30 "both" ended $clear $!
works "CLEAR worked" wait $clear
rmmod delay
attention
is "$(keys)" 0 "nobody is registered"
like "$(sg_persist --no-inquiry --in --read-reservation "$A")" 'NO reservation held' "nothing is reserved"
works "a writes" writes "$A"
works "b writes" writes "$B"

# --- two CLEARs: each waits for the registration of the other one ---
works "both register" register
slow __core_scsi3_locate_pr_reg 2 || bail "no delay"
out "$A" --clear --param-rk=0xaaaa >/tmp/clear 2>&1 &
first=$!
out "$B" --clear --param-rk=0xbbbb >/tmp/clear.b 2>&1 &
works "both clear; both end" wait_for 30 "both" ended $first $!
rmmod delay
attention
is "$(keys)" 0 "nobody is registered"

# --- READ FULL STATUS goes on to a registration that is freed meanwhile ---
works "both register" register
slow target_get_pr_transport_id_len 2 || bail "no delay"
sg_persist --no-inquiry --in --read-full-status "$A" >/tmp/full 2>&1 &
full=$!
works "a reads all registrations, and is in the middle of it" wait_for 20 "READ FULL STATUS" held
out "$B" --register --param-rk=0xbbbb --param-sark=0 >/tmp/leave 2>&1 &
works "... when b ends its own; both end" wait_for 60 "both" ended $full $!
rmmod delay
is "$(grep -c 'Key=' /tmp/full)" 2 "two were listed"
is "$(keys)" 1 "one is left"

# --- one that waits for its turn is aborted by the command that it waits for ---
works "both register" register
works "b reserves" out "$B" --reserve --param-rk=0xbbbb --prout-type=5
slow __core_scsi3_locate_pr_reg 2 || bail "no delay"
out "$A" --preempt-abort --param-rk=0xaaaa --param-sark=0xbbbb --prout-type=5 >/tmp/preempt 2>&1 &
first=$!
works "a preempts b, with ABORT" wait_for 20 "PREEMPT AND ABORT" held
out "$B" --release --param-rk=0xbbbb --prout-type=5 >/tmp/release 2>&1 &
works "... while b's RELEASE waits; both end" wait_for 60 "both" ended $first $!
works "PREEMPT AND ABORT worked" wait $first
rmmod delay
attention
like "$(kind)" 'Write Exclusive, registrants only' "a holds the reservation"
is "$(keys)" 1 "... and is registered alone"
stop_initiator
works "all is removed" remove_all
done_testing
