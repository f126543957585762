#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Removes the target IQN and its backstore "disk", in the reverse order of their creation. Closes all sessions. Removes discovery authentication.

set -e
iqn=${IQN:-iqn.2026-01.com.example:disk}

cd /sys/kernel/config/target
for group in "iser/$iqn"/tpgt_*; do
	# no new sessions; waits until the old ones have ended
	echo 0 >"$group/enable"
	for portal in "$group"/np/*; do [ ! -d "$portal" ] || rmdir "$portal"; done
	for mapped in "$group"/acls/*/lun_*; do
		[ -d "$mapped" ] || continue
		rm "$mapped/disk"
		rmdir "$mapped"
	done
	for acl in "$group"/acls/*; do [ ! -d "$acl" ] || rmdir "$acl"; done
	for lun in "$group"/lun/lun_*; do
		rm "$lun/disk"
		rmdir "$lun"
	done
	rmdir "$group"
done
rmdir "iser/$iqn"

for group in first second; do
	[ ! -d "core/iblock_0/disk/alua/$group" ] || rmdir "core/iblock_0/disk/alua/$group"
done
rmdir core/iblock_0/disk
rmdir core/iblock_0

echo 0 >iser/discovery_auth/enforce_discovery_auth
for secret in userid password userid_mutual password_mutual; do echo NULL >"iser/discovery_auth/$secret"; done
