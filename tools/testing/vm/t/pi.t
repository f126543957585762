#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# T10-PI in software: the initiator does not use protection; the target core generates a tuple for each block written, and checks it for each
# block read. The test reads the tuples in the file in which the core keeps them.

seconds=400
REFERENCE=4096
. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/pi.sh
. /src/tools/testing/vm/guest/pi.sh

# protect BACKSTORE TYPE : has to be called after the backstore was enabled and before its first LUN
protect() {
	local dir
	dir=$(backstore_dir "$1")
	echo "$2" >"$dir/attrib/pi_prot_type" && [ "$(cat "$dir/attrib/pi_prot_type")" = "$2" ]
}
format() { echo 1 >"$(backstore_dir "$1")/attrib/pi_prot_format"; }

alone || bail "no RDMA device"
load_target || bail "no target"
backstore one file 16 && backstore three file 16 && backstore ram rd 16 || bail "no backstores"
works "fileio with protection of type 1" protect one 1
works "... formatted" format one
works "fileio with protection of type 3" protect three 3
works "... formatted" format three
works "a RAM disk with protection of type 1" protect ram 1
# LUN 0, 1, 2
make_target "$IQN" one three ram && add_portal "$IQN" "$IP:$PORT" && enable "$IQN" || bail "no target"
start_initiator || bail "no iscsid"
discover >/dev/null
works "login" login || bail "login" "$(tail -n 20 "$HERE/iscsid.log")"
one=$(disk "$IQN" 0) && three=$(disk "$IQN" 1) && ram=$(disk "$IQN" 2) || bail "three disks"
sg=$(sg_of "$one")

like "$(sg_inq "$sg")" 'Protect=0' "INQUIRY reports no protection, because there is none on the wire"
like "$(sg_readcap --16 "$sg")" 'prot_en=0' "nor does READ CAPACITY (16)"

# the tuple of an unwritten block
escaped() { [ "$(dd if="$1.protection" bs=8 skip="$2" count=1 status=none | od -An -tx1 | tr -d ' ')" = ffffffffffffffff ]; }

works "a block that was only formatted can be read" dd if="$one" of=/dev/null bs=512 skip=20000 count=8 iflag=direct status=none
works "... its tuple is the escape" escaped /tmp/one.img 20000

# with all, a part or none of the data as immediate data
sizes=(1 4 8 12 64 100 512)
for dev in "$one" "$three" "$ram"; do
	works "$dev: 4 MiB in commands of 1 KiB to 512 KiB" write_all "$dev" "${sizes[@]}"
	works "... read back" same "$dev" 1024
done
works "type 1: guard and reference tag of 2048 blocks are right" tuples /tmp/one.img 1 0 2048
works "type 3: guard tag of 2048 blocks is right" tuples /tmp/three.img 3 0 2048
works "the tuple behind the last block written is untouched" escaped /tmp/one.img 8192
works "a RAM disk, 32 commands at a time, verified" fio --name=v --filename="$ram" --direct=1 --ioengine=libaio --rw=randrw --bsrange=512-64k \
	--bs_unaligned=0 --iodepth=32 --offset=4M --size=8M --verify=crc32c --verify_fatal=1

# Commands with RDPROTECT or WRPROTECT are refused, because INQUIRY reports no protection.
# refused TEXT DEV CDB... : the command ends with INVALID FIELD IN CDB, and without data
refused() {
	local text=$1 dev=$2 out
	shift 2
	rm -f /tmp/back
	case $1 in
	2a | aa | 8a) out=$(sg_raw -s 512 -i /dev/zero "$(sg_of "$dev")" "$@" 2>&1) ;;
	*) out=$(sg_raw -r 512 -o /tmp/back "$(sg_of "$dev")" "$@" 2>&1) ;;
	esac
	if grep -q 'Illegal Request' <<<"$out" && grep -q 'Invalid field in cdb' <<<"$out" && ! [ -s /tmp/back ]; then ok "$text"
	else not_ok "$text" "$out"; fi
}
for dev in "$one" "$three" "$ram"; do
	for protect in 20 60 a0; do
		refused "$dev: READ (10) with RDPROTECT, byte 1 is $protect" "$dev" 28 $protect 00 00 00 00 00 00 01 00
		refused "$dev: WRITE (10) with WRPROTECT, byte 1 is $protect" "$dev" 2a $protect 00 00 00 00 00 00 01 00
	done
	refused "$dev: READ (12)" "$dev" a8 20 00 00 00 00 00 00 00 01 00 00
	refused "$dev: WRITE (12)" "$dev" aa 20 00 00 00 00 00 00 00 01 00 00
	refused "$dev: READ (16)" "$dev" 88 20 00 00 00 00 00 00 00 00 00 00 00 01 00 00
	refused "$dev: WRITE (16)" "$dev" 8a 20 00 00 00 00 00 00 00 00 00 00 00 01 00 00
	works "$dev: the data are unchanged" same "$dev" 1024
done
works "type 1: and so are the tuples" tuples /tmp/one.img 1 0 2048

# damage FILE OFFSET : inverts one byte, as on a defective medium
damage() {
	local byte
	byte=$(dd if="$1" bs=1 skip="$2" count=1 status=none | od -An -tu1)
	printf '%b' "\\x$(printf %02x $((byte ^ 0xff)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
# broken TEXT DEV LBA SENSE : a READ of this block ends with SENSE, and without data
broken() {
	local out
	rm -f /tmp/back
	# shellcheck disable=SC2046 # five bytes
	out=$(sg_raw -r 512 -o /tmp/back "$2" 28 00 00 00 $(printf '%02x %02x 00 00 01' $(($3 / 256)) $(($3 % 256))) 00 2>&1)
	like "$out" "$4" "$1"
	like "$out" 'Aborted Command' "... as an aborted command"
	if [ -s /tmp/back ]; then not_ok "... and without data" "$(stat -c %s /tmp/back) bytes"; else ok "... and without data"; fi
}
readable() { dd if="$1" of=/dev/null bs=512 skip="$2" count=1 iflag=direct status=none; }

damage /tmp/one.img.protection $((100 * 8))
broken "type 1: a damaged guard tag is detected" "$sg" 100 'guard check failed'
damage /tmp/one.img $((200 * 512 + 17))
broken "a damaged byte of data is detected" "$sg" 200 'guard check failed'
damage /tmp/one.img.protection $((300 * 8 + 7))
broken "a damaged reference tag is detected" "$sg" 300 'reference tag check failed'
works "the block before the damaged ones can be read" readable "$one" 99
works "... and the one behind" readable "$one" 301
like "$(sg_raw -r 4096 "$sg" 28 00 00 00 00 60 00 00 08 00 2>&1)" 'guard check failed' "a READ of several blocks, one of them damaged, fails too"
damage /tmp/three.img.protection $((100 * 8))
broken "type 3: a damaged guard tag is detected" "$(sg_of "$three")" 100 'guard check failed'

for lba in 100 200 300; do
	dd if=/tmp/reference of="$one" bs=512 skip=$lba seek=$lba count=1 oflag=direct conv=notrunc status=none
done
works "the blocks are written again, and can be read" same "$one" 1024
works "... and their tuples are right" tuples /tmp/one.img 1 96 210

works "logout" logout
works "the initiator stops" stop_initiator
works "all is removed" remove_all
done_testing
