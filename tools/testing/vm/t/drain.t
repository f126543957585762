#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The attribute drain asks sessions to log out before it closes them; iser-tgt-clear removes all targets. A backstore that does not answer delays
# the removal of a LUN, an ACL, a portal, a device and a connection, and the log reports that. A port that changes its state is in the log.
# needs: conformance

# shellcheck disable=SC2016,SC2086 # commands for eval, processes to wait for
. "$(dirname "$0")/../in-guest"

mount -t debugfs none /sys/kernel/debug 2>/dev/null
alone || bail "no RDMA device"
simple_target brd 32 || bail "no target"
start_initiator || bail "no iscsid"

dir=$(tpg)
clear() { /src/configfs/iser-tgt-clear "$@"; }
set_file() { echo "$2" >"$1"; }
asked() { grep -q "Target requests logout within $1 seconds" "$HERE/iscsid.log"; }
session_down() { ! grep -qs LOGGED_IN /sys/class/iscsi_session/session*/state; }
logged() { dmesg | grep -qE -- "$1"; }
milliseconds() { echo $((${EPOCHREALTIME/./} / 1000)); }
busy() {
	fio --name=busy --filename="$1" --direct=1 --ioengine=libaio --rw=randrw --bs=16k --iodepth=32 --size=16M --time_based --runtime=60 \
		>/tmp/fio.out 2>&1 &
	FIO=$!
	wait_for 20 "some writes" writes_above "$1" "$(($(writes "$1") + 50))"
}
writes() { awk '{ print $5 }' "/sys/block/${1#/dev/}/stat"; }
writes_above() { [ "$(writes "$1")" -gt "$2" ]; }

# --- an initiator that logs out when it is asked to ---

for bad in -1 65536 x ""; do fails "'$bad' is no number of seconds" set_file "$dir/drain" "$bad"; done
is "$(cat "$dir/drain")" 0 "nothing is being drained"
discover >/dev/null
works "login" login || bail "no session"
dev=$(disk) || bail "no disk"
works "a busy session" busy "$dev"
start=$(milliseconds)
works "drained" set_file "$dir/drain" 20
took=$(($(milliseconds) - start))
if [ $took -lt 10000 ]; then ok "... which ends with the last session ($took ms)"; else not_ok "... which ends with the last session" "$took ms"; fi
works "... because the initiator logged out as it was asked to" asked 20
works "... and the log has it" logged "drained: 1 sessions asked to log out, 0 closed"
is "$(cat "$dir/drain")" 20 "the portal group stays drained"
works "the initiator tries to log in again, and is refused" wait_for 20 "a refusal" grep -q "is drained" /sys/kernel/debug/iser_tgt/refusals
works "drain=0 accepts logins again" set_file "$dir/drain" 0
works "... and the initiator logs in by itself" wait_for 60 "its login" grep -qs LOGGED_IN /sys/class/iscsi_session/session*/state
kill "$FIO"
wait "$FIO"
works "logout" logout

# --- an initiator that does not log out ---

/src/tools/testing/conformance/crowd sessions --target "$IP:$PORT" --iqn "$IQN" --connections 3 --hold >/tmp/crowd.out 2>&1 &
crowd=$!
three() { [ "$(grep -c in /tmp/crowd.out)" = 3 ]; }
if wait_for 30 "three sessions" three; then ok "three sessions that ignore the request"; else not_ok "three sessions" "$(cat /tmp/crowd.out)"; fi
start=$(milliseconds)
works "drained" set_file "$dir/drain" 2
took=$(($(milliseconds) - start))
if [ $took -ge 2000 ] && [ $took -lt 8000 ]; then ok "... ends after its time ($took ms)"; else not_ok "... ends after its time" "$took ms"; fi
works "... and the log has it" logged "drained: [0-9]+ sessions asked to log out, 3 closed after 2 s"
is "$(cat "$dir/dynamic_sessions")" "" "no session is left"
kill $crowd 2>/dev/null
wait $crowd 2>/dev/null

# --- interrupted drains ---

works "the portal group is disabled" set_file "$dir/enable" 0
works "... and enabled, which ends the drain" set_file "$dir/enable" 1
is "$(cat "$dir/drain")" 0 "nothing is being drained"
works "login" login
dev=$(disk) || bail "no disk"
kill -STOP "$ISCSID"
bash -c "echo 600 >$dir/drain" &
writer=$!
works "the drain waits for an initiator that is stopped" wait_for 5 "the drain" grep -qx 600 "$dir/drain"
kill "$writer"
wait "$writer" 2>/dev/null
is "$(cat "$dir/drain")" 0 "killing the writer ends the drain"
(set_file "$dir/drain" 600; echo "$?" >/tmp/drained) 2>/dev/null &
writer=$!
works "once more" wait_for 5 "the drain" grep -qx 600 "$dir/drain"
works "another process writes 0" set_file "$dir/drain" 0
works "... which ends the first write" wait_for 5 "its end" test -s /tmp/drained
is "$(cat /tmp/drained)" 1 "... with an error"
kill "$writer" 2>/dev/null
wait "$writer"

# a portal group that is drained before
drained=${dir%_*}_9
mkdir "$drained" && echo 1 >"$drained/enable" && echo 30 >"$drained/drain" || bail "no second portal group"
# iser-tgt-clear waits for several at once, in the background of its shell: ^C and the end of a terminal reach the group, kill the shell alone
for how in INT:- HUP:- TERM:; do
	setsid env --default-signal=INT,QUIT /src/configfs/iser-tgt-clear --drain 60 >/tmp/cleared 2>&1 &
	cleaner=$!
	works "iser-tgt-clear --drain" wait_for 20 "the drain" grep -qx 60 "$dir/drain"
	kill -s "${how%:*}" -- "${how#*:}$cleaner"
	status=0
	wait $cleaner || status=$?
	is "$status" 4 "SIG${how%:*} ends it"
	is "$(cat /tmp/cleared)" "iser-tgt-clear: ended by a signal: nothing is removed, and logins are taken again" "... it says what is so"
	is "$(cat "$dir/drain") $(cat "$dir/enable") $(cat "$drained/drain")" "0 1 30" "... nothing is being drained, and what was drained before is"
	is "$(pgrep -s $cleaner)" "" "... no process of it is left"
	fails "... the session is not down" session_down
done
/src/configfs/iser-tgt-clear --drain 60 >/tmp/cleared 2>&1 &
cleaner=$!
works "iser-tgt-clear --drain" wait_for 20 "the drain" grep -qx 60 "$dir/drain"
works "another process writes 0" set_file "$dir/drain" 0
wait $cleaner
is "$? $(cat /tmp/cleared)" "4 iser-tgt-clear: the drain was ended early: nothing is removed" "... which ends it"
fails "... the session is not down" session_down
is "$(cat "$drained/drain")" 30 "... what was drained before is"
rmdir "$drained"
kill -CONT "$ISCSID"
works "the disk can be read, once the initiator has logged in again" wait_for 60 "the disk" dd if="$dev" of=/dev/null bs=4k count=1 iflag=direct

# --- a backstore that does not answer ---

works "logout" logout
works "iser-tgt-clear removes all targets" clear
works "... but not the backstore" remove_backstore disk
modprobe dm_mod
works "a device that can be suspended" dmsetup create slow --table "0 $(blockdev --getsz /dev/ram0) linear /dev/ram0 0"
load_target && backstore disk dev /dev/dm-0 && make_target "$IQN" disk && add_portal "$IQN" "$IP:$PORT" && enable "$IQN" || bail "no target"
works "login" login
dev=$(disk) || bail "no disk"
dmsetup suspend --nolockfs slow
dd if=/dev/zero of="$dev" bs=4k count=1 oflag=direct >/dev/null 2>&1 &
dd=$!
in_flight() { [ "$(awk '{ print $1 + $2 }' "/sys/block/${dev#/dev/}/inflight")" -gt 0 ]; }
wait_for 10 "the write" in_flight
(find "$dir/lun/lun_0" -maxdepth 1 -type l -delete; touch /tmp/unlinked) &
unlinker=$!
works "the log says what the removal of a LUN waits for" wait_for 30 "the line" logged "still waiting for commands to LUN 0"
works "... and for which command" logged "still waiting for command 0x[0-9a-f]+, CDB 2a"
fails "it still waits" test -e /tmp/unlinked
dmsetup resume slow
works "the backstore answers: the LUN is removed" wait_for 10 "the removal of the LUN" test -e /tmp/unlinked
wait $unlinker $dd
works "logout" logout

# --- the removal of an ACL, a portal and a device waits, all at once ---

acl=$dir/acls/$INITIATOR
unlink_acl() { find "$acl/lun_0" -maxdepth 1 -type l -delete; rmdir "$acl/lun_0" "$acl"; }
ln -s "$(backstore_dir disk)" "$dir/lun/lun_0/disk" && mkdir "$acl" "$acl/lun_0" && ln -s "$dir/lun/lun_0" "$acl/lun_0/disk" &&
	echo 0 >"$acl/lun_0/write_protect" || bail "no ACL"
works "login, with an ACL" login
dev=$(disk) || bail "no disk"
dmsetup suspend --nolockfs slow
dd if=/dev/zero of="$dev" bs=4k count=1 oflag=direct >/dev/null 2>&1 &
dd=$!
wait_for 10 "the write" in_flight
waiters=
for way in unlink_acl "rmdir $dir/np/$IP:$PORT" "unlink_rdma lan0"; do
	($way && echo "$way" >>/tmp/gone) >/dev/null 2>&1 &
	waiters+=" $!"
done
works "the log says what the removal of an ACL waits for" wait_for 30 "the line" logged "$INITIATOR\\): still waiting for its commands"
works "... that of a portal" wait_for 30 "the line" logged "still waiting for sessions of $IQN,t,0x1: portal removed"
works "... and that of a device" wait_for 30 "the line" logged "still waiting for connections on $LINK-lan0"
fails "all still wait" test -e /tmp/gone
dmsetup resume slow
all_gone() { [ "$(wc -l </tmp/gone)" = 3 ]; }
works "the backstore answers: all are removed" wait_for 20 "three removals" all_gone || note "$(cat /tmp/gone)"
wait $waiters $dd
works "the device is added again, and the portal" eval 'relink_rdma lan0 && add_portal "$IQN" "$IP:$PORT"'
logout >/dev/null 2>&1
works "no session is left at the initiator" wait_for 40 "the end of the initiator's session" no_sessions
find "$dir/lun/lun_0" -maxdepth 1 -type l -delete

# --- a backstore that reads synchronously: a worker waits in it, and the queue pair is drained nevertheless ---

file=$IQN:file
backstore waits cached /dev/dm-0 && make_target "$file" waits && add_portal "$file" "$IP:$PORT" && enable "$file" || bail "no target of fileio"
discover >/dev/null
works "login to a target of fileio" login "$file"
dev=$(disk "$file") || bail "no disk"
dmsetup suspend --nolockfs slow
dd if="$dev" of=/dev/null bs=4k skip=3000 count=1 iflag=direct >/dev/null 2>&1 &
dd=$!
wait_for 10 "the read" in_flight
(disable "$file"; touch /tmp/disabled) &
disabler=$!
waits_again() { [ "$(dmesg | grep -c "$INITIATOR): still waiting for its commands")" = 2 ]; }
works "the log says what a connection waits for" wait_for 30 "the line" waits_again
works "... and for which command" wait_for 5 "the line" logged "still waiting for command 0x[0-9a-f]+, CDB 28 .*: in the backstore"
fails "it still waits" test -e /tmp/disabled
dmsetup resume slow
works "the backstore answers: the session ends" wait_for 10 "the end of the session" test -e /tmp/disabled
wait $disabler $dd
logout "$file" >/dev/null 2>&1
works "no session is left at the initiator" wait_for 40 "the end of the initiator's session" no_sessions
works "the target is removed" remove_target "$file"
works "... and its backstore" remove_backstore waits

# --- a port ---

works "port down" ip link set lan0 down
works "... is in the log, with device and port" wait_for 10 "the line" logged "$LINK-lan0 port 1: port error"
works "port up" ip link set lan0 up
works "... is in the log as well" wait_for 10 "the line" logged "$LINK-lan0 port 1: port active"

# --- iser-tgt-clear ---

disable "$IQN"
mkdir "$dir/acls/$INITIATOR" && rmdir "$dir/lun/lun_0"
mkdir "$dir/lun/lun_0" && ln -s "$(backstore_dir disk)" "$dir/lun/lun_0/disk"
mkdir "$dir/acls/$INITIATOR/lun_0" && ln -s "$dir/lun/lun_0" "$dir/acls/$INITIATOR/lun_0/disk"
echo 0 >"$dir/acls/$INITIATOR/lun_0/write_protect"
enable "$IQN"
second=$IQN:second
make_target "$second" && add_portal "$second" "$IP:$PORT" && enable "$second" || bail "no second target"
ip addr replace "$IP/24" dev lan0
wait_for 20 "the portal" grep -qx listening "$dir/np/$IP:$PORT/state" || not_ok "the portal listens" "$(cat "$dir/np/$IP:$PORT/state")"
works "login, with an ACL" login
dev=$(disk) || bail "no disk"
works "a busy session" busy "$dev"
fails "iser-tgt-clear: no such target" clear iqn.2026-01.org.example:none
works "iser-tgt-clear: one target" clear "$second"
fails "... is removed" test -e "$CFS/iser/$second"
works "... the other is not" test -d "$dir"
fails "rmmod is refused" rmmod iser_tgt
works "iser-tgt-clear --drain --unload: with a busy session" clear --drain 20 --unload
fails "the module is unloaded" test -e /sys/module/iser_tgt
kill "$FIO" 2>/dev/null
logout >/dev/null 2>&1
wait "$FIO"
works "it loads again" load_target
works "the backstore still exists" test -d "$(backstore_dir disk)"
stop_initiator
works "all is removed" remove_all
dmsetup remove slow
done_testing
