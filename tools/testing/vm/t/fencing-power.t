#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The target loses power right after an initiator was fenced with APTPL, boots, and restores its configuration as the service does: the fenced
# initiator stays out. Once more after the registration was given up: it does not come back. A file system on the host has what survives.
# all: three minutes, for the target boots three times

roles=vm
seconds=600
. "$(dirname "$0")/../in-guest"

a=iqn.2026-01.org.example:a b=iqn.2026-01.org.example:b
saved=/etc/rtslib-fb-target/saveconfig.json
# shellcheck source=tools/testing/vm/guest/fencing.sh
. /src/tools/testing/vm/guest/fencing.sh
boot=$(cat /scratch/boot 2>/dev/null || echo 0)
echo $((boot + 1)) >/scratch/boot

# The journal is not committed by itself: what was not synced is lost, however long it takes until the guest is killed.
state_disk() {
	[ "$boot" -gt 0 ] || { truncate -s 64M /scratch/state.img && mkfs.ext4 -q /scratch/state.img; } || return
	# Not mount -o loop: it has the device open for writing, which a kernel without CONFIG_BLK_DEV_WRITE_MOUNTED does not let it mount.
	modprobe -a loop ext4 && mkdir -p /mnt/state && mount -o commit=300 "$(losetup -f --show /scratch/state.img)" /mnt/state || return
	mkdir -p /mnt/state/var /mnt/state/etc "${saved%/*}"
	mount --bind /mnt/state/var /var/target && mount --bind /mnt/state/etc "${saved%/*}"
}
configuration() {
	local acl=''
	for name in $a $b; do
		acl+=",{\"node_wwn\":\"$name\",\"mapped_luns\":[{\"index\":0,\"tpg_lun\":0,\"write_protect\":false}]}"
	done
	cat <<-JSON
		{ "storage_objects": [ { "plugin": "fileio", "name": "disk", "dev": "/mnt/state/disk", "size": 1048576, "write_back": false, "wwn": "serial" } ],
		  "targets": [ { "fabric": "iser", "wwn": "$IQN", "tpgs": [ { "tag": 1, "enable": true, "attributes": { "authentication": 0 },
		    "luns": [ { "index": 0, "storage_object": "/backstores/fileio/disk" } ], "node_acls": [ ${acl#,} ],
		    "portals": [ { "ip_address": "$IP", "port": $PORT } ] } ] } ] }
	JSON
}
power_fails() {
	touch /scratch/restart-vm /scratch/kill-vm
	wait_for 60 "the end" false
	bail "the power does not fail"
}

alone || bail "no RDMA device"
works "boot $boot: what survived" state_disk || bail "no disk"
[ "$boot" -gt 0 ] || configuration >$saved
works "the plug-in" /src/configfs/rtslib/install /usr/lib/python3/dist-packages
# as at boot: the module is there before the service
modprobe -a target_core_mod ib_core rdma_cm && insmod "$(module)" || bail "no module"
works "the configuration is restored" targetctl restore
is "$(grep -vE 'dbroot|warn\(' /tmp/out)" "" "... without a word"
start_initiator || bail "no iscsid"
# in this order, so that each has the ISID that it had before
initiators a b
both_back || bail "no disks"
case $boot in
0)
	sync
	works "a fences b, with APTPL" fence --param-aptpl
	full >/scratch/full
	like "$(lsattr -d "$(cat "$CFS/dbroot")/pr")" '^[-a-zA-Z]*S' "what the core writes there is synced"
	power_fails ;;
1)
	is "$(full)" "$(cat /scratch/full)" "the registration and its holder are as before"
	like "$(full)" "^0xaaaa $a,i,0x[0-9a-f]+ holder\$" "... a is the holder"
	fenced "after the power failure"
	works "a gives it up" unfence
	works "... and b writes" writes "$B"
	power_fails ;;
esac
is "$(full)" "" "what was given up has not come back"
works "b writes" writes "$B"
works "the initiators stop" stop_initiator
works "all is removed" targetctl clear
done_testing
