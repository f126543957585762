#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Persistent reservations of two initiators: registrations are kept by initiator name and ISID, and survive a restart of the target (APTPL).
# REGISTER with SPEC_I_PT and REGISTER AND MOVE are tested by the rules `reservations` of the conformance suite, as far as the core's counting of
# references to mapped LUNs allows, and by core.t with a core that has been mended.

seconds=400
. "$(dirname "$0")/../in-guest"

a=$INITIATOR b=iqn.2026-01.org.example:other

# target_up : the whole configuration, also as it is restored after a boot
target_up() {
	load_target && mkdir -p "$(cat "$CFS/dbroot")/pr" && backstore disk file 16 || return
	[ ! -s /tmp/aptpl ] || restore || return
	acl_target disk "$a" "$b"
}
# The contents of the core's file are restored one registration at a time, as targetcli does it.
restore() {
	awk -F= -v ORS='' '
	/^PR_REG_START/ { line = ""; next }
	/^PR_REG_END/ { print line "\n"; next }
	/=/ { line = line (line == "" ? "" : ",") $0 }' /tmp/aptpl >/tmp/aptpl.lines
	[ -s /tmp/aptpl.lines ] || return
	local line
	while read -r line; do
		echo "$line" >"$(backstore_dir disk)/pr/res_aptpl_metadata" || return
	done </tmp/aptpl.lines
}

# enter WHO : iface records "a" and "b" differ by the initiator's name
enter() { iscsiadm -m node -T "$IQN" -p "$IP:$PORT" -I "$1" --login; }
leave() { iscsiadm -m node -T "$IQN" -p "$IP:$PORT" -I "$1" --logout; }
# dev_of NAME : the disk of the session of this initiator name
dev_of() {
	local session path
	for session in /sys/class/iscsi_session/session*; do
		[ "$(cat "$session/initiatorname" 2>/dev/null)" = "$1" ] || continue
		for path in "$session"/device/target*/*:0/block/sd*; do
			[ -e "$path" ] && [ "$(cat "$path/size")" -gt 0 ] && { echo "/dev/${path##*/}"; return 0; }
		done
	done
	return 1
}
isid_of() { sed -n 's/.*ISID: 0x\([0-9a-f]*\).*/\1/p' "$(tpg)/acls/$1/info"; }
both_in() {
	enter a >/dev/null && enter b >/dev/null && wait_for 20 "the disk of a" dev_of "$a" && wait_for 20 "the disk of b" dev_of "$b" || return
	A=$(dev_of "$a") B=$(dev_of "$b")
	# clears the unit attention of the power on
	unit_ready "$A" >/dev/null
	unit_ready "$B" >/dev/null
	isid_a=$(isid_of "$a") isid_b=$(isid_of "$b")
	[ -n "$isid_a" ] && [ -n "$isid_b" ]
}

out()  { local dev=$1; shift; sg_persist --out "$@" "$dev"; }
keys() { sg_persist --in --read-keys "$1" 2>/dev/null | sed -n 's/^ *\(0x[0-9a-f]*\)$/\1/p' | sort | tr '\n' ' '; }
# full DEV : prints "key name,i,0xISID holder" for each registration
full() {
	sg_persist --in --read-full-status "$1" 2>/dev/null | awk '
	/Key=/ { sub(/.*Key=/, ""); key = $1; holder = "" }
	/Reservation holder/ { holder = "holder" }
	/Not reservation holder/ { holder = "" }
	/iqn\./ { sub(/.*iqn\./, "iqn."); print key, $1, holder }' | sort
}
reads()  { dd if="$1" of=/dev/null bs=512 skip=8 count=1 iflag=direct status=none; }
writes() { dd if=/tmp/block of="$1" bs=512 seek=8 count=1 oflag=direct conv=notrunc status=none; }
# conflict TEXT DEV CDB... : a command without data ends with status RESERVATION CONFLICT
conflict() {
	local text=$1 dev=$2
	shift 2
	like "$(sg_raw "$dev" "$@" 2>&1)" '[Rr]eservation [Cc]onflict' "$text"
}

unloaded() {
	local module
	for module in ib_iser iscsi_tcp libiscsi_tcp libiscsi scsi_transport_iscsi iser_tgt target_core_iblock target_core_file target_core_pscsi \
		target_core_user target_core_mod; do
		[ ! -d "/sys/module/$module" ] || rmmod "$module" || return
	done
}

alone || bail "no RDMA device"
works "a target with ACLs for two initiators" target_up || bail "no target" "$(cat /tmp/out)"
start_initiator || bail "no iscsid"
for who in a b; do
	iscsiadm -m iface -I $who -o new >/dev/null
	iscsiadm -m iface -I $who -o update -n iface.transport_name -v iser >/dev/null
	iscsiadm -m iface -I $who -o update -n iface.initiatorname -v "${!who}" >/dev/null
done
# ISIDs come from a counter in the initiator's kernel: the same steps after a boot give the same ISIDs. So no discovery, which counts too and may
# be repeated.
record() { iscsiadm -m node -o new -T "$IQN" -p "$IP:$PORT,1" -I "$1"; }
records() { record a && record b; }
works "both have a record of the target" records
works "both log in" both_in || bail "login" "$(tail -n 20 "$HERE/iscsid.log")"
head -c 512 /dev/urandom >/tmp/block
# open-iscsi's ISIDs have its OUI
like "$isid_a $isid_b" '^00023d[0-9a-f]{6} 00023d[0-9a-f]{6}$' "their ISIDs are those of open-iscsi"

works "a registers" out "$A" --register --param-sark=0xaaaa
works "b registers" out "$B" --register --param-sark=0xbbbb
is "$(keys "$A")" "0xaaaa 0xbbbb " "both keys are registered"
is "$(full "$B")" "0xaaaa $a,i,0x$isid_a 
0xbbbb $b,i,0x$isid_b " "each with the name and the ISID of its initiator port"
works "a reserves, write exclusive" out "$A" --reserve --param-rk=0xaaaa --prout-type=1
is "$(full "$B")" "0xaaaa $a,i,0x$isid_a holder
0xbbbb $b,i,0x$isid_b " "a holds it"
works "a writes" writes "$A"
works "b reads" reads "$B"
fails "b may not write" writes "$B"
conflict "... with status RESERVATION CONFLICT" "$B" 35 00 00 00 00 00 00 00 00 00
works "a releases" out "$A" --release --param-rk=0xaaaa --prout-type=1
works "b writes now" writes "$B"
works "a reserves, exclusive access" out "$A" --reserve --param-rk=0xaaaa --prout-type=3
fails "b may not read" reads "$B"

works "b preempts a" out "$B" --preempt --param-rk=0xbbbb --param-sark=0xaaaa --prout-type=3
like "$(unit_ready "$A")" '(Registrations|Reservations) preempted' "a unit attention reports it to a"
is "$(full "$A")" "0xbbbb $b,i,0x$isid_b holder" "b holds it, a is not registered any more"
fails "a may not write" writes "$A"

works "b clears all" out "$B" --clear --param-rk=0xbbbb
is "$(keys "$B")" "" "no key is left"
unit_ready "$A" >/dev/null

# The core has a worker that submits commands. PREEMPT AND ABORT waits for it, so it must not run in this worker itself.
type=$(backstore_dir disk)/attrib/submit_type
was=$(cat "$type")
works "commands are submitted by a worker of the core" eval "echo 2 >$type"
works "a registers" out "$A" --register --param-sark=0xaaaa
works "b registers" out "$B" --register --param-sark=0xbbbb
works "a reserves, exclusive access" out "$A" --reserve --param-rk=0xaaaa --prout-type=3
works "b preempts a and aborts its commands" out "$B" --preempt-abort --param-rk=0xbbbb --param-sark=0xaaaa --prout-type=3
is "$(full "$B")" "0xbbbb $b,i,0x$isid_b holder" "b holds it"
works "b clears all" out "$B" --clear --param-rk=0xbbbb
works "commands are submitted as before" eval "echo $was >$type"
unit_ready "$A" >/dev/null

# --- through power loss ---
works "a registers with APTPL" out "$A" --register --param-sark=0xaaaa --param-aptpl
works "b too" out "$B" --register --param-sark=0xbbbb --param-aptpl
works "a reserves, write exclusive" out "$A" --reserve --param-rk=0xaaaa --prout-type=1
before=$(full "$A")
kept=$(cat "$CFS/dbroot")/pr/aptpl_disk
like "$(tr '\0' '\n' <"$kept")" "initiator_sid=$isid_a" "the core keeps it in a file, with the ISID"
works "both log out" eval 'leave a && leave b'
stop_initiator
works "all is removed" remove_all
works "the modules of both sides are unloaded" wait_for 20 "the modules" unloaded || note "$(unloaded 2>&1)"
tr '\0' '\n' <"$kept" >/tmp/aptpl
works "the target is created again from the file" target_up || bail "no target" "$(cat /tmp/out)"
start_initiator || bail "no iscsid"
was="$isid_a $isid_b"
works "both have a record of the target" records
works "both log in" both_in || bail "login" "$(tail -n 20 "$HERE/iscsid.log")"
is "$isid_a $isid_b" "$was" "with the ISIDs they had"
is "$(full "$A")" "$before" "the registrations and the reservation are as before"
works "a writes" writes "$A"
works "b reads" reads "$B"
fails "b may not write" writes "$B"
works "a clears all" out "$A" --clear --param-rk=0xaaaa
unit_ready "$B" >/dev/null
works "b writes" writes "$B"

works "the initiator stops" stop_initiator
works "all is removed" remove_all
done_testing
