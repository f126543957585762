#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# iser-tgt-doctor on simulated machines with sessions: that it says what is found in two readings, and its JSON. What is found is the subject of
# tools/testing/observe/t/blame.t.

. "$(dirname "$0")/../lib.sh"

debug=/sys/kernel/debug/iser_tgt
# json EXPRESSION : of the last output as d
json() { python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$work/doctor" "$1"; }
session() { echo "target=$IQN tpg=1 sid=1 initiator=$INITIATOR acl=static device=mlx5_0/1 depth=128 window=128 in_flight=1 commands=7 read=1 written=1 age=60 idle=0 oldest=$1"; }

new_machine
card mlx5_0 eth0 roce
file $debug/sessions "$(session 0)"
healthy "a session"
file $debug/sessions "$(session 12000)"
file $debug/luns "target=$IQN tpg=1 lun=0 in_flight=1 oldest=12000"
sick "a command that takes no end" "LUN 0 of $IQN, tpgt_1 \(iblock_0/disk\): a command has been in progress for 12 s, and it is the backstore" 'dmesg | tail'
doctor --json
is $? 1 "--json: the status is the same"
is "$(json 'd["problems"], [(f["level"], f["blame"], f["next"], f["about"]["lun"]) for f in d["findings"]]')" "(1, [('problem', 'backstore', ['dmesg | tail'], '0')])" "... what it found"
doctor --json --verbose
like "$(json '[f["text"] for f in d["findings"] if f["level"] == "good"]')" 'the module iser_tgt 0.1 is loaded' "... and what is good"
file $debug/sessions "$(session 0)"
file $debug/luns "target=$IQN tpg=1 lun=0 in_flight=1 oldest=0"
doctor --json
is "$?: $(json 'd')" "0: {'problems': 0, 'findings': []}" "nothing is wrong"
file $debug/refusals '2026-11-28 09:00:00 peer=192.0.2.9:40000 initiator="a\\x7f" target="" status=0000 reason="too many connections"'
doctor --json --seconds 0
is "$(json '[(f["level"], f["next"]) for f in d["findings"]], "too many connections" in d["findings"][0]["text"]')" "([('note', [])], True)" "a refused login"
rm "$machine/sys/kernel/debug/iser_tgt/refusals"
file $debug/ends "$(date -u '+%F %T') peer=192.0.2.2:41000 initiator=\"$INITIATOR\" target=\"$IQN\" tpg=1 sid=3 age=812 commands=4 read=1 written=0 reason=\"keepalive timeout\""
healthy "a session that was lost" "session 3 of $INITIATOR with $IQN was lost at [0-9:]+ UTC: keepalive timeout"
rm "$machine/sys/kernel/debug/iser_tgt/ends"
rm "$machine/sys/module/iser_tgt/version" "$machine/sys/module/iser_tgt/srcversion"
rmdir "$machine/sys/module/iser_tgt"
doctor --json
is "$(json 'd["problems"] > 0 and "blame" not in d["findings"][0]')" True "without the module"
new_machine
card mlx5_0 eth0 roce
rm -r "$machine/observe"
healthy "without its library" 'iser_tgt_observe is missing: nothing is known of sessions and firewalls'
doctor --slow -1
is $? 2 "an impossible option"
done_testing
