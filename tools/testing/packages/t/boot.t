#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two machines as they come from Debian, each booted with its own kernel and systemd, soft RoCE between them, once per kernel: the packages
# by apt, DKMS builds the module in there; a target by targetcli, with CHAP, ACL and discovery_auth, beside one over TCP; saved, over
# reboots of either side; a fenced initiator stays fenced; cleared, restored; saved and restored where there is no module; removed by apt without a trace. KVER, where it is run by itself: only that kernel.
# by name: the machines are emulated, and one compiles
# shellcheck disable=SC2016 # commands for the machines

. "$(dirname "$0")/../lib.sh"
# shellcheck source=tools/testing/packages/machine.sh
. "$here/machine.sh"
# shellcheck source=tools/testing/vm/kernel-log.sh
. "$VM_DIR/kernel-log.sh"

works "make deb" make -s -C "$TOP" deb || bail "no packages"
clean_up() { machines_off; rm -rf "$work"; }
iqn=iqn.2026-01.org.example:disk
tcp=iqn.2026-01.org.example:tcp
saved=/etc/rtslib-fb-target/saveconfig.json

server() { on server "$@"; }
initiator() { on initiator "$@"; }
ours() { server sh -c "find /usr /etc /var/lib /run /lib/modules/ \( -iname '*iser_tgt*' -o -iname '*iser-tgt*' \) | sort" </dev/null || echo "no answer"; }
# tc TEXT command... : one command a line
tc() {
	local text=$1
	shift
	printf '%s\n' "$@" | server targetcli 2>&1 | grep -v 'Could not load preferences' >"$work/tc"
	if [ "${PIPESTATUS[1]}" -eq 0 ] && ! grep -qiE 'error|cannot|could not|traceback|invalid|no such|failed|unexpected' "$work/tc"; then ok "$text"; else
		not_ok "$text" "$(cat "$work/tc")"
	fi
}
config() { server cat "$saved" </dev/null | "$here/../in-order"; }
same_config() { config >"$work/now.json" && diff "$work/first.json" "$work/now.json"; }
logged_in() { soon 60 initiator sh -c 'grep -qs LOGGED_IN /sys/class/iscsi_session/session*/state'; }
# open-iscsi gives up a session after a login response "target not found".
back_again() {
	logged_in || { initiator sh -c "umount -l /mnt/disk; iscsiadm -m node -T $iqn --login && udevadm settle && mount /mnt/disk" </dev/null; }
}
# reserve VERB DEVICE NUMBER... : an ioctl of linux/pr.h, with the numbers of its structure
reserve() {
	initiator python3 - "$@" <<-'ENDS'
		import fcntl, struct, sys
		verb, path, *numbers = sys.argv[1:]
		number, layout = {"register": (200, "QQII"), "reserve": (201, "QII"), "preempt": (204, "QQII"), "clear": (205, "QII")}[verb]
		data = bytearray(struct.pack(layout, *(int(n, 0) for n in numbers)))
		with open(path, "r+b", buffering=0) as disk:
		    # the status of the command, if it is not GOOD
		    status = fcntl.ioctl(disk, 1 << 30 | len(data) << 16 | ord("p") << 8 | number, data)
		sys.exit(f"{verb}: {status}" if status else 0)
	ENDS
}
# disk_of_host NAME : the disk of that initiator's session
disk_of_host() {
	initiator sh -c 'for s in /sys/class/iscsi_session/session*; do
		[ "$(cat $s/initiatorname)" != "$1" ] || ! [ "$(cat $s/state)" = LOGGED_IN ] || basename $s/device/target*/*:0/block/sd*; done' sh "$1" </dev/null
}
# writes NAME : its first block, as it is
writes() { initiator sh -ec 'dd if=/dev/$1 of=/root/block bs=4k count=1 iflag=direct; dd if=/root/block of=/dev/$1 bs=4k count=1 oflag=direct conv=notrunc' sh "$(disk_of_host "$1")" </dev/null; }
two_disks() { soon 90 initiator sh -c '[ $(grep -ls LOGGED_IN /sys/class/iscsi_session/session*/state | wc -l) -eq 2 ]' && initiator udevadm settle </dev/null; }
its_data() { initiator sh -c 'echo 3 >/proc/sys/vm/drop_caches; cd /mnt/disk && sha256sum -c sum' </dev/null; }

one_kernel() {
	local rel=$1 name other k found daemon
	note "kernel $rel"
	machine server "$rel" "$work/cable" listens || bail "no Debian"
	until [ -S "$work/cable" ]; do
		kill -0 "${machine_pid[server]}" || bail "QEMU does not start" "$(cat "$work/server.qemu")"
		sleep 0.1
	done
	machine initiator "$rel" "$work/cable" connects
	works "server: Debian boots" up server || bail "no server" "$(tail -n 5 "$work/server.console")"
	is "$(server uname -r </dev/null)" "$rel" "... with its own kernel"
	works "initiator: boots" up initiator || bail "no initiator" "$(tail -n 5 "$work/initiator.console")"
	works "server: a card" soft_roce server 192.0.2.1 || bail "no network"
	works "initiator: a card" soft_roce initiator 192.0.2.2 || bail "no network"

	# --- installed ---
	is "$(ours)" "" "a machine that knows nothing of us"
	server mkdir -p /debs </dev/null && server mount -t 9p -o trans=virtio,version=9p2000.L debs /debs </dev/null || bail "no packages"
	works "targetclid runs" server systemctl start targetclid.service </dev/null
	daemon=$(server systemctl show -p MainPID --value targetclid.service </dev/null)
	SECONDS=0
	LIMIT=5400 works "apt install the packages of this machine" server sh -c 'cd /debs && apt-get -q -y --no-install-recommends install ./iser-tgt-dkms_*.deb ./iser-tgt-tools_*.deb' </dev/null || bail "not installed"
	note "$SECONDS s, most of them DKMS's"
	is "$(server modinfo -F filename iser_tgt </dev/null | sed 's/\.xz$//')" "/lib/modules/$rel/updates/dkms/iser_tgt.ko" "DKMS has built the module"
	works "... and it runs" server test -d /sys/module/iser_tgt </dev/null
	# a daemon started before the installation does not know /iser
	works "targetclid has begun again" server sh -c "systemctl is-active targetclid.service && [ \$(systemctl show -p MainPID --value targetclid.service) != $daemon ]" </dev/null
	works "... and ends" server systemctl stop targetclid.service targetclid.socket </dev/null

	# --- from an empty machine to a mounted disk ---
	name=$(initiator sed -n 's/^InitiatorName=//p' /etc/iscsi/initiatorname.iscsi </dev/null)
	other=$name.other
	server truncate -s 64M /var/disk.img /var/tcp.img </dev/null
	tc "a target by targetcli" "/backstores/fileio create disk /var/disk.img" "/iser create $iqn" \
		"/iser/$iqn/tpg1/luns create /backstores/fileio/disk" "/iser/$iqn/tpg1/acls create $name" \
		"/iser/$iqn/tpg1/acls/$name set auth userid=host-name password=host-secret-1" \
		"/iser/$iqn/tpg1/acls create $other" "/iser/$iqn/tpg1/acls/$other set auth userid=host-name password=host-secret-1" \
		"/iser/$iqn/tpg1 set attribute authentication=1" \
		"/iser set discovery_auth userid=disc-name password=disc-secret-1 enable=1"
	tc "... and one over TCP beside it" "/backstores/fileio create tcp /var/tcp.img" "/iscsi create $tcp" \
		"/iscsi/$tcp/tpg1/luns create /backstores/fileio/tcp" "/iscsi/$tcp/tpg1/acls create $name"
	tc "saveconfig" saveconfig
	config >"$work/first.json"
	like "$(cat "$work/first.json")" '"fabric": "iser"' "... has the target"
	like "$(server iser-tgt-doctor </dev/null)" 'nothing is wrong' "the doctor finds nothing"
	initiator sh -e <<-'ENDS'
		cat >>/etc/iscsi/iscsid.conf <<-END
			discovery.sendtargets.auth.authmethod = CHAP
			discovery.sendtargets.auth.username = disc-name
			discovery.sendtargets.auth.password = disc-secret-1
			node.session.auth.authmethod = CHAP
			node.session.auth.username = host-name
			node.session.auth.password = host-secret-1
			node.startup = automatic
		END
		modprobe ib_iser
		systemctl restart iscsid.service
	ENDS
	works "initiator: discovery" initiator iscsiadm -m discovery -t st -p 192.0.2.1 -I iser </dev/null
	works "initiator: login" initiator iscsiadm -m node -T $iqn -p 192.0.2.1 -I iser --login </dev/null || bail "no session"
	works "initiator: a file system on the disk" initiator sh -e <<-'ENDS' || bail "no disk"
		udevadm settle
		disk=$(readlink -f /dev/disk/by-path/ip-192.0.2.1:3260-iscsi-*-lun-0)
		mkfs.ext4 -q "$disk"
		mkdir /mnt/disk
		echo "UUID=$(blkid -s UUID -o value "$disk") /mnt/disk ext4 _netdev,nofail 0 0" >>/etc/fstab
		systemctl daemon-reload
		mount /mnt/disk
		cd /mnt/disk
		dd if=/dev/urandom of=data bs=64k count=64
		sha256sum data >sum
		sync
	ENDS
	tc "sessions detail" "sessions detail"
	like "$(cat "$work/tc")" "name: $name" "... has the initiator"
	like "$(cat "$work/tc")" "192.0.2.2.*RDMA" "... and its address"

	# --- reboots ---
	works "server: reboots" reboot_it server || bail "no server"
	works "the targets are back" server test -d "/sys/kernel/config/target/iser/$iqn/tpgt_1/np/0.0.0.0:3260" -a \
		-d "/sys/kernel/config/target/iscsi/$tcp/tpgt_1/np/0.0.0.0:3260" </dev/null
	works "the initiator finds its disk without a hand" logged_in
	works "... and its data" its_data
	works "initiator: reboots" reboot_it initiator || bail "no initiator"
	works "it finds its disk without a hand" logged_in
	works "... its file system is mounted" soon 60 initiator mountpoint -q /mnt/disk
	works "... with its data" its_data

	# --- fencing, over a reboot and a reload of the server ---
	works "initiator: a second one on the same machine" initiator sh -ec "
		iscsiadm -m iface -I other -o new
		iscsiadm -m iface -I other -o update -n iface.transport_name -v iser
		iscsiadm -m iface -I other -o update -n iface.initiatorname -v $other
		iscsiadm -m node -o new -T $iqn -p 192.0.2.1:3260,1 -I other
		iscsiadm -m node -T $iqn -p 192.0.2.1 -I other --login" </dev/null
	works "... with a disk of its own" two_disks
	works "both register" reserve register "/dev/$(disk_of_host "$name")" 0 0xaaaa 1 0
	works "..." reserve register "/dev/$(disk_of_host "$other")" 0 0xbbbb 1 0
	works "one reserves for those that are registered" reserve reserve "/dev/$(disk_of_host "$name")" 0xaaaa 3 0
	works "the other one writes" writes "$other"
	works "it is fenced" reserve preempt "/dev/$(disk_of_host "$name")" 0xaaaa 0xbbbb 3 0
	fails "... and writes no more" writes "$other"
	works "the other one does" writes "$name"
	for k in "systemctl reboot" iser-tgt-reload; do
		if [ "$k" = iser-tgt-reload ]; then works "server: reloads" server iser-tgt-reload </dev/null; else works "server: reboots" reboot_it server || bail "no server"; fi
		works "both are back" two_disks
		fails "after $k the fenced one does not write" writes "$other"
		works "... and the other one does" writes "$name"
	done
	works "the reservation is cleared" reserve clear "/dev/$(disk_of_host "$name")" 0xaaaa 0 0
	works "initiator: the second one leaves" initiator sh -c "iscsiadm -m node -T $iqn -I other --logout && iscsiadm -m node -T $iqn -I other -o delete" </dev/null
	works "its data" its_data

	# --- cleared and restored ---
	tc "saveconfig again" saveconfig
	works "the same" same_config
	# targetcli saves when it exits, even an empty configuration
	server cp "$saved" /root/mine.json </dev/null
	tc "clearconfig" "clearconfig confirm=True"
	is "$(server sh -c 'ls /sys/kernel/config/target/iser /sys/kernel/config/target/iscsi 2>/dev/null | grep iqn' </dev/null)" "" "nothing is left"
	tc "restoreconfig" "restoreconfig /root/mine.json"
	works "the initiator finds its disk" back_again
	works "... and its data" its_data
	tc "saveconfig" saveconfig
	works "the same" same_config

	# --- restored and saved without the module, as on a kernel for which DKMS could not build it ---
	works "initiator: unmounted, logged out" initiator sh -c 'umount /mnt/disk && iscsiadm -m node -U all' </dev/null
	LIMIT=300 works "a machine without the module" server sh -ec "systemctl stop rtslib-fb-targetctl.service; iser-tgt-clear --unload
		mv /lib/modules/$rel/updates/dkms/iser_tgt.ko* /root/; depmod; systemctl start rtslib-fb-targetctl.service" </dev/null
	works "... restores the target over TCP" server test -d "/sys/kernel/config/target/iscsi/$tcp/tpgt_1/np/0.0.0.0:3260" </dev/null
	works "... and nothing else" server test ! -e /sys/kernel/config/target/iser -a ! -e /sys/module/iser_tgt </dev/null
	like "$(server iser-tgt-doctor </dev/null)" "PROBLEM: there is no module iser_tgt for the running kernel, ${rel/+/[+]}" "the doctor says why"
	tc "saveconfig" saveconfig
	works "... loses nothing" same_config
	LIMIT=300 works "the module is back" server sh -ec "mv /root/iser_tgt.ko* /lib/modules/$rel/updates/dkms/; depmod
		systemctl restart rtslib-fb-targetctl.service" </dev/null
	works "... and so are the targets" server test -d "/sys/kernel/config/target/iser/$iqn/tpgt_1/np/0.0.0.0:3260" -a \
		-d "/sys/kernel/config/target/iscsi/$tcp/tpgt_1/np/0.0.0.0:3260" </dev/null
	works "the initiator has its disk" back_again
	works "... and its data" its_data
	tc "saveconfig" saveconfig
	works "the same" same_config

	# --- removed ---
	fails "apt remove while the initiator is logged in" server apt-get -q -y remove iser-tgt-dkms </dev/null
	like "$(cat "$OUT")" "logged in: $name" "... says who"
	works "initiator: unmounted, logged out" initiator sh -c 'umount /mnt/disk && iscsiadm -m node -U all' </dev/null
	LIMIT=300 works "apt purge" server apt-get -q -y purge iser-tgt-dkms iser-tgt-tools </dev/null
	works "no module any more" server test ! -d /sys/module/iser_tgt </dev/null
	is "$(ours)" "" "nothing is left behind"
	like "$(server ls /sys/kernel/config/target/iscsi </dev/null)" "$tcp" "the target over TCP is"
	tc "saved without us" saveconfig
	for k in server initiator; do
		works "$k: its kernel's log" "$k" journalctl -k -o cat --no-pager </dev/null
		found=$(without_known '' <"$OUT" | grep -E -m 1 -A 8 "$dirt")
		is "$found" "" "$k: kernel log is clean"
	done
	machines_off
	rm -f "$work"/cable "$work"/*.agent
}

for k in ${KVER:-$(known_lines | grep -vE '^(testing|sid|debug)$')}; do one_kernel "$(kernel_release "$k")"; done
done_testing
