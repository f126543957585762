#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Ceph RBD in place of DRBD: an image that two gateways can map, each with the agents of its own, one of them at a time. A planned move, and a gateway
# that lost power, which Ceph locks out before the other one maps the image; under verified I/O the file system gets no error, and the
# reservation moves with the service. The initiator's guest is the Ceph as well, of one node.
# needs: integrity
# all: an image with Ceph, and three guests for minutes
# processors: 2

roles="initiator a b"
seconds=1500
set -- --packages ceph --mem 1536 --disks "initiator:2048" "$@"
. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/ha.sh
. /src/tools/testing/vm/guest/ha.sh
# shellcheck source=tools/testing/vm/guest/ceph.sh
. /src/tools/testing/vm/guest/ceph.sh
CEPH_ADDRESS=$NET.100

# --- a gateway ---

agent() {
	local type=$1 action=$2
	shift 2
	env OCF_ROOT=/usr/lib/ocf OCF_RESOURCE_INSTANCE="${type##*/}" OCF_RESKEY_CRM_meta_timeout=60000 "${@/#/OCF_RESKEY_}" "/usr/lib/ocf/resource.d/$type" "$action"
}
# each WORD : start or stop of what is to be moved, in this order
image()   { agent ceph/rbd "$1" pool=rbd "name=$2" cephconf=/etc/ceph/ceph.conf; }
state()   { agent heartbeat/Filesystem "$1" device=/dev/rbd/rbd/state directory=/srv/state fstype=ext4; }
target()  { agent iser-tgt/iSERTarget "$1" "iqn=$IQN" "portals=$ADDRESS" "allowed_initiators=$INITIATOR" "additional_attributes=nopin_interval=5 nopin_timeout=15"; }
unit()    { agent iser-tgt/iSERLogicalUnit "$1" "iqn=$IQN" lun=0 path=/dev/rbd/rbd/disk serial=6f1c3a52-0b7e-4d52-9d3e-000000000002 pr_dir=/srv/state/pr; }
address() { agent heartbeat/IPaddr2 "$1" "ip=$ADDRESS" cidr_netmask=24 nic=eth0 arp_count=3 arp_interval=100; }
gate()    { agent iser-tgt/iSERGate "$1" "iqn=$IQN"; }
starts()  { image start state && image start disk && state start && target start && unit start && address start && gate start; }
stops()   { gate stop && address stop && unit stop && target stop && state stop && image stop disk && image stop state; }

if [ "$NAME" != initiator ]; then
	rm -f "$HERE"/{ask,did,up}
	modprobe virtio_net && wait_for 20 "a network card" [ -e /sys/class/net/eth0 ] && link_up eth0 "$NET.$(number "$NAME")/24" || bail "$NAME: no RDMA device"
	ln -sfn /src/configfs/ocf /usr/lib/ocf/resource.d/iser-tgt
	mkdir -p /srv/state
	/usr/lib/systemd/systemd-udevd --daemon && udevadm trigger && target_modules && modprobe rbd || bail "$NAME: no target"
	wait_for 300 "Ceph" [ -e /scratch/ceph/ready ] && cp /scratch/ceph/* /etc/ceph/ || bail "$NAME: no Ceph"
	touch "$HERE/up"
	serve
	iser_tgt_gone
	planned=1
	exit
fi

# --- the initiator ---

GENERATOR=/src/tools/testing/integrity/integrity
disk_is_there() { dev=$(disk_of "$IQN" 0) && [ "$(cat "/sys/block/$dev/size")" -gt 0 ]; }
log_in() {
	iscsiadm -m node -T "$IQN" -p "$ADDRESS:$PORT" -I iser -o new >/dev/null &&
		iscsiadm -m node -T "$IQN" -p "$ADDRESS:$PORT" -I iser -o update -n node.session.timeo.replacement_timeout -v 600 &&
		iscsiadm -m node -T "$IQN" -p "$ADDRESS:$PORT" -I iser -o update -n 'node.conn[0].timeo.noop_out_interval' -v 5 &&
		iscsiadm -m node -T "$IQN" -p "$ADDRESS:$PORT" -I iser -o update -n 'node.conn[0].timeo.noop_out_timeout' -v 15 &&
		iscsiadm -m node -T "$IQN" -p "$ADDRESS:$PORT" -I iser --login
}
reserve() {
	sg_persist --no-inquiry --out --register-ignore --param-sark=0xabc1 --param-aptpl "/dev/$dev" &&
		sg_persist --no-inquiry --out --reserve --param-rk=0xabc1 --prout-type=5 "/dev/$dev"
}
held() { sg_persist --no-inquiry --in --read-reservation "/dev/$dev" | grep -q 'Key=0xabc1'; }
answered() { awk '{ print $1 + $5 }' "/sys/block/$dev/stat"; }
answers() { [ "$(answered)" -gt "$1" ] || { mend_gsi br0 >/dev/kmsg; return 1; }; }
goes_on() { wait_for 120 "I/O" answers $(($(answered) + 20)); }
images() { rbd create --size 16M --image-feature exclusive-lock state && rbd create --size 64M --image-feature exclusive-lock disk; }
# the clients that have the images mapped are locked out, as fencing by storage does
lock_out() {
	local client clients
	clients=$({ rbd status disk && rbd status state; } | sed -nE 's/.*watcher=([^ ]*) client.*/\1/p' | sort -u)
	for client in $clients; do ceph osd blocklist add "$client" || return; done
	[ -n "$clients" ]
}

touch /scratch/start-b
echo 0 >/proc/sys/kernel/hung_task_timeout_secs
switch_up || bail "no switch"
/usr/lib/systemd/systemd-udevd --daemon
works "a Ceph of one node" ceph_runs || bail "no Ceph" "$(tail -n 30 /tmp/ceph.out)"
note "$SECONDS s until Ceph has a pool; resident: $(ps -o comm=,rss= -C ceph-mon,ceph-osd | awk '{ printf "%s %d MiB ", $1, $2 / 1024 }')"
works "two images" images && modprobe rbd && works "... one with a file system" eval 'rbd map state && mkfs.ext4 -q /dev/rbd0 && rbd unmap state' || bail "no images"
touch /scratch/ceph/ready
start_initiator || bail "no iscsid"
wait_for 180 "gateway a" gateway_up a && wait_for 180 "gateway b" gateway_up b || bail "no gateways"
works "gateway a serves" on a starts || bail "no target" "$(cat /tmp/out)"
works "login" wait_for 60 "login" log_in || bail "no session"
works "a disk" wait_for 60 "the disk" disk_is_there || bail "no disk"
works "a reservation that survives loss of power" reserve
works "a file system" mkfs.ext4 -q "/dev/$dev" && mkdir -p /mnt/disk && mount "/dev/$dev" /mnt/disk && fallocate -l 20M /mnt/disk/file || bail "no file system"
"$GENERATOR" --state /tmp/state --seconds 100000 --size 512-16384 --depth 1-4 --reads 30 --pause 20 --no-verify /mnt/disk/file >/tmp/writer.out 2>&1 &
writer=$!
works "I/O" goes_on

SECONDS=0
works "a planned move: a stops" on a stops || note "$(cat /tmp/out)"
works "... and b starts" on b starts || note "$(cat /tmp/out)"
works "I/O goes on" goes_on
note "$SECONDS s"
works "the reservation is held" held

SECONDS=0
touch /scratch/kill-b
wait_for 20 "the power cut" [ -e /scratch/killed-b ]
works "b loses power, and Ceph locks it out" lock_out
works "a starts" on a starts || note "$(cat /tmp/out)"
works "I/O goes on" goes_on
note "$SECONDS s"
works "the reservation is held" held

works "the writer had no error" kill -0 $writer || note "$(tail -n 3 /tmp/writer.out)"
kill -KILL $writer
wait $writer 2>/dev/null
works "every acknowledged write is there" "$GENERATOR" --state /tmp/state --verify /mnt/disk/file
works "unmounted" umount /mnt/disk
works "the file system is consistent" fsck.ext4 -fn "/dev/$dev"
is "$(dmesg | grep -E "EXT4-fs (error|warning)|I/O error, dev $dev|Buffer I/O error on dev $dev|Remounting|Aborting")" "" "no error reached the file system"
works "logout" iscsiadm -m node -U all
stop_initiator
works "a stops" on a stops
ceph_stops
done_testing
