#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The unit tests of drivers/iser_target/iscsi in the kernel: each KUnit suite and each case a point.
# They need no link.
# link: rxe

seconds=120
. "$(dirname "$0")/../in-guest"

modules=/src/build/$KVER sources=/src/drivers/iser_target/iscsi/tests results=/sys/kernel/debug/kunit
# Debian's kernels have no KUnit. For the main line build-module makes it, or fails.
if ! [ -e "$modules/iser_tgt_kunit.ko" ]; then
	skip "the suites" "KUnit is built for the main line alone"
	done_testing
	exit
fi
modprobe -q kunit || works "KUnit" insmod "$modules/kunit.ko" || bail "no KUnit"
works "the suites" insmod "$modules/iser_tgt_kunit.ko" || bail "no suites"

# points_of FILE : KUnit's results as points of ours, $told of them; a case that failed with what it said
points_of() {
	local line said=()
	told=0
	while IFS= read -r line; do
		line=${line#"${line%%[! ]*}"}
		if [[ $line =~ ^(not )?ok\ [0-9]+\ ([a-z0-9_]+)(.*)$ ]]; then
			case ${BASH_REMATCH[1]}${BASH_REMATCH[3]} in
			'') ok "${BASH_REMATCH[2]}" ;;
			*) not_ok "${BASH_REMATCH[2]}" "$line" "${said[@]}" ;;
			esac
			said=()
			told=$((told + 1))
		elif [[ $line == 1..* ]]; then
			said=()
		else
			said+=("$line")
		fi
	done <"$1"
}
suites=0
for source in "$sources"/test_*.c; do
	name=$(basename "$source" .c)
	name=iser_tgt_${name#test_}
	about=$name
	if ! grep -q . "$results/$name/results"; then
		not_ok "the suite has run"
		continue
	fi
	suites=$((suites + 1))
	points_of "$results/$name/results"
	is $told $(($(grep -c '^	KUNIT_CASE(' "$source") + 1)) "its cases, and itself"
done
about=
works "there were suites" [ $suites -ge 12 ]
works "the suites are removed" rmmod iser_tgt_kunit
done_testing
