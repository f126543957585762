#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the target says of its own accord: pings for whoever is silent, messages the administrator has sent; and what ends when a peer answers none.
# needs: conformance

seconds=600
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
works "a target" simple_target rd 64 || bail "no target" "$(cat /tmp/out)"
attrib=$(tpg)/attrib
set_file() { echo "$2" >"$1"; }
# the one session there is, for so many seconds
stays() {
	local before=(/sys/class/iscsi_session/session*) limit=$((SECONDS + $1))
	while [ $SECONDS -lt $limit ]; do
		[ "$(echo /sys/class/iscsi_session/session*)" = "${before[*]}" ] && [ "$(cat "${before[0]}/state")" = LOGGED_IN ] || return
		sleep 0.5
	done
}
works "nopin_interval=1" set_file "$attrib/nopin_interval" 1
works "nopin_timeout=2" set_file "$attrib/nopin_timeout" 2
ISER_TGT_TPG=$(tpg)
export ISER_TGT_TPG
# rules MODULE : each of its rules kept, none skipped
rules() {
	local out
	out=$(/src/tools/testing/conformance/run --target "$IP:$PORT" --iqn "$IQN" --initiator "$INITIATOR" --patience 3 --only "$1/")
	if grep -q '^ok' <<<"$out" && ! grep -q -e '^not ok' -e '# SKIP' <<<"$out"; then ok "$1: $(grep -c '^ok' <<<"$out") rules"; else not_ok "$1" "$out"; fi
}
rules keepalive
works "nopin_interval=0 asks nobody" set_file "$attrib/nopin_interval" 0
out=$(/src/tools/testing/conformance/run --target "$IP:$PORT" --iqn "$IQN" --initiator "$INITIATOR" --patience 2 --only keepalive/rfc7143_11_19_2)
like "$out" "# SKIP the target has not asked" "... and the rule that waits for a ping waits in vain"
rules asynchronous
fails "nopin_interval takes no words" set_file "$attrib/nopin_interval" soon
fails "nopin_timeout is never 0" set_file "$attrib/nopin_timeout" 0

echo 1 >"$attrib/nopin_interval"
works "the Linux initiator starts" start_initiator
sed -i 's/^\(node.conn\[0\].timeo.noop_out_interval\).*/\1 = 300/' /etc/iscsi/iscsid.conf
discover >/dev/null
works "it logs in" login
works "it has its disk" disk
works "it answers pings: eight seconds on, the session is the same" stays 8
works "asked to log out" set_file "$(tpg)/async_message" "logout 5"
works "it does" wait_for 20 "its logout" grep -q "Target requests logout within 5 seconds" "$HERE/iscsid.log"
works "and comes back by itself, as open-iscsi does" wait_for 60 "its return" grep -q "operational after recovery" "$HERE/iscsid.log"
works "the disk is there again" disk
works "logout" logout
stop_initiator

echo 0 >"$attrib/unsent_immediate_data"
out=$(/src/tools/testing/conformance/run --target "$IP:$PORT" --iqn "$IQN" --initiator "$INITIATOR" --patience 2 --only declared_but_not_sent)
like "$out" "not ok 1" "unsent_immediate_data=0 closes who declares what it does not send"
works "all is removed" remove_all
done_testing
