#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Removing a target, a TPG or a portal during a busy session closes the session at once and leaves nothing behind.
# processors: 2
# differs by: kernel link

. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
load_target || bail "the module does not load"
start_initiator || bail "no iscsid"

dir=$(tpg)
by_disable() { disable "$IQN"; }
by_portal()  { rmdir "$dir/np/$IP:$PORT"; }
by_tpg()     { unlink_luns && rmdir "$dir/np/$IP:$PORT" "$dir/np/[$IP6]:$PORT" && rmdir "$dir"; }
by_target()  { remove_target "$IQN"; }
unlink_luns() { find "$dir/lun/lun_0" -maxdepth 1 -type l -delete && rmdir "$dir/lun/lun_0"; }

session_down() { ! grep -qs LOGGED_IN /sys/class/iscsi_session/session*/state; }
writes() { awk '{ print $5 }' "/sys/block/${dev#/dev/}/stat"; }
busy() { [ "$(writes)" -gt "$1" ]; }

for way in by_disable by_portal by_tpg by_target; do
	simple_target rd 32 >/tmp/out 2>&1 || bail "$way: a target" "$(cat /tmp/out)"
	discover >/dev/null
	works "$way: login" login || continue
	dev=$(disk) || bail "$way: a disk" "none appeared"
	fio --name=busy --filename="$dev" --direct=1 --ioengine=libaio --rw=randrw --bs=16k --iodepth=16 --size=32M --time_based --runtime=60 \
		>/tmp/fio.out 2>&1 &
	fio=$!
	wait_for 20 "some writes" busy "$(($(writes) + 50))" || not_ok "$way: a busy session"
	start=${EPOCHREALTIME/./}
	works "$way: accepted under load" $way
	took=$(((${EPOCHREALTIME/./} - start) / 1000))
	if [ $took -lt 5000 ]; then ok "$way: returned at once ($took ms)"; else not_ok "$way: returned at once" "it took $took ms"; fi
	works "$way: the initiator sees its session end" wait_for 10 "the session to go down" session_down
	# the target does not return: the logout ends the initiator's attempts, and with them fio
	logout >/dev/null 2>&1
	works "$way: no session is left at the initiator" wait_for 40 "the end of the initiator's session" no_sessions
	wait $fio
	works "$way: the rest can be removed" remove_all
	[ "$FABRIC" != iser ] || { works "$way: the module unloads within a second" wait_for 1 "rmmod" rmmod iser_tgt; }
	load_target
done

simple_target rd 16
discover >/dev/null
works "a new target after all that: login" login
dev=$(disk) && works "... and a read" dd if="$dev" of=/dev/null bs=64k count=16 iflag=direct status=none
[ "$FABRIC" != iser ] || fails "rmmod is refused under a session" rmmod iser_tgt
# Without a LUN 0 the core's tpg_virt_lun0 takes its commands: a READ would succeed and send up to 32 KiB of old contents of the buffer.
sg=$(sg_of "$dev")
read_one() { sg_raw -r 512 -o /dev/null "$sg" 28 00 00 00 00 10 00 00 01 00; }
works "LUN 0 is read" read_one
works "LUN 0 is removed under the session" unlink_luns
# the first command ends with the unit attention of the change
read_one >/dev/null 2>&1
fails "... and a READ of it fails" read_one
like "$(cat /tmp/out)" 'Logical unit not supported' "... with the right sense"
works "... but REPORT LUNS works" sg_luns "$sg"
works "logout" logout
stop_initiator
works "all is removed" remove_all
done_testing
