#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Connections of other targets on the same RDMA device begin and end during verified I/O of an iser_tgt session: nvmet-rdma and ib_srpt with
# shared receive queues, which the kernel drains by polling their completion queues. Not ib_isert: it warns of commands that it releases twice,
# and stays in use.
# ULP_SECONDS: duration of the test with each (6).
# processors: 2
# link: rxe: soft iWARP has no shared receive queue here
# needs: integrity

seconds=$((300 + 8 * ${ULP_SECONDS:-6}))
machine="--append iser_tgt.ulp_seconds=${ULP_SECONDS:-6}"
. "$(dirname "$0")/../in-guest"
. /src/tools/testing/vm/guest/nvmet.sh
. /src/tools/testing/vm/guest/srpt.sh

time=$(sed -n 's/.*iser_tgt.ulp_seconds=\([0-9]*\).*/\1/p' /proc/cmdline)

# the session's number at the target
tsih() { grep -ohE 'tsih[ =:]+[0-9a-fx]+' "$(tpg)"/dynamic_sessions "$(tpg)"/sessions | head -n 1; }
has_module() { modprobe -n -q "$1"; }

# beside WHAT FUNCTION : FUNCTION connects and disconnects repeatedly, during verified I/O
beside() {
	local what=$1 rounds=0 end writer session
	shift
	session=$(tsih)
	/src/tools/testing/integrity/integrity --state /tmp/state --seed "$seed" --seconds $((time * SLOW)) --size 512-131072 --depth 16-32 "$dev" \
		>/tmp/writer 2>&1 &
	writer=$!
	end=$((SECONDS + time * SLOW))
	while [ $SECONDS -lt $end ]; do
		"$@" || break
		rounds=$((rounds + 1))
	done
	if [ $SECONDS -ge $end ] && [ $rounds -ge 2 ]; then ok "$what connects and disconnects"; else not_ok "$what connects and disconnects" "$rounds times" "$(cat /tmp/out)"; fi
	works "... blocks are as they were written" wait $writer
	note "$rounds times; $(grep -h '^did' /tmp/writer)"
	is "$(tsih)" "$session" "... in the same session"
}

nvme_comes_and_goes() { nvme_connect && wait_for 20 "the nvme disk" nvme_ready && nvme_disconnect; }
# a login is repeated: the initiator forgets a target only some time after the removal of its port
srp_comes_and_goes() { wait_for 20 "the SRP login" srp_connect && wait_for 20 "the SRP disk" srp_ready && srp_disconnect; }

alone || bail "no RDMA device"
kernel_since 6 11 || note "soft RoCE shares no receive queue before Linux 6.11"
works "a target" simple_target rd 32 || bail "no target"
start_initiator || bail "no iscsid"
discover >/dev/null
works "a session" login || bail "no session"
dev=$(disk) || bail "no disk"
seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
note "seed $seed"
modprobe brd rd_nr=2 rd_size=16384

if has_module ib_srpt && has_module ib_srp; then
	works "ib_srpt with shared receive queues" srpt_up /dev/ram1
	beside ib_srpt srp_comes_and_goes
	works "ib_srpt is removed" srpt_down
	modprobe -r ib_srp ib_srpt
else
	skip "ib_srpt" "this kernel has none"
fi
# nvmet is the last: lockdep reports a cycle of its locks at removal, and then stops checking
if has_module nvmet-rdma && has_module nvme-rdma; then
	nvmet_params=use_srq=1
	works "nvmet-rdma with shared receive queues" nvmet_up /dev/ram0
	beside nvmet-rdma nvme_comes_and_goes
	works "nvmet-rdma is removed" nvmet_down
	modprobe -r nvme-rdma nvmet-rdma
else
	skip "nvmet-rdma" "this kernel has none"
fi

works "logout" logout
works "all is removed" remove_all
done_testing
