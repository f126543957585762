#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# iser-tgt-doctor compares what is saved with what is there: things that were not restored, that the next boot loses or changes, names that RFC
# 7143 does not allow, and discovery by TCP that has ended; each with the line of the file. And where the core stores reservations.

. "$(dirname "$0")/../lib.sh"

cfs=/sys/kernel/config/target
at=$cfs/iser/$IQN/tpgt_1
saved=/etc/rtslib-fb-target/saveconfig.json
again="targetcli restoreconfig clear_existing=true target=$IQN"
save='targetcli saveconfig'
odd=iqn.2016-17.org.example:my_disk

# a machine on which all is there that is saved
saved_machine() {
	new_machine
	card mlx5_0 eth0 roce
	cp -r "$TOP/configfs/rtslib" "$machine/"
	file "$tpg/acls/$INITIATOR/lun_0/write_protect" 0
	file $saved "$(configuration)"
}
configuration() {
	cat <<-JSON
		{
		 "storage_objects": [
		  { "plugin": "block", "name": "disk", "dev": "/dev/vg/disk" }
		 ],
		 "targets": [
		  {
		   "fabric": "iser",
		   "tpgs": [
		    {
		     "enable": true,
		     "luns": [
		      { "index": 0, "storage_object": "/backstores/block/disk" }
		     ],
		     "node_acls": [
		      {
		       "chap_userid": "host-name",
		       "mapped_luns": [
		        { "index": 0, "tpg_lun": 0, "write_protect": false }
		       ],
		       "node_wwn": "$INITIATOR",
		       "tag": 7
		      }
		     ],
		     "portals": [
		      { "ip_address": "192.0.2.1", "iser": true, "port": 3260 }
		     ],
		     "tag": 1
		    }
		   ],
		   "wwn": "$IQN"
		  }
		 ]
		}
	JSON
}
# and_target NAME : with another target, of the fabric FABRIC, in the last lines; its portal has "iser" at ISER
and_target() {
	configuration | sed '/^ ]$/,$d'
	printf '%s\n' "  , { \"fabric\": \"${FABRIC:-iser}\", \"wwn\": \"$1\", \"tpgs\": [ { \"tag\": 1, \"portals\": [" \
		"   { \"ip_address\": \"192.0.2.1\", \"iser\": ${ISER:-true}, \"port\": 3260 }" '  ] } ] }' ' ]' '}'
}
# and_empty NAME... : with targets that have nothing
and_empty() {
	configuration | sed '/^ ]$/,$d'
	printf '  , { "fabric": "iser", "wwn": "%s", "tpgs": [] }\n' "$@"
	printf ' ]\n}\n'
}
# line TEXT : its place
line() { echo "$saved:$(grep -n -m 1 -- "$1" "$machine$saved" | cut -d: -f1)"; }
# has TEXT LINE : the doctor has printed such a line, perhaps among others
has() { like "$(cat "$work/doctor")" "$2" "$1"; }

saved_machine
healthy "all that is saved is there, and saved is all that is there"
is "$(cat "$work/doctor")" "nothing is wrong: 1 targets, 1 portals, 1 RDMA ports" "... and no more is said"

# --- what was not restored ---
rm -r "$tpg/np/192.0.2.1:3260"
doctor
has "a portal" "^PROBLEM: $(line 192.0.2.1): $IQN, tpgt_1: portal 192.0.2.1:3260 is saved, but not there\$"
has "... and how to make it" "^    next: mkdir $at/np/192.0.2.1:3260\$"
saved_machine
rm -r "$tpg/acls/$INITIATOR/lun_0"
doctor
has "a mapped LUN" "^PROBLEM: $(line tpg_lun): $IQN, tpgt_1: lun_0 of initiator $INITIATOR is saved, but not there\$"
has "... and how to make it" "^    next: mkdir -p $at/acls/$INITIATOR/lun_0 && ln -s $at/lun/lun_0 $at/acls/$INITIATOR/lun_0/\$"
sed -i 's/"write_protect": false/"write_protect": true/' "$machine$saved"
doctor
has "... read-only" "^    next: echo 1 > $at/acls/$INITIATOR/lun_0/write_protect\$"
saved_machine
mkdir -p "$tpg/acls/$INITIATOR:2/lun_0"
ln -s "$at/lun/lun_0" "$tpg/acls/$INITIATOR:2/lun_0/disk"
auth "$tpg/acls/$INITIATOR:2/auth" host-name host-secret-1
rm -r "$tpg/acls/$INITIATOR"
doctor
is "$(problems)" 1 "an initiator's ACL: one problem, its LUNs are none of their own"
has "... the problem" "^PROBLEM: $(line node_wwn): $IQN, tpgt_1: initiator $INITIATOR is saved, but not there\$"
has "... it has secrets, and rtslib restores them" "^    next: $again\$"
has "... and another is not saved" "^note: $IQN, tpgt_1: initiator $INITIATOR:2 is not saved: it is lost at the next boot\$"
sed -i '/chap_userid/d' "$machine$saved"
doctor
has "... without secrets" "^    next: mkdir $at/acls/$INITIATOR\$"
saved_machine
sed -i 's/"luns": \[/"luns": [\n      { "index": 3, "storage_object": "\/backstores\/block\/disk" },/' "$machine$saved"
sick "a LUN" "$(line '"index": 3'): $IQN, tpgt_1: lun_3 is saved, but not there\$" "mkdir -p $at/lun/lun_3 && ln -s $cfs/core/iblock_0/disk $at/lun/lun_3/"
sed -i '/"index": 3/s/disk/lost/; s/"storage_objects": \[/&\n  { "plugin": "block", "name": "lost", "dev": "\/dev\/vg\/lost" },/' "$machine$saved"
sick "... whose backstore was not restored" "$(line '"index": 3'): .*lun_3 is saved, but not there: its backstore block/lost is not there either\$" \
	'ls -l /dev/vg/lost' 'targetcli restoreconfig clear_existing=true storage_object=lost' iser-tgt-doctor
sed -i '/vg.lost/d' "$machine$saved"
sick "... or is not saved" "$(line '"index": 3'): .*lun_3 is saved, but not there: no backstore block/lost is saved\$" \
	"editor +$(line '"index": 3' | cut -d: -f2) $saved"
saved_machine
file $saved "$(and_target "$IQN:2")"
sick "a target" "$(line "$IQN:2"): target $IQN:2 is saved, but not there\$" 'journalctl -b -t target' "$again:2"
file $saved "$(and_target "$IQN:\$(reboot)")"
# shellcheck disable=SC2016 # a name
sick "... whose name is not for a shell" ".*" 'journalctl -b -t target' "targetcli restoreconfig clear_existing=true target='$IQN:"'$(reboot)'"'"
file $saved "$(and_target "$IQN:2")"
mkdir -p "$iser/$IQN:2"
sick "... its portal group" "$(line "$IQN:2"): $IQN:2, tpgt_1 is saved, but not there\$" 'journalctl -b -t target' "$again:2"
mkdir -p "$machine$cfs/iscsi/$IQN:2"
sick "... and another fabric has the name" "$(line "$IQN:2"): $IQN:2, tpgt_1 is saved" 'journalctl -b -t target' 'targetctl restore'
saved_machine
file $saved "$(and_target "${IQN}%2")"
sick "a name that iser_tgt does not take" "$(line "$IQN%2"): target $IQN%2 is saved, but not there: iser_tgt does not take the name: it has a .*per cent" \
	"editor +$(line "$IQN%2" | cut -d: -f2) $saved"
saved_machine
rm -r "${iser:?}/$IQN"
doctor
has "no target: restored, not made" '^    next: targetctl restore$'
has "... and which" "^PROBLEM: $(line "\"$IQN\""): target $IQN is saved, but not there\$"
rm -r "$machine/sys/module"
doctor
fails "... without the module that is no news" grep -q 'is saved, but' "$work/doctor"

# four targets moved, three not restored
saved_machine
file $saved "$(and_empty "$IQN":{1..3})"
doctor
is "$(problems)" 3 "three of four targets were not restored: three problems"
file $saved "$(and_empty "$IQN":{1..30})"
doctor
is "$(problems)" 11 "thirty: some, and how many more"
has "... as a number" '^PROBLEM: 20 more are saved, but not there$'

# as above, but restored from a converted file: what is saved is still that of ib_isert
file $saved "$(FABRIC=iscsi and_target "$IQN:2")"
sick "a target of ib_isert that is in no fabric" "$(line "$IQN:2"): target $IQN:2, of ib_isert, is saved, but not there\$" 'dmesg | grep iser_tgt' \
	"(umask 077 && /usr/share/iser-tgt/convert/saveconfig-to-iser $saved > after.json) && targetctl restore after.json"
cp -r "$TOP/configfs/convert" "$machine/"
sick "... by the program of a checkout" "$(line "$IQN:2"): target $IQN:2, of ib_isert, is saved" 'dmesg | grep iser_tgt' \
	"(umask 077 && /convert/saveconfig-to-iser $saved > after.json) && targetctl restore after.json"
rm -r "$machine/convert"
mkdir -p "$iser/$IQN:2/tpgt_1"
doctor
has "... whose portal was not restored" "^PROBLEM: $saved:[0-9]+: $IQN:2, tpgt_1: portal 192.0.2.1:3260, of ib_isert, is saved, but not there\$"
rm -r "$iser/$IQN:2"
file "$cfs/iscsi/$IQN:2/tpgt_1/np/192.0.2.1:3260/iser" 1
doctor
fails "... which ib_isert still serves" grep -q 'but not there' "$work/doctor"
rm -r "$machine$cfs/iscsi"
file $saved "$(FABRIC=iscsi ISER=false and_target "$IQN:2")"
healthy "... which it never served"
mkdir "$machine/etc/rtslib-fb-target/backup"
FABRIC=iscsi and_target "$IQN:2" >"$machine/etc/rtslib-fb-target/backup/saveconfig-20260102-00:00:00.json"
file $saved "$(configuration)"
healthy "... and all was saved after that" "/etc/rtslib-fb-target/backup/saveconfig-.*:[0-9]+: target $IQN:2 was one of ib_isert, and is not there"

# --- what the next boot loses or changes ---
saved_machine
saved_machine
file "$tpg/np/[2001:db8::1]:3260/state" listening
says ip '[{"ifname":"eth0","addr_info":[{"local":"192.0.2.1"},{"local":"2001:db8::1"}]}]'
file /sys/class/infiniband/mlx5_0/ports/1/gids/1 2001:0db8:0000:0000:0000:0000:0000:0001
healthy "a portal that is not saved" "$IQN, tpgt_1: portal \[2001:db8::1\]:3260 is not saved: it is lost at the next boot\$"
like "$(cat "$work/doctor")" "^    next: $save\$" "... and how to save it"
sed -i 's/"portals": \[/&\n      { "ip_address": "[2001:DB8::1]", "port": 3260 },/' "$machine$saved"
healthy "... is, in another notation"
saved_machine
mkdir -p "$tpg/lun/lun_1"
ln -s $cfs/core/iblock_0/disk "$tpg/lun/lun_1/disk"
healthy "a LUN that is not saved" "$IQN, tpgt_1: lun_1 is not saved: it is lost at the next boot\$"
saved_machine
sed -i 's/"enable": true/"enable": false/' "$machine$saved"
healthy "a portal group that is saved disabled" "$saved:9: $IQN, tpgt_1 is saved otherwise: after the next boot it is disabled\$"
saved_machine
sed -i 's/"write_protect": false/"write_protect": true/' "$machine$saved"
healthy "an initiator that may only read after the next boot" "$(line tpg_lun): .*lun_0 of initiator $INITIATOR is saved otherwise: .* it is lun_0, read-only\$"
saved_machine
sed -i 's/"index": 0, "storage_object": "\/backstores\/block\/disk"/"index": 0, "storage_object": "\/backstores\/fileio\/disk"/' "$machine$saved"
healthy "a LUN that is another disk after the next boot" "$(line '"index": 0, "stor'): $IQN, tpgt_1: lun_0 is saved otherwise: .* it is backstore fileio/disk\$"
rm "$machine$saved"
healthy "nothing is saved: a script makes the targets"
mkdir -p "$machine/python/rtslib"
: >"$machine/python/rtslib/__init__.py"
# find_spec() finds the plug-in where Python looks
cp -r "$TOP/configfs/rtslib/iser_tgt_rtslib" "$machine/python/"
export PYTHONPATH=/python
healthy "... where rtslib is installed, perhaps not" 'nothing is saved: the targets are lost at the next boot, unless a script makes them$'
printf 'default_save_file = "/elsewhere/saved.json"\n' >"$machine/python/rtslib/root.py"
file /elsewhere/saved.json "$(configuration)"
healthy "... which may save to another file"
export PYTHONPATH=
saved_machine
mkdir -p "$machine/etc/target" && mv "$machine$saved" "$machine/etc/target/"
healthy "... and rtslib's own is /etc/target/saveconfig.json"
saved_machine
WHO=65534:65534 doctor
fails "a user other than root cannot read it, and hears nothing of it" grep -qE 'saved|Traceback' "$work/doctor"

# --- a file that cannot be restored ---
for text in '{ "targets": [ }' '[]' 'nonsense' '{ "targets": [ 1 ] }' '{ "targets": [ { "fabric": "iser" } ] }' \
	"{ \"targets\": [ { \"fabric\": \"iser\", \"wwn\": \"$IQN\", \"tpgs\": [ { } ] } ] }" \
	"{ \"targets\": [ { \"fabric\": \"iser\", \"wwn\": \"$IQN\", \"tpgs\": [ { \"tag\": 1, \"luns\": [ { \"index\": 0, \"storage_object\": \"x\" } ] } ] } ] }"; do
	saved_machine
	file $saved "$text"
	sick "not restored: $text" "$saved:1: .*: it cannot be restored as it is" "editor $saved"
done
printf '\xff' >"$machine$saved"
sick "not restored: no UTF-8" "$saved: no configuration of targetcli: .*: it cannot be restored as it is" "editor $saved"

# --- names ---
saved_machine
mkdir "$iser/$odd"
healthy "a name that RFC 7143 does not allow" "target $odd: RFC 7143 does not allow this name; some initiators refuse it, and strict_names would" \
	"target $odd is not saved: it is lost at the next boot"
file $saved "$(and_empty $odd)"
healthy "... saved" "$(line $odd): target $odd: RFC 7143 does not allow this name"
file /sys/module/iser_tgt/parameters/strict_names Y
sick "... with strict_names" "$(line $odd): target $odd: RFC 7143 does not allow this name; strict_names refuses its logins" \
	'echo N > /sys/module/iser_tgt/parameters/strict_names'
saved_machine
sed -i "s/$INITIATOR/${INITIATOR}_1/" "$machine$saved"
mv "$tpg/acls/$INITIATOR" "$tpg/acls/${INITIATOR}_1"
healthy "that of an initiator" "$(line node_wwn): $IQN, tpgt_1: initiator ${INITIATOR}_1: RFC 7143 does not allow this name"

# --- discovery by TCP ---
was=$machine/etc/rtslib-fb-target/backup
saved_machine
file $saved "$(FABRIC=iscsi and_target "$IQN")"
tcp="$saved:$(grep -n 192.0.2.1 "$machine$saved" | tail -n 1 | cut -d: -f1): $IQN, tpgt_1: portal 192.0.2.1:3260"
ask='iscsiadm -m discovery -t st -I iser -p 192.0.2.1:3260'
healthy "moved, and not saved since: TCP has ended" "$tcp served TCP as well, and does not any more: initiators have to discover with \"-I iser\""
like "$(cat "$work/doctor")" "^    next: $ask\$" "... and how to discover"
file $saved "$(FABRIC=iscsi ISER=false and_target "$IQN")"
sick "kept by --keep-tcp, and not restored" "$tcp of the fabric iscsi is saved, but not there: discovery by TCP does not find the target" \
	"mkdir -p $cfs/iscsi/$IQN/tpgt_1/np/192.0.2.1:3260" "$ask"
mkdir -p "$machine$cfs/iscsi/$IQN/tpgt_1/np/192.0.2.1:3260"
healthy "... and restored"
saved_machine
mkdir "$was"
FABRIC=iscsi and_target "$IQN" | gzip >"$was/saveconfig-20260102-00:00:00-json.gz"
configuration | gzip >"$was/saveconfig-20260103-00:00:00-json.gz"
printf nonsense >"$was/saveconfig-20260104-00:00:00-json.gz"
healthy "moved and saved: an earlier configuration tells" "/etc/rtslib-fb-target/backup/saveconfig-20260102-00:00:00-json.gz:[0-9]+: $IQN, tpgt_1: portal 192.0.2.1:3260 served TCP as well"
mkdir -p "$machine$cfs/iscsi/$IQN/tpgt_1/np/0.0.0.0:3260"
healthy "... and a target beside it serves TCP at all addresses"
saved_machine
mkdir "$was"
FABRIC=iscsi ISER=false and_target "$IQN:2" | gzip >"$was/saveconfig-20260102-00:00:00-json.gz"
healthy "another target's portal was never this one's"

# --- what the core stores ---
saved_machine
file $cfs/dbroot /var/target
healthy "no directory for reservations" '/var/target/pr is missing: the target core refuses registrations with APTPL'
mkdir -p "$machine/var/target/pr"
says lsattr '--------------e------- /var/target/pr'
healthy "one that is written back late" '/var/target/pr is written back late: a power failure takes the registrations with APTPL of the last seconds'
like "$(cat "$work/doctor")" '^    next: chattr \+S /var/target/pr$' "... and what to do"
says lsattr '--S-----------e------- /var/target/pr'
healthy "... and one that is not"
done_testing
