#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# All of libiscsi's test suite, over iSER to iser_tgt and over TCP to LIO's iSCSI target, on the same backstore. A test that fails on both fails
# in the core. A test may fail on iser_tgt alone only if the fault is known to be the library's: expect/libiscsi-suite-* has the list of each
# version of the library, with reasons.
# differs by: userspace
# by name: the library dies at random over iSER, here and on ib_isert, the more the busier the machine is

seconds=1200 machine='--append log_buf_len=8M'
. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/libiscsi.sh
. /src/tools/testing/vm/guest/libiscsi.sh

alone || bail "no RDMA device"
suite_backstore || bail "no backstore"
[ -f "$(list libiscsi-suite)" ] || bail "a list of what is expected of libiscsi $LIBISCSI"

# on_fabric FABRIC PORT [TEST...] : makes a target, runs the suite on it and removes the target
on_fabric() {
	local FABRIC=$1 port=$2 url=iser
	[ "$FABRIC" = iser ] || url=iscsi
	mkdir -p "$CFS/$FABRIC" && make_target "$IQN" disk && mkdir "$(tpg)/np/$IP:$port" && enable "$IQN" || return
	run_suite "$url" "$url://$IP:$port/$IQN/0" "${@:3}"
	remove_target "$IQN" && rmdir "$CFS/$FABRIC"
}
# tests known to crash the process over iSER
mapfile -t crash < <(awk '!/^#/ && $2 ~ /crashed/ { print $1 }' "$(list libiscsi-suite)")
works "the suite of libiscsi $LIBISCSI over TCP to LIO's target" on_fabric iscsi 3261 && note "$(tail -n 1 /tmp/out)"
works "the suite of libiscsi $LIBISCSI over iSER to iser_tgt" on_fabric iser "$PORT" "${crash[@]}" && note "$(tail -n 1 /tmp/out)"
compare_suites "$(list libiscsi-suite)" iser "iser_tgt, iSER" iscsi "LIO iSCSI, TCP"

works "all is removed" remove_all
done_testing
