# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Peers of one disk, for the guest's side of the measurements. Sourced. The scripts take their settings as arguments, NAME=VALUE.

for setting; do declare "$setting"; done
. /src/tools/testing/vm/guest/lib.sh
planned=1	# they print figures, not TAP

stop() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

# Under icount the clock leaps to the next timer whenever the processor has nothing to do, also while it waits for a disk of the host, and
# a login then times out in no time. So something is kept running except while a measurement is made.
awake() {
	chrt --idle 0 bash -c 'while :; do :; done' &
	awake=$!
}
resting() {
	kill "$awake"
	wait "$awake" 2>/dev/null || true
}

NQN=nqn.2026-01.org.example:disk
declare -A PEER_IQN=([iser_tgt]=$IQN [ib_isert]=$IQN-isert) PEER_FABRIC=([iser_tgt]=iser [ib_isert]=iscsi) PEER_PORT=([iser_tgt]=3260 [ib_isert]=3261)

# Written in full: on an empty brd whoever comes first pays for its pages.
ram_disk() {
	modprobe brd rd_nr=1 rd_size=$(($1 * 1024)) || return
	dd if=/dev/urandom of=/tmp/random bs=1M count=8 status=none || return
	local at
	for ((at = 0; at < $1; at += 8)); do
		dd if=/tmp/random of=/dev/ram0 bs=1M seek="$at" oflag=direct status=none || return
	done
	rm /tmp/random
}

# iscsi_peer PEER : its target with the disk, enabled. Both of them export one backstore.
iscsi_peer() {
	local FABRIC=${PEER_FABRIC[$1]} iqn=${PEER_IQN[$1]}
	load_target || return
	[ -d "$CFS/core/iblock_0/disk" ] || backstore disk brd 0 || return
	make_target "$iqn" disk && add_portal "$iqn" "$IP:${PEER_PORT[$1]}" && enable "$iqn"
}
nvmet_peer() {
	local top=/sys/kernel/config/nvmet
	modprobe nvme_core multipath=N && modprobe -a nvmet-rdma nvme-rdma || return
	mkdir -p "$top/subsystems/$NQN/namespaces/1" || return
	echo 1 >"$top/subsystems/$NQN/attr_allow_any_host"
	echo -n /dev/ram0 >"$top/subsystems/$NQN/namespaces/1/device_path"
	echo 1 >"$top/subsystems/$NQN/namespaces/1/enable" || return
	mkdir "$top/ports/1" || return
	echo rdma >"$top/ports/1/addr_trtype"
	echo ipv4 >"$top/ports/1/addr_adrfam"
	echo "$IP" >"$top/ports/1/addr_traddr"
	echo 4420 >"$top/ports/1/addr_trsvcid"
	ln -s "$top/subsystems/$NQN" "$top/ports/1/subsystems/$NQN"
}
peer_up() { case $1 in nvmet-rdma) nvmet_peer ;; *) iscsi_peer "$1" ;; esac; }

# peer_connect PEER : logs in
peer_connect() {
	case $1 in
	nvmet-rdma)
		# no keep-alive in the time of a run
		echo "nqn=$NQN,transport=rdma,traddr=$IP,trsvcid=4420,nr_io_queues=1,keep_alive_tmo=86400" >/dev/nvme-fabrics ;;
	*)
		local portal=$IP:${PEER_PORT[$1]} iqn=${PEER_IQN[$1]}
		if ! iscsiadm -m node -T "$iqn" -p "$portal" >/dev/null 2>&1; then
			discover "$portal" || return
			iscsiadm -m node -T "$iqn" -o update -n 'node.conn[0].timeo.noop_out_interval' -v 0 || return
			iscsiadm -m node -T "$iqn" -o update -n 'node.conn[0].timeo.noop_out_timeout' -v 0 || return
		fi
		login "$iqn" "$portal" ;;
	esac
}
peer_disconnect() {
	case $1 in
	nvmet-rdma)
		local dir
		for dir in /sys/class/nvme/nvme*; do echo 1 >"$dir/delete_controller" || return; done
		wait_for 20 "the nvme controller to go" no_nvme ;;
	*) logout "${PEER_IQN[$1]}" "$IP:${PEER_PORT[$1]}" ;;
	esac
}
no_nvme() { ! compgen -G '/sys/class/nvme/nvme*' >/dev/null; }

# peer_disk PEER : its block device, ready, without a scheduler
peer_disk() {
	local dev
	case $1 in
	nvmet-rdma)
		wait_for 20 "the nvme disk" nvme_ready || return
		dev=$(basename /sys/class/block/nvme*n1)
		dev=/dev/$dev ;;
	*) dev=$(disk "${PEER_IQN[$1]}") || return ;;
	esac
	echo none >"/sys/block/${dev#/dev/}/queue/scheduler"
	echo "$dev"
}
nvme_ready() { compgen -G '/sys/class/block/nvme*n1' >/dev/null && [ -b "/dev/$(basename /sys/class/block/nvme*n1)" ]; }

# All that peer_up made, so that the modules can go.
peers_down() {
	local peer top=/sys/kernel/config/nvmet
	for peer in $PEERS; do
		case $peer in
		nvmet-rdma)
			rm "$top/ports/1/subsystems/$NQN" && rmdir "$top/ports/1" "$top/subsystems/$NQN/namespaces/1" "$top/subsystems/$NQN" || return ;;
		*) remove_target_of "$peer" || return ;;
		esac
	done
	[ ! -d "$CFS/core/iblock_0/disk" ] || remove_backstore disk
}
remove_target_of() {
	local FABRIC=${PEER_FABRIC[$1]}
	remove_target "${PEER_IQN[$1]}" && rmdir "$CFS/$FABRIC"
}

# load DEVICE BS read|write DEPTH IOS : one measured run of fio, its JSON to stdout. Without io_size it ends after as much as the disk has.
load() {
	fio --name=load --filename="$1" --direct=1 --ioengine=libaio --thread --bs="$2" --rw="rand$3" --iodepth="$4" --number_ios="$5" \
		--size="${DISK_MIB}M" --io_size=1T --randseed=1 --norandommap --randrepeat=1 --gtod_reduce=0 --output-format=json
}
DISK_MIB=128
