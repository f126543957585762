#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Who may enter, who sees what, where a moved target sends its initiators, and what the ledger keeps.

seconds=600
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
works "a target" simple_target rd 16 || bail "no target"
start_initiator || bail "no iscsid"
mount -t debugfs none /sys/kernel/debug 2>/dev/null
tpg=$(tpg)
other=iqn.2026-01.org.example:other

discover >/dev/null || bail "discovery"
works "demo mode: anybody logs in" login
like "$(cat "$tpg/dynamic_sessions")" "^$INITIATOR\$" "dynamic_sessions names it"
dev=$(disk) || bail "a disk"
is "$(blockdev --getro "$dev")" 0 "and may write with demo_mode_write_protect=0"
logout >/dev/null
works "so does libiscsi, which speaks iSER itself" timeout 60 iscsi-inq -i "$INITIATOR" "iser://$IP:$PORT/$IQN/0"
echo 1 >"$tpg/attrib/demo_mode_write_protect"
login >/dev/null; dev=$(disk) || bail "a disk"
is "$(blockdev --getro "$dev")" 1 "but not with demo_mode_write_protect=1"
logout >/dev/null

echo 0 >"$tpg/attrib/generate_node_acls"
fails "without demo mode and ACL no login" login
like "$(tail -n 1 /sys/kernel/debug/iser_tgt/refusals)" \
	"peer=$IP:[0-9]+ initiator=\"$INITIATOR\" target=\"$IQN\" status=0202 reason=\"no ACL for this initiator name\"" \
	"the ledger tells the whole story"
works "demo_mode_discovery=1: SendTargets shows it all the same" discover
echo 0 >"$tpg/attrib/demo_mode_discovery"
fails "demo_mode_discovery=0: it does not" discover
mkdir "$tpg/acls/$INITIATOR"
works "with an ACL it is shown" discover
works "with an ACL one may log in" login
is "$(lsscsi | grep -c LIO)" 0 "but sees no LUN that is not mapped"
logout >/dev/null
mkdir "$tpg/acls/$INITIATOR/lun_0" && ln -s "$tpg/lun/lun_0" "$tpg/acls/$INITIATOR/lun_0/disk"
login >/dev/null; dev=$(disk) || bail "a mapped LUN appears"
info=$(cat "$tpg/acls/$INITIATOR/info")
like "$info" "^InitiatorName: $INITIATOR" "info begins with the name"
like "$info" "SessionType: Normal" "info has the session type"
like "$info" "Address $IP:[0-9]+ RDMA" "info has the address"
is "$(cat "$tpg/acls/$INITIATOR/param/InitialR2T")" Yes "acls/*/param shows what was negotiated"
works "removing the ACL with its session live" sh -c "rm $tpg/acls/$INITIATOR/lun_0/disk && rmdir $tpg/acls/$INITIATOR/lun_0 && rmdir $tpg/acls/$INITIATOR"
is "$(cat "$tpg/dynamic_sessions")" "" "ends the session"
logout >/dev/null

echo 1 >"$tpg/attrib/generate_node_acls"
echo 0 >"$tpg/enable"
fails "tpg_enabled_sendtargets=1: a disabled portal group is not shown" discover
echo 0 >"$tpg/attrib/tpg_enabled_sendtargets"
echo 1 >"$tpg/attrib/demo_mode_discovery"
works "tpg_enabled_sendtargets=0: it is" discover
echo 1 >"$tpg/enable"

backstore second rd 16
make_target $other second && add_portal $other "$IP:3261" && enable $other
# A gateway that knows the name only to send initiators on: same name, two portal groups.
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
	like "$(iscsiadm -m session -P 1)" "Current Portal: \[?fd00:" "... and the session is where it moved to"
	iscsiadm -m node -T "$IQN" -p "$IP:3262" -I iser --logout >/dev/null
	wait_for 10 "no session" no_sessions
done
is "$(grep -c 'reason="target has moved"' /sys/kernel/debug/iser_tgt/refusals)" 2 "the ledger has both"
fails "a bad address to move to is refused" sh -c "echo nowhere >$tpg2/param/TargetMovedAddress"
is "$(cat "$tpg2/param/TargetMovedAddress")" "[$IP6]:$PORT" "... and changes nothing"

echo 1 >"$tpg/attrib/sessions_per_initiator"
works "sessions_per_initiator=1: one session" login
iscsiadm -m iface -I second -o new >/dev/null
iscsiadm -m iface -I second -o update -n iface.transport_name -v iser >/dev/null
iscsiadm -m node -T "$IQN" -p "[$IP6]:$PORT" -I second -o new >/dev/null
# "out of resources" may pass: iscsid would go on trying for two minutes
iscsiadm -m node -T "$IQN" -p "[$IP6]:$PORT" -I second -o update -n node.session.initial_login_retry_max -v 1
fails "a second one of the same initiator" iscsiadm -m node -T "$IQN" -p "[$IP6]:$PORT" -I second --login
like "$(tail -n 1 /sys/kernel/debug/iser_tgt/refusals)" 'status=0302 reason="session limit reached \(sessions_per_initiator\)"' "... refused by the right status"
echo 0 >"$tpg/attrib/sessions_per_initiator"
echo 1 >"$tpg/attrib/max_sessions"
fails "max_sessions=1: a second session" iscsiadm -m node -T "$IQN" -p "[$IP6]:$PORT" -I second --login
like "$(tail -n 1 /sys/kernel/debug/iser_tgt/refusals)" 'status=0302 reason="session limit reached \(max_sessions\)"' "... refused by the right status"
echo 2 >"$tpg/attrib/max_sessions"
works "max_sessions=2: a second session" iscsiadm -m node -T "$IQN" -p "[$IP6]:$PORT" -I second --login
is "$(sessions)" 2 "... beside the first"
iscsiadm -m node -T "$IQN" -p "[$IP6]:$PORT" -I second --logout >/dev/null
echo 0 >"$tpg/attrib/max_sessions"
logout >/dev/null

stop_initiator
works "all is removed" remove_all
done_testing
