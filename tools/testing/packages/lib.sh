# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For the tests in t/, on the host: TAP, and the packages, built. Sourced.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../vm/lib.sh"
set +e
work=$(mktemp -d)
points=0 failed=0 finished=
ok()     { points=$((points + 1)); echo "ok $points - $1"; }
not_ok() { points=$((points + 1)) failed=$((failed + 1)); echo "not ok $points - $1"; shift; local d; for d; do echo "#   ${d//$'\n'/$'\n#   '}"; done; }
is()     { if [ "$1" = "$2" ]; then ok "$3"; else not_ok "$3" "got:      $1" "expected: $2"; fi; }
like()   { if grep -qE -- "$2" <<<"$1"; then ok "$3"; else not_ok "$3" "got:      $1" "expected: $2"; fi; }
works()  {
	local text=$1 status=0
	shift
	"$@" >"$work/out" 2>&1 || status=$?
	if [ $status -eq 0 ]; then ok "$text"; else not_ok "$text" "status $status of: $*" "$(tail -n 25 "$work/out")"; return 1; fi
}
fails()  {
	local text=$1
	shift
	if "$@" >"$work/out" 2>&1; then not_ok "$text" "should have failed: $*" "$(tail -n 5 "$work/out")"; return 1; else ok "$text"; fi
}
done_testing() { finished=1; echo "1..$points"; [ "$failed" -eq 0 ]; }
at_exit() {
	[ -n "$finished" ] || { not_ok "the script came to its end" "it stopped before done_testing"; echo "1..$points"; }
	[ -z "${cleanup:-}" ] || $cleanup
	rm -rf "$work"
}
trap at_exit EXIT
