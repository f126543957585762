#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# iser-tgt-reload replaces the loaded module by the installed one and restores all targets; the initiator logs in again by itself.
# differs by: userspace

seconds=600
. "$(dirname "$0")/../in-guest"

reload() { /src/configfs/iser-tgt-reload "$@"; }
# all settings, without an attribute that changes by itself
settings() {
	grep . /sys/module/iser_tgt/parameters/*
	find "$CFS/iser" \( -type l -printf '%P -> %l\n' \) -o \( -type d -printf '%P\n' \) | sort
	find "$CFS/iser" -type f -perm -u+rw -not -name 'alua_tg_pt_status' | sort | while read -r file; do echo "$file: $(cat "$file" 2>/dev/null)"; done
}
logged_in() { grep -qs LOGGED_IN /sys/class/iscsi_session/session*/state; }
away() { ! logged_in; }

alone || bail "no RDMA device"
fails "it fails if no module is loaded" reload
mkdir -p /tmp/mods/up /tmp/mods/work
mount -t overlay -o "lowerdir=/usr/lib/modules,upperdir=/tmp/mods/up,workdir=/tmp/mods/work" overlay /usr/lib/modules || bail "no overlay"
works "a target" simple_target file 32 || bail "no target"
fails "it fails if no module is installed" reload
works "... and leaves the target" test -e "$(tpg)/np/$IP:$PORT"
mkdir -p "/lib/modules/$KVER/updates" && cp "$(module)" "/lib/modules/$KVER/updates/" && depmod -a || bail "depmod"

dir=$(tpg) acl=$(tpg)/acls/$INITIATOR
backstore other rd 16
second=$IQN:second
make_target "$second" other && add_portal "$second" "$IP:3261" || bail "no second target"
echo 30 >"$dir/attrib/login_timeout"
echo "an alias with spaces" >"$dir/param/TargetAlias"
echo 131072 >"$dir/param/MaxBurstLength"
echo 0 >"$dir/attrib/generate_node_acls"
echo 1 >"$dir/attrib/authentication"
mkdir -p "$acl/lun_3" && ln -s "$dir/lun/lun_0" "$acl/lun_3/disk"
echo 0 >"$acl/lun_3/write_protect"
echo someone >"$acl/auth/userid"
echo "a secret" >"$acl/auth/password"
echo 100 >"$acl/cmdsn_depth"
echo a-tag >"$acl/tag"
# bytes that are no UTF-8
printf 'caf\xe9-secret-123\n' >"$acl/auth/password_mutual"
echo target >"$acl/auth/userid_mutual"
mkdir "$(backstore_dir disk)/alua/ours" && echo 7 >"$(backstore_dir disk)/alua/ours/tg_pt_gp_id" && echo ours >"$dir/lun/lun_0/alua_tg_pt_gp"
echo me >"$CFS/iser/discovery_auth/userid"
echo hidden >"$CFS/iser/discovery_auth/password"
start_initiator || bail "no iscsid"
iscsiadm -m node -T "$IQN" -p "$IP:$PORT" -I iser -o new >/dev/null
for pair in authmethod=CHAP username=someone "password=a secret" username_in=target "password_in=$(printf 'caf\xe9-secret-123')"; do
	iscsiadm -m node -T "$IQN" -p "$IP:$PORT" -o update -n "node.session.auth.${pair%%=*}" -v "${pair#*=}"
done
works "login" login
dev=$(disk "$IQN" 3) || bail "no disk"
dd if=/dev/urandom of=/tmp/data bs=64k count=16 2>/dev/null
dd if=/tmp/data of="$dev" bs=64k oflag=direct 2>/dev/null
for name in hide_names measure_latency strict_names; do echo Y >"/sys/module/iser_tgt/parameters/$name"; done
echo 100 >/sys/module/iser_tgt/parameters/max_pending_logins
settings >/tmp/before
fails "iser-tgt-clear --check fails during a session" /src/configfs/iser-tgt-clear --check
like "$(cat /tmp/out)" "^logged in: $INITIATOR$" "... and names the initiator"

old=$(stat -c %Y /sys/module/iser_tgt)
works "reload" reload --drain 20
is "$(cat /tmp/out)" "" "... prints nothing"
settings >/tmp/after
works "all settings are as before" diff /tmp/before /tmp/after
fails "the module is another one" [ "$old" = "$(stat -c %Y /sys/module/iser_tgt)" ]
fails "no secret is left behind" [ -e /run/iser-tgt-reload.json ]
is "$(cat "$(tpg "$second")/enable")" 0 "a disabled target is still disabled"
works "the initiator logs in again by itself" wait_for 60 "its login" logged_in
dev=$(disk "$IQN" 3) || bail "no disk"
works "... and finds its data" cmp -n 1048576 /tmp/data "$dev"
works "login" logged_in

# --- a signal ends the drain ---
draining() { [ "$(cat "$dir/drain")" != 0 ]; }
kill -STOP "$ISCSID"
old=$(stat -c %Y /sys/module/iser_tgt)
/src/configfs/iser-tgt-reload --drain 60 >/tmp/ended 2>&1 &
reloader=$!
works "initiators are asked to log out, and do not" wait_for 20 "the drain" draining
kill "$reloader"
status=0
wait "$reloader" || status=$?
is "$status" 1 "SIGTERM to iser-tgt-reload alone ends the drain"
like "$(cat /tmp/ended)" 'nothing is removed, and logins are taken again' "... which says what is so"
is "$(cat "$dir/drain")" 0 "... nothing is being drained"
is "$(stat -c %Y /sys/module/iser_tgt)" "$old" "... the module is the same"
settings >/tmp/after
works "... all settings are as before" diff /tmp/before /tmp/after
fails "... no secret is left behind" [ -e /run/iser-tgt-reload.json ]
kill -CONT "$ISCSID"

# --- a module that cannot be loaded ---
mkdir -p /etc/modprobe.d
echo "install iser_tgt /bin/false" >/etc/modprobe.d/never.conf
fails "the new module cannot be loaded" reload --drain 20
like "$(cat /tmp/out)" 'kept in /run/iser-tgt-reload.json.* iser-tgt-reload --restore' "... the message says how to get the targets back"
fails "... the module is away" test -e /sys/module/iser_tgt
rm /etc/modprobe.d/never.conf
works "mended: it loads" modprobe iser_tgt
is "$(cat /sys/module/iser_tgt/parameters/hide_names)" N "... with a parameter that is not what it was set to"
works "another reload" reload
fails "... does not make the targets of the first" test -e "$dir"
works "--restore" reload --restore
settings >/tmp/after
works "... brings the settings of before the first" diff /tmp/before /tmp/after
fails "... no secret is left behind" [ -e /run/iser-tgt-reload.json ]
works "the initiator logs in again by itself" wait_for 60 "its login" logged_in

# --- parameters that modprobe.d gives ---
echo "options iser_tgt hide_names=N max_pending_logins=300" >/etc/modprobe.d/given.conf
works "reload, and modprobe.d gives parameters" reload --drain 20
is "$(sort /tmp/out)" "iser-tgt-reload: the parameter hide_names was Y, and is N by modprobe.d
iser-tgt-reload: the parameter max_pending_logins was 100, and is 300 by modprobe.d" "... those that were set otherwise are named"
is "$(cat /sys/module/iser_tgt/parameters/{hide_names,max_pending_logins,measure_latency} | tr '\n' ' ')" "N 300 Y " "... and are not changed; others are kept"
rm /etc/modprobe.d/given.conf
works "the initiator logs in again by itself" wait_for 60 "its login" logged_in

# --- a drained portal group ---
stop_initiator
echo 1 >"$(tpg "$second")/enable"
echo 20 >"$(tpg "$second")/drain"
works "reload, and a portal group is drained" reload --drain 20
is "$(cat "$(tpg "$second")/enable" "$(tpg "$second")/drain" "$dir/drain" | tr '\n' ' ')" "1 20 0 " "... it still is, and no other"

works "iser-tgt-clear --check without a session" /src/configfs/iser-tgt-clear --check
works "iser-tgt-clear removes all targets" /src/configfs/iser-tgt-clear
rmdir "$(backstore_dir disk)/alua/ours"
works "all is removed" remove_all
done_testing
