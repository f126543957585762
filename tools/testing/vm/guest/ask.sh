# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For tests of several guests: the initiator's guest has the target's run commands, one file for each. Sourced after lib.sh.

apart=1 asked=0		# apart: empty where one guest is target and initiator
# on_target COMMAND... : runs it in the target's guest; returns its status, the output is in /tmp/out
on_target() {
	local status
	if [ -z "$apart" ]; then
		"$@" >/tmp/out 2>&1
		return
	fi
	asked=$((asked + 1))
	printf '%q ' "$@" >"/scratch/ask-$asked.new" && mv "/scratch/ask-$asked.new" "/scratch/ask-$asked"
	wait_for "${ask_limit:-120}" "the target to $*" [ -e "/scratch/did-$asked" ] || return
	{ read -r status && cat; } <"/scratch/did-$asked" >/tmp/out
	return "$status"
}
# The target's side of on_target: runs commands until the initiator has ended.
serve_initiator() {
	local n=1 status
	while wait_for 600 "the initiator's next command" asked_or_over $n && [ -e "/scratch/ask-$n" ]; do
		status=0
		# shellcheck source=/dev/null
		. "/scratch/ask-$n" >/tmp/served 2>&1 || status=$?
		{ echo $status; cat /tmp/served; } >"/scratch/did-$n.new" && mv "/scratch/did-$n.new" "/scratch/did-$n"
		n=$((n + 1))
	done
}
asked_or_over() { [ -e "/scratch/ask-$1" ] || [ -e /scratch/done-initiator ]; }
# target_does COMMAND... : on_target, with a failed test point if the command fails
target_does() { on_target "$@" || { not_ok "the target: $*" "$(cat /tmp/out)"; return 1; }; }
