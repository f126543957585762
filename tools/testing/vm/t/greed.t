#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# One initiator has hundreds of sessions that use as many resources as they can: other initiators can still log in, in their usual time, and log
# out, and memory is bounded.
# processors: 2
# differs by: link
# needs: conformance
# all: hundreds of sessions take their minutes

seconds=3600
machine="--mem 4096"
. "$(dirname "$0")/../in-guest"

kept=kept many=300
dead=$IQN-dead
crowd=/src/tools/testing/conformance/crowd
disks() {
	modprobe brd rd_nr=1 rd_size=$((16 << 10)) && modprobe dm_mod || return
	echo "0 $((16 << 11)) linear /dev/ram0 0" | dmsetup create $kept --noudevsync && dmsetup mknodes $kept
}
targets() {
	simple_target rd 16 && backstore dead dev /dev/mapper/$kept && make_target "$dead" dead && add_portal "$dead" "$IP:$PORT" && enable "$dead" || return
	# no pings
	echo 0 >"$(tpg)/attrib/nopin_interval" && echo 0 >"$(tpg "$dead")/attrib/nopin_interval" &&
		echo 1000 >"$(tpg)/attrib/sessions_per_initiator" && echo 1000 >"$(tpg "$dead")/attrib/sessions_per_initiator"
}
pending() { sed -n 's/^pending: \([0-9]*\) of.*/\1/p' /sys/kernel/debug/iser_tgt/logins; }
nobody_pends() { [ "$(pending)" -eq 0 ]; }
bytes() { sed -n 's/^bytes: //p' /sys/kernel/debug/iser_tgt/logins; }
shared() { sed -n 's/.* shared_receive_buffers=\([0-9]*\).*/\1/p' /sys/kernel/debug/iser_tgt/devices | awk '{ n += $1 } END { print n + 0 }'; }
# from debugfs, because a page of configfs does not hold hundreds of sessions
sessions_of() { grep -c "^target=$1 " /sys/kernel/debug/iser_tgt/sessions; }
nobody_at() { [ "$(sessions_of "$1")" -eq 0 ]; }
# hold NAME ARGUMENT... : a crowd that stays until let_go; its output is in /tmp/NAME
declare -A holder
hold() {
	local name=$1
	shift
	rm -f "/tmp/$name.in"
	mkfifo "/tmp/$name.in"
	# each session has two files open
	(ulimit -n 4096 && exec $crowd "$@" --wait <"/tmp/$name.in" >"/tmp/$name" 2>&1) &
	holder[$name]=$!
	eval "exec {fd_$name}>/tmp/$name.in"
}
let_go() {
	eval "exec {fd_$1}>&-"
	wait "${holder[$1]}"
}
says() { [ "$(grep -c "$2" "/tmp/$1")" -ge "$3" ]; }

alone || bail "no RDMA device"
mount -t debugfs none /sys/kernel/debug 2>/dev/null
works "a disk that can be suspended" disks || bail "no disk" "$(cat /tmp/out)"
works "targets" targets || bail "no targets" "$(cat /tmp/out)"
echo 0 >/sys/module/iser_tgt/parameters/login_rate_per_peer

# --- discovery sessions ---

hold discover discoveries --target "$IP:$PORT" --iqn "$IQN" --connections $many --beside "[$IP6]:$PORT"
works "$many discovery sessions are tried from one address" wait_for 300 "the result of all" says discover '^quiet' 1
note "$(cat /tmp/discover)"
quiet=$(sed -n 's/^quiet=//p' /tmp/discover) crowded=$(sed -n 's/^crowded=//p' /tmp/discover)
is "$(sed -n 's/^held=//p' /tmp/discover)" 256 "as many are accepted as an address may have"
if [ -n "$crowded" ] && [ "$crowded" -lt $((2 * quiet)) ]; then ok "a login from another address takes less than twice its quiet time: $crowded ms, $quiet ms"
else not_ok "a login from another address takes less than twice its quiet time" "$crowded ms, $quiet ms"; fi
works "their memory is within its limit" test "$(bytes)" -le $((256 << 20))
let_go discover
works "they end" wait_for 60 "no pending login" nobody_pends
is "$(bytes)" 0 "... and their memory is freed"

# --- sessions that were busy once ---

hold idle sessions --target "$IP:$PORT" --iqn "$IQN" --connections 200 --small --busy 32
works "200 sessions have been busy" wait_for 1200 "all of them" says idle '^in$' 200 || note "$(sort /tmp/idle | uniq -c)"
note "$(cat /sys/kernel/debug/iser_tgt/devices)"
hold later sessions --target "$IP:$PORT" --iqn "$IQN" --connections 100 --small
works "... and 100 more log in" wait_for 600 "all of them" says later '^in$' 100 || note "$(sort /tmp/later | uniq -c)"
note "$(cat /sys/kernel/debug/iser_tgt/devices)"
works "... with no more buffers than the limit" test "$(shared)" -le $((2 * 2048))
let_go later
let_go idle
works "they end" wait_for 60 "their end" nobody_at "$IQN"

# --- a suspended disk ---

start_initiator || bail "no iscsid"
works "another initiator logs in" eval 'discover >/dev/null && login' || bail "no session"
# reads per second, the best of five runs: other load of the machine can only make them slower
rate() {
	for _ in {1..5}; do
		fio --name=rate --filename="$(disk)" --direct=1 --ioengine=libaio --iodepth=4 --rw=randread --bs=4k --time_based --runtime=2 --output-format=terse
	done | cut -d';' -f8 | sort -n | tail -n 1
}
login_ms() { $crowd login --target "$IP:$PORT" --iqn "$IQN" --beside "[$IP6]:$PORT" "$@" | sed -n 's/^login=//p'; }
rate >/dev/null
before=$(rate) quiet=$(login_ms)
dmsetup suspend --noudevsync --nolockfs $kept
hold flood flood --target "$IP:$PORT" --iqn "$dead" --connections 12
works "12 sessions flood it with immediate WRITEs" wait_for 300 "the result of all" says flood '^rejected' 1
is "$(cat /tmp/flood)" "rejected=$((12 * 30))" "two of each are accepted, the others rejected"
beside=$(rate) crowded=$(login_ms --quiet "$quiet")
dmsetup resume --noudevsync $kept
let_go flood
works "they end" wait_for 60 "their end" nobody_at "$dead"
after=$(rate) again=$(login_ms)
most=$((quiet > again ? quiet : again))
least=$((before < after ? before : after))
if [ "$beside" -ge $((least * 8 / 10)) ]; then ok "another initiator's rate stays above 80 %: $before, $beside beside them, $after reads a second"
else not_ok "another initiator's rate stays above 80 %" "$before, $beside beside them, $after reads a second"; fi
if [ "$crowded" -lt $((2 * most)) ]; then ok "a login takes less than twice its quiet time: $quiet ms, $crowded beside them, $again"
else not_ok "a login takes less than twice its quiet time" "$quiet ms, $crowded beside them, $again"; fi
works "it logs out" logout

# ten buffers each for 600 sessions on two vectors; srq_size applies once the present queues have been freed
no_shared() { [ "$(shared)" -eq 0 ]; }
if [ "$LINK" = rxe ]; then works "srq_size=4096" eval 'echo 4096 >/sys/module/iser_tgt/parameters/srq_size && wait_for 40 "no shared buffers" no_shared'; fi
dmsetup suspend --noudevsync --nolockfs $kept
hold dead sessions --target "$IP:$PORT" --iqn "$dead" --connections 600 --small --stuck
works "600 sessions have a READ at a suspended disk" wait_for 1500 "all of them" says dead '^in$' 600 || note "$(sort /tmp/dead | uniq -c)"
works "another initiator logs in" login || bail "no session"
if [ "$LINK" = rxe ]; then other=siw driver=siw; else other=rxe driver=rdma_rxe; fi
other_link() {
	local LINK=$other
	ip link add lan1 type dummy && link_up lan1 10.9.0.1/24
}
dead_are_gone() { ! kill -0 "${holder[dead]}" 2>/dev/null; }
works "another RDMA device is added" other_link
kill -KILL "${holder[dead]}"
works "the initiator of the 600 is killed" wait_for 10 "their end" dead_are_gone
reads() { dd if="$(disk)" of=/dev/null bs=64k count=16 iflag=direct status=none; }
works "... the other initiator reads" reads
works "... logs out" timeout $((20 * SLOW)) bash -c "iscsiadm -m node -T $IQN -p $IP:$PORT -I iser --logout"
works "... its session has ended" wait_for 10 "its end" nobody_at "$IQN"
works "... it logs in and out again" eval 'login && reads && logout'
works "... and the other device can be removed" timeout $((20 * SLOW)) rdma link delete "$other-lan1"
works "... with its module" timeout $((20 * SLOW)) rmmod $driver
dmsetup resume --noudevsync $kept
works "the disk is resumed, and the 600 sessions end" wait_for 120 "their end" nobody_at "$dead"
stop_initiator
works "all is removed" remove_all
dmsetup remove $kept
done_testing
