#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Documentation/high-availability.md from two bare servers to a file system that survives a power cut: its files are written as they stand there, its
# commands run in order. What stands in for what a guest does not have: apt finds the packages installed, systemctl starts the programs, scp copies by the
# shared directory, and fence_ipmilan cuts the power of a guest. What emulation makes necessary, longer time limits, is added to the files (for_the_lab).
# by name: make ha runs it; three guests take minutes to form a cluster
# processors: 1

roles="initiator a b"
seconds=3600
machine="--packages ha --mem 1024 --between a-b --paced"
set -- --disks "a:32 a:80 a:32 b:32 b:80 b:32" "$@"
. "$(dirname "$0")/../in-guest"
NET=192.0.2 BETWEEN=198.51.100 IQN=iqn.2026-01.com.example:disk FABRIC=iser
# shellcheck source=tools/testing/vm/guest/ha.sh
. /src/tools/testing/vm/guest/ha.sh
DOC=/src/Documentation/high-availability.md
echo 0 >/proc/sys/kernel/hung_task_timeout_secs
/src/tools/testing/blocks $DOC /tmp/block >/tmp/blocks

# --- what stands in ---

apt() {
	local package
	for package in "${@:2}"; do
		case $package in
		./*.deb|linux-headers-*) ;;
		*) dpkg-query -W "$package" || return ;;
		esac
	done
}
systemctl() {
	local unit
	for unit in "${@:2}"; do
		case "$1 $unit" in
		'disable --now'|'disable rtslib-fb-targetctl.service') ;;
		'enable '*) mkdir -p /mnt/own/enabled && touch "/mnt/own/enabled/$unit" ;;
		'restart corosync') corosync_runs ;;
		'restart pacemaker') pacemaker_runs ;;
		'restart iscsid') run_iscsid ;;
		'restart multipathd') multipath_runs ;;
		*) echo "systemctl $*?"; return 1 ;;
		esac || return
	done
}
scp() { [ "$1" = -p ] && cp -p "$2" /scratch/copy && echo "${3#*:}" >/scratch/copy-to; }
initiator_hardware() { INITIATOR=unknown start_initiator && wait_for 10 "the end of iscsid" iscsid_ends; }

# --- a gateway ---

# steps LINE : the commands of that block, in a shell that ends where one fails
steps() {
	# shellcheck disable=SC2046 # words
	export -f $(compgen -A function)
	export HERE LAB NAME NET BETWEEN FABRIC IQN
	cd /root && bash -ec ". /tmp/block/$1"
}
# written LINE PATH
written() { mkdir -p "$(dirname "/root/$2")" "$(dirname "$2")" && cd /root && cp "/tmp/block/$1" "$2" && for_the_lab "$2"; }
for_the_lab() {
	case $1 in
	*/corosync.conf) sed -i 's/^totem {/&\n    token: 30000/' "$1" ;;
	*/r0.res) sed -i 's/^resource r0 {/&\n    net { ping-int 15; ping-timeout 100; timeout 120; connect-int 15; }/' "$1" ;;
	gateway.crm) sed -i 's/^property /&load-threshold=10000% stonith-timeout=300s node-action-limit=8 /; $a op_defaults timeout=300s' "$1" ;;
	esac
}
copied() { cp -p /scratch/copy "$(cat /scratch/copy-to)/authkey" && rm /scratch/copy; }
bare_gateway() {
	first=
	gateway_hardware
	cp -a /dev/vdc /dev/sdb1 && cp -a /dev/vdd /dev/sdb2
	mkdir -p /etc/iser-tgt /var/lib/drbd
	own_state /var/lib/{pacemaker,corosync,drbd} /etc/{corosync,drbd.d,iser-tgt} || bail "$NAME: no disk"
	touch /mnt/own/hosts && mount --bind /mnt/own/hosts /etc/hosts
	[ -z "$first" ] || echo '127.0.0.1 localhost' >/etc/hosts
	mkdir -p /run/drbd && modprobe drbd
	mv /usr/sbin/fence_ipmilan /usr/sbin/fence_ipmilan.real
	# shellcheck disable=SC2016 # for that script
	printf '%s\n' '#!/bin/sh' 'in=$(cat)' 'case $in in *metadata*|*meta-data*) exec /usr/sbin/fence_ipmilan.real -o metadata ;; esac' \
		"printf '%s\n' \"\$in\" | exec $LAB/fence_lab" >/usr/sbin/fence_ipmilan
	chmod +x /usr/sbin/fence_ipmilan
	target_modules || bail "$NAME: no target"
	if [ -e /mnt/own/enabled/pacemaker ]; then systemctl restart corosync pacemaker || bail "$NAME: no cluster"; fi
	touch "$HERE/up"
	serve
	pkill pacemakerd
	wait_for 120 "the end of Pacemaker" gone_process pacemakerd
	corosync-cfgtool -H >/dev/null
	wait_for 20 "the end of corosync" gone_process corosync
	drbdadm down r0
	umount /etc/hosts /etc/{corosync,drbd.d,iser-tgt} /var/lib/{pacemaker,corosync,drbd} /mnt/own
	iser_tgt_gone
	planned=1
}
gone_process() { ! pgrep -x "$1"; }

if [ "$NAME" != initiator ]; then
	bare_gateway
	exit
fi

# --- the reader ---

# what the document tells the reader to wait for
service() { seldom 300 "the service" active; }
cut_power() {
	local gateway
	gateway=$(active) || return
	touch "/scratch/kill-$gateway"
	wait_for 20 "the power cut" [ -e "/scratch/killed-$gateway" ] || return
	rm -f "/scratch/$gateway/up"
	note "gateway $gateway has no power"
}
# the first command of a block
title() { head -n 1 "/tmp/block/$1"; }
# on_all WHERE TEXT COMMAND...
on_all() {
	local where=$1 text=$2 gateway
	shift 2
	for gateway in ${where/both/a b}; do
		if LIMIT=600 on "$gateway" "$@"; then ok "$gateway: $text"; else not_ok "$gateway: $text" "$(cat /tmp/out)"; bail "the document does not work"; fi
	done
}

touch /scratch/start-b
switch_up || bail "no switch"
works "an initiator" initiator_hardware || bail "no initiator"
wait_for 180 "gateway a" gateway_up a && wait_for 180 "gateway b" gateway_up b || bail "no gateways"
while read -r line what; do
	where=${what##* on } path=${what#file: }
	path=${path% on *}
	case $what in
	'run: both'|'run: a')
		where=${what#run: }
		case $(title "$line") in
		'crm configure '*) seldom 120 "two gateways" both_online a ;;
		'crm '*) service && seldom 300 "two gateways" both_online a && seldom 240 "the same data on both" both_current ;;
		esac
		on_all "$where" "$line $(title "$line")" steps "$line"
		[ ! -e /scratch/copy ] || on b copied ;;
	'file: '*' on initiator') works "initiator: $line $path" written "$line" "$path" ;;
	'file: '*) on_all "$where" "$line $path" written "$line" "$path" ;;
	'run: initiator'*)
		case $what in *'after a power cut') works "the plug is pulled" cut_power ;; esac
		service || bail "no service" "$(on a how_it_is; cat /tmp/out)"
		[ "$(title "$line")" != 'multipath -ll' ] || wait_for 60 "a disk" [ -e /dev/mapper/360014057c1e4f2a0b6d4e579a3f1d2c3 ]
		works "initiator: $line $(title "$line")" steps "$line" || bail "the document does not work" "$(tail -n 5 "$HERE/multipathd.log")" ;;
	'not run: '*) ;;
	*) not_ok "$line is marked" "$what" ;;
	esac
done </tmp/blocks
is "$(active)" b "in the end the other gateway serves"
works "both gateways are well" seldom 60 "two gateways" both_online a
is "$(dmesg | grep -E 'EXT4-fs (error|warning)|Buffer I/O error on dev dm|Remounting|Aborting')" "" "no error reached the file system"
umount /mnt/disk
multipath -F
iscsiadm -m node -U all >/dev/null
pkill iscsid
pkill multipathd
on a crm_resource --resource gateway --set-parameter target-role --meta --parameter-value Stopped
seldom 120 "the end of the service" eval '! active'
done_testing
