#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A thread that the target's commands wait for does no I/O to reclaim memory, as that might be a WRITE to one of its own LUNs: where PDUs are
# handled that allocate memory, where transfers are prepared, and where backstores are called.
# link: rxe

. "$(dirname "$0")/../in-guest"

module=/src/build/$KVER/event/reclaim.ko
[ -f "$module" ] || bail "no reclaim.ko: make test-module"
alone || bail "no RDMA device"
works "a ramdisk and a file" eval "load_target && backstore ram rd 16 && backstore file file 16" || bail "no backstores"
works "a target" eval "make_target $IQN ram file && add_portal $IQN $IP:$PORT && enable $IQN" || bail "no target"
start_initiator && discover >/dev/null && login >/dev/null || bail "no session"
ram=$(disk "$IQN" 0) && file=$(disk "$IQN" 1) || bail "no disks"

large_io() { dd if=/dev/zero of="$1" bs=1M count=4 oflag=direct status=none && dd if="$1" of=/dev/null bs=1M count=4 iflag=direct status=none; }
# calls FUNCTION TEXT COMMAND... : the command has the function called, and never where memory may be reclaimed by I/O
calls() {
	local parameters=/sys/module/reclaim/parameters symbol=$1 text=$2
	shift 2
	works "$text" eval "insmod $module symbol=$symbol && $*" || return
	note "$symbol: called $(cat $parameters/hits) times"
	works "... calls $symbol()" [ "$(cat $parameters/hits)" -gt 0 ]
	is "$(cat $parameters/io)" 0 "... and not where memory may be reclaimed by I/O"
	rmmod reclaim
}
calls rdma_rw_ctx_init "1 MiB written and read, in pages of the core" large_io "$ram"
calls rd_execute_rw "4 KiB of a ramdisk" dd if="$ram" of=/dev/null bs=4k count=16 iflag=direct
calls fd_execute_rw "4 KiB of a file" dd if="$file" of=/dev/null bs=4k count=16 iflag=direct
calls iser_tgt_tmf_receive "a LUN is reset" sg_reset -d "$ram"
works "logout" logout
works "the initiator stops" stop_initiator
works "all is removed" remove_all
done_testing
