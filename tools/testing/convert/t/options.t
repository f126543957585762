#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Options of the converters, and the file that they write to: it has secrets.

. "$(dirname "$0")/../lib.sh"

IQN=iqn.2026-01.org.example:disk
truncate -s 1M "$work/disk"
printf '<target %s>\n  driver iser\n  backing-store %s\n  incominguser alice secret-of-alice\n</target>\n' $IQN "$work/disk" >"$work/targets.conf"
printf '{ "targets": [ { "fabric": "iscsi", "wwn": "%s", "tpgs": [ { "tag": 1, "portals": [ { "ip_address": "192.0.2.1", "port": 3260, "iser": true } ] } ] } ] }\n' \
	$IQN >"$work/saveconfig.json"
tgt() { "$convert/tgt-to-iser" "$@" "$work/targets.conf"; }

# --- --portal ---
# as np/ADDRESS:PORT of the module: drivers/iser_target/lio/portal_address.c
portal() { tgt --portal "$1" 2>"$OUT" | python3 -c 'import json, sys; p = json.load(sys.stdin)["targets"][0]["tpgs"][0]["portals"][0]; print(p["ip_address"], p["port"])' 2>&1; }
for good in 192.0.2.1:3260 0.0.0.0:860 '[fd00::1]:3260' '[::]:3260' '[fe80::1%eth0]:3260'; do
	is "$(portal "$good")" "${good%:*} ${good##*:}" "--portal $good"
done
for bad in fd00::1:3260 ::1:3260 fd00::1 '[192.0.2.1]:3260' '[[fd00::1]]:3260' '[fd00::1:3260' 'fd00::1]:3260' '[fd00::1]' 192.0.2.1 192.0.2.1:0 192.0.2.1:65536 \
	192.0.2.1:+860 host:3260; do
	tgt --portal "$bad" >"$work/after.json" 2>"$OUT"
	is "$? $(wc -c <"$work/after.json")" "2 0" "--portal $bad is refused"
done
like "$(cat "$OUT")" "host:3260 is no ADDRESS:PORT, nor \[ADDRESS\]:PORT of IPv6\$" "... with what it may be"

# --- what has secrets is for its owner ---
umask 022
for program in tgt-to-iser saveconfig-to-iser; do
	about=$program
	from=$work/targets.conf
	[ $program = tgt-to-iser ] || from=$work/saveconfig.json
	rm -f "$work/after.json"
	"$convert/$program" "$from" >"$work/after.json" 2>"$OUT"
	is "$? $(stat -c %a "$work/after.json")" "0 600" "a file is for its owner alone"
	chmod 644 "$work/after.json"
	"$convert/$program" "$from" >"$work/after.json" 2>"$OUT"
	is "$? $(stat -c %a "$work/after.json")" "0 600" "... one that was there as well"
	mkfifo -m 644 "$work/fifo"
	cat "$work/fifo" >"$work/read" &
	"$convert/$program" "$from" >"$work/fifo" 2>"$OUT"
	is "$? $(stat -c %a "$work/fifo")" "0 644" "... but no pipe"
	wait
	works "... which has the same" cmp "$work/read" "$work/after.json"
	rm "$work/fifo"
done
about=
done_testing
