#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The cluster agents with the kernel: ocf-tester, a service that stops and starts twice under verified I/O without an error and keeps its
# reservation, portals that do not listen, stops in the wrong order, ALUA, damaged reservations; iser-tgt-move from one portal group to another.
# needs: integrity cluster-agents
# all: two minutes of processor time

seconds=600
. "$(dirname "$0")/../in-guest"

SERIAL=7c1e4f2a-0b6d-4e57-9a3f-1d2c3b4a5f60
export OCF_ROOT=/usr/lib/ocf OCF_RESOURCE_INSTANCE=unit HA_RSCTMP=/run

# Debian's library and tester of OCF agents, and the agents where the package puts them
ready=/src/build/cluster-agents
mkdir -p $OCF_ROOT /usr/share/resource-agents $OCF_ROOT/resource.d/iser-tgt $OCF_ROOT/lib/iser-tgt
cp -r $ready/usr/lib/ocf/lib $OCF_ROOT/ && cp $ready/usr/share/resource-agents/*.dtd /usr/share/resource-agents/ &&
	cp /src/configfs/ocf/iSER* $OCF_ROOT/resource.d/iser-tgt/ && cp /src/configfs/ocf/functions $OCF_ROOT/lib/iser-tgt/ || bail "no agents"
printf '#!/bin/sh\nexec %s/lib/ld-linux-x86-64.so.2 --library-path %s/lib %s/usr/bin/xmllint "$@"\n' $ready $ready $ready >/usr/local/sbin/xmllint
chmod +x /usr/local/sbin/xmllint

secrets=/tmp/secrets
(umask 077 && echo "$INITIATOR alice secret-of-alice-1 target secret-of-target" >$secrets)
state=/tmp/state-dir
mkdir $state
target=("iqn=$IQN" "portals=$IP $IP6" "allowed_initiators=$INITIATOR" "secrets_file=$secrets" additional_parameters=TargetAlias=moves additional_attributes=nopin_interval=20)
unit=("iqn=$IQN" lun=0 path=/dev/ram0 "serial=$SERIAL" vendor=MOVES product=DISK "pr_dir=$state/pr" emulate_caw=0 emulate_3pc=0)
gate=("iqn=$IQN" drain=20)
# agent NAME ACTION PARAMETER=VALUE...
agent() {
	local name=$1 action=$2
	shift 2
	env "${@/#/OCF_RESKEY_}" "OCF_RESKEY_CRM_meta_timeout=${patience:-40000}" "$OCF_ROOT/resource.d/iser-tgt/$name" "$action" 2>&1
}
target() { agent iSERTarget "$1" "${target[@]}" "${@:2}"; }
unit()   { agent iSERLogicalUnit "$1" "${unit[@]}" "${@:2}"; }
gate()   { agent iSERGate "$1" "${gate[@]}" "${@:2}"; }
# gives STATUS TEXT REASON command... : its status, and a pattern of what it says
gives() {
	local status=$1 text=$2 reason=$3 said got=0
	shift 3
	said=$("$@") || got=$?
	if [ "$got" = "$status" ] && grep -qE -- "$reason" <<<"$said"; then ok "$text"; else not_ok "$text" "status $got, not $status with '$reason', of: $*" "$said"; fi
}
# tester NAME PARAMETER=VALUE...
tester() {
	local name=$1 pair options=()
	shift
	for pair; do options+=(-o "$pair"); done
	$ready/usr/sbin/ocf-tester -n unit "${options[@]}" "$OCF_ROOT/resource.d/iser-tgt/$name"
}

alone || bail "no RDMA device"
modprobe brd rd_size=32768
load_target || bail "no module"

# --- ocf-tester ---
works "ocf-tester: iSERTarget" tester iSERTarget "${target[@]}"
works "a target" target start
is "$(cat "$(tpg)/enable")" 0 "... is disabled"
works "ocf-tester: iSERLogicalUnit" tester iSERLogicalUnit "${unit[@]}"
gives 1 "a gate does not open without a LUN" "has no LUN" gate start
works "a logical unit" unit start
works "ocf-tester: iSERGate" tester iSERGate "${gate[@]}"

# --- what it has made ---
gives 7 "the gate is closed" "" gate monitor
works "... and opens" gate start
store=$(echo "$CFS"/core/iblock_*/unit)
is "$(cat "$store/udev_path") $(cat "$store/attrib/emulate_caw") $(cat "$store/attrib/emulate_3pc")" "/dev/ram0 0 0" "the disk, with its attributes"
like "$(cat "$store/wwn/vpd_unit_serial")" "$SERIAL" "... its serial"
is "$(cat "$(tpg)/param/TargetAlias") $(cat "$(tpg)/attrib/nopin_interval") $(cat "$(tpg)/attrib/authentication")" "moves 20 1" "the target, with its attributes and parameters"
is "$(cat /sys/module/iser_tgt/parameters/await_names)" Y "logins to a target that is not here are to be retried"

start_initiator || bail "no iscsid"
iscsiadm -m node -o new -T "$IQN" -p "$IP:$PORT,1" -I iser >/dev/null
for set in authmethod=CHAP username=alice password=secret-of-alice-1 username_in=target password_in=secret-of-target; do
	iscsiadm -m node -T "$IQN" -o update -n "node.session.auth.${set%%=*}" -v "${set#*=}" || bail "no node record"
done
iscsiadm -m node -T "$IQN" -o update -n node.session.timeo.replacement_timeout -v 120
works "login, with CHAP in both directions" login || bail "no session" "$(tail -n 20 "$HERE/iscsid.log")"
dev=$(disk) || bail "no disk"
like "$(sg_inq "$dev" 2>&1)" 'MOVES' "the disk has its vendor"

# --- a stop in the wrong order ---
patience=7000 gives 1 "a LUN is not removed while the gate is open" "not removed from under its sessions" unit stop
gives 0 "... and is still there" "" unit monitor

# --- a move under I/O: down to the last link, and up again, twice ---
sg_persist --out --register --param-sark=0xaaaa --param-aptpl "$dev" >/dev/null && sg_persist --out --reserve --param-rk=0xaaaa --prout-type=1 "$dev" >/dev/null ||
	not_ok "a reservation"
works "the core's file of reservations is where it moves with the disk" grep -qa "initiator_node=$INITIATOR" $state/pr/aptpl_$SERIAL
held=$(cat "$store/pr/res_holder")
/src/tools/testing/integrity/integrity --state /tmp/state --seed 7 --seconds 3600 --size 512-16384 --depth 4 --reads 40 --no-verify "$dev" >/tmp/writer.out 2>&1 &
writer=$!
writes() { awk '{ print $5 }' "/sys/block/${dev#/dev/}/stat"; }
wrote() { [ "$(writes)" -gt "$1" ]; }
goes_on() {
	works "$1: I/O continues" wait_for 60 "writes" wrote $(($(writes) + 40))
	works "... and had no error" kill -0 $writer
}
goes_on "before the move"
down() {
	gives 0 "the gate closes" "" gate stop
	is "$(wc -l <"$(tpg)/sessions")" 0 "... no session is left"
	gives 0 "... and the logical unit stops" "" unit stop
	fails "... without a trace of the disk" test -e "$store"
	fails "... or of the link to its reservations" test -L "$(cat "$CFS/dbroot")/pr/aptpl_$SERIAL"
	gives 0 "... and the target" "" target stop
	fails "... without a trace" test -e "$CFS/iser/$IQN"
	[ "$round" = 1 ] || return
	for what in gate unit target; do
		gives 7 "$what: a probe" "" $what monitor
		gives 0 "... and another stop" "" $what stop
	done
}
up() {
	for what in target unit gate; do
		gives 0 "$what starts" "" $what start
		gives 0 "... and is there" "" $what monitor
	done
}
for round in 1 2; do
	about="round $round"
	down
	up
	is "$(cat "$store/pr/res_holder")" "$held" "the reservation is held"
	about=
	goes_on "after move $round"
done
works "the initiator was asked to log out" grep -q "Target requests logout" "$HERE/iscsid.log"

# --- portals ---
ip addr del "$IP6/64" dev lan0
waits6() { grep -q 'waiting: address' "$(tpg)/np/[$IP6]:$PORT/state"; }
works "a portal loses its address" wait_for 10 "the portal" waits6
gives 1 "... which the gate notices" "not listening: \[$IP6\]:$PORT \(waiting: address\)" gate monitor
gives 0 "... unless one that listens is enough" "not listening" gate monitor listening=any
gives 0 "... and the target waits" "" target monitor
ip -6 addr add "$IP6/64" dev lan0 nodad
works "... and has it again" wait_for 10 "the gate" gate monitor
rmdir "$(tpg)/np/[$IP6]:$PORT"
gives 1 "a portal is removed, which the target notices" "no portal \[$IP6\]:$PORT" target monitor
mkdir "$(tpg)/np/[$IP6]:$PORT"
goes_on "after that"

# --- ALUA ---
access() { cat "$store/alua/default_tg_pt_gp/alua_access_state"; }
gives 0 "demoted" "" unit demote alua_demoted_state=nonoptimized
is "$(access)" 1 "... it is active/non-optimized"
gives 0 "... and there" "" unit monitor
gives 0 "promoted" "" unit promote
is "$(access)" 0 "... it is active/optimized"
gives 8 "as a promotable clone it says so" "" unit monitor CRM_meta_promotable=true

# --- iser-tgt-move: to another portal group ---
move() { /src/configfs/iser-tgt-move "$@" 2>&1; }
second=(tpgt=2 "portals=$IP:3261" rtpi=7)
# Linux 6.1 chooses it itself
[ -e "$(tpg)/rtpi" ] || unset 'second[2]'
works "a second portal group" agent iSERTarget start "${target[@]}" "${second[@]}"
works "... of the same disk, with an ALUA group of its own" agent iSERLogicalUnit start "${unit[@]}" tpgt=2 name=unit alua_group=second alua_group_id=2 alua_state=nonoptimized
works "... enabled" agent iSERGate start "${gate[@]}" tpgt=2
if [ -e "$(tpg)/rtpi" ]; then is "$(($(cat "$(tpg "$IQN" 2)/rtpi")))" 7 "... with its relative port identifier"; else skip "relative port identifier" "this kernel chooses it"; fi
gives 1 "which of two portal groups is asked for" "several portal groups" move "$IQN" "$IP:3261"
fails "... an address of its own" move --tag 1 "$IQN" "$IP:$PORT"
gives 3 "with a reservation nothing is moved" "reserved or registered: LUN 0 \(unit\)" move --tag 1 "$IQN" "$IP:3261"
is "$(cat "$(tpg)/param/TargetMoved")" No "... and nothing is changed"
# the other port does not know it: there the initiator would not be allowed to write
sg_persist --out --release --param-rk=0xaaaa --prout-type=1 "$dev" >/dev/null
gives 3 "nor with a registration" "reserved or registered: LUN 0 \(unit\)" move --tag 1 "$IQN" "$IP:3261"
at() { iscsiadm -m session -P 1 | grep -q "Current Portal: $IP:$1,"; }
works "... but despite it" move --despite-reservations --tag 1 --drain 20 "$IQN" "$IP:3261"
works "... the session is at the other portal group" wait_for 30 "the session" at 3261
goes_on "after iser-tgt-move"
like "$(move --tag 1 --show "$IQN")" "moved to $IP:3261" "--show says so"
like "$(move --tag 2 --show "$IQN")" "^1 sessions" "... and where the session is"
works "the other one: --state" move --tag 2 --state optimized "$IQN"
like "$(move --tag 2 --show "$IQN")" "LUN 0: unit, second: optimized" "... which --show has"
works "--back" move --tag 1 --back "$IQN"
# iscsid, which logs out when it is asked to, does not run for a while; the end of a terminal reaches the group, kill the shell alone
moving() { [ "$(cat "$(tpg "$IQN" 2)/drain")" != 0 ]; }
kill -STOP "$(pgrep -o iscsid)"
for how in HUP:- TERM:; do
	setsid /src/configfs/iser-tgt-move --despite-reservations --tag 2 --drain 60 "$IQN" "$IP:$PORT" >/tmp/moved 2>&1 &
	mover=$!
	works "a move that waits for the initiator" wait_for 20 "the drain" moving
	is "$(cat "$(tpg "$IQN" 2)/param/TargetMoved")" Temporarily "... redirects logins"
	kill -s "${how%:*}" -- "${how#*:}$mover"
	status=0
	wait $mover || status=$?
	is "$status" 1 "... ends by SIG${how%:*}"
	is "$(cat "$(tpg "$IQN" 2)/param/TargetMoved") $(cat "$(tpg "$IQN" 2)/drain")" "No 0" "... and logins are no longer redirected"
	is "$(pgrep -s $mover)" "" "... no process of it is left"
done
kill -CONT "$(pgrep -o iscsid)"
goes_on "after moves that were broken off"
gives 0 "the second gate closes" "" gate stop tpgt=2
works "... and the initiator is back" wait_for 40 "the session" at "$PORT"
goes_on "after the way back"
gives 0 "the second LUN stops, and tells what ends with it" "another LUN exports it: persistent reservations made at $IQN,t,2 end" unit stop tpgt=2 name=unit
works "... and the disk stays, for the first" test -d "$store"
gives 0 "the second target stops" "" target stop tpgt=2
works "... and the first stays" test -d "$(tpg)"

# --- the end: what was written is there ---
works "no error until the end" kill -0 $writer
kill -KILL $writer
wait $writer 2>/dev/null
works "all is read as it was written" /src/tools/testing/integrity/integrity --state /tmp/state --verify "$dev"
works "logout" logout

# --- reservations that are damaged, or in the way ---
gate stop >/dev/null && unit stop >/dev/null || not_ok "a stop"
kept=$state/pr/aptpl_$SERIAL
cp $kept /tmp/whole
truncate -s 100 $kept
gives 0 "a logical unit whose reservations are damaged starts" "1 registration\(s\) of $kept are damaged" unit start
unit stop >/dev/null
: >$kept
gives 0 "... and with an empty file" "1 registration\(s\) of $kept are damaged" unit start
unit stop >/dev/null
rm $kept
cp /tmp/whole "$(cat "$CFS/dbroot")/pr/aptpl_$SERIAL"
gives 0 "reservations of before pr_dir was set" "1 registration\(s\) of $kept" unit start
works "... are moved there" cmp /tmp/whole $kept
unit stop >/dev/null
# --- without pr_dir: another node may have had the disk since ---
own=$(cat "$CFS/dbroot")/pr
cp /tmp/whole "$own/aptpl_$SERIAL"
gives 0 "without pr_dir a stored reservation is not restored" "$own/aptpl_$SERIAL are not restored" unit start pr_dir=
works "... but kept" cmp /tmp/whole "$own/aptpl_$SERIAL.before"
fails "... and not where it is looked for" test -e "$own/aptpl_$SERIAL"
unit stop pr_dir= >/dev/null
mv "$own/aptpl_$SERIAL.before" "$own/aptpl_$SERIAL"
chattr -S "$own/aptpl_$SERIAL" 2>/dev/null
gives 0 "on a single node it is, with the core's directory as pr_dir" "1 registration\(s\) of $own/aptpl_$SERIAL" unit start "pr_dir=$own"
fails "... which is no link to itself" test -L "$own/aptpl_$SERIAL"
unit stop "pr_dir=$own" >/dev/null
works "... and stays" cmp /tmp/whole "$own/aptpl_$SERIAL"
rm "$own/aptpl_$SERIAL"

# --- two portal groups with one disk, at the same time ---
together() {
	local first second
	unit "$1" >/tmp/first &
	first=$!
	unit "$1" tpgt=2 >/tmp/second || second=$?
	wait $first && [ -z "${second:-}" ]
}
agent iSERTarget start "${target[@]}" "${second[@]}" >/dev/null
for n in 1 2 3 4 5; do
	works "both start ($n)" together start || note "$(cat /tmp/first /tmp/second)"
	works "... and stop" together stop || note "$(cat /tmp/first /tmp/second)"
	fails "... and leave nothing" test -e "$store"
done
agent iSERTarget stop "${target[@]}" "${second[@]}" >/dev/null
gives 1 "a disk that the kernel cannot open" "cannot use /dev/ram1 as block" eval 'dmsetup create busy --table "0 8 linear /dev/ram1 0" && unit start path=/dev/ram1'
gives 0 "... and its stop" "" unit stop path=/dev/ram1
fails "... leaves nothing" test -e "$store"
dmsetup remove busy
gives 1 "a disk that is not there" "no disk or file /dev/ram99" unit start path=/dev/ram99
truncate -s 16M /tmp/file
gives 0 "a file" "" unit start path=/tmp/file block_size=4096 pr_dir=
like "$(cat "$CFS"/core/fileio_*/unit/info)" "SectorSize: 4096.*|File: /tmp/file" "... is served by fileio"
gives 6 "an attribute that there is not" "there is no core/.*attrib/none" unit start path=/tmp/file additional_attributes=none=1 name=other lun=1
gives 0 "... without it, the next start begins anew" "" unit start path=/tmp/file name=other lun=1 emulate_caw=1
is "$(cat "$CFS"/core/fileio_*/other/attrib/emulate_caw)" 1 "... with the attributes of this one"
gives 0 "... and its stop" "" unit stop path=/tmp/file name=other lun=1
gives 0 "the target stops with a LUN left" "" target stop
gives 1 "... whose backstore is left over" "without its LUN" unit monitor path=/tmp/file pr_dir=
gives 0 "... until it stops" "" unit stop path=/tmp/file pr_dir=
gives 6 "an attribute that the target has not" "there is no iser/.*attrib/none" target start additional_attributes=none=1
gives 0 "... is stopped" "" target stop

# --- ClusterLabs' agents with lio-iser (configfs/upstream) ---
about=lio-iser
lab() { env "${@:3}" $ready/heartbeat/"$1" "$2" 2>&1; }
target=(OCF_RESKEY_implementation=lio-iser "OCF_RESKEY_iqn=$IQN" "OCF_RESKEY_portals=$IP [$IP6]:$PORT" OCF_RESKEY_additional_parameters=TargetAlias=theirs)
unit=(OCF_RESKEY_implementation=lio-iser "OCF_RESKEY_target_iqn=$IQN" OCF_RESKEY_lun=0 OCF_RESKEY_path=/dev/ram0 OCF_RESKEY_scsi_sn=8d2f5a3b)
fails "no logical unit without a target" lab iSCSILogicalUnit start "${unit[@]}"
works "target" lab iSCSITarget start "${target[@]}"
is "$(cat "$(tpg)/enable") $(cat "$(tpg)/param/TargetAlias")" "0 theirs" "... is disabled"
works "its logical unit" lab iSCSILogicalUnit start "${unit[@]}"
is "$(cat "$(tpg)/enable")" 1 "... enables it"
iscsiadm -m node -T "$IQN" -o delete
iscsiadm -m node -o new -T "$IQN" -p "$IP:$PORT,1" -I iser >/dev/null
if works "login" login; then works "a disk" disk; fi
works "monitor" lab iSCSILogicalUnit monitor "${unit[@]}"
works "... of the target" lab iSCSITarget monitor "${target[@]}"
works "the logical unit stops" lab iSCSILogicalUnit stop "${unit[@]}"
is "$(cat "$(tpg)/enable") $(find "$(tpg)/lun" -mindepth 1 | wc -l)" "0 0" "... which disables the target first"
works "the target stops" lab iSCSITarget stop "${target[@]}"
fails "... without a trace" test -e "$CFS/iser/$IQN"
# Two LUNs: the one that comes last enables the target, and looks only while no other one is half there.
unit+=(OCF_RESKEY_lio_iser_luns=2)
other=("${unit[@]}" OCF_RESOURCE_INSTANCE=other OCF_RESKEY_lun=1 OCF_RESKEY_path=/dev/ram1 OCF_RESKEY_scsi_sn=8d2f5a3c)
works "a target of two LUNs" lab iSCSITarget start "${target[@]}"
works "... the first" lab iSCSILogicalUnit start "${unit[@]}"
is "$(cat "$(tpg)/enable")" 0 "... does not enable it"
mkdir $HA_RSCTMP/targetcli.lock && echo $$ >$HA_RSCTMP/targetcli.lock/pid
lab iSCSILogicalUnit start "${other[@]}" >/tmp/other &
starter=$!
backed() { grep -q 1 "$CFS"/core/iblock_*/other/enable; }
works "the second makes its backstore" wait_for 30 "its backstore" backed
nap 1500
fails "... but no LUN while another resource has the lock" test -e "$(tpg)/lun/lun_1"
rm -r $HA_RSCTMP/targetcli.lock
works "... and then" wait $starter
is "$(cat "$(tpg)/enable")" 1 "... enables it"
works "the second stops" lab iSCSILogicalUnit stop "${other[@]}"
works "... the first" lab iSCSILogicalUnit stop "${unit[@]}"
works "... and the target" lab iSCSITarget stop "${target[@]}"
about=
logout >/dev/null 2>&1
works "the initiator stops" stop_initiator
works "all is removed" remove_all
done_testing
