#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two gateways that serve two shared disks at the same time: each disk is active at one of them and in standby at the other. Either one tells the portals of
# both, for it has the other one's portal group too, disabled. dm-multipath follows ALUA: planned moves and a power cut
# of a gateway under verified I/O, and the file systems get no error.
# needs: integrity
# all: three guests, several minutes of processor time
# processors: 1

roles="initiator a b"
seconds=1500
set -- --packages ha --mem 768 --disks "a+b:64 a+b:64" "$@"
. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/ha.sh
. /src/tools/testing/vm/guest/ha.sh

serials=(10f1c3a5-0b7e-4d52-9d3e-5a6b7c8d9e0f 11f1c3a5-0b7e-4d52-9d3e-5a6b7c8d9e0f)
disks=(/dev/vdc /dev/vdd)

# --- a gateway ---

# agent TYPE ACTION NAME=VALUE... : runs an agent as a cluster does
agent() {
	local type=$1 action=$2
	shift 2
	env OCF_ROOT=/usr/lib/ocf OCF_RESOURCE_INSTANCE=disk OCF_RESKEY_CRM_meta_timeout=60000 OCF_RESKEY_iqn="$IQN" "${@/#/OCF_RESKEY_}" "/src/configfs/ocf/$type" "$action"
}
# serves_disks N : the gateway's own portal group, whose disk N-1 is active
serves_disks() {
	local n=$1 other=$((3 - $1)) lun state
	agent iSERTarget start tpgt="$n" rtpi="$n" "portals=10.0.$n.2" "allowed_initiators=$INITIATOR" "additional_attributes=nopin_interval=2 nopin_timeout=4" || return
	for lun in 0 1; do
		state=standby
		[ $((lun + 1)) -ne "$n" ] || state=optimized
		agent iSERLogicalUnit start tpgt="$n" lun=$lun name=disk$lun "path=${disks[lun]}" "serial=${serials[lun]}" alua_group=gateway alua_group_id=$((10 + n)) alua_state=$state ||
			return
	done
	# the other gateway's, so that SendTargets tells of its portal
	agent iSERTarget start tpgt="$other" rtpi="$other" "portals=10.0.$other.2" "allowed_initiators=$INITIATOR" additional_attributes=tpg_enabled_sendtargets=0 || return
	agent iSERGate start tpgt="$n"
}
# state LUN WORD : its ALUA state at this gateway
state() {
	local file
	file=$(echo "$CFS"/core/*/"disk$1"/alua/gateway/alua_access_state)
	case $2 in optimized) echo 0 ;; standby) echo 2 ;; esac >"$file"
}
cleared() { /src/configfs/iser-tgt-clear; }

if [ "$NAME" != initiator ]; then
	rm -f "$HERE"/{ask,did,up}
	initiator_side "$(number "$NAME")" && modprobe -a target_core_mod target_core_iblock ib_core rdma_cm && insmod "$(module)" || bail "$NAME: no RDMA device"
	touch "$HERE/up"
	serve
	planned=1
	exit
fi

# --- the initiator ---

GENERATOR=/src/tools/testing/integrity/integrity
log_in() { iscsiadm -m node -T "$IQN" -p "10.0.$1.2:$PORT" -I iser --login; }
# map N : the device of disk N
map() { readlink -f "/dev/mapper/3$(naa "$1")"; }
naa() { sed 's/-//g; s/^/6001405/' <<<"${serials[$1]}" | cut -c1-32; }
has_maps() { [ -b "/dev/mapper/3$(naa 0)" ] && [ -b "/dev/mapper/3$(naa 1)" ]; }
answered() { awk '{ print $1 + $5 }' "/sys/block/$(basename "$(map "$1")")/stat"; }
answers() { [ "$(answered "$1")" -gt "$2" ]; }
# commands of a LUN that a gateway has had
commands() { on "$1" cat "$(tpg "$IQN" "$(number "$1")")/lun/lun_$2/statistics/scsi_tgt_port/in_cmds" && cat /tmp/out; }
# goes_by GATEWAY LUN : I/O to the disk continues, through that gateway
goes_by() {
	local before
	before=$(answered "$2")
	wait_for 60 "I/O" answers "$2" $((before + 30)) || return
	before=$(commands "$1" "$2")
	wait_for 60 "I/O through $1" has_had_more "$1" "$2" "$before"
}
has_had_more() { [ "$(commands "$1" "$2")" -gt $(($3 + 20)) ]; }
has_paths() { [ "$(dmsetup status "3$(naa "$1")" | grep -oE '[0-9]+:[0-9]+ A' | wc -l)" -eq "$2" ]; }

touch /scratch/start-b
for n in 1 2; do
	dev=eth$((n - 1))
	modprobe virtio_net && wait_for 20 "network cards" [ -e /sys/class/net/$dev ] && link_up $dev "10.0.$n.1/24" || bail "no RDMA device"
done
start_initiator || bail "no iscsid"
cp "$LAB/multipath.conf" /etc/
works "multipathd" multipath_runs || bail "no multipathd" "$(tail -n 5 "$HERE/multipathd.log")"
for gateway in a b; do
	wait_for 120 "gateway $gateway" gateway_up "$gateway" && works "gateway $gateway serves both disks" on "$gateway" serves_disks "$(number "$gateway")" ||
		bail "no gateway" "$(cat /tmp/out)"
done
works "discovery at one gateway" wait_for 60 "discovery" discover "10.0.1.2:$PORT"
discover "10.0.1.2:$PORT" >/tmp/out
found=$(cut -d' ' -f1 /tmp/out | sort | paste -sd ' ')
is "$found" "10.0.1.2:$PORT,1 10.0.2.2:$PORT,2" "... tells the portals of both"
works "login to a" log_in 1 && works "login to b" log_in 2 || bail "no sessions" "$(tail -n 20 "$HERE/iscsid.log")"
works "two disks, each of two paths" wait_for 60 "maps" has_maps || bail "no maps" "$(multipath -ll; tail "$HERE/multipathd.log")"
for lun in 0 1; do works "disk $lun has two paths" wait_for 30 "paths" has_paths $lun 2; done
for lun in 0 1; do
	mkdir -p /mnt/$lun
	works "disk $lun: a file system" mkfs.ext4 -q "$(map $lun)" && mount "$(map $lun)" /mnt/$lun && fallocate -l 32M /mnt/$lun/file || bail "no file system"
	"$GENERATOR" --state /tmp/state$lun --seconds 100000 --size 512-32768 --depth 1-4 --reads 30 --pause 10 --no-verify /mnt/$lun/file >/tmp/writer$lun.out 2>&1 &
	writer[lun]=$!
done
works "I/O to disk 0 goes through a" goes_by a 0
works "I/O to disk 1 goes through b" goes_by b 1

# optimized where it is to go before standby where it leaves
works "a: disk 1 is optimized" on a state 1 optimized
works "b: disk 1 is standby" on b state 1 standby
works "disk 1 moves to a" goes_by a 1
works "b: disk 1 is optimized" on b state 1 optimized
works "a: disk 1 is standby" on a state 1 standby
works "... and back" goes_by b 1

touch /scratch/kill-a
wait_for 20 "the power cut" [ -e /scratch/killed-a ]
works "b: disk 0 is optimized" on b state 0 optimized
works "a loses power: disk 0 goes through b" goes_by b 0
works "... and so does disk 1" goes_by b 1
rm -f /scratch/a/up
touch /scratch/restart-a
wait_for 120 "gateway a" gateway_up a && works "a boots, and serves both disks" on a serves_disks 1 || bail "no gateway" "$(cat /tmp/out)"
works "b: disk 0 is standby" on b state 0 standby
works "disk 0 has two paths again" wait_for 90 "paths" has_paths 0 2
works "... and goes through a" goes_by a 0

for lun in 0 1; do
	works "disk $lun: the writer had no error" kill -0 "${writer[lun]}" || note "$(tail -n 3 /tmp/writer$lun.out)"
	kill -KILL "${writer[lun]}"
	wait "${writer[lun]}" 2>/dev/null
	works "... every acknowledged write is there" "$GENERATOR" --state /tmp/state$lun --verify /mnt/$lun/file
	umount /mnt/$lun
	works "... the file system is consistent" fsck.ext4 -fn "$(map $lun)"
done
is "$(dmesg | grep -E 'EXT4-fs (error|warning)|I/O error, dev dm-|Buffer I/O error on dev dm-|Remounting|Aborting')" "" "no error reached the file systems"
multipath -F
works "logout" iscsiadm -m node -U all
stop_initiator
for gateway in a b; do works "gateway $gateway: all is removed" on $gateway cleared; done
done_testing
