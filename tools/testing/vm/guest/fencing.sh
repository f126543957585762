# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Two initiators, $a and $b, of which a fences b by a persistent reservation on LUN 0 of $IQN. Sourced by tests.

# initiator WHO : an iface record of this name, for the initiator whose name is in the variable, and a record of the target
initiator() {
	iscsiadm -m iface -I "$1" -o new >/dev/null
	iscsiadm -m iface -I "$1" -o update -n iface.transport_name -v iser >/dev/null
	iscsiadm -m iface -I "$1" -o update -n iface.initiatorname -v "${!1}" >/dev/null
	iscsiadm -m node -o new -T "$IQN" -p "$IP:$PORT,1" -I "$1" >/dev/null
}
initiators() {
	local who
	for who; do
		initiator "$who"
		works "$who logs in" enter "$who"
	done
}
enter() { iscsiadm -m node -T "$IQN" -p "$IP:$PORT" -I "$1" --login; }
# dev_of NAME : the disk of the session of this initiator name
dev_of() {
	local session path
	for session in /sys/class/iscsi_session/session*; do
		[ "$(cat "$session/initiatorname" 2>/dev/null)" = "$1" ] && [ "$(cat "$session/state")" = LOGGED_IN ] || continue
		for path in "$session"/device/target*/*:0/block/sd*; do
			[ -e "$path" ] && [ "$(cat "$path/size")" -gt 0 ] && [ "$(cat "$path/device/state")" = running ] && { echo "/dev/${path##*/}"; return 0; }
		done
	done
	return 1
}
# both_back : waits for both disks and clears their unit attentions
both_back() {
	# shellcheck disable=SC2154 # the test sets them
	wait_for 60 "the disk of a" dev_of "$a" && wait_for 60 "the disk of b" dev_of "$b" || return
	A=$(dev_of "$a") B=$(dev_of "$b")
	attention
}
attention() {
	local i
	for i in 1 2 3; do unit_ready "$A"; unit_ready "$B"; done >/dev/null
}
out() { local dev=$1; shift; sg_persist --no-inquiry --out "$@" "$dev"; }
# full : "key name,i,0xISID holder" for each registration
full() {
	sg_persist --no-inquiry --in --read-full-status "$A" 2>/dev/null | awk '
	/Key=/ { sub(/.*Key=/, ""); key = $1; holder = "" }
	/Reservation holder/ { holder = "holder" }
	/Not reservation holder/ { holder = "" }
	/iqn\./ { sub(/.*iqn\./, "iqn."); print key, $1, holder }' | sort
}
kind() { sg_persist --no-inquiry --in --read-reservation "$A" 2>/dev/null | sed -n 's/.*type: //p'; }
# register [OPTION] : both
register() { out "$A" --register-ignore --param-sark=0xaaaa "$@" && out "$B" --register-ignore --param-sark=0xbbbb "$@"; }
# fence [OPTION] : both register, a reserves and preempts b
fence() {
	register "$@" &&
		out "$A" --reserve --param-rk=0xaaaa --prout-type=5 && out "$A" --preempt-abort --param-rk=0xaaaa --param-sark=0xbbbb --prout-type=5 || return
	unit_ready "$B" >/dev/null
	unit_ready "$B" >/dev/null
}
unfence() { out "$A" --clear --param-rk=0xaaaa; unit_ready "$B" >/dev/null; unit_ready "$B" >/dev/null; }
writes() { dd if=/dev/zero of="$1" bs=512 seek=8 count=1 oflag=direct conv=notrunc status=none; }
# fenced TEXT : a writes, b gets status RESERVATION CONFLICT
fenced() {
	works "$1: a writes" writes "$A"
	# WRITE(10) of one block
	like "$(sg_raw --send=512 --infile=/dev/zero "$B" 2a 00 00 00 00 08 00 00 01 00 2>&1)" '[Rr]eservation [Cc]onflict' "... and b gets RESERVATION CONFLICT"
}
