#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The files sessions and logins of a portal group: one line for each session or login, with its attributes, as many as fit in a page. The list of
# all sessions in debugfs, whose size is not limited to a page.
# needs: conformance

seconds=600
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
works "a target" simple_target rd 16 || bail "no target"
start_initiator || bail "no iscsid"
modprobe dm_mod
tpg=$(tpg)
crowd=/src/tools/testing/conformance/crowd
mount -t debugfs none /sys/kernel/debug 2>/dev/null
all=/sys/kernel/debug/iser_tgt/sessions
is "$(cat "$tpg/sessions")$(cat "$tpg/logins")$(cat $all)" "" "there are no sessions and no logins"

# value NAME [PATTERN] : the value of NAME in the only line, or in the line that matches
value() { grep -E -- "${2:-.}" "$tpg/sessions" | tr ' ' '\n' | sed -n "s/^$1=//p"; }

# --- a session without an ACL, in demo mode ---
discover >/dev/null && login >/dev/null || bail "login"
dev=$(disk) || bail "no disk"
is "$(grep -c . "$tpg/sessions")" 1 "one session, one line"
is "$(value initiator) $(value acl) $(value auth)" "$INITIATOR dynamic None" "the initiator, its ACL and authentication"
like "$(value peer)" "^$IP:[0-9]+\$" "its address"
is "$(value local)" "$IP:$PORT" "the portal"
is "$(value device)" "$LINK-lan0/1" "the device"
is "$(value depth)" 64 "its depth"
session=$(echo /sys/class/iscsi_session/session*)
is "$(value FirstBurstLength) $(value MaxBurstLength)" "$(cat "$session/first_burst_len") $(cat "$session/max_burst_len")" \
	"the negotiated values are those of the initiator"
like "$(value isid)" "^0x[0-9a-f]{12}\$" "its ISID"
# without the values that may change between two reads
still() { sed -E 's/ (commands|read|written|age|idle|in_flight|oldest)=[0-9]+/ \1=/g' "$@"; }
like "$(grep -v ^target=discovery $all)" "^target=$IQN tpg=1 iSCSIProtocolLevel=[01] iSERHelloRequired=No MaxAHSLength=[0-9]+ MaxOutstandingUnexpectedPDUs=[0-9]+ \
TaggedBufferForSolicitedDataOnly=(Yes|No) sid=$(value sid) " "the list of all has it, with its target and the keys of RFC 7145"
is "$(still $all | sed 's/.* sid=/sid=/; s/ check_conditions=.*//')" "$(still "$tpg/sessions")" "... and otherwise like the file of the portal group"

read0=$(value read) written0=$(value written) commands0=$(value commands)
dd if="$dev" of=/dev/null bs=64k count=16 iflag=direct 2>/dev/null
dd if=/dev/zero of="$dev" bs=64k count=8 oflag=direct 2>/dev/null
is "$(($(value read) - read0)) $(($(value written) - written0))" "$((16 << 16)) $((8 << 16))" "1 MiB read, 512 KiB written"
is "$(($(value commands) - commands0))" 24 "in 24 commands"
is "$(value in_flight)" 0 "none of them is in flight"
note "memory=$(value memory) window=$(value window)"
memory_told() { [ "$(value memory)" -gt 65536 ] && [ "$(value memory)" -lt $((1 << 20)) ]; }
works "memory is plausible" memory_told
# Contexts of 64 commands and their responses take more than 80 KiB: a session has a few until it needs them. Buffers, of which a shared queue gives
# a session more as well, take at most 9 KiB each.
idle=$(value memory) window=$(value window) least=40
if [ "$window" -lt 64 ]; then works "an idle session has but few contexts" test "$idle" -lt $((144 << 10)); else least=16; fi
fio --name=load --filename="$dev" --direct=1 --ioengine=libaio --bs=4k --iodepth=64 --rw=randread --number_ios=3000 --output=/tmp/fio || note "$(cat /tmp/fio)"
works "... a busy one gets more" test "$(($(value memory) - idle - ($(value window) - window) * 9216))" -gt $((least << 10))
note "memory=$(value memory) window=$(value window)"
older() { [ "$(value age)" -ge 2 ] && [ "$(value idle)" -ge 1 ]; }
works "age and idle increase" wait_for 20 "age and idle" older
dd if="$dev" of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null
heard_since() { [ "$(value idle)" -lt "$(value age)" ]; }
works "a command resets idle" heard_since

# --- an ACL, CHAP, and a backstore that does not answer ---
logout >/dev/null
works "the session has ended" wait_for 10 "an empty list" sh -c "! grep -q . $tpg/sessions"
dmsetup create slow --noudevsync --table "0 $(blockdev --getsz /dev/ram0) linear /dev/ram0 0" && dmsetup mknodes slow || not_ok "dm device"
backstore slow dev /dev/mapper/slow
mkdir "$tpg/lun/lun_1" && ln -s "$(backstore_dir slow)" "$tpg/lun/lun_1/slow"
mkdir -p "$tpg/acls/$INITIATOR/lun_1" && ln -s "$tpg/lun/lun_1" "$tpg/acls/$INITIATOR/lun_1/slow"
echo alice >"$tpg/acls/$INITIATOR/auth/userid"
echo one-way-secret >"$tpg/acls/$INITIATOR/auth/password"
echo 1 >"$tpg/attrib/authentication"
echo 16 >"$tpg/acls/$INITIATOR/cmdsn_depth"
for pair in authmethod=CHAP username=alice password=one-way-secret; do
	iscsiadm -m node -T "$IQN" -p "$IP:$PORT" -o update -n "node.session.auth.${pair%%=*}" -v "${pair#*=}"
done
login >/dev/null
dev=$(disk "$IQN" 1) || bail "the slow disk"
is "$(value acl) $(value auth) $(value depth)" "static CHAP 16" "its ACL, authentication and depth"
info=$tpg/acls/$INITIATOR/info
is "$(value sid) $(value peer)" "$(sed -n 's/^LIO Session ID: \([0-9]*\).*/\1/p' "$info") $(awk '/Address/ { print $2 }' "$info")" \
	"sid and peer are those of the ACL's info"
dmsetup suspend --nolockfs --noflush slow
fio --name=f --filename="$dev" --direct=1 --ioengine=libaio --rw=randread --bs=4k --iodepth=5 --size=1M --number_ios=5 >/tmp/fio 2>&1 &
in_flight() { [ "$(value in_flight)" -eq "$1" ]; }
works "five commands in flight" wait_for 30 "five commands" in_flight 5 || cat "$tpg/sessions"
dmsetup resume slow --noudevsync
wait $!
works "... and none after the backstore has answered" wait_for 10 "no command in flight" in_flight 0
logout >/dev/null
echo 0 >"$tpg/attrib/authentication"

# --- more than a page ---
hold() { coproc HOLD { $crowd "$@" --target "$IP:$PORT" --iqn "$IQN" --wait 2>&1; }; }
let_go() { eval "exec ${HOLD[1]}>&-"; wait "$HOLD_PID"; }
hold sessions --connections 14
for ((i = 0; i < 14; i++)); do read -r -u "${HOLD[0]}" line; [ "$line" = in ] || not_ok "session $i of the crowd" "$line"; done
cat "$tpg/sessions" >/tmp/crowded
lines=$(grep -c '^sid=' /tmp/crowded) more=$(sed -n '$s/^# \([0-9]*\) more$/\1/p' /tmp/crowded)
note "$lines lines in $(stat -c %s /tmp/crowded) bytes, ${more:-0} more"
is $((lines + ${more:-0})) 14 "of 14 sessions those that do not fit in the page are counted"
full_page() { [ "$lines" -ge 5 ] && [ "$(stat -c %s /tmp/crowded)" -le 4096 ]; }
works "the size is at most a page" full_page
is "$(grep -vc 'memory=[0-9]* oldest=[0-9]*$' /tmp/crowded)" 1 "every line but the last is complete"
cat $all >/tmp/all
is "$(grep -c "^target=$IQN tpg=1 .* memory=[0-9]* oldest=[0-9]* .* window_full=[0-9]*\$" /tmp/all)" 14 "the list of all sessions has a complete line for each"
is "$(wc -l </tmp/all) $(grep -o ' sid=[0-9]*' /tmp/all | sort -u | wc -l)" "14 14" "... once, and nothing else"
mkdir "$CFS/iser/$IQN/tpgt_2"
is "$(cat "$CFS/iser/$IQN/tpgt_2/sessions")" "" "another portal group has none of them"
rmdir "$CFS/iser/$IQN/tpgt_2"
let_go
works "they end" wait_for 20 "an empty list" sh -c "! grep -q . $tpg/sessions"
is "$(cat $all)" "" "... in the list of all, too"

# --- connections that have not logged in ---
hold silent --connections 3 --only-hold
read -r -u "${HOLD[0]}" line
is "$line" held=3 "three silent connections"
is "$(grep -c "^peer=$IP:[0-9]* local=$IP:$PORT device=$LINK-lan0/1 initiator=- age=[0-9]* session=none\$" "$tpg/logins")" 3 "are logins without a name"
is "$(cat "$tpg/sessions")" "" "and no sessions"
mkdir "$CFS/iser/$IQN/tpgt_2"
is "$(cat "$CFS/iser/$IQN/tpgt_2/logins")" "" "a portal group without their portal does not show them"
rmdir "$CFS/iser/$IQN/tpgt_2"
let_go
works "they end" wait_for 20 "an empty list" sh -c "! grep -q . $tpg/logins"
$crowd stall --target "$IP:$PORT" --iqn "$IQN" >/tmp/stall 2>&1 &
stalled() { grep -q "initiator=iqn.2026-01.org.example:crowd age=" "$tpg/logins"; }
works "a login that stalls after InitiatorName is shown with the name" wait_for 20 "the stalled login" stalled
echo 0 >"$tpg/enable"
wait $!
is "$(cat "$tpg/logins")" "" "disabling the portal group ends it"

stop_initiator
rm "$tpg/acls/$INITIATOR/lun_1/slow"
works "all is removed" remove_all
dmsetup remove slow --noudevsync
done_testing
