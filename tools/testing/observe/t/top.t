#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# iser-tgt-top on a tree of plain files: its tables, sorted and filtered, its JSON, and its screen on a terminal, with keys.

. "$(dirname "$0")/../lib.sh"

top() { in_root prometheus python3 -B "$TOP/configfs/iser-tgt-top" --root "$tree" --interval 0.05 "$@"; }
# typed ROWS COLUMNS KEY... : the screen after these keys
typed() { in_root prometheus python3 "$here/typed" "$@" -- python3 -B "$TOP/configfs/iser-tgt-top" --root "$tree" --interval 600 >"$work/screen" 2>&1; }
# the first column of the rows
first() { sed '1,/^ *\(SID\|TARGET\) /d' "$OUT" | awk '{ print $1 }' | paste -sd ' '; }

new_tree
file "$debug/sessions" "$(session 1 $INITIATOR in_flight=5 oldest=12)" "$(session 2 $OTHER commands=0 window=16)" "$(session 10 $OTHER in_flight=7 oldest=11500)"
works "one table" top --once || bail "no table" "$(cat "$OUT")"
is "$(sed -n 1p "$OUT")" "iser_tgt 0.1: 3 sessions, 0 IOPS, 0.0 MB/s read, 0.0 written" "its first line"
is "$(sed -n 2p "$OUT")" "1 of 2 portals listen; 5 refused; 15 ended; latency is measured" "... its second"
is "$(sed -n 4p "$OUT" | tr -s ' ')" " SID INITIATOR TARGET IOPS READ WRITTEN P50 P99 DEPTH OLDEST IDLE STATE" "... its columns"
is "$(grep -E '^ +1 ' "$OUT" | tr -s ' ')" " 1 $INITIATOR $IQN 0 0.0 0.0 - - 5/128 12ms 0s busy" "... a session"
is "$(grep -E '^ +2 ' "$OUT" | tr -s ' ')" " 2 $OTHER $IQN 0 0.0 0.0 - - 0/16 of 128 0s idle" "... one with few buffers, without a command"
like "$(grep -E '^ +10 ' "$OUT")" '11\.5s +0s stuck$' "... one that is stuck"
file "$debug/sessions" "$(session 1 $'iqn.2026-01.org.example:\xc4\x80')"
works "a name with a character that the locale lacks" in_root prometheus env PYTHONIOENCODING=latin-1 python3 -B "$TOP/configfs/iser-tgt-top" --root "$tree" --interval 0.05 --once
like "$(cat "$OUT")" '^ +1 iqn.2026-01.org.example:\\u0100 ' "... is printed in another way"
file "$debug/sessions" "$(session 1 $INITIATOR in_flight=5 oldest=12)" "$(session 2 $OTHER commands=0 window=16)" "$(session 10 $OTHER in_flight=7 oldest=11500)"
works "LUNs" top --once --luns
is "$(grep -E ' 0 iblock' "$OUT" | tr -s ' ')" "$IQN 1 0 iblock_0/disk 0 0.0 0.0 - - 5 12ms busy" "... a LUN"
works "sorted by number" top --once --sort sid
is "$(first)" "1 2 10" "... as numbers"
works "reversed" top --once --sort sid --reverse
is "$(first)" "10 2 1" "... the other way round"
works "sorted by depth" top --once --sort depth
is "$(first)" "10 1 2" "... the busiest first"
works "sorted by the oldest command" top --once --sort oldest
is "$(first)" "10 1 2" "... the oldest first"
works "filtered" top --once --sort sid --filter OTHER
is "$(first)" "2 10" "... by a name, whatever its case"
works "filtered by state" top --once --filter stuck
is "$(first)" 10 "... one"
works "three tables" top --count 3
is "$(grep -c '^iser_tgt' "$OUT")" 3 "... are three"
works "JSON" top --json --count 2
is "$(python3 -c 'import json, sys
for line in open(sys.argv[1]):
    d = json.loads(line)
    s = d["sessions"][2]
    print(len(d["sessions"]), len(d["luns"]), d["ended"]["keepalive timeout"], s["sid"], s["oldest"], s["state"], s["iops"], d["seconds"] >= 0.05)' "$OUT")" \
	$'3 2 1 10 11.5 stuck 0.0 True\n3 2 1 10 11.5 stuck 0.0 True' "... two documents, a line each"
fails "a column that is not there" top --once --sort nonsense
fails "no interval" top --once --interval 0
fails "no table" top --count 0
top --once | head -n 1 >"$OUT" 2>&1
is "${PIPESTATUS[0]}: $(cat "$OUT")" "0: iser_tgt 0.1: 3 sessions, 0 IOPS, 0.0 MB/s read, 0.0 written" "a reader that ends is no error"

# --- the screen ---
works "on a terminal" typed 24 200 q || bail "no screen" "$(cat "$work/screen")"
typed 24 200 /stuck/ l /iblock_0/ q
is $? 0 "l shows LUNs" || note "$(cat "$work/screen")"
like "$(cat "$work/screen")" 'BACKSTORE.*iblock_0/disk' "... with their backstores"
works "a filter is typed" typed 24 200 /stuck/ / o t h e r $'\n' l /BACKSTORE/ l '/SID INITIATOR/' q
is "$(grep -oE 'SID INITIATOR.*' "$work/screen" | grep -oE 'example:(host|other) ' | sort -u)" "example:other " "... and rows without it are not shown"
works "q in a filter is a letter" typed 24 200 / q $'\x1b' q
works "sorted, reversed, scrolled, paused" typed 24 200 s S s r j j j k ' ' ' ' h /S\ sort/ q
works "on a small terminal" typed 5 30 l j h q
works "a terminal that shrinks" typed 24 200 RESIZE l q
works "... and is a line" typed 1 10 l q

# --- without ---
rm -r "$tree$debug"
file "$tpg/sessions" "sid=7 initiator=$INITIATOR acl=static depth=16 window=16 in_flight=1 commands=5 read=1 written=2 age=1 idle=0"
works "without root" top --once
like "$(cat "$OUT")" 'run as root' "... says so"
is "$(grep -E '^ +7 ' "$OUT" | tr -s ' ')" " 7 $INITIATOR $IQN 0 0.0 0.0 - - 1/16 0s busy" "... shows what configfs has"
like "$(cat "$OUT")" '^1 of 2 portals listen; latency is measured$' "... and knows of no refusals"
rm -r "$tree/sys/module/iser_tgt"
fails "without the module" top --once
like "$(cat "$OUT")" 'the module iser_tgt is not loaded' "... says so"
done_testing
