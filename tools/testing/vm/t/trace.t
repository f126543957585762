#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The tracepoints: the life of a session and of its commands, from the receipt to the response that was sent, with the numbers by which they can be
# joined with each other and with the target core's. The main lane alone: the events are our own code on each kernel, and the load below makes no
# window grow on Linux 6.1. trace-programs.t has the commands that the documents give for them.
# needs: conformance
# shellcheck disable=SC2016,SC2086,SC2155 # eval expands what it is given; numbers and words without blanks

seconds=600
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
works "a target" simple_target rd 16 || bail "no target"
start_initiator || bail "no iscsid"
mountpoint -q /sys/kernel/tracing || mount -t tracefs none /sys/kernel/tracing
T=/sys/kernel/tracing
is "$(cd $T/events/iser_tgt && echo */ | tr -d /)" "iser_tgt_cmd iser_tgt_conn_state iser_tgt_end iser_tgt_login iser_tgt_park iser_tgt_post iser_tgt_response \
iser_tgt_sent iser_tgt_tmf iser_tgt_tmf_response iser_tgt_window iser_tgt_xfer_done iser_tgt_xfer_post iser_tgt_xfer_wait" "the events"
echo 8192 >$T/buffer_size_kb
echo 1 >$T/events/iser_tgt/enable
echo 1 >$T/events/target/enable
# traced [PATTERN] : what was traced since the last call, events of ours first
traced() { cat $T/trace >/tmp/trace; echo >$T/trace; }
# one EVENT PATTERN : the first line of an event
one() { grep -E " $1: .*$2" /tmp/trace | head -n 1 | sed 's/^.*: iser_tgt_/iser_tgt_/'; }
word() { tr ' ' '\n' <<<"$2" | sed -n "s/^$1=//p"; }
who="initiator=$INITIATOR"

# --- a session ---
discover >/dev/null && login >/dev/null || bail "login"
dev=$(disk) || bail "no disk"
traced
for state in connecting login live; do
	like "$(grep "iser_tgt_conn_state: .*state=$state" /tmp/trace)" "peer=$IP:[0-9]+ initiator=(|$INITIATOR) sid=[0-9]+ state=$state why=" "a connection: $state"
done
line=$(one iser_tgt_login "target=$IQN")
like "$line" "^iser_tgt_login: peer=$IP:[0-9]+ $who target=$IQN sid=[0-9]+ status=0000 why=" "a login"
sid=$(word sid "$line")
is "$sid" "$(sed -n 's/^sid=\([0-9]*\).*/\1/p' "$(tpg)/sessions")" "... with the number of the session"
like "$(one iser_tgt_park "")" "pdu=0x03 itt=0x[0-9a-f]{8} cmdsn=[0-9]+ why=for the worker" "a PDU that waits, and why"

# --- a READ ---
dd if="$dev" of=/dev/null bs=4k count=1 skip=17 iflag=direct 2>/dev/null
traced
line=$(one iser_tgt_cmd "opcode=0x28 edtl=4096")
like "$line" "$who sid=$sid itt=0x[0-9a-f]{8} cmdsn=[0-9]+ lun=0 opcode=0x28 edtl=4096 immediate_data=0 immediate=0\$" "a READ is received"
itt=$(word itt "$line")
life() { grep -E " iser_tgt_[a-z_]+: .*sid=$sid .*itt=$1 " /tmp/trace | sed 's/^.*: iser_tgt_\([a-z_]*\): .*/\1/' | tr '\n' ' '; }
is "$(life "$itt" | sed 's/ sent $/ /')" "cmd response xfer_post post " "... answered, and posted with its data" || note "$(cat /tmp/trace)"
like "$(one iser_tgt_xfer_post "itt=$itt")" "$who sid=$sid itt=$itt lun=0 opcode=0x28 dir=to-initiator len=4096 status=0\$" "its data"
like "$(one iser_tgt_response "itt=$itt")" "lun=0 opcode=0x28 status=0x00 residual=0 data_in=1\$" "its status"
like "$(one iser_tgt_post "itt=$itt")" "pdu=0x21 itt=$itt statsn=[0-9]+ maxcmdsn=[0-9]+ len=76 status=0\$" "its response and the sequence numbers"
dd if="$dev" of=/dev/null bs=4k count=40 iflag=direct 2>/dev/null
like "$(cat /tmp/trace $T/trace)" "iser_tgt_sent: $who sid=$sid itt=$itt reported=[01] status=0\$" \
	"... and sent, by the report of a later one at the latest"
like "$(grep -E 'target_(sequencer_start|cmd_complete): ' /tmp/trace)" "$INITIATOR .*LUN 000.* tag 0x[0-9a-f]*${itt#0x}" "the core's events have the same initiator and tag"

# --- a WRITE whose data is fetched ---
dd if=/dev/zero of="$dev" bs=256k count=1 oflag=direct 2>/dev/null
traced
itt=$(word itt "$(one iser_tgt_cmd "opcode=0x2a")")
is "$(life "$itt" | sed 's/ sent $/ /')" "cmd xfer_post xfer_done response post " "a WRITE" || note "$(cat /tmp/trace)"
line=$(one iser_tgt_xfer_post "itt=$itt")
like "$line" "opcode=0x2a dir=from-initiator len=[0-9]+ status=0\$" "its data is asked for"
is "$(word len "$(one iser_tgt_xfer_done "itt=$itt")") $(($(word len "$line") + $(word immediate_data "$(one iser_tgt_cmd "itt=$itt")")))" "$(word len "$line") 262144" \
	"... and has moved, all that was not sent with the command"

# --- task management, windows, ends ---
sg_reset -d "$(sg_of "$dev")" >/dev/null
traced
line=$(one iser_tgt_tmf "")
like "$line" "$who sid=$sid itt=0x[0-9a-f]{8} function=5 lun=0 ref_itt=0x" "a task management function"
like "$(one iser_tgt_tmf_response "itt=$(word itt "$line")")" "$who sid=$sid itt=0x[0-9a-f]{8} response=0\$" "... and its response"
fio --name=f --filename="$dev" --direct=1 --ioengine=libaio --rw=randwrite --bs=512k --iodepth=32 --size=16M --io_size=64M >/tmp/fio 2>&1
traced
like "$(one iser_tgt_window "")" "$who sid=$sid window=[0-9]+ most=64 maxcmdsn=[0-9]+\$" "a window that grows"
like "$(one iser_tgt_xfer_wait "")" "$who sid=$sid dir=from-initiator len=[0-9]+\$" "transfers that wait for the send queue"
logout >/dev/null
works "the end" wait_for 10 "the end" grep -q "iser_tgt_end: .*sid=$sid " $T/trace
traced
like "$(one iser_tgt_end "")" "$who target=$IQN sid=$sid age=[0-9]+ commands=[0-9]+ why=logged out\$" "... of the session, and why"
like "$(grep 'iser_tgt_conn_state: .*state=closing' /tmp/trace)" "$who sid=$sid state=closing why=(logged out|disconnected by the initiator)\$" "... of its connection"
disable "$IQN"
login >/dev/null 2>&1
traced
like "$(one iser_tgt_login "")" "$who target=$IQN sid=0 status=0301 why=portal group is disabled\$" "a login that is refused"
enable "$IQN"
iscsiadm -m node -T "$IQN" -p "$IP:$PORT" --logout >/dev/null 2>&1
echo 0 >$T/events/enable

works "the initiator stops" stop_initiator
works "all is removed" remove_all
done_testing
