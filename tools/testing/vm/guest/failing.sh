# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For tests on the debug kernel: one allocation fails, the Nth with a certain function on the stack. Sourced after lib.sh.

: >"$HERE/expects-failed-allocations"
mount -t debugfs none /sys/kernel/debug 2>/dev/null
ALLOCATIONS="failslab fail_page_alloc"

# Sorting all of the kernel's symbols takes minutes here; those of two modules are enough.
find_functions() { grep -e '\[iser_tgt\]' -e '\[target_core_mod\]' /proc/kallsyms | LC_ALL=C sort >"$HERE/functions"; }
# function_range NAME : start and end of a function in the modules' text
function_range() { awk -v f="$1" 'found { print start, $1; exit } $3 == f && $2 ~ /[tT]/ { start = $1; found = 1 }' "$HERE/functions"; }
# core_range NAME : START-END of a function of the kernel itself
core_range() {
	awk -v f="$1" '
	NF == 3 && $2 ~ /[tT]/ { at[$1] = $3; if ($3 == f) start = $1 }
	END { for (a in at) if (a > start && (end == "" || a < end)) end = a; if (start != "") print start "-" end }' /proc/kallsyms
}
# alloc_fails failslab|fail_page_alloc FUNCTION|START-END NTH : the NTH allocation below it from now fails
alloc_fails() {
	local start end kind=$1 dir=/sys/kernel/debug/$1
	case $2 in
	*-*) start=${2%-*} end=${2#*-} ;;
	*) read -r start end <<<"$(function_range "$2")" ;;
	esac
	[ -n "$end" ] || return
	echo 0 >"$dir/probability"
	echo N >"$dir/task-filter"
	echo N >"$dir/ignore-gfp-wait"
	[ "$kind" != fail_page_alloc ] || echo 0 >"$dir/min-order"
	echo 0 >"$dir/verbose"
	echo 32 >"$dir/stacktrace-depth"
	echo "0x$start" >"$dir/require-start"
	echo "0x$end" >"$dir/require-end"
	echo "$3" >"$dir/interval"
	echo 0 >"$dir/count"
	echo 1 >"$dir/times"
	echo 100 >"$dir/probability"
	FAILING=$dir
}
# NTHS : the allocations to fail: each of the first, then with growing gaps, because the pages of one array are all alike
NTHS="1 2 3 4 5 6 7 8 9 10 11 12 15 19 24 30 38 48 60 75 94 118 148 185"
no_faults() { echo 0 >"$FAILING/probability"; }
# failed : the allocation has failed
failed() {
	local times
	read -r times <"$FAILING/times"
	[ "$times" = 0 ]
}
