#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The rules of RFC 7143 and 7145, each by an initiator of our own (tools/testing/conformance): among them one command of 16 MiB.
# only: 6.12

seconds=900
[ -n "${SRC:-}" ] || make -s -C "$(dirname "$0")/../../conformance" >&2 || exit
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
works "a target" simple_target rd 64 || bail "no target" "$(cat /tmp/out)"
rules() { /src/tools/testing/conformance/run --target "$1" --iqn "$IQN" --initiator "$INITIATOR" --patience 4; }
rules "$IP:$PORT" || failed=1
like "$(dmesg)" "iser_tgt: $LINK-lan0 port 1: 10\.0\.0\.1:[0-9]+ \($INITIATOR[^)]*\): (last WQE reached|QP access error)" \
	"a queue pair in error is in the log, with device, port, peer, session and event"
works "all is removed" remove_all
done_testing
