#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# SCSI commands of sg3_utils beyond reading and writing: the effect of each is verified in the data.

seconds=400
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
load_target || bail "no target"
# EXTENDED COPY identifies disks by the NAA name, which the core derives from the hexadecimal digits of the serial number
backstore aaaa1111 file 32 && backstore bbbb2222 rd 32 || bail "no backstores"
echo 1 >"$(backstore_dir aaaa1111)/attrib/emulate_tpu" && echo 1 >"$(backstore_dir aaaa1111)/attrib/emulate_tpws" || bail "no thin provisioning"
echo 4 >"$(backstore_dir aaaa1111)/attrib/max_unmap_block_desc_count" || bail "no UNMAP of several ranges"
make_target "$IQN" aaaa1111 bbbb2222 && add_portal "$IQN" "$IP:$PORT" && enable "$IQN" || bail "no target"
start_initiator || bail "no iscsid"
discover >/dev/null
works "login" login || bail "login" "$(tail -n 20 "$HERE/iscsid.log")"
dev=$(disk "$IQN" 0) && second=$(disk "$IQN" 1) || bail "two disks"
sg=$(sg_of "$dev") sg2=$(sg_of "$second")

# a file with the expected contents of the disk
mib=4 reference=/tmp/reference
head -c $((mib << 20)) /dev/urandom >$reference
dd if=$reference of="$dev" bs=1M oflag=direct status=none && dd if=$reference of="$second" bs=1M oflag=direct status=none || bail "writing"
same() { cmp <(dd if="$1" bs=1M count=$mib iflag=direct status=none) "${2:-$reference}"; }
# put FILE LBA BLOCKS : copies FILE into the reference
put() { dd if="$1" of=$reference bs=512 seek="$2" count="$3" conv=notrunc status=none; }
# exits STATUS TEXT command... : the command exits with STATUS
exits() {
	local want=$1 text=$2 status=0
	shift 2
	"$@" >/tmp/out 2>&1 || status=$?
	if [ $status -eq "$want" ]; then ok "$text"; else not_ok "$text" "status $status, expected $want: $*" "$(tail -n 5 /tmp/out)"; fi
}
out_of_range=22 miscompare=14

like "$(sginfo "$sg")" 'LIO-ORG' "sginfo: INQUIRY"
like "$(sginfo -s "$sg")" aaaa1111 "sginfo: unit serial number"
like "$(sginfo -c "$sg")" 'Write Cache' "sginfo: caching mode page"
like "$(sginfo -a "$sg")" 'Control mode page' "sginfo: all of it"

dd if=$reference of=/tmp/old bs=512 skip=100 count=1 status=none
head -c 512 /dev/urandom >/tmp/new
cat /tmp/old /tmp/new >/tmp/pair
works "sg_compare_and_write: a block that is as expected" sg_compare_and_write --in=/tmp/pair --lba=100 --num=1 "$sg"
put /tmp/new 100 1
works "... is written, and nothing else" same "$dev"
exits $miscompare "sg_compare_and_write: a block that is not: MISCOMPARE" sg_compare_and_write --in=/tmp/pair --lba=100 --num=1 "$sg"
works "... is not written" same "$dev"
cp /tmp/new /tmp/off && dd if=<(tail -c 1 /tmp/new | tr '\000-\377' '\001-\377\000') of=/tmp/off bs=1 seek=511 conv=notrunc status=none
cat /tmp/off /tmp/old >/tmp/pair
exits $miscompare "sg_compare_and_write: the last byte differs" sg_compare_and_write --in=/tmp/pair --lba=100 --num=1 "$sg"
works "... and nothing is written" same "$dev"

works "sg_unmap: 1024 blocks" sg_unmap --lba=2048 --num=1024 --force "$sg"
head -c $((1024 * 512)) /dev/zero >/tmp/zero
put /tmp/zero 2048 1024
works "... read as zeros, adjacent blocks as before" same "$dev"
printf '100\n4\n200\n1\n' >/tmp/ranges
works "sg_unmap: two ranges at a time" sg_unmap --in=/tmp/ranges --force "$sg"
put /tmp/zero 100 4 && put /tmp/zero 200 1
works "... read as zeros, adjacent blocks as before" same "$dev"
exits $out_of_range "sg_unmap: past the end is refused" sg_unmap --lba=65536 --num=1 --force "$sg"

head -c 512 /dev/urandom >/tmp/block
for _ in $(seq 300); do cat /tmp/block; done >/tmp/blocks
works "sg_write_same (10): a block 300 times" sg_write_same --10 --in=/tmp/block --lba=3000 --num=300 "$sg"
put /tmp/blocks 3000 300
works "... is there 300 times" same "$dev"
works "sg_write_same (16): a block once" sg_write_same --16 --in=/tmp/block --lba=4000 --num=1 "$sg"
put /tmp/block 4000 1
works "... is there once" same "$dev"
works "sg_write_same (16) with UNMAP" sg_write_same --16 --unmap --in=/tmp/zero --xferlen=512 --lba=3000 --num=100 "$sg"
put /tmp/zero 3000 100
works "... leaves zeros" same "$dev"
works "sg_xcopy: 1000 blocks from one disk to another" sg_xcopy if="$sg" of="$sg2" bs=512 skip=2900 seek=500 count=1000
dd if=$reference of=/tmp/copied bs=512 skip=2900 count=1000 status=none
works "... which the target copied" cmp <(dd if="$second" bs=512 skip=500 count=1000 iflag=direct status=none) /tmp/copied
works "... and left the source unchanged" same "$dev"

works "sg_persist: register" sg_persist --out --register --param-sark=0x1234 "$sg"
works "sg_persist: reserve" sg_persist --out --reserve --param-rk=0x1234 --prout-type=1 "$sg"
like "$(sg_persist --in --read-reservation "$sg" 2>&1)" 'Write Exclusive' "sg_persist: the reservation"
works "sg_persist: release" sg_persist --out --release --param-rk=0x1234 --prout-type=1 "$sg"
works "sg_persist: clear" sg_persist --out --clear --param-rk=0x1234 "$sg"
like "$(sg_persist --in --report-capabilities "$sg" 2>&1)" 'Persist Through Power Loss Capable' "sg_persist: capabilities"

works "logout" logout
works "the initiator stops" stop_initiator
works "all is removed" remove_all
done_testing
