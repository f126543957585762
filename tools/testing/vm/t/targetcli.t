#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Administration with targetcli alone: from an empty machine to a mounted disk; saving, clearing and restoring the configuration; beside a TCP
# target; without the module and with it again.
# differs by: userspace

seconds=900
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
saved=/etc/rtslib-fb-target/saveconfig.json
mkdir -p "${saved%/*}"
message_bus || bail "no message bus"
tcp=iqn.2026-01.org.example:tcp
both=iqn.2026-01.org.example:both

# lets modprobe find the module, or not
module_there() {
	echo "install iser_tgt modprobe -a target_core_mod ib_core rdma_cm && insmod $(module)" >/etc/modprobe.d/iser_tgt.conf
}
module_not_there() { rm -f /etc/modprobe.d/iser_tgt.conf; }
loaded() { [ -d /sys/module/iser_tgt ]; }

# tc TEXT command... : runs commands of targetcli, one a line. When it reads from a pipe its status is always 0, so its output is checked
tc() {
	local text=$1
	shift
	printf '%s\n' "$@" | timeout $((120 * SLOW)) targetcli 2>&1 | grep -v 'Could not load preferences' >/tmp/tc
	if [ "${PIPESTATUS[1]}" -eq 0 ] && ! grep -qiE 'error|cannot|could not|traceback|invalid|no such|failed|not found|unexpected' /tmp/tc; then
		ok "$text"
	else
		not_ok "$text" "$(cat /tmp/tc)"
		return 1
	fi
}
set_node() {
	while [ $# -gt 0 ]; do
		iscsiadm -m node -T "$IQN" -p "$IP:$PORT" -o update -n "node.session.auth.$1" -v "$2" || return
		shift 2
	done
}
# names and secrets of discovery are in iscsid.conf, not in a record
discovery_as() {
	sed -i -e '/^discovery.sendtargets.auth/d' /etc/iscsi/iscsid.conf
	printf 'discovery.sendtargets.auth.%s\n' 'authmethod = CHAP' "username = $1" "password = $2" >>/etc/iscsi/iscsid.conf
}

same_config() { diff <(/src/tools/testing/in-order <"$1") <(/src/tools/testing/in-order <"$2"); }

# --- without the module ---
works "the plug-in is installed" /src/configfs/rtslib/install /usr/lib/python3/dist-packages
tc "ls without the module" ls
like "$(cat /tmp/tc)" 'o- iser \.+ \[Targets: 0\]' "shows an empty /iser"
fails "and does not load it" loaded

# --- from an empty machine to a mounted disk ---
module_there
truncate -s 64M /tmp/disk.img
acl=/iser/$IQN/tpg1/acls/$INITIATOR
tc "a target from nothing" \
	"/backstores/fileio create disk /tmp/disk.img" \
	"/iser create $IQN" \
	"/iser/$IQN/tpg1/luns create /backstores/fileio/disk" \
	"/iser/$IQN/tpg1/acls create $INITIATOR" \
	"$acl set auth userid=alice password=one-way-secret-1" \
	"/iser/$IQN/tpg1 set attribute authentication=1" \
	"/iser set discovery_auth userid=dora password=discovery-secret enable=1" \
	"ls /iser" || bail "no target"
like "$(cat /tmp/tc)" '0\.0\.0\.0:3260 \.+ \[iser\]' "with a portal on every address, which says iser"
like "$(cat /tmp/tc)" 'tpg1 \.+ \[.*auth per-acl' "and CHAP by ACL"
like "$(cat /tmp/tc)" 'iser \.+ \[1-way disc auth, Targets: 1\]' "and discovery authentication"
works "which loaded the module" loaded
is "$(cat "$(tpg)/np/0.0.0.0:$PORT/state")" listening "the portal listens"
is "$(find "$CFS/iser" -mindepth 1 -maxdepth 1 -type d -not -name 'iqn.*')" "$CFS/iser/discovery_auth" "no other directory that rtslib would take for a target"

start_initiator || bail "no iscsid"
fails "discovery without a secret" discover
discovery_as dora discovery-secret
works "discovery with the secret targetcli has set" discover
fails "login without a secret" login
set_node authmethod CHAP username alice password one-way-secret-1
works "login with the secret targetcli has set" login || bail "no session"
dev=$(disk) || bail "no disk"
mount_it() { mkdir -p /tmp/mnt && mount "$dev" /tmp/mnt; }
works "a file system" mkfs.ext4 -q "$dev"
works "mounted" mount_it
works "written" sh -c 'echo "as it was" >/tmp/mnt/file && sync'

# --- sessions ---
tc "sessions detail" "sessions detail"
sid=$(sed -n 's/^LIO Session ID: \([0-9]*\).*/\1/p' "$(tpg)/acls/$INITIATOR/info")
like "$(cat /tmp/tc)" "alias: .*sid: $sid type: Normal session-state: LOGGED_IN" "lists the session"
like "$(cat /tmp/tc)" "name: $INITIATOR \(NOT AUTHENTICATED\)" "with the name, and that authentication was not mutual"
like "$(cat /tmp/tc)" "mapped-lun: 0 backstore: fileio/disk mode: rw" "with the LUN"
like "$(cat /tmp/tc)" "address: $IP:[0-9]+ \(RDMA\)  cid: 0 connection-state: LOGGED_IN" "with the connection"
works "unmounted" umount /tmp/mnt
# rtslib parses one session of an ACL; lines of other sessions must not confuse it
works "a second session of the same initiator" iscsiadm -m session -r "$(iscsiadm -m session | sed -n 's/.*\[\([0-9]*\)\].*/\1/p')" -o new
is "$(grep -c '^# sid' "$(tpg)/acls/$INITIATOR/info")" 1 "info has it in a separate line"
tc "sessions list" "sessions list"
newest=$(sed -n 's/^LIO Session ID: \([0-9]*\).*/\1/p' "$(tpg)/acls/$INITIATOR/info")
is "$(grep -o 'sid: [0-9]*' /tmp/tc)" "sid: $newest" "lists the newest"
if [ "$newest" -gt "$sid" ]; then ok "which is the second"; else not_ok "which is the second" "sid $newest, the first was $sid"; fi
works "logout of both" logout
tc "mutual CHAP" "$acl set auth mutual_userid=target-name mutual_password=the-other-way-2" "sessions detail" "ls $acl"
like "$(cat /tmp/tc)" 'no open sessions' "no session now"
like "$(cat /tmp/tc)" 'mutual auth' "the ACL says so"
set_node username_in target-name password_in not-what-it-is
fails "the initiator refuses a target with a wrong secret" login
set_node password_in the-other-way-2
works "login with mutual CHAP" login
tc "sessions detail" "sessions detail"
like "$(cat /tmp/tc)" "name: $INITIATOR \(authenticated\)" "reports mutual authentication"
logout >/dev/null

# --- values, portals ---
tc "values by targetcli" \
	"/iser/$IQN/tpg1 set attribute login_timeout=20 default_cmdsn_depth=32" \
	"/iser/$IQN/tpg1 set parameter MaxBurstLength=131072 ImmediateData=No TargetAlias=disk-one" \
	"/iser/$IQN/tpg1/portals delete 0.0.0.0 3260" \
	"/iser/$IQN/tpg1/portals create $IP" \
	"/iser/$IQN/tpg1/portals create $IP6" \
	"/iser/$IQN/tpg1/portals/$IP:3260 enable_iser true" \
	"/iser/$IQN/tpg1 get parameter MaxBurstLength"
like "$(cat /tmp/tc)" 'iSER enable now: True' "enable_iser is accepted and has no effect"
is "$(cat "$(tpg)/param/MaxBurstLength") $(cat "$(tpg)/param/ImmediateData") $(cat "$(tpg)/param/TargetAlias")" "131072 No disk-one" "are there"
is "$(find "$(tpg)/np" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort)" "$IP:3260"$'\n'"[$IP6]:3260" "portals too"
is "$(find "$(tpg)/np" -mindepth 1 -maxdepth 1 -not -type d)" "" "and nothing else that rtslib would take for one"
echo NULLxyz >"$(tpg)/auth/userid"
is "$(/usr/bin/python3 -c "
import rtslib_fb as r
tpg = r.TPG(r.Target(r.FabricModule('iser'), '$IQN', 'lookup'), 1, 'lookup')
print(tpg.chap_userid)
tpg.chap_userid = ''
print(repr(tpg.chap_userid), open(tpg.path + '/auth/userid').read().strip())" 2>&1)" "$(printf "NULLxyz\n'' NULL")" "NULL removes a name, NULLxyz does not"
works "discovery on the new portal" discover
set_node authmethod CHAP username alice password one-way-secret-1 username_in target-name password_in the-other-way-2
echo "/iser create $both" | timeout $((120 * SLOW)) targetcli >/tmp/tc 2>&1
like "$(cat /tmp/tc)" 'Created target' "another target"
like "$(cat /tmp/tc)" 'Default portal not created' "... beside a portal of one address no portal of all on the same port, and targetcli reports that"
tc "the default portal of newer releases of targetcli: one for all addresses" "/iser/$both/tpg1/portals create ::0 3270"
is "$(cat "$(tpg "$both")/np/[::0]:3270/state")" listening "it listens"
is "$(/usr/bin/python3 -c 'import rtslib_fb; print(rtslib_fb.FabricModule("iser").version)' 2>&1)" "$(cat "$CFS/iser/version")" "rtslib reads the version"

# --- beside a TCP target of the same kind, one of the same name ---
tc "TCP targets beside it" \
	"/backstores/ramdisk create other 32M" \
	"/iscsi create $tcp" "/iscsi/$tcp/tpg1/luns create /backstores/ramdisk/other" "/iscsi/$tcp/tpg1/acls create $INITIATOR" \
	"/iscsi create $both" "/iser/$both/tpg1/luns create /backstores/ramdisk/other"
iscsiadm -m node -o new -T $tcp -p "$IP:$PORT" -I default >/dev/null
works "login by TCP" iscsiadm -m node -T $tcp -p "$IP:$PORT" -I default --login
works "login by iSER" login
tc "sessions lists both" "sessions list"
is "$(grep -c 'session-state: LOGGED_IN' /tmp/tc)" 2 "both of them"
works "logout by TCP" iscsiadm -m node -T $tcp -p "$IP:$PORT" -I default --logout
logout >/dev/null

# --- save, clear, restore ---
tc "saveconfig" saveconfig
cp $saved /tmp/first.json
is "$(/usr/bin/python3 -c 'import json; print(sorted(t["fabric"] for t in json.load(open("/tmp/first.json"))["targets"]))')" \
	"['iscsi', 'iscsi', 'iser', 'iser']" "has them all"
tc "clearconfig" "clearconfig confirm=True"
is "$(ls "$CFS/iser")" "$(printf 'discovery_auth\nversion')" "nothing is left"
is "$(cat "$CFS/iser/discovery_auth/enforce_discovery_auth") $(cat "$CFS/iser/discovery_auth/password")" "0 NULL" "discovery requires no secret any more"
# iscsid tries once more, not for two minutes
iscsiadm -m node -T "$IQN" -p "$IP:$PORT" -o update -n node.session.initial_login_retry_max -v 1
fails "and a login fails" login
tc "restoreconfig" "restoreconfig /tmp/first.json" "saveconfig /tmp/second.json"
works "JSON is identical" same_config /tmp/first.json /tmp/second.json
works "the initiator logs in again" login && dev=$(disk)
works "and has its file system" mount_it
is "$(cat /tmp/mnt/file)" "as it was" "as it was"
works "unmounted" umount /tmp/mnt
works "targetctl clear with a session live, as at shutdown" targetctl clear
is "$(find "$CFS"/iser "$CFS"/iscsi -name 'iqn.*')" "" "nothing is left"
iscsiadm -m node -T "$IQN" -p "$IP:$PORT" -I iser --logout >/dev/null 2>&1
cp /tmp/first.json $saved
works "targetctl restore, as at boot" targetctl restore
targetctl save /tmp/third.json
works "JSON is identical" same_config /tmp/first.json /tmp/third.json

# --- without the module ---
works "cleared" targetctl clear
works "the module unloads" sh -c "rmdir $CFS/iser && rmmod iser_tgt"
module_not_there
works "targetctl restore without the module" sh -c "targetctl restore >/tmp/restore 2>&1"
like "$(cat /tmp/restore)" 'Could not create Target.*skipped' "reports what it skipped"
is "$(find "$CFS/iscsi" -maxdepth 1 -name 'iqn.*' | wc -l)" 2 "the TCP targets are restored"
fails "login to a target that does not exist" login
works "login by TCP" iscsiadm -m node -T $tcp -p "$IP:$PORT" -I default --login
works "logout by TCP" iscsiadm -m node -T $tcp -p "$IP:$PORT" -I default --logout
tc "saveconfig" "saveconfig"
is "$(/usr/bin/python3 -c "import json; print([t['fabric'] for t in json.load(open('$saved'))['targets']])")" "['iscsi', 'iscsi', 'iser', 'iser']" \
	"saves the present targets, and keeps the iser targets of the file"
cp $saved /tmp/kept.json
tc "clearconfig" "clearconfig confirm=True"
is "$(ls -d "$CFS"/iscsi/iqn.* 2>/dev/null)" "" "clears the others"
module_there
works "with the module back the file restores all" targetctl restore /tmp/kept.json
targetctl save /tmp/fourth.json
works "JSON is identical" same_config /tmp/first.json /tmp/fourth.json

# --- the daemon ---
targetclid >/tmp/targetclid 2>&1 &
daemon=$!
wait_for 60 "targetclid" [ -S /var/run/targetclid.sock ] || not_ok "targetclid starts" "$(cat /tmp/targetclid)"
targetcli set global auto_use_daemon=true >/dev/null
works "targetcli through the daemon" sh -c "targetcli /iser ls >/tmp/tc 2>&1"
like "$(cat /tmp/tc)" "$IQN" "knows the target"
works "removes one" targetcli "/iser delete $both"
is "$(ls -d "$CFS/iser/$both" 2>/dev/null)" "" "it is removed"
targetcli --disable-daemon >/dev/null 2>&1
kill $daemon
wait $daemon

stop_initiator
works "all is cleared" targetctl clear
rmdir "$CFS/iser" || not_ok "target/iser can be removed"
done_testing
