#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A disk stalls for 30 s or fails under verified I/O, repeatedly and at random moments. Meanwhile other initiators can log in, the log says what
# a removal waits for, and no acknowledged write is lost.
# FAULT_ROUNDS: rounds of each fault (1); FAULTS: only those whose function matches; FAULT_SEED: the seed of an earlier run.
# needs: conformance integrity
# by name: make faults runs it; cables, power and stalls take their time

seconds=$((200 + 250 * ${FAULT_ROUNDS:-1}))
machine="--append iser_tgt.faults=${FAULT_ROUNDS:-1},${FAULT_SEED:-},${FAULTS:-}"
. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/faults.sh
. /src/tools/testing/vm/guest/faults.sh

STALL=30
blocks=$((16 << 11))
export DM_DISABLE_UDEV=1
dm_disk() {
	# brd allocates pages on the first write
	modprobe brd rd_nr=1 rd_size=$((16 << 10)) && dd if=/dev/zero of=/dev/ram0 bs=1M count=16 oflag=direct status=none || return
	modprobe dm_mod && modprobe dm_flakey &&
		dmsetup create disk --table "0 $blocks linear /dev/ram0 0" && load_target && backstore disk dev /dev/mapper/disk &&
		make_target "$IQN" disk && add_portal "$IQN" "$IP:$PORT" && enable "$IQN"
}
# disk_is LINE : replaces the table of the disk, without flushing requests in flight
disk_is() { dmsetup suspend --noflush --nolockfs disk && dmsetup load disk --table "0 $blocks $1" && dmsetup resume disk; }
whole() { disk_is "linear /dev/ram0 0"; }

# The disk stalls for STALL seconds, in which another initiator logs in.
silent() {
	local start
	start=$(now)
	dmsetup suspend --noflush --nolockfs disk || return
	served
	sleep $((STALL - ($(now) - start) / 1000))
	dmsetup resume disk
}
# With a long command timeout; and with a short one, after which the initiator aborts, resets and logs in again.
stalled()         { echo 120 >"/sys/block/${dev#/dev/}/device/timeout" && silent; }
stalled_aborted() { echo 5 >"/sys/block/${dev#/dev/}/device/timeout" && silent; }
# Disabling the portal group reports what it waits for, and ends once the disk answers.
disabled_in_stall() {
	local pid status=0 said
	said=$(dmesg | grep -c 'iser_tgt: .*sessions of .*portal group disabled')
	dmsetup suspend --noflush --nolockfs disk || return
	sleep 0.2
	disable "$IQN" &
	pid=$!
	wait_for 15 "the target's message" said_more "$said" || status=1
	kill -0 $pid || { echo "disabled although commands were under way"; status=1; }
	dmsetup resume disk
	wait $pid && enable "$IQN" && return $status
}
said_more() { [ "$(dmesg | grep -c 'iser_tgt: .*sessions of .*portal group disabled')" -gt "$1" ]; }
failing() { disk_is error && sleep "0.$((RANDOM % 900 + 100))" && whole; }
flaky()   { disk_is "flakey /dev/ram0 0 1 1" && sleep "$((RANDOM % 3)).$((RANDOM % 900 + 100))" && whole; }

alone || bail "no RDMA device"
dm_disk || bail "no target"
start_initiator || bail "no iscsid"
sed -i -e 's/^\(node.session.timeo.replacement_timeout\).*/\1 = 120/' \
	-e 's/^\(node.session.err_timeo.[a-z_]*\).*/\1 = 3/' /etc/iscsi/iscsid.conf
discover >/dev/null
works "login" login || bail "login" "$(tail -n 20 "$HERE/iscsid.log")"
faults_begin

repeat failing "backstore fails"
repeat flaky "backstore fails now and then"
repeat disabled_in_stall "stalls, portal group disabled"
repeat stalled "backstore stalls $STALL s"
repeat stalled_aborted "stalls $STALL s, commands aborted"

faults_end
works "logout" logout
works "the initiator stops" stop_initiator
works "all is removed" remove_all
dmsetup remove disk
done_testing
