# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# A multipath device, mp, of two paths to one disk, and verified I/O on it. Sourced by tests.

number() { cat "/sys/block/${1#/dev/}/dev"; }
# path_is NUMBER A|F : dm-multipath has this path as active or failed
path_is() { dmsetup status mp | grep -q " $1 $2 "; }
# Like multipathd, reinstates a failed path that can be read again.
watch_paths() {
	local path
	while sleep 0.5; do
		for path; do
			path_is "$(number "$path")" F && timeout 5 dd if="$path" of=/dev/null bs=4k count=1 iflag=direct >/dev/null 2>&1 &&
				dmsetup message mp 0 reinstate_path "$(number "$path")"
		done
	done
}
# make_multipath A B : A is used first; sets na and nb, the numbers of both
make_multipath() {
	is "$(sg_inq -p 0x83 "$1" | grep -i naa)" "$(sg_inq -p 0x83 "$2" | grep -i naa)" "both are the same disk"
	na=$(number "$1") nb=$(number "$2")
	works "a multipath device" dmsetup create mp --table "0 $(blockdev --getsz "$1") multipath 1 queue_if_no_path 0 2 1 round-robin 0 1 1 $na 100 round-robin 0 1 1 $nb 100" ||
		bail "no dm-multipath"
	dmsetup mknodes
}
# start_io A B --filename=FILE|--directory=DIRECTORY : verified I/O, with both paths watched; sets fio and watcher
start_io() {
	watch_paths "$1" "$2" &
	watcher=$!
	fio --name=v "$3" --size=24M --direct=1 --ioengine=libaio --rw=randrw --bsrange=4k-64k --iodepth=16 --verify=crc32c \
		--verify_backlog=64 --verify_fatal=1 --time_based --runtime=3600 --exitall_on_error >/tmp/fio.out 2>&1 &
	fio=$!
}
stop_io() {
	kill -INT "$fio"
	wait "$fio"
	like "$(grep -o 'err= *[0-9]*' /tmp/fio.out | sort -u)" '^err= *0$' "fio got no error, and all data it read were right"
	kill "$watcher"
	wait "$watcher" 2>/dev/null
}
