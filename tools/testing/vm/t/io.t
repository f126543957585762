#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Data of all sizes, at all offsets, many commands at a time: the data read are the data written.
# differs by: oldest link

seconds=600
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
simple_target rd 96 || bail "no target"
# the largest commands Linux sends: ib_iser uses the most that the device can register, up to this
start_initiator max_sectors=32768 || bail "no iscsid"
discover >/dev/null
works "login" login || bail "login" "$(tail -n 20 "$HERE/iscsid.log")"
dev=$(disk) || bail "a disk" "none appeared"
queue=/sys/block/${dev#/dev/}/queue
largest=$(cat "$queue/max_hw_sectors_kb")
echo "$largest" >"$queue/max_sectors_kb"
note "largest command Linux can send here: $largest KiB"

# bs, queue depth, MiB of random writes and reads mixed; each block has a checksum; more blocks than the queue depth. A slow kernel transfers
# less.
while read -r bs depth mib; do
	works "fio --verify=crc32c: $bs blocks, depth $depth, random reads and writes mixed" \
		fio --name=v --filename="$dev" --direct=1 --ioengine=libaio --rw=randrw --bs="$bs" --iodepth="$depth" --size="$((mib * 1024 / SLOW))K" \
		--verify=crc32c --verify_fatal=1 --randseed="$RANDOM" || note "$(tail -n 5 /tmp/out)"
done <<END
512 1 1
512 64 2
4k 1 2
4k 16 6
4k 64 6
12k 7 6
64k 32 16
256k 16 24
1M 8 16
1M 64 64
END
works "fio: sizes from 512 B to 1 MiB in one job, depth 32, writes then reads" \
	fio --name=mix --filename="$dev" --direct=1 --ioengine=libaio --rw=write --bsrange=512-1M --bs_unaligned=0 --iodepth=32 --size="$((48 / SLOW))M" \
	--verify=crc32c --verify_fatal=1

# a file of the same size is written like the disk; both must stay equal
reference=/tmp/reference
mib=$((SLOW > 1 ? 16 : 48))
head -c $((mib << 20)) /dev/urandom >$reference
whole() { cmp <(dd if="$dev" bs=1M count=$mib iflag=direct status=none) $reference; }
works "16 MiB at a time written" dd if=$reference of="$dev" bs=16M oflag=direct status=none
works "and read back" whole
odd() {
	local i lba count
	RANDOM=1
	for i in $(seq $((60 / SLOW))); do
		lba=$((RANDOM * mib / 32 + RANDOM % 7))
		count=$((RANDOM % 300 + 1))
		dd if=/dev/urandom of=/tmp/chunk bs=512 count=$count status=none
		dd if=/tmp/chunk of="$dev" bs=$((count * 512)) seek=$((lba * 512)) oflag=direct,seek_bytes status=none &&
			dd if=/tmp/chunk of=$reference bs=512 seek=$lba conv=notrunc status=none || return
		dd if="$dev" of=/tmp/back bs=$((count * 512)) count=1 skip=$((lba * 512)) iflag=direct,skip_bytes status=none &&
			cmp /tmp/chunk /tmp/back || { echo "write $i: lba $lba count $count"; return 1; }
	done
}
works "writes of odd lengths at odd sectors, each read back" odd
works "and nothing else changed" whole

sg=$(sg_of "$dev")
for kib in 512 1024 $largest; do
	[ "$kib" -le "$largest" ] || continue
	blocks=$((kib * 2))
	works "sg_dd: commands of $kib KiB written" sg_dd if=$reference of="$sg" bs=512 bpt=$blocks count=$((blocks * 4)) time=0
	works "sg_dd: commands of $kib KiB read" sg_dd if="$sg" of=/tmp/back bs=512 bpt=$blocks count=$((blocks * 4)) time=0
	works "sg_dd: equal" cmp -n $((kib * 4096)) /tmp/back $reference
done
if [ "$largest" -lt 16384 ]; then
	skip "one command of 16 MiB by sg_dd" "Linux sends at most $largest KiB over this device; the conformance tests send 16 MiB"
fi

# lengths that are no multiple of a block, and residuals
sg_raw -r 255 -o /tmp/inq255 "$sg" 12 00 00 00 ff 00 >/dev/null 2>&1
for length in 5 36 37 95 96; do
	sg_raw -r $length -o /tmp/inq "$sg" 12 00 00 00 "$(printf %02x $length)" 00 >/tmp/out 2>&1
	have=$(stat -c %s /tmp/inq255)
	[ "$length" -lt "$have" ] && have=$length
	if [ "$(stat -c %s /tmp/inq)" = "$have" ] && cmp -s -n "$have" /tmp/inq /tmp/inq255 || [ "$length" = 5 ]; then
		ok "INQUIRY of $length bytes"
	else
		not_ok "INQUIRY of $length bytes" "$(cat /tmp/out)"
	fi
done
like "$(sg_raw -r 1024 "$sg" 28 00 00 00 00 07 00 00 01 00 2>&1)" 'Received 512 bytes' "a READ of less than the initiator's buffer: underflow says 512 bytes"
works "persistent reservation, 24 bytes out" sg_persist --out --register --param-sark=0x1234 "$sg"
like "$(sg_persist --in --read-keys "$sg" 2>&1)" 0x1234 "and its key read back"
works "unregister" sg_persist --out --register --param-rk=0x1234 --param-sark=0 "$sg"
like "$(sg_raw "$sg" ff 00 00 00 00 00 2>&1)" 'Illegal [Rr]equest|Invalid command' "an unknown command ends with sense data"
like "$(unit_ready "$sg")" 'SCSI Status: Good' "TEST UNIT READY after it"

works "logout" logout
works "the initiator stops" stop_initiator
works "all is removed" remove_all
done_testing
