#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Events of an RDMA device: a port that goes down or up ends no session; a fatal error of the device ends all of its sessions, and initiators can
# log in again. Soft devices never fail, so a module of the tests raises the events.
# differs by: kernel build link

. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
rdma_event=/src/build/$KVER/event/rdma_event.ko
[ -f "$rdma_event" ] || bail "no rdma_event.ko: make KVER=... test-module"
works "a target" simple_target rd 16 || bail "no target"
start_initiator || bail "no iscsid"
discover >/dev/null
works "a session" login || bail "no session"
dev=$(disk) || bail "no disk"
dir=$(tpg)

# told NUMBER : the device raises that event of enum ib_event_type
told() { insmod "$rdma_event" device="$LINK-lan0" event="$1" && rmmod rdma_event; }
logged() { dmesg | grep -qE "iser_tgt: $LINK-lan0.*$1"; }
reads() { dd if="$dev" of=/dev/null bs=64k count=16 iflag=direct status=none; }
# the target's number for the session
tsih() { grep -ohE 'tsih[ =:]+[0-9a-fx]+' "$dir"/sessions | head -n 1; }

before=$(tsih)
like "$before" '[0-9]' "the session has a number"
works "a port fails" told 10
works "... the log says which" wait_for 5 "the line" logged ' port 1: port error'
works "... the disk can be read" reads
works "the port is active again" told 9
works "... the log says which" wait_for 5 "the line" logged ' port 1: port active'
works "... the disk can be read" reads
is "$(tsih)" "$before" "... in the same session"

works "the device has failed" told 8
works "... the log says so" wait_for 5 "the line" logged ': device fatal error: closing its connections'
new_session() { local now; now=$(tsih) && [ -n "$now" ] && [ "$now" != "$before" ]; }
works "... the initiator has to log in again" wait_for 20 "another session" new_session
works "... and reads its disk" reads
works "an event that the target ignores" told 11
works "... changes nothing" reads
works "logout" logout
works "all is removed" remove_all
done_testing
