#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The basic function: discovery, login, a LUN, a file system on it, and twenty sessions one after the other.
# differs by: kernel build link userspace

seconds=600
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
works "the module loads and registers fabric $FABRIC" load_target
[ "$FABRIC" != iser ] || like "$(cat "$CFS/iser/version" 2>&1)" '.+' "version is not empty"
works "a target with IPv4 and IPv6 portals" simple_target rd 96 || bail "no target"
start_initiator || bail "no iscsid"

is "$(discover 2>&1 | sort)" "$(printf '%s\n' "$IP:$PORT,1 $IQN" "[$IP6]:$PORT,1 $IQN" | sort)" "discovery by IPv4 names the target and both portals"
is "$(discover "[$IP6]:$PORT" 2>&1 | wc -l)" 2 "discovery by IPv6 too"

works "login by IPv4" login
dev=$(disk) || bail "a disk" "none appeared"
is "$(blockdev --getsize64 "$dev")" $((96 << 20)) "the LUN has its size"
keys=$(iscsiadm -m session -P 2)
note "$(grep -E 'InitialR2T|ImmediateData|Burst|RecvData|XmitData|Digest' <<<"$keys" | tr -d '\t')"
like "$keys" 'Iface Transport: iser' "the transport is iSER"

mkdir -p /mnt/disk
works "mkfs.ext4" mkfs.ext4 -q "$dev"
works "mount" mount "$dev" /mnt/disk
works "copy a file tree" cp -a /usr/lib/python3 /mnt/disk/
(cd /usr/lib && find python3 -type f -print0 | xargs -0 sha256sum) >/tmp/sums
works "umount" umount /mnt/disk
works "logout" logout
works "the disk is removed" wait_for 10 "no disk" no_disk
works "login by IPv6" login "$IQN" "[$IP6]:$PORT"
dev=$(disk) || bail "a disk after the second login" "none appeared"
works "mount again" mount -o ro "$dev" /mnt/disk
works "every checksum of $(wc -l </tmp/sums) files" env -C /mnt/disk sha256sum --quiet -c /tmp/sums
works "umount again" umount /mnt/disk
works "logout by IPv6" logout "$IQN" "[$IP6]:$PORT"

exec 3>&1
again() {
	local n
	for n in $(seq 20); do
		login || { echo "login $n"; return 1; }
		disk || { echo "disk of login $n"; return 1; }
		logout || { echo "logout $n"; return 1; }
		[ $((n % 10)) -ne 0 ] || echo "# $n sessions" >&3
	done
}
works "20 times login, disk, logout" again

works "the initiator stops" stop_initiator
[ "$FABRIC" != iser ] || fails "rmmod is refused while targets are configured" rmmod iser_tgt
works "all is removed" remove_all
done_testing
