# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For tests on the debug kernel: one call of a function fails (build-debug-kernel marks the functions that may fail). Sourced after lib.sh.

mount -t debugfs none /sys/kernel/debug 2>/dev/null
ff=/sys/kernel/debug/fail_function

# fails_next FUNCTION NTH [START END] : its NTH call from now returns -ENOMEM or ERR_PTR(-ENOMEM); only calls with START-END on the stack count
fails_next() {
	echo >$ff/inject
	echo "$1" >$ff/inject && printf "%#x" -12 >"$ff/$1/retval" || return
	echo 0 >$ff/verbose
	echo N >$ff/task-filter
	if [ $# -ge 4 ]; then
		echo 32 >$ff/stacktrace-depth
		echo "0x$3" >$ff/require-start
		echo "0x$4" >$ff/require-end
	fi
	echo "$2" >$ff/interval
	echo 0 >$ff/count
	echo 1 >$ff/times
	echo 100 >$ff/probability
}
fired() { [ "$(cat $ff/times)" = 0 ]; }
no_faults() {
	echo 0 >$ff/probability
	echo >$ff/inject
	echo 0 >$ff/require-start
	echo 0xffffffffffffffff >$ff/require-end
}
