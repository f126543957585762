#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What an RDMA device tells of itself: a port that goes or comes takes no session along, a device that has failed takes all, and whoever
# comes back is served. Soft devices never fail: a module of the tests has them say so.
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

# told NUMBER : the device tells of that event, as numbered in enum ib_event_type
told() { insmod "$rdma_event" device="$LINK-lan0" event="$1" && rmmod rdma_event; }
logged() { dmesg | grep -qE "iser_tgt: $LINK-lan0.*$1"; }
reads() { dd if="$dev" of=/dev/null bs=64k count=16 iflag=direct status=none; }
# the target's number for the session
tsih() { grep -ohE 'tsih[ =:]+[0-9a-fx]+' "$dir"/sessions | head -n 1; }

before=$(tsih)
like "$before" '[0-9]' "the session has a number"
works "a port fails" told 10
works "... the log says which" wait_for 5 "the line" logged ' port 1: port error'
works "... the disk is read" reads
works "the port is active again" told 9
works "... the log says which" wait_for 5 "the line" logged ' port 1: port active'
works "... the disk is read" reads
is "$(tsih)" "$before" "... in the same session"

works "the device has failed" told 8
works "... the log says so" wait_for 5 "the line" logged ': device fatal error: closing its connections'
new_session() { local now; now=$(tsih) && [ -n "$now" ] && [ "$now" != "$before" ]; }
works "... the initiator has to come back" wait_for 20 "another session" new_session
works "... and reads its disk" reads
works "an event that is none of ours" told 11
works "... changes nothing" reads
works "logout" logout
works "all is removed" remove_all
done_testing
