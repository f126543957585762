#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# iser-tgt-clear, iser-tgt-reload and iser-tgt-move without a kernel, under Debian's sh and Python, with a tree of files in place of configfs: names,
# reservations, configurations that were kept. vm/t/drain.t, reload.t, fencing.t and cluster-agents.t run them on real targets.

# shellcheck disable=SC2016,SC2059 # for the fake commands, bytes as printf has them
. "$(dirname "$0")/../../host.sh"
[ -n "${ISER_TGT_DEPS:-}" ] || "$VM_DIR/deps"
root_of rtslib-trixie >/dev/null || bail "a root with Python"
IQN=iqn.2026-01.org.example:disk
HOST=iqn.2026-01.org.example:host
config=$work/config/target
iser=$config/iser
tpg=$iser/$IQN/tpgt_1
core=$config/core/iblock_0/disk
module=$work/module/iser_tgt

# tool PROGRAM [ARGUMENT...] : runs it as root, in DIR if that is set, and with signals as a terminal has them, also where they are ignored here; its status
# in $rc, what it says in $said
tool() {
	rc=0
	said=$(BINDS="--unshare-user --uid 0 --gid 0 --tmpfs /sys --dir /sys/kernel --bind $work/config /sys/kernel/config --bind $work/module /sys/module --bind $work/run /run --bind $work/var /var/target --bind $work/reactor /etc/drbd-reactor.d" \
		in_root rtslib-trixie setsid -w env --default-signal=HUP,INT,TERM -C "${DIR:-/}" PATH="$work/bin:/usr/sbin:/usr/bin" "$@" 2>&1) || rc=$?
}
# gives STATUS TEXT REASON PROGRAM [ARGUMENT...] : its status and, if not empty, a pattern of what it says
gives() {
	local status=$1 text=$2 reason=$3
	shift 3
	tool "$TOP/configfs/$1" "${@:2}"
	if [ $rc != "$status" ] || { [ -n "$reason" ] && ! grep -qE -- "$reason" <<<"$said"; }; then
		not_ok "$text" "status $rc, not $status${reason:+ with '$reason'}, of: $*" "$said"
	else
		ok "$text"
	fi
}
file() { mkdir -p "$(dirname "$1")" && printf '%s\n' "$2" >"$1"; }
# fake COMMAND SCRIPT
fake() { printf '#!/bin/sh\n%s\n' "$2" >"$work/bin/$1" && chmod +x "$work/bin/$1"; }
# at COMMAND : the beginning of a fake command, which does what the file of its name says
at() { printf '[ ! -e /run/%s ] || { act=$(cat /run/%s); rm /run/%s; eval "$act"; }\n' "$1" "$1" "$1"; }
# when COMMAND ACTION : the fake command runs this first, once
when() { echo "$2" >"$work/run/$1"; }
# tree : all that a tool could change
tree() { (cd "$work" && find config module -printf '%P %y %l\n' -type f -exec cat {} \; | sort); }
# unchanged TEXT : since $before
unchanged() { is "$(tree)" "$before" "$1"; }

# A target with an ACL, whose disk is registered without APTPL.
new_target() {
	rm -rf "${work:?}"/{config,module,run,var,reactor}
	mkdir -p "$work"/{config,module,run,var/pr,bin,reactor} "$iser/discovery_auth" "$tpg"/{np/192.0.2.1:3260,lun/lun_0,acls/$HOST/lun_0} "$core/pr"
	file "$config/dbroot" /var/target
	: >"$work/module/options"
	file "$tpg/enable" 1
	file "$tpg/drain" 0
	file "$tpg/acls/$HOST/info" "No active iSCSI Session for Initiator Endpoint: $HOST"
	file "$tpg/sessions" '# none'
	file "$tpg/param/TargetMoved" No
	file "$tpg/param/TargetMovedAddress" ''
	ln -s /sys/kernel/config/target/core/iblock_0/disk "$tpg/lun/lun_0/disk"
	ln -s "/sys/kernel/config/target/iser/$IQN/tpgt_1/lun/lun_0" "$tpg/acls/$HOST/lun_0/disk"
	file "$core/wwn/vpd_unit_serial" 'T10 VPD Unit Serial Number: 0123'
	file "$core/pr/res_aptpl_active" 'APTPL Bit Status: Disabled'
	file "$core/pr/res_holder" 'No SPC-3 Reservation holder'
	file "$core/pr/res_aptpl_metadata" ''
	file "$core/pr/res_pr_registered_i_pts" 'SPC-3 PR Registrations:'
	parameters
}
# parameters : those of a module that was just loaded
parameters() {
	file "$module/parameters/hide_names" N
	file "$module/parameters/srq_size" 2048
	file "$module/parameters/login_timeout" 15
	file "$module/parameters/recv_data_size" 8192
	chmod 444 "$module/parameters/recv_data_size"
}
registered() { printf 'iser Node: %s,i,0x00023d000001 Key: 0x000000000000aaaa PRgen: 0x00000001\n' "${1:-$HOST}" >>"$core/pr/res_pr_registered_i_pts"; }
new_target
# configfs removes the files of a directory, and default groups, with it, but no directory that was made by mkdir and no link
fake rmdir "$(at rmdir)"'
find "$1" -mindepth 1 \( -type l -o -name "tpgt_*" -o -name "lun_*" -o -regex ".*/\(acls\|np\)/[^/]*" \) | grep -q . || exec rm -r "$1"
echo "rmdir: failed to remove $1: Directory not empty" >&2; exit 1'

# --- iser-tgt-clear: names ---
registered
before=$(tree)
there=/sys/kernel/config/target/iser
for name in "$IQN" "$IQN/" "$IQN//" "$IQN/." "./$IQN" "$there/$IQN" "$there/$IQN/" "$there//$IQN" "$there/$IQN/tpgt_1/.."; do
	DIR=$there gives 3 "a registration without APTPL keeps $name" "$IQN, lun_0 \(disk\): registration of $HOST" iser-tgt-clear "$name"
done
mkdir -p "$config/iscsi/$IQN/tpgt_1"
before=$(tree)
for name in "" . .. / "$there" "$there/" "$IQN/tpgt_1" "$there/$IQN/tpgt_1/" discovery_auth "../iscsi/$IQN" "/sys/kernel/config/target/iscsi/$IQN" iqn.2026-01.org.example:none; do
	DIR=$there gives 1 "'$name' is no target of this fabric" "there is no target" iser-tgt-clear --drop-reservations "$name"
done
unchanged "nothing is removed"
for name in "" / . ..; do
	tool env PYTHONPATH="$TOP/configfs/rtslib" python3 -m iser_tgt_rtslib.reservations check "$IQN" "$name"
	like "$rc $said" "^2 iser_tgt: '$name' is no name of a target" "the library refuses '$name'"
done
tool env PYTHONPATH="$TOP/configfs/rtslib" python3 -m iser_tgt_rtslib.reservations check "$there/$IQN/"
like "$rc $said" "^3 .*registration of $HOST" "... and takes a directory with a slash"
gives 0 "a target by its directory, with a slash" "lost with the targets: .*registration of $HOST" iser-tgt-clear --drop-reservations "$there/$IQN/"
is "$(ls "$iser")" discovery_auth "... is removed"
works "... and that of the other fabric is not" test -d "$config/iscsi/$IQN/tpgt_1"

new_target
gives 0 "a target that is named twice" "" iser-tgt-clear "$IQN" "$IQN/"
is "$said $(ls "$iser")" " discovery_auth" "... is removed, and no more is said"
gives 2 "--check of one target" "^usage:" iser-tgt-clear --check "$IQN"

# --- iser-tgt-clear: what ends a drain ---
fake cat '[ ! -e /run/cat ] || { act=$(/usr/bin/cat /run/cat); rm /run/cat; eval "$act"; }
[ ! -p "$1" ] || exec /usr/bin/cat /run/drain
exec /usr/bin/cat "$@"'
# new_groups : a portal group that initiators use, and one that an administrator has drained
new_groups() {
	new_target
	mkdir -p "$iser/$IQN/tpgt_2"
	file "$iser/$IQN/tpgt_2/enable" 1
	file "$iser/$IQN/tpgt_2/drain" 30
	file "$iser/$IQN/tpgt_2/sessions" '# none'
}
for seconds in 0 010 08 65536; do
	before=$(tree)
	gives 1 "--drain $seconds" "--drain: 1 to 65535 seconds" iser-tgt-clear --drain $seconds
	unchanged "... removes nothing"
done
gives 1 "--drain 010 of iser-tgt-move" "--drain needs a number" iser-tgt-move --drain 010 "$IQN" 192.0.2.2:3260
registers() { echo "echo 'iser Node: $1,i,0x00023d000001 Key: 0x000000000000aaaa PRgen: 0x00000001' >>/sys/kernel/config/target/core/iblock_0/disk/pr/res_pr_registered_i_pts"; }
new_groups
rm "$tpg/drain"
mkdir "$tpg/drain"
before=$(tree)
gives 4 "a drain that another has ended" "the drain was ended early: nothing is removed" iser-tgt-clear --drain 60
unchanged "... removes nothing, and what was drained is drained again"
new_groups
when cat "$(registers "$HOST")"
gives 3 "a registration during the drain" "nothing is removed" iser-tgt-clear --drain 60
is "$(cat "$iser/$IQN"/tpgt_2/{enable,drain} | tr '\n' ' ')" "1 30 " "... what was drained is drained again"
new_groups
registered
when cat "$(registers "$HOST:2")"
gives 0 "another, with --drop-reservations" "" iser-tgt-clear --drain 60 --drop-reservations
is "$(grep -o 'registration of [^ ]*' <<<"$said")" "registration of $HOST
registration of $HOST:2" "... each is named, once"

# --- iser-tgt-clear: a registration that can be kept, of a name with a backslash ---
new_target
odd=iqn.2026-01.org.example:a\\nb
mv "$tpg/acls/$HOST" "$tpg/acls/$odd"
registered "$odd"
file "$core/pr/res_aptpl_active" 'APTPL Bit Status: Activated'
# stored NAME : what the core has stored, in a file of this name
stored() {
	printf '%s\n' 'PR_REG_START: 0' target_fabric=iser "initiator_node=$odd" initiator_sid=00023d000001 sa_res_key=43690 res_holder=0 mapped_lun=0 \
		"target_node=$IQN" tpgt=1 target_lun=0 'PR_REG_END: 0' >"$work/var/pr/$1"
}
stored aptpl_0123
file "$tpg/acls/$odd/info" 'InitiatorName: x'
gives 1 "--check prints its name" "^logged in: iqn.2026-01.org.example:a\\\\nb$" iser-tgt-clear --check
gives 0 "iser-tgt-clear gives it back" "" iser-tgt-clear
like "$(cat "$core/pr/res_aptpl_metadata")" "initiator_node=iqn.2026-01.org.example:a\\\\nb,.*sa_res_key=43690" "... as it was"

# --- what the agents have set aside is no file of the core ---
unrestored() { tool env PYTHONPATH="$TOP/configfs/rtslib" python3 -c 'from iser_tgt_rtslib import reservations; print(*[text for text, _ in reservations.unrestored()], sep="\n")'; }
mv "$work/var/pr/aptpl_0123" "$work/var/pr/aptpl_0123.before"
unrestored
is "$rc $said" "0 " "aptpl_SERIAL.before is not in force, and not to be"
stored aptpl_4567
unrestored
like "$said" "no backstore has the unit serial 4567" "... unlike aptpl_SERIAL of another disk"
file "$core/wwn/vpd_unit_serial" 'T10 VPD Unit Serial Number: 0123.before'
file "$core/pr/res_pr_registered_i_pts" 'SPC-3 PR Registrations:'
unrestored
like "$said" "$IQN is not in force on disk" "... and that of a disk whose serial ends so"

# --- iser-tgt-reload: what it keeps ---
kept=/run/iser-tgt-reload.json
fake modinfo :
fake rmmod 'exec rm -r /sys/module/iser_tgt'
fake modprobe '[ "$1" != --showconfig ] || exec cat /sys/module/options
'"$(at modprobe)
$(declare -f file parameters)"'
module=/sys/module/iser_tgt
parameters
for option in $(sed -n "s/^options iser_tgt //p" /sys/module/options); do echo "${option#*=}" >$module/parameters/${option%%=*}; done'
settings() { (cd "$iser" && find . -not -name drain -printf '%P %y %l\n' -type f -exec cat {} \;) | sort; }
# back TEXT : all is there again, and no secret is left
back() {
	is "$(settings)" "$was" "$1"
	is "$(ls -I iser-tgt-reload.lock "$work/run")" "" "... and nothing is kept"
}

new_target
was=$(settings)
for seconds in 0 65536 -1 x; do
	gives 2 "--drain $seconds is no time" "--drain" iser-tgt-reload --drain $seconds
done
gives 0 "reload" "" iser-tgt-reload
is "$said" "" "... says nothing"
back "all is there again"
when modprobe 'exit 1'
gives 1 "a module that cannot be loaded" "kept in $kept.* iser-tgt-reload --restore" iser-tgt-reload
fails "... the targets are away" test -e "$tpg"
gives 1 "... the next run has no module" "not loaded; .* in $kept: iser-tgt-reload --restore" iser-tgt-reload
tool modprobe iser_tgt
when modprobe 'exit 1'
gives 1 "one later has an empty one, and cannot load the next either" "kept in $kept" iser-tgt-reload
tool modprobe iser_tgt
gives 0 "one that can does not make again what the first one kept, without being asked" "$kept has the configuration .*iser-tgt-reload --restore.* remove it" iser-tgt-reload
fails "... the targets are away" test -e "$tpg"
gives 0 "... --restore does" "" iser-tgt-reload --restore
back "all is there again"
when modprobe 'exit 1'
gives 1 "once more" "kept in $kept" iser-tgt-reload
tool modprobe iser_tgt
gives 0 "... and what is there is removed on purpose" "" iser-tgt-clear
gives 0 "... the next one" "$kept has the configuration" iser-tgt-reload
fails "... does not bring it back" test -e "$tpg"
gives 0 "... --restore does" "" iser-tgt-reload --restore
back "all is there again"

when modprobe 'exit 1'
gives 1 "once more" "kept in $kept" iser-tgt-reload
gives 0 "--restore loads the module" "" iser-tgt-reload --restore
back "all is there again"
gives 1 "--restore with nothing kept" "there is no $kept" iser-tgt-reload --restore

when modprobe 'exit 1'
gives 1 "once more" "kept in $kept" iser-tgt-reload
tool modprobe iser_tgt
mkdir -p "$iser/iqn.2026-01.org.example:other/tpgt_1"
file "$iser/iqn.2026-01.org.example:other/tpgt_1/enable" 0
before=$(tree) before_kept=$(cat "$work$kept")
gives 1 "targets were made meanwhile: what is kept is neither replaced nor added" "$kept has the configuration .*iser-tgt-reload --restore.* remove it" iser-tgt-reload
unchanged "... nothing is changed"
is "$(cat "$work$kept")" "$before_kept" "... nor is what is kept"
gives 0 "--restore adds it" "" iser-tgt-reload --restore
works "... to what was made" test -e "$iser/iqn.2026-01.org.example:other/tpgt_1/enable"
rm -r "$iser/iqn.2026-01.org.example:other"
back "all is there again"

was_kept='{'
echo "$was_kept" >"$work$kept"
before=$(tree)
for option in '' --restore; do
	gives 1 "what is kept cannot be read${option:+, }$option" "$kept cannot be read" iser-tgt-reload $option
done
unchanged "... nothing is changed"
is "$(cat "$work$kept")" "$was_kept" "... nor is what is kept"
rm "$work$kept"
# of a run that was killed before it removed anything
when rmdir 'kill -s KILL 0'
tool "$TOP/configfs/iser-tgt-reload"
works "a run that is killed keeps it" test -e "$work$kept"
# whether that run or an administrator has disabled it, nobody knows
gives 1 "... of which --restore makes again what is missing" "tpgt_1/enable is not what it was, and is left" iser-tgt-reload --restore
works "... the LUN of the ACL" test -L "$tpg/acls/$HOST/lun_0/disk"
is "$(cat "$tpg/enable")" 0 "... but enables no portal group"
echo 1 >"$tpg/enable"
gives 0 "... once that is done, nothing is left" "" iser-tgt-reload --restore
back "all is there again"

# --- iser-tgt-reload: two at a time ---
new_target
was=$(settings)
for option in --drain=1 --restore; do
	when modprobe "'$TOP/configfs/iser-tgt-reload' $option >/run/second 2>&1; echo \$? >>/run/second"
	gives 0 "iser-tgt-reload beside another with $option" "" iser-tgt-reload
	is "$(cat "$work/run/second")" "iser-tgt-reload: another iser-tgt-reload is at work: nothing is done
1" "... which does nothing"
	rm "$work/run/second"
	back "... all is there again"
done

# --- iser-tgt-reload: parameters of the module that were set at run time ---
set_to() { cat "$module/parameters"/{hide_names,srq_size,login_timeout,recv_data_size} | tr "\n" " "; }
new_target
printf 'options other hide_names=Y\noptions iser_tgt srq_size=1024 login_timeout=20\n' >"$work/module/options"
echo Y >"$module/parameters/hide_names"
echo 1024 >"$module/parameters/srq_size"
echo 30 >"$module/parameters/login_timeout"
# of a module with a larger default that could only be set when it was loaded
chmod 644 "$module/parameters/recv_data_size"
echo 16384 >"$module/parameters/recv_data_size"
chmod 444 "$module/parameters/recv_data_size"
file "$module/parameters/gone" 7
gives 0 "parameters: what modprobe.d gives is not changed, and named" "" iser-tgt-reload
is "$said" "iser-tgt-reload: the parameter login_timeout was 30, and is 20 by modprobe.d" "... if it was another"
is "$(set_to)" "Y 1024 20 8192 " "... what was set at run time is as it was"
when modprobe 'exit 1'
gives 1 "... also" "kept in $kept" iser-tgt-reload
gives 0 "... by --restore" "" iser-tgt-reload --restore
is "$(set_to)" "Y 1024 20 8192 " "... later"

# --- iser-tgt-reload: a setting is refused, and --restore leaves alone what was changed since ---
acl=$tpg/acls/$HOST
other=iqn.2026-01.org.example:other
# refused : reloads, and one setting is refused
refused() {
	new_target
	mkdir -p "$tpg/acls/$other"
	file "$acl/tag" old
	file "$acl/auth/password" first-secret
	when modprobe "mkdir -p '$there/$IQN/tpgt_1/acls/$HOST/tag'"
	gives 1 "a setting is refused" "^iser-tgt-reload: 1 settings could not be made again; they are kept in $kept" iser-tgt-reload
	like "$said" "acls/$HOST/tag: Is a directory" "... is named"
	is "$(cat "$tpg/enable" "$acl/auth/password")" "1
first-secret" "... all else is as it was"
	fails "... and not kept" grep -q first-secret "$work$kept"
	rmdir "$acl/tag"
}
refused
echo second-secret >"$acl/auth/password"
echo 0 >"$tpg/enable"
rmdir "$tpg/acls/$other"
gives 0 "--restore" "" iser-tgt-reload --restore
is "$(cat "$acl/tag" "$acl/auth/password" "$tpg/enable"; ls "$tpg/acls")" "old
second-secret
0
$HOST" "... makes what was refused, and changes nothing else"
fails "... and nothing is kept" test -e "$work$kept"

refused
echo new >"$acl/tag"
before=$(tree) before_kept=$(cat "$work$kept")
gives 1 "--restore after it was set otherwise" "acls/$HOST/tag is not what it was, and is left as it is" iser-tgt-reload --restore
like "$said" "1 settings were changed since; what they were is kept in $kept. If it is not needed, remove it" "... says so"
unchanged "... and changes nothing"
is "$(cat "$work$kept")" "$before_kept" "... nor what is kept"

refused
rm -r "$acl"
before=$(tree)
gives 0 "--restore after its ACL was removed" "acls/$HOST was removed since" iser-tgt-reload --restore
unchanged "... does not make it again"

# a target that was made meanwhile
new_target
mkdir -p "$tpg/acls/$other"
file "$acl/auth/password" first-secret
echo 30 >"$module/parameters/login_timeout"
when modprobe 'exit 1'
gives 1 "a module that cannot be loaded, and later the target is made by others" "kept in $kept" iser-tgt-reload
was_kept=$(cat "$work$kept")
new_target
echo "$was_kept" >"$work$kept"
file "$acl/auth/password" second-secret
mv "$tpg/lun/lun_0/disk" "$tpg/lun/lun_0/0a1b2c3d"
rm "$acl/lun_0/disk"
ln -s /sys/kernel/config/target/core/iblock_0/other "$acl/lun_0/disk"
gives 1 "... --restore" "3 settings were changed since" iser-tgt-reload --restore
like "$said" "acls/$HOST/auth/password is not what it was" "... names a secret that is another"
like "$said" "acls/$HOST/lun_0 is not what it was" "... a LUN that is another"
like "$said" "parameters/login_timeout is not what it was" "... a parameter that is another"
is "$(cat "$acl/auth/password" "$module/parameters/login_timeout"; ls "$tpg/lun/lun_0")" "second-secret
15
0a1b2c3d" "... and leaves them alone, and a link of another name"
works "... but makes the ACL that is missing" test -d "$tpg/acls/$other"
like "$(cat "$work$kept")" first-secret "... and keeps what the secret was"

# --- iser-tgt-reload: on a node of a cluster, which makes its targets where they are to run ---
# gateway : with a target of the cluster and one that is not
gateway() {
	new_target
	file "$work/reactor/r0.toml" "start = [ \"ocf:iser-tgt:iSERTarget target iqn=$IQN portals=192.0.2.1\" ]"
	mkdir -p "$iser/$IQN:own/tpgt_1"
	file "$iser/$IQN:own/tpgt_1/enable" 1
	echo 30 >"$module/parameters/login_timeout"
}
gateway
gives 0 "a node that is active" "^iser-tgt-reload: $IQN is left to drbd-reactor, which makes it on the node where it is to run$" iser-tgt-reload
like "$said" "what it was is kept in $kept. If it is not needed, remove it" "... names the file"
is "$(ls "$iser") $(cat "$iser/$IQN:own/tpgt_1/enable" "$module/parameters/login_timeout" | tr '\n' ' ')" "discovery_auth
$IQN:own 1 30 " "... makes the other target, and sets the parameters"
gives 0 "the next upgrade" "$IQN is left to drbd-reactor" iser-tgt-reload
is "$(ls "$iser")" "discovery_auth
$IQN:own" "... is not kept from it by that file"
rm -r "$iser/$IQN:own"
before=$(tree) before_kept=$(cat "$work$kept")
gives 0 "an upgrade when its targets are elsewhere" "$IQN is left to drbd-reactor" iser-tgt-reload
unchanged "... makes none of them"
is "$(cat "$work$kept")" "$before_kept" "... and keeps what was kept"
gives 1 "--restore does not make it either" "$IQN is left to drbd-reactor" iser-tgt-reload --restore
unchanged "... no target"
is "$(cat "$work$kept")" "$before_kept" "... and keeps it"
gateway
was=$(settings)
registered
gives 3 "one whose reservations would be lost" "serves on" iser-tgt-reload
back "... keeps its targets"
new_target
file "$work/reactor/r0.toml" "start = [ \"ocf:iser-tgt:iSERTarget target iqn=${IQN}s portals=192.0.2.1\" ]"
was=$(settings)
gives 0 "a cluster that makes a target of a longer name" "" iser-tgt-reload
back "... all is there again"
rm "$work/reactor/r0.toml"
new_target
fake dpkg-query 'echo 0.1'
fake systemctl 'echo active'
was=$(settings)
gives 0 "a node whose cluster makes other things" "" iser-tgt-reload
back "... all is there again"
rm "$work"/bin/{dpkg-query,systemctl}

# --- iser-tgt-reload: a setting whose target is not there yet ---
new_target
before=$(tree) before_kept="[[\"file\", \"$IQN:late/tpgt_1/auth/password\", \"secret-of-late\", null]]"
file "$work$kept" "$before_kept"
gives 1 "--restore before its target is there" "^iser-tgt-reload: $IQN:late is not there$" iser-tgt-reload --restore
unchanged "... makes nothing"
is "$(cat "$work$kept")" "$before_kept" "... and keeps it"

# --- iser-tgt-reload: who ends the drain ---
new_target
rm "$tpg/drain"
mkdir "$tpg/drain"
when cat "echo 0 >/sys/kernel/config/target/iser/$IQN/tpgt_1/enable"
gives 1 "a drain that another has ended" "the loaded module is not replaced and serves on" iser-tgt-reload
is "$(cat "$tpg/enable")" 0 "... what was changed meanwhile stays so"
works "... and nothing is kept" test ! -e "$work$kept"

# --- iser-tgt-reload: a portal group that an administrator has drained ---
new_target
was=$(settings)
echo 30 >"$tpg/drain"
gives 0 "a drained portal group" "" iser-tgt-reload
back "... is there again"
is "$(cat "$tpg/drain")" 30 "... and drained"

# --- iser-tgt-reload: secrets are bytes ---
new_target
mkdir -p "$tpg/acls/$HOST/auth"
secrets=('caf\xe9-secret-123' 'gr\xc3\xbc\xc3\x9fe-456' '\xed\xb3\xa9\xff\xfe' 'carriage\rreturn\r' ' blanks  ')
for locale in C C.UTF-8; do
	for i in "${!secrets[@]}"; do printf "${secrets[i]}\n" >"$tpg/acls/$HOST/auth/password$i"; done
	was=$(settings | od -c)
	when modprobe 'exit 1'
	tool env LC_ALL=$locale "$TOP/configfs/iser-tgt-reload"
	tool env LC_ALL=$locale "$TOP/configfs/iser-tgt-reload" --restore
	is "$rc $said" "0 " "secrets that are no text are restored, locale $locale"
	is "$(settings | od -c)" "$was" "... and are as they were"
done

# --- iser-tgt-reload: signals between removal and replay; where messages cannot be written either ---
new_target
was=$(settings)
for signal in HUP INT TERM; do
	for command in rmdir modprobe; do
		when $command "kill -s $signal 0; sleep 1.5"
		gives 0 "SIG$signal during $command" "SIG$signal is ignored until the targets are there again" iser-tgt-reload
		back "... all is there again"
	done
done
when rmdir 'kill -s HUP 0; sleep 1.5'
tool sh -c 'exec "$0" 2>/dev/full' "$TOP/configfs/iser-tgt-reload"
is "$rc" 0 "... with a terminal that is gone"
back "... all is there again"

# --- iser-tgt-move: drain is a fifo, and who reads from it is the kernel, which answers ---
to=192.0.2.2:3260
# moves [OPTION...] : iser-tgt-move in the background, until it has written to drain; its process is $mover
moves() {
	new_target
	file "$tpg/param/TargetMoved" "${MOVED:-No}"
	file "$tpg/param/TargetMovedAddress" "${MOVED:+192.0.2.3:3260}"
	echo "${DRAINED:-0}" >"$work/run/drain"
	rm "$tpg/drain"
	mkfifo "$tpg/drain"
	file "$tpg/lun/lun_0/alua_tg_pt_gp" 'TG Port Alias: default_tg_pt_gp'
	(
		tool sh -c 'echo $$ >/run/mover; exec "$0" "$@"' "$TOP/configfs/iser-tgt-move" "$@" "$IQN" $to
		echo "$rc" >"$work/run/status"
		echo "$said" >"$work/run/said"
	) &
	wait_for_writer || not_ok "iser-tgt-move waits for drain"
	mover=$(cat "$work/run/mover")
}
wait_for_writer() {
	local i
	for ((i = 0; i < 100; i++)); do
		! grep -qs Temporarily "$tpg/param/TargetMoved" || { sleep 0.3; return; }
		sleep 0.1
	done
	return 1
}
# drained : the kernel answers; what was written to drain
drained() {
	local reader i
	while :; do cat "$tpg/drain" || break; done >"$work/run/drained" 2>/dev/null &
	reader=$!
	for ((i = 0; i < 100; i++)); do [ ! -e "$work/run/said" ] || break; sleep 0.1; done
	sleep 0.2
	kill $reader
	pkill -P $reader
	tr '\n' ' ' <"$work/run/drained"
}
now() { echo "$(cat "$work/run/status") $(cat "$tpg/param/TargetMoved")"; }

moves
is "$(drained)" "30 0 " "iser-tgt-move drains, and redirects"
is "$(now)" "0 Temporarily" "... from then on"
for signal in HUP INT TERM; do
	moves
	kill -s $signal "$mover"
	sleep 0.5
	is "$(drained)" "0 " "SIG$signal to the shell alone ends the drain"
	is "$(now)" "1 No" "... and logins are not redirected"
	like "$(cat "$work/run/said")" "ended by a signal: logins are not redirected" "... which the message says"
done
moves
registered
is "$(drained)" "30 0 " "a registration during the drain"
is "$(now)" "3 No" "... ends the move, with a status of its own"
like "$(cat "$work/run/said")" "reserved or registered: LUN 0 \(disk\)" "... and names it"
moves --despite-reservations
registered
is "$(drained) $(now)" "30 0  0 Temporarily" "... but does not with --despite-reservations"

MOVED=Permanently moves
kill -s TERM "$mover"
sleep 0.5
is "$(drained)" "0 " "SIGTERM, where logins were redirected before"
is "$(now) $(cat "$tpg/param/TargetMovedAddress")" "1 Permanently 192.0.2.3:3260" "... they are again, to the same portal"
like "$(cat "$work/run/said")" "ended by a signal: logins are redirected to 192.0.2.3:3260, as before" "... which the message says"
DRAINED=45 moves
kill -s TERM "$mover"
sleep 0.5
is "$(drained)" "0 45 " "SIGTERM, where it was drained before: it is again"

# --- iser-tgt-move: names of backstores that only scripts give ---
for name in disk 'my  disk' 'a\tb' 'a\cb'; do
	new_target
	registered
	mv "$core" "${core%/*}/$name"
	rm "$tpg/lun/lun_0/disk"
	ln -s "/sys/kernel/config/target/core/iblock_0/$name" "$tpg/lun/lun_0/disk"
	file "$tpg/lun/lun_0/alua_tg_pt_gp" 'TG Port Alias: a group'
	file "${core%/*}/$name/alua/a group/alua_access_state" 0
	gives 3 "a reserved disk of the name '$name'" "" iser-tgt-move "$IQN" $to
	works "... is named" grep -qF "reserved or registered: LUN 0 ($name)" <<<"$said"
	is "$(cat "$tpg/param/TargetMoved")" No "... and not moved"
	gives 0 "--state" "" iser-tgt-move --state standby "$IQN"
	is "$(cat "${core%/*}/$name/alua/a group/alua_access_state")" 2 "... sets its state"
	gives 0 "--show" "" iser-tgt-move --show "$IQN"
	works "... tells it" grep -qxF "LUN 0: $name, a group: standby" <<<"$said"
done

# --- what lies in the directory where they are called ---
new_target
registered
for name in ipaddress re json; do file "$work/run/$name.py" 'open("/run/ran", "w")'; done
DIR=/run gives 3 "iser-tgt-clear in a directory with somebody's modules" "" iser-tgt-clear "$IQN"
DIR=/run gives 1 "iser-tgt-move there" "is a portal of" iser-tgt-move --despite-reservations "$IQN" 192.0.2.1:3260
works "... take none of them" test ! -e "$work/run/ran"
rm "$work"/run/*.py

# --- iser-tgt-move: to its own address ---
new_target
fake ip 'case $* in "route get 192.0.2.1"|"route get fd00::1"|"route get fe80::1") echo "local $3 dev lo src $3" ;; *) echo "$3 via 192.0.2.254 dev eth0" ;; esac'
for portal in 192.0.2.1:3260 0.0.0.0:3260; do
	mv "$tpg/np"/* "$tpg/np/$portal" 2>/dev/null
	gives 1 "its own address, portal $portal" "192.0.2.1:3260 is a portal of" iser-tgt-move "$IQN" 192.0.2.1:3260
done
for portal in '[fd00::1]:3260' 192.0.2.1:3260 0.0.0.0:3260; do
	mv "$tpg/np"/* "$tpg/np/$portal" 2>/dev/null
	case $portal in \[*) same='[FD00::1]:3260 [fd00:0::1]:3260' ;; *) same=192.0.2.1:03260 ;; esac
	for to in $same; do gives 1 "its own address in another spelling, portal $portal" "is a portal of" iser-tgt-move "$IQN" "$to"; done
done
file "$tpg/lun/lun_0/alua_tg_pt_gp" 'TG Port Alias: default_tg_pt_gp'
gives 0 "... another port" "" iser-tgt-move "$IQN" 192.0.2.1:3261
gives 0 "... another address" "" iser-tgt-move "$IQN" 192.0.2.2:3260
gives 0 "... the other family" "" iser-tgt-move "$IQN" '[fd00::1]:3260'
mv "$tpg/np"/* "$tpg/np/[::]:3260"
for to in '[fd00::1]:3260' '[fe80::1%eth0]:3260'; do
	gives 1 "its own address, portal [::]:3260" "is a portal of" iser-tgt-move "$IQN" "$to"
done
gives 0 "... another address" "" iser-tgt-move "$IQN" '[fd00::2]:3260'
gives 0 "... the other family" "" iser-tgt-move "$IQN" 192.0.2.1:3260

done_testing
