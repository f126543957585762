#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# T10-PI that the RDMA device adds, removes and checks (attrib/t10_pi), which no soft device does: a module of the tests gives soft RoCE signature
# MRs. The initiator writes and reads with protection information, and without; what the device finds wrong is not written, and reported for the right
# block, also when the LUN is to be removed meanwhile. Freed memory is cleared, so that what is read there is wrong.
# link: rxe
# processors: 2
# needs: conformance
# shellcheck disable=SC2016 # commands for eval

seconds=400
set -- --append init_on_free=1 "$@"
REFERENCE=1024
. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/pi.sh
. /src/tools/testing/vm/guest/pi.sh
# shellcheck source=tools/testing/vm/guest/rules.sh
. /src/tools/testing/vm/guest/rules.sh
# shellcheck source=tools/testing/vm/guest/scsi_debug.sh
. /src/tools/testing/vm/guest/scsi_debug.sh

event=/src/build/$KVER/event
[ -f "$event/signature.ko" ] || bail "no signature.ko: make test-module"
alone || bail "no RDMA device"
works "signature MRs" insmod "$event/signature.ko" device="$LINK-lan0" || bail "no signature MRs"
parameters=/sys/module/signature/parameters
crowd=/src/tools/testing/conformance/crowd
checked() { cat $parameters/checked; }

load_target || bail "no target"
# a disk that completes in interrupts, and has tuples of its own
works "a disk with protection" make_scsi_debug dev_size_mb=16 dif=1 dix=1 || bail "no disk"
backstore one file 80 && backstore plain file 16 && backstore disk dev "/dev/$(scsi_debug_disk)" || bail "no backstores"
dir=$(backstore_dir one)
works "protection of type 1" eval "echo 1 >$dir/attrib/pi_prot_type && echo 1 >$dir/attrib/pi_prot_format"
echo $((1 << 20)) >"$dir/attrib/max_write_same_len"
make_target "$IQN" one plain disk && echo 1 >"$(tpg)/attrib/t10_pi" && add_portal "$IQN" "$IP:$PORT" && enable "$IQN" || bail "no target"
start_initiator && discover >/dev/null || bail "no iscsid"
works "login" login || bail "no session" "$(tail -n 20 "$HERE/iscsid.log")"
one=$(disk "$IQN" 0) && plain=$(disk "$IQN" 1) && disk=$(disk "$IQN" 2) && sg=$(sg_of "$one") || bail "no disks"
like "$(sg_inq "$sg")" 'Protect=1' "INQUIRY reports protection"
like "$(sg_readcap --16 "$sg")" 'prot_en=1, p_type=0' "READ CAPACITY (16) reports type 1"
like "$(sg_inq "$(sg_of "$disk")")" 'Protect=1' "INQUIRY reports that of a disk"
like "$(sg_inq "$(sg_of "$plain")")" 'Protect=0' "... not for a LUN without"

# --- without protection information on the wire ---

sizes=(1 4 12 64 100 128)
before=$(checked)
works "1 MiB in commands of 1 KiB to 128 KiB, without protection on the wire" write_all "$one" "${sizes[@]}"
works "... the device adds the tuples" tuples /tmp/one.img 1 0 2048
works "... and checks and removes them" same "$one" 128
works "... one transfer a command" [ $(($(checked) - before)) -ge 30 ]
works "32 commands at a time, verified" fio --name=v --filename="$one" --direct=1 --ioengine=libaio --rw=randrw --bsrange=512-64k --bs_unaligned=0 \
	--iodepth=32 --offset=4M --size=4M --verify=crc32c --verify_fatal=1
works "the same to a disk that completes in interrupts" write_all "$disk" "${sizes[@]}"
works "... is read back" same "$disk" 128
works "... and can be read where its tuples are checked" cmp -n $((1 << 20)) "/dev/$(scsi_debug_disk)" /tmp/reference
before=$(checked)
works "a LUN without protection" write_all "$plain" "${sizes[@]}"
works "... is read back" same "$plain" 128
is "$(checked)" "$before" "... its transfers are not checked"

# --- with it ---

# write_protected FILE LBA BLOCKS : WRITE (10) with WRPROTECT
write_protected() {
	local cdb
	read -ra cdb < <(printf '2a20%08x00%04x00' "$2" "$3" | sed 's/../& /g')
	sg_raw -s $(($3 * 520)) -i "$1" "$sg" "${cdb[@]}"
}
read_protected() {
	local cdb
	read -ra cdb < <(printf '2820%08x00%04x00' "$2" "$3" | sed 's/../& /g')
	sg_raw -r $(($3 * 520)) -o "$1" "$sg" "${cdb[@]}"
}
# blocks_of FIRST COUNT
blocks_of() { dd if=/tmp/one.img bs=512 skip="$1" count="$2" status=none | cksum; }
head -c $((64 * 512)) /dev/urandom >/tmp/new
dif add 1 4000 </tmp/new >/tmp/new.dif
works "WRITE of 64 blocks with protection on the wire" write_protected /tmp/new.dif 4000 64
is "$(blocks_of 4000 64)" "$(cksum </tmp/new)" "... the data are in the file"
works "... and the tuples" tuples /tmp/one.img 1 4000 64
works "READ with protection on the wire" read_protected /tmp/back 4000 64
works "... has both" cmp /tmp/back /tmp/new.dif
works "READ without" eval "dd if=$one bs=512 skip=4000 count=64 iflag=direct status=none | cmp - /tmp/new"

# wrong BYTE TEXT SENSE BLOCK : of what is written, this byte is inverted
wrong() {
	local out kept
	kept=$(blocks_of 4000 64)
	python3 -c 'import sys; data = bytearray(open("/tmp/new.dif", "rb").read()); data[int(sys.argv[1])] ^= 0xff; open("/tmp/wrong.dif", "wb").write(data)' "$1"
	out=$(write_protected /tmp/wrong.dif 4000 64 2>&1)
	like "$out" "$3" "$2"
	like "$out" "$(printf 'Info fld=0x%x' "$4")" "... in block $4"
	is "$(blocks_of 4000 64)" "$kept" "... nothing is written"
	works "... nor a tuple" tuples /tmp/one.img 1 4000 64
}
wrong $((10 * 520 + 100)) "a damaged byte on the wire" 'guard check failed' 4010
wrong $((20 * 520 + 512)) "a damaged guard on the wire" 'guard check failed' 4020
wrong $((30 * 520 + 519)) "a damaged reference tag on the wire" 'reference tag check failed' 4030

conform --only data/rfc7145_9_5 --only data/rfc7143_11_4_5_2_read --only data/rfc7145_7_3_1_buffers --only data/rfc7143_4_2 --only data/rfc7145_8_2
judged "data without protection on the wire"
conform --suite protection
judged "protected commands"

# The connection ends while the device moves and checks data. ib_iser has commands fail that it is about to send then.
fio --name=cut --continue_on_error=all --filename="$one" --direct=1 --ioengine=libaio --bs=16k --iodepth=32 --rw=randrw --offset=8m --size=4m --time_based --runtime=120 >/tmp/cut 2>&1 &
writer=$!
for ((n = 0; n < 3; n++)); do
	before=$(checked)
	wait_for 60 "transfers" eval '[ $(($(checked) - before)) -gt 40 ]' && disable "$IQN" && enable "$IQN" || trouble=1
done
before=$(checked)
works "the portal group is disabled three times during I/O, which goes on" eval '[ -z "${trouble:-}" ] && wait_for 60 "I/O" eval "[ \$((\$(checked) - before)) -gt 40 ]"'
kill $writer
wait $writer
works "what is written is read back afterwards" eval 'write_all "$one" "${sizes[@]}" && same "$one" 128'

# without memory there is no answer, and the CM asks again
echo 3 >$parameters/mr_fails
is "$($crowd attempt --target "$IP:$PORT" --iqn "$IQN")" in "a connection whose third signature MR cannot be allocated is made at the second try"
is "$(cat $parameters/mr_fails)" 0 "... the first has met that"
like "$(dmesg)" 'cannot create a queue pair of [0-9]+ sends, [0-9]+ receives and [0-9]+ MRs: -12' "... the log says why"

# t10_pi is set while an initiator that may send immediate data logs in, on a portal whose other target has it already
cat >/tmp/late.py <<'END'
import sys
sys.path.insert(0, "/src/tools/testing/conformance")
from iser.initiator import OPEN_ISCSI_KEYS, OPERATIONAL, SECURITY, Session
from iser.runner import Target, address
target, iqn, name, attribute, data = sys.argv[1:]
s = Session(Target(*address(target), iqn, 0, name, 4))
s.negotiate(s.login_request({**s.names(), "AuthMethod": "None"}, SECURITY, OPERATIONAL))
open(attribute, "w").write("1")
s.enter_full_feature(s.negotiate(s.login_request(OPEN_ISCSI_KEYS)), credits=16)
s.finish(s.start(bytes(6)))
written = open(data, "rb").read()
statuses = [s.finish(s.start(s.rw_cdb(0x2a, lba, 16), write=written, imm=imm)).status for lba, imm in ((100, 4096), (200, 8192))]
print(s.negotiated["ImmediateData"], statuses)
END
late=$IQN-late
head -c 8192 /dev/urandom >/tmp/written
backstore late file 16 && echo 1 >"$(backstore_dir late)/attrib/pi_prot_type" && echo 1 >"$(backstore_dir late)/attrib/pi_prot_format" &&
	make_target "$late" late && add_portal "$late" "$IP:$PORT" && enable "$late" || not_ok "a second target"
is "$(python3 /tmp/late.py "$IP:$PORT" "$late" "$INITIATOR-late" "$(tpg "$late")/attrib/t10_pi" /tmp/written 2>&1)" "Yes [0, 0]" \
	"WRITEs with half, and all, of their data immediate, of a session that has immediate data and came before t10_pi"
for lba in 100 200; do
	is "$(dd if=/tmp/late.img bs=512 skip=$lba count=16 status=none | cksum)" "$(cksum </tmp/written)" "... what is written at block $lba"
	works "... and its tuples" tuples /tmp/late.img 1 $lba 16
done
remove_target "$late"

# --- errors of a READ: the device finds them while it sends ---

read_plain() { sg_raw -r 32768 -o /tmp/back "$sg" 28 00 00 00 0f a0 00 00 40 00; }
echo 7 >$parameters/bad
out=$(read_plain 2>&1)
like "$out" 'guard check failed' "READ: the device finds a bad guard"
like "$out" "Info fld=0xfa7" "... in the eighth block"
works "the next one is good" read_plain

# The core is done with the LUN before the device has checked the data. What it finds is told in the format that the LUN's device wants.
echo 7 >$parameters/bad
echo 1 >$parameters/hold
before=$(checked)
begun() { [ "$(checked)" -gt "$before" ]; }
read_plain >/tmp/late 2>&1 &
reader=$!
works "a READ whose check takes long" wait_for 20 "the check" begun
remove_one() { rm "$(tpg)/lun/lun_0/one" && rmdir "$(tpg)/lun/lun_0" && remove_backstore one; }
remove_one &
remover=$!
sleep 2
fails "... the removal of its LUN and backstore" ended $remover
fails "... waits as long" ended $reader
echo 0 >$parameters/hold
wait_for 30 "the removal" ended $remover
works "... and works" wait $remover
wait_for 30 "the READ" ended $reader
like "$(cat /tmp/late)" 'guard check failed' "... the error is reported"
like "$(cat /tmp/late)" "Info fld=0xfa7" "... for the right block"

works "logout" logout
works "the initiator stops" stop_initiator
works "all is removed" remove_all
works "the disk is removed" rmmod scsi_debug
works "the driver is removed" rmmod iser_tgt
works "... and the signature MRs" rmmod signature
# its end looks for the driver
load_target
done_testing
