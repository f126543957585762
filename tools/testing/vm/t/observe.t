#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the administrator sees of sessions without reading the log: those that have ended and why, discovery sessions among those there are.
# needs: conformance

seconds=600
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
works "a target" simple_target rd 16 || bail "no target"
tpg=$(tpg)
crowd=/src/tools/testing/conformance/crowd
mount -t debugfs none /sys/kernel/debug 2>/dev/null
D=/sys/kernel/debug/iser_tgt
start_initiator || bail "no iscsid"
# word NAME LINE : the value of NAME
word() { tr ' ' '\n' <<<"$2" | sed -n "s/^$1=//p"; }
# crowd of Python that stays until let_go: hold WHAT [OPTION...]
hold() { coproc HOLD { $crowd "$@" --target "$IP:$PORT" --iqn "$IQN" --wait 2>&1; }; }
let_go() { eval "exec ${HOLD[1]}>&-"; wait "$HOLD_PID"; }
nobody() { ! grep -q . $D/sessions; }

# --- the ledger of ends ---
is "$(cat $D/ends $D/end_counts)" "" "no session has ended yet"
discover >/dev/null || bail "discovery" "$(cat /tmp/discover.err)"
works "the discovery session ends" wait_for 20 "its end" grep -q 'target="discovery" tpg=-' $D/ends
like "$(cat $D/ends)" "^20[0-9-]{8} [0-9:]{8} peer=$IP:[0-9]+ initiator=\"$INITIATOR\" target=\"discovery\" tpg=- sid=1 age=[0-9]+ \
commands=0 read=0 written=0 reason=\"disconnected by the initiator\"\$" "... and is in ends; iscsiadm does not log out"
login >/dev/null || bail "login"
dev=$(disk) || bail "no disk"
dd if="$dev" of=/dev/null bs=64k count=16 iflag=direct 2>/dev/null
dd if=/dev/zero of="$dev" bs=64k count=8 oflag=direct 2>/dev/null
line=$(grep "^target=$IQN " $D/sessions)
before="$(word sid "$line") $(word commands "$line") $(word read "$line") $(word written "$line")"
is "$(wc -l <$D/ends)" 1 "a session that is logged in is not in ends"
# the disk's device goes first, and sends SYNCHRONIZE CACHE
logout >/dev/null
works "its end is" wait_for 20 "its end" grep -q "target=\"$IQN\"" $D/ends
line=$(tail -n 1 $D/ends)
like "$line" "peer=$IP:[0-9]+ initiator=\"$INITIATOR\" target=\"$IQN\" tpg=1 .* reason=\"logged out\"\$" "... peer, names, portal group and reason"
is "$(word sid "$line") $(word read "$line") $(word written "$line")" "$(cut -d' ' -f1,3,4 <<<"$before")" "... its number, the bytes read and written"
more=$(($(word commands "$line") - $(cut -d' ' -f2 <<<"$before")))
works "... and the commands, with those of the disk's removal" [ $more -ge 0 -a $more -le 4 ]
dmesg >/tmp/log
like "$(cat /tmp/log)" "iser_tgt: $IP:[0-9]+: session 2 of \"$INITIATOR\" with \"$IQN\" begins\$" "the log tells of its begin"
like "$(cat /tmp/log)" "iser_tgt: $IP:[0-9]+: session 2 of \"$INITIATOR\" with \"$IQN\" ended after [0-9]+ s and [0-9]+ commands: logged out\$" \
	"... and of its end"
is "$(cat $D/end_counts)" "1 disconnected by the initiator
1 logged out" "end_counts has counted both"

hold sessions --connections 1
read -r -u "${HOLD[0]}" _
let_go
works "one that disconnects without a logout" wait_for 20 "its end" grep -q 'crowd".* reason="disconnected by the initiator"$' $D/ends
hold sessions --connections 1
read -r -u "${HOLD[0]}" _
echo 0 >"$tpg/enable"
works "one whose portal group is disabled: why, whichever side is first to disconnect" grep -q 'crowd".* reason="portal group disabled"$' $D/ends
let_go
echo 1 >"$tpg/enable"
is "$(sort $D/end_counts)" "1 logged out
1 portal group disabled
2 disconnected by the initiator" "... a count for each reason"
works "one hundred and thirty more" $crowd cycles --connections 130 --parallel 10 --target "$IP:$PORT" --iqn "$IQN"
ended() { [ "$(sed -n 's/ logged out$//p' $D/end_counts)" = "$1" ]; }
works "all are counted" wait_for 30 "their ends" ended 131
is "$(wc -l <$D/ends)" 128 "the last 128 are kept"
is "$(cut -d' ' -f1-2 $D/ends | sort -c 2>&1)$(grep -c 'reason="logged out"$' $D/ends)" 128 "... the oldest first"
works "the log has far fewer lines" [ "$(dmesg | grep -c 'iser_tgt: .* ended after')" -lt 60 ]

# --- discovery sessions in the list of all ---
hold discoveries --connections 2
read -r -u "${HOLD[0]}" _
is "$(grep -cE "^target=discovery tpg=- sid=[0-9]+ initiator=iqn.2026-01.org.example:crowd acl=- auth=None isid=0x[0-9a-f]{12} tsih=[0-9]+ cid=[0-9]+ \
peer=$IP:[0-9]+ local=$IP:$PORT device=$LINK-lan0/1 age=[0-9]+ idle=[0-9]+ memory=[0-9]{5,6}\$" $D/sessions)" 2 "discovery sessions are in the list of all"
is "$(cat "$tpg/sessions")" "" "... and in none of a portal group"
let_go
works "they end" wait_for 20 "an empty list" nobody

works "the initiator stops" stop_initiator
works "all is removed" remove_all
done_testing
