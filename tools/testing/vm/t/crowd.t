#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Many connections that do not log in, and many logins at once: no login waits for another connection, and limits bound what they cost.
# processors: 2
# differs by: link
# needs: conformance

seconds=600
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
works "a target" simple_target rd 16 || bail "no target"
mount -t debugfs none /sys/kernel/debug 2>/dev/null
crowd=/src/tools/testing/conformance/crowd
param=/sys/module/iser_tgt/parameters
echo 300 >$param/login_timeout
pending() { sed -n 's/^pending: \([0-9]*\) of.*/\1/p' /sys/kernel/debug/iser_tgt/logins; }
bytes() { sed -n 's/^bytes: //p' /sys/kernel/debug/iser_tgt/logins; }
# prints the memory of a connection that has not logged in
cost() {
	local got
	coproc ONE { exec $crowd silent --target "$IP:$PORT" --iqn "$IQN" --connections 1 --only-hold --wait; }
	read -r -t $((60 * SLOW)) -u "${ONE[0]}" got
	bytes
	eval "exec ${ONE[1]}>&-"
}
deeper_target() {
	make_target "$IQN:deep" disk && echo 512 >"$(tpg "$IQN:deep")/attrib/default_cmdsn_depth" && add_portal "$IQN:deep" "$IP:$PORT"
}
nobody_pends() { [ "$(pending)" -eq 0 ]; }

# Prints "# ..." lines and "quiet=", "crowded=" in ms.
out=$($crowd silent --target "$IP:$PORT" --iqn "$IQN" --connections 200)
note "$out"
quiet=$(sed -n 's/^quiet=//p' <<<"$out") crowded=$(sed -n 's/^crowded=//p' <<<"$out")
is "$(sed -n 's/^held=//p' <<<"$out")" 200 "200 silent connections are held"
if [ -n "$quiet" ] && [ -n "$crowded" ] && [ "$crowded" -lt $((quiet * 2)) ]; then
	ok "a good login among them takes less than twice its quiet time ($crowded ms, $quiet ms)"
else
	not_ok "a good login among them takes less than twice its quiet time" "$out"
fi
works "none is pending after they have disconnected" wait_for 20 "no pending login" nobody_pends
is "$(bytes)" 0 "... and their memory is freed"

out=$($crowd storm --target "$IP:$PORT" --iqn "$IQN" --connections 64)
note "$out"
is "$(sed -n 's/^logged_in=//p' <<<"$out")" 64 "64 logins at once all work"
works "no login is pending" wait_for 20 "no pending login" nobody_pends

echo 5 >$param/max_pending_logins_per_peer
out=$($crowd silent --target "$IP:$PORT" --iqn "$IQN" --connections 8 --only-hold)
is "$(sed -n 's/^held=//p' <<<"$out")" 5 "max_pending_logins_per_peer=5 holds five of eight"
works "they end" wait_for 20 "no pending login" nobody_pends
coproc CROWD { exec $crowd discoveries --target "$IP:$PORT" --iqn "$IQN" --connections 8 --wait; }
read -r -t $((60 * SLOW)) -u "${CROWD[0]}" got
is "$got" held=5 "... and five of eight discovery sessions"
is "$(pending)" 5 "they are counted"
is "$(grep -c 'session=discovery' "$(tpg)/logins")" 5 "... and shown"
crowd_pid=$CROWD_PID
eval "exec ${CROWD[1]}>&-"
wait "$crowd_pid"
works "they end" wait_for 20 "no pending login" nobody_pends
echo 256 >$param/max_pending_logins_per_peer
echo 3 >$param/max_pending_logins
out=$($crowd silent --target "$IP:$PORT" --iqn "$IQN" --connections 8 --only-hold)
is "$(sed -n 's/^held=//p' <<<"$out")" 3 "max_pending_logins=3 holds three of eight"
works "they end" wait_for 20 "no pending login" nobody_pends
echo 1024 >$param/max_pending_logins
one=$(cost)
works "one connection ends" wait_for 20 "no pending login" nobody_pends
works "another portal group of this portal has a larger default_cmdsn_depth" deeper_target
deep=$(cost)
if [ "$deep" -gt $((2 * one)) ]; then ok "a connection costs more: $deep bytes, not $one"; else not_ok "a connection costs more" "$deep bytes, and $one"; fi
works "it ends" wait_for 20 "no pending login" nobody_pends
works "the portal group is removed" remove_target "$IQN:deep"
is "$(cost)" "$one" "a connection costs as much as before"
works "it ends" wait_for 20 "no pending login" nobody_pends
echo 1 >$param/max_pending_login_mib
out=$($crowd silent --target "$IP:$PORT" --iqn "$IQN" --connections 40 --only-hold)
is "$(sed -n 's/^held=//p' <<<"$out")" $(((1 << 20) / one)) "max_pending_login_mib=1 holds as many as fit in it"
works "they end" wait_for 20 "no pending login" nobody_pends
echo 256 >$param/max_pending_login_mib
echo 1 >$param/login_rate_per_peer
out=$($crowd storm --target "$IP:$PORT" --iqn "$IQN" --connections 40)
got=$(sed -n 's/^logged_in=//p' <<<"$out") ms=$(sed -n 's/^ms=//p' <<<"$out")
# ten in each period of ten seconds; the first and the last period are not complete
if [ -n "$got" ] && [ "$got" -le $((10 * (ms / 10000 + 2))) ]; then ok "login_rate_per_peer=1 refuses connections beyond the rate ($got of 40 logged in, $ms ms)"; else not_ok "login_rate_per_peer=1 refuses connections beyond the rate" "$out"; fi
echo 100 >$param/login_rate_per_peer
like "$(cat /sys/kernel/debug/iser_tgt/refusal_counts)" 'login rate of this address exceeded \(login_rate_per_peer\)' "refusal_counts has the reason"

echo 2 >"$(tpg)/attrib/login_timeout"
out=$($crowd stall --target "$IP:$PORT" --iqn "$IQN")
note "$out"
took=$(sed -n 's/^closed_after=//p' <<<"$out")
if [ -n "$took" ] && [ "$took" -ge 1500 ] && [ "$took" -lt 8000 ]; then
	ok "login_timeout=2 ends a login that stalls ($took ms)"
else
	not_ok "login_timeout=2 ends a login that stalls" "$out"
fi

works "all is removed" remove_all
done_testing
