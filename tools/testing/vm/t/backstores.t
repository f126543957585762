#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# No byte of another session or of the kernel reaches the initiator, whatever the backstore does: files that shrink while they are exported, stores
# that allocate when they are written to, reads that fail or end early. Data buffers are poisoned before each use, and vm has the kernel
# poison free pages (page_poison) where it can. poison.t has the sizes of READs and WRITEs.
# link: rxe
# needs: conformance

seconds=900
. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/scsi_debug.sh
. /src/tools/testing/vm/guest/scsi_debug.sh

switch=/sys/module/iser_tgt/parameters/poison_data
MIB16=$((16 << 11))	# in sectors

# brd: 0 for flakey, 1 for the pool's data, 2 for its metadata, 3 for files, 4 for those with fd_async_io: after a READ of such a file ext4
# uses what the core's fileio has freed (Linux 7.3, SECURITY.md). mkfs.xfs makes no file system of less than 300 MiB.
disks() {
	modprobe brd rd_nr=5 rd_size=$((320 << 10)) && modprobe -a dm_mod dm_flakey ext4 xfs || return
	printf '0 %d linear /dev/ram0 0\n%d %d flakey /dev/ram0 %d 0 1\n' $((MIB16 / 2)) $((MIB16 / 2)) $((MIB16 / 2)) $((MIB16 / 2)) |
		dmsetup create flakey --noudevsync && dmsetup mknodes || return
	mkfs.ext4 -q /dev/ram3 64M && mkfs.xfs -q /dev/ram4 && mkdir -p /mnt/files /mnt/async && mount /dev/ram3 /mnt/files && mount /dev/ram4 /mnt/async
}
thin_disk() {
	modprobe dm_thin_pool && dmsetup create pool --noudevsync --table "0 $((MIB16 * 2)) thin-pool /dev/ram2 /dev/ram1 128 0" &&
		dmsetup message pool 0 "create_thin 0" && dmsetup mknodes && dmsetup create thin --noudevsync --table "0 $MIB16 thin /dev/mapper/pool 0" &&
		dmsetup mknodes
}
# scsi_debug_host : prints the number of the host
scsi_debug_host() {
	local host
	for host in /sys/bus/pseudo/drivers/scsi_debug/adapter0/host*; do [ ! -d "$host" ] || { echo "${host##*host}"; return; }; done
	return 1
}
# pscsi NAME : a disk of scsi_debug
pscsi() {
	local dir=$CFS/core/pscsi_0/$1
	make_scsi_debug dev_size_mb=16 && modprobe target_core_pscsi && mkdir -p "$dir" &&
		echo "scsi_host_id=$(scsi_debug_host),scsi_channel_id=0,scsi_target_id=0,scsi_lun_id=0" >"$dir/control" &&
		echo "/dev/$(scsi_debug_disk)" >"$dir/udev_path" && echo 1 >"$dir/enable"
}
# file NAME PATH OPTION... : fileio on a file of 16 MiB without a block
file() {
	local dir=$CFS/core/fileio_0/$1
	truncate -s 16M "$2" && mkdir -p "$dir" && echo "fd_dev_name=$2,fd_dev_size=$((16 << 20))${3:+,$3}" >"$dir/control" && echo "$1" >"$dir/wwn/vpd_unit_serial" &&
		echo 1 >"$dir/enable"
}
stores=() luns=()
# store NAME FILE command... : one more LUN, if the command works; FILE is empty if there is none
store() {
	local name=$1 path=$2
	shift 2
	works "backstore $name: $1" "$@" || { note "$(cat /tmp/out)"; return; }
	luns+=("$name=${#stores[@]}${path:+:$path}")
	stores+=("$name")
}

alone || bail "no RDMA device"
works "flaky and ordinary disks" disks || bail "no disks" "$(cat /tmp/out)"
load_target || bail "the module does not load"
store ram "" backstore ram rd 20
store live /mnt/files/live.img file live /mnt/files/live.img fd_buffered_io=1
store direct /mnt/async/direct.img file direct /mnt/async/direct.img fd_async_io=1
store sparse /mnt/files/sparse.img file sparse /mnt/files/sparse.img
if modinfo dm_thin_pool >/dev/null 2>&1; then
	works "a thin disk" thin_disk && store thin "" backstore thin dev /dev/mapper/thin
else
	skip "a thin disk" "this kernel has no dm_thin_pool"
fi
store flakey "" backstore flakey dev /dev/mapper/flakey
store pscsi "" pscsi pscsi
store tcmu "" backstore tcmu tcmu 16
works "a target" make_target "$IQN" "${stores[@]}" || bail "no target" "$(cat /tmp/out)"
add_portal "$IQN" "$IP:$PORT" && enable "$IQN" || bail "no portal"
echo Y >$switch
is "$(cat $switch)" Y "buffers are poisoned"
like "$(dmesg)" 'mem auto-init:.* heap alloc:off' "pages are not zeroed when they are allocated"
suite() { BACKSTORES="${luns[*]}" /src/tools/testing/conformance/run --suite backstores --target "$IP:$PORT" --iqn "$IQN" --initiator "$INITIATOR" --patience 4 "$@" || failed=1; }
suite
# kernels before 6.6 have no submit_type
type=$(backstore_dir flakey)/attrib/submit_type
if [ -e "$type" ]; then
	works "commands are executed by workers" eval "echo 2 >$type"
	suite --only part_of_a_block
else
	skip "commands are executed by workers" "no submit_type"
fi
is "$(cat $switch)" Y "buffers were poisoned to the end"
works "all is removed" remove_all
[ -z "${TCMU_RUNNER:-}" ] || kill "$TCMU_RUNNER" 2>/dev/null
umount /mnt/files /mnt/async
for name in thin pool flakey; do [ ! -e "/dev/mapper/$name" ] || dmsetup remove $name; done
done_testing
