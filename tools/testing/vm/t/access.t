#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Access control: which initiators may log in, which targets and LUNs they see, redirection of a moved target, session limits, and the list of
# refused logins.
# needs: conformance

seconds=600
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
works "a target" simple_target rd 16 || bail "no target"
start_initiator || bail "no iscsid"
mount -t debugfs none /sys/kernel/debug 2>/dev/null
tpg=$(tpg)
other=iqn.2026-01.org.example:other

discover >/dev/null || bail "discovery"
works "demo mode: an initiator without ACL logs in" login
like "$(cat "$tpg/dynamic_sessions")" "^$INITIATOR\$" "dynamic_sessions has its name"
dev=$(disk) || bail "a disk"
is "$(blockdev --getro "$dev")" 0 "and may write with demo_mode_write_protect=0"
logout >/dev/null
works "so does libiscsi, which implements iSER itself" timeout 60 iscsi-inq -i "$INITIATOR" "iser://$IP:$PORT/$IQN/0"
echo 1 >"$tpg/attrib/demo_mode_write_protect"
login >/dev/null; dev=$(disk) || bail "a disk"
is "$(blockdev --getro "$dev")" 1 "but not with demo_mode_write_protect=1"
logout >/dev/null

echo 0 >"$tpg/attrib/generate_node_acls"
fails "without demo mode and without ACL the login is refused" login
like "$(tail -n 1 /sys/kernel/debug/iser_tgt/refusals)" \
	"peer=$IP:[0-9]+ initiator=\"$INITIATOR\" target=\"$IQN\" status=0202 reason=\"no ACL for this initiator name\"" \
	"refusals has peer, initiator, target, status and reason"
# a name that looks like the words behind it
cat >/tmp/odd-name <<'END'
import sys
sys.path.insert(0, "/src/tools/testing/conformance")
from iser.initiator import Session, Unexpected
from iser.runner import Target
s = Session(Target(sys.argv[1], 3260, sys.argv[2], 0, 'iqn.a" target="b" \\x', 4))
try:
    s.login()
except Unexpected as e:
    print(e)
END
like "$(python3 /tmp/odd-name "$IP" "$IQN" 2>&1)" . "a name with quotation marks is refused"
like "$(tail -n 1 /sys/kernel/debug/iser_tgt/refusals)" \
	'initiator="iqn\.a\\042 target=\\042b\\042 \\134x" target="[^"]*" status=02' "... and they cannot be taken for the end of the name"
works "demo_mode_discovery=1: SendTargets still shows the target" discover
echo 0 >"$tpg/attrib/demo_mode_discovery"
fails "demo_mode_discovery=0: SendTargets does not show it" discover
mkdir "$tpg/acls/$INITIATOR"
works "with an ACL the target is shown" discover
works "with an ACL the initiator logs in" login
is "$(lsscsi | grep -c LIO)" 0 "but does not see a LUN that is not mapped"
logout >/dev/null
mkdir "$tpg/acls/$INITIATOR/lun_0" && ln -s "$tpg/lun/lun_0" "$tpg/acls/$INITIATOR/lun_0/disk"
login >/dev/null; dev=$(disk) || bail "a mapped LUN appears"
info=$(cat "$tpg/acls/$INITIATOR/info")
like "$info" "^InitiatorName: $INITIATOR" "info begins with the name"
like "$info" "SessionType: Normal" "info has the session type"
like "$info" "Address $IP:[0-9]+ RDMA" "info has the address"
is "$(cat "$tpg/acls/$INITIATOR/param/InitialR2T")" Yes "acls/*/param shows what was negotiated"
works "removing the ACL of a session" sh -c "rm $tpg/acls/$INITIATOR/lun_0/disk && rmdir $tpg/acls/$INITIATOR/lun_0 && rmdir $tpg/acls/$INITIATOR"
is "$(cat "$tpg/dynamic_sessions")" "" "ends the session"
logout >/dev/null

echo 1 >"$tpg/attrib/generate_node_acls"
echo 0 >"$tpg/enable"
fails "tpg_enabled_sendtargets=1: a disabled portal group is not shown" discover
echo 0 >"$tpg/attrib/tpg_enabled_sendtargets"
echo 1 >"$tpg/attrib/demo_mode_discovery"
works "tpg_enabled_sendtargets=0: it is shown" discover
echo 1 >"$tpg/enable"

backstore second rd 16
make_target $other second && add_portal $other "$IP:3261" && enable $other
# A portal group that only redirects initiators: the same target name, two portal groups.
mkdir "$CFS/iser/$IQN/tpgt_2"
tpg2=$CFS/iser/$IQN/tpgt_2
echo 0 >"$tpg2/attrib/authentication"; echo 1 >"$tpg2/attrib/generate_node_acls"
mkdir "$tpg2/np/$IP:3262"
echo "[$IP6]:$PORT" >"$tpg2/param/TargetMovedAddress"
echo 1 >"$tpg2/enable"
iscsiadm -m node -T "$IQN" -p "$IP:3262" -I iser -o new >/dev/null
for how in Temporarily Permanently; do
	echo $how >"$tpg2/param/TargetMoved"
	works "moved $how: login" login "$IQN" "$IP:3262"
	like "$(iscsiadm -m session -P 1)" "Current Portal: \[?fd00:" "... and the session is at the new address"
	iscsiadm -m node -T "$IQN" -p "$IP:3262" -I iser --logout >/dev/null
	wait_for 10 "no session" no_sessions
done
is "$(grep -c 'reason="target has moved"' /sys/kernel/debug/iser_tgt/refusals)" 2 "refusals has both"
echo 1 >"$tpg2/drain"
works "moved and drained: login" login "$IQN" "$IP:3262"
like "$(iscsiadm -m session -P 1)" "Current Portal: \[?fd00:" "... is at the new address"
iscsiadm -m node -T "$IQN" -p "$IP:3262" -I iser --logout >/dev/null
wait_for 10 "no session" no_sessions
echo 0 >"$tpg2/drain"
fails "TargetMovedAddress refuses what is no address" sh -c "echo nowhere >$tpg2/param/TargetMovedAddress"
is "$(cat "$tpg2/param/TargetMovedAddress")" "[$IP6]:$PORT" "... and keeps its value"

echo 1 >"$tpg/attrib/sessions_per_initiator"
works "sessions_per_initiator=1: one session" login
iscsiadm -m iface -I second -o new >/dev/null
iscsiadm -m iface -I second -o update -n iface.transport_name -v iser >/dev/null
iscsiadm -m node -T "$IQN" -p "[$IP6]:$PORT" -I second -o new >/dev/null
# "out of resources" is a temporary status: iscsid would retry for two minutes
iscsiadm -m node -T "$IQN" -p "[$IP6]:$PORT" -I second -o update -n node.session.initial_login_retry_max -v 1
fails "... a second one of the same initiator is refused" iscsiadm -m node -T "$IQN" -p "[$IP6]:$PORT" -I second --login
like "$(tail -n 1 /sys/kernel/debug/iser_tgt/refusals)" 'status=0302 reason="session limit reached \(sessions_per_initiator\)"' "... with status and reason"
echo 0 >"$tpg/attrib/sessions_per_initiator"
echo 1 >"$tpg/attrib/max_sessions"
fails "max_sessions=1: a second session is refused" iscsiadm -m node -T "$IQN" -p "[$IP6]:$PORT" -I second --login
like "$(tail -n 1 /sys/kernel/debug/iser_tgt/refusals)" 'status=0302 reason="session limit reached \(max_sessions\)"' "... with status and reason"
echo 2 >"$tpg/attrib/max_sessions"
works "max_sessions=2: a second session" iscsiadm -m node -T "$IQN" -p "[$IP6]:$PORT" -I second --login
is "$(sessions)" 2 "... beside the first"
iscsiadm -m node -T "$IQN" -p "[$IP6]:$PORT" -I second --logout >/dev/null
echo 0 >"$tpg/attrib/max_sessions"
logout >/dev/null

stop_initiator
works "all is removed" remove_all
done_testing
