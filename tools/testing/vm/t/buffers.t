#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Receive and data buffers as the module's parameters make them: shared or not, large or small, mapped for good or not; and where they end.
# processors: 2
# differs by: link
# needs: conformance

seconds=900
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
mount -t debugfs none /sys/kernel/debug 2>/dev/null
conformance=/src/tools/testing/conformance
# rules TEXT PATTERN... : the rules that match are kept
rules() {
	local text=$1 only=() out
	shift
	for pattern; do only+=(--only "$pattern"); done
	out=$($conformance/run --target "$IP:$PORT" --iqn "$IQN" --initiator "$INITIATOR" --patience 4 "${only[@]}")
	if grep -q '^ok' <<<"$out" && ! grep -q '^not ok' <<<"$out"; then ok "$text: $(grep -c '^ok' <<<"$out") rules"; else not_ok "$text" "$out"; fi
}
# with TEXT PARAMETER... : a target by a module of those parameters
with() {
	module_params=${*:2}
	works "a target with ${1}" simple_target rd 64 || bail "no target"
}
without() {
	works "it goes" remove_all
	works "... and the module" rmmod iser_tgt
}

if [ "$LINK" = rxe ]; then
	with "64 receive buffers to share" srq_size=64
	echo 0 >"$(tpg)/attrib/nopin_interval"
	out=$($conformance/crowd sessions --target "$IP:$PORT" --iqn "$IQN" --connections 6)
	note "$out"
	in=$(grep -c '^in$' <<<"$out") refused=$(grep -c '^refused 0302$' <<<"$out")
	# Two vectors at most, each with room for two.
	if [ "$in" -ge 2 ] && [ "$in" -le 4 ] && [ $((in + refused)) -eq 6 ]; then ok "$in sessions get in, $refused are told 0302"; else not_ok "some get in and the others are told 0302" "$out"; fi
	like "$(cat /sys/kernel/debug/iser_tgt/refusals)" "all receive buffers are spoken for: srq_size" "the ledger says why"
	out=$($conformance/crowd sessions --target "$IP:$PORT" --iqn "$IQN" --connections 1)
	is "$out" in "when they have gone there is room again"
	without
fi

with "buffers of its own for each connection" srq_size=0
rules "own buffers" data/ numbering/
without

with "receive buffers of 64 KiB" recv_data_size=65536
is "$(cat "$(tpg)/param/TargetRecvDataSegmentLength")" 65536 "TargetRecvDataSegmentLength follows"
rules "64 KiB" data/ hostile/rfc7143_13
echo 4096 >"$(tpg)/param/TargetRecvDataSegmentLength"
rules "TargetRecvDataSegmentLength=4096" data/
without

with "no data buffers kept" data_pool_max=0
rules "the core's pages" data/ scsi/
works "data buffers from now on" eval "echo 1 >/sys/module/iser_tgt/parameters/data_pool_max"
rules "1 MiB of data buffers" data/
without

done_testing
