#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The test machine reports the outcome of a guest correctly: each way for a script to end, and a kernel that logs warnings.

. "$(dirname "$0")/../../host.sh"

# said MODE TEXT STATUS EXPECTED... : runs a script with that file mode and text; it ends with STATUS, and the machine prints these lines
said() {
	local mode=$1 text=$2 status=$3 line got
	shift 3
	printf '%s\n' "$text" >"$work/script"
	chmod "$mode" "$work/script"
	"$VM_DIR/vm" run --tap --timeout "${limit:-120}" --log "$work/log" -- "$work/script" >"$OUT" 2>&1
	got=$?
	is $got "$status" "'${text//$'\n'/; }': status $status" || note "$(cat "$OUT")"
	for line; do like "$(cat "$OUT")" "^$line" "... $line"; done
}

said 755 $'#!/bin/sh\nexit 0' 0 'ok [0-9]+ - vm: script ended well' 'ok [0-9]+ - vm: kernel log is clean' 'ok [0-9]+ - vm: iser_tgt can be removed'
said 755 $'#!/bin/sh\nexit 3' 3 'not ok [0-9]+ - vm: the script failed' '# exit status 3'
said 644 $'#!/bin/sh\nexit 0' 126 'not ok [0-9]+ - vm: the script cannot be run: it is not executable'
said 755 $'#!/no/such/shell\nexit 0' 127 'not ok [0-9]+ - vm: the script cannot be run: .*no interpreter'
said 755 $'#!/bin/sh\nno_such_command' 127 'not ok [0-9]+ - vm: the script cannot be run: .*no interpreter or command'
said 755 $'#!/bin/sh\necho "WARNING: of a test" >/dev/kmsg' 1 'ok [0-9]+ - vm: script ended well' 'not ok [0-9]+ - vm: the kernel log is not clean' '#.*WARNING: of a test'
said 755 $'#!/bin/sh\necho c >/proc/sysrq-trigger; sleep 60' 125 'not ok [0-9]+ - vm: the guest died while the script ran' \
	'# .*Kernel panic - not syncing: sysrq' '# .* sysrq_handle_crash\+' '# .* vfs_write\+'
is "$(grep -cE '^# .*(RAX|CR2|Code): ' "$OUT")" 0 "... without the processor's registers"
limit=25 said 755 $'#!/bin/sh\necho begun; sleep 300' 124 'not ok [0-9]+ - vm: the script did not end in time' '# killed at the deadline of 25 s' '# its processors: .*RIP=[0-9a-f]+ .*HLT=1' '# begun'
done_testing
