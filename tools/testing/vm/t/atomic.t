#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# WRITE ATOMIC(16) reaches a disk that can do it, and like any other WRITE takes its data into a buffer that stays mapped. A disk with a virtual
# boundary, which would split it where a page is not filled, gets it without such a gap.
# needs: conformance

. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/rules.sh
. /src/tools/testing/vm/guest/rules.sh
# shellcheck source=tools/testing/vm/guest/scsi_debug.sh
. /src/tools/testing/vm/guest/scsi_debug.sh

mount -t debugfs none /sys/kernel/debug 2>/dev/null
target() {
	backstore disk dev "/dev/$(scsi_debug_disk)" && load_target && make_target "$IQN" disk && add_portal "$IQN" "$IP:$PORT" && enable "$IQN"
}
# buffers : those of the pool that were asked for
buffers() { grep -oE 'pool_(hits|misses)=[0-9]+' /sys/kernel/debug/iser_tgt/devices | awk -F= '{ n += $2 } END { print n }'; }
# write_atomic BLOCK BLOCKS : of /tmp/data
write_atomic() {
	local cdb
	read -ra cdb < <(printf '9c00%016x0000%04x0000' "$1" "$2" | sed 's/../& /g')
	sg_raw -s $(($2 * 512)) -i /tmp/data "$dev" "${cdb[@]}"
}
# No soft disk has both: a module of the tests gives it a virtual boundary.
boundary() {
	local name
	name=$(scsi_debug_disk)
	works "the disk gets a virtual boundary" insmod "/src/build/$KVER/event/boundary.ko" disk="/dev/$name" && rmmod boundary
	is "$(cat "/sys/block/$name/queue/virt_boundary_mask")" 4095 "... of a page"
	conform --only data/iser_tgt_atomic_write
	judged "atomic writes with a part of their data immediate" unskipped
}

alone || bail "no RDMA device"
works "a disk with atomic writes" make_scsi_debug dev_size_mb=16 atomic_wr=1 || bail "no disk" "$(cat /tmp/out)"
works "a target with it" target || bail "no target" "$(cat /tmp/out)"
start_initiator && discover >/dev/null && login >/dev/null || bail "no session"
dev=$(disk) || bail "no disk"
# more than a receive buffer holds
head -c 32768 /dev/urandom >/tmp/data
# LIO of older kernels, as of 6.12, has no atomic writes
most=$(backstore_dir disk)/attrib/atomic_max_len
if [ -e "$most" ]; then
	like "$(cat "$most")" '^[1-9]' "the target offers atomic writes"
	before=$(buffers)
	works "WRITE ATOMIC(16) of 64 blocks" write_atomic 64 64
	is $(($(buffers) - before)) 1 "... takes one buffer"
	is "$(dd if="$dev" bs=512 skip=64 count=64 iflag=direct 2>/dev/null | cksum)" "$(cksum </tmp/data)" "... and writes its data"
	fails "one that ends behind the disk" write_atomic $(((16 << 11) - 32)) 64
	boundary
else
	fails "WRITE ATOMIC(16) is refused" write_atomic 64 64
	like "$(cat /tmp/out)" 'Illegal Request|Invalid (command )?operation code' "... because the core does not know it"
fi
works "logout" logout
works "the initiator stops" stop_initiator
works "all is removed" remove_all
works "scsi_debug can be removed" wait_for 10 "scsi_debug" rmmod scsi_debug
done_testing
