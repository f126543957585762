#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A planned move with the initiator logged in to both gateways, which are two portal groups with ALUA groups of their own here: one becomes
# active/optimized, the other standby, and dm-multipath follows under verified I/O without an error; by iser-tgt-move, and by the agent's promote
# and demote.
# needs: cluster-agents

. "$(dirname "$0")/../in-guest"

export OCF_ROOT=/usr/lib/ocf OCF_RESOURCE_INSTANCE=unit HA_RSCTMP=/run
mkdir -p $OCF_ROOT
cp -r /src/build/cluster-agents/usr/lib/ocf/lib $OCF_ROOT/ || bail "no library of OCF agents"
# agent NAME ACTION PARAMETER=VALUE...
agent() {
	local name=$1 action=$2
	shift 2
	env "${@/#/OCF_RESKEY_}" "/src/configfs/ocf/$name" "$action" 2>&1
}
# gateway TAG ACTION : the logical unit of one of them
unit() {
	agent iSERLogicalUnit "$2" "iqn=$IQN" "tpgt=$1" lun=0 path=/dev/ram0 serial=7c1e4f2a-0b6d-4e57-9a3f-1d2c3b4a5f60 name=unit "alua_group=gateway$1" "alua_group_id=$1" "${@:3}"
}
# gateway TAG PORT STATE
gateway() {
	agent iSERTarget start "iqn=$IQN" "tpgt=$1" "portals=$IP:$2" demo_mode=1 && unit "$1" start "alua_state=$3" && agent iSERGate start "iqn=$IQN" "tpgt=$1"
}
down() { agent iSERGate stop "iqn=$IQN" "tpgt=$1" && unit "$1" stop && agent iSERTarget stop "iqn=$IQN" "tpgt=$1" "portals=$IP" demo_mode=1; }
move() { /src/configfs/iser-tgt-move "$@"; }

number() { cat "/sys/block/${1#/dev/}/dev"; }
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
writes() { awk '{ print $5 }' "/sys/block/$1/stat"; }
wrote() { [ "$(writes "$1")" -gt "$2" ]; }
# goes_on TEXT DISK : I/O continues, over this path
goes_on() {
	works "$1: I/O continues over ${2#/dev/}" wait_for 60 "writes" wrote "${2#/dev/}" $(($(writes "${2#/dev/}") + 50))
	works "... without an error" kill -0 $fio
}
dev_at() {
	local session path
	for session in /sys/class/iscsi_session/session*; do
		[ "$(cat "$session"/device/connection*/iscsi_connection/connection*/persistent_port)" = "$1" ] || continue
		for path in "$session"/device/target*/*:0/block/sd*; do [ -e "$path" ] && [ "$(cat "$path/size")" -gt 0 ] && { echo "/dev/${path##*/}"; return; }; done
	done
	return 1
}

alone || bail "no RDMA device"
modprobe brd rd_size=32768
modprobe -a dm_mod dm_multipath dm_round_robin || bail "no dm-multipath"
load_target || bail "no module"
works "a gateway" gateway 1 3260 optimized || bail "no gateway" "$(cat /tmp/out)"
works "another one" gateway 2 3261 standby || bail "no gateway" "$(cat /tmp/out)"
start_initiator || bail "no iscsid"
for port in 3260 3261; do
	iscsiadm -m node -o new -T "$IQN" -p "$IP:$port,$((port - 3259))" -I iser >/dev/null
	works "login at port $port" login "$IQN" "$IP:$port" || bail "no session" "$(tail -n 20 "$HERE/iscsid.log")"
	wait_for 20 "a disk" dev_at $port || bail "no disk"
done
a=$(dev_at 3260) b=$(dev_at 3261)
is "$(sg_inq -p 0x83 "$a" | grep -i naa)" "$(sg_inq -p 0x83 "$b" | grep -i naa)" "both are the same disk"
like "$(sg_rtpg -d "$b"; sg_vpd -p di "$b")" 'standby' "the second gateway is in standby"
na=$(number "$a") nb=$(number "$b")
works "a multipath device" dmsetup create mp --table "0 $(blockdev --getsz "$a") multipath 1 queue_if_no_path 0 2 1 round-robin 0 1 1 $na 100 round-robin 0 1 1 $nb 100" ||
	bail "no dm-multipath"
dmsetup mknodes
watch_paths "$a" "$b" &
watcher=$!
fio --name=v --filename=/dev/mapper/mp --size=24M --direct=1 --ioengine=libaio --rw=randrw --bsrange=4k-64k --iodepth=16 --verify=crc32c \
	--verify_backlog=64 --verify_fatal=1 --time_based --runtime=3600 --exitall_on_error >/tmp/fio.out 2>&1 &
fio=$!
goes_on "before a move" "$a"

works "iser-tgt-move: the second gateway is optimized" move --tag 2 --state optimized "$IQN"
works "... and the first in standby" move --tag 1 --state standby "$IQN"
goes_on "moved" "$b"
works "the first path is failed" path_is "$na" F

works "the agent: the first is promoted" unit 1 promote
works "... its path is used again" wait_for 20 "the path" path_is "$na" A
works "... and the second is demoted" unit 2 demote
goes_on "moved back" "$a"

kill -INT $fio
wait $fio
like "$(grep -o 'err= *[0-9]*' /tmp/fio.out | sort -u)" '^err= *0$' "fio got no error, and all data it read were right"
kill $watcher
wait $watcher 2>/dev/null
works "the multipath device is removed" dmsetup remove mp
works "logout" iscsiadm -m node -U all
works "the second gateway stops" down 2
works "... and the first" down 1
works "the initiator stops" stop_initiator
works "all is removed" remove_all
done_testing
