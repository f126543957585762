#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# An initiator loses power during verified I/O and boots again, repeatedly. The target detects it by a ping without answer, other initiators can
# log in, and no acknowledged write is lost. The initiator's state of the writes is in memory of the host, which survives the power cut.
# FAULT_ROUNDS: number of power cuts (1).
# needs: conformance integrity
# by name: make faults runs it; cables, power and stalls take their time

roles="target initiator"
seconds=$((300 + 100 * ${FAULT_ROUNDS:-1}))
machine="--smp 1 --mem 1024 --append iser_tgt.faults=${FAULT_ROUNDS:-1},${FAULT_SEED:-},${FAULTS:-}"
set -- --qemu "-object memory-backend-file,id=state,share=on,size=1M,mem-path=@LOG@/state -device ivshmem-plain,memdev=state" "$@"
. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/faults.sh
. /src/tools/testing/vm/guest/faults.sh

power_cut() {
	touch /scratch/kill-initiator
	wait_for 20 "the power cut" [ -e /scratch/killed-initiator ] || return
	begin=$(now)
	wait_for 20 "the end of its session" no_session
}
no_session() { ! grep -q . "$(tpg)/dynamic_sessions"; }
portal_rests() { rmdir "$(tpg)/np/$IP:$PORT" && memory=$(kernel_memory) && add_portal "$IQN" "$IP:$PORT"; }

target() {
	local begin took login worst=0 slowest=0 memory memory_before=
	target_side 1 || bail "target: no RDMA device"
	IP=10.0.1.1 fault=power_cut
	load_target && backstore disk rd 16 && make_target "$IQN" disk && add_portal "$IQN" "$IP:$PORT" || bail "no target"
	echo 1 >"$(tpg)/attrib/nopin_interval"
	echo 1 >"$(tpg)/attrib/nopin_timeout"
	works "target: up" enable "$IQN"
	faults_begin
	ask_visitor 60 login 10000
	held_before=$(rdma_holds)
	touch /scratch/target-up
	# one round more: the first one sets the baseline of kernel memory
	for ((n = 0; n <= rounds; n++)); do
		wait_for 120 "the initiator to be busy" [ -e "/scratch/busy-$n" ] || bail "the initiator is not busy"
		sleep "0.$((RANDOM % 900 + 100))"
		echo "faults: power cut $n of $rounds" >/dev/kmsg
		power_cut || trouble "its session does not end"
		took=$(($(now) - begin))
		served
		at_most "$worst" "$took" || worst=$took
		at_most "$slowest" "$login" || slowest=$login
		wait_for 5 "RDMA resources as before" as_before || trouble "RDMA holds $(rdma_holds), before: $held_before"
		portal_rests || trouble "the portal cannot be removed"
		: "${memory_before:=$memory}"
		touch /scratch/restart-initiator
	done
	at_most $((memory_before + KEPT)) "$memory" || trouble "the kernel has $((memory - memory_before)) KiB more than before"
	if [ ${#trouble[@]} -eq 0 ]; then ok "target: power cut, $rounds times"; else not_ok "target: power cut, $rounds times" "${trouble[@]}"; fi
	table+=("$(printf '%-36s %5d %7d %7d %7s %6s %7d' "initiator's power cut" "$rounds" "$worst" "$slowest" - - $((memory - memory_before)))")
	faults_end
	wait_for 120 "the initiator's last verification" [ -e /scratch/done-initiator ] || not_ok "target: the initiator boots and logs in again"
	works "target: all is removed" remove_all
	done_testing
}

# Memory of the host on this machine's PCI bus.
host_memory() {
	local at
	for at in /sys/bus/pci/devices/*; do
		[ "$(cat "$at/vendor" "$at/device")" = $'0x1af4\n0x1110' ] || continue
		echo 1 >"$at/enable" && echo "$at/resource2"
	done
}

initiator() {
	local n=0 state
	while [ -e "/scratch/busy-$n" ]; do n=$((n + 1)); done
	initiator_side 1 || bail "initiator: no RDMA device"
	start_initiator || bail "initiator: no iscsid"
	wait_for 120 "the target" [ -e /scratch/target-up ] || bail "initiator: no target"
	state=$(host_memory)
	seed=1
	discover >/dev/null
	works "initiator: login after $n power cuts" login || bail "initiator: login" "$(tail -n 20 "$HERE/iscsid.log")"
	dev=$(disk) || bail "initiator: a disk" "none appeared"
	[ $n -eq 0 ] || works "initiator: no acknowledged write is lost" "$GENERATOR" --state "$state" --verify "$dev"
	note "$(grep verified: /tmp/out)"
	if [ $n -gt "$rounds" ]; then
		works "initiator: logout" logout
		works "initiator: stops" stop_initiator
		done_testing
		return
	fi
	STATE=$state io_begins || bail "initiator: no I/O" "$(cat /tmp/writer.out)"
	planned=1
	touch "/scratch/busy-$n"
	wait
}

"$NAME"
