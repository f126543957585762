#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The scripts of configfs/examples, unchanged: each makes what it describes, and tear-down.sh removes all of it.
# differs by: userspace

seconds=600
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
examples=/src/configfs/examples
modprobe brd rd_nr=1 rd_size=32768
# lets modprobe find the module
echo "install iser_tgt modprobe -a target_core_mod ib_core rdma_cm && insmod $(module)" >/etc/modprobe.d/iser_tgt.conf
mkdir -p /var/target/alua
start_initiator || bail "no iscsid"
export IQN INITIATOR DISK=/dev/ram0 ADDRESS=$IP

# example SCRIPT [STATE] : runs it; it succeeds without a message, and its portals listen or are in STATE
example() {
	works "$1" "$examples/$1" || bail "$1" "$(cat /tmp/out)"
	is "$(cat /tmp/out)" "" "... prints nothing"
	is "$(for np in "$CFS/iser"/iqn.*/tpgt_*/np/*/state; do [ ! -e "$np" ] || cat "$np"; done | sort -u)" "${2-listening}" "... and its portals listen"
}
torn_down() {
	works "tear-down.sh" "$examples/tear-down.sh"
	is "$(find "$CFS/iser" "$CFS/core" -mindepth 1 -maxdepth 1 -type d \( -name 'iqn.*' -o -name 'iblock*' \))" "" "leaves nothing"
}
verified() { fio --name=v --filename="$1" --direct=1 --ioengine=libaio --rw=randrw --bs=64k --iodepth=8 --size=8M --verify=crc32c --verify_fatal=1; }
set_node() {
	while [ $# -gt 0 ]; do
		iscsiadm -m node -T "$IQN" -p "$IP:$PORT" -o update -n "node.session.auth.$1" -v "$2" || return
		shift 2
	done
}

example lab.sh
works "discovery" discover
works "login" login
dev=$(disk) && works "8 MiB written and verified" verified "$dev"
torn_down
works "logout after the target was removed" logout
iscsiadm -m node -o delete >/dev/null

fails "mutual-chap.sh without secrets stops at once" "$examples/mutual-chap.sh"
is "$(ls -d "$CFS"/iser/iqn.* 2>/dev/null)" "" "and creates nothing"
export CHAP_SECRET=one-way-secret-1 TARGET_SECRET=the-other-way-2
example mutual-chap.sh
works "discovery" discover
fails "a login without a secret is refused" login
set_node authmethod CHAP username host-name password one-way-secret-1 username_in target-name password_in not-what-it-is
fails "the initiator refuses a target that does not authenticate" login
set_node password_in the-other-way-2
works "login" login
dev=$(disk) && works "8 MiB written and verified" verified "$dev"
works "logout" logout
torn_down
iscsiadm -m node -o delete >/dev/null

ip -6 addr add fd00:2::1/64 dev lan0 nodad
FIRST="[$IP6]:$PORT" SECOND="[fd00:2::1]:$PORT" example two-portals-alua.sh
works "discovery by IPv6" discover "[$IP6]:$PORT"
is "$(iscsiadm -m node | wc -l)" 2 "finds both portals"
works "login to both" iscsiadm -m node -l
two_disks() { [ "$(lsscsi | grep -c LIO)" -eq 2 ]; }
wait_for 20 "two disks" two_disks || not_ok "two disks" "$(lsscsi)"
for session in /sys/class/iscsi_session/session*; do
	dev=$(basename "$session"/device/target*/*:0/block/sd*)
	wait_for 20 "$dev" [ -b "/dev/$dev" ]
	case $(cat "$session/tpgt") in
	1) state='active/optimized' group=1 ;;
	2) state='active/non optimized' group=2 ;;
	esac
	like "$(sg_rtpg -d "$(sg_of "/dev/$dev")" | grep -A 1 "group id : 0x$group")" "$state" "the disk of portal group $group: group $group is $state"
	like "$(sg_vpd -p di "$(sg_of "/dev/$dev")")" "Target port group: 0x$group" "... and it is in group $group"
	sg_vpd -p di "$(sg_of "/dev/$dev")" | grep -A 8 -m 1 'logical unit' | grep -o '0x6001405.*' >"/tmp/id$group"
done
works "both are one disk" cmp /tmp/id1 /tmp/id2
if [ -s /tmp/id1 ]; then ok "with the identifier $(cat /tmp/id1)"; else not_ok "with an identifier"; fi
works "logout" iscsiadm -m node -u
torn_down
iscsiadm -m node -o delete >/dev/null

CHAP_SECRET=discovery-secret TARGET_SECRET='' example discovery-auth.sh ''
ADDRESS=$IP example lab.sh
fails "discovery without a secret" discover
sed -i -e '/^discovery.sendtargets.auth/d' /etc/iscsi/iscsid.conf
printf 'discovery.sendtargets.auth.%s\n' 'authmethod = CHAP' "username = discovery" "password = discovery-secret" >>/etc/iscsi/iscsid.conf
works "discovery with a secret" discover
works "login, which requires no secret" login
works "logout" logout
torn_down
is "$(cat "$CFS/iser/discovery_auth/enforce_discovery_auth") $(cat "$CFS/iser/discovery_auth/password")" "0 NULL" "discovery requires no secret any more"

stop_initiator
rmdir "$CFS/iser"
done_testing
