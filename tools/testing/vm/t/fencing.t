#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# An initiator that is fenced by a persistent reservation stays fenced while iser-tgt-reload replaces the module, and while targets are removed
# and made again. What a reload would lose, it refuses to lose: reservations without APTPL, SPC-2 reservations, those of initiators without ACL,
# those of a backstore with other exports, and those whose file is missing or damaged.

seconds=900
. "$(dirname "$0")/../in-guest"

a=iqn.2026-01.org.example:a b=iqn.2026-01.org.example:b c=iqn.2026-01.org.example:c

reload() { /src/configfs/iser-tgt-reload --drain 10 "$@"; }
clear_all() { /src/configfs/iser-tgt-clear "$@"; }
# shellcheck source=tools/testing/vm/guest/fencing.sh
. /src/tools/testing/vm/guest/fencing.sh
# refused TEXT REASON command... : status 3, the reason, and nothing has changed: module, sessions, reservation
refused() {
	local text=$1 reason=$2 status=0 was before
	shift 2
	was=$(stat -c %Y /sys/module/iser_tgt) before=$(full; kind; sids)
	"$@" >/tmp/out 2>&1 || status=$?
	is "$status" 3 "$text: refused, with a status of its own"
	like "$(cat /tmp/out)" "$reason" "... the message names it"
	is "$(stat -c %Y /sys/module/iser_tgt)" "$was" "... the module is the same"
	is "$(full; kind; sids)" "$before" "... so are sessions and reservation"
}
# sids : sessions and their states
sids() { grep . /sys/class/iscsi_session/session*/state; }
# make_again : the target, by hand, as a script does it
make_again() { load_target && acl_target disk "$a" "$b"; }

alone || bail "no RDMA device"
mkdir -p /tmp/mods/up /tmp/mods/work
mount -t overlay -o "lowerdir=/usr/lib/modules,upperdir=/tmp/mods/up,workdir=/tmp/mods/work" overlay /usr/lib/modules || bail "no overlay"
mkdir -p "/lib/modules/$KVER/updates" && cp "$(module)" "/lib/modules/$KVER/updates/" && depmod -a || bail "depmod"
load_target || bail "no module"
pr=$(cat "$CFS/dbroot")/pr
mkdir -p "$pr"
backstore disk file 16 && make_again || bail "no target"
start_initiator || bail "no iscsid"
initiator c
initiators a b
both_back || bail "no disks"

# --- with APTPL it is kept ---
works "a fences b, with APTPL" fence --param-aptpl
fenced "before"
before=$(full) held=$(kind)
like "$before" '^0xaaaa iqn.2026-01.org.example:a,i,0x[0-9a-f]+ holder$' "a is the holder"
like "$held" 'Write Exclusive, registrants only' "... of a reservation for registrants"
generation=$(cat "$(backstore_dir disk)/pr/res_pr_generation")
old=$(stat -c %Y /sys/module/iser_tgt)
works "reload" reload
is "$(cat /tmp/out)" "" "... prints nothing"
fails "the module is another one" [ "$old" = "$(stat -c %Y /sys/module/iser_tgt)" ]
works "both are back" both_back
is "$(full)" "$before" "the registration and the holder are as before"
is "$(kind)" "$held" "... and the type"
works "... and the generation has not gone back" [ $(($(cat "$(backstore_dir disk)/pr/res_pr_generation"))) -ge $((generation)) ]
is "$(cat "$(backstore_dir disk)/pr/res_aptpl_active")" "APTPL Bit Status: Activated" "... and APTPL"
fenced "after the reload"
works "a second reload" reload
works "both are back" both_back
is "$(full)" "$before" "each is registered once"

# --- also when the target is made again by hand ---
works "iser-tgt-clear" clear_all
works "the same target" make_again
works "both are back" both_back
is "$(full)" "$before" "the registration is there again"
fenced "after iser-tgt-clear"

# --- what cannot be kept ---
modprobe tcm_loop && mkdir -p "$CFS/loopback"
loop=$CFS/loopback/naa.6001405000000001/tpgt_1
if mkdir -p "$loop/lun/lun_0" 2>/dev/null && ln -s "$(backstore_dir disk)" "$loop/lun/lun_0/disk"; then
	refused "a backstore with another export" 'exported by naa.6001405000000001 as well' reload
	rm "$loop/lun/lun_0/disk"
	rmdir "$loop/lun/lun_0"
else
	skip "a backstore with another export" "no tcm_loop"
fi
rmdir "$loop" "${loop%/*}" "$CFS/loopback" 2>/dev/null
cp -p "$pr/aptpl_disk" /tmp/good
rm "$pr/aptpl_disk"
refused "no file" "aptpl_disk is missing in $pr" reload
head -c 40 /tmp/good >"$pr/aptpl_disk"
refused "a damaged file" "not in $pr/aptpl_disk" reload
cp -p /tmp/good "$pr/aptpl_disk"
works "a gives it up" unfence

works "a fences b, without APTPL" fence
fenced "without APTPL"
refused "without APTPL" "$IQN, lun_0 \(disk\): reservation \(Write Exclusive Access, Registrants Only\) and registration of $a \(key 0xaaaa\): made without APTPL" reload
like "$(cat /tmp/out)" 'iser-tgt-reload: the loaded module is not replaced and serves on' "... and says what serves on"
fenced "as before"
refused "iser-tgt-clear" "reservation .* of $a" clear_all --drain 5
refused "iser-tgt-clear, of this target" "reservation .* of $a" clear_all "$IQN"
refused "... named with the slash that shells complete" "reservation .* of $a" clear_all "$CFS/iser/$IQN/"
works "the doctor runs" eval '/src/configfs/iser-tgt-doctor || true'
like "$(cat /tmp/out)" "note: would be lost by a reload or reboot: $IQN, lun_0 \(disk\): reservation" "... and warns of it"
works "--drop-reservations reloads all the same" reload --drop-reservations
like "$(cat /tmp/out)" "lost with the targets: .*reservation .* of $a" "... and names what is lost"
works "both are back" both_back
is "$(full)" "" "nothing is registered"
works "b writes" writes "$B"

works "a reserves by RESERVE(6)" sg_raw "$A" 16 00 00 00 00 00
like "$(cat "$(backstore_dir disk)/pr/res_holder")" '^SPC-2 Reservation' "an SPC-2 reservation"
refused "SPC-2" "SPC-2 reservation of $a" reload
fenced "SPC-2"
works "a releases" sg_raw "$A" 17 00 00 00 00 00

# --- registered while initiators are asked to log out: seen before anything is removed ---
draining() { [ "$(cat "$(tpg)/drain")" != 0 ]; }
kill -STOP "$ISCSID"
old=$(stat -c %Y /sys/module/iser_tgt)
reload >/tmp/late 2>&1 &
late=$!
works "initiators are asked to log out, and do not" wait_for 20 "the drain" draining
works "a registers in that time, without APTPL" out "$A" --register-ignore --param-sark=0xaaaa
status=0
wait $late || status=$?
kill -CONT "$ISCSID"
is "$status" 3 "refused"
like "$(cat /tmp/late)" "registration of $a \(key 0xaaaa\): made without APTPL" "... the message names it"
is "$(stat -c %Y /sys/module/iser_tgt)" "$old" "... the module is the same"
works "... and takes logins: both are back" both_back
like "$(full)" "^0xaaaa $a" "... the registration is there"
works "a gives it up" unfence

# --- without an ACL ---
echo 1 >"$(tpg)/attrib/generate_node_acls"
works "an initiator without ACL logs in" enter c
works "... has a disk" wait_for 60 "the disk of c" dev_of $c
C=$(dev_of $c)
for _ in 1 2 3; do unit_ready "$C"; done >/dev/null
works "... and registers with APTPL" out "$C" --register-ignore --param-sark=0xcccc --param-aptpl
refused "no ACL" "registration of $c \(key 0xcccc\): the initiator has no ACL" reload
works "it gives it up" out "$C" --clear --param-rk=0xcccc
for _ in 1 2; do unit_ready "$A"; unit_ready "$B"; done >/dev/null

# --- the doctor ---
works "the doctor runs" eval '/src/configfs/iser-tgt-doctor || true'
is "$(grep 'would be lost' /tmp/out)" "" "it does not warn without a reservation"
rm -f "$pr"/aptpl_*
rmdir "$pr"
works "the doctor runs" eval '/src/configfs/iser-tgt-doctor || true'
like "$(cat /tmp/out)" "note: $pr is missing" "it warns of a missing directory"
fails "... without which the core refuses APTPL" out "$A" --register-ignore --param-sark=0xaaaa --param-aptpl
unit_ready "$A" >/dev/null
works "a gives up what it registered all the same" unfence
mkdir -p "$pr"

works "the initiator stops" stop_initiator
works "all is removed" eval 'clear_all && remove_all'
done_testing
