#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The commands of README.md and Documentation/user-guide.md, as they are printed, in order, on a machine that is server and initiator. Before
# each block of commands is a comment: <!-- run: server --> or <!-- run: initiator -->, or <!-- not run: WHY -->.
# only: 6.12-rxe

seconds=900
. "$(dirname "$0")/../in-guest"

IP=192.0.2.1 IP6=2001:db8::1 IQN=iqn.2026-01.com.example:disk INITIATOR=iqn.2026-01.com.example:host
saved=/etc/rtslib-fb-target/saveconfig.json

# What a document takes for granted: a card with two addresses, a disk, the packages.
alone || bail "no RDMA device"
ip addr add 198.51.100.1/24 dev lan0
modprobe -a brd && cp -a /dev/ram0 /dev/nvme0n1 || bail "no disk"
mkdir -p "${saved%/*}" /run/dbus /tmp/mods/up /tmp/mods/work
dbus-daemon --system --fork || bail "no message bus"
mount -t overlay -o "lowerdir=/usr/lib/modules,upperdir=/tmp/mods/up,workdir=/tmp/mods/work" overlay /usr/lib/modules || bail "no overlay"
mkdir -p "/lib/modules/$KVER/updates" && cp "$(module)" "/lib/modules/$KVER/updates/" && depmod -a || bail "depmod"
cp /src/configfs/iser-tgt-* /usr/sbin/
works "the plug-in" /src/configfs/rtslib/install /usr/lib/python3/dist-packages
start_initiator || bail "no iscsid"

# blocks FILE : "LINE WHAT" of each block of commands, and its text in /tmp/block-LINE
blocks() {
	rm -f /tmp/block-*
	awk '
	/^<!-- (run|not run): .* -->$/ { mark = $0; gsub(/^<!-- | -->$/, "", mark); line = 0; blank = 1; next }
	/^$/ { blank = 1; next }
	# a blank line within a block is part of it
	/^    / && (blank || line) {
		if (!line) { line = NR; print line, (mark == "" ? "unmarked" : mark); mark = "" }
		print substr($0, 5) >("/tmp/block-" line)
		blank = 0
		next
	}
	{ line = 0; blank = 0; mark = "" }
	' "$1"
}
# A command for a disk may come before the kernel has found it.
settle() { wait_for 20 "the disk /dev/sda" [ -b /dev/sda ]; }

for doc in README.md Documentation/user-guide.md; do
	blocks "/src/$doc" >/tmp/blocks
	ran=0
	{
		while read -r line what; do
			case $what in
			run:*)
				ran=$((ran + 1))
				grep -q /dev/sda "/tmp/block-$line" && echo settle
				echo "echo 'begin $line' >&3"
				cat "/tmp/block-$line"
				echo "echo 'end $line' >&3" ;;
			'not run:'*) ;;
			*) not_ok "$doc:$line is marked" "$what" "$(cat "/tmp/block-$line")" >&2 ;;
			esac
		done </tmp/blocks
	} >/tmp/script 2>/tmp/unmarked
	is "$(cat /tmp/unmarked)" "" "$doc: every block of commands is marked"
	if [ $ran -gt 2 ]; then ok "$doc: there is something to run ($ran blocks)"; else not_ok "$doc: there is something to run" "$(cat /tmp/blocks)"; fi
	# as a person types: what fails is seen, and ends it
	(set -e; exec 3>/tmp/marks; . /tmp/script) >/tmp/all 2>&1
	status=$?
	grep -v 'Could not load preferences' /tmp/all >/tmp/said
	is $status 0 "$doc: all its commands work"
	while read -r line what; do
		[ "${what%%:*}" = run ] || continue
		if grep -qx "end $line" /tmp/marks; then ok "$doc:$line ${what#run: }: $(head -n 1 "/tmp/block-$line")"
		else not_ok "$doc:$line ${what#run: }" "$(cat "/tmp/block-$line")" "$(tail -n 5 /tmp/said)"; fi
	done </tmp/blocks
	if grep -qiE 'error|cannot|could not|traceback|no such file' /tmp/said; then not_ok "$doc: no command complains" "$(cat /tmp/said)"; else ok "$doc: no command complains"; fi
	case $doc in
	README.md)
		works "README: a session" [ "$(sessions)" = 1 ]
		works "README: a disk" disk "$IQN"
		iscsiadm -m node -U all >/dev/null
		iscsiadm -m node -o delete >/dev/null
		cd / || exit
		works "README: all is removed" remove_all
		rmmod iser_tgt ;;
	*)
		like "$(cat /tmp/said)" 'nothing is wrong: 1 targets, 2 portals' "guide: the doctor is content"
		works "guide: the targets are back" test -d "$CFS/iser/$IQN/tpgt_1/np/198.51.100.1:3260"
		discover >/dev/null
		works "guide: all is cleared" targetctl clear ;;
	esac
done
stop_initiator
works "the module goes" iser-tgt-clear --unload
done_testing
