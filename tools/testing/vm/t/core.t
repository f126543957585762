#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The patches for the kernel's target core (configfs/upstream/linux) apply to the newest kernel, compile, and mend what they say: TransportIDs of
# PERSISTENT RESERVE OUT that are well-formed leave no reference behind and drop none too many. What 3, 4 and 8 mend is not reached through
# iser_tgt any more.
# link: rxe
# needs: conformance core
# all: it compiles the target core

seconds=300
. "$(dirname "$0")/../in-guest"

patched=/src/build/$KVER/target_core_mod.ko
far=iqn.2026-01.org.example:second
longest=$(printf 'iqn.2026-01.org.example:%0199d' 0 | tr 0 x)
longest=iqn.2026-01.org.example:${longest:24}

if [ ! -e "$patched" ]; then
	skip "the patched target core" "the patches are for another kernel"
	done_testing
	exit
fi

no_core() {
	local module
	for module in iser_tgt target_core_iblock target_core_file target_core_pscsi target_core_user target_core_mod; do
		[ ! -d "/sys/module/$module" ] || rmmod "$module" || return
	done
}
# admit TARGET INITIATOR : an ACL with the disk
admit() { mkdir -p "$(tpg "$1")/acls/$2/lun_0" && ln -s "$(tpg "$1")/lun/lun_0" "$(tpg "$1")/acls/$2/lun_0/disk"; }
admitted() {
	make_target "$far" disk && admit "$IQN" "$INITIATOR" && admit "$IQN" iqn.2026-01.org.example:absent && admit "$IQN" "$longest" &&
		admit "$far" iqn.2026-01.org.example:far && echo 0 >"$(backstore_dir disk)/attrib/enforce_pr_isids"
}

works "the kernel's target core is unloaded" wait_for 20 "the modules" no_core || bail "the core stays"
modprobe -a configfs scsi_common
works "the patched one is loaded" insmod "$patched" || bail "no core" "$(cat /tmp/out)"
# taint of modules that were built outside the kernel's tree
like "$(cat /sys/module/target_core_mod/taint)" O "... and not the kernel's"
alone || bail "no RDMA device"
works "a target" simple_target rd 16 || bail "no target" "$(cat /tmp/out)"
works "a second one with the same disk, and ACLs" admitted || bail "no ACLs" "$(cat /tmp/out)"
/src/tools/testing/conformance/run --suite core --target "$IP:$PORT" --iqn "$IQN" --initiator "$INITIATOR" --patience 4 || failed=1

for acl in "$(tpg)"/acls/* "$(tpg "$far")"/acls/*; do
	[ -d "$acl/lun_0" ] || continue
	name=${acl##*:}
	works "the LUN is unmapped from ${name::12}" timeout 20 rm "$acl/lun_0/disk"
	works "... and its directory removed" timeout 20 rmdir "$acl/lun_0"
done
works "all is removed" remove_all
done_testing
