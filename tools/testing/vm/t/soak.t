#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Verified I/O for SOAK_SECONDS (3600) with a random fault every few seconds: no acknowledged write is lost, and kernel memory, printed each minute,
# does not grow. SOAK_SEED repeats the order of faults.
# needs: integrity conformance
# by name: it takes an hour; make soak

# shellcheck disable=SC2016 # commands for eval
soak=${SOAK_SECONDS:-3600}
seconds=$((soak + 900))
machine="--append iser_tgt.soak=$soak,${SOAK_SEED:-$((RANDOM * 32768 + RANDOM))}"
. "$(dirname "$0")/../in-guest"
. /src/tools/testing/vm/guest/memory.sh

IFS=, read -r soak seed <<<"$(sed -n 's/.*iser_tgt.soak=\([0-9,]*\).*/\1/p' /proc/cmdline)"
[ -n "$seed" ] || bail "how long?"
RANDOM=$seed
note "seed $seed, $soak s"
# KiB by which kernel memory may grow from the second to the last third; in the first third pools grow.
KEPT=1024

alone || bail "no RDMA device"
modprobe dm_mod && modprobe brd
dm_target() { dmsetup create slow --table "0 $(blockdev --getsz /dev/ram0) linear /dev/ram0 0" && dmsetup mknodes; }
stalling_target() {
	load_target && dm_target && backstore disk dev /dev/dm-0 && make_target "$IQN" disk && add_portal "$IQN" "$IP:$PORT" &&
		add_portal "$IQN" "[$IP6]:$PORT" && enable "$IQN"
}
works "a target with a backstore that can be suspended" stalling_target || bail "no target" "$(cat /tmp/out)"
start_initiator || bail "no iscsid"
# The initiator keeps commands without response for longer than any fault lasts.
sed -i 's/^\(node.session.timeo.replacement_timeout\).*/\1 = 120/' /etc/iscsi/iscsid.conf
discover >/dev/null
works "login" login || bail "no session"
dev=$(disk) || bail "no disk"

dir=$(tpg)
GENERATOR=/src/tools/testing/integrity/integrity
writes() { awk '{ print $5 }' "/sys/block/${dev#/dev/}/stat"; }
wrote() { [ "$(writes)" -gt "$1" ]; }
logged_in() { grep -qs LOGGED_IN /sys/class/iscsi_session/session*/state; }
listening() { grep -qx listening "$dir/np/$IP:$PORT/state"; }
begin_io() {
	"$GENERATOR" --state /tmp/state --seed "$seed" --seconds 100000 --size 512-131072 --depth 32 --reads 40 --no-verify "$dev" >/tmp/writer.out 2>&1 &
	WRITER=$!
	wait_for 20 "the writer to write" wrote $(($(writes) + 20))
}
end_io() { kill -KILL "$WRITER" 2>/dev/null; wait "$WRITER" 2>/dev/null; }
verified() { "$GENERATOR" --state /tmp/state --verify "$dev"; }
short() { sleep "$((RANDOM % 2)).$(printf '%03d' $((RANDOM % 1000)))"; }

# --- the faults; each is over when it returns ---

disable_enable() { echo 0 >"$dir/enable"; short; echo 1 >"$dir/enable"; }
portal() { rmdir "$dir/np/$IP:$PORT"; short; mkdir "$dir/np/$IP:$PORT"; }
device() { rdma link delete "$LINK-lan0"; short; rdma link add "$LINK-lan0" type "$LINK" netdev lan0 && wait_for 10 "the portal" listening; }
# Without its route soft RoCE's QP 1 may enter the error state: mend_gsi recovers it, as an administrator would.
back_again() { mend_gsi lan0 && wait_for 10 "the portal" listening; }
address() { ip addr del "$IP/24" dev lan0; short; ip addr add "$IP/24" dev lan0 && back_again; }
interface() { ip link set lan0 down; short; ip link set lan0 up; ip -6 addr add "$IP6/64" dev lan0 nodad 2>/dev/null; back_again; }
drained() { echo 5 >"$dir/drain"; short; echo 0 >"$dir/drain"; }
stall() { dmsetup suspend --nolockfs slow; short; dmsetup resume slow; }
reset_target() { sg_reset --target --no-escalate "$(sg_of "$dev")"; }
reset_lun() { sg_reset --device --no-escalate "$(sg_of "$dev")"; }
writer_killed() { end_io; begin_io; }
strangers() { # logins of other initiators, and sessions of one that is killed
	timeout -s KILL 20 /src/tools/testing/conformance/crowd cycles --target "$IP:$PORT" --iqn "$IQN" --connections 4 --parallel 2 >/dev/null
	timeout -s KILL 3 /src/tools/testing/conformance/crowd sessions --target "$IP:$PORT" --iqn "$IQN" --connections 2 --hold >/dev/null
	return 0
}
faults=(disable_enable portal device address interface drained stall reset_target reset_lun writer_killed strangers)

# If ib_iser loses the connection just before it sends a command, it fails the command itself, with this message.
LOST_ITSELF='iser: iscsi_iser_task_init: Failed to init task'
# has it done so since this fault began?
lost_itself() { dmesg | awk -v line="$LOST_ITSELF" '/soak: / { n = 0 } index($0, line) { n++ } END { exit !n }'; }
told=0
told_by_initiator() {
	lost_itself && ! kill -0 "$WRITER" 2>/dev/null || return
	wait "$WRITER"
	[ $? -eq 3 ] && grep -q 'Input/output error' /tmp/writer.out || return
	told=$((told + 1))
	wait_for 90 "the session" logged_in && begin_io
}
goes_on() {
	local before=$1
	wait_for 90 "I/O after $fault, or the end of the writer" eval 'wrote $((before + 30)) || ! kill -0 "$WRITER"' || return
	wrote $((before + 30)) || told_by_initiator
}
one_fault() {
	fault=${faults[$((RANDOM % ${#faults[@]}))]}
	counts[$fault]=$((${counts[$fault]:-0} + 1)) total=$((total + 1))
	echo "soak: $fault" >/dev/kmsg
	$fault >/tmp/fault.out 2>&1 || { not_ok "$fault (fault $total)" "$(tail -n 5 /tmp/fault.out)"; return 1; }
	goes_on "$(writes)" || { not_ok "I/O continues after $fault (fault $total)" "$(tail -n 3 /tmp/writer.out)"; return 1; }
	short
}
# Measures kernel memory and RDMA resources without sessions and portals.
measure() {
	end_io
	works "after $((SECONDS / 60)) min, $total faults: all blocks are as written" verified || return
	iscsiadm -m node -T "$IQN" -p "$IP:$PORT" --logout >/dev/null 2>&1
	wait_for 30 "the session to end" no_sessions || { not_ok "logout"; return 1; }
	rmdir "$dir/np/$IP:$PORT" "$dir/np/[$IP6]:$PORT"
	memory+=("$(kernel_memory)")
	note "after $((SECONDS / 60)) min: ${memory[-1]} KiB of kernel memory, RDMA holds $(rdma_holds | tr '\n' ';')"
	add_portal "$IQN" "$IP:$PORT" && add_portal "$IQN" "[$IP6]:$PORT" && wait_for 10 "the portal" listening && login >/dev/null && dev=$(disk) && begin_io
}

declare -A counts
memory=() total=0
begin_io || bail "no I/O" "$(cat /tmp/writer.out)"
SECONDS=0 next=60
while [ $SECONDS -lt "$soak" ]; do
	one_fault || break
	if [ $SECONDS -ge $next ]; then
		measure || { not_ok "I/O continues after the measurement" "$(tail -n 5 /tmp/out)"; break; }
		next=$((next + 60))
	fi
done
[ $SECONDS -lt "$soak" ] || ok "$total faults in $SECONDS s, I/O continued after each"
note "the writer got an error of its own initiator $told times"
note "$(for fault in "${!counts[@]}"; do echo "$fault: ${counts[$fault]}"; done | sort)"
wait_for 60 "the session" logged_in
end_io
works "all blocks are as written" verified
# compares the minima of the thirds: a leak raises the minimum
least() { printf '%s\n' "$@" | sort -n | head -n 1; }
third=$((${#memory[@]} / 3))
if [ $third -gt 0 ]; then
	grown=$(($(least "${memory[@]:2 * third}") - $(least "${memory[@]:third:third}")))
	if [ $grown -lt $KEPT ]; then ok "kernel memory does not grow: the last third has $grown KiB more than the second (allowed: $KEPT)"
	else not_ok "kernel memory does not grow" "$grown KiB more (allowed: $KEPT): ${memory[*]}"; fi
fi
works "logout" logout
stop_initiator
works "all is removed" remove_all
dmsetup remove slow
done_testing
