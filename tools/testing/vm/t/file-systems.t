#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ext4 and xfs on two disks under stress-ng, fio's verify jobs and files that are fsync'ed, while the target loses power.
# 1. What the target acknowledges is durable: the initiator waits for the target and logs in again, and neither file system has an error.
# 2. The target's disks have a cache in its memory, which the power cut empties, and the initiator does not wait: the file systems stop with
#    errors. After a new login both recover by their journals.
# After each, no write that fio or fsync had acknowledged is lost, and fsck and xfs_repair find nothing.
# differs by: kernel
# all: three minutes, for the target boots three times more and file systems recover

# The first role has the listening end of the cable: the guest that boots again must be the other one.
roles="initiator target"
seconds=500
machine="--smp 1 --mem 1024"
. "$(dirname "$0")/../in-guest"

MODES=(durable cached)
declare -A device mount=([ext4]=/mnt/ext4 [xfs]=/mnt/xfs)
# LUN and MiB of each; mkfs.xfs makes no file system of less than 300 MiB
declare -A lun=([ext4]=0 [xfs]=1) size=([ext4]=96 [xfs]=320)
arrived() { [ -e "/scratch/$1" ]; }

# Soft RoCE's queue pair for connection management enters the error state, and stays there, when it sends to a neighbor that does not answer ARP.
pin_neighbour() { ip neigh replace "$1" dev eth0 lladdr "52:54:00:01:01:0$2" nud permanent; }

# --- the target: boots once more for each power cut; its disks are files of the host ---

# store NAME MODE : a backstore. Direct I/O to a file of the host, by O_DSYNC; or buffered I/O to a loop device, whose page cache is lost
store() {
	local dir=$CFS/core/fileio_0/$1 file=/scratch/$1.img flags=
	[ -e "$file" ] || truncate -s "${size[$1]}M" "$file" || return
	if [ "$2" = cached ]; then
		file=$(losetup -f --show "$file") && flags=,fd_buffered_io=1 || return
	fi
	mkdir -p "$dir" && echo "fd_dev_name=$file,fd_dev_size=$((size[$1] << 20))$flags" >"$dir/control" && echo "$1" >"$dir/wwn/vpd_unit_serial" && echo 1 >"$dir/enable"
}
target() {
	local mode cache boot=0
	while arrived "up-$boot"; do boot=$((boot + 1)); done
	# boots: durable, durable after its power cut and then cached, cached after its power cut
	mode=${MODES[boot / 2]}
	initiator_side 1 || bail "target: no RDMA device"
	IP=10.0.1.2
	pin_neighbour 10.0.1.1 1
	modprobe loop && load_target && store ext4 "$mode" && store xfs "$mode" && make_target "$IQN" ext4 xfs && add_portal "$IQN" "$IP:$PORT" && enable "$IQN" ||
		bail "target: boot $boot, disks that are $mode"
	case $mode in durable) cache=0 ;; cached) cache=1 ;; esac
	is "$(cat "$(backstore_dir ext4)/attrib/emulate_write_cache")" "$cache" "target: boot $boot, disks that are $mode"
	touch "/scratch/up-$boot"
	wait_for 400 "the initiator" over "$boot"
	losetup -D
	works "target: all is removed" remove_all
	done_testing
}
over() { arrived done-initiator || arrived "next-$1"; }

# --- the initiator ---

# not by touch, which fails if the host has removed the file before it sets the time
request() { : >"/scratch/$1"; }
power_cut() { request kill-target && wait_for 20 "the power cut" arrived killed-target; }
power_back() { request restart-target && wait_for 120 "the target's next boot" arrived "up-$1"; }

# set_timeout SECONDS : how long commands wait for a lost session, before they fail
set_timeout() { iscsiadm -m node -T "$IQN" -p "$IP:$PORT" -I iser -o update -n node.session.timeo.replacement_timeout -v "$1"; }
log_in() {
	local fs
	login || return
	for fs in "${!lun[@]}"; do device[$fs]=$(disk "$IQN" "${lun[$fs]}") || return; done
}
make_file_systems() { mkfs.ext4 -q -F "${device[ext4]}" && mkfs.xfs -q -f "${device[xfs]}"; }
mount_all() { local fs; for fs in "${!mount[@]}"; do mkdir -p "${mount[$fs]}" && mount -t "$fs" "${device[$fs]}" "${mount[$fs]}" || return; done; }
unmount_all() { local fs; for fs in "${!mount[@]}"; do umount "${mount[$fs]}" || return; done; }
clean() {
	e2fsck -f -n "${device[ext4]}" >/tmp/fsck.ext4 2>&1 || { cat /tmp/fsck.ext4; return 1; }
	xfs_repair -n "${device[xfs]}" >/tmp/fsck.xfs 2>&1 || { cat /tmp/fsck.xfs; return 1; }
}

# fio_job FS OPTION... : direct writes that are durable as they complete (O_DSYNC), each block with a checksum and its number
fio_job() {
	(cd "/tmp/fio-$1" && exec fio --name="$1" --filename="${mount[$1]}/fio" --size=6M --rw=randwrite --bs=4k --ioengine=libaio --iodepth=4 --direct=1 --sync=dsync \
		--randseed="$fio_seed" --verify=crc32c --verify_fatal=1 "${@:2}")
}
# record FS : makes files one after the other, each with its number and fsync'ed, and notes those that are
record() {
	local n=0 dir=${mount[$1]}/files
	while mkdir -p "$dir/$((n % 7))" && echo "file $n" >"$dir/$((n % 7))/$n" && sync "$dir/$((n % 7))/$n"; do
		echo $n >>"/tmp/recorded-$1"
		n=$((n + 1))
	done 2>/dev/null
}
records() { wc -l <"/tmp/recorded-$1"; }
recorded() { [ "$(records "$1")" -ge "$2" ]; }
# load_begins : everything that writes, in the background
load_begins() {
	local fs
	fio_seed=$RANDOM busy=() fios=() stress=()
	for fs in "${!mount[@]}"; do
		rm -rf "/tmp/fio-$fs" && mkdir -p "/tmp/fio-$fs" "${mount[$fs]}/stress" && : >"/tmp/recorded-$fs" || return
		# laid out first: the job itself overwrites, and does not allocate
		fallocate -l 6M "${mount[$fs]}/fio"
		fio_job "$fs" --do_verify=0 --verify_state_save=1 --rate_iops=150 >"/tmp/fio-$fs/out" 2>&1 &
		fios+=($!)
		stress-ng --temp-path "${mount[$fs]}/stress" --hdd 1 --hdd-bytes 2m --rename 1 --dir 1 --verify --timeout 25s >"/tmp/stress-$fs" 2>&1 &
		stress+=($!)
		record "$fs" &
		busy+=($!)
	done
	for fs in "${!mount[@]}"; do wait_for 60 "files on $fs" recorded "$fs" 15 || return; done
}
# statuses PID... : waits for each; their statuses are in $statuses
statuses() {
	local pid
	statuses=
	for pid; do
		wait "$pid"
		statuses+=" $?"
	done
}
# nothing_lost FS OPTION... : what fio had acknowledged, and each file that was fsync'ed
# Depth 1: fio knows by the number of reads that have completed when it comes to the last writes, some of which were not acknowledged.
nothing_lost() {
	local n bad=0
	if ! fio_job "$1" --iodepth=1 --verify_only=1 "${@:2}" >/tmp/verify 2>&1; then
		grep -E 'verify|error' /tmp/verify | head -n 4
		return 1
	fi
	while read -r n; do
		[ "$(cat "${mount[$1]}/files/$((n % 7))/$n" 2>&1)" = "file $n" ] || { echo "file $n of $(records "$1") is lost"; bad=1; }
	done <"/tmp/recorded-$1"
	return $bad
}

durable() {
	local fs
	local -A before
	works "durable: login" log_in || bail "no session" "$(cat /tmp/out)"
	works "durable: file systems" make_file_systems
	works "durable: mounted" mount_all || bail "no file systems"
	works "durable: load" load_begins || bail "no load" "$(cat /tmp/out)"
	nap $((RANDOM % 900))
	power_cut || bail "no power cut"
	for fs in "${!mount[@]}"; do before[$fs]=$(records "$fs"); done
	works "durable: the target boots again" power_back 1
	for fs in "${!mount[@]}"; do works "durable: files are made on $fs again" wait_for 120 "files on $fs" recorded "$fs" $((before[$fs] + 5)); done
	statuses "${stress[@]}"
	is "$statuses" " 0 0" "durable: stress-ng has seen no error"
	statuses "${fios[@]}"
	is "$statuses" " 0 0" "durable: fio has seen no error"
	kill "${busy[@]}"
	wait "${busy[@]}" 2>/dev/null
	for fs in "${!mount[@]}"; do
		works "durable: nothing is lost on $fs" nothing_lost "$fs"
		note "$(records "$fs") files"
	done
	is "$(dmesg | grep -E 'I/O error|EXT4-fs error|XFS.*(Corruption|shut)')" "" "durable: no file system has seen an error"
	works "durable: unmounted" unmount_all
	works "durable: fsck and xfs_repair find nothing" clean
	works "durable: logout" logout
}
cached() {
	local fs n
	works "cached: commands do not wait for the target" set_timeout 3
	works "cached: login" log_in || bail "no session" "$(cat /tmp/out)"
	works "cached: file systems" make_file_systems
	works "cached: mounted" mount_all || bail "no file systems"
	works "cached: load" load_begins || bail "no load" "$(cat /tmp/out)"
	nap $((RANDOM % 900))
	power_cut || bail "no power cut"
	for n in "${fios[@]}" "${busy[@]}"; do wait_for 60 "the end of I/O" ended "$n" || bail "cached: I/O ends with errors"; done
	statuses "${fios[@]}"
	is "$statuses" " 1 1" "cached: fio is told of the errors"
	kill "${stress[@]}" 2>/dev/null
	wait "${stress[@]}" 2>/dev/null
	works "cached: unmounted" wait_for 60 "the end of stress-ng's files" unmount_all
	logout >/dev/null 2>&1
	wait_for 20 "the end of the session" no_sessions
	works "cached: the target boots again" power_back 3
	works "cached: login to what the power cut has left" log_in || bail "no session" "$(cat /tmp/out)"
	works "cached: both file systems recover" mount_all || bail "they cannot be mounted" "$(dmesg | tail -n 12)"
	like "$(dmesg | grep -E 'EXT4-fs .*recovery complete|XFS .*Starting recovery' | grep -oE 'EXT4|XFS' | sort -u | tr '\n' ' ')" 'EXT4 XFS' "cached: from their journals"
	for fs in "${!mount[@]}"; do
		works "cached: fio has noted what was acknowledged on $fs" test -s "/tmp/fio-$fs/local-$fs-0-verify.state"
		works "cached: nothing of that is lost on $fs" nothing_lost "$fs" --verify_state_load=1
		note "$(records "$fs") files"
	done
	works "cached: unmounted once more" unmount_all
	works "cached: fsck and xfs_repair find nothing" clean
	works "cached: logout" logout
}

initiator() {
	local mode
	target_side 1 || bail "initiator: no RDMA device"
	IP=10.0.1.2
	pin_neighbour $IP 2
	modprobe -a ext4 xfs && start_initiator || bail "initiator: no iscsid"
	wait_for 120 "the target" arrived up-0 || bail "initiator: no target"
	discover >/dev/null
	set_timeout 120
	durable
	# the third boot of the target, with a cache, is no power cut
	request next-1
	wait_for 60 "the target's end" arrived done-target || bail "the target does not end"
	request restart-target
	wait_for 120 "the target's next boot" arrived up-2 || bail "no target"
	cached
	works "initiator: stops" stop_initiator
	done_testing
}

"$NAME"
