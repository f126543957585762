#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A slow LUN does not slow down the sessions of other LUNs: a disk in memory keeps its rate beside a disk that is slow, suspended, flushing,
# discarding, or without free tags, all on one completion vector.
# link: rxe: what is measured is which thread calls a backstore
# beside alone: its clock counts instructions

seconds=1800
# under icount time is counted in instructions, so that the load of the host is not measured; one processor, and so one completion vector
machine=--icount
. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/scsi_debug.sh
. /src/tools/testing/vm/guest/scsi_debug.sh

alone || bail "no RDMA device"
fast=$IQN:fast slow=$IQN:slow few=$IQN:few
ms=100		# duration of a read, write or flush of the slow disk
time=400ms	# duration of a measurement; each busy second of the guest takes 15 of the host
disk_mib=64

load_target && modprobe -a dm_mod dm_delay || bail "no target"
# delay N MILLISECONDS : the slow disk N, which can be suspended as well
delay() {
	local sectors
	sectors=$(blockdev --getsz "/dev/ram$1") &&
		dmsetup create "slow$1" --noudevsync --table "0 $sectors delay /dev/ram$1 0 $2 /dev/ram$1 0 $2 /dev/ram$1 0 $2" &&
		dmsetup mknodes "slow$1"
}
disks() {
	rmmod brd
	modprobe brd rd_nr=3 rd_size=$((disk_mib << 10)) && delay 0 $ms && delay 1 $ms
}
works "two slow disks" disks || bail "no slow disks" "$(cat /tmp/out)"
# fileio on a device: it reads and writes synchronously, in the context of its caller
file() {
	local dir=$CFS/core/fileio_0/file
	mkdir -p "$dir" && echo "fd_dev_name=/dev/mapper/slow0,fd_buffered_io=1" >"$dir/control" && echo file >"$dir/wwn/vpd_unit_serial" &&
		echo 1 >"$dir/enable"
}
# a file in a file system
in_a_file_system() {
	local dir=$CFS/core/fileio_0/frozen
	mkdir -p /mnt/frozen && mkfs.ext4 -q /dev/ram2 && mount /dev/ram2 /mnt/frozen && truncate -s 16M /mnt/frozen/file || return
	mkdir -p "$dir" && echo "fd_dev_name=/mnt/frozen/file,fd_dev_size=$((16 << 20)),fd_buffered_io=1" >"$dir/control" &&
		echo frozen >"$dir/wwn/vpd_unit_serial" && echo 1 >"$dir/enable"
}
# a disk with four tags and slow commands
tags() {
	make_scsi_debug max_queue=4 host_max_queue=4 ndelay=$((ms * 1000000)) dev_size_mb=$disk_mib && backstore few dev "/dev/$(scsi_debug_disk)"
}
targets() {
	local t
	backstore memory rd 64 && file && backstore late dev /dev/mapper/slow1 && in_a_file_system && tags || return
	echo 1 >"$(backstore_dir late)/attrib/emulate_tpu"
	make_target "$fast" memory && make_target "$slow" file late frozen && make_target "$few" few || return
	for t in $fast $slow $few; do
		add_portal "$t" "$IP:$PORT" && add_portal "$t" "[$IP6]:$PORT" && echo 1 >"$(tpg "$t")/attrib/nopin_interval" && echo 1 >"$(tpg "$t")/attrib/nopin_timeout" &&
			enable "$t" || return
	done
}
works "targets" targets || bail "no targets" "$(cat /tmp/out)"
start_initiator || bail "no iscsid"
discover >/dev/null
works "login to the slow one" login "$slow" || bail "no login"
works "login to the fast one" login "$fast" || bail "no login"
works "login to the one with few tags" login "$few" || bail "no login"
memory=$(disk "$fast") && file=$(disk "$slow" 0) && late=$(disk "$slow" 1) && few_disk=$(disk "$few") || bail "no disks"

# measure NAME DISK DEPTH DURATION [FIO ARGUMENT...] : sets NAME_iops and NAME_p99 (us); fails if fio does
measure() {
	local name=$1 dev=$2 depth=$3 time=$4 out
	shift 4
	fio --name=m --filename="$dev" --direct=1 --ioengine=libaio --rw=randread --bs=4k --iodepth="$depth" --time_based --runtime="$time" \
		--output-format=json --output="/tmp/$name.json" "$@" >"/tmp/$name.err" 2>&1 || { cat "/tmp/$name.err"; return 1; }
	out=$(python3 -c 'import json, sys
j = json.load(open(sys.argv[1]))["jobs"][0]
way = max((j["read"], j["write"]), key=lambda w: w["total_ios"])
print(round(way["iops"]), round(way["clat_ns"]["percentile"]["99.000000"] / 1000))' "/tmp/$name.json") || return
	read -r "${name}_iops" "${name}_p99" <<<"$out"
}
at_least() { [ "$1" -ge "$2" ]; }

# --- alone ---

measure warm "$memory" 2 200ms
works "the fast disk alone" measure alone "$memory" 2 $time || bail "no reads" "$(cat /tmp/out)"
# shellcheck disable=SC2154 # set by measure
note "alone: $alone_iops reads/s, p99 $alone_p99 us"
works "the slow disk at depth 1" measure one "$file" 1 3s
# shellcheck disable=SC2154
note "the slow disk at depth 1: $one_iops reads/s"

session_of() { sed -n 's/.* tsih=\([0-9]*\) .*/\1/p' "$(tpg "$1")/dynamic_sessions" "$(tpg "$1")/sessions" 2>/dev/null | head -n 1; }
before=$(session_of "$fast")
like "$before" '[0-9]' "its session has a number"
# beside WHAT DURATION : the fast disk keeps its rate and its latency during WHAT
beside() {
	works "the fast disk beside $1" measure beside "$memory" 2 "$2"
	# shellcheck disable=SC2154
	note "beside $1: $beside_iops reads/s, p99 $beside_p99 us"
	# on the debug kernel KASAN and lockdep cost more than what is compared here
	if [ "$SLOW" -gt 1 ]; then
		skip "... its rate and its p99" "a debug kernel"
		return
	fi
	works "... keeps 80 % of its rate" at_least $((beside_iops * 100)) $((alone_iops * 80))
	works "... and its p99 is at most 1.5 times what it is alone" at_least $((alone_p99 * 15)) $((beside_p99 * 10))
}

# meanwhile command... : starts it in the background, and gives it a second
meanwhile() {
	"$@" >/tmp/meanwhile 2>&1 &
	busy=$!
	sleep 1
}

# --- a slow file ---

meanwhile measure sixteen "$file" 16 3s
beside "a slow file at depth 16" $time
works "... which was read meanwhile" wait $busy
measure sixteen "$file" 16 3s
# shellcheck disable=SC2154
note "the slow disk at depth 16: $sixteen_iops reads/s"
works "the slow disk at depth 16 does at least 10 times what it does at depth 1" at_least "$sixteen_iops" $((one_iops * 10))

# --- flushes, discards ---

meanwhile measure flushes "$file" 4 3s --rw=randwrite --fsync=1
beside "SYNCHRONIZE CACHE on a slow file" $time
works "... which all succeeded" wait $busy
# not by blkdiscard: Linux 7.3 discards nothing on a disk of LIO. nice: the processor is for what is measured
discards() {
	local end=$((SECONDS + 3)) sg
	sg=$(sg_of "$late") || return
	while [ $SECONDS -lt $end ]; do nice -n 19 sg_unmap --force --lba=0 --num=2048 "$sg" || return; done
}
meanwhile discards
beside "UNMAP on a slow disk" $time
works "... which all succeeded" wait $busy

# --- COMPARE AND WRITE, of which a LUN executes one at a time ---

works "another session to the slow one" login "$slow" "[$IP6]:$PORT"
head -c 1024 /dev/zero >/tmp/zeros
compares() {
	local end=$((SECONDS + 3))
	while [ $SECONDS -lt $end ]; do nice -n 19 sg_compare_and_write --in=/tmp/zeros --lba=8 --num=1 --xferlen=1024 "$1" || return; done
}
# on LUN 1, by each of two sessions
contended() {
	local sg pids=() pid status=0
	for sg in $(lun_of "$slow" 1); do
		compares "/dev/$sg" &
		pids+=($!)
	done
	[ ${#pids[@]} -eq 2 ] || status=1
	for pid in "${pids[@]}"; do wait "$pid" || status=1; done
	return $status
}
lun_of() {
	local session
	for session in /sys/class/iscsi_session/session*; do
		[ "$(cat "$session/targetname")" != "$1" ] || ls "$session"/device/target*/*:"$2"/scsi_generic
	done
}
meanwhile contended
beside "COMPARE AND WRITE by two sessions on a slow disk" $time
works "... which all succeeded" wait $busy
works "one of them logs out" logout "$slow" "[$IP6]:$PORT"

# --- no tags ---

meanwhile measure few_tags "$few_disk" 32 3s
beside "a disk without tags" $time
works "... whose reads succeed" wait $busy

# --- a suspended disk ---

meanwhile measure still "$file" 16 7s
dmsetup suspend --noflush --nolockfs --noudevsync slow0
beside "a file on a suspended disk" $time
# longer than the keepalive timeout; under icount waiting costs no time
sleep 3
beside "the same, four seconds later" $time
is "$(session_of "$fast")" "$before" "... in the same session"
dmsetup resume --noudevsync slow0
works "the reads of that file succeed once the disk is resumed" wait $busy
taken_for_silent() { dmesg | grep -E 'keepalive timeout|ping not acknowledged'; }

# --- a file system that is frozen ---

frozen=$(disk "$slow" 2)
echo 300 >"/sys/block/${frozen#/dev/}/device/timeout"
fsfreeze -f /mnt/frozen
meanwhile measure frozen "$frozen" 16 2s --rw=randwrite
beside "a file in a frozen file system" $time
sleep 60
is "$(session_of "$fast")" "$before" "... in the same session, a minute later"
works "... and reads" measure beside "$memory" 2 $time
works "... the writer still waits" kill -0 $busy
fsfreeze -u /mnt/frozen
works "the writes succeed once it is thawed" wait $busy
fails "no session was closed by keepalive" taken_for_silent

for t in $slow $fast $few; do works "logout of ${t##*:}" logout "$t"; done
works "all is removed" remove_all
umount /mnt/frozen
dmsetup remove slow0
dmsetup remove slow1
rmmod scsi_debug
done_testing
