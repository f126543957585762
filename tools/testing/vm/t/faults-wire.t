#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Cable, RDMA device, interface and address are removed and restored under verified I/O from another machine, repeatedly and at random moments.
# FAULT_ROUNDS: rounds of each fault (1); FAULTS: only those whose function matches; FAULT_SEED: the seed of an earlier run.
# needs: conformance integrity
# by name: make faults runs it; cables, power and stalls take their time

roles="target initiator"
seconds=$((300 + 200 * ${FAULT_ROUNDS:-1}))
machine="--smp 1 --mem 1024 --append iser_tgt.faults=${FAULT_ROUNDS:-1},${FAULT_SEED:-},${FAULTS:-}"
. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/faults.sh
. /src/tools/testing/vm/guest/faults.sh

target() {
	target_side 1 || bail "target: no RDMA device"
	IP=10.0.1.1
	load_target && backstore disk rd 16 && make_target "$IQN" disk && add_portal "$IQN" "$IP:$PORT" || bail "no target"
	echo 1 >"$(tpg)/attrib/nopin_interval"
	echo 2 >"$(tpg)/attrib/nopin_timeout"
	works "target: up" enable "$IQN"
	touch /scratch/target-up
	serve_initiator
	works "target: all is removed" remove_all
	done_testing
}

# up to $1.999 seconds
a_while() { sleep "$((RANDOM % ($1 + 1))).$((RANDOM % 900 + 100))"; }
dead_cable() { tc qdisc replace dev eth0 root netem limit 10000 loss 100%; }
good_cable() { tc qdisc del dev eth0 root; }
# Without the route soft RoCE's QP 1 may have entered the error state (mend_gsi). Its link is then added again before the target is checked, and
# these times are counted.
mended=0
gsi_good() {
	on_target mend_gsi eth0 || return
	! grep -q 'made anew' /tmp/out || mended=$((mended + 1))
	gsi_in_error eth0 || return 0
	mended=$((mended + 1))
	visitor_goes
	mend_gsi eth0 && visitor_comes
}

cable_pulled()    { dead_cable && on_target dead_cable && a_while 4 && on_target good_cable && good_cable; }
link_deleted()    { on_target unlink_rdma eth0 && a_while 1 && on_target relink_rdma eth0; }
# Removal of the device waits for processes that have it open, so the visitor ends before.
peer_deleted()    { visitor_goes; unlink_rdma eth0 && a_while 1 && relink_rdma eth0 && visitor_comes; }
interface_down()  { on_target ip link set eth0 down && a_while 2 && on_target ip link set eth0 up && gsi_good; }
address_removed() { on_target ip addr del "$IP/24" dev eth0 && a_while 2 && on_target ip addr add "$IP/24" dev eth0 && gsi_good; }

initiator() {
	apart=1
	initiator_side 1 || bail "initiator: no RDMA device"
	start_initiator || bail "initiator: no iscsid"
	sed -i -e 's/^\(node.session.timeo.replacement_timeout\).*/\1 = 120/' -e 's/^\(node.conn\[0\].timeo.noop_out_[a-z]*\).*/\1 = 2/' \
		-e 's/^\(node.conn\[0\].timeo.login_timeout\).*/\1 = 3/' /etc/iscsi/iscsid.conf
	wait_for 120 "the target" [ -e /scratch/target-up ] || bail "initiator: no target"
	discover >/dev/null
	works "initiator: login" login || bail "initiator: login" "$(tail -n 20 "$HERE/iscsid.log")"
	faults_begin

	repeat cable_pulled "cable pulled and put back"
	repeat link_deleted "target's RDMA link deleted and added"
	repeat peer_deleted "initiator's RDMA link deleted"
	repeat interface_down "target's interface down and up"
	repeat address_removed "target's address removed and added"
	note "soft RoCE's QP 1 was in the error state $mended times, and its link was added again"

	faults_end
	works "initiator: logout" logout
	works "initiator: stops" stop_initiator
	done_testing
}

"$NAME"
