#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A planned move with the initiator logged in to both gateways, which are two portal groups with ALUA groups of their own here: one becomes
# active/optimized, the other standby, and dm-multipath follows under verified I/O without an error; by iser-tgt-move, and by the agent's promote
# and demote.
# needs: cluster-agents

. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/multipath.sh
. /src/tools/testing/vm/guest/multipath.sh

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
like "$(sg_rtpg -d "$b"; sg_vpd -p di "$b")" 'standby' "the second gateway is in standby"
make_multipath "$a" "$b"
start_io "$a" "$b" --filename=/dev/mapper/mp
goes_on "before a move" "$a"

works "iser-tgt-move: the second gateway is optimized" move --tag 2 --state optimized "$IQN"
works "... and the first in standby" move --tag 1 --state standby "$IQN"
goes_on "moved" "$b"
works "the first path is failed" path_is "$na" F

works "the agent: the first is promoted" unit 1 promote
works "... its path is used again" wait_for 20 "the path" path_is "$na" A
works "... and the second is demoted" unit 2 demote
goes_on "moved back" "$a"

stop_io
works "the multipath device is removed" dmsetup remove mp
works "logout" iscsiadm -m node -U all
works "the second gateway stops" down 2
works "... and the first" down 1
works "the initiator stops" stop_initiator
works "all is removed" remove_all
done_testing
