#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Asymmetric access (ALUA) is implemented in the target core. This test shows that it works over iSER: access states are reported and set, a change
# raises a unit attention, and commands are refused in standby.

seconds=300
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
mkdir -p /var/target/alua
works "a target" simple_target file 16 || bail "no target" "$(cat /tmp/out)"
group=$(backstore_dir disk)/alua/default_tg_pt_gp
start_initiator || bail "no iscsid"
discover >/dev/null
works "login" login || bail "login" "$(tail -n 20 "$HERE/iscsid.log")"
dev=$(disk) || bail "a disk"
sg=$(sg_of "$dev")

# access states, as numbered by SCSI and the core
optimized=0 nonoptimized=1 standby=2 unavailable=3
state() { echo "$1" >"$group/alua_access_state"; }
group_of_port() { echo "$1" >"$(tpg)/lun/lun_0/alua_tg_pt_gp"; }
read_one() { sg_raw -r 512 "$sg" 28 00 00 00 00 00 00 00 01 00 2>&1; }
# told TEXT : the next command ends with the unit attention of a changed state, the one after it does not
told() {
	like "$(unit_ready "$sg")" 'symmetric access state changed' "$1"
	if grep -q 'access state changed' <<<"$(unit_ready "$sg")"; then not_ok "... only once"; else ok "... only once"; fi
}

like "$(sg_inq "$sg")" 'TPGS=[13]' "INQUIRY reports target port groups"
like "$(sg_rtpg -d "$sg")" 'active/optimized' "REPORT TARGET PORT GROUPS: active/optimized"
like "$(sg_vpd -p di "$sg")" 'Target port group: 0x0' "the port's group is in the device identification page"
like "$(sg_vpd -p di "$sg")" "$IQN,t,0x0001" "... together with the port's iSCSI name"
unit_ready "$sg" >/dev/null

works "to active/non-optimized" state $nonoptimized
told "a unit attention reports the change"
like "$(sg_rtpg -d "$sg")" 'active/non optimized' "... and sees the state"
like "$(read_one)" 'SCSI Status: Good' "... and the disk can be read"

works "to standby" state $standby
told "a unit attention reports the change"
like "$(sg_rtpg -d "$sg")" 'standby' "... and sees the state"
like "$(read_one)" 'standby' "a READ is refused: not ready, target port in standby state"
like "$(sg_raw "$sg" 35 00 00 00 00 00 00 00 00 00 2>&1)" 'standby' "so is a command without data"
like "$(sg_raw -s 512 -i /dev/zero "$sg" 2a 00 00 00 00 00 00 00 01 00 2>&1)" 'standby' "so is a WRITE, whose data are not transferred"
works "INQUIRY works in standby" sg_inq "$sg"

works "to unavailable" state $unavailable
told "a unit attention reports the change"
like "$(read_one)" 'unavailable' "a READ is refused: target port in unavailable state"

works "to active/optimized" state $optimized
told "a unit attention reports the change"
like "$(read_one)" 'SCSI Status: Good' "the disk can be read"

# explicit: the initiator sets the state
echo 3 >"$group/alua_access_type"
works "the initiator sets non-optimized" sg_stpg --state=$nonoptimized --tp=0 "$sg"
is "$(cat "$group/alua_access_state")" $nonoptimized "... and the core shows it"
works "the initiator sets optimized" sg_stpg --state=$optimized --tp=0 "$sg"
is "$(cat "$group/alua_access_state")" $optimized "... and the core shows it"

# a group of its own for the port
mkdir "$(backstore_dir disk)/alua/far" && echo 7 >"$(backstore_dir disk)/alua/far/tg_pt_gp_id" && echo 1 >"$(backstore_dir disk)/alua/far/alua_access_type"
works "the port is moved to another group" group_of_port far
like "$(sg_rtpg "$sg" 2>&1; sg_rtpg "$sg")" 'target port group id : 0x7' "... which the initiator sees"
works "and back" group_of_port default_tg_pt_gp
rmdir "$(backstore_dir disk)/alua/far"

works "logout" logout
works "the initiator stops" stop_initiator
works "all is removed" remove_all
done_testing
