#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RDMA devices that are not like the soft ones: the target serves those with short queues and few scatter elements, with as many commands
# at a time as have room, and refuses in plain words those that have no room for one. A module of the tests has the soft device look so,
# to the target alone. And events of the RDMA CM that the target does not know do not end a session.
# differs by: oldest
seconds=900

. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
events=/src/build/$KVER/event
[ -f "$events/shape.ko" ] && [ -f "$events/cm_event.ko" ] || bail "no modules: make test-module"
start_initiator || bail "no iscsid"
dir=$(tpg)

# shaped ATTRIBUTE=VALUE... : a target that sees such a device
shaped() { insmod "$events/shape.ko" device="$LINK-lan0" "$@" && dmesg -C && simple_target rd 16; }
unshaped() { remove_all && { [ ! -d /sys/module/iser_tgt ] || rmmod iser_tgt; } && rmmod shape; }
looked_at() { [ "$(cat /sys/module/shape/parameters/hits)" -ge "$1" ]; }
depth() { grep -ohE ' depth=[0-9]+' "$dir/sessions" | cut -d= -f2; }
said() { dmesg | grep -qE "$1"; }
verified() {
	local dev
	dev=$(disk) && fio --name=v --filename="$dev" --direct=1 --ioengine=libaio --rw=randrw --bsrange=512-128k --iodepth=32 --size=4M \
		--verify=crc32c --verify_fatal=1
}
record() { discover >/dev/null && recorded=yes; }

# serves WHAT DEPTH ATTRIBUTE=VALUE... : sessions of so many commands
serves() {
	local what=$1 depth=$2
	shift 2
	works "$what: a target" shaped "$@" || bail "no target"
	[ -n "${recorded:-}" ] || works "... it is found" record || bail "no target"
	works "... an initiator logs in" login
	is "$(depth)" "$depth" "... with $depth commands at a time"
	works "... the device was looked at as such" looked_at 2
	if [ "$depth" = 64 ]; then
		fails "... nothing is said of it" said 'has room for|not used'
	else
		works "... the log says so" said "$LINK-lan0 has room for $depth commands in flight, not for 64"
	fi
	works "... what is written is read, many at a time" verified
	works "... logout" logout
	works "... all is removed" unshaped || bail "the modules stay"
}

# refuses WHAT LINE ATTRIBUTE=VALUE... : the log says LINE
refuses() {
	local what=$1 line=$2
	shift 2
	works "$what: a target" shaped "$@" || bail "no target"
	works "... the log says why the device is not used" said "$LINK-lan0: iser_tgt: not used: $line"
	# it tries once; at a login iscsid would go on trying
	fails "... an initiator does not get in" discover
	works "... the log says so" said "connection rejected: -19: $LINK-lan0 is not used"
	works "... all is removed" unshaped || bail "the modules stay"
}

serves "a soft device as it is" 64
serves "short queues, max_qp_wr=200" 64 max_qp_wr=200
serves "max_qp_wr=64" 21 max_qp_wr=64
serves "the shortest there may be, max_qp_wr=34" 1 max_qp_wr=34
refuses "max_qp_wr=33" 'max_qp_wr is 33, 34 are needed' max_qp_wr=33
refuses "max_qp_wr=20" 'max_qp_wr is 20, 34 are needed' max_qp_wr=20
refuses "max_qp_wr=0" 'max_qp_wr is 0, 34 are needed' max_qp_wr=0
# older kernels have it signed
serves "endless queues, max_qp_wr=-1" 64 max_qp_wr=-1 max_cqe=-1 max_srq_wr=-1 max_qp_init_rd_atom=-1
serves "short completion queues, max_cqe=100" 15 max_cqe=100
refuses "max_cqe=63" 'max_cqe is 63, 64 are needed' max_cqe=63

serves "few scatter elements, max_send_sge=3" 64 max_send_sge=3 max_recv_sge=3 max_srq_sge=3
refuses "max_send_sge=2" 'max_send_sge is 2, 3 are needed' max_send_sge=2
refuses "max_recv_sge=2" 'max_recv_sge is 2, 3 are needed' max_recv_sge=2
serves "one element for an RDMA READ, max_sge_rd=1" 64 max_sge_rd=1
# an iWARP device reads into registered memory, whatever that says
if [ "$LINK" = rxe ]; then refuses "max_sge_rd=0" 'max_sge_rd is 0, 1 are needed' max_sge_rd=0; fi
serves "one RDMA READ at a time, max_qp_init_rd_atom=1" 64 max_qp_init_rd_atom=1
refuses "max_qp_init_rd_atom=0" 'max_qp_init_rd_atom is 0, 1 are needed' max_qp_init_rd_atom=0

serves "no shared receive queues, max_srq=0" 64 max_srq=0 max_srq_wr=0 max_srq_sge=0
# attributes that promise what the driver then refuses
if [ "$LINK" = rxe ] && kernel_since 6 11; then
	module_params=srq_size=2097152
	serves "shared receive queues that are refused" 64 max_srq_wr=-1 max_cqe=-1
	module_params=
	works "... the log says so" said "$LINK-lan0: iser_tgt: no shared receive queue: -22; connections get their own"
fi
serves "one completion vector" 64 num_comp_vectors=1
serves "64 completion vectors" 64 num_comp_vectors=64

# --- events that the target does not know ---

told() { echo "$1" >/sys/module/cm_event/parameters/event; }
tsih() { grep -ohE 'tsih[ =:]+[0-9a-fx]+' "$dir"/sessions | head -n 1; }
works "a target" simple_target rd 16 || bail "no target"
works "a module that tells of events" insmod "$events/cm_event.ko" || bail "no cm_event.ko"
works "a session" login || bail "no session"
works "... its disk is read and written" verified
session=$(tsih)
like "$session" '[0-9]' "... it has a number"
# those that 7.3 has and 6.12 has not (16 to 19), one that no kernel has, and one that has no business here
for event in 16 17 18 19 200 0; do
	works "the RDMA CM tells of event $event" told $event
	works "... the log says that it is ignored" wait_for 5 "the line" said "iser_tgt: .*CM event $event ignored"
done
works "... its disk is read and written" verified
is "$(tsih)" "$session" "... in the same session"
ended() { [ "$(tsih)" != "$session" ]; }
works "an event that ends a connection, disconnected (10)" told 10
works "... ends it" wait_for 20 "the end of the session" ended
works "... the initiator comes back and reads its disk" verified
works "logout" logout
works "all is removed" remove_all
rmmod cm_event
done_testing
