#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The commands that Documentation/troubleshooting.md has for the tracepoints, with Debian's trace-cmd, perf and bpftrace: each shows events of
# commands, with their text where the program prints it, and ends at ^C.
# needs: trace-programs
# all: half a minute of processor time, most of it LLVM's, and half a gigabyte of programs

seconds=900
[ -n "${SRC:-}" ] || set -- --qemu "-drive file=$(realpath "$(dirname "$0")/../../../..")/build/trace-programs/disk.ext4,if=virtio,format=raw,readonly=on,file.locking=off" "$@"
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
works "a target" simple_target rd 16 || bail "no target"
start_initiator || bail "no iscsid"
mountpoint -q /sys/kernel/tracing || mount -t tracefs none /sys/kernel/tracing
T=/sys/kernel/tracing
# the programs have a disk and libraries of their own
programs=/mnt/programs
in_programs() { mkdir -p $programs && mount -o ro LABEL=programs $programs && for dir in dev proc sys tmp; do mount --rbind /$dir $programs/$dir || return; done; }
works "the programs" in_programs || bail "no programs" "$(cat /tmp/out)"
discover >/dev/null && login >/dev/null || bail "login"
dev=$(disk) || bail "no disk"

sed -n '/^## What it does, step by step/,/^## /s/^    //p' /src/Documentation/troubleshooting.md >/tmp/commands
is "$(awk '{ print $1 }' /tmp/commands | paste -sd ' ')" "trace-cmd perf bpftrace sh" "the documents have four commands"
while IFS= read -r command; do
	about=${command%% *}
	note "$command"
	before=$SECONDS
	# ^C has its effect, which a shell switches off for what it starts in the background
	env --default-signal=INT timeout $((240 * SLOW)) chroot $programs bash -c "cd /tmp; $command" >/tmp/shown 2>&1 &
	pid=$!
	events() { dd if="$dev" of=/dev/null bs=4k count=8 iflag=direct 2>/dev/null; ! kill -0 "$pid" 2>/dev/null || grep -qE 'iser_tgt_(cmd|post|response)' /tmp/shown; }
	works "shows events of commands" wait_for 200 "an event" events || note "$(tail -n 5 /tmp/shown)"
	note "after $((SECONDS - before)) s"
	works "is still at work" kill -0 "$pid"
	kill -INT $pid
	over() { ! kill -0 "$pid" 2>/dev/null; }
	works "ends at ^C" wait_for 60 "its end" over || kill $pid
	wait $pid
	case $about in
	bpftrace) like "$(cat /tmp/shown)" '^tracepoint:iser_tgt:iser_tgt_cmd$' "has their names" ;;
	# which has a format of its own, and leaves out what is 0
	perf) like "$(grep iser_tgt_cmd /tmp/shown | head -n 1)" "iser_tgt:iser_tgt_cmd\(initiator: \"$INITIATOR\", sid: [0-9]+, itt: [0-9]+, cmd_sn: [0-9]+, .*opcode: 40," \
		"has their fields" ;;
	*) like "$(grep iser_tgt_cmd /tmp/shown | head -n 1)" "initiator=$INITIATOR sid=[0-9]+ itt=0x[0-9a-f]{8} cmdsn=[0-9]+ lun=0 opcode=0x28 " "has their text" ;;
	esac
	is "$(grep -iE 'failed to parse|unknown (event|tracepoint)' /tmp/shown | head -n 3)" "" "has understood all"
	# what another program has left enabled must not be what the next one shows
	echo 0 >$T/events/enable
	echo >$T/trace
done </tmp/commands
about=
logout >/dev/null

works "the initiator stops" stop_initiator
works "all is removed" remove_all
umount -R $programs
done_testing
