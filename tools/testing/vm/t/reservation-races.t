#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Commands for persistent reservations that meet: the target core does not lock out others between the steps of one. A module of the tests makes a step of
# the first one take seconds.
# processors: 2

seconds=600
. "$(dirname "$0")/../in-guest"

a=iqn.2026-01.org.example:a b=iqn.2026-01.org.example:b
# shellcheck source=tools/testing/vm/guest/delay.sh
. /src/tools/testing/vm/guest/delay.sh
# shellcheck source=tools/testing/vm/guest/fencing.sh
. /src/tools/testing/vm/guest/fencing.sh

disk()       { modprobe brd rd_nr=1 rd_size=16384 && modprobe dm_mod && echo '0 32768 linear /dev/ram0 0' | dmsetup create kept --noudevsync && dmsetup mknodes kept; }
targets()    { disk && load_target && backstore disk dev /dev/mapper/kept && acl_target disk "$a" "$b"; }
a_clears()   { out "$A" --clear --param-rk=0xaaaa; }
b_clears()   { out "$B" --clear --param-rk=0xbbbb; }
b_reserves() { out "$B" --reserve --param-rk=0xbbbb --prout-type=5; }
b_releases() { out "$B" --release --param-rk=0xbbbb --prout-type=5; }
b_leaves()   { out "$B" --register --param-rk=0xbbbb --param-sark=0; }
a_preempts() { out "$A" --preempt-abort --param-rk=0xaaaa --param-sark=0xbbbb --prout-type=5; }
a_lists()    { full >/tmp/full; }
# the core sleeps in it until the commands have ended that it aborts
preempting() { grep -qs target_put_cmd_and_wait /proc/[0-9]*/stack; }
in_flight()  { [ "$(awk '{ print $2 }' "/sys/block/${B#/dev/}/inflight")" -gt 0 ]; }
alone_registered() { [ "$(keys)" = 1 ]; }
keys()       { sg_persist --no-inquiry --in --read-keys "$A" | grep -c '^ *0x'; }
# meet FUNCTION TEXT FIRST TEXT SECOND : the second command is sent while the first one is held in the function
meet() {
	local first
	slow "$1" 2 || bail "no delay"
	"$3" >/tmp/first 2>&1 &
	first=$!
	works "$2, and is in the middle of it" wait_for 20 "$3" held
	"$5" >/tmp/second 2>&1 &
	works "... $4; both end" wait_for 30 "$3 and $5" ended $first $!
	works "... and the first one has worked" wait $first
	rmmod delay
	attention
}

# preempt_silently : a preempts b, with ABORT ($first), while the disk is silent and has a WRITE of b ($writer)
preempt_silently() {
	works "the disk is silent" dmsetup suspend --noudevsync --nolockfs kept
	writes "$B" 2>/dev/null &
	writer=$!
	works "... when b writes" wait_for 20 "the WRITE" in_flight
	a_preempts >/tmp/first 2>&1 &
	first=$!
}

alone || bail "no RDMA device"
works "a target" targets || bail "no target"
start_initiator || bail "no iscsid"
# libiscsi answers a timeout by a ping, and gives the command more time, unless there are no pings
sed -i 's/^\(node.conn\[0\].timeo.noop_out_[a-z]*\) = .*/\1 = 0/' /etc/iscsi/iscsid.conf
initiators a b
both_back || bail "no disks"

# --- RESERVE in the middle of CLEAR: its registration is freed, and the device still knows it as the holder's ---
works "both register" register
works "a reserves" out "$A" --reserve --param-rk=0xaaaa --prout-type=5
meet __core_scsi3_locate_pr_reg "a clears" a_clears "when b reserves" b_reserves
is "$(keys)" 0 "nobody is registered"
like "$(sg_persist --no-inquiry --in --read-reservation "$A")" 'NO reservation held' "nothing is reserved"
works "a writes" writes "$A"
works "b writes" writes "$B"

# --- two CLEARs: each waits for the registration of the other one ---
works "both register" register
meet __core_scsi3_locate_pr_reg "a clears" a_clears "when b clears" b_clears
is "$(keys)" 0 "nobody is registered"

# --- READ FULL STATUS goes on to a registration that is freed meanwhile ---
works "both register" register
meet target_get_pr_transport_id_len "a reads all registrations" a_lists "when b ends its own" b_leaves
is "$(wc -l </tmp/full)" 2 "two were listed"
is "$(keys)" 1 "one is left"

# --- one that waits for its turn is aborted by the command that it waits for ---
works "both register" register
works "b reserves" b_reserves
meet __core_scsi3_locate_pr_reg "a preempts b, with ABORT" a_preempts "when b releases, which waits" b_releases
like "$(kind)" 'Write Exclusive, registrants only' "a holds the reservation"
is "$(keys)" 1 "... and is registered alone"

# --- one that waits for its turn is aborted by its initiator, whose patience has ended. The one before it waits for a disk that is silent ---
works "both register" register
works "a releases" out "$A" --release --param-rk=0xaaaa --prout-type=5
attention
works "b reserves" b_reserves
preempt_silently
works "... a preempts b, with ABORT, and waits for that" wait_for 20 "PREEMPT AND ABORT" preempting
printf '\0\0\0\0\0\0\xaa\xaa\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0' >/tmp/key
sg_raw --timeout=2 --send=24 --infile=/tmp/key "$A" 5f 02 05 00 00 00 00 00 18 00 >/tmp/second 2>&1 &
works "... when a releases, which waits, and is aborted" wait_for 20 "the abort" ended $!
works "the first one waits as before" kill -0 $first
works "the disk answers" dmsetup resume --noudevsync kept
works "... and the first one works" wait $first
wait $writer
attention
like "$(kind)" 'Write Exclusive, registrants only' "a holds the reservation, which was not released"

# --- b is fenced while its WRITE is in the disk. b is registered and not the holder, which the core does not tell apart, and does not wait ---
works "b registers again" out "$B" --register-ignore --param-sark=0xbbbb
attention
preempt_silently
works "... a preempts b, with ABORT, which is executed" wait_for 20 "b to be preempted" alone_registered
nap 900
works "... and not answered before the WRITE has ended" kill -0 $first
kill -0 $writer || not_ok "the WRITE had ended before"
writes "$A" 2>/dev/null &
other=$!
works "the disk answers" dmsetup resume --noudevsync kept
works "... and the command is answered" wait_for 20 "PREEMPT AND ABORT" ended $first
works "... with success" wait $first
wait $writer $other
attention
fails "b writes no longer" writes "$B"

stop_initiator
works "all is removed" remove_all
dmsetup remove kept
done_testing
