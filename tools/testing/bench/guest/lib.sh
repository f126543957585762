# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Peers with one disk, for the guest side of the measurements. Sourced. The scripts take their settings as arguments, NAME=VALUE.

for setting; do declare "$setting"; done
. /src/tools/testing/vm/guest/lib.sh
. /src/tools/testing/vm/guest/nvmet.sh
planned=1	# they print figures, not TAP

stop() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

# Under icount the clock advances to the next timer whenever the processor is idle, even while it waits for a disk of the host, so that a
# login times out at once. Keep the processor busy except during a measurement.
awake() {
	chrt --idle 0 bash -c 'while :; do :; done' &
	awake=$!
}
resting() {
	kill "$awake"
	wait "$awake" 2>/dev/null || true
}

declare -A PEER_IQN=([iser_tgt]=$IQN [ib_isert]=$IQN-isert) PEER_FABRIC=([iser_tgt]=iser [ib_isert]=iscsi) PEER_PORT=([iser_tgt]=3260 [ib_isert]=3261)

# Write all of it: on an empty brd, the first peer would pay for the allocation of its pages.
ram_disk() {
	modprobe brd rd_nr=1 rd_size=$(($1 * 1024)) || return
	dd if=/dev/urandom of=/tmp/random bs=1M count=8 status=none || return
	local at
	for ((at = 0; at < $1; at += 8)); do
		dd if=/tmp/random of=/dev/ram0 bs=1M seek="$at" oflag=direct status=none || return
	done
	rm /tmp/random
}

# iscsi_peer PEER : its target with the disk, enabled. Both peers export the same backstore.
iscsi_peer() {
	local FABRIC=${PEER_FABRIC[$1]} iqn=${PEER_IQN[$1]}
	load_target || return
	[ -d "$CFS/core/iblock_0/disk" ] || backstore disk brd 0 || return
	make_target "$iqn" disk && add_portal "$iqn" "$IP:${PEER_PORT[$1]}" && enable "$iqn"
}
peer_up() { case $1 in nvmet-rdma) nvmet_up /dev/ram0 ;; *) iscsi_peer "$1" ;; esac; }

# peer_connect PEER : logs in
peer_connect() {
	case $1 in
	nvmet-rdma) nvme_connect ;;
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
	nvmet-rdma) nvme_disconnect ;;
	*) logout "${PEER_IQN[$1]}" "$IP:${PEER_PORT[$1]}" ;;
	esac
}
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

# Remove everything that peer_up made, so that the modules can be unloaded.
peers_down() {
	local peer
	for peer in $PEERS; do
		case $peer in
		nvmet-rdma) nvmet_down || return ;;
		*) remove_target_of "$peer" || return ;;
		esac
	done
	[ ! -d "$CFS/core/iblock_0/disk" ] || remove_backstore disk
}
remove_target_of() {
	local FABRIC=${PEER_FABRIC[$1]}
	remove_target "${PEER_IQN[$1]}" && rmdir "$CFS/$FABRIC"
}

# load DEVICE BS read|write DEPTH IOS : one measured run of fio, its JSON to stdout. Without io_size it would stop at the size of the disk.
load() {
	fio --name=load --filename="$1" --direct=1 --ioengine=libaio --thread --bs="$2" --rw="rand$3" --iodepth="$4" --number_ios="$5" \
		--size="${DISK_MIB}M" --io_size=1T --randseed=1 --norandommap --randrepeat=1 --gtod_reduce=0 --output-format=json
}
DISK_MIB=128
