#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RDMA devices with other limits than the soft ones: with short queues and few scatter elements the target allows fewer commands at a time, and the
# log names the attribute of a device that does not suffice for one command. A module of the tests changes the attributes that the target sees, and
# no other user. And events of the RDMA CM that the target does not know do not end a session.
# differs by: oldest
seconds=900

. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
events=/src/build/$KVER/event
[ -f "$events/shape.ko" ] && [ -f "$events/cm_event.ko" ] || bail "no modules: make test-module"
start_initiator || bail "no iscsid"
dir=$(tpg)

# shaped ATTRIBUTE=VALUE... : makes a target that sees a device with these attributes
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

# serves WHAT DEPTH ATTRIBUTE=VALUE... : with these attributes a session has DEPTH commands at a time
serves() {
	local what=$1 depth=$2
	shift 2
	works "$what: a target" shaped "$@" || bail "no target"
	[ -n "${recorded:-}" ] || works "... it is discovered" record || bail "no target"
	works "... an initiator logs in" login
	is "$(depth)" "$depth" "... with $depth commands at a time"
	works "... the target has seen the changed attributes" looked_at 2
	if [ "$depth" = 64 ]; then
		fails "... the log does not mention the device" said 'has room for|not used'
	else
		works "... the log says so" said "$LINK-lan0 has room for $depth commands in flight, not for 64"
	fi
	works "... verified I/O, many commands at a time" verified
	works "... logout" logout
	works "... all is removed" unshaped || bail "the modules cannot be unloaded"
}

# refuses WHAT LINE ATTRIBUTE=VALUE... : with these attributes the device is not used, and the log says LINE
refuses() {
	local what=$1 line=$2
	shift 2
	works "$what: a target" shaped "$@" || bail "no target"
	works "... the log has the reason for not using the device" said "$LINK-lan0: iser_tgt: not used: $line"
	# a discovery tries once; iscsid would repeat a login
	fails "... a discovery is refused" discover
	works "... the log says so" said "connection rejected: -19: $LINK-lan0 is not used"
	works "... all is removed" unshaped || bail "the modules cannot be unloaded"
}

serves "an unchanged soft device" 64
serves "short queues, max_qp_wr=200" 64 max_qp_wr=200
serves "max_qp_wr=64" 23 max_qp_wr=64
serves "the shortest usable queues, max_qp_wr=31" 1 max_qp_wr=31
refuses "max_qp_wr=30" 'max_qp_wr is 30, 31 are needed' max_qp_wr=30
refuses "max_qp_wr=20" 'max_qp_wr is 20, 31 are needed' max_qp_wr=20
refuses "max_qp_wr=0" 'max_qp_wr is 0, 31 are needed' max_qp_wr=0
# in older kernels these attributes are signed
serves "unlimited queues, max_qp_wr=-1" 64 max_qp_wr=-1 max_cqe=-1 max_srq_wr=-1 max_qp_init_rd_atom=-1
serves "short completion queues, max_cqe=100" 17 max_cqe=100
serves "completion queues without room for sends beside those of a shared queue, max_cqe=256" 64 max_cqe=256
refuses "max_cqe=60" 'max_cqe is 60, 61 are needed' max_cqe=60

serves "few scatter elements, max_send_sge=3" 64 max_send_sge=3 max_recv_sge=3 max_srq_sge=3
refuses "max_send_sge=2" 'max_send_sge is 2, 3 are needed' max_send_sge=2
refuses "max_recv_sge=2" 'max_recv_sge is 2, 3 are needed' max_recv_sge=2
serves "one element for an RDMA READ, max_sge_rd=1" 64 max_sge_rd=1
# max_sge_rd does not matter for an iWARP device, which reads into registered memory
if [ "$LINK" = rxe ]; then refuses "max_sge_rd=0" 'max_sge_rd is 0, 1 are needed' max_sge_rd=0; fi
serves "one RDMA READ at a time, max_qp_init_rd_atom=1" 64 max_qp_init_rd_atom=1
refuses "max_qp_init_rd_atom=0" 'max_qp_init_rd_atom is 0, 1 are needed' max_qp_init_rd_atom=0

serves "no shared receive queues, max_srq=0" 64 max_srq=0 max_srq_wr=0 max_srq_sge=0
# the attributes allow sizes that the driver then refuses
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
works "a module that raises events" insmod "$events/cm_event.ko" || bail "no cm_event.ko"
works "a session" login || bail "no session"
works "... its disk is read and written" verified
session=$(tsih)
like "$session" '[0-9]' "... it has a number"
# events of 7.3 that 6.12 does not have (16 to 19), one that no kernel has, and one that does not occur on a connection of the target
for event in 16 17 18 19 200 0; do
	works "the RDMA CM raises event $event" told $event
	works "... the log says that it is ignored" wait_for 5 "the line" said "iser_tgt: .*CM event $event ignored"
done
works "... its disk is read and written" verified
is "$(tsih)" "$session" "... in the same session"
ended() { [ "$(tsih)" != "$session" ]; }
works "an event that ends a connection, disconnected (10)" told 10
works "... ends it" wait_for 20 "the end of the session" ended
works "... the initiator logs in again, verified I/O" verified
works "logout" logout
works "all is removed" remove_all
rmmod cm_event
done_testing
