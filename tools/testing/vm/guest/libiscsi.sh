# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For the tests that run libiscsi's test suite: a backstore, the run, and the comparison of two runs with a list. Sourced after lib.sh.

# Version of the library, without the patch level: 1.19, 1.20. Each has a list of its own.
LIBISCSI=$(dpkg-query -W -f '${Version}' libiscsi-bin | sed -E 's/^([0-9]+\.[0-9]+).*/\1/')
# list NAME : the path of the list
list() { echo "/src/tools/testing/vm/expect/$1-$LIBISCSI"; }

suite_backstore() {
	# not on the console: the core logs each of a thousand commands that are wrong on purpose. And no log of a library that crashes
	dmesg -n 1
	echo 0 >/proc/sys/debug/exception-trace
	load_target && modprobe iscsi_target_mod && backstore disk file 64 &&
		echo 1 >"$(backstore_dir disk)/attrib/emulate_tpu" && echo 1 >"$(backstore_dir disk)/attrib/emulate_tpws"
}

# run_suite NAME DEVICE [TEST...] : the whole suite on a URL or a disk; the results are in $HERE/NAME/results. The tests named run alone, once.
run_suite() {
	SECONDS=0
	/src/tools/testing/vm/guest/libiscsi-cu "$2" "$HERE/$1" "${@:3}"
	echo "$1: $SECONDS s, $(wc -l <"$HERE/$1/deaths") times the library died"
}

# compare_suites LIST ONE TEXT TWO TEXT : a point for each suite, from the results of the runs ONE (with iser_tgt) and TWO (without it).
# Columns of LIST: test, results allowed of ONE, results allowed of TWO, reason. A test has to have the result of the first line that
# matches its name; *: any characters. If none does, it has to pass in both. A line that matches no test is an error. If a test fails in ONE and
# passes in TWO, the reason has to begin with "libiscsi:" or "ib_iser:".
compare_suites() {
	local verdict line
	verdict=$(awk -v expect="$1" -v one="$2" -v text1="$3" -v two="$4" -v text2="$5" '
	BEGIN {
		while ((getline line <expect) > 0) {
			if (line ~ /^#/ || split(line, w, /[ \t]+/) < 4) continue
			name[++lines] = w[1]; want1[lines] = w[2]; want2[lines] = w[3]
			why = line; sub(/^[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]+[ \t]+/, "", why); reason[lines] = why
			re = w[1]; gsub(/[.]/, "[.]", re); gsub(/[*]/, ".*", re); match_of[lines] = "^" re "$"
		}
	}
	FNR == 1 { split(FILENAME, part, "/"); run = part[length(part) - 1] }
	{
		got[run, $1] = $2; count[run, $2]++; all[run]++
		if (run == one) order[++n] = $1
	}
	function line_of(test,    i) { for (i = 1; i <= lines; i++) if (test ~ match_of[i]) { used[i] = 1; return i } return 0 }
	function may(allowed, result) { return ("|" allowed "|") ~ ("[|]" result "[|]") }
	END {
		printf "# %-30s %7s %7s %8s %8s\n", "", "passed", "failed", "skipped", "crashed"
		for (i = 1; i <= 2; i++) {
			r = i == 1 ? one : two
			printf "# %-30s %7d %7d %8d %8d   of %d\n", i == 1 ? text1 : text2, count[r, "passed"], count[r, "failed"],
				count[r, "skipped"], count[r, "crashed"], all[r]
		}
		for (i = 1; i <= n; i++) {
			t = order[i]; suite = t; sub(/[.].*/, "", suite)
			if (suite != last) suites[++m] = last = suite
			a = got[one, t]; b = got[two, t]; l = line_of(t)
			why = l ? reason[l] : ""
			bad = ""
			if (b == "") bad = "has no result there"
			else if (!may(l ? want1[l] : "passed", a)) bad = "not what is expected here: " (l ? want1[l] : "passed")
			else if (!may(l ? want2[l] : "passed", b)) bad = "not what is expected there: " (l ? want2[l] : "passed")
			else if (a ~ /failed|crashed/ && b == "passed" && why !~ /^(libiscsi|ib_iser): /) bad = "fails on iser_tgt alone"
			if (bad != "") wrong[suite] = wrong[suite] "\n#   " t ": " a ", there " b "; " bad
			else if (a ~ /failed|crashed/) known[suite] = known[suite] "\n#   " t ": " a ", there " b "; " why
		}
		for (i = 1; i <= m; i++) {
			s = suites[i]
			print (s in wrong ? "not ok" : "ok"), "- " s wrong[s] known[s]
		}
		for (i = 1; i <= lines; i++) if (!(i in used)) unused = unused "\n#   " name[i]
		print (unused != "" ? "not ok" : "ok"), "- each line of the list is about a test" unused
	}' "$HERE/$2/results" "$HERE/$4/results")
	while IFS= read -r line; do
		case $line in
		'ok - '*) ok "${line#ok - }" ;;
		'not ok - '*) not_ok "${line#not ok - }" ;;
		*) echo "$line" ;;
		esac
	done <<<"$verdict"
	is "$(wc -l <"$HERE/$2/results")" "$(iscsi-test-cu --list | grep -cE '^ALL\.[^.]+\.[^.]+$')" "every test has its result"
}
