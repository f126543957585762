#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# QEMU's block driver as the initiator, by libiscsi: images made, converted, compared and checked over iser://; reads, writes, zeroes and discards
# at all offsets; and a guest that boots from the disk. What QEMU has written is compared with the backstore's file.
# needs: boot-sector

seconds=300
. "$(dirname "$0")/../in-guest"

image=/tmp/disk.img
url=iser://$IP:$PORT/$IQN/0 thin=iser://$IP:$PORT/$IQN/1
libiscsi=$(dpkg-query -W -f '${Version}' libiscsi7)

# io URL COMMAND... : qemu-io with these commands on a raw disk, without a cache
io() {
	local args=() command
	for command in "${@:2}"; do args+=(-c "$command"); done
	timeout $((60 * SLOW)) qemu-io -f raw -t none -d unmap "${args[@]}" "$1" >/tmp/io 2>&1
	local status=$?
	cat /tmp/io
	# qemu-io of Debian 12 returns 0 also if a pattern is not what it should be
	[ $status -eq 0 ] && ! grep -qE 'Pattern verification failed|failed:' /tmp/io
}
img() { timeout $((60 * SLOW)) qemu-img "$@"; }
# same OFFSET LENGTH [FILE OFFSET] : the backstore has these bytes of the reference
same() { cmp -i "$1:${4:-$1}" -n "$2" "$image" "${3:-/tmp/reference}"; }
# at OFFSET LENGTH : the backstore's bytes there, each different one once, in octal
at() { dd if="$image" bs=512 skip="$1" count="$2" iflag=skip_bytes,count_bytes status=none | od -An -v -to1 -w1 | sort -u | tr -d ' \n'; }
allocated() { stat -c %b "${1:-/tmp/thin.img}"; }

# the commands of qemu-img whose requests are large
images() {
	head -c 24M /dev/urandom >/tmp/reference
	works "qemu-img convert to the disk" img convert -n -f raw -O raw /tmp/reference "$url"
	works "... the backstore has the data" same 0 $((24 << 20))
	works "qemu-img convert from the disk" img convert -f raw -O raw "$url" /tmp/back
	works "... gives the backstore's data" cmp /tmp/back "$image"
	truncate -s 48M /tmp/reference
	works "qemu-img compare: equal" img compare -f raw -F raw /tmp/reference "$url"
	printf x | dd of="$image" bs=1 seek=$((20 << 20)) conv=notrunc status=none
	like "$(img compare -f raw -F raw /tmp/reference "$url")" "Content mismatch at offset $((20 << 20))" "qemu-img compare finds the byte that differs"
	like "$(img map --output=json -f raw "$url" | tr -d '\n ')" '"start":0,"length":50331648,' "qemu-img map: a disk that is not thin is one extent"
	works "qemu-img create of a qcow2 image on the disk" img create -q -f qcow2 "$url" 40M
	truncate -s 40M /tmp/reference
	works "qemu-img convert into it" img convert -n -f raw -O qcow2 /tmp/reference "$url"
	works "... it is consistent" img check -q -f qcow2 "$url"
	works "... and equal" img compare -f raw -F qcow2 /tmp/reference "$url"
	fails "an image that is larger than the disk" img create -q -f raw "$url" 64M
}

alone || bail "no RDMA device"
load_target && backstore disk file 48 && backstore thin file 16 || bail "no backstores"
for attrib in emulate_tpu emulate_tpws unmap_zeroes_data; do echo 1 >"$(backstore_dir thin)/attrib/$attrib" || bail "no thin provisioning"; done
make_target "$IQN" disk thin && add_portal "$IQN" "$IP:$PORT" && enable "$IQN" || bail "no target"
note "$(qemu-img --version | head -n 1), libiscsi $libiscsi"

# --- qemu-img ---
works "qemu-img info" img info -f raw "$url"
like "$(cat /tmp/out)" 'virtual size: 48 MiB \(50331648 bytes\)' "... has the size of the disk"
like "$(img info -f raw "iser://$IP:$PORT/$IQN/7" 2>&1)" 'LOGICAL_UNIT_NOT_SUPPORTED' "a LUN that is not there is told as such"
fails "a target that is not there" img info -f raw "iser://$IP:$PORT/$IQN:none/0"
# libiscsi 1.19 has no buffer for a larger request over iSER, and may die after it. qemu-img reads and writes 2 MiB at once.
largest=4096
case $libiscsi in 1.19*) largest=256 ;; esac
if [ $largest -lt 2048 ]; then
	echo 0 >/proc/sys/debug/exception-trace
	head -c 512K /dev/urandom >/tmp/large
	like "$(img convert -n -f raw -O raw /tmp/large "$url" 2>&1)" 'Cannot allocate memory' "libiscsi 1.19 refuses a request of 512 KiB"
	skip "qemu-img convert, compare, map and create" "they make requests of more than 256 KiB"
else
	images
fi

# --- qemu-io ---
works "qemu-io: aligned writes, from 512 B to $largest KiB" io "$url" "write -P 11 0 512" "write -P 12 512 4k" "write -P 13 1M 256k" "write -P 14 4M ${largest}k" \
	"read -P 11 0 512" "read -P 12 512 4k" "read -P 13 1M 256k" "read -P 14 4M ${largest}k"
is "$(at 0 512) $(at 512 4096) $(at $((1 << 20)) $((256 << 10))) $(at $((4 << 20)) $((largest << 10)))" "013 014 015 016" "... are in the backstore"
works "qemu-io: unaligned writes" io "$url" "write -P 21 8M 8k" "write -P 22 8389108 1000" "read -P 21 8M 500" "read -P 22 8389108 1000" "read -P 21 8390108 500" \
	"write -P 23 16777215 2" "read -P 23 16777215 2"
is "$(at $((8 << 20)) 500) $(at 8389108 1000) $(at 8390108 500) $(at 16777215 2)" "025 026 025 027" "... change the bytes they name, and no others"
works "qemu-io: writes and reads under way together" io "$url" "aio_write -P 31 10M 64k" "aio_write -P 32 11M 128k" "aio_write -P 33 12M 256k" "aio_read 10M 64k" aio_flush \
	"read -P 31 10M 64k" "read -P 32 11M 128k" "read -P 33 12M 256k"
works "qemu-io: a flush" io "$url" "write -P 34 13M 64k" flush
works "qemu-io: WRITE SAME of zeroes" io "$url" "write -P 41 14M 256k" "write -P 41 14942208 256k" "write -z 14M 256k" "read -P 0 14M 256k" "read -P 41 14942208 256k"
is "$(at $((14 << 20)) $((256 << 10))) $(at 14942208 $((256 << 10)))" "000 051" "... is in the backstore"
fails "qemu-io: a read behind the end" io "$url" "read 48M 512"

before=$(allocated)
works "qemu-io: a thin disk" io "$thin" "write -P 51 0 256k" "write -P 52 256k 256k"
is "$(($(allocated) - before))" 1024 "... takes room as it is written"
works "qemu-io: a discard" io "$thin" "discard 0 256k" "read -P 0 0 256k" "read -P 52 256k 256k"
is "$(($(allocated) - before))" 512 "... gives it back"
works "qemu-io: zeroes by UNMAP" io "$thin" "write -z -u 256k 256k" "read -P 0 256k 256k"
is "$(($(allocated) - before))" 0 "... give it back as well"

# --- a guest ---
# The boot sector reads at LBA 2048 by the BIOS, writes what it has read at LBA 4096, and prints it.
marker="booted over iSER, $RANDOM $RANDOM"
{ printf '%s\n\0' "$marker" && head -c 8192 /dev/urandom; } | head -c 8192 >/tmp/marker
boots() {
	timeout $((120 * SLOW)) qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot -machine pc -accel tcg -m 16 \
		-drive "file=$url,if=none,id=disk,format=raw,cache=none" -device virtio-blk-pci,drive=disk,bootindex=0 \
		-serial file:/tmp/serial -device isa-debug-exit,iobase=0xf4,iosize=4
	[ $? -eq 1 ]
}
works "a boot sector is written" img convert -n -f raw -O raw /src/build/boot-sector "$url"
works "... and what it reads" io "$url" "write -s /tmp/marker 1M 8k" "write -z 2M 8k"
SECONDS=0
works "a guest of QEMU boots from the disk" boots
note "$SECONDS s"
is "$(tr -d '\r\0' </tmp/serial)" "$marker" "... has read its second megabyte"
works "... and written what it read" same $((2 << 20)) 8192 /tmp/marker 0

works "all is removed" remove_all
done_testing
