#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# All of libiscsi's test suite, over iSER to iser_tgt and over TCP to LIO's iSCSI target, on the same backstore. A test that fails on both fails
# in the core. A test may fail on iser_tgt alone only if the fault is known to be the library's: expect/libiscsi-suite has the list, with reasons.
# by name: the library dies at random over iSER, here and on ib_isert, the more the busier the machine is

seconds=1200 machine='--append log_buf_len=8M'
. "$(dirname "$0")/../in-guest"

expect=/src/tools/testing/vm/expect/libiscsi-suite
cu=/src/tools/testing/vm/guest/libiscsi-cu

alone || bail "no RDMA device"
# not on the console: the core logs each of a thousand commands that are wrong on purpose. And no log of a library that crashes
dmesg -n 1
echo 0 >/proc/sys/debug/exception-trace
load_target && modprobe iscsi_target_mod && backstore disk file 64 || bail "no backstore"
echo 1 >"$(backstore_dir disk)/attrib/emulate_tpu" && echo 1 >"$(backstore_dir disk)/attrib/emulate_tpws" || bail "no thin provisioning"

# results FABRIC PORT [TEST...] : makes a target, runs the suite, which writes $HERE/FABRIC/results, and removes the target
results() {
	local FABRIC=$1 port=$2 url=iser
	[ "$FABRIC" = iser ] || url=iscsi
	mkdir -p "$CFS/$FABRIC" && make_target "$IQN" disk && mkdir "$(tpg)/np/$IP:$port" && enable "$IQN" || return
	SECONDS=0
	"$cu" "$url://$IP:$port/$IQN/0" "$HERE/$FABRIC" "${@:3}"
	echo "$url: $SECONDS s, $(wc -l <"$HERE/$FABRIC/deaths") times the library died"
	remove_target "$IQN" && rmdir "$CFS/$FABRIC"
}
# Tests known to crash the process over iSER.
mapfile -t crash < <(awk '!/^#/ && $2 ~ /crashed/ { print $1 }' "$expect")
works "the suite over TCP to LIO's target" results iscsi 3261 && note "$(tail -n 1 /tmp/out)"
works "the suite over iSER to iser_tgt" results iser "$PORT" "${crash[@]}" && note "$(tail -n 1 /tmp/out)"

# Columns of expect: test, results allowed over iSER, results allowed over TCP, reason. A test it does not name has to pass on both.
verdict=$(awk -v expect="$expect" '
	BEGIN {
		while ((getline line <expect) > 0) {
			if (line ~ /^#/ || split(line, w, /[ \t]+/) < 4) continue
			want["iser", w[1]] = w[2]; want["iscsi", w[1]] = w[3]
			why = line; sub(/^[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]+[ \t]+/, "", why); reason[w[1]] = why
		}
	}
	FNR == 1 { split(FILENAME, part, "/"); fabric = part[length(part) - 1] }
	{
		got[fabric, $1] = $2; count[fabric, $2]++; all[fabric]++
		if (fabric == "iser") order[++n] = $1
	}
	function may(fabric, test, result,    may_be) { may_be = (fabric, test) in want ? want[fabric, test] : "passed"; return ("|" may_be "|") ~ ("[|]" result "[|]") }
	END {
		printf "# %-30s %7s %7s %8s %8s\n", "", "passed", "failed", "skipped", "crashed"
		for (i = 1; i <= 2; i++) {
			f = i == 1 ? "iser" : "iscsi"
			printf "# %-30s %7d %7d %8d %8d   of %d\n", i == 1 ? "iser_tgt, iSER" : "LIO iSCSI, TCP", count[f, "passed"], count[f, "failed"],
				count[f, "skipped"], count[f, "crashed"], all[f]
		}
		for (i = 1; i <= n; i++) {
			t = order[i]; suite = t; sub(/[.].*/, "", suite)
			if (suite != last) suites[++m] = last = suite
			a = got["iser", t]; b = got["iscsi", t]
			bad = ""
			if (!may("iser", t, a)) bad = a " over iSER"
			else if (b == "") bad = "was not run over TCP"
			else if (!may("iscsi", t, b)) bad = b " over TCP"
			else if (a ~ /failed|crashed/ && b == "passed" && reason[t] !~ /^libiscsi: /) bad = "fails on iser_tgt alone"
			if (bad != "") wrong[suite] = wrong[suite] "\n#   " t ": " bad " (iSER " a ", TCP " b ")"
			else if (a ~ /failed|crashed/) known[suite] = known[suite] "\n#   " t ": " a " (TCP " b "), " reason[t]
			else if (a == "passed" && (("iser", t) in want) && want["iser", t] !~ /passed/) known[suite] = known[suite] "\n#   " t ": passes now"
		}
		for (i = 1; i <= m; i++) {
			s = suites[i]
			print (s in wrong ? "not ok" : "ok"), "- " s wrong[s] known[s]
		}
	}' "$HERE/iser/results" "$HERE/iscsi/results")
while IFS= read -r line; do
	case $line in
	'ok - '*) ok "${line#ok - }" ;;
	'not ok - '*) not_ok "${line#not ok - }" ;;
	*) echo "$line" ;;
	esac
done <<<"$verdict"
is "$(wc -l <"$HERE/iser/results")" "$(iscsi-test-cu --list | grep -cE '^ALL\.[^.]+\.[^.]+$')" "every test has its result"

works "all is removed" remove_all
done_testing
