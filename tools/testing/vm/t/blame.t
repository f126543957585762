#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# iser-tgt-doctor and the histograms put the blame right, between two guests: a slow backstore, a slow link, a link that loses packets, an initiator
# that uses up its window, a LUN that is suspended, an initiator that loses power.
# all: a minute and a half of processor time: the doctor looks nine times
# link: rxe: its packets pass through the network interface, which delays and loses them

roles="target initiator"
seconds=1800
machine="--smp 1 --mem 1024"
. "$(dirname "$0")/../in-guest"
# the doctor takes long where both guests have to wait for a processor
export ask_limit=400
# shellcheck source=tools/testing/vm/guest/ask.sh
. /src/tools/testing/vm/guest/ask.sh

arrived() { [ -e "/scratch/$1" ]; }

# --- the target runs the initiator's commands, see guest/ask.sh ---

target() {
	target_side 1 || bail "target: no RDMA device"
	module_params=measure_latency=1
	works "target: two disks, one of which is slow" two_disks || bail "no target" "$(cat /tmp/out)"
	touch /scratch/target-up
	serve_initiator
	# Where the initiator was is nothing now: the device gets no answer to the next ping.
	works "target: an initiator that lost power is noticed" wait_for 120 "the end of its session" lost
	findings >/dev/null
	like "$(cat /tmp/findings)" "^note initiator session [0-9]+ of $INITIATOR with $IQN was lost at .* UTC: " "... and the doctor says so"
	tc qdisc del dev eth0 root 2>/dev/null
	works "target: all is removed" remove_all
	dmsetup remove --noudevsync slow
	done_testing
}
two_disks() {
	modprobe brd rd_nr=1 rd_size=16384 && modprobe -a dm_mod dm_delay && dmsetup create slow --noudevsync --table "0 32768 delay /dev/ram0 0 250" &&
		dmsetup mknodes slow && load_target && backstore slow dev /dev/mapper/slow && backstore fast rd 16 && make_target "$IQN" slow fast &&
		add_portal "$IQN" "10.0.1.1:$PORT" || return
	mount -t debugfs none /sys/kernel/debug 2>/dev/null
	enable "$IQN"
}
# for the last part alone: a host that is busy does not let the initiator answer in time
impatient() { echo 2 >"$(tpg)/attrib/nopin_interval" && echo 5 >"$(tpg)/attrib/nopin_timeout"; }
lost() { [ ! -s /sys/kernel/debug/iser_tgt/sessions ]; }
# findings : what the doctor finds in two seconds: level, blame and text. What is slow here takes 200 ms and more, what is not may take 150 on a busy host.
findings() {
	/src/configfs/iser-tgt-doctor --json --seconds 2 --slow 150 >/tmp/doctor.json
	python3 -c 'import json
for f in json.load(open("/tmp/doctor.json"))["findings"]:
    if "blame" in f:
        print(f["level"], f["blame"], f["text"])' | tee /tmp/findings
}
wire() { if [ $# -gt 0 ]; then tc qdisc replace dev eth0 root netem limit 10000 "$@"; else tc qdisc del dev eth0 root; fi; }
suspend() { dmsetup suspend --noudevsync --nolockfs slow; }
resume() { dmsetup resume --noudevsync slow; }
deep() { echo "$1" >"$(tpg)/attrib/default_cmdsn_depth"; }
# mean PART DIRECTION : of a part of a command, in ms, by the histograms
mean() {
	/src/configfs/iser-tgt-top --json --interval 2 | python3 -c 'import json, sys
parts = [s["latency"].get(sys.argv[2], {}).get("parts", {}).get(sys.argv[1]) for s in json.load(sys.stdin)["sessions"]]
print(int(parts[0] * 1000) if parts and parts[0] is not None else "none")' "$1" "$2"
}

# --- the initiator ---

# loaded DISK OPTION... : fio on it, in the background, until `idle`
loaded() {
	fio --name=load --filename="$1" --direct=1 --ioengine=libaio --bs=4k --time_based --runtime=600 "${@:2}" >/tmp/fio 2>&1 &
	FIO=$!
	wait_for 120 "fio's I/O" busy "$1"
}
busy() { [ "$(awk '{ print $9 }' "/sys/block/${1#/dev/}/stat")" -gt 0 ]; }
idle() { kill "$FIO" && wait "$FIO"; wait_for 30 "fio's end" quiet; }
quiet() { ! busy "$slow" && ! busy "$fast"; }
# blames TEXT PATTERN [NOT] : the doctor has a line like that, and none of the other kind
blames() {
	target_does findings || return
	like "$(cat /tmp/out)" "$2" "$1" || return
	if grep -qE "${3:-^problem}" /tmp/out; then not_ok "... and nothing else" "$(cat /tmp/out)"; else ok "... and nothing else"; fi
}
above() { if [ "$2" != none ] && [ "$2" -ge "$3" ]; then ok "$1: $2 ms"; else not_ok "$1" "$2 ms, expected $3"; fi; }

initiator() {
	initiator_side 1 || bail "initiator: no RDMA device"
	wait_for 120 "the target" arrived target-up || bail "initiator: no target"
	start_initiator || bail "initiator: no iscsid"
	# nor may it give up while it waits for a processor, or for a disk that is suspended
	echo 'node.conn[0].timeo.noop_out_interval = 0' >>/etc/iscsi/iscsid.conf
	echo 0 >/proc/sys/kernel/hung_task_timeout_secs
	discover >/dev/null || not_ok "discovery"
	works "login" login || bail "no session"
	slow=$(disk) fast=$(disk "$IQN" 1) || bail "no disks"
	who="session [0-9]+ of $INITIATOR with $IQN"
	slow_ones='^note (backstore|link|target|None|window) '
	works "the partitions have been looked for" wait_for 60 "the end of it" quiet
	target_does findings
	is "$(grep -vE '^note device' /tmp/out)" "" "nobody is to blame yet"

	loaded "$slow" --rw=randread --iodepth=4
	blames "a slow backstore" "^note backstore $who is slow \(reads: .*\), and it is the backstore of LUN 0 " '^note (link|target|window) '
	target_does mean backstore read
	above "... by the histogram" "$(cat /tmp/out)" 200
	idle

	target_does wire delay 200ms
	loaded "$fast" --rw=randread --iodepth=4
	blames "a slow link" "^note link $who is slow \(reads: .*\), and it is the link or the initiator" '^note (backstore|target|window) '
	target_does mean transfer read
	above "... by the histogram" "$(cat /tmp/out)" 180
	idle
	# 64 KiB, of which open-iscsi does not send all along
	loaded "$fast" --rw=randwrite --iodepth=4 --bs=64k
	blames "... of WRITEs" "^note link $who is slow \(writes: .*\), and it is the link or the initiator" '^note (backstore|target|window) '
	idle
	target_does wire loss 4%
	loaded "$fast" --rw=randread --iodepth=4
	blames "a link that loses packets" "^note device rxe-eth0 port 1 drops packets or sends them again: in 2[0-9.]* s .*[0-9]" '^note (backstore|target|window) '
	idle
	target_does wire

	target_does deep 4
	works "logout" logout
	works "login, with a depth of 4" login || bail "no session"
	slow=$(disk) fast=$(disk "$IQN" 1) || bail "no disks"
	loaded "$fast" --rw=randread --iodepth=16
	blames "a window used up" "^note window $who uses up its window of 4 commands: it could have more commands in flight" '^note (backstore|link|target) '
	idle

	echo 600 >"/sys/block/${slow#/dev/}/device/timeout"
	target_does suspend
	dd if="$slow" of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null &
	blames "a LUN that is suspended" "^problem backstore LUN 0 of $IQN, .*: its device is suspended" '^note (link|target|window) '
	target_does resume
	wait $!

	target_does impatient
	ok "power off now"
	planned=1
	touch /scratch/kill-initiator
	wait
	nap 60000
}

"$NAME"
