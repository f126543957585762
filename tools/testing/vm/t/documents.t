#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Runs the commands of README.md and Documentation/user-guide.md unchanged and in order, on a machine that is server and initiator: the blocks
# marked <!-- run: server --> and <!-- run: initiator -->. tools/testing/blocks lists the other marks and the tests that run those.

seconds=900
. "$(dirname "$0")/../in-guest"

IP=192.0.2.1 IP6=2001:db8::1 IQN=iqn.2026-01.com.example:disk INITIATOR=iqn.2026-01.com.example:host
saved=/etc/rtslib-fb-target/saveconfig.json

# What the documents assume: a card with two addresses, an interface without one, a disk, the packages and their daemons.
alone || bail "no RDMA device"
ip addr add 198.51.100.1/24 dev lan0
ip link add eth0 type dummy
modprobe -a dm_mod dm_multipath || bail "no multipath"
/lib/systemd/systemd-udevd --daemon && udevadm trigger && udevadm settle || bail "no udev"
multipathd || bail "no multipathd"
modprobe -a brd && cp -a /dev/ram0 /dev/nvme0n1 || bail "no disk"
mkdir -p "${saved%/*}" /tmp/mods/up /tmp/mods/work
message_bus || bail "no message bus"
mount -t overlay -o "lowerdir=/usr/lib/modules,upperdir=/tmp/mods/up,workdir=/tmp/mods/work" overlay /usr/lib/modules || bail "no overlay"
mkdir -p "/lib/modules/$KVER/updates" && cp "$(module)" "/lib/modules/$KVER/updates/" && depmod -a || bail "depmod"
cp /src/configfs/iser-tgt-* /usr/sbin/
cp -r /src/configfs/observe/iser_tgt_observe /usr/lib/python3/dist-packages/
works "the plug-in" /src/configfs/rtslib/install /usr/lib/python3/dist-packages
start_initiator || bail "no iscsid"

# Wait for the disk before commands that use it.
settle() { wait_for 20 "the disk /dev/sda" [ -b /dev/sda ]; }
# Discovery is repeated after races of the initiator (discover in guest/lib.sh).
iscsiadm() {
	case $* in
	'-m discovery -t st -p '*' -I iser') (unset -f iscsiadm; discover "$6") || return ;;
	*) command iscsiadm "$@" ;;
	esac
}
# The secret that a person types.
# shellcheck disable=SC2162 # the caller's options
read() { if [ "$1" = -rsp ]; then secret=host-secret-1; else builtin read "$@"; fi; }
# Where multipath is asked, its daemon has taken in new disks and a new configuration.
all_paths() {
	local now policy
	now=$(command multipath -ll 2>/dev/null)
	policy=$(sed -n 's/.*path_selector "\(.*\)"/\1/p' /etc/multipath.conf)
	[ "$(sessions)" -ge 2 ] && [ "$(grep -c 'active ready' <<<"$now")" -eq "$(sessions)" ] &&
		[ "$(grep -o "policy='[^']*'" <<<"$now" | sort -u)" = "policy='${policy:-service-time 0}'" ]
}
multipath() {
	case $* in -ll) wait_for 60 "a path for each session" all_paths || return ;; esac
	command multipath "$@"
}

for doc in README.md Documentation/user-guide.md; do
	/src/tools/testing/blocks "/src/$doc" /tmp/block >/tmp/blocks
	ran=0
	{
		while read -r line what; do
			case $what in
			'run: server'|'run: initiator')
				ran=$((ran + 1))
				grep -q /dev/sda "/tmp/block/$line" && echo settle
				echo "echo 'begin $line' >&3"
				cat "/tmp/block/$line"
				echo "echo 'end $line' >&3" ;;
			'run: checkout'|'run: packages'|'not run: '*) ;;
			'run in: '*)
				/src/tools/testing/blocks "/src/${what#run in: }" /tmp/there >/tmp/there.blocks
				sed -nE 's|^([0-9]+) run: .*|/tmp/there/\1|p' /tmp/there.blocks | xargs cat >/tmp/lines
				while IFS= read -r command; do
					grep -qxF -- "$command" /tmp/lines || not_ok "$doc:$line is run in ${what#run in: }" "$command" >&2
				done <"/tmp/block/$line" ;;
			*) not_ok "$doc:$line is marked" "$what" "$(cat "/tmp/block/$line")" >&2 ;;
			esac
		done </tmp/blocks
	} >/tmp/script 2>/tmp/unmarked
	is "$(cat /tmp/unmarked)" "" "$doc: every block of commands is marked"
	if [ $ran -gt 2 ]; then ok "$doc: has blocks to run ($ran)"; else not_ok "$doc: has blocks to run" "$(cat /tmp/blocks)"; fi
	# as typed by a person: the first failure is shown, and ends the script
	(set -e; exec 3>/tmp/marks; . /tmp/script) >/tmp/all 2>&1
	status=$?
	grep -v 'Could not load preferences' /tmp/all >/tmp/said
	is $status 0 "$doc: all its commands work"
	while read -r line what; do
		case $what in 'run: server'|'run: initiator') ;; *) continue ;; esac
		if grep -qx "end $line" /tmp/marks; then ok "$doc:$line ${what#run: }: $(head -n 1 "/tmp/block/$line")"
		else not_ok "$doc:$line ${what#run: }" "$(cat "/tmp/block/$line")" "$(tail -n 5 /tmp/said)"; fi
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
		like "$(cat /tmp/said)" 'nothing is wrong: 1 targets, 2 portals' "guide: the doctor reports no problem"
		like "$(cat /tmp/said)" '^mpath|.* dm-[0-9]+ LIO-ORG,disk' "guide: multipath has the disk"
		is "$(awk '/dm-[0-9]+ LIO-ORG/ { if (paths) print paths, policy; paths = 0 } /policy=/ { match($0, /policy=.[a-z-]+/); policy = substr($0, RSTART + 8, RLENGTH - 8) }
			/active ready/ { paths++ } END { print paths, policy }' /tmp/said | paste -sd ' ')" "2 service-time 4 queue-length 4 round-robin" \
			"guide: ... with two paths, then four of each policy"
		works "guide: the targets are restored" test -d "$CFS/iser/$IQN/tpgt_1/np/198.51.100.1:3260"
		discover >/dev/null
		works "guide: all is cleared" targetctl clear ;;
	esac
done
multipath -F
multipathd shutdown >/dev/null
stop_initiator
works "the module unloads" iser-tgt-clear --unload
done_testing
