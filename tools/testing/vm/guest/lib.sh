# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For tests and demos that run in a test guest. Sourced. Every wait has a condition and a limit, and reports what it waited for.

FABRIC=${FABRIC:-iser}			# iser: iser_tgt; iscsi: ib_isert, to see whether a failure is the test's
IQN=iqn.2026-01.org.example:disk
INITIATOR=iqn.2026-01.org.example:host
CFS=/sys/kernel/config/target
PORT=3260
# Factor of all time limits: the debug kernel is slow.
case $KVER in *-debug) SLOW=4 ;; *) SLOW=1 ;; esac
export SLOW

# shellcheck source=tools/testing/tap.sh
. /src/tools/testing/tap.sh

# wait_for SECONDS WHAT command... : waits until the command succeeds; after the limit, reports WHAT and fails.
wait_for() {
	local limit=$(($1 * SLOW)) what=$2 start=${EPOCHREALTIME/./} ms=25
	shift 2
	until "$@" >/dev/null 2>&1; do
		if [ $((${EPOCHREALTIME/./} - start)) -gt $((limit * 1000000)) ]; then
			echo "# waited $limit s in vain for $what" >&2
			return 1
		fi
		# naps grow up to 400 ms, and start no process: that keeps an emulated processor busy for as long
		[ $ms -ge 400 ] || ms=$((ms * 2))
		nap $ms
	done
}
# nap MILLISECONDS : reads with a timeout from a pipe that has no data
exec {never}<> <(:)
nap() {
	local _ seconds
	printf -v seconds 0.%03d "$1"
	read -r -t "$seconds" -u "$never" _ || true
}
gone() { ! [ -e "$1" ]; }
# ended PID... : all of them
ended() {
	local pid
	for pid; do ! kill -0 "$pid" 2>/dev/null || return; done
}
# make check-all: also run what another lane covers
in_full() { grep -qw iser_tgt.in_full /proc/cmdline; }

# The checkout is read-only, so Python could not store the compiled initiator: an overlay has it compiled once per guest, not at each start.
if grep -q '^# needs:.* conformance' "$0"; then
	mkdir -p /tmp/compiled/upper /tmp/compiled/work
	mount -t overlay -o lowerdir=/src/tools/testing/conformance,upperdir=/tmp/compiled/upper,workdir=/tmp/compiled/work overlay /src/tools/testing/conformance
fi

# --- links ---

# Debian's kernels have no siw: build-module builds it.
load_link() {
	case $LINK in
	rxe) modprobe rdma_rxe ;;
	siw)	modprobe -q siw && return
		# shellcheck disable=SC2046 # words
		modprobe -a ib_uverbs $(modinfo -F depends "/src/build/$KVER/siw.ko" | tr , ' ') && { [ -d /sys/module/siw ] || insmod "/src/build/$KVER/siw.ko"; } ;;
	esac
}
# link_up NETDEV ADDRESS... : brings the device up with the addresses and puts a soft RDMA device on it.
link_up() {
	local dev=$1 addr
	shift
	ip link set "$dev" up || return
	for addr; do
		case $addr in
		*:*) ip -6 addr add "$addr" dev "$dev" nodad ;;
		*) ip addr add "$addr" dev "$dev" ;;
		esac || return
	done
	load_link || return
	modprobe -a ib_uverbs rdma_ucm rdma_cm || return
	rdma link add "$LINK-$dev" type "$LINK" netdev "$dev" || return
	wait_for 10 "RDMA link on $dev" rdma_active "$LINK-$dev"
}
rdma_active() { rdma link show "$1/1" | grep -q 'state ACTIVE'; }
unlink_rdma() { rdma link delete "$LINK-$1"; }
relink_rdma() { rdma link add "$LINK-$1" type "$LINK" netdev "$1" && wait_for 10 "the RDMA link" rdma_active "$LINK-$1"; }
# Soft RoCE's queue pair for connection management (QP 1) enters the error state when it sends without a route or to a neighbor that does not
# answer ARP. Only deleting the link and adding it again recovers it.
gsi_in_error() { rdma -d res show qp link "$LINK-$1/1" 2>/dev/null | grep -E '\<lqpn 1\>' | grep -q 'state ERR'; }
mend_gsi() {
	gsi_in_error "$1" || return 0
	echo "$LINK-$1: QP 1 is in error: the link is made anew"
	unlink_rdma "$1" && relink_rdma "$1"
}

# kernel_since MAJOR MINOR : the guest's Linux is that or newer
kernel_since() {
	local major minor
	IFS=.- read -r major minor _ < <(uname -r)
	[ "$major" -gt "$1" ] || { [ "$major" -eq "$1" ] && [ "$minor" -ge "$2" ]; }
}

IP=10.0.0.1 IP6=fd00::1
# Target and initiator in one guest: a dummy device.
alone() {
	modprobe dummy numdummies=0
	ip link add lan0 mtu 4200 type dummy && link_up lan0 $IP/24 $IP6/64
}
# In a group of guests: network N (1, 2, ...). The first role has them all, each other role has one.
target_side() {
	local dev=eth$(($1 - 1))
	modprobe virtio_net && wait_for 10 "network card $dev" [ -e "/sys/class/net/$dev" ] && link_up "$dev" "10.0.$1.1/24" "fd00:$1::1/64"
}
initiator_side() {
	modprobe virtio_net && wait_for 10 "a network card" [ -e /sys/class/net/eth0 ] && link_up eth0 "10.0.$1.2/24" "fd00:$1::2/64" || return
	IP=10.0.$1.1 IP6=fd00:$1::1
}

# --- target ---

module() { echo "/src/build/$KVER/iser_tgt.ko"; }

load_target() {
	modprobe -a target_core_mod target_core_iblock target_core_file brd || return
	case $FABRIC in
	iser)
		modprobe -a ib_core rdma_cm || return
		# shellcheck disable=SC2086 # parameters, one word each
		[ -d /sys/module/iser_tgt ] || insmod "$(module)" ${module_params:-} || return
		;;
	iscsi) modprobe -a iscsi_target_mod ib_isert || return ;;
	esac
	mkdir -p "$CFS/$FABRIC"
}

# backstore NAME rd|file|brd|tcmu MIB : a LIO backstore; or NAME dev|cached PATH
# dev: any block device. cached: one as a file, in the page cache. tcmu: a file, served by tcmu-runner in user space
backstore() {
	local name=$1 kind=$2 mib=$3 dir
	case $kind in
	rd)
		dir=$CFS/core/rd_mcp_0/$name
		mkdir -p "$dir" && echo "rd_pages=$((mib * 256))" >"$dir/control" ;;
	file)
		dir=$CFS/core/fileio_0/$name
		truncate -s "${mib}M" "/tmp/$name.img" && mkdir -p "$dir" &&
			echo "fd_dev_name=/tmp/$name.img,fd_dev_size=$((mib << 20)),fd_buffered_io=1" >"$dir/control" ;;
	cached)
		dir=$CFS/core/fileio_0/$name
		mkdir -p "$dir" && echo "fd_dev_name=$mib,fd_buffered_io=1" >"$dir/control" ;;
	tcmu)
		dir=$CFS/core/user_0/$name
		# its qcow handler serves a file that is not a qcow image as raw data
		truncate -s "${mib}M" "/tmp/$name.img" && start_tcmu_runner && mkdir -p "$dir" &&
			echo "dev_config=qcow//tmp/$name.img,dev_size=$((mib << 20)),hw_block_size=512" >"$dir/control" ;;
	dev)
		dir=$CFS/core/iblock_0/$name
		mkdir -p "$dir" && echo "udev_path=$mib" >"$dir/control" ;;
	brd)
		dir=$CFS/core/iblock_0/$name
		mkdir -p "$dir" && echo "udev_path=/dev/ram0" >"$dir/control" ;;
	esac || return
	echo "$name" >"$dir/wwn/vpd_unit_serial"
	echo 1 >"$dir/enable"
}
# targetcli asks the bus for tcmu-runner at every start
message_bus() { mkdir -p /run/dbus && dbus-daemon --system --fork; }
start_tcmu_runner() {
	[ -z "${TCMU_RUNNER:-}" ] || return 0
	modprobe target_core_user && message_bus || return
	tcmu-runner >/tmp/tcmu-runner.out 2>&1 &
	TCMU_RUNNER=$!
	wait_for 30 "tcmu-runner" dbus-send --system --print-reply --dest=org.kernel.TCMUService1 / org.freedesktop.DBus.Peer.Ping
}
backstore_dir() { echo "$CFS"/core/*_0/"$1"; }

tpg() { echo "$CFS/$FABRIC/${1:-$IQN}/tpgt_${2:-1}"; }

# make_target IQN BACKSTORE... : a target in demo mode with one LUN per backstore and no portal yet, disabled
make_target() {
	local iqn=$1 dir lun=0 store
	shift
	dir=$(tpg "$iqn")
	mkdir -p "$dir" || return
	echo 0 >"$dir/attrib/authentication" || return
	echo 1 >"$dir/attrib/generate_node_acls" || return
	echo 0 >"$dir/attrib/demo_mode_write_protect" || return
	for store; do
		mkdir "$dir/lun/lun_$lun" && ln -s "$(backstore_dir "$store")" "$dir/lun/lun_$lun/$store" || return
		lun=$((lun + 1))
	done
}
# add_portal IQN ADDRESS:PORT
add_portal() {
	local np
	np=$(tpg "$1")/np/$2
	mkdir "$np" || return
	[ "$FABRIC" = iser ] || echo 1 >"$np/iser"
}
enable()  { echo 1 >"$(tpg "$1")/enable"; }
disable() { echo 0 >"$(tpg "$1")/enable"; }

# The target of nearly all tests: $IQN, one LUN of MIB, portals on IPv4 and IPv6, enabled.
simple_target() {
	local kind=${1:-rd} mib=${2:-64}
	load_target && backstore disk "$kind" "$mib" && make_target "$IQN" disk &&
		add_portal "$IQN" "$IP:$PORT" && add_portal "$IQN" "[$IP6]:$PORT" && enable "$IQN"
}

# acl_target BACKSTORE INITIATOR... : $IQN with one LUN, for these initiators alone, at its IPv4 portal, enabled
acl_target() {
	local store=$1 acl name
	shift
	make_target "$IQN" "$store" && echo 0 >"$(tpg)/attrib/generate_node_acls" || return
	for name; do
		acl=$(tpg)/acls/$name
		mkdir -p "$acl/lun_0" && ln -s "$(tpg)/lun/lun_0" "$acl/lun_0/disk" || return
	done
	add_portal "$IQN" "$IP:$PORT" && enable "$IQN"
}

remove_target() {
	local dir=$CFS/$FABRIC/$1 tpg lun
	for tpg in "$dir"/tpgt_*; do
		[ -d "$tpg" ] || continue
		for lun in "$tpg"/acls/*/lun_*; do
			[ -d "$lun" ] || continue
			find "$lun" -maxdepth 1 -type l -delete
			rmdir "$lun"
		done
		for lun in "$tpg"/lun/lun_*; do
			[ -d "$lun" ] || continue
			find "$lun" -maxdepth 1 -type l -delete
			rmdir "$lun"
		done
		find "$tpg/acls" "$tpg/np" -mindepth 1 -maxdepth 1 -type d -exec rmdir {} \; -prune
		rmdir "$tpg" || return
	done
	rmdir "$dir"
}
remove_backstore() {
	local dir
	dir=$(backstore_dir "$1")
	rmdir "$dir" && { rmdir "${dir%/*}" 2>/dev/null || true; }
}
# Removes everything that the functions above made. rmdir reports what cannot be removed, and the function fails.
remove_all() {
	local dir status=0
	for dir in "$CFS/$FABRIC"/iqn.*; do
		[ ! -d "$dir" ] || remove_target "${dir##*/}" || status=1
	done
	rmdir "$CFS/$FABRIC" 2>/dev/null
	for dir in "$CFS"/core/*_0/*/; do
		[ ! -d "$dir/wwn" ] || remove_backstore "$(basename "$dir")" || status=1
	done
	return $status
}

# --- initiator ---

start_initiator() {
	modprobe -a iscsi_tcp sg sd_mod && modprobe ib_iser "$@" || return
	mkdir -p /etc/iscsi /run/lock/iscsi
	echo "InitiatorName=$INITIATOR" >/etc/iscsi/initiatorname.iscsi
	# a lost session has to fail within the test's time, not after the default of two minutes
	sed -i -e 's/^node.startup.*/node.startup = manual/' -e 's/^\(node.session.timeo.replacement_timeout\).*/\1 = 20/' /etc/iscsi/iscsid.conf
	# after a missed response iscsiadm would retry by itself, find remains of the first attempt, and crash
	echo 'discovery.sendtargets.reopen_max = 0' >>/etc/iscsi/iscsid.conf
	# a discovery whose connection ends before the answer fails after this time, not after open-iscsi's 30 s: races.t waits 20 s for it
	printf 'discovery.sendtargets.timeo.%s = '"$((10 * SLOW))"'\n' active_timeout login_timeout >>/etc/iscsi/iscsid.conf
	prompt_iscsiadm
	run_iscsid
}
# Real-time priority for iscsiadm: see the comment on discover.
prompt_iscsiadm() {
	# shellcheck disable=SC2016 # "$@" is the script's
	printf '#!/bin/sh\nexec chrt -f 10 /usr/sbin/iscsiadm "$@"\n' >/usr/local/sbin/iscsiadm && chmod +x /usr/local/sbin/iscsiadm
}
run_iscsid() {
	# in a process group of its own: iscsid signals its whole group when it ends
	setsid iscsid -f -d 2 >>"$HERE/iscsid.log" 2>&1 &
	ISCSID=$!
	wait_for 20 "iscsid" grep -q ISCSIADM_ABSTRACT_NAMESPACE /proc/net/unix
}
stop_initiator() {
	iscsiadm -m node -U all >/dev/null 2>&1
	wait_for 10 "the end of iscsid" iscsid_ends
	wait_for 10 "the end of all sessions" no_sessions
}
# A signal just before iscsid polls does not wake it, so the signal is repeated.
iscsid_ends() { ! kill "$ISCSID" 2>/dev/null; }
no_sessions() { [ "$(sessions)" -eq 0 ]; }

# Two races of the initiator make a discovery fail although the target has answered.
# 1. The response arrives before libiscsi has dropped its own reference to the request. libiscsi refuses the next request, with this message.
# 2. The response arrives before iscsiadm has read the kernel's receipt for its request. iscsiadm reads the event together with the receipt, and
#    then polls for it until the timeout (two in five discoveries with CHAP, on one processor). iscsid receives the same events: it has logged
#    more of the connection than its end.
# Real-time priority (prompt_iscsiadm) keeps kernel threads from interrupting iscsiadm before it sleeps, and so avoids both. They still happen
# with a fast second processor; then discover starts again.
TOO_FAST='Login/Text in progress'
too_fast() { dmesg | grep -c "$TOO_FAST"; }
response_missed() {
	local last
	grep -qE 'Login response timeout|timed out' /tmp/discover.err || return
	last=$(grep -o 'connection [0-9]*:0\. Dropping' "$HERE/iscsid.log" | tail -n 1)
	[ -n "$last" ] && [ "$(grep -cF "$last" "$HERE/iscsid.log")" -ge 2 ]
}
# discover [PORTAL [OPTION...]]
discover() {
	local status tries=1 before
	while :; do
		before=$(too_fast)
		iscsiadm -m discovery -t st -p "${1:-$IP:$PORT}" -I iser "${@:2}" >/tmp/discover.out 2>/tmp/discover.err
		status=$?
		if [ $status -eq 0 ] || [ $((tries++)) -ge 4 ]; then break; fi
		if [ "$(too_fast)" -eq "$before" ] && ! response_missed; then break; fi
		echo "# $(cat /tmp/discover.err): discovery again" >/dev/kmsg
	done
	cat /tmp/discover.err >&2
	cat /tmp/discover.out
	return $status
}
login()    { iscsiadm -m node -T "${1:-$IQN}" -p "${2:-$IP:$PORT}" -I iser --login; }
logout()   { iscsiadm -m node -T "${1:-$IQN}" -p "${2:-$IP:$PORT}" -I iser --logout; }

# disk [IQN] [LUN] : prints the block device of a session, once it can be read
disk() {
	local dev
	wait_for 20 "a disk of ${1:-$IQN}" disk_ready "${1:-$IQN}" "${2:-0}" || return
	dev=$(disk_of "${1:-$IQN}" "${2:-0}")
	echo "/dev/$dev"
}
disk_of() {
	local session path
	for session in /sys/class/iscsi_session/session*; do
		[ "$(cat "$session/targetname" 2>/dev/null)" = "$1" ] || continue
		for path in "$session"/device/target*/*:"$2"/block/sd*; do
			[ -e "$path" ] && { basename "$path"; return 0; }
		done
	done
	return 1
}
disk_ready() {
	local dev
	dev=$(disk_of "$1" "$2") && [ -b "/dev/$dev" ] && [ "$(cat "/sys/block/$dev/size")" -gt 0 ]
}
sg_of() { echo "/dev/$(ls "/sys/block/$(basename "$1")/device/scsi_generic")"; }
no_disk() { ! disk_of "${1:-$IQN}" "${2:-0}"; }
sessions() { find /sys/class/iscsi_session -name 'session*' 2>/dev/null | wc -l; }
# unit_ready SG : sends TEST UNIT READY and prints the answer as text; sg_turs -v of sg3-utils 1.48 sends nothing
unit_ready() { sg_raw "$1" 00 00 00 00 00 00 2>&1; }
