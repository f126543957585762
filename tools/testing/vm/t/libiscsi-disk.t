#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# All SCSI tests of libiscsi's suite on the disk that open-iscsi makes over iSER, by SG_IO, and on the one it makes over TCP to LIO's iSCSI
# target, on the same backstore. A test that fails on both fails in the core. expect/libiscsi-disk-* has what is expected, with reasons.
# differs by: userspace
# all: two minutes, for commands that the core or Linux decides

seconds=900 machine='--append log_buf_len=8M'
. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/libiscsi.sh
. /src/tools/testing/vm/guest/libiscsi.sh

alone || bail "no RDMA device"
suite_backstore || bail "no backstore"
[ -f "$(list libiscsi-disk)" ] || bail "a list of what is expected of libiscsi $LIBISCSI"
start_initiator || bail "no iscsid"

# on_fabric FABRIC PORT INTERFACE : makes a target, logs in by that interface of open-iscsi, runs the suite on the disk, removes the target
on_fabric() {
	local FABRIC=$1 port=$2 interface=$3 dev
	mkdir -p "$CFS/$FABRIC" && make_target "$IQN" disk && mkdir "$(tpg)/np/$IP:$port" && enable "$IQN" || return
	iscsiadm -m node -T "$IQN" -p "$IP:$port" -I "$interface" -o new && iscsiadm -m node -T "$IQN" -p "$IP:$port" -I "$interface" --login &&
		dev=$(disk) || return
	echo "the largest command: $(cat "/sys/block/${dev#/dev/}/queue/max_sectors_kb") KiB"
	run_suite "$interface" "$dev"
	iscsiadm -m node -T "$IQN" -p "$IP:$port" -I "$interface" --logout && iscsiadm -m node -T "$IQN" -p "$IP:$port" -I "$interface" -o delete
	remove_target "$IQN" && rmdir "$CFS/$FABRIC"
}
works "the suite of libiscsi $LIBISCSI on a disk of open-iscsi over TCP, to LIO's target" on_fabric iscsi 3261 default && note "$(grep ' s, ' /tmp/out)"
works "the suite of libiscsi $LIBISCSI on a disk of open-iscsi over iSER, to iser_tgt" on_fabric iser "$PORT" iser && note "$(grep ' s, ' /tmp/out)"
compare_suites "$(list libiscsi-disk)" iser "iser_tgt, ib_iser" default "LIO iSCSI, iscsi_tcp"
is "$(cat "$HERE"/*/deaths)" "" "the suite has not died"

works "the initiator stops" stop_initiator
works "all is removed" remove_all
done_testing
