#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What rtslib does to a fabric that it can load, and to one that it cannot, by both of its names.

. "$(dirname "$0")/../lib.sh"

site=$(with_rtslib "$work/with")
works "the plug-in is installed" "$PLUGIN/install" "$site"
for name in rtslib rtslib_fb; do
	seen=
	while IFS= read -r line; do
		case $line in
		ok*) ok "${line#* - }" ;;
		'not ok'*) not_ok "${line#* - }" ;;
		1..*) seen=$name ;;
		*) printf '%s\n' "${line/#[^#]/# &}" ;;
		esac
	done < <("$work/with/bin/python3" -B "$here/traps.py" $name 2>&1)
	is "$seen" $name "$name: to the end"
done
done_testing
