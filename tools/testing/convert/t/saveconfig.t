#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What saveconfig-to-iser makes of configurations of targetcli, without a kernel: portal groups of one name and tag are not merged, and none is lost.
# tools/testing/vm/t/convert.t restores what it writes.

. "$(dirname "$0")/../lib.sh"

IQN=iqn.2026-01.org.example:disk
before=$work/before.json after=$work/after.json
# group TAG PORTALS [MORE] : a portal group with a LUN and an ACL; PORTALS is a list of ISER, true or false
group() {
	local iser portals=
	for iser in $2; do portals+="${portals:+, }{ \"ip_address\": \"192.0.2.$1\", \"port\": 3260, \"iser\": $iser }"; done
	echo "{ \"tag\": $1, \"enable\": true, \"attributes\": { \"authentication\": 0 }, \"luns\": [ { \"index\": $1 } ], \"node_acls\": [ { \"node_wwn\": \"$IQN:host\" } ],"
	echo "  \"portals\": [ $portals ] ${3:-}}"
}
# target FABRIC NAME GROUP...
target() {
	local group groups=
	for group in "${@:3}"; do groups+="${groups:+,$'\n'}$group"; done
	printf '{ "fabric": "%s", "wwn": "%s", "tpgs": [ %s ] }\n' "$1" "$2" "$groups"
}
# saved TARGET... : is the configuration
saved() {
	local target targets=
	for target; do targets+="${targets:+,$'\n'}$target"; done
	printf '{ "storage_objects": [],\n "targets": [ %s ] }\n' "$targets" >"$before"
}
convert() { "$convert/saveconfig-to-iser" "$@" "$before" >"$after" 2>"$OUT"; }
# moved : what was written: each portal group with its fabric and portals
moved() {
	python3 -c 'import json, sys
for t in json.load(open(sys.argv[1]))["targets"]:
    for g in t["tpgs"]:
        print(t["fabric"], t["wwn"], g["tag"], [p["iser"] for p in g["portals"]], [l["index"] for l in g["luns"]], len(g["node_acls"]))' "$after" 2>&1
}
# line N : of the file
line() { echo "saveconfig-to-iser: $before:$1"; }
# refuses TEXT MESSAGE : nothing is written, and this is said
refuses() {
	convert
	is "$?: $(wc -c <"$after")" "1: 0" "$1"
	like "$(cat "$OUT")" "^$2\$" "... with file and line" || note "$(cat "$OUT")"
}

saved "$(target iscsi $IQN "$(group 1 true)" "$(group 2 'true false')" "$(group 3 false)")"
convert
is "$?: $(moved)" "0: iscsi $IQN 2 [False] [2] 1
iscsi $IQN 3 [False] [3] 1
iser $IQN 1 [True] [1] 1
iser $IQN 2 [True] [2] 1" "portals for RDMA are moved, those for TCP stay"

# --- two of one name ---
saved "$(target iser $IQN "$(group 1 true)")" "$(target iscsi $IQN "$(group 1 true)")"
refuses "a portal group that iser has already" "$(line 4): $IQN, tpg1 cannot be moved: the fabric iser has one of this name and tag at $before:2; .*"
saved "$(target iscsi $IQN "$(group 1 true)")" "$(target iser $IQN "$(group 1 true)")"
refuses "... whichever is the first" "$(line 2): $IQN, tpg1 cannot be moved: the fabric iser has one of this name and tag at $before:4; .*"
saved "$(target iser "${IQN^^}" "$(group 1 true)")" "$(target iscsi $IQN "$(group 1 true)")"
refuses "... in upper case" "$(line 4): $IQN, tpg1 cannot be moved: the fabric iser has one of this name and tag at $before:2; .*"
saved "$(target iscsi $IQN "$(group 1 true)")" "$(target iscsi $IQN "$(group 1 true)")"
refuses "two of the fabric iscsi" "$(line 4): $IQN, tpg1 cannot be moved: the fabric iser has one of this name and tag at $before:2; .*"
saved "$(target iser $IQN "$(group 1 true)")" "$(target iscsi $IQN "$(group 2 true)")"
convert
is "$?: $(moved)" "0: iser $IQN 1 [True] [1] 1
iser $IQN 2 [True] [2] 1" "another tag of the name is moved"
saved "$(target iser $IQN "$(group 1 true)")" "$(target iscsi $IQN "$(group 1 false)")" "$(target iscsi $IQN:2 "$(group 1 true)")"
convert
is "$?: $(moved)" "0: iser $IQN 1 [True] [1] 1
iscsi $IQN 1 [False] [1] 1
iser $IQN:2 1 [True] [1] 1" "a target of that name that stays is no obstacle"

# --- portal groups without portals ---
saved "$(target iscsi $IQN "$(group 1 true)" "$(group 2 '' ', "attributes": { "default_erl": 2 }, "enable": false')")"
convert
is "$?: $(moved)" "0: iser $IQN 1 [True] [1] 1
iser $IQN 2 [] [2] 1" "a portal group without portals is moved with the others of its target"
like "$(cat "$OUT")" "^$(line 4): $IQN, tpg2: it has no portal, and is moved with its target\$" "... which is said"
like "$(cat "$OUT")" "tpg2: default_erl=2 left out" "... as is what has no counterpart"
saved "$(target iscsi $IQN "$(group 1 true)" "$(group 2 '')" "$(group 3 false)")"
convert
is "$?: $(moved)" "0: iscsi $IQN 2 [] [2] 1
iscsi $IQN 3 [False] [3] 1
iser $IQN 1 [True] [1] 1" "... and stays with those that stay"
saved "$(target iscsi $IQN "$(group 1 true)" "$(group 2 '')")"
convert --keep-tcp
is "$?: $(moved)" "0: iscsi $IQN 1 [False] [1] 1
iscsi $IQN 2 [] [2] 1
iser $IQN 1 [True] [1] 1" "... for TCP"
saved "$(target iscsi $IQN "$(group 1 '')")"
fails "a target without portals is none of ib_isert" "$convert/saveconfig-to-iser" "$before"
done_testing
