#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Target and initiators in separate guests. The first initiator loses power in mid-write; the target continues and serves a second one.

roles="target initiator second"
seconds=600
. "$(dirname "$0")/../in-guest"

arrived() { [ -e "/scratch/$1" ]; }
verified() {
	fio --name=v --filename="$1" --direct=1 --ioengine=libaio --rw=randrw --bs=64k --iodepth=16 --size=8M --verify=crc32c --verify_fatal=1
}

target() {
	target_side 1 && target_side 2 || bail "target: no RDMA devices"
	IP=10.0.1.1 IP6=fd00:1::1
	works "target: up, with a portal on each cable" simple_target rd 64 || bail "no target"
	works "target: portal on the second cable" add_portal "$IQN" "10.0.2.1:$PORT"
	touch /scratch/target-up
	works "target: the first initiator loses power" wait_for 150 "the first initiator to be killed" arrived done-initiator
	touch /scratch/start-second
	works "target: the second initiator has done its work" wait_for 150 "the second initiator" arrived done-second
	works "target: all is removed" remove_all
	done_testing
}

initiator() {
	initiator_side 1 || bail "initiator: no RDMA device"
	start_initiator || bail "initiator: no iscsid"
	wait_for 60 "the target" arrived target-up || bail "initiator: no target"
	works "initiator: discovery over the wire" discover
	works "initiator: login" login || bail "initiator: login" "$(tail -n 20 "$HERE/iscsid.log")"
	dev=$(disk) || bail "initiator: a disk" "none appeared"
	works "initiator: 8 MiB written and verified over the wire" verified "$dev"
	fio --name=busy --filename="$dev" --direct=1 --ioengine=libaio --rw=randwrite --bs=64k --iodepth=32 --size=64M --time_based --runtime=120 \
		>/dev/null 2>&1 &
	wait_for 30 "fio to write" in_mid_write "$(awk '{ print $5 }' "/sys/block/${dev#/dev/}/stat")" || bail "initiator: fio does not write"
	ok "initiator: in mid-write; power off now"
	planned=1
	touch /scratch/kill-initiator
	wait
}
in_mid_write() { [ "$(awk '{ print $5 }' "/sys/block/${dev#/dev/}/stat")" -gt $(($1 + 100)) ]; }

second() {
	initiator_side 2 || bail "second: no RDMA device"
	start_initiator || bail "second: no iscsid"
	works "second: discovery" discover
	works "second: login" login || bail "second: login" "$(tail -n 20 "$HERE/iscsid.log")"
	dev=$(disk) || bail "second: a disk" "none appeared"
	works "second: 8 MiB written and verified" verified "$dev"
	works "second: logout" logout
	stop_initiator
	done_testing
}

"$NAME"
