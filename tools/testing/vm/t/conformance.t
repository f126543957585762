#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The rules of RFC 7143 and 7145, each tested by an initiator of our own (tools/testing/conformance); one has a command of 16 MiB. On iWARP only
# the rules that involve connections, messages, tags and RDMA; in make check-all all of them.
# differs by: link
# needs: conformance

seconds=900
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
works "a target" simple_target rd 64 || bail "no target" "$(cat /tmp/out)"
# rules INITIATOR OPTION...
rules() { /src/tools/testing/conformance/run --target "$IP:$PORT" --iqn "$IQN" --initiator "$@" --patience 4; }
# tests that mostly wait run beside the others
/src/tools/testing/conformance/crowd mute --target "$IP:$PORT" --iqn "$IQN" >/tmp/mute.out 2>&1 &
mute=$!
rules "$INITIATOR-silent" --only keepalive/ >/tmp/keepalive.out 2>&1 &
keepalive=$!
skip=()
if [ "$LINK" != rxe ] && ! in_full; then
	# rules that do not depend on how a PDU was received
	skip=(--skip keys/ --skip discovery/ --skip hostile_login/rfc7143_6 --skip scsi/ --skip rejects/ --skip numbering/ --skip nop/ --skip reservations/)
fi
rules "$INITIATOR" --skip keepalive/ "${skip[@]}" || failed=1
wait $keepalive || failed=1
cat /tmp/keepalive.out
wait $mute
like "$(cat /tmp/mute.out)" '^discovery=(59|[67][0-9])$' "a silent discovery session is closed after a minute"
like "$(cat /tmp/mute.out)" '^normal=(89|9[0-9]|10[0-9])$' "... and a normal session that has never sent a PDU, after nopin_interval, nopin_timeout and a minute"
like "$(dmesg)" "iser_tgt: $LINK-lan0 port 1: 10\.0\.0\.1:[0-9]+ \(${INITIATOR}[^)]*\): (last WQE reached|QP access error)" \
	"a queue pair in error is in the log, with device, port, peer, session and event"
if [ "$LINK" = rxe ]; then
	like "$(dmesg)" "iser_tgt: 10\.0\.0\.1:[0-9]+ \(${INITIATOR}[^)]*\): RDMA WRITE failed: remote access error" "... and so is the reason for which data could not be sent"
fi
like "$(dmesg)" "iser_tgt: .*\(${INITIATOR}[^)]*\): closing the connection: no iSER version in common" "... and so is a Hello that was refused"
works "all is removed" remove_all
done_testing
