#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Four times: login, verified I/O of many sizes, logout, removal of the target and the module; every second time the target is disabled and
# removed under I/O.
# differs by: link

seconds=300
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
load_target || bail "the module does not load"
start_initiator || bail "no iscsid"

io() { # SECONDS, 0 for a fixed amount
	fio --name=v --filename="$dev" --direct=1 --ioengine=libaio --rw=randrw --bsrange=512-256k --iodepth=32 --size=16M --io_size=8M \
		--verify=crc32c --randseed="$RANDOM" "$@"
}
for n in 1 2 3 4; do
	works "$n: a target" simple_target "$([ $((n % 2)) = 0 ] && echo file || echo rd)" 32 || bail "no target"
	works "$n: discovery" discover
	works "$n: login" login || bail "no session"
	dev=$(disk) || bail "$n: a disk" "none appeared"
	works "$n: verified I/O" io
	sg_reset --device "$(sg_of "$dev")" >/dev/null 2>&1
	if [ $((n % 2)) = 0 ]; then
		io --verify=0 --time_based --runtime=600 >/tmp/fio.out 2>&1 &
		fio=$!
		sleep 3
		works "$n: TPG disabled under I/O" disable "$IQN"
		logout >/dev/null 2>&1
		works "$n: no session is left at the initiator" wait_for 40 "the end of the initiator's session" no_sessions
		wait $fio
	else
		works "$n: logout" logout
	fi
	works "$n: all is removed" remove_all
	works "$n: rmmod" wait_for 5 "rmmod" rmmod iser_tgt
	load_target
done
works "the initiator stops" stop_initiator
rmdir "$CFS/$FABRIC" 2>/dev/null
done_testing
