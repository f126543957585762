#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A cluster of two gateways (DRBD, corosync, Pacemaker, fencing) with a floating address, under verified I/O with a held reservation: planned
# moves, power cuts, cable pulls, stops of Pacemaker, split brains. The file system on dm-multipath gets no error, no acknowledged write is lost, the
# reservation is held. How long I/O stood still is printed. HA_ROUNDS: how often, one number or five (make ha); without it one of each but the
# split brain. HA_SEED: draws the same moments again. HA_FABRIC=iscsi: LIO's iSCSI over TCP with ClusterLabs' agents, to compare; there a
# reservation that is lost is counted, and made again.
# needs: integrity cluster
# alone: three guests with clocks of their own, which would take the processors from the limits of other tests
# processors: 1

roles="initiator a b"
IFS=, read -r moves kills pulls stops splits <<<"${HA_ROUNDS:-1,1,1,1,0}"
rounds=$moves,${kills:=$moves},${pulls:=$moves},${stops:=$moves},${splits:=$moves}
seconds=$((3600 + 300 * (moves + kills + pulls + stops + splits)))
machine="--packages ha --mem 1024 --between a-b --paced"
set -- --disks "a:32 a:80 a:32 b:32 b:80 b:32" --append "iser_tgt.ha=$rounds,${HA_SEED:-},${HA_FABRIC:-iser}" "$@"
. "$(dirname "$0")/../in-guest"
IFS=, read -r moves kills pulls stops splits seed FABRIC < <(sed -n 's/.*iser_tgt.ha=\([^ ]*\).*/\1/p' /proc/cmdline)
# shellcheck source=tools/testing/vm/guest/ha.sh
. /src/tools/testing/vm/guest/ha.sh

# I/O stands still until the other gateway has been fenced, which here takes longer than a task may be blocked elsewhere
echo 0 >/proc/sys/kernel/hung_task_timeout_secs

if [ "$NAME" != initiator ]; then
	gateway
	exit
fi
GENERATOR=/src/tools/testing/integrity/integrity

# --- the cluster, asked at either gateway ---

idle() { ! active; }

# --- the initiator's disk ---

path_of_disk() {
	local dev
	dev=$(disk_of "$IQN" 0) && echo "/dev/$dev"
}
has_map() { mp=$(dmsetup ls --target multipath | awk 'NF > 1 { print $1; exit }') && [ -b "/dev/mapper/$mp" ]; }
node() { iscsiadm -m node -T "$IQN" -p "$ADDRESS:$PORT" -I "$INTERFACE" "$@"; }
log_in() {
	node -o new >/dev/null && node -o update -n 'node.conn[0].timeo.noop_out_interval' -v 5 &&
		node -o update -n 'node.conn[0].timeo.noop_out_timeout' -v 15 && node --login
}
reserve() {
	local dev
	dev=$(path_of_disk) && sg_persist --no-inquiry --out --register-ignore --param-sark=0xabc1 --param-aptpl "$dev" &&
		sg_persist --no-inquiry --out --reserve --param-rk=0xabc1 --prout-type=5 "$dev"
}
# The reservation, its type and its holder
held() {
	local dev
	dev=$(path_of_disk) && sg_persist --no-inquiry --in --read-reservation "$dev" >/tmp/held &&
		grep -q 'Key=0xabc1' /tmp/held && grep -q 'Write Exclusive, registrants only' /tmp/held
}

# what the other agents may do; they have no way to bring it back later
may_take=60
[ "$FABRIC" = iser ] || may_take=5
reservation_lost() { [ "$FABRIC" = iscsi ] && lost=$((lost + 1)) && reserve; }

# --- I/O, and how long it stands still ---

# Writes the longest time without an answer since /tmp/again was there to /tmp/still, in ms.
watch_io() {
	local stat=/sys/block/$1/stat f sum before=0 last longest=0 t
	last=$(now)
	while nap 100; do
		read -ra f <"$stat"
		sum=$((f[0] + f[4])) t=$((${EPOCHREALTIME/./} / 1000))
		if [ -e /tmp/again ]; then longest=0 last=$t; rm /tmp/again; fi
		if [ $((t - last)) -gt $longest ]; then
			longest=$((t - last))
			echo $longest >/tmp/still
		fi
		if [ $sum -ne $before ]; then before=$sum last=$t; fi
	done
}
io_runs() {
	"$GENERATOR" --state /tmp/state --seed "$seed" --seconds 100000 --size 512-16384 --depth 1-4 --reads 30 --pause 100 --no-verify /mnt/disk/file \
		>/tmp/writer.out 2>&1 &
	WRITER=$!
}
verified() {
	kill -KILL $WRITER
	wait $WRITER 2>/dev/null
	"$GENERATOR" --state /tmp/state --verify /mnt/disk/file
}
answered() { awk '{ print $1 + $5 }' "/sys/block/$dm/stat"; }
answers() { [ "$(answered)" -gt "$1" ]; }
# QP 1 of soft RoCE may be in error after a time without an answer from the floating address
goes_on() {
	local before
	before=$(answered)
	seldom 120 "I/O" answers_or_mends $((before + 20))
}
answers_or_mends() { answers "$1" || { mend_gsi br0 >/dev/kmsg; return 1; }; }

# --- what happens ---

move() {
	on "$active" crm_resource --move --resource gateway --node "$passive" && seldom 180 "the move" runs_on "$passive" || return
	goes_on && on "$passive" crm_resource --clear --resource gateway
}
power_cut() {
	touch "/scratch/kill-$active"
	wait_for 20 "the power cut" [ -e "/scratch/killed-$active" ] || return
	rm -f "/scratch/$active/up"
	seldom 180 "the other gateway" runs_on "$passive" && goes_on && wait_for 180 "the gateway to boot" gateway_up "$active"
}
pull() {
	cable "$active" off && seldom 180 "the other gateway" runs_on "$passive" && goes_on || return
	cable "$active" on
}
stop_pacemaker() {
	on "$active" pacemaker_stops && seldom 180 "the other gateway" runs_on "$passive" && goes_on && on "$active" pacemaker_runs
}

# Both gateways lose each other, go on reaching the initiator, and cannot fence for a while: each believes that it is alone.
split_brain() {
	local gateway before
	touch /scratch/fencing-fails
	for gateway in a b; do on $gateway no_corosync add || return; done
	cluster_cable off
	for gateway in a b; do wait_for 60 "$gateway to be alone" alone $gateway || return; done
	# nothing may become active in that time
	nap 900
	before=$(answered)
	for ((i = 0; i < 15; i++)); do nap 999; done
	note "without fencing: $(($(answered) - before)) answers in 15 s, active: $(active)"
	cluster_cable on
	rm /scratch/fencing-fails
	wait_for 180 "a gateway to be fenced" fenced_once_more && goes_on || return
	for gateway in a b; do [ -e "/scratch/killed-$gateway" ] || on $gateway no_corosync delete; done
	for gateway in a b; do wait_for 180 "gateway $gateway" gateway_up $gateway || return; done
}
alone() { on "$1" crm_mon -1 --output-as=text && grep -q "Online: \[ $1 \]" /tmp/out; }
fenced_once_more() { [ "$(how_often_fenced)" -gt "$fenced_before" ]; }
how_often_fenced() { cat /scratch/fenced 2>/dev/null | wc -l; }

# agents_took : milliseconds of the agents that stopped the service where it was, of those that started it where it is, each by its guest's clock.
# Unlike the time in which I/O stood still these do not depend on how much of the host the guests get.
agents_took() {
	on "$passive" cibadmin --query --scope status && awk -v old="$active" -v new="$passive" '
		function of(name) { return match($0, " " name "=\"[^\"]*\"") ? substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4) : "" }
		/<lrm_rsc_op / {
			op = of("operation")
			if (of("on_node") == new && op ~ /^(start|promote)$/) start += of("exec-time")
			if (of("on_node") == old && op ~ /^(stop|demote)$/) stop += of("exec-time")
		}
		END { print stop + 0, start + 0 }' /tmp/out
}

# repeat HOW_OFTEN FUNCTION TEXT
repeat() {
	local times=() n trouble=() active passive stop start
	[ "$1" -gt 0 ] || return 0
	for ((n = 1; n <= $1; n++)); do
		active=$(active) || { trouble+=("round $n: no gateway is active"); break; }
		passive=$(other "$active")
		echo "ha: $2, round $n of $1, from $active to $passive" >/dev/kmsg
		touch /tmp/again
		wait_for 5 "the watch" gone /tmp/again
		fenced_before=$(how_often_fenced)
		nap "$((RANDOM % 900))"
		"$2" || trouble+=("round $n: $active to $passive: $(tail -n 3 /tmp/out)")
		times+=("$(cat /tmp/still)")
		read -r stop start < <(agents_took)
		wait_for "$may_take" "the reservation" held || reservation_lost || trouble+=("round $n: the reservation is not held: $(cat /tmp/held)")
		seldom 240 "two gateways" both_online "$passive" && seldom 240 "the same data on both" both_current || trouble+=("round $n: $(cat /tmp/out)")
		kill -0 $WRITER 2>/dev/null || { trouble+=("round $n: the writer has ended: $(tail -n 3 /tmp/writer.out)"); break; }
		note "$2 $n: ${times[-1]} ms, agents ${stop:-0} ms to stop and ${start:-0} ms to start, $(gsi_in_error br0 && echo 'QP 1 in error, ')$(($(how_often_fenced) - fenced_before)) fenced"
		mend_gsi br0
		[ ${#trouble[@]} -lt 3 ] || break
	done
	verified >/tmp/verify.out 2>&1 || trouble+=("$(tail -n 4 /tmp/verify.out)")
	io_runs
	mapfile -t times < <(printf '%s\n' "${times[@]}" | sort -n)
	table+=("$(printf '%-28s %6d %8d %8d' "$3" "${#times[@]}" "${times[${#times[@]} / 2]}" "${times[-1]}")")
	if [ ${#trouble[@]} -eq 0 ]; then ok "$3, $1 times: every acknowledged write is there"; else not_ok "$3, $1 times" "${trouble[@]}"; fi
}

touch /scratch/start-b
: "${seed:=$RANDOM}"
RANDOM=$seed table=() lost=0
note "seed $seed"
switch_up || bail "no switch"
start_initiator || bail "no iscsid"
cp "$LAB/multipath.conf" /etc/
works "multipathd" multipath_runs || bail "no multipathd" "$(tail -n 5 "$HERE/multipathd.log")"
wait_for 180 "gateway a" gateway_up a && wait_for 180 "gateway b" gateway_up b || bail "no gateways"
SECONDS=0
works "two gateways" seldom 240 "two gateways" both_online a || bail "no cluster" "$(cat /tmp/out)"
works "the group runs" seldom 240 "the group" active || bail "no gateway" "$(on a how_it_is; cat /tmp/out)"
note "$SECONDS s from two gateways to a target"
works "login" wait_for 60 "login" log_in || bail "no session" "$(on a how_it_is; cat /tmp/out)"
works "a multipath device" wait_for 60 "a map" has_map || bail "no map" "$(tail -n 20 "$HERE/multipathd.log")"
dm=$(basename "$(readlink -f "/dev/mapper/$mp")")
works "a reservation that survives loss of power" reserve || bail "no reservation"
works "a file system" mkfs.ext4 -q "/dev/mapper/$mp" && mkdir -p /mnt/disk && works "mounted" mount "/dev/mapper/$mp" /mnt/disk || bail "no file system"
works "a file" fallocate -l 20M /mnt/disk/file
watch_io "$dm" &
watch=$!
io_runs
works "I/O" goes_on || bail "no I/O" "$(cat /tmp/writer.out)"
works "both disks are the same" seldom 120 "a resync" both_current

repeat "$moves" move "planned move"
repeat "$kills" power_cut "power cut"
repeat "$pulls" pull "cable pulled"
repeat "$stops" stop_pacemaker "Pacemaker stopped"
repeat "$splits" split_brain "split brain"

note "$(printf '%-28s %6s %8s %8s' "I/O stood still, in ms" times median worst)"
note "$(printf '%s\n' "${table[@]}")"
[ "$FABRIC" = iser ] || note "the reservation was lost $lost times"
works "every acknowledged write is there" verified
kill $watch
works "unmounted" umount /mnt/disk
works "the file system is consistent" fsck.ext4 -fn "/dev/mapper/$mp"
is "$(dmesg | grep -E "EXT4-fs (error|warning)|I/O error, dev $dm|Buffer I/O error on dev $dm|Remounting|Aborting")" "" "no error reached the file system"
works "the map is removed" multipath -f "$mp"
works "logout" node --logout
stop_initiator
works "the group stops" on a crm_resource --resource gateway --set-parameter target-role --meta --parameter-value Stopped
seldom 120 "the end of the group" idle
done_testing
