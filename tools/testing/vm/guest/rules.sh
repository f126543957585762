# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Conformance rules as points of a test. Sourced after lib.sh, by tests that say "needs: conformance".

# conform OPTION... : runs the rules so chosen against $IQN; what they print is in /tmp/rules
conform() { /src/tools/testing/conformance/run --target "$IP:$PORT" --iqn "$IQN" --initiator "$INITIATOR" --patience 4 "$@" >/tmp/rules || :; }
# judged TEXT [unskipped] : a point: there were rules and none was broken, nor skipped
judged() {
	if grep -q '^ok' /tmp/rules && ! grep -qE "^not ok${2:+|# SKIP}" /tmp/rules; then ok "$1: $(grep -c '^ok' /tmp/rules) kept"
	else not_ok "$1" "$(cat /tmp/rules)"; fi
}
