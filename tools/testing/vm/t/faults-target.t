#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A target is reconfigured under verified I/O, repeatedly and at random moments: no acknowledged write is lost, a new login succeeds within 5 s,
# and nothing leaks.
# FAULT_ROUNDS: rounds of each fault (1); FAULTS: only those whose function matches; FAULT_SEED: the seed of an earlier run.
# processors: 2
# needs: conformance integrity

seconds=$((300 + 200 * ${FAULT_ROUNDS:-1}))
machine="--append iser_tgt.faults=${FAULT_ROUNDS:-1},${FAULT_SEED:-},${FAULTS:-}"
. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/faults.sh
. /src/tools/testing/vm/guest/faults.sh

portal=$IP:$PORT acl=$(tpg)/acls/$INITIATOR
the_target() { make_target "$IQN" disk && add_portal "$IQN" "$portal" && enable "$IQN"; }
unlink_lun() { find "$(tpg)/lun/lun_0" -maxdepth 1 -type l -delete && rmdir "$(tpg)/lun/lun_0"; }
link_lun() { mkdir "$(tpg)/lun/lun_0" && ln -s "$(backstore_dir disk)" "$(tpg)/lun/lun_0/disk"; }

tpg_disabled()   { disable "$IQN" && enable "$IQN"; }
portal_deleted() { rmdir "$(tpg)/np/$portal" && add_portal "$IQN" "$portal"; }
# removes the LUN before the portal, which ends the session
target_deleted() { remove_target "$IQN" && the_target; }
lun_deleted()    { unlink_lun && link_lun; }
acl_made()       { mkdir -p "$acl/lun_0" && ln -s "$(tpg)/lun/lun_0" "$acl/lun_0/disk"; }
acl_deleted()    { find "$acl/lun_0" -maxdepth 1 -type l -delete && rmdir "$acl/lun_0" "$acl" && acl_made; }
module_removed() {
	rmdir "$(tpg)/np/$portal" && remove_target "$IQN" && rmdir "$CFS/iser" && wait_for 1 "rmmod" rmmod iser_tgt && load_target && the_target
}

alone || bail "no RDMA device"
load_target && backstore disk rd 16 && the_target || bail "no target"
start_initiator || bail "no iscsid"
discover >/dev/null
works "login" login || bail "login" "$(tail -n 20 "$HERE/iscsid.log")"
faults_begin

repeat tpg_disabled "portal group disabled and enabled"
repeat portal_deleted "portal deleted and created"
repeat target_deleted "target deleted and created"
repeat lun_deleted "LUN deleted and created"
repeat module_removed "rmmod and modprobe"
acl_made || bail "no ACL"
repeat acl_deleted "ACL deleted and created"

faults_end
works "logout" logout
works "the initiator stops" stop_initiator
works "all is removed" remove_all
done_testing
