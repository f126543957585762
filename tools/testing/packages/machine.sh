# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Complete machines, for the tests in t/: the Debian of build-disk, booted with its own kernel and systemd, controlled by QEMU's guest agent.
# Sourced after lib.sh.

: "${work:?}" "${here:?}"
declare -A machine_pid

# machine NAME RELEASE CABLE listens|connects : boots the Debian of that kernel; the cable, a socket, connects it to the other machine
machine() {
	local name=$1 rel=$2 cable=$3 server=on mac=01 emulator disk
	[ "$4" = listens ] || server=off mac=02
	emulator=$(newer_qemu)
	disk=$(disk_of "$(suite_of "$rel")") || return
	# the disk is a temporary copy-on-write image, which exists as long as QEMU runs and so survives reboots
	# as in vm/vm: string instructions and five levels of page tables are what emulation is slowest at
	"$emulator" -nodefaults -no-user-config -display none -name "$name" -accel "tcg,thread=multi" -cpu max,-erms,-fsrm,-la57 -smp 2 -m 2048 \
		-kernel "$disk/vmlinuz-$rel" -initrd "$disk/initrd.img-$rel" \
		-append "root=/dev/vda rw console=ttyS0 panic=-1 oops=panic systemd.hostname=$name" \
		-drive "file=$disk/root.ext4,if=virtio,format=raw,snapshot=on,file.locking=off" \
		-virtfs "local,path=$TOP/build/deb,mount_tag=debs,security_model=none,readonly=on" \
		-netdev "stream,id=n,server=$server,addr.type=unix,addr.path=$cable" -device "virtio-net-pci,netdev=n,host_mtu=4200,mac=52:54:00:00:00:$mac" \
		-device virtio-serial-pci -chardev "socket,id=qga,path=$work/$name.agent,server=on,wait=off" \
		-device virtserialport,chardev=qga,name=org.qemu.guest_agent.0 -serial "file:$work/$name.console" </dev/null >"$work/$name.qemu" 2>&1 &
	machine_pid[$name]=$!
}
machines_off() {
	[ ${#machine_pid[@]} -eq 0 ] || kill -KILL "${machine_pid[@]}" 2>/dev/null
	wait 2>/dev/null
	machine_pid=()
}

# on NAME COMMAND... : in the machine, with standard input; LIMIT seconds (120)
on() {
	local name=$1
	shift
	"$here/agent" "$work/$name.agent" "${LIMIT:-120}" env LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive HOME=/root "$@"
}
# soon SECONDS NAME COMMAND... : until it succeeds there
soon() {
	local end=$((SECONDS + $1))
	shift
	until LIMIT=20 on "$@" </dev/null; do
		[ $SECONDS -lt $end ] || return 1
		sleep 1
	done
}
boot_id() { LIMIT=10 on "$1" cat /proc/sys/kernel/random/boot_id </dev/null; }
# up NAME [BOOT_ID] : has booted, and with another boot ID than this one
up() {
	local end=$((SECONDS + 400)) state
	while [ $SECONDS -lt $end ]; do
		if [ "$(boot_id "$1" 2>/dev/null || echo "${2:-}")" != "${2:-}" ]; then
			state=$(LIMIT=10 on "$1" systemctl is-system-running </dev/null)
			case $state in running|degraded) return ;; esac
		fi
		kill -0 "${machine_pid[$1]}" || return
		sleep 1
	done
	echo "not up: $state"
	tail -n 20 "$work/$1.console"
	return 1
}
reboot_it() {
	local before
	before=$(boot_id "$1") || return
	# the agent may be stopped before it answers
	LIMIT=10 on "$1" systemctl reboot </dev/null
	up "$1" "$before"
}
# Adds a soft RoCE device when the network is configured, as the driver of a real device would.
soft_roce() {
	on "$1" sh -e <<-ENDS
		cat >/etc/systemd/network/10-lan.network <<-END
			[Match]
			Name=en*
			[Network]
			Address=$2/24
			LinkLocalAddressing=no
		END
		cat >/etc/systemd/system/soft-roce.service <<-END
			[Unit]
			Wants=rdma-hw.target
			Before=rdma-hw.target
			After=systemd-networkd-wait-online.service
			[Service]
			Type=oneshot
			RemainAfterExit=yes
			ExecStart=/bin/sh -c 'modprobe rdma_rxe && cd /sys/class/net && rdma link add rxe0 type rxe netdev en*'
			[Install]
			WantedBy=multi-user.target
		END
		systemctl -q enable --now systemd-networkd.service systemd-networkd-wait-online.service
		systemctl -q enable --now soft-roce.service
		rdma link show | grep -q ACTIVE
	ENDS
}
