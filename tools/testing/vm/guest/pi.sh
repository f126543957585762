# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Data and T10 protection information for t/pi*.t. Sourced after lib.sh, with REFERENCE, KiB of /tmp/reference.

dif() { /src/tools/testing/vm/guest/dif "$@"; }
# tuples FILE TYPE FIRST COUNT : the tuple of each block matches the data of the block; the escape of an unwritten block does not
tuples() { dif check "$@"; }

head -c $((REFERENCE << 10)) /dev/urandom >/tmp/reference
# write_all DEV KIB... : writes the whole reference in commands of these sizes in turn
write_all() {
	local at=0 kib dev=$1
	shift
	while [ $at -lt "$REFERENCE" ]; do
		for kib; do
			[ $((at + kib)) -le "$REFERENCE" ] || kib=$((REFERENCE - at))
			[ "$kib" -gt 0 ] || continue
			dd if=/tmp/reference of="$dev" bs="${kib}K" count=1 iflag=skip_bytes oflag=direct,seek_bytes skip=$((at << 10)) \
				seek=$((at << 10)) conv=notrunc status=none || return
			at=$((at + kib))
		done
	done
}
# same DEV KIB : reads all of it in commands of this size
same() { cmp -n $((REFERENCE << 10)) <(dd if="$1" bs="$2k" count=$((REFERENCE / $2)) iflag=direct status=none) /tmp/reference; }
