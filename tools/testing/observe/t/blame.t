#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What iser-tgt-top and iser-tgt-doctor conclude from two readings: rates and quantiles of the time between them, and what makes a session slow. Two
# trees of plain files are the readings. tools/testing/vm/t/blame.t has real disks, links and initiators.

. "$(dirname "$0")/../lib.sh"

NOW='2026-11-28 12:00:00'
# between SECONDS EXPRESSION... : of $work/before and the tree as it is now
between() { in_root prometheus python3 -B "$here/two-readings" "$work/before" "$tree" "$1" "$NOW" "${@:2}"; }
# begin : the tree as it is now is the first reading
begin() { rm -rf "$work/before"; cp -r "$tree" "$work/before"; }
finds() { is "$(between 2 said)" "$2" "$1"; }
quiet_tree() {
	new_tree
	file "$debug/sessions" "$(session 1 $INITIATOR commands=1000 in_flight=2)"
	rm "$tree$debug"/{ends,session_latency,lun_latency}
	begin
}
# busy WORD=VALUE... : 2000 commands more, with these words
busy() { file "$debug/sessions" "$(session 1 $INITIATOR commands=3000 in_flight=2 "$@")"; }
who="session 1 of $INITIATOR with $IQN"
disk="LUN 0 of $IQN, tpgt_1 (iblock_0/disk, /dev/mapper/slow)"

# --- rates ---
quiet_tree
busy read=24096000 written=8192000
lun 0 iblock_0/disk 1700 23 9
is "$(between 2 'session(1)["iops"], session(1)["read_bytes_per_second"], session(1)["written_bytes_per_second"]')" "(1000.0, 10000000.0, 0.0)" "rates of a session"
is "$(between 4 'lun(0)["iops"], lun(0)["read_bytes_per_second"], lun(1)["iops"]')" "(250.0, 5242880.0, 0.0)" "... and of a LUN"
is "$(between 2 'session(1)["state"], lun(1)["state"]')" "('busy', 'idle')" "... states"
file "$debug/sessions" "$(session 1 $INITIATOR commands=3000)" "$(session 5 $OTHER commands=7)"
is "$(between 2 'session(5)["iops"], session(5)["commands"]')" "(None, 7)" "a new session has no rate yet"
file "$debug/sessions" "$(session 1 $INITIATOR commands=3)"
is "$(between 2 'session(1)["iops"]')" None "a counter that went back is none"
is "$(between 0 'session(1)["iops"]')" None "no time, no rate"

# --- latency of the time between ---
quiet_tree
file "$debug/session_latency" "$(latency sid=1 read total 57344:1000,1073741824:7 8000000000)" "$(latency sid=1 read backstore 49152:1000 40000000)"
file "$debug/lun_latency" "$(latency lun=0 read total 57344:1000 50000000)"
begin
file "$debug/session_latency" "$(latency sid=1 read total 57344:1000,114688:90,131072:10,1073741824:7 8011000000)" "$(latency sid=1 read backstore 49152:1100 44000000)"
file "$debug/lun_latency" "$(latency lun=0 read total 57344:1000,114688:100 61000000)"
busy
is "$(between 2 'session(1)["latency"]["read"]["commands"]')" 100 "commands measured between the readings"
# 98304 + 16384 * 50/90, and 114688 + 16384 * 9/10
is "$(between 2 '"%.0f %.0f %.0f" % tuple(session(1)["latency"]["all"][k] * 1e9 for k in ("p50", "p99", "mean"))')" "107406 129434 110000" "... their quantiles, within a bucket, and mean"
is "$(between 2 '"%.0f" % (session(1)["latency"]["read"]["parts"]["backstore"] * 1e9)')" 40000 "... the mean of a part"
is "$(between 2 '"write" in session(1)["latency"], "%.0f" % (lun(0)["latency"]["all"]["p99"] * 1e9)')" "(False, '114524')" "... of a LUN"
file "$debug/session_latency" "$(latency sid=1 read total 57344:1000,1073741824:7,+Inf:1 99000000000)" "$(latency sid=1 write total 1024:1 900)"
is "$(between 2 '[round(session(1)["latency"][d]["p50"] * 1e9) for d in ("read", "write")]')" "[17179869184, 512]" "... the first and the last bucket"

# --- nothing is wrong ---
quiet_tree
finds "an idle target" ""
busy
finds "a busy one" ""
file "$debug/session_latency" "$(latency sid=1 read total 57344:1000 50000000)"
file /sys/class/infiniband/mlx5_0/ports/1/counters/port_rcv_data 999999999
finds "... that is measured" ""

# --- slow ---
quiet_tree
busy
file "$debug/session_latency" "$(latency sid=1 read total 167772160:100 15000000000)" "$(latency sid=1 read submit 4096:100 400000)" \
	"$(latency sid=1 read backstore 167772160:100 14900000000)" "$(latency sid=1 read transfer 57344:10 500000)"
file "$debug/lun_latency" "$(latency lun=1 read total 57344:100 5000000)" "$(latency lun=1 read backstore 57344:100 5000000)" \
	"$(latency lun=0 read total 167772160:100 15000000000)" "$(latency lun=0 read backstore 167772160:100 14900000000)"
finds "a slow backstore" "note (backstore): $who is slow (reads: p50 151 ms, p99 167 ms), and it is the backstore of $disk: 149 ms of 150 ms
    next: iser-tgt-top --luns"
file "$debug/session_latency" "$(latency sid=1 read total 114688:100 10000000)" "$(latency sid=1 read submit 4096:100 400000)" \
	"$(latency sid=1 read backstore 98304:100 9000000)" "$(latency sid=1 read transfer 167772160:10 1500000000)"
finds "a slow link: READs, whose data are sent after the time of the command" "note (link): $who is slow (reads: p50 0.106 ms, p99 0.115 ms), and it is the link or the initiator: 150 ms of 150 ms
    next: rdma statistic show link mlx5_0/1"
file "$debug/session_latency" "$(latency sid=1 write total 167772160:100 15000000000)" "$(latency sid=1 write transfer 167772160:100 14900000000)" \
	"$(latency sid=1 write backstore 98304:100 9000000)" "$(latency sid=1 read total 57344:9000 450000000)" "$(latency sid=1 read backstore 57344:9000 450000000)"
like "$(between 2 said)" "^note \(link\): .* \(writes: p50 151 ms, p99 167 ms\), and it is the link or the initiator: 149 ms of 150 ms" "... WRITEs, beside many fast READs"
busy 'device=a;reboot/1'
is "$(between 2 'found[0].next')" "[\"rdma statistic show link 'a;reboot/1'\"]" "... a device whose name has a semicolon is quoted"
busy
file "$debug/session_latency" "$(latency sid=1 write total 167772160:100 15000000000)" "$(latency sid=1 write submit 167772160:100 14000000000)" \
	"$(latency sid=1 write backstore 98304:100 9000000)"
like "$(between 2 said)" '^note \(target\): .* and it is this target, which has not begun with it: 140 ms' "a target that has no time"
rm "$tree$debug/session_latency" "$tree$debug/lun_latency"
file /sys/module/iser_tgt/parameters/measure_latency N
begin
file "$debug/sessions" "$(session 1 $INITIATOR commands=3020 in_flight=8)"
finds "slow, by commands in flight and a second, but not measured" "note (None): $who is slow: 800 ms a command; where they are spent is not measured
    next: echo 1 > /sys/module/iser_tgt/parameters/measure_latency"
rm -r "$tree/sys/module/iser_tgt/parameters"
finds "... by a module that cannot" "note (None): $who is slow: 800 ms a command; where they are spent is not measured"

# --- stuck ---
quiet_tree
file "$debug/sessions" "$(session 1 $INITIATOR in_flight=1 oldest=14000)"
file "$debug/luns" "target=$IQN tpg=1 lun=0 in_flight=1 oldest=14000"
finds "a command that takes no end" "problem (backstore): $disk: a command has been in progress for 14 s, and it is the backstore
    next: dmesg | tail"
is "$(between 2 'session(1)["state"], lun(0)["state"]')" "('stuck', 'stuck')" "... states"
file /sys/class/block/dm-0/dm/suspended 1
finds "... of a device that is suspended" "problem (backstore): $disk: its device is suspended, and a command has waited for 14 s
    next: dmsetup resume /dev/mapper/slow"
is "$(between 2 'lun(0)["state"]')" suspended "... states"
file /sys/class/block/dm-0/dm/suspended 0
file "$debug/sessions" "$(session 1 $INITIATOR in_flight=1 oldest=14000 idle=15)"
finds "a WRITE whose initiator is gone" "problem (initiator): $disk: a command has been in progress for 14 s, and it is its initiator, which is silent
    next: cat /sys/kernel/config/target/iser/$IQN/tpgt_1/sessions"
file "$debug/sessions" "$(session 1 $INITIATOR in_flight=1 oldest=14000 idle=15)" "$(session 2 $OTHER in_flight=1 oldest=13000)"
like "$(between 2 said)" '^problem \(backstore\)' "... beside one that is not"
quiet_tree
file "$debug/sessions" "$(session 1 $INITIATOR idle=31)"
is "$(between 2 'session(1)["state"]')" silent "a silent initiator"

# --- windows ---
quiet_tree
busy window_full=315
like "$(between 2 said)" "^note \(window\): $who uses up its window of 128 commands: it could have more commands in flight; a new depth ends its session" "a window used up"
is "$(between 2 'found[0].next')" "['echo 256 > /sys/kernel/config/target/iser/$IQN/tpgt_1/acls/$INITIATOR/cmdsn_depth']" "... the depth of its ACL"
busy window_full=315 acl=dynamic
is "$(between 2 'found[0].next')" "['echo 256 > /sys/kernel/config/target/iser/$IQN/tpgt_1/attrib/default_cmdsn_depth']" "... of demo mode"
busy window_full=315 window=10
like "$(between 2 said)" 'of 10 commands: the receive buffers do not suffice for its depth of 128' "... that lacks receive buffers"
busy window_full=315 depth=512 window=512
like "$(between 2 said)" 'its depth is the most there is$' "... that cannot be wider"
busy window_full=200
finds "one command in ten may find it used up" ""
quiet_tree
sed -i 's/ window_full=.*//' "$tree$debug/sessions" "$work/before$debug/sessions"
sed -i 's/in_flight=2/in_flight=128/' "$tree$debug/sessions"
like "$(between 2 said)" 'uses up its window of 128' "a module that does not count it"

# --- devices ---
quiet_tree
file /sys/class/infiniband/mlx5_0/ports/1/hw_counters/out_of_sequence 40
finds "packets that are lost" "note (device): mlx5_0 port 1 drops packets or sends them again: in 2 s out_of_sequence 23
    next: rdma statistic show link mlx5_0/1"
quiet_tree
sed -i 's/polled=4 busy=no/polled=12000 busy=no/' "$tree$debug/devices"
finds "a completion queue without completions" ""
sed -i 's/busy=no/busy=yes/' "$tree$debug/devices"
like "$(between 2 said)" '^problem \(target\): completions of mlx5_0, vector 0, have not been handled for 12 s: their worker does not run' "... whose worker waits"

# --- ends and errors ---
quiet_tree
end() { echo "2026-11-28 $1 peer=192.0.2.2:41000 initiator=\"$2\" target=\"$IQN\" tpg=1 sid=3 age=812 commands=48211 read=1 written=0 reason=\"$3\""; }
file "$debug/ends" "$(end 11:40:00 $OTHER 'keepalive timeout')" "$(end 11:55:00 $OTHER 'keepalive timeout')" "$(end 11:56:00 $OTHER 'logged out')" "$(end 11:57:00 $OTHER 'send failed')"
finds "a session that was lost" "note (initiator): session 3 of $OTHER with $IQN was lost at 11:55:00 UTC: keepalive timeout
    next: grep nopin /sys/kernel/config/target/iser/$IQN/tpgt_1/attrib/*
note (initiator): session 3 of $OTHER with $IQN was lost at 11:57:00 UTC: send failed"
file "$debug/ends" "$(end 11:58:00 $INITIATOR 'send failed')" "2026-11-28 11:59:00 peer=192.0.2.2:41000 initiator=\"$OTHER\" target=\"discovery\" tpg=- sid=4 age=0 commands=0 read=0 written=0 reason=\"disconnected by the initiator\""
finds "... that is there again, and a discovery session" "note (initiator): session 3 of $INITIATOR with $IQN was lost at 11:58:00 UTC: send failed; the initiator has logged in again"
file "$debug/ends" "$(end 11:59:00 'a" target="b" tpg=1 reason="logged out' 'keepalive timeout')" "nonsense"
like "$(between 2 said)" 'was lost at 11:59:00 UTC: keepalive timeout' "a name with quotes does not change the reason"
is "$(between 2 'len(c.after.refusals), c.after.refusals[0]["reason"], c.after.refusals[0]["peer"]')" "(1, 'too many connections', '192.0.2.9:40000')" "refusals are read, too"
quiet_tree
busy busy=22 tmf_abort=9
finds "errors" "note (None): $who: 10 a second BUSY, 1 a second commands that the initiator aborts"
busy rejects=10
like "$(between 2 said)" '^note \(initiator\): .* 2 a second rejected PDUs' "... of an initiator"

# --- texts ---
is "$(between 2 '[screen.rate(n) for n in (None, 0, 0.5, 12, 99.96, 812, 999.6, 12345, 2.5e6)]')" "['-', '0', '0.5', '12.0', '100', '812', '1.0k', '12.3k', '2.5M']" "numbers"
is "$(between 2 '[screen.span(n) for n in (None, 0.00005, 0.0123, 1.5, 61, 4000)]')" "['-', '50us', '12.3ms', '1.5s', '61s', '67m']" "times"
done_testing
