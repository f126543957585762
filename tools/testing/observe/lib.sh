# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For the tests of iser-tgt-exporter, iser-tgt-top and what iser-tgt-doctor says of sessions, that need no guest: trees of plain files as the
# module, the target core and RDMA devices have them, and Debian's Prometheus. Sourced.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/testing/host.sh
. "$here/../host.sh"
[ -n "${ISER_TGT_DEPS:-}" ] || "$VM_DIR/deps"

IQN=iqn.2026-01.org.example:disk
INITIATOR=iqn.2026-01.org.example:host
OTHER=iqn.2026-01.org.example:other
tree=$work/tree
tpg=/sys/kernel/config/target/iser/$IQN/tpgt_1
debug=/sys/kernel/debug/iser_tgt

# file PATH [LINE...] : below $tree
file() {
	mkdir -p "$tree${1%/*}"
	printf '%s\n' "${@:2}" >"$tree$1"
}
# lun NUMBER STORE COMMANDS READ-MIB WRITTEN-MIB : a LUN of the target; STORE is TYPE/NAME
lun() {
	local at=$tpg/lun/lun_$1
	file "$at/statistics/scsi_tgt_port/in_cmds" "$3"
	file "$at/statistics/scsi_tgt_port/read_mbytes" "$4"
	file "$at/statistics/scsi_tgt_port/write_mbytes" "$5"
	mkdir -p "$tree/sys/kernel/config/target/core/$2"
	ln -sfn "../../../../../../target/core/$2" "$tree$at/${2#*/}"
}
shopt -s extglob
# session SID INITIATOR [WORD=VALUE...] : a line of debugfs' sessions, in which words of its own take the place of the others
session() {
	local line word words=("target=$IQN" tpg=1 iSCSIProtocolLevel=1 iSERHelloRequired=Yes MaxAHSLength=0 MaxOutstandingUnexpectedPDUs=0
		TaggedBufferForSolicitedDataOnly=No "sid=$1" "initiator=$2" acl=static auth=CHAP isid=0x00023d000001 "tsih=$1" cid=0 "peer=192.0.2.2:4100$1"
		local=192.0.2.1:3260 device=mlx5_0/1 ImmediateData=Yes depth=128 window=128 in_flight=0 commands=1000 read=4096000 written=8192000 age=60
		idle=0 memory=173056 oldest=0 check_conditions=1 busy=2 task_set_full=3 conflicts=4 aborted=5 rejects=6 tmf_abort=7 tmf_lun_reset=8 tmf_other=9
		tmf_failed=10 immediate=11 credit_waits=12 pool_misses=13 parked=14 window_full=15)
	line=" ${words[*]} "
	for word in "${@:3}"; do line=${line/ ${word%%=*}=+([^ ]) / $word }; done
	line=${line# }
	echo "${line% }"
}
# latency WHAT DIRECTION PART BUCKETS SUM : a line of session_latency or lun_latency; WHAT is sid=N or lun=N
latency() { echo "target=$IQN tpg=1 $1$([ "${1%%=*}" = lun ] || echo " initiator=$INITIATOR") direction=$2 part=$3 count=0 sum_ns=$5 buckets=$4"; }
# statistics NAME VALUE : below fabric_statistics of the target
statistics() { file "${tpg%/*}/fabric_statistics/$1" "$2"; }

# A target of the module with all files there are: two sessions and a discovery session, two LUNs, latency, ledgers, a card.
new_tree() {
	local name
	rm -rf "$tree"
	file /sys/module/iser_tgt/version 0.1
	file /sys/module/iser_tgt/srcversion 0123456789ABCDEF
	file /sys/module/iser_tgt/parameters/measure_latency Y
	file "$tpg/enable" 1
	file "$tpg/drain" 0
	file "$tpg/np/192.0.2.1:3260/state" listening
	file "$tpg/np/[2001:db8::1]:3260/state" 'waiting: address'
	lun 0 iblock_0/disk 700 3 9
	file /sys/kernel/config/target/core/iblock_0/disk/info 'Status: ACTIVATED  Max Queue Depth: 128  SectorSize: 512  HwMaxSectors: 1024' \
		'        iBlock device: dm-0  UDEV PATH: /dev/mapper/slow  readonly: 0' '        Major: 253 Minor: 0  CLAIMED: IBLOCK'
	file /sys/class/block/dm-0/dm/suspended 0
	lun 1 rd_mcp_0/ram 300 1 2
	file "$debug/sessions" "$(session 1 $INITIATOR in_flight=5 oldest=12)" "$(session 2 $OTHER commands=0 window=16)" \
		"target=discovery tpg=- sid=3 initiator=$OTHER acl=- auth=None isid=0x00023d000003 tsih=3 cid=0 peer=192.0.2.3:41000 local=192.0.2.1:3260 device=mlx5_0/1 age=1 idle=0 memory=61440"
	file "$debug/luns" "target=$IQN tpg=1 lun=0 in_flight=5 oldest=12" "target=$IQN tpg=1 lun=1 in_flight=0 oldest=0"
	for name in session_latency:sid=1 lun_latency:lun=0; do
		file "$debug/${name%:*}" "$(latency "${name#*:}" read total '20480:100,24576:700,28672:200' 24000000)" \
			"$(latency "${name#*:}" read submit '2048:1000' 1900000)" "$(latency "${name#*:}" read backstore '14336:900,20480:100' 14000000)" \
			"$(latency "${name#*:}" read transfer '8192:100' 800000)" "$(latency "${name#*:}" write response '8192:99,+Inf:1' 20000000000)"
	done
	file "$debug/refusals" '2026-11-28 09:00:00 peer=192.0.2.9:40000 initiator="" target="" status=0000 reason="too many connections"'
	file "$debug/refusal_counts" '1 too many connections' '4 no ACL for the initiator'
	file "$debug/ends" "2026-11-28 09:12:33 peer=192.0.2.2:41000 initiator=\"$INITIATOR\" target=\"$IQN\" tpg=1 sid=1 age=812 commands=48211 read=197472256 written=0 reason=\"keepalive timeout\""
	file "$debug/end_counts" '14 logged out' '1 keepalive timeout'
	file "$debug/logins" 'pending: 3 of 1024' 'bytes: 65536'
	file "$debug/devices" 'mlx5_0 vectors=1 connections=2 receive_data=8192' \
		'  vector=0 connections=2 load=2000 completion_queues=1 shared_receive_buffers=80 most=2048 unreserved=20 idle_data_buffers=64KiB data_buffers=128KiB pool_hits=1000 pool_misses=12' \
		'    cq=0 entries=4095 reserved=800 connections=2 polled=4 busy=no'
	file /sys/class/infiniband/mlx5_0/ports/1/hw_counters/out_of_sequence 17
	file /sys/class/infiniband/mlx5_0/ports/1/hw_counters/lifespan 10
	file /sys/class/infiniband/mlx5_0/ports/1/hw_counters/rx_write_requests 4711
	file /sys/class/infiniband/mlx5_0/ports/1/counters/port_rcv_errors 2
	file /sys/class/infiniband/mlx5_0/ports/1/counters/port_rcv_data 123456
	for name in accepts:20 redirects:1 authorize_fails:2 authenticate_fails:3 negotiate_fails:4 other_fails:5; do
		statistics "iscsi_login_stats/${name%:*}" "${name#*:}"
	done
	statistics iscsi_logout_stats/normal_logouts 14
	statistics iscsi_logout_stats/abnormal_logouts 6
}

exporter() { in_root "${ROOT:-prometheus}" python3 -B "$TOP/configfs/iser-tgt-exporter" --root "$tree" "$@"; }
promtool() { in_root prometheus promtool "$@"; }
