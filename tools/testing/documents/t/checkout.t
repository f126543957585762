#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The commands of README.md and the user guide that are for a checkout, read from there: the machine that shows it work, the one that is left to
# the reader, with the commands it prints, and the packages.
# all: four minutes, for a machine and packages that other tests make as well

. "$(dirname "$0")/../lib.sh"
clean_up() { [ -z "${SHELL_PID:-}" ] || kill "$SHELL_PID"; rm -rf "$work"; }
unset KVER LINK MAKEFLAGS

# typed COMMAND : answers to the shell's prompt, and its status
typed() {
	local line
	printf '%s; echo "status $?"\n' "$1" >&"$keys"
	while IFS= read -r -t 120 -u "$screen" line; do
		line=${line//$'\r'/}
		printf '%s\n' "$line"
		case $line in 'status '[0-9]*) [ "$line" = 'status 0' ]; return ;; esac
	done
	return 1
}
# patiently COMMAND : discovery has races of the initiator's own (vm/guest/lib.sh), and the disk comes a moment after the login
patiently() {
	case $1 in
	'iscsiadm -m discovery'*) echo "for n in 1 2 3; do $1 && break; done" ;;
	*/dev/sda*) echo "for n in {1..300}; do [ -b /dev/sda ] && break; sleep 0.1; done; $1" ;;
	*) echo "$1" ;;
	esac
}
# A machine on this terminal: what it says to try is tried. Named pipes: those of a coprocess are gone with it, whatever is left to read.
left_to_the_reader() {
	local line try=() status keys screen
	mkfifo "$work/keys" "$work/screen"
	timeout -k 10 1800 make shell <"$work/keys" >"$work/screen" 2>&1 &
	SHELL_PID=$!
	exec {keys}>"$work/keys" {screen}<"$work/screen"
	while IFS= read -r -t 600 -u "$screen" line; do
		line=${line//$'\r'/}
		printf '%s\n' "$line" >>"$work/shell"
		case $line in
		'  iscsiadm '*|'  dd '*) try+=("${line#  }") ;;
		'Leave with: exit '*) break ;;
		esac
	done
	is "${#try[@]}" 3 "make shell: three commands to try" || note "$(tail -n 20 "$work/shell")"
	for line in "${try[@]}"; do works "... $line" typed "$(patiently "$line")"; done
	echo exit >&"$keys"
	while IFS= read -r -t 120 -u "$screen" line; do :; done
	exec {keys}>&- {screen}<&-
	wait "$SHELL_PID"
	status=$?
	SHELL_PID=
	is $status 0 "... and exit leaves it"
}

for doc in "${documents[@]}"; do
	blocks=$(marked "$doc" 'run: checkout')
	if [ -n "$blocks" ]; then ok "$doc has commands for a checkout"; else not_ok "$doc has commands for a checkout"; fi
	for block in $blocks; do
		while read -r command; do
			command=${command%%  *}
			case $command in
			'make shell') left_to_the_reader ;;
			'make run')
				works "$doc: $command" bash -c "$command" </dev/null
				like "$(cat "$OUT")" '^ *result +all well' "... all is well"
				like "$(cat "$OUT")" '^ *verified +[0-9]{7,} bytes in [0-9]+ files' "... and verified" ;;
			'make deb')
				works "$doc: $command" bash -c "$command" </dev/null
				is "$(find build/deb -name '*.deb' | wc -l)" 3 "... three packages" ;;
			*) not_ok "$doc: this test knows what comes of it" "$command" ;;
			esac
		done <"$block"
	done
done
done_testing
