# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The cluster lab of t/failover*.t: two gateways, a and b, with DRBD, corosync and Pacemaker, and an initiator, whose guest is also the switch between
# its network ($NET) and the cables of the gateways; the gateways have another cable between them ($BETWEEN). The initiator's script
# decides what happens; the gateways run commands for it. Sourced after lib.sh.

LAB=/src/tools/testing/vm/guest/ha
: "${NET:=10.0.1}" "${BETWEEN:=10.0.9}"
ADDRESS=$NET.10		# floats
case $FABRIC in
iser) LAYOUT=iser INTERFACE=iser ;;
iscsi) LAYOUT=lio-t INTERFACE=default ;;
esac
number() { case $1 in a) echo 1 ;; b) echo 2 ;; esac; }
# three guests share the host's processors with those of other tests
SLOW=$((SLOW * 10))
now() { echo $((${EPOCHREALTIME/./} / 1000)); }

# --- a gateway ---

gateway() {
	first=
	gateway_hardware
	printf '%s\n' '127.0.0.1 localhost' "$BETWEEN.1 a" "$BETWEEN.2 b" >/etc/hosts
	install -m 755 $LAB/fence_lab /usr/sbin/fence_lab
	mkdir -p /srv/state
	own_state /var/lib/{pacemaker,corosync} && cluster_is_configured || bail "$NAME: no disk"
	drbd_is_there || bail "$NAME: no DRBD" "$(cat /tmp/drbd.out)"
	target_modules || bail "$NAME: no target"
	cluster_runs || bail "$NAME: no cluster" "$(tail -n 5 "$HERE/corosync.log")"
	touch "$HERE/up"
	serve
	cluster_stops
	cp /tmp/pacemaker.log "$HERE/"
	iser_tgt_gone
	planned=1
}
gateway_hardware() {
	local n
	n=$(number "$NAME")
	rm -f "$HERE"/{ask,did,up}
	modprobe virtio_net && wait_for 20 "network cards" [ -e /sys/class/net/eth1 ] && link_up eth0 "$NET.$n/24" || bail "$NAME: no RDMA device"
	ip link set eth1 up && ip addr add "$BETWEEN.$n/24" dev eth1
	ln -sfn /src/configfs/ocf /usr/lib/ocf/resource.d/iser-tgt
	ln -sfn /src/configfs/ocf /usr/lib/ocf/lib/iser-tgt
}
# own_state DIR... : what a machine keeps on its disk
own_state() {
	local dir kept disk=/dev/vde
	modprobe ext4
	blkid $disk >/dev/null || mkfs.ext4 -q $disk || return
	mkdir -p /mnt/own && mount $disk /mnt/own || return
	for dir; do
		kept=/mnt/own/${dir//\//-}
		[ -d "$kept" ] || { first=1; cp -a "$dir" "$kept"; }
		mount --bind "$kept" "$dir" || return
	done
}
# Before the first start, at one gateway: the other one takes it from there.
cluster_is_configured() {
	local cib=/var/lib/pacemaker/cib/cib.xml
	[ -z "$first" ] || [ "$NAME" != a ] || install -o hacluster -g haclient -m 600 "/src/build/cluster/$LAYOUT.xml" $cib
}
drbd_is_there() {
	modprobe drbd || return
	mkdir -p /run/drbd /var/lib/drbd
	sed -i 's/usage-count .*/usage-count no;/' /etc/drbd.d/global_common.conf
	cp $LAB/r0.res /etc/drbd.d/
	[ -n "$first" ] || return 0
	# both disks are empty, and so the same already
	drbdadm create-md --force r0 && drbdadm up r0 && wait_for 60 "DRBD of the other gateway" drbd_is 'cs:Connected' || { ip addr; ip neigh; ip -s link; cat /proc/drbd; return 1; }
	if [ "$NAME" = a ]; then
		drbdadm -- --clear-bitmap new-current-uuid r0/0 && drbdadm -- --clear-bitmap new-current-uuid r0/1 || return
		drbdadm primary r0 && mkfs.ext4 -q /dev/drbd0 && drbdadm secondary r0 && touch /scratch/same || return
	fi
	wait_for 60 "the first contents" [ -e /scratch/same ] && drbdadm down r0
} >/tmp/drbd.out 2>&1
# drbd_is WORD : both volumes are that
drbd_is() { [ "$(grep -c "^ *[01]: .*$1" /proc/drbd)" -eq 2 ]; }
# The fabric's module is there at boot; the cluster makes the targets.
target_modules() {
	case $FABRIC in
	iser) modprobe -a target_core_mod target_core_iblock ib_core rdma_cm && insmod "$(module)" ;;
	iscsi)	# with targetcli
		mkdir -p /etc/rtslib-fb-target/pr && message_bus &&
			modprobe -a iscsi_target_mod target_core_iblock target_core_file target_core_pscsi && mkdir -p "$CFS/iscsi" ;;
	esac
}
cluster_runs() {
	cp $LAB/corosync.conf /etc/corosync/
	corosync_runs && pacemaker_runs
}
corosync_runs() {
	corosync -f >>"$HERE/corosync.log" 2>&1 &
	wait_for 60 "corosync" corosync-cfgtool -s
}
pacemaker_runs() {
	# not in the shared directory: it is much, and would be slow there
	PCMK_logfile=/tmp/pacemaker.log pacemakerd -f >>"$HERE/pacemakerd.log" 2>&1 &
	PACEMAKER=$!
	wait_for 60 "Pacemaker" crmadmin -t 2 -S "$NAME"
}
# the portal group lets initiators in
serving() {
	local enable
	read -r enable 2>/dev/null <"$(tpg "$IQN")/enable" && [ "$enable" = 1 ] && { [ "$FABRIC" = iser ] || ! iptables -n -L INPUT | grep -q 3260; }
}
# no_corosync add|delete : the network of the initiators carries no corosync
no_corosync() {
	case $1 in
	add) nft "add table inet lab; add chain inet lab in { type filter hook input priority 0; }; add rule inet lab in iifname eth0 udp dport 5404-5406 drop" ;;
	delete) nft delete table inet lab ;;
	esac
}
how_it_is() { crm_mon -1frA --output-as=text; grep -E ' (error|warning|notice): ' /tmp/pacemaker.log | uniq | tail -n 30; cp /tmp/pacemaker.log "$HERE/"; }
# as systemctl stop pacemaker
pacemaker_stops() {
	kill "$PACEMAKER" || return
	wait "$PACEMAKER"
	return 0
}
cluster_stops() {
	pacemaker_stops
	corosync-cfgtool -H >/dev/null
	drbdadm down r0 2>/dev/null
	umount /var/lib/corosync /var/lib/pacemaker /mnt/own
}
iser_tgt_gone() { rmdir "$CFS/$FABRIC" 2>/dev/null || :; }

# Runs commands for the initiator, one at a time, until its guest has ended.
serve() {
	local status
	until [ -e /scratch/done-initiator ]; do
		if [ ! -e "$HERE/ask" ]; then nap 100; continue; fi
		mv "$HERE/ask" "$HERE/asked"
		status=0
		# shellcheck source=/dev/null
		. "$HERE/asked" >/tmp/served 2>&1 || status=$?
		{ echo $status; cat /tmp/served; } >"$HERE/did.new" && mv "$HERE/did.new" "$HERE/did"
	done
}

# --- the initiator's side ---

# Where the gate is open. crm_resource would take an emulated processor long.
runs_on() { gateway_up "$1" && on "$1" serving; }
active() {
	local gateway
	for gateway in a b; do if runs_on $gateway; then echo $gateway; return; fi; done
	return 1
}
both_current() { on a eval "drbd_is 'ds:UpToDate/UpToDate'" && on b eval "drbd_is 'ds:UpToDate/UpToDate'"; }
both_online() { on "$1" crm_mon -1 --output-as=text && grep -q 'Online: \[ a b \]' /tmp/out; }
# on GATEWAY COMMAND... : runs it there; returns its status, the output is in /tmp/out
on() {
	local dir=/scratch/$1 status what
	shift
	what=$*
	rm -f "$dir/did"
	printf '%q ' "$@" >"$dir/ask.new" && mv "$dir/ask.new" "$dir/ask"
	wait_for "${LIMIT:-120}" "a gateway to $what" [ -e "$dir/did" ] || return
	{ read -r status && cat; } <"$dir/did" >/tmp/out
	return "$status"
}
# seldom SECONDS WHAT COMMAND... : wait_for, for what takes an emulated processor long to find out
seldom() {
	local limit=$(($1 * SLOW)) what=$2 start=$SECONDS i
	shift 2
	until "$@" >/dev/null 2>&1; do
		if [ $((SECONDS - start)) -gt $limit ]; then
			echo "# waited $limit s in vain for $what" >&2
			return 1
		fi
		for i in 1 2 3; do nap 999; done
	done
}
other() { case $1 in a) echo b ;; b) echo a ;; esac; }
gateway_up() { [ -e "/scratch/$1/up" ] && [ ! -e "/scratch/killed-$1" ]; }
# monitor ROLE COMMAND : to the QEMU of that guest
monitor() {
	echo "$2" >"/scratch/monitor-$1.new" && mv "/scratch/monitor-$1.new" "/scratch/monitor-$1"
	wait_for 20 "the monitor of $1" gone "/scratch/monitor-$1"
}
# cable GATEWAY on|off : of the initiator's network;  cluster_cable on|off : between the gateways
cable() { monitor "$1" "set_link n$(number "$1").1 $2"; }
cluster_cable() { monitor a "set_link a-b $1"; }

# The initiator's guest is the switch. Its queue pair for connection management must not see an address without an answer (mend_gsi), so what is
# known of a neighbor stays until another one says that it has the address.
switch_up() {
	local dev
	modprobe -a virtio_net bridge && wait_for 20 "network cards" [ -e /sys/class/net/eth1 ] || return
	ip link add br0 type bridge forward_delay 0 || return
	for dev in eth0 eth1; do ip link set $dev master br0 up || return; done
	link_up br0 "$NET.100/24" || return
	echo 3600000 >/proc/sys/net/ipv4/neigh/br0/base_reachable_time_ms
}

# dm-multipath with its daemon, which needs udev
multipath_runs() {
	modprobe -a dm_mod dm_multipath dm_round_robin scsi_dh_alua
	/usr/lib/systemd/systemd-udevd --daemon || return
	multipathd -d >"$HERE/multipathd.log" 2>&1 &
	wait_for 20 "multipathd" multipathd show status
}
