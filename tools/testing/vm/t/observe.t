#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the administrator sees of sessions without reading the log: those that have ended and why, discovery sessions among those there are, and
# what each session has met with.
# needs: conformance
# shellcheck disable=SC2016,SC2086,SC2155 # eval expands what it is given; numbers and words without blanks

seconds=900
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
works "a target" simple_target rd 16 || bail "no target"
# a second LUN, whose disk can be suspended
modprobe -a brd dm_mod
dmsetup create slow --noudevsync --table "0 $(blockdev --getsz /dev/ram0) linear /dev/ram0 0" && dmsetup mknodes slow && backstore slow dev /dev/mapper/slow &&
	mkdir "$(tpg)/lun/lun_1" && ln -s "$(backstore_dir slow)" "$(tpg)/lun/lun_1/slow" || bail "no second LUN"
tpg=$(tpg)
crowd=/src/tools/testing/conformance/crowd
mount -t debugfs none /sys/kernel/debug 2>/dev/null
D=/sys/kernel/debug/iser_tgt
start_initiator || bail "no iscsid"
# word NAME LINE : the value of NAME
word() { tr ' ' '\n' <<<"$2" | sed -n "s/^$1=//p"; }
# crowd of Python that stays until let_go: hold WHAT [OPTION...]
hold() { coproc HOLD { $crowd "$@" --target "$IP:$PORT" --iqn "$IQN" --wait 2>&1; }; }
let_go() { eval "exec ${HOLD[1]}>&-"; wait "$HOLD_PID"; }
nobody() { ! grep -q . $D/sessions; }
# the files as they are now, for the last part
keep() { for file in "$D"/*; do cat "$file" >>"/tmp/kept-${file##*/}"; done; }

# --- the ledger of ends ---
is "$(cat $D/ends $D/end_counts)" "" "no session has ended yet"
discover >/dev/null || bail "discovery" "$(cat /tmp/discover.err)"
works "the discovery session ends" wait_for 20 "its end" grep -q 'target="discovery" tpg=-' $D/ends
like "$(cat $D/ends)" "^20[0-9-]{8} [0-9:]{8} peer=$IP:[0-9]+ initiator=\"$INITIATOR\" target=\"discovery\" tpg=- sid=1 age=[0-9]+ \
commands=0 read=0 written=0 reason=\"disconnected by the initiator\"\$" "... and is in ends; iscsiadm does not log out"
login >/dev/null || bail "login"
dev=$(disk) || bail "no disk"
dd if="$dev" of=/dev/null bs=64k count=16 iflag=direct 2>/dev/null
dd if=/dev/zero of="$dev" bs=64k count=8 oflag=direct 2>/dev/null
line=$(grep "^target=$IQN " $D/sessions)
before="$(word sid "$line") $(word commands "$line") $(word read "$line") $(word written "$line")"
is "$(wc -l <$D/ends)" 1 "a session that is logged in is not in ends"
# the disk's device goes first, and sends SYNCHRONIZE CACHE
logout >/dev/null
works "its end is" wait_for 20 "its end" grep -q "target=\"$IQN\"" $D/ends
line=$(tail -n 1 $D/ends)
like "$line" "peer=$IP:[0-9]+ initiator=\"$INITIATOR\" target=\"$IQN\" tpg=1 .* reason=\"logged out\"\$" "... peer, names, portal group and reason"
is "$(word sid "$line") $(word read "$line") $(word written "$line")" "$(cut -d' ' -f1,3,4 <<<"$before")" "... its number, the bytes read and written"
more=$(($(word commands "$line") - $(cut -d' ' -f2 <<<"$before")))
works "... and the commands, with those of the disk's removal" [ $more -ge 0 -a $more -le 4 ]
dmesg >/tmp/log
like "$(cat /tmp/log)" "iser_tgt: $IP:[0-9]+: session 2 of \"$INITIATOR\" with \"$IQN\" begins\$" "the log tells of its begin"
like "$(cat /tmp/log)" "iser_tgt: $IP:[0-9]+: session 2 of \"$INITIATOR\" with \"$IQN\" ended after [0-9]+ s and [0-9]+ commands: logged out\$" \
	"... and of its end"
is "$(cat $D/end_counts)" "1 disconnected by the initiator
1 logged out" "end_counts has counted both"

hold sessions --connections 1
read -r -u "${HOLD[0]}" _
let_go
works "one that disconnects without a logout" wait_for 20 "its end" grep -q 'crowd".* reason="disconnected by the initiator"$' $D/ends
hold sessions --connections 1
read -r -u "${HOLD[0]}" _
echo 0 >"$tpg/enable"
works "one whose portal group is disabled: why, whichever side is first to disconnect" grep -q 'crowd".* reason="portal group disabled"$' $D/ends
let_go
echo 1 >"$tpg/enable"
is "$(sort $D/end_counts)" "1 logged out
1 portal group disabled
2 disconnected by the initiator" "... a count for each reason"
ends_in_log() { dmesg | grep -c 'iser_tgt: .* ended after'; }
before=$SECONDS told=$(ends_in_log)
works "one hundred and thirty more" $crowd cycles --connections 130 --parallel 10 --target "$IP:$PORT" --iqn "$IQN"
ended() { [ "$(sed -n 's/ logged out$//p' $D/end_counts)" = "$1" ]; }
works "all are counted" wait_for 30 "their ends" ended 131
is "$(wc -l <$D/ends)" 128 "the last 128 are kept"
is "$(cut -d' ' -f1-2 $D/ends | sort -c 2>&1)$(grep -c 'reason="logged out"$' $D/ends)" 128 "... the oldest first"
# ten in five seconds
works "the log has not more lines than its limit allows" [ $(($(ends_in_log) - told)) -le $((((SECONDS - before) / 5 + 2) * 10)) ]

# --- discovery sessions in the list of all ---
hold discoveries --connections 2
read -r -u "${HOLD[0]}" _
is "$(grep -cE "^target=discovery tpg=- sid=[0-9]+ initiator=iqn.2026-01.org.example:crowd acl=- auth=None isid=0x[0-9a-f]{12} tsih=[0-9]+ cid=[0-9]+ \
peer=$IP:[0-9]+ local=$IP:$PORT device=$LINK-lan0/1 age=[0-9]+ idle=[0-9]+ memory=[0-9]{5,6}\$" $D/sessions)" 2 "discovery sessions are in the list of all"
is "$(cat "$tpg/sessions")" "" "... and in none of a portal group"
keep
let_go
works "they end" wait_for 20 "an empty list" nobody

# --- what a session meets with ---
# of the session of an initiator: counts NAME WORD...
counts() {
	local line=$(grep " initiator=iqn.2026-01.org.example:$1 " $D/sessions) name
	for name in "${@:2}"; do printf '%s ' "$(word "$name" "$line")"; done
}
all_kinds="check_conditions busy task_set_full conflicts aborted rejects tmf_abort tmf_lun_reset tmf_other tmf_failed immediate parked window_full"
# waits for a line of input behind each step
cat >/tmp/steps <<'END'
import sys
sys.path.insert(0, "/src/tools/testing/conformance")
from iser import pdu as P
from iser.initiator import Session
from iser.pdu import TaskManagement as T
from iser.runner import Target

host, port, iqn = sys.argv[1:]
def session(name):
    s = Session(Target(host, port, iqn, 0, "iqn.2026-01.org.example:" + name, 10))
    s.login()
    s.capacity()
    return s
s = session("steps")
def step(name, *got):
    print(name, *got, flush=True)
    sys.stdin.readline()
step("in")
step("invalid", s.scsi(bytes([0x0F, 0, 0, 0, 0, 0])).status)
other = session("other")
other.scsi(bytes([0x16, 0, 0, 0, 0, 0]))
step("reserved", s.read(0, 1).status)
other.scsi(bytes([0x17, 0, 0, 0, 0, 0]))
other.close()
step("unknown", s.ask(P.Snack()).reason)
step("functions", *[s.tmf(f).response for f in (T.LUN_RESET, T.CLEAR_TASK_SET, T.ABORT_TASK_SET)], s.tmf(T.ABORT_TASK, ref_itt=0x777, ref_cmdsn=s.cmdsn - 1).response)
for _ in range(4):
    if s.test_unit_ready().status == 0:
        break
step("immediate", s.scsi(bytes(6), immediate=1).status)
# the window, with commands to the slow LUN
s.test_unit_ready(lun=1)
many = (s.maxcmdsn - s.cmdsn + 1) & P.NONE
held = [s.start(s.rw_cdb(0x28, 0, 1), read=512, lun=1) for _ in range(many)]
step("full", many)
itt = s.send(T(function=T.ABORT_TASK, lun=s._lun(1), ref_itt=held[0].request.itt, ref_cmdsn=held[0].request.cmdsn, immediate=1))
step("abort")
# the task is not answered, if it was aborted
for c in held[1:]:
    s.finish(c, 20000)
step("aborted", s.answer(itt, 20000).response)
while (status := s.test_unit_ready(lun=2).status) == 2:
    pass
step("busy", status)
held = [s.start(s.rw_cdb(0x28, 0, 1024), read=1024 * 512, lun=2) for _ in range(2)]
step("ring", s.scsi(s.rw_cdb(0x28, 0, 1024), read=1024 * 512, lun=2).status)
step("expired", *[s.finish(c, 20000).status for c in held])
END
# A third LUN, for a program in user space that does not exist: its commands fill the ring that they share with it, and end after three seconds.
ring=$CFS/core/user_0/ring
modprobe target_core_user && mkdir -p $ring && echo "dev_config=none,dev_size=$((16 << 20)),hw_block_size=512,max_data_area_mb=1" >$ring/control &&
	echo 1 >$ring/enable && echo 3 >$ring/attrib/cmd_time_out && echo 0 >$ring/attrib/qfull_time_out &&
	mkdir "$tpg/lun/lun_2" && ln -s $ring "$tpg/lun/lun_2/ring" || bail "no third LUN"
coproc STEPS { python3 /tmp/steps $IP $PORT $IQN 2>&1; }
# step NAME : what it has got
step() { read -r -t 60 -u "${STEPS[0]}" line; like "$line" "^$1( |\$)" "${2:-$1}" || kill "$STEPS_PID"; }
go() { echo >&"${STEPS[1]}"; }
step in "a session"
begin=$(counts steps check_conditions)
is "$(counts steps $all_kinds)" "${begin}0 0 0 0 0 0 0 0 0 0 0 0 " "nothing but unit attentions is counted yet"
go; step "invalid 2" "an invalid command: CHECK CONDITION"
is "$(counts steps check_conditions)" "$((begin + 1)) " "... is counted"
go; step "reserved 24" "a reservation of another session: RESERVATION CONFLICT"
is "$(counts steps conflicts)" "1 " "... is counted"
go; step "unknown [0-9]+" "a request that is rejected"
is "$(counts steps rejects)" "1 " "... is counted"
go; step "functions 0 5 0 1" "four functions: done, refused, done, no such task"
is "$(counts steps tmf_abort tmf_lun_reset tmf_other tmf_failed)" "1 1 2 1 " "... are counted, with the one that was refused"
parked=$(counts steps parked)
works "... all had to wait for a worker" [ "$parked" -ge 4 ]
go; step "immediate 0" "an immediate command"
is "$(counts steps immediate window_full)" "1 0 " "... is counted"
is "$(grep -c . $D/luns) $(sort $D/luns | sed 's/ in_flight.*//' | tr '\n' ' ')" "3 $(printf "target=$IQN tpg=1 lun=%d " 0 1 2)" "three LUNs are listed"
is "$(word in_flight "$(grep lun=1 $D/luns)") $(word oldest "$(grep lun=1 $D/luns)")" "0 0" "... without commands"
dmsetup suspend --nolockfs --noflush slow
go; step "full [0-9]+" "commands to a disk that is suspended, as many as the window allows"
many=${line#full }
in_flight() { [ "$(word in_flight "$(grep lun=1 $D/luns)")" = "$1" ]; }
works "... are in flight, by the list of LUNs" wait_for 20 "$many commands" in_flight "$many"
is "$(word in_flight "$(grep lun=0 $D/luns)")" 0 "... and none to the other LUN"
is "$(counts steps in_flight window_full)" "$many 1 " "... by the session, and the window was used up once"
old() { [ "$(counts steps oldest)" -ge 1500 ] && [ "$(word oldest "$(grep lun=1 $D/luns)")" -ge 1500 ]; }
works "the oldest gets old" wait_for 20 "a second and a half" old
works "... in the file of the portal group, too" [ "$(word oldest "$(cat "$tpg/sessions")")" -ge 1500 ]
go; step abort "an ABORT TASK"
dmsetup resume slow --noudevsync
go; step "aborted 0" "... that succeeds"
is "$(counts steps aborted tmf_abort)" "1 2 " "... is counted, with its task"
is "$(counts steps oldest in_flight)" "0 0 " "nothing is in flight any more"
echo 1 >$ring/action/block_dev
go; step "busy 8" "a LUN that is blocked for a while: BUSY"
is "$(counts steps busy task_set_full)" "1 0 " "... is counted"
echo 0 >$ring/action/block_dev
go; step "ring 40" "a backstore whose ring is full: TASK SET FULL"
is "$(counts steps busy task_set_full)" "1 1 " "... is counted"
is "$(word in_flight "$(grep lun=2 $D/luns)")" 2 "... beside the commands that fill it"
conditions=$(counts steps check_conditions)
go; step "expired 2 2" "which end with an error, for nothing answers them"
is "$(counts steps check_conditions)" "$((conditions + 2)) " "... are counted"
go
wait "$STEPS_PID"
rm "$tpg/lun/lun_2/ring" && rmdir "$tpg/lun/lun_2" $ring || not_ok "the third LUN is removed"

login >/dev/null || bail "login"
dev=$(disk) || bail "no disk"
fio --name=f --filename="$dev" --direct=1 --ioengine=libaio --rw=randwrite --bs=512k --iodepth=32 --size=16M --io_size=64M >/tmp/fio 2>&1
note "$(counts host credit_waits pool_misses)"
works "large WRITEs find no buffer in the pool" [ "$(counts host pool_misses)" -ge 64 ]
works "... and wait for credits of the send queue" [ "$(counts host credit_waits)" -ge 1 ]
logout >/dev/null

node_sets() {
	local set
	for set; do iscsiadm -m node -T "$IQN" -o update -n "node.${set%%=*}" -v "${set#*=}" || return; done
}
echo 128 >"$tpg/attrib/default_cmdsn_depth"
node_sets session.cmds_max=256 session.queue_depth=128 && login >/dev/null || bail "login"
slow=$(disk "$IQN" 1) || bail "the slow disk"
small() { fio --name=f --filename="$slow" --direct=1 --ioengine=libaio --rw=randread --bs=4k --iodepth=128 --size=15872k "$@" >/tmp/fio 2>&1; }
slow_has() { word in_flight "$(grep lun=1 $D/luns)"; }
in_flight_are() { [ "$(slow_has)" = "$1" ]; }
many() { [ "$(slow_has)" -ge 100 ]; }
wide() { small --io_size=8M && [ "$(counts host window)" -ge 128 ]; }
works "the window becomes as large as it may" wait_for 60 "128" wide
dmsetup suspend --nolockfs --noflush slow
small --number_ios=256 &
works "a window of READs of 4 KiB at once" wait_for 20 "100 commands" many
note "$(slow_has)"
dmsetup resume slow --noudevsync
wait $! || not_ok "they end"
is "$(counts host credit_waits)" "0 " "... none waits for credits"
logout >/dev/null
echo 64 >"$tpg/attrib/default_cmdsn_depth"
node_sets session.cmds_max=128 session.queue_depth=32

# --- devices ---
login >/dev/null || bail "login"
dev=$(disk) || bail "no disk"
device() { cat $D/devices; }
of_pool() { word "$1" "$(grep vector=0 $D/devices)"; }
hits=$(of_pool pool_hits) misses=$(of_pool pool_misses)
for _ in 1 2 3 4; do dd if="$dev" of=/dev/null bs=4k count=4 iflag=direct 2>/dev/null; done
note "$(device)"
like "$(device)" "^$LINK-lan0 vectors=1 connections=1 receive_data=[0-9]+\$" "the device, its connections and receive buffers"
like "$(device)" "^  vector=0 connections=1 load=[0-9]+ completion_queues=1( .*)? idle_data_buffers=[0-9]+KiB data_buffers=[0-9]+KiB pool_hits=[0-9]+ pool_misses=[0-9]+\$" \
	"its completion vector and data buffers"
is $(($(of_pool pool_hits) - hits + $(of_pool pool_misses) - misses)) 16 "... 16 READs had one that was there, or a new one"
hits=$(of_pool pool_hits)
for _ in 1 2 3; do dd if="$dev" of=/dev/null bs=256k count=1 iflag=direct 2>/dev/null; done
works "READs of 256 KiB have buffers of the pool, too" [ "$(of_pool pool_hits)" -ge $((hits + 2)) ]
# Of all buffers those of more than 64 KiB have half. This disk takes 124 KiB in a command, and the window is small.
kib() { of_pool data_buffers | tr -d KiB; }
echo 1 >/sys/module/iser_tgt/parameters/data_pool_max
slow=$(disk "$IQN" 1) || bail "the slow disk"
no_idle() { [ "$(of_pool idle_data_buffers)" = 0KiB ]; }
works "buffers that are not used for a while are freed" wait_for 60 "no idle buffer" no_idle
at_once() { fio --name=f --filename="$slow" --direct=1 --ioengine=libaio --rw=randread --bs="$1" --iodepth=$2 --size=15872k --number_ios=$2 >/tmp/fio 2>&1 & }
dmsetup suspend --nolockfs --noflush slow
at_once 124k 5
large=$!
works "5 READs of 124 KiB at once" wait_for 20 "5 commands" in_flight_are 5
kib=$(kib)
works "... have buffers of the pool ($kib of 1024 KiB)" [ "$kib" -gt 320 ] && works "... half of them at most" [ "$kib" -le 512 ]
at_once 64k 3
works "3 READs of 64 KiB beside them" wait_for 20 "8 commands" in_flight_are 8
kib=$(kib)
works "... have the rest ($kib KiB)" [ "$kib" -gt 512 ]
dmsetup resume slow --noudevsync
wait $large $!
echo 64 >/sys/module/iser_tgt/parameters/data_pool_max
works "... no more are idle than there are" eval '[ "$(of_pool idle_data_buffers | tr -d KiB)" -le "$(of_pool data_buffers | tr -d KiB)" ]'
like "$(device)" "^    cq=0 entries=[0-9]+ reserved=[0-9]+ connections=1 polled=[0-9]+ busy=(no|yes)\$" "its completion queue"
polled() { word polled "$(grep ' cq=0 ' $D/devices)"; }
works "which is not polled while nothing happens" wait_for 20 "half a second" eval '[ "$(polled)" -ge 500 ]'
since=${EPOCHREALTIME/./}
dd if="$dev" of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null
works "... and is by a command" eval '[ "$(polled)" -le $(((${EPOCHREALTIME/./} - since) / 1000)) ]'
logout >/dev/null
works "nor is it without connections" wait_for 20 "the last one" grep -q '^    cq=0 .* reserved=0 connections=0 polled=- busy=' $D/devices

# --- fabric_statistics, as iscsi_target_mod has them ---
other=iqn.2026-01.org.example:counted
make_target $other disk && add_portal $other "$IP:$PORT" && enable $other || not_ok "a second target"
S=$CFS/iser/$other/fabric_statistics
numbers() { cat "${@/#/$S/}" 2>&1 | tr '\n' ' '; }
results=("iscsi_login_stats/"{accepts,other_fails,redirects,authorize_fails,authenticate_fails,negotiate_fails})
try() { /src/tools/testing/conformance/crowd attempt --target "$IP:$PORT" --iqn $other; }
acl=$(tpg $other)/acls/$INITIATOR
mkdir -p "$acl/lun_0" && ln -s "$(tpg $other)/lun/lun_0" "$acl/lun_0/disk"
inst=$(cat "$acl/lun_0/statistics/scsi_auth_intr/inst")
works "the number of the target is that of an ACL's statistics, and not the first target's" \
	[ "$inst" -gt 0 -a "$inst" != "$(cat "$CFS/iser/$IQN/fabric_statistics/iscsi_instance/inst")" ]
is "$(numbers iscsi_{instance,sess_err,tgt_attr,login_stats,logout_stats}/inst)" "$inst $inst $inst $inst $inst " "... in each table"
is "$(numbers "${results[@]}" iscsi_logout_stats/{normal_logouts,abnormal_logouts} iscsi_tgt_attr/{login_fails,last_fail_time,last_fail_type,fail_intr_name,fail_intr_addr})" \
	"0 0 0 0 0 0 0 0 0 0 0 None  " "nothing has happened yet"
like "$(try)" in "a login"
works "... is counted" wait_for 10 "its end" eval '[ "$(numbers iscsi_login_stats/accepts iscsi_logout_stats/abnormal_logouts)" = "1 1 " ]'
/src/tools/testing/conformance/crowd cycles --connections 3 --target "$IP:$PORT" --iqn $other >/dev/null
works "three logouts, too" wait_for 10 "their ends" eval '[ "$(numbers iscsi_login_stats/accepts iscsi_logout_stats/normal_logouts)" = "4 3 " ]'
before=$(cut -d. -f1 /proc/uptime)
echo 0 >"$(tpg $other)/enable"
like "$(try)" "refused 0301" "a login that is refused: the portal group is disabled"
echo 1 >"$(tpg $other)/enable"
echo 0 >"$(tpg $other)/attrib/generate_node_acls"
like "$(try)" "refused 0202" "... there is no ACL"
echo 1 >"$(tpg $other)/attrib/generate_node_acls"
echo 1 >"$(tpg $other)/attrib/authentication"
like "$(try)" "refused 0201" "... CHAP is demanded"
echo 0 >"$(tpg $other)/attrib/authentication"
echo 10.0.0.9:3260 >"$(tpg $other)/param/TargetMovedAddress" && echo Temporarily >"$(tpg $other)/param/TargetMoved"
like "$(try)" "refused 0101" "... the target has moved"
is "$(numbers "${results[@]}")" "4 1 1 1 1 0 " "each is counted where it belongs"
is "$(numbers iscsi_tgt_attr/{login_fails,last_fail_type,fail_intr_name,fail_intr_addr_type,fail_intr_addr})" "4 3 iqn.2026-01.org.example:crowd ipv4 $IP " \
	"... and the last one is told"
at=$(cat $S/iscsi_tgt_attr/last_fail_time)
works "... with its time since the boot" [ "$at" -ge $((before * 100 - 100)) -a "$at" -le $(($(cut -d. -f1 /proc/uptime) * 100 + 100)) ]
is "$(numbers iscsi_instance/{portals,nodes,sessions,fail_sess,fail_type,fail_rem_name})" "1 1 0 0 0 None " "one portal, no session, none has failed"
S=$CFS/iser/$IQN/fabric_statistics
hold sessions --connections 2
read -r -u "${HOLD[0]}" _; read -r -u "${HOLD[0]}" _
is "$(numbers iscsi_instance/{portals,sessions})" "2 2 " "the first target has two portals, and two sessions while they last"
let_go
/src/tools/testing/conformance/run --target "$IP:$PORT" --iqn "$IQN" --initiator "$INITIATOR" --only hostile/rfc7145_10_1_3_3_empty_send_after_login >/tmp/malformed 2>&1
works "a session that sends malformed PDUs has failed" wait_for 10 "its end" \
	eval '[ "$(cat $S/iscsi_sess_err/format_errors)" -ge 1 ]'
is "$(numbers iscsi_instance/{fail_type,fail_rem_name}) $(cat $S/iscsi_instance/fail_sess)" "3 $INITIATOR  $(cat $S/iscsi_sess_err/format_errors)" \
	"... and is told"

# --- latency ---
measure=/sys/module/iser_tgt/parameters/measure_latency
is "$(cat $measure) $(cat $D/session_latency $D/lun_latency)" "N " "latency is not measured yet"
login >/dev/null || bail "login"
slow=$(disk "$IQN" 1) || bail "the slow disk"
dev=$(disk) || bail "no disk"
dd if="$dev" of=/dev/null bs=4k count=8 iflag=direct 2>/dev/null
is "$(cat $D/session_latency $D/lun_latency)" "" "... and commands leave no trace"
echo 1 >$measure
is "$(cat $measure)" Y "it is switched on"
# of FILE PATTERN WORD : the value in the only line that matches
of() { word "$3" "$(grep -E "$2" "$D/$1")"; }
# agree LINE : its count, sum and buckets do, and the bounds ascend
agree() {
	awk -v RS=' ' -F= '/^count=/ { n = $2 } /^sum_ns=/ { sum = $2 } /^buckets=/ {
		k = split($2, b, /[,\n]/); low = 0
		for (i = 1; i <= k; i++) if (b[i] != "") { split(b[i], x, ":"); bound = x[1] == "+Inf" ? 1e18 : x[1] + 0; got += x[2]; most += bound * x[2]
			wrong += bound <= last; last = bound } }
		END { exit !(n && got == n && sum > 0 && sum <= most && !wrong) }' <<<"$1"
}
dd if="$dev" of=/dev/null bs=4k count=64 iflag=direct 2>/dev/null
dd if=/dev/zero of="$dev" bs=256k count=16 oflag=direct 2>/dev/null
lun0="^target=$IQN tpg=1 lun=0" sess="^target=$IQN tpg=1 sid=[0-9]+ initiator=$INITIATOR"
for who in "lun_latency $lun0" "session_latency $sess"; do
	file=${who%% *} who=${who#* }
	for part in submit backstore total; do
		is "$(of $file "$who direction=read part=$part " count)" 64 "$file: 64 READs, $part" || note "$(cat $D/$file)"
		is "$(of $file "$who direction=write part=$part " count)" 16 "$file: 16 WRITEs, $part"
	done
	is "$(of $file "$who direction=write part=transfer " count)" 16 "$file: 16 transfers of WRITEs"
	some() { local n=$(of $file "$who direction=$1 part=$2 " count); note "$1 $2: ${n:-0}"; [ "${n:-0}" -ge 1 ] && [ "$n" -le "$3" ]; }
	works "... some transfers of READs" some read transfer 64
	works "... some responses to WRITEs" some write response 16
	is "$(grep -c 'direction=read part=response' $D/$file)" 0 "... and READs have none without data"
	for part in submit backstore transfer total; do
		works "... count, sum and buckets of $part agree" agree "$(grep -E "$who direction=write part=$part " $D/$file)"
	done
done
whole=$(of lun_latency "$lun0 direction=write part=total " sum_ns)
sum=0
for part in submit backstore transfer; do sum=$((sum + $(of lun_latency "$lun0 direction=write part=$part " sum_ns))); done
is "$sum" "$whole" "receipt, backstore and transfer add up to the total of WRITEs"
is "$(grep -c lun=1 $D/lun_latency)" 0 "the other LUN has no samples"
keep
# a backstore that is slow: half a second
dmsetup suspend --nolockfs --noflush slow
dd if="$slow" of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null &
works "a READ of a disk that is suspended" wait_for 20 "half a second" eval '[ "$(word oldest "$(grep lun=1 $D/luns)")" -ge 500 ]'
dmsetup resume slow --noudevsync
wait $!
lun1="^target=$IQN tpg=1 lun=1 direction=read"
blamed() { [ "$(of lun_latency "$lun1 part=backstore " sum_ns)" -ge 500000000 ] && [ "$(of lun_latency "$lun1 part=submit " sum_ns)" -lt 100000000 ]; }
works "... the backstore is to blame, nothing else" blamed || note "$(grep lun=1 $D/lun_latency)"
like "$(of lun_latency "$lun1 part=backstore " buckets)" "(^|,)(536870912|671088640|805306368|939524096|1073741824|[1-9][0-9]{9}):1\$" "... by its largest bucket"
before=$(cat $D/lun_latency)
echo 0 >$measure
dd if="$dev" of=/dev/null bs=4k count=8 iflag=direct 2>/dev/null
is "$(cat $D/lun_latency)" "$before" "switched off, nothing is added"
echo 1 >$measure
dd if="$dev" of=/dev/null bs=4k count=8 iflag=direct 2>/dev/null
is "$(of lun_latency "$lun0 direction=read part=total " count)" 72 "... and on again, it is"
echo 0 >$measure
logout >/dev/null
works "with the session its latency goes" wait_for 10 "an empty file" eval '! grep -q . $D/session_latency'
rm "$tpg/lun/lun_1/slow" && rmdir "$tpg/lun/lun_1" && mkdir "$tpg/lun/lun_1" && ln -s "$(backstore_dir disk)" "$tpg/lun/lun_1/disk"
is "$(grep -c 'lun=1' $D/lun_latency)" 0 "another LUN with the number begins anew"

# --- Documentation/ABI has each word of these files ---
# entry FILE : of a file, by the end of its name
entry() { awk -v RS= -v name="$1" '$1 == "What:" && substr($2, length($2) - length(name) + 1) == name' /src/Documentation/ABI/testing/*; }
# undescribed WORD...: those that the entries in $entries do not have
undescribed() { for name; do grep -qwE "$name(s|es)?" <<<"$entries" || echo "$name"; done; }
for file in sessions luns session_latency lun_latency ends refusals devices; do
	entries=$(entry "/iser_tgt/$file")
	case $file in
	sessions) entries+=$(entry '/tpgt_<tag>/sessions') ;;
	lun_latency) entries+=$(entry /iser_tgt/session_latency) ;;
	esac
	words=$(grep -oE '(^| +)[A-Za-z_][A-Za-z0-9_]*=' "/tmp/kept-$file" | tr -d ' =' | sort -u)
	works "$file has words" [ "$(wc -w <<<"$words")" -ge 5 ]
	is "$(undescribed $words made_up)" made_up "... all $(wc -w <<<"$words") are described"
done

works "the initiator stops" stop_initiator
works "all is removed" remove_all
dmsetup remove slow --noudevsync
done_testing
