# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Peers with one disk, for the guest side of the measurements. Sourced. The scripts take their settings as arguments, NAME=VALUE.

for setting; do declare "$setting"; done
. /src/tools/testing/vm/guest/lib.sh
. /src/tools/testing/vm/guest/nvmet.sh
. /src/tools/testing/vm/guest/patched-core.sh
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

# ib_isert and iSCSI over TCP are portals of one fabric, iscsi_target_mod.
declare -A PEER_IQN=([iser_tgt]=$IQN [ib_isert]=$IQN-isert [iscsi-tcp]=$IQN-tcp) PEER_FABRIC=([iser_tgt]=iser [ib_isert]=iscsi [iscsi-tcp]=iscsi)
declare -A PEER_PORT=([iser_tgt]=3260 [ib_isert]=3261 [iscsi-tcp]=3262) PEER_TRANSPORT=([iser_tgt]=iser [ib_isert]=iser [iscsi-tcp]=tcp)
SRP_PORT=5555
declare -A dev=()
# commands a session may have in flight, with every peer, as nvme's queues have; empty: each peer's own default
WINDOW=${WINDOW-128}

# chosen_core : CORE=patched is the target core with the patches for it
chosen_core() {
	case ${CORE:-} in
	'') ;;
	patched) wait_for 20 "the core's modules to go" no_core && load_patched_core && core_is_patched ;;
	*) false ;;
	esac
}
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

# backstore of all SCSI peers
the_disk() { [ -d "$CFS/core/iblock_0/disk" ] || backstore disk brd 0; }

# iscsi_peer PEER : its target with the disk, enabled
iscsi_peer() {
	local FABRIC=${PEER_FABRIC[$1]} iqn=${PEER_IQN[$1]} np
	load_target && the_disk && make_target "$iqn" disk || return
	[ -z "$WINDOW" ] || echo "$WINDOW" >"$(tpg "$iqn")/attrib/default_cmdsn_depth" || return
	np=$IP:${PEER_PORT[$1]}
	case ${PEER_TRANSPORT[$1]} in
	tcp) mkdir "$(tpg "$iqn")/np/$np" || return ;;
	*) add_portal "$iqn" "$np" || return ;;
	esac
	enable "$iqn"
}

# srpt names a port by the lower half of its first GID, and admits the initiators that have an ACL.
srp_port() { sed 's/^fe80:0000:0000:0000://' "/sys/class/infiniband/rxe-lan0/ports/1/gids/0"; }
srpt_up() {
	local port dir
	modprobe ib_srpt && the_disk && port=$(srp_port) && mkdir "$CFS/srpt" || return
	echo $SRP_PORT >"$CFS/srpt/discovery_auth/rdma_cm_port" || return
	dir=$CFS/srpt/$port/$port
	mkdir "$CFS/srpt/$port" && mkdir "$dir" && mkdir "$dir/lun/lun_0" && ln -s "$(backstore_dir disk)" "$dir/lun/lun_0/disk" || return
	mkdir "$dir/acls/$IP" "$dir/acls/$IP/lun_0" && ln -s "$dir/lun/lun_0" "$dir/acls/$IP/lun_0/lun_0" && echo 1 >"$dir/enable"
}
srpt_down() {
	local port dir
	port=$(srp_port)
	dir=$CFS/srpt/$port/$port
	echo 0 >"$dir/enable" && rm "$dir/acls/$IP/lun_0/lun_0" && rmdir "$dir/acls/$IP/lun_0" "$dir/acls/$IP" && rm "$dir/lun/lun_0/disk" &&
		rmdir "$dir/lun/lun_0" "$dir" "$CFS/srpt/$port" "$CFS/srpt"
}
# srp_connect N : sessions differ in the extension of the initiator's name
srp_connect() {
	local guid i
	modprobe ib_srp ch_count=1 || return
	guid=$(cat /sys/module/ib_srpt/parameters/srpt_service_guid)
	guid=${guid#0x}
	for ((i = 1; i <= $1; i++)); do
		printf 'id_ext=%s,ioc_guid=%s,initiator_ext=%016x,src=%s,dest=%s:%s,queue_size=%s' "$guid" "$guid" $i "$IP" "$IP" $SRP_PORT "$WINDOW" \
			>/sys/class/infiniband_srp/srp-rxe-lan0-1/add_target || return
	done
}
srp_disconnect() {
	local port
	for port in /sys/class/srp_remote_ports/*; do echo 1 >"$port/delete" || return; done
	wait_for 60 "the removal of the SRP ports" no_srp
}
no_srp() { ! compgen -G '/sys/class/srp_remote_ports/*' >/dev/null; }

peer_up() {
	case $1 in
	nvmet-rdma) nvmet_up /dev/ram0 ;;
	srpt) srpt_up ;;
	*) iscsi_peer "$1" ;;
	esac
}

# peer_connect PEER [N] : logs in, N sessions of one machine
peer_connect() {
	local n=${2:-1} i
	case $1 in
	nvmet-rdma)
		# a controller for each host
		for ((i = 1; i <= n; i++)); do
			printf 'nqn=%s,transport=rdma,traddr=%s,trsvcid=4420,nr_io_queues=1,queue_size=%s,keep_alive_tmo=86400,hostnqn=%s,hostid=%s' \
				"$NQN" "$IP" "$WINDOW" "nqn.2026-01.org.example:host$i" "$(printf '00000000-0000-4000-8000-%012d' $i)" >/dev/nvme-fabrics || return
		done ;;
	srpt) srp_connect "$n" ;;
	*) iscsi_connect "$1" "$n" ;;
	esac
}
iscsi_connect() {
	local portal=$IP:${PEER_PORT[$1]} iqn=${PEER_IQN[$1]} transport=${PEER_TRANSPORT[$1]} option
	if ! iscsiadm -m node -T "$iqn" -p "$portal" >/dev/null 2>&1; then
		[ "$transport" != tcp ] || transport=default
		iscsiadm -m node -T "$iqn" -p "$portal" -I "$transport" -o new || return
	fi
	for option in 'conn[0].timeo.noop_out_interval=0' 'conn[0].timeo.noop_out_timeout=0' session.queue_depth=$WINDOW session.cmds_max=$((2 * WINDOW)) \
			"session.nr_sessions=$2"; do
		iscsiadm -m node -T "$iqn" -p "$portal" -o update -n "node.${option%%=*}" -v "${option#*=}" || return
	done
	iscsiadm -m node -T "$iqn" -p "$portal" --login
}
peer_disconnect() {
	case $1 in
	nvmet-rdma) nvme_disconnect ;;
	srpt) srp_disconnect ;;
	*) iscsiadm -m node -T "${PEER_IQN[$1]}" -p "$IP:${PEER_PORT[$1]}" --logout ;;
	esac
}
# names_of PEER : the block devices of its sessions that are ready
names_of() {
	local host dev session
	case $1 in
	nvmet-rdma) for dev in /sys/class/block/nvme*n1; do echo "$dev"; done ;;
	srpt) for host in /sys/class/srp_host/host*; do echo "$host"/device/target*/*:0/block/sd*; done ;;
	*)
		for session in /sys/class/iscsi_session/session*; do
			[ "$(cat "$session/targetname" 2>/dev/null)" != "${PEER_IQN[$1]}" ] || echo "$session"/device/target*/*:0/block/sd*
		done ;;
	esac | while read -r dev; do
		dev=${dev##*/}
		if [ -b "/dev/$dev" ] && [ "$(cat "/sys/block/$dev/size")" -gt 0 ]; then echo "$dev"; fi
	done
}
has_disks() { [ "$(names_of "$1" | wc -l)" -eq "$2" ]; }
# peer_disks PEER [N] : its N block devices, without a scheduler, as fio takes them
peer_disks() {
	local dev
	wait_for 60 "$2 disks of $1" has_disks "$1" "${2:-1}" || return
	for dev in $(names_of "$1"); do
		echo none >"/sys/block/$dev/queue/scheduler"
		echo "/dev/$dev"
	done | paste -sd :
}
# first_disks LIST N : the first N of what peer_disks printed
first_disks() { cut -d: -f"1-$2" <<<"$1"; }

# Remove everything that peer_up made, so that the modules can be unloaded.
peers_down() {
	local peer FABRIC
	for peer in $PEERS; do
		case $peer in
		nvmet-rdma) nvmet_down || return ;;
		srpt) srpt_down || return ;;
		*)
			FABRIC=${PEER_FABRIC[$peer]}
			remove_target "${PEER_IQN[$peer]}" || return ;;
		esac
	done
	for peer in "$CFS"/iser "$CFS"/iscsi; do [ ! -d "$peer" ] || rmdir "$peer" || return; done
	[ ! -d "$CFS/core/iblock_0/disk" ] || remove_backstore disk
}

# most_sessions POINTS : of any of them
most_sessions() { tr ' ' '\n' <<<"$1" | sed 's/.*-//' | sort -n | tail -n 1; }
# ready SESSIONS : the peers of $PEERS with their sessions, warmed up; their disks are in dev
ready() {
	local peer dir
	for peer in $PEERS; do
		peer_connect "$peer" "$1" >/tmp/connect 2>&1 || stop "$peer: login: $(cat /tmp/connect)"
		dev[$peer]=$(peer_disks "$peer" "$1") || stop "$peer: no disks"
		# translate the code, allocate memory on first use
		for dir in read write; do load "${dev[$peer]}" 64k $dir 16 300 >/dev/null || stop "$peer: fio"; done
	done
}
leave() {
	local peer
	for peer in $PEERS; do
		peer_disconnect "$peer" >/tmp/connect 2>&1 || stop "$peer: logout: $(cat /tmp/connect)"
	done
}

# load DEVICES BS read|write|rw DEPTH IOS : one measured run of fio, its JSON to stdout. DEPTH is of all devices together, which take turns. rw has
# seven reads in ten. Without io_size it would stop at the size of the disk. Percentiles are of the whole latency: with one processor a submission often
# returns when its I/O is complete, and fio's completion latency would have nothing of it.
load() {
	fio --name=load --filename="$1" --direct=1 --ioengine=libaio --thread --bs="$2" --rw="rand$3" --rwmixread=70 --iodepth="$4" --number_ios="$5" \
		--size="${DISK_MIB}M" --io_size=1T --randseed=1 --norandommap --randrepeat=1 --gtod_reduce=0 --unified_rw_reporting=1 \
		--clat_percentiles=0 --lat_percentiles=1 --output-format=json
}
DISK_MIB=128

# --- measuring, for guest/speed and guest/multipath ---

mtu='' path='' round=0
path_mtu() { ibv_devinfo | sed -n 's/.*active_mtu:[ \t]*\([0-9]*\).*/\1/p' | head -n 1; }
# Time that tasks ran, in ns. The rest of the clock the processors slept, which under icount takes time but no instructions. /proc/timer_list of
# Linux 7.3 no longer has it.
ran_ns() {
	local name run ns=0
	while read -r name _ _ _ _ _ _ run _; do
		case $name in cpu*) ns=$((ns + run)) ;; esac
	done </proc/schedstat
	echo $ns
}

# I/Os of a point: $IOS of 4 KiB, fewer of larger ones, and enough for the depth
ios_of() {
	local kib=${1%[km]} ios least=$((4 * $2))
	case $1 in *m) kib=$((kib * 1024)) ;; esac
	ios=$((IOS * 16 / (12 + kib)))
	[ $least -ge 100 ] || least=100
	[ $ios -ge $least ] || ios=$least
	echo $ios
}

# measure BS DIRECTION DEPTH SESSIONS IOS : of $peer, whose disks are in dev, in $round with link and path MTU $mtu and $path; prints a line "point"
measure() {
	local before after start=${EPOCHREALTIME/./} end
	before=$(ran_ns)
	load "$(first_disks "${dev[$peer]}" "$4")" "$1" "$2" $(($3 * $4)) "$5" >/tmp/fio || stop "$peer: fio $*"
	after=$(ran_ns)
	end=${EPOCHREALTIME/./}
	python3 - "point	$KVER	$(nproc)	$mtu	$path	$peer	$round	$1	$2	$3	$4" $(((end - start) * 1000 * $(nproc) - (after - before))) "$5" <<'END' || stop "$peer: what fio said of $*"
import json, sys
j = json.load(open('/tmp/fio'))['jobs'][0]
d = j['mixed']
assert j['error'] == 0 and d['total_ios'] == int(sys.argv[3]), (j['error'], d['total_ios'])
tail = [d['lat_ns']['percentile'][p] / 1000 for p in ('50.000000', '99.000000', '99.900000')]
print(sys.argv[1], d['total_ios'], '%.1f' % d['iops'], '%.2f' % (d['lat_ns']['mean'] / 1000), *('%.1f' % t for t in tail), d['runtime'], sys.argv[2],
      sep='\t', flush=True)
END
}
