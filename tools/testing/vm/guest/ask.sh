# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For tests of several guests: the target's guest does what the initiator's asks for, a file each. Sourced after lib.sh.

apart=1 asked=0		# apart: empty where one guest is both
# on_target COMMAND... : its status, its output in /tmp/out
on_target() {
	local status
	if [ -z "$apart" ]; then
		"$@" >/tmp/out 2>&1
		return
	fi
	asked=$((asked + 1))
	printf '%q ' "$@" >"/scratch/ask-$asked.new" && mv "/scratch/ask-$asked.new" "/scratch/ask-$asked"
	wait_for 120 "the target to $*" [ -e "/scratch/did-$asked" ] || return
	{ read -r status && cat; } <"/scratch/did-$asked" >/tmp/out
	return "$status"
}
# The other side of it, until the initiator has ended.
serve_initiator() {
	local n=1 status
	while wait_for 600 "what comes next" asked_or_over $n && [ -e "/scratch/ask-$n" ]; do
		status=0
		# shellcheck source=/dev/null
		. "/scratch/ask-$n" >/tmp/served 2>&1 || status=$?
		{ echo $status; cat /tmp/served; } >"/scratch/did-$n.new" && mv "/scratch/did-$n.new" "/scratch/did-$n"
		n=$((n + 1))
	done
}
asked_or_over() { [ -e "/scratch/ask-$1" ] || [ -e /scratch/done-initiator ]; }
# target_does COMMAND... : on_target, and a point that failed if it did not work
target_does() { on_target "$@" || { not_ok "the target: $*" "$(cat /tmp/out)"; return 1; }; }
