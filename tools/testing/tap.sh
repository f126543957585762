# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# TAP output for tests in shell. Sourced, by tests that run in a guest and by those on the host.

OUT=${OUT:-/tmp/out}		# output of the last command of works or fails

points=0 failed=0 planned=
about=				# prefix of the texts of the following points
ok()     { points=$((points + 1)); echo "ok $points - ${about:+$about: }$1"; }
# not_ok TEXT [DETAIL...]
not_ok() {
	points=$((points + 1)) failed=$((failed + 1))
	echo "not ok $points - ${about:+$about: }$1"
	shift
	local detail
	for detail; do echo "#   ${detail//$'\n'/$'\n#   '}"; done
}
skip()   { points=$((points + 1)); echo "ok $points - ${about:+$about: }$1 # skip ${2:-}"; }
note()   { echo "# ${*//$'\n'/$'\n# '}"; }
is()     { if [ "$1" = "$2" ]; then ok "$3"; else not_ok "$3" "got:      $1" "expected: $2"; return 1; fi; }
like()   { if grep -qE -- "$2" <<<"$1"; then ok "$3"; else not_ok "$3" "got:      $1" "expected: $2"; return 1; fi; }
# works TEXT command... ; fails TEXT command... : prints the output only if the result is not as expected
works()  {
	local text=$1 status=0
	shift
	"$@" >"$OUT" 2>&1 || status=$?
	if [ $status -eq 0 ]; then ok "$text"; else not_ok "$text" "status $status of: $*" "$(tail -n 15 "$OUT")"; return 1; fi
}
fails()  {
	local text=$1
	shift
	if "$@" >"$OUT" 2>&1; then not_ok "$text" "should have failed: $*" "$(tail -n 5 "$OUT")"; return 1; else ok "$text"; fi
}
bail() { not_ok "$1" "${@:2}"; done_testing; exit 1; }
done_testing() {
	planned=1
	echo "1..$points"
	[ "$failed" -eq 0 ]
}
came_to_its_end() { [ -n "$planned" ] || { not_ok "the script came to its end" "it stopped before done_testing"; done_testing; }; }
trap came_to_its_end EXIT
