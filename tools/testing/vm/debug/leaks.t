#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kmemleak finds no leak of iser_tgt after discovery, logins, I/O, a session closed under I/O, logout, removal and rmmod.
# differs by: link

seconds=300
machine="--append kmemleak=on"
. "$(dirname "$0")/../in-guest"

leaks=/sys/kernel/debug/kmemleak
echo scan=off >$leaks || bail "kmemleak is not on"
module=iser_tgt
[ "$FABRIC" = iser ] || module=ib_isert

# kmemleak reports only objects older than 5 s, and only those that a second scan finds unreferenced as well.
scan() { sleep 6 && echo scan >$leaks && echo scan >$leaks && cat $leaks >"$1"; }
# ours FILE : the reports whose stack has an address of the module: with its name or, after rmmod, within its former range
ours() {
	awk -v name="[$module]" -v low="$low" -v high="$high" '
	/^unreferenced object/ { if (hit) printf "%s", text; hit = 0; text = "" }
	{ text = text $0 "\n" }
	index($0, name) { hit = 1 }
	match($0, /0x[0-9a-f]+/) && RLENGTH == 18 { at = substr($0, RSTART + 2, 16); if (at >= low && at < high) hit = 1 }
	END { if (hit) printf "%s", text }' "$1"
}

alone || bail "no RDMA device"
simple_target rd 32 || bail "no target"
start_initiator || bail "no iscsid"
start=$(sed 's/^0x//' /sys/module/$module/sections/.text)
low=$start high=$(printf '%016x' $((0x$start + $(awk -v m=$module '$1 == m { print $2 }' /proc/modules))))

works "discovery" discover
for n in 1 2; do
	works "login $n" login || bail "no session"
	dev=$(disk) || bail "a disk" "none appeared"
	works "I/O $n" fio --name=v --filename="$dev" --direct=1 --ioengine=libaio --rw=randrw --bsrange=512-128k --iodepth=16 --io_size=4M \
		--size=8M --verify=crc32c --randseed=$n
	works "logout $n" logout
done
works "login 3" login
dev=$(disk)
fio --name=cut --filename="$dev" --direct=1 --ioengine=libaio --rw=randrw --bs=16k --iodepth=16 --size=8M --time_based --runtime=600 \
	>/tmp/fio.out 2>&1 &
fio=$!
sleep 5
works "TPG disabled under I/O" disable "$IQN"
logout >/dev/null 2>&1
works "no session is left at the initiator" wait_for 40 "the end of the initiator's session" no_sessions
wait $fio
works "the initiator stops" stop_initiator
works "all is removed" remove_all
# shellcheck disable=SC2153 # from guest/init
scan "$HERE/leaks"
is "$(ours "$HERE/leaks")" "" "no leak before rmmod"
works "rmmod" wait_for 5 "rmmod" rmmod $module
scan "$HERE/leaks.rmmod"
is "$(ours "$HERE/leaks.rmmod")" "" "no leak after rmmod"
note "reports not of $module: $(grep -c '^unreferenced' "$HERE/leaks.rmmod")"
echo clear >$leaks
done_testing
