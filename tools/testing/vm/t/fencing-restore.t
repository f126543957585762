#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# An initiator that is fenced by a persistent reservation with APTPL stays fenced when targetctl restores the saved configuration. A damaged
# file, one of another directory and a changed unit serial cost no disk, and what they cost is reported. So is what a clear loses.

seconds=900
. "$(dirname "$0")/../in-guest"

saved=/etc/rtslib-fb-target/saveconfig.json
a=iqn.2026-01.org.example:a b=iqn.2026-01.org.example:b
# shellcheck source=tools/testing/vm/guest/fencing.sh
. /src/tools/testing/vm/guest/fencing.sh

alone || bail "no RDMA device"
mkdir -p "${saved%/*}"
message_bus || bail "no message bus"
works "the plug-in" /src/configfs/rtslib/install /usr/lib/python3/dist-packages
# rtslib moves the core's directory as long as no fabric is there
modprobe -a target_core_mod ib_core rdma_cm && insmod "$(module)" || bail "no module"
truncate -s 16M /tmp/disk.img /tmp/other.img
printf '%s\n' "/backstores/fileio create disk /tmp/disk.img" "/backstores/fileio create other /tmp/other.img" "/iser create $IQN" \
	"/iser/$IQN/tpg1/luns create /backstores/fileio/disk" "/iser/$IQN/tpg1/luns create /backstores/fileio/other" \
	"/iser/$IQN/tpg1/acls create $a" "/iser/$IQN/tpg1/acls create $b" saveconfig exit | targetcli >/tmp/out 2>&1
works "a target" [ -d "$(tpg)/acls/$b/lun_1" ] || bail "no target" "$(cat /tmp/out)"
pr=$(cat "$CFS/dbroot")/pr
works "the directory that the core needs has been made" [ -d "$pr" ]
serial=$(sed -n 's/.*: //p' "$(backstore_dir disk)/wwn/vpd_unit_serial")
start_initiator || bail "no iscsid"
initiators a b
both_back || bail "no disks"
works "a fences b" fence --param-aptpl
before=$(full) held=$(kind)
like "$before" "^0xaaaa $a,i,0x[0-9a-f]+ holder\$" "a is the holder"

# restored TEXT : targetctl restores all, which clears all first
restored() {
	works "$1" targetctl restore
	cp /tmp/out /tmp/said
	works "... both are back" both_back
}

restored "restored"
is "$(cat /tmp/said)" "" "... without a word"
is "$(full)" "$before" "... the registration and the holder are as before"
is "$(kind)" "$held" "... and the type"
fenced "after the restore"

# the core writes to /var/target or to rtslib's directory, depending on what was there first
case $pr in /var/target/*) elsewhere=/etc/rtslib-fb-target/pr ;; *) elsewhere=/var/target/pr ;; esac
mkdir -p $elsewhere
mv "$pr/aptpl_$serial" $elsewhere/
restored "restored from the directory of an earlier boot"
is "$(full)" "$before" "... the registration and the holder are as before"
fenced "from there"
mv $elsewhere/aptpl_* "$pr/"

works "b registers again" out "$B" --register-ignore --param-sark=0xbbbb --param-aptpl
# the second registration loses its end
cp -p "$pr/aptpl_$serial" /tmp/whole
tr -d '\0' </tmp/whole | sed '/PR_REG_START: 1/,$ { /target_node/,$d }' >"$pr/aptpl_$serial"
restored "restored with a damaged file"
like "$(cat /tmp/said)" "disk: $pr/aptpl_$serial is damaged: 1 registration\(s\) are lost" "... which is reported"
is "$(full)" "$before" "... the other registration is there"
fenced "in part"
works "... the other LUN is there too" compgen -G "$CFS/core/*/other/enable"
: >"$pr/aptpl_$serial"
restored "restored with an empty file"
like "$(cat /tmp/said)" "disk: $pr/aptpl_$serial is damaged" "... which is reported"
is "$(full)" "" "... nothing is registered"

cp -p /tmp/whole "$pr/aptpl_$serial"
cp $saved /tmp/saved.json
sed -i "s/$serial/another-serial/" $saved
restored "restored with another unit serial"
like "$(cat /tmp/said)" "registration of $a \(key 0xaaaa\) at $IQN is not in force: no backstore has the unit serial $serial" "... which is reported"
cp /tmp/saved.json $saved
restored "restored with the first one"
like "$(full)" "^0xaaaa $a,i,0x[0-9a-f]+ holder\$" "... a is the holder again"
sed -i "s/\"tag\": 1/\"tag\": 2/" $saved
works "another tag" targetctl restore
like "$(cat /tmp/out)" "is not in force on disk: tpgt_1 has no ACL of it that maps lun_0 as lun_0" "... is reported"
cp /tmp/saved.json $saved
restored "restored with the first one"
works "a gives it up" unfence

works "a fences b, without APTPL" fence
works "a restore" targetctl restore
like "$(cat /tmp/out)" "lost with the targets: $IQN, lun_0 \(disk\): reservation .* of $a \(key 0xaaaa\): made without APTPL" "... reports what it loses"
both_back
works "the initiator stops" stop_initiator
works "all is removed" eval 'targetcli clearconfig confirm=True && remove_all'
done_testing
