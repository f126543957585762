#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The target sends no byte that the backstore has not put into a data buffer: buffers are poisoned before each use, and the initiator receives no
# poison.
# needs: conformance

seconds=900
. "$(dirname "$0")/../in-guest"

switch=/sys/module/iser_tgt/parameters/poison_data
poison() {
	/src/tools/testing/conformance/run --suite poison --target "$IP:$PORT" --iqn "$IQN" --initiator "$INITIATOR" --patience 4 "$@" || failed=1
}

# a disk with 8 MiB that work and 8 MiB that fail
half_bad() {
	modprobe brd rd_nr=1 rd_size=$((16 << 10)) && modprobe dm_mod || return
	printf '0 16384 linear /dev/ram0 0\n16384 16384 error\n' | dmsetup create half --noudevsync
	dmsetup mknodes half
}

alone || bail "no RDMA device"
works "a disk, half of it bad" half_bad || bail "no dm device" "$(cat /tmp/out)"
load_target || bail "the module does not load"
backstore disk rd 20 && backstore bad dev /dev/mapper/half && backstore cut file 20 || bail "no backstores"
truncate -s 4M /tmp/cut.img
works "a target" make_target "$IQN" disk bad cut || bail "no target" "$(cat /tmp/out)"
add_portal "$IQN" "$IP:$PORT" && enable "$IQN" || bail "no portal"
if [ -e $switch ]; then
	echo Y >$switch
	is "$(cat $switch)" Y "buffers are poisoned"
else
	skip "buffers are poisoned" "this iser_tgt has no poison_data: only bytes beyond the data are checked"
fi
poison
[ ! -e $switch ] || is "$(cat $switch)" Y "buffers were poisoned to the end"
works "all is removed" remove_all
dmsetup remove half
done_testing
