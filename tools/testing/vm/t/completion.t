#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Commands are completed where their backstore completes them (Linux 7.1 and later): a ramdisk's and a file's in the thread that executes them, those
# of a disk that completes in hard or soft interrupts, or in an RCU read-side section, are gathered and answered together, also if the send queue
# refuses some of the responses, or the initiator uses their task tags at once. The core's completion worker is not used unless complete_type says
# so. With one processor a block device would not use soft interrupts.
# link: rxe
# processors: 2
# needs: conformance
# shellcheck disable=SC2016 # commands for eval

seconds=600
. "$(dirname "$0")/../in-guest"

tracing=/sys/kernel/tracing
works_begun=$tracing/events/workqueue/workqueue_execute_start

# begun FUNCTION : work items of this function since counting began
begun() { sed -n "s/.* $1 .*hitcount: *//p" "$works_begun/hist" | grep . || echo 0; }
count() {
	[ ! -e "$works_begun/hist" ] || ! grep -q hist "$works_begun/trigger" || echo '!hist:keys=function.sym' >"$works_begun/trigger"
	echo 'hist:keys=function.sym' >"$works_begun/trigger"
}
at_least() { [ "$1" -ge "$2" ]; }
below() { [ "$1" -lt "$2" ]; }
IOS=200
# load LUN DEPTH : IOS writes, read back and compared
load() {
	local dev
	dev=$(disk "$IQN" "$1") || return
	fio --name=load --filename="$dev" --direct=1 --ioengine=libaio --bs=4k --iodepth="$2" --rw=randwrite --size=$((IOS * 4))k --verify=crc32c --verify_fatal=1
}
# null NAME MODE : a block device that keeps its data and completes in soft (1) or hard (2) interrupts; with more than one queue, one for polling
# included, it would complete in the thread. The hard ones are 2 ms late: before the submitter is done with the command, the end would be its own.
null() {
	local dir=/sys/kernel/config/nullb/$1
	mkdir "$dir" && echo 1 >"$dir/memory_backed" && echo 8 >"$dir/size" && echo "$2" >"$dir/irqmode" && echo 0 >"$dir/poll_queues" && echo 2000000 >"$dir/completion_nsec" &&
		echo 1 >"$dir/power" && wait_for 10 "the block device" test -b "/dev/$1"
}

events=/src/build/$KVER/event
[ -f "$events/read_side.ko" ] && [ -f "$events/refuse.ko" ] || bail "no modules: make test-module"
# shellcheck source=tools/testing/vm/guest/delay.sh
. /src/tools/testing/vm/guest/delay.sh
# shellcheck source=tools/testing/vm/guest/rules.sh
. /src/tools/testing/vm/guest/rules.sh
alone || bail "no RDMA device"
modprobe null_blk nr_devices=0 || bail "no null_blk"
mount -t tracefs tracefs $tracing 2>/dev/null
[ -e "$works_begun/hist" ] || [ -e "$works_begun/trigger" ] || bail "work items cannot be counted"
load_target || bail "the module does not load"
works "a ramdisk" backstore ram rd 8
works "a file" backstore file file 8
works "a disk that completes in soft interrupts" eval "null soft 1 && backstore soft dev /dev/soft"
works "a disk that completes in hard interrupts" eval "null hard 2 && backstore hard dev /dev/hard"
works "a target" make_target "$IQN" ram file soft hard || bail "no target" "$(cat /tmp/out)"
add_portal "$IQN" "$IP:$PORT" && enable "$IQN" || bail "no portal"
param=$CFS/iser/$IQN/param
[ -e "$param/direct_complete_supported" ] || { skip "completion where the backstore completes" "this kernel has one way only"; remove_all; done_testing; exit; }
is "$(cat "$param/direct_complete_supported")" 1 "commands can be completed where the backstore completes them"
is "$(cat "$param/default_complete_type")" 1 "... and are by default"

start_initiator && discover && login || bail "no session"
dev=$(disk "$IQN" 3) || bail "no disk"
# ways LUN NAME : how its commands were answered
ways() {
	count
	works "$2: what is written is read back" load "$1" 16 || note "$(cat /tmp/out)"
	core=$(begun target_complete_ok_work) ours=$(begun iser_tgt_gather_work)
	note "$2: $((2 * IOS)) commands, the core's worker ran $core times, ours $ours times"
}
ways 0 ramdisk
is "$core" 0 "... without the core's completion worker"
is "$ours" 0 "... and without ours: the response is posted where the command is executed"
# pages of the core: to send them memory is allocated, for which no thread of a backstore may wait
count
works "ramdisk: READs of 1 MiB" dd if="$(disk "$IQN" 0)" of=/dev/null bs=1M count=4 iflag=direct
works "... have a work item each" at_least "$(begun iser_tgt_alone_work)" 4
is "$(begun iser_tgt_gather_work)" 0 "... and no other waits for them"
ways 1 file
is "$core" 0 "... without the core's completion worker"
is "$ours" 0 "... and without ours"
lun=2
for kind in soft hard; do
	ways $lun "$kind interrupts"
	is "$core" 0 "... without the core's completion worker"
	works "... by ours" at_least "$ours" 1
	works "... several at a time" below "$ours" $((2 * IOS))
	lun=$((lun + 1))
done
# as where blk-mq hands a request of another thread to a disk that completes it at once
works "completion in an RCU read-side section" insmod "$events/read_side.ko" symbol=target_complete_cmd
ways 0 "an RCU read-side section"
is "$core" 0 "... without the core's completion worker"
works "... by ours" at_least "$ours" 1
rmmod read_side

# What completes later relies on the first one to queue the work item: a thread must not be preempted between, although nothing else forbids it.
# depths WORK : how deep preemption was disabled, each time this work item was queued; none is '.'
depths() { sed -nE "s/.* \\[[0-9]+\\] ...(.). .*queued: .* func=$1.*/\\1/p" $tracing/trace | sort -u | paste -sd ' '; }
works "queue_work_on() is traced" eval "echo 'p:queued queue_work_on func=+24(\$arg3):symbol' >>$tracing/kprobe_events && echo >$tracing/trace && echo 1 >$tracing/events/kprobes/queued/enable"
insmod "$events/read_side.ko" symbol=target_complete_cmd
works "a READ of 1 MiB, and one of 4 KiB in an RCU read-side section" eval 'dd if=$(disk "$IQN" 0) of=/dev/null bs=1M count=1 iflag=direct && dd if=$(disk "$IQN" 0) of=/dev/null bs=4k count=1 iflag=direct'
rmmod read_side
echo 0 >$tracing/events/kprobes/queued/enable
is "$(depths iser_tgt_alone_work)" . "what has a work item of its own may be preempted"
is "$(depths iser_tgt_gather_work)" 1 "what is gathered may not"
echo '-:queued' >>$tracing/kprobe_events

# The initiator has a response, but the core is not done with the command yet.
works "the core's part takes long after the responses" slow iser_tgt_chain_post 1
conform --lun 3 --patience 10 --only tasks/iser_tgt_task_management_with_the_tag
works "... which was so for some" held
judged "... a task management request may have the tag of such a command"
rmmod delay

works "complete_type=2 (queue)" eval "echo 2 >$(backstore_dir hard)/attrib/complete_type"
ways 3 "hard interrupts, queued"
works "... by the core's completion worker" at_least "$core" 1
is "$ours" 0 "... which posts them at once"
works "complete_type=1 (direct)" eval "echo 1 >$(backstore_dir hard)/attrib/complete_type"
ways 3 "hard interrupts, direct"
is "$core" 0 "... without the core's completion worker"

done_ios() { awk '{ print $1 + $5 }' "/sys/block/${dev#/dev/}/stat"; }
more_than() { [ "$(done_ios)" -gt "$1" ]; }
more_ios() { wait_for "$1" "I/O" more_than $(($(done_ios) + $2)); }
# begin_io RW
begin_io() {
	fio --name=cut --filename="$dev" --direct=1 --ioengine=libaio --bs=4k --iodepth=32 --rw="$1" --size=8m --time_based --runtime=120 >/tmp/cut 2>&1 &
	pid=$!
	more_ios 20 100
}
end_io() {
	kill "$pid"
	wait "$pid"
}

# The device refuses a work request of several responses: the first one, a response behind its data, one behind a response that was posted.
# A READ has two.
insmod "$events/refuse.ko" device="$LINK-lan0" || bail "no refuse.ko"
refuse=/sys/module/refuse/parameters/at
refused() { [ "$(cat $refuse)" = 0 ]; }
closed() { grep -c "send queue refused a work request" /sys/kernel/debug/iser_tgt/ends; }
echo 1 >$tracing/events/iser_tgt/iser_tgt_post/enable
for what in "randread 1" "randread 2" "randread 3" "randwrite 2"; do
	rw=${what% *} at=${what#* } before=$(closed)
	begin_io "$rw" || trouble="no I/O"
	echo >$tracing/trace
	echo "$at" >$refuse
	works "$rw: work request $at of a chain is refused" wait_for 20 "the refusal" refused
	works "... I/O goes on with a new connection" more_ios 60 100
	end_io
	is $(($(closed) - before)) 1 "... the one before was closed for this"
	like "$(grep -v " status=0\$" $tracing/trace)" "iser_tgt_post: .*pdu=0x21 .*status=-12" "... responses that were not posted are traced"
done
echo 0 >$tracing/events/iser_tgt/iser_tgt_post/enable
works "what is written is read back afterwards" load 3 16

# the connection ends while commands are on their way through interrupts
for ((n = 0; n < 3; n++)); do
	begin_io randrw && disable "$IQN" && enable "$IQN" && more_ios 60 50 || trouble=1
	end_io
done
is "${trouble:-none}" none "the portal group is disabled three times during I/O, which goes on"
works "what is written is read back afterwards" load 3 16
works "logout" logout
stop_initiator
works "all is removed" remove_all
rmmod refuse
for name in soft hard; do rmdir "/sys/kernel/config/nullb/$name"; done
done_testing
