#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the handler of DRBD (configfs/ocf/fence-peer) lets crm-fence-peer.sh see of the other node.

. "$(dirname "$0")/../../host.sh"

# shellcheck disable=SC2016 # for the script
printf '%s\n' '#!/bin/sh' "cat '$work/cib.xml'" 'exit "${STATUS:-0}"' >"$work/source"
printf '%s\n' '#!/bin/sh' 'cibadmin "$@"' >"$work/handler"
chmod +x "$work"/{source,handler}

# node IN_CCM CRMD EXPECTED [LAST]... : the status of a node, and the last operation with each DRBD resource
node() {
	local last
	echo "  <node_state id=\"1\" uname=\"a\" in_ccm=\"$1\" crmd=\"$2\" join=\"down\" expected=\"$3\">"
	for last in "${@:4}"; do
		echo '        <lrm_resource id="drbd" class="ocf" provider="linbit" type="drbd">'
		echo '          <lrm_rsc_op id="drbd_last_failure_0" operation="monitor" rc-code="8" op-status="0"/>'
		echo "          <lrm_rsc_op id=\"drbd_last_0\" $last/>"
		echo '          <lrm_rsc_op id="drbd_monitor_59000" operation="monitor" rc-code="8" op-status="0"/>'
		echo '        </lrm_resource>'
	done
	echo '        <lrm_resource id="gate" class="ocf" provider="iser-tgt" type="iSERGate">'
	echo '          <lrm_rsc_op id="gate_last_0" operation="start" rc-code="0" op-status="0"/>'
	echo '        </lrm_resource>'
	echo '  </node_state>'
}
# cib NODE... : a CIB with it, and with another node that is well
cib() {
	echo '<status>'
	node "$@"
	echo '  <node_state id="2" uname="b" in_ccm="1795922975" crmd="1795922975" join="member" expected="member"/>'
	echo '</status>'
} >"$work/cib.xml"
# told NODE... : in_ccm and crmd of that node, as the handler is told
told() {
	cib "$@"
	CIBADMIN=$work/source HANDLER=$work/handler RUN=$work/run "$TOP/configfs/ocf/fence-peer" -Q | sed -n '/uname="a"/s/.*in_ccm="\([^"]*\)" crmd="\([^"]*\)".*/\1 \2/p'
}
stopped='operation="stop" rc-code="0" op-status="0"'
absent='operation="monitor" rc-code="7" op-status="0"'
running='operation="promote" rc-code="0" op-status="0"'

is "$(told 1795922975 1795922975 member "$running")" "true online" "a node that is well"
is "$(told 0 0 down "$running")" "false offline" "one that was fenced"
is "$(told 0 0 member "$running")" "false offline" "one that is silent, and still expected: to be fenced"
is "$(told 1 0 down "$stopped")" "false offline" "one whose Pacemaker has stopped DRBD and then itself"
is "$(told 1 0 down "$stopped" "$absent")" "false offline" "... and had never started another resource"
is "$(told 1 0 down "$running")" "true offline" "one whose Pacemaker has left DRBD as it was, in maintenance mode"
is "$(told 1 0 down "$stopped" "$running")" "true offline" "... or one resource of two"
is "$(told 1 0 down 'operation="stop" rc-code="1" op-status="4"')" "true offline" "... or has tried in vain"
is "$(told 1 0 member "$stopped")" "true offline" "one whose Pacemaker has gone without a word"
is "$(told 1 0 down)" "true offline" "one of which nothing is known"
like "$(CIBADMIN=$work/source HANDLER=$work/handler RUN=$work/run "$TOP/configfs/ocf/fence-peer")" 'uname="b" in_ccm="true" crmd="online"' \
	"one of which there is no more than that it is well"
is "$(told online online member)" "online online" "the words of older Pacemakers stay"
cib 1 0 down "$stopped"
is "$(CIBADMIN=$work/source HANDLER=$work/handler RUN=$work/run "$TOP/configfs/ocf/fence-peer" | grep -vc node_state)" "$(grep -vc node_state "$work/cib.xml")" "the rest is as it was"
STATUS=105 CIBADMIN=$work/source HANDLER=$work/handler RUN=$work/run "$TOP/configfs/ocf/fence-peer" >/dev/null
is $? 105 "the status of cibadmin is that of the handler"
done_testing
