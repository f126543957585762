#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The patches for the kernel's target core (configfs/upstream/linux) apply to the newest kernel, compile, and mend what they say: TransportIDs of
# PERSISTENT RESERVE OUT that are well-formed leave no reference behind and drop none too many. What 3, 4, 8, 14, 15, 17 and 18 mend, iser_tgt keeps away
# from the core: LIO's iSCSI over TCP does not. 9 and 16 are for all fabrics. 13 needs two processors to be seen, and LIO's iSCSI binds its threads to
# one: races.t has it for iser_tgt's own wait.
# link: rxe
# processors: 2
# needs: conformance core
# all: it compiles the target core

seconds=400
# what is freed is poisoned, for 16
machine='--append slab_debug=P,kmalloc-*'
. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/patched-core.sh
. /src/tools/testing/vm/guest/patched-core.sh
# shellcheck source=tools/testing/vm/guest/delay.sh
. /src/tools/testing/vm/guest/delay.sh

far=iqn.2026-01.org.example:second
longest=$(printf 'iqn.2026-01.org.example:%0199d' 0 | tr 0 x)
longest=iqn.2026-01.org.example:${longest:24}

if [ ! -e "$PATCHED_CORE/target_core_mod.ko" ]; then
	skip "the patched target core" "the patches are for another kernel"
	done_testing
	exit
fi

# admit TARGET INITIATOR : an ACL with the disk
admit() { mkdir -p "$(tpg "$1")/acls/$2/lun_0" && ln -s "$(tpg "$1")/lun/lun_0" "$(tpg "$1")/acls/$2/lun_0/disk"; }
admitted() {
	make_target "$far" disk && admit "$IQN" "$INITIATOR" && admit "$IQN" iqn.2026-01.org.example:absent && admit "$IQN" "$longest" &&
		admit "$far" iqn.2026-01.org.example:far && echo 0 >"$(backstore_dir disk)/attrib/enforce_pr_isids"
}

works "the kernel's target core is unloaded" wait_for 20 "the modules" no_core || bail "the core stays"
works "the patched one is loaded" load_patched_core || bail "no core" "$(cat /tmp/out)"
works "... and not the kernel's" core_is_patched
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

# --- iblock ---

on_dm() {
	modprobe brd rd_nr=2 rd_size=$((32 << 10)) && modprobe -a dm_mod iscsi_target_mod && sectors=$(blockdev --getsz /dev/ram0) &&
		echo "0 $sectors linear /dev/ram0 0" | dmsetup create kept --noudevsync && dmsetup mknodes kept
}
iblock() { backstore kept dev /dev/mapper/kept; }
# bad_from SECTOR : those of the disk cannot be read
bad_from() {
	dmsetup suspend --noudevsync --nolockfs kept &&
		{ echo "0 $1 linear /dev/ram0 0"; [ "$1" = "$sectors" ] || echo "$1 $((sectors - $1)) error"; } | dmsetup load kept &&
		dmsetup resume --noudevsync kept
}
iser_target() { make_target "$IQN" kept && add_portal "$IQN" "$IP:$PORT" && enable "$IQN"; }

works "a block device" on_dm || bail "no disk" "$(cat /tmp/out)"
works "an iSER target with it" eval 'iblock && load_target && iser_target' || bail "no target" "$(cat /tmp/out)"
/src/tools/testing/conformance/run --only data/ --target "$IP:$PORT" --iqn "$IQN" --initiator "$INITIATOR" --patience 4 || failed=1
works "all is removed" remove_all

# --- LIO's iSCSI over TCP ---

FABRIC=iscsi
# With its connection at its end: LIO's iSCSI lets a target be freed while a connection that has closed still uses it.
no_connection() { ! pgrep -x iscsi_trx >/dev/null; }
tcp() { /src/tools/testing/vm/guest/over-tcp 127.0.0.1 "$IQN" "$INITIATOR" "$@"; wait_for 20 "the end of iscsi_trx" no_connection; }
# tcp_target IQN PORT [BACKSTORE]
tcp_target() { mkdir -p "$CFS/iscsi" && make_target "$1" "${3:-kept}" && mkdir "$(tpg "$1")/np/127.0.0.1:$2" && enable "$1"; }
tcp_acls() {
	admit "$IQN" "$INITIATOR" && admit "$far" iqn.2026-01.org.example:far && echo 0 >"$(backstore_dir kept)/attrib/enforce_pr_isids"
}
# a file system that writes nothing by itself, for the core's files of reservations
pr_dir=$(cat "$CFS/dbroot")/pr
pr_file_system() {
	mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 /dev/ram1 && mkdir -p "$pr_dir" && mount -o commit=600 /dev/ram1 "$pr_dir" &&
		echo 60000 >/proc/sys/vm/dirty_expire_centisecs && sync
}
# on_medium TEXT : past every cache
on_medium() { dd if=/dev/ram1 bs=1M iflag=direct 2>/dev/null | grep -qa "$1"; }
# unmapped TARGET INITIATOR : nothing keeps the LUN of this ACL
unmapped() { timeout 20 rm "$(tpg "$1")/acls/$2/lun_0/disk" && timeout 20 rmdir "$(tpg "$1")/acls/$2/lun_0" "$(tpg "$1")/acls/$2"; }

works "the same device" iblock || bail "no disk" "$(cat /tmp/out)"
works "a TCP target" tcp_target "$IQN" 3260 && works "a second one with the same disk" tcp_target "$far" 3261 || bail "no target" "$(cat /tmp/out)"
works "ACLs" tcp_acls || bail "no ACLs" "$(cat /tmp/out)"
is "$(tcp register iqn.2026-01.org.example:unknown)" "2 5 38 0" "3: a TransportID of an unknown initiator is refused"
works "... and keeps nothing of the sender's LUN" unmapped "$IQN" "$INITIATOR" || bail "the LUN stays"
works "... which is mapped again" admit "$IQN" "$INITIATOR"
is "$(tcp register iqn.2026-01.org.example:far,i,0x00023d0a0b0c)" 0 "4: one with an ISID, of an initiator of the second port, is taken"
# 10 and 11: a command of one bio, and one of several
for blocks in 8 8192; do
	is "$(tcp read $blocks)" 0 "10, 11: a READ of $blocks blocks"
	works "the last of them is bad" bad_from $((blocks - 1))
	like "$(tcp read $blocks)" '^2 ' "10, 11: the READ of $blocks blocks fails"
	works "it is mended" bad_from "$sectors"
done
is "$(tcp ordered kept)" 0 "8: an ORDERED command runs after a task was aborted"

# 18: a LUN that may only be read
first_blocks() { dd if=/dev/ram0 bs=4096 count=1 iflag=direct 2>/dev/null | md5sum; }
write_protected() { echo "$1" >"$(tpg "$IQN")/acls/$INITIATOR/lun_0/write_protect"; }
works "the first blocks have something" eval 'head -c 4096 /dev/urandom | dd of=/dev/ram0 bs=4096 oflag=direct 2>/dev/null && write_protected 1'
blocks=$(first_blocks)
is "$(tcp same 8)" "2 5 14 3" "18: WRITE SAME with the R bit is refused"
is "$(first_blocks)" "$blocks" "... and clears nothing"
works "it may be written again" write_protected 0

# 15
works "an ACL for another initiator" admit "$IQN" "$INITIATOR.b"
export delay
is "$(tcp meet clears 2>&1 | xargs)" "0 2 2 8 0" "15: CLEAR in the middle of CLEAR"
is "$(tcp meet lists 2>&1 | xargs)" "0 0" "15: a registration ends in the middle of READ FULL STATUS"
is "$(tcp meet preempts 2>&1 | xargs)" "0 64" "15: RELEASE waits for the PREEMPT AND ABORT that aborts it"

# 17
is "$(tcp fence kept 2>&1 | xargs)" "0 64" "17: PREEMPT AND ABORT aborts the WRITE of an initiator that is registered without being the holder, and waits for it"

# 14: a disk with a cache
works "the target's disk is removed" remove_all
works "... and is a file in the page cache" backstore cached cached /dev/mapper/kept && works "... of a target" tcp_target "$IQN" 3260 cached || bail "no target" "$(cat /tmp/out)"
is "$(tcp flush kept 2>&1)" 0 "14: SYNCHRONIZE CACHE with IMMED is answered when all is flushed"
works "all is removed" remove_all
as_before() { iblock && tcp_target "$IQN" 3260 && tcp_target "$far" 3261 && tcp_acls; }
works "the targets as before" as_before || bail "no targets" "$(cat /tmp/out)"

# 9
works "a file system for reservations" pr_file_system || bail "no file system" "$(cat /tmp/out)"
is "$(tcp aptpl 0x7654321)" 0 "9: a registration with APTPL"
works "... is on the disk when it is answered" on_medium "res_key=$((0x7654321))"
is "$(tcp aptpl 0)" 0 "... and removed"
works "the file system is not in use" umount "$pr_dir"
works "nothing keeps the LUN of the second port either" unmapped "$far" iqn.2026-01.org.example:far
works "all is removed again" remove_all
dmsetup remove kept

# 16
async() {
	local dir=$CFS/core/fileio_0/async
	# without a hole, for which ext4 reads another way
	mkfs.ext4 -q /dev/ram1 && mkdir -p /mnt/async && mount /dev/ram1 /mnt/async && dd if=/dev/urandom of=/mnt/async/file bs=1M count=8 conv=fsync &&
		mkdir -p "$dir" &&
		echo fd_dev_name=/mnt/async/file,fd_dev_size=$((8 << 20)),fd_async_io=1 >"$dir/control" && echo 1 >"$dir/enable"
}
poisoned() { [ "$(cat /sys/kernel/slab/kmalloc-128/poison)" = 1 ]; }
works "free memory is poisoned" poisoned
works "a file on ext4 with asynchronous I/O" async && works "... of a target" tcp_target "$IQN" 3260 async || bail "no target" "$(cat /tmp/out)"
for blocks in 1 8 256; do is "$(tcp read $blocks 2>&1)" 0 "16: a READ of $blocks blocks, after which ext4 notes that the file was read"; done
works "all is removed" remove_all
umount /mnt/async
done_testing
