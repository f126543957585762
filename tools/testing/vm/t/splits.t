#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Data split in every way between immediate data and RDMA, with and without AHS. Linux never sends most of these, so the initiator is our own.
# needs: conformance

seconds=900
. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/scsi_debug.sh
. /src/tools/testing/vm/guest/scsi_debug.sh

splits() { /src/tools/testing/conformance/run --suite splits --target "$IP:$PORT" --iqn "$IQN" --initiator "$INITIATOR" --patience 4 "$@" || failed=1; }

# A disk that implements READ(32) and WRITE(32), which LIO's emulation does not.
passthrough() {
	local name host dir=$CFS/core/pscsi_0/pass
	modprobe target_core_pscsi && make_scsi_debug dev_size_mb=32 sector_size=512 || return
	name=$(scsi_debug_disk)
	host=$(readlink -f "/sys/block/$name/device")
	host=${host##*/}
	mkdir -p "$dir" && echo "scsi_host_id=${host%%:*},scsi_channel_id=0,scsi_target_id=0,scsi_lun_id=0" >"$dir/control" &&
		echo "/dev/$name" >"$dir/udev_path" && echo 1 >"$dir/enable"
}

alone || bail "no RDMA device"
load_target || bail "the module does not load"
works "backstores" backstore disk rd 20 || bail "no backstore" "$(cat /tmp/out)"
backstore file file 20 || bail "no fileio"
works "scsi_debug passed through" passthrough || note "$(dmesg | tail -n 5)"
works "a target" make_target "$IQN" disk file pass || bail "no target" "$(cat /tmp/out)"
add_portal "$IQN" "$IP:$PORT" && enable "$IQN" || bail "no portal"
splits --skip _32
splits --lun 1 --only write_same_32
splits --lun 2 --only _and_write_32
works "all is removed" remove_all
rmmod scsi_debug
done_testing
