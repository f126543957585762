#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Unsolicited PDUs of the target: pings to silent initiators, and asynchronous messages sent by the administrator. A session whose initiator
# does not answer a ping is closed.
# needs: conformance

seconds=600
. "$(dirname "$0")/../in-guest"
# shellcheck source=tools/testing/vm/guest/rules.sh
. /src/tools/testing/vm/guest/rules.sh

alone || bail "no RDMA device"
works "a target" simple_target rd 64 || bail "no target" "$(cat /tmp/out)"
attrib=$(tpg)/attrib
set_file() { echo "$2" >"$1"; }
# stays SECONDS : the only session stays logged in for so long
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
# rules MODULE : each of its rules passes, none is skipped
rules() {
	conform --patience 3 --only "$1/"
	judged "$1" unskipped
}
rules keepalive
works "nopin_interval=0 sends no pings" set_file "$attrib/nopin_interval" 0
conform --patience 2 --only keepalive/rfc7143_11_19_2
like "$(cat /tmp/rules)" "# SKIP the target has not asked" "... and the rule that waits for a ping gets none"
rules asynchronous
fails "nopin_interval refuses what is not a number" set_file "$attrib/nopin_interval" soon
fails "nopin_timeout refuses 0" set_file "$attrib/nopin_timeout" 0

echo 1 >"$attrib/nopin_interval"
works "the Linux initiator starts" start_initiator
sed -i 's/^\(node.conn\[0\].timeo.noop_out_interval\).*/\1 = 300/' /etc/iscsi/iscsid.conf
discover >/dev/null
works "it logs in" login
works "it has its disk" disk
works "it answers pings: after eight seconds the session is the same" stays 8
works "a message asks it to log out" set_file "$(tpg)/async_message" "logout 5"
works "it logs out" wait_for 20 "its logout" grep -q "Target requests logout within 5 seconds" "$HERE/iscsid.log"
works "and logs in again by itself, as open-iscsi does" wait_for 60 "its login" grep -q "operational after recovery" "$HERE/iscsid.log"
works "the disk is usable again" disk
works "logout" logout
stop_initiator

echo 0 >"$attrib/unsent_immediate_data"
conform --patience 2 --only declared_but_not_sent
like "$(cat /tmp/rules)" "not ok 1" "unsent_immediate_data=0 closes a connection that declares immediate data and does not send them"
works "all is removed" remove_all
done_testing
