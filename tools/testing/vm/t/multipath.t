#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A file system on dm-multipath over two cables, two devices and two targets of one disk: a path is cut, restored, drained and removed under
# verified I/O, and the file system gets no error.

roles="target initiator"
seconds=900
machine="--cables 2 --smp 1 --mem 1024"
. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/multipath.sh
. /src/tools/testing/vm/guest/multipath.sh
# shellcheck source=tools/testing/vm/guest/ask.sh
. /src/tools/testing/vm/guest/ask.sh

one=$IQN:one two=$IQN:two
arrived() { [ -e "/scratch/$1" ]; }

# --- the target runs the initiator's commands, see guest/ask.sh ---

target() {
	target_side 1 && target_side 2 || bail "target: no RDMA devices"
	works "target: a disk, two targets, a cable each" two_ways || bail "no target" "$(cat /tmp/out)"
	touch /scratch/target-up
	serve_initiator
	works "target: all is removed" remove_all
	done_testing
}
two_ways() {
	load_target && backstore disk rd 64 || return
	make_target "$one" disk && add_portal "$one" "10.0.1.1:$PORT" && enable "$one" &&
		make_target "$two" disk && add_portal "$two" "10.0.2.1:$PORT" && enable "$two" || return
	# so that a dead path does not hold its commands for long
	echo 2 >"$(tpg "$one")/attrib/nopin_interval" && echo 2 >"$(tpg "$one")/attrib/nopin_timeout"
}
# Soft RoCE's queue pair for connection management enters the error state, and stays there, when it sends to a neighbor that does not answer ARP.
pin_neighbours() {
	local dev addr
	for dev in eth0 eth1; do
		addr=$(ip -4 neigh show dev $dev | awk 'NR == 1 { print $1 }')
		ip neigh replace "$addr" dev $dev lladdr "$(ip -4 neigh show dev $dev | awk 'NR == 1 { print $3 }')" nud permanent || return
	done
}
drain() { echo "$2" >"$(tpg "$1")/drain"; }
wire() { if [ "$2" = cut ]; then tc qdisc replace dev "$1" root netem loss 100%; else tc qdisc del dev "$1" root; fi; }

# --- the initiator ---

now() { echo $((${EPOCHREALTIME/./} / 1000)); }
writes() { awk '{ print $5 }' "/sys/block/$mp/stat"; }
wrote() { [ "$(writes)" -gt "$1" ]; }
add_record() {
	local opt
	iscsiadm -m node -T "$1" -p "$2" -I iser -o new >/dev/null || return
	for opt in 'session.timeo.replacement_timeout=2' 'conn[0].timeo.noop_out_interval=1' 'conn[0].timeo.noop_out_timeout=4'; do
		iscsiadm -m node -T "$1" -p "$2" -I iser -o update -n "node.${opt%%=*}" -v "${opt#*=}" || return
	done
	login "$1" "$2"
}
# goes_on TEXT SINCE : I/O continues; reports the time since SINCE
goes_on() {
	local before
	before=$(writes)
	if wait_for 60 "writes" wrote $((before + 100)); then ok "$1: I/O continues ($(($(now) - $2)) ms)"; else not_ok "$1: I/O continues" "$(dmsetup status mp)"; fi
	works "$1: the file system got no error" kill -0 "$fio"
}

initiator() {
	local start first
	modprobe virtio_net && wait_for 10 "network cards" [ -e /sys/class/net/eth1 ] && link_up eth0 10.0.1.2/24 && link_up eth1 10.0.2.2/24 ||
		bail "initiator: no RDMA devices"
	modprobe -a dm_mod dm_multipath dm_round_robin || bail "initiator: no dm-multipath"
	start_initiator || bail "initiator: no iscsid"
	wait_for 120 "the target" arrived target-up || bail "initiator: no target"
	works "login over the first cable" add_record "$one" "10.0.1.1:$PORT" || bail "no session"
	works "... and over the second" add_record "$two" "10.0.2.1:$PORT" || bail "no session"
	a=$(disk "$one") && b=$(disk "$two") || bail "no disks"
	target_does pin_neighbours
	works "both sides have permanent neighbor entries" pin_neighbours
	make_multipath "$a" "$b"
	mp=$(dmsetup info -c --noheadings -o blkdevname mp)
	works "a file system on it" mkfs.ext4 -q /dev/mapper/mp && mkdir -p /tmp/mnt && works "mounted" mount /dev/mapper/mp /tmp/mnt || bail "no file system"
	start_io "$a" "$b" --directory=/tmp/mnt
	wait_for 60 "fio to write" wrote $(($(writes) + 100)) || bail "fio does not write" "$(cat /tmp/fio.out)"

	first=$(now)
	target_does wire eth0 cut
	tc qdisc replace dev eth0 root netem loss 100%
	start=$(now)
	works "the cable in use is cut: its path fails" wait_for 60 "the path to fail" path_is "$na" F
	note "$(($(now) - start)) ms until the path failed ($(($(now) - first)) ms since the first half of the cable was cut)"
	goes_on "cut" "$start"
	tc qdisc del dev eth0 root
	target_does wire eth0 good
	start=$(now)
	target_does mend_gsi eth0
	note "$(cat /tmp/out; mend_gsi eth0)"
	works "the cable is restored: the path is used again" wait_for 60 "the path" path_is "$na" A
	note "$(($(now) - start)) ms"
	works "I/O is switched back to it" dmsetup message mp 0 switch_group 1
	start=$(now)
	goes_on "switched back" "$start"

	start=$(now)
	works "the first target is drained" on_target drain "$one" 20
	note "$(($(now) - start)) ms"
	works "drained: its path fails" wait_for 60 "the path to fail" path_is "$na" F
	goes_on "drained" "$start"
	works "the first target is removed" on_target remove_target "$one"
	goes_on "removed" "$(now)"
	works "the other path is still active" path_is "$nb" A

	stop_io
	works "unmounted" umount /tmp/mnt
	works "the file system is consistent" fsck.ext4 -fn /dev/mapper/mp
	is "$(dmesg | grep -E "EXT4-fs (error|warning)|I/O error, dev $mp|Buffer I/O error on dev $mp")" "" "no error reached the file system"
	works "the multipath device is removed" dmsetup remove mp
	works "logout" logout "$two" "10.0.2.1:$PORT"
	logout "$one" "10.0.1.1:$PORT" >/dev/null 2>&1
	works "stops" stop_initiator
	done_testing
}

"$NAME"
