#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The cluster agents without a kernel, with Debian's library of OCF agents and a tree of files in place of configfs: metadata, parameters and what is
# wrong with them, probes, and what a monitor notices. vm/t/cluster-agents.t starts and stops them.

# shellcheck disable=SC2016 # patterns
. "$(dirname "$0")/../../host.sh"
[ -n "${ISER_TGT_DEPS:-}" ] || "$VM_DIR/deps"
AGENTS=$TOP/configfs/ocf
root=$(root_of ocf) || bail "a root with Debian's resource-agents"
IQN=iqn.2026-01.com.example:disk
SERIAL=7c1e4f2a-0b6d-4e57-9a3f-1d2c3b4a5f60
config=$work/config/target
tpg=$config/iser/$IQN/tpgt_1

# agent NAME ACTION [PARAMETER=VALUE...] : runs it as root of the ocf root; its status in $rc, what it says in $said
agent() {
	local name=$1 action=$2 pair settings=()
	shift 2
	for pair; do
		case $pair in
		OCF_*) settings+=("$pair") ;;
		*) settings+=("OCF_RESKEY_$pair") ;;
		esac
	done
	rc=0
	said=$(HA_RSCTMP=$work/run BINDS="--unshare-user --uid 0 --gid 0 --tmpfs /sys --dir /sys/kernel --bind $work/config /sys/kernel/config --bind $work/module /sys/module" in_root ocf \
		env OCF_ROOT=/usr/lib/ocf OCF_RESOURCE_INSTANCE=disk OCF_RESKEY_CRM_meta_timeout=6000 "${settings[@]}" "$AGENTS/$name" "$action" 2>&1) || rc=$?
}
# gives STATUS TEXT REASON NAME ACTION [PARAMETER=VALUE...] : its status and, if not empty, a pattern of what it says
gives() {
	local status=$1 text=$2 reason=$3
	shift 3
	agent "$@"
	if [ $rc != "$status" ] || { [ -n "$reason" ] && ! grep -qE -- "$reason" <<<"$said"; }; then
		not_ok "$text" "status $rc, not $status${reason:+ with '$reason'}, of: $*" "$said"
	else
		ok "$text"
	fi
}
file() { mkdir -p "$(dirname "$1")" && printf '%s\n' "$2" >"$1"; }

mkdir -p "$config" "$work/module"

# --- metadata ---
for name in iSERTarget iSERLogicalUnit iSERGate; do
	gives 0 "$name: metadata without any parameter" "" $name meta-data
	echo "$said" >"$work/$name.xml"
	works "... is valid" in_root ocf sh -c 'cd /usr/share/resource-agents && xmllint --noout --valid -' <"$work/$name.xml"
	works "... also by the schema that is stricter" in_root ocf xmllint --noout --relaxng /usr/share/resource-agents/metadata.rng "$work/$name.xml"
	parameters=$(grep -oE '<parameter name="[a-z0-9_]+"' "$work/$name.xml" | cut -d'"' -f2 | sort)
	is "$(grep -oE 'OCF_RESKEY_[a-z][a-z0-9_]*' "$AGENTS/$name" "$AGENTS/functions" -h | sed 's/OCF_RESKEY_//; s/_default$//' | sort -u |
		{ if [ $name = iSERLogicalUnit ]; then cat; echo 'emulate_tpu emulate_3pc emulate_caw emulate_write_cache' | tr ' ' '\n'; else cat; fi; } | sort -u)" \
		"$parameters" "... has the parameters that it uses: ${parameters//$'\n'/ }"
	is "$(awk -v name="$name" '$0 == "### " name { on = 1; next } /^#/ { on = 0 } on' "$TOP/Documentation/high-availability.md" | sed -nE 's/^\| `([a-z0-9_]+)`.*/\1/p' | sort)" "$parameters" \
		"... and high-availability.md the same"
	gives 3 "... an action that there is not" "usage" $name migrate_to iqn=$IQN portals=192.0.2.1 demo_mode=1 lun=0 path=/dev/x serial=$SERIAL
	gives 0 "... usage" "usage" $name usage
done

# --- parameters ---
target=(iSERTarget validate-all "iqn=$IQN" portals=192.0.2.1 demo_mode=1)
lu=(iSERLogicalUnit validate-all "iqn=$IQN" lun=0 path=/dev/x "serial=$SERIAL")
gate=(iSERGate validate-all "iqn=$IQN")
gives 5 "without the module nothing is valid here" "module iser_tgt is not installed" "${gate[@]}"
mkdir "$work/module/iser_tgt"
for good in "${target[*]}" "${target[*]} portals=fd00::1" "${target[*]} tpgt=0 rtpi=65535" "${lu[*]}" "${lu[*]} alua_group=a alua_group_id=1" "${gate[*]} drain=0 listening=any"; do
	# shellcheck disable=SC2086 # words
	gives 0 "valid: ${good#* * }" "" $good
done
gives 0 "portals as they may be written" "" "${target[@]}" "portals=192.0.2.1 192.0.2.1:3261 fd00::1 [fd00::2] [fd00::3]:860"
gives 6 "no name" "iqn is not set" iSERTarget validate-all portals=192.0.2.1 demo_mode=1
while IFS='|' read -r text reason change; do
	gives 6 "$text" "$reason" "${target[@]}" "$change"
done <<-'END'
	a name in upper case|no name in lower case|iqn=iqn.2026-01.com.example:Disk
	a name of no kind|begins with none|iqn=disk
	a name with a path|no name in lower case|iqn=iqn.2026-01.com.example/../x
	a tag that is none|tpgt: 65536|tpgt=65536
	no portal|portals is not set|portals=
	a port that is none|has no port|portals=192.0.2.1:0
	a portal with a path|has no address|portals=../x:3260
	no initiator and no demo mode|neither allowed_initiators nor|demo_mode=0
	a pattern for initiators|are no names|allowed_initiators=*
	rtpi 0|rtpi: 0|rtpi=0
	an attribute without a value|additional_attributes: x is not|additional_attributes=x
	an attribute elsewhere|additional_attributes: ../enable=1 is not|additional_attributes=../enable=1
	a parameter without a name|additional_parameters: =1 is not|additional_parameters==1
END
while IFS='|' read -r text reason change; do
	gives 6 "$text" "$reason" "${lu[@]}" "$change"
done <<-'END'
	a LUN that is none|lun: 'x'|lun=x
	a relative path|no absolute path|path=disk
	a path with a comma|comma or a blank|path=/dev/x,y
	no serial|serial: ''|serial=
	a serial that makes no identifier|fewer than 8 hexadecimal digits|serial=my-storage-number-one
	a serial with a blank|has to be letters|serial=12345678 9
	an unknown backstore|neither block nor fileio|backstore=pscsi
	a name with a path|cannot be that of a backstore|name=../x
	an ALUA group without a number|alua_group_id: ''|alua_group=second
	a number for the default group|has 0, and no other|alua_group_id=1
	an ALUA state that is none|alua_state: fast|alua_state=fast
	an ALUA state that is none, demoted|alua_state: fast|alua_demoted_state=fast
	a block size that is none|block_size: 500|block_size=500
	a flag that is none|emulate_tpu: yes|emulate_tpu=yes
	a relative directory|pr_dir: 'pr'|pr_dir=pr
	an unknown way to stop|stop_when_open: kill|stop_when_open=kill
END
clone=("${lu[@]}" alua_state=nonoptimized alua_demoted_state=nonoptimized)
gives 6 "one ALUA state for both roles of a promotable clone" "alua_demoted_state: nonoptimized is alua_state as well" "${clone[@]}" OCF_RESKEY_CRM_meta_promotable=true
gives 0 "... which is nothing to another resource" "" "${clone[@]}"
gives 0 "... nor to a stop" "" iSERLogicalUnit stop "${clone[@]:2}" OCF_RESKEY_CRM_meta_promotable=true
for drain in 65536 010 08; do gives 6 "a drain that is none" "drain: $drain" "${gate[@]}" drain=$drain; done
gives 6 "a word for portals that is none" "listening: most" "${gate[@]}" listening=most

# --- secrets ---
secrets=$work/secrets
gives 5 "no file of secrets" "there is no file" "${target[@]}" "secrets_file=$secrets"
printf '# comment\n\nIQN.2026-01.com.example:host alice secret-of-alice\n* bob secret-of-bob target secret-of-target\n' >"$secrets"
chmod 644 "$secrets"
gives 4 "one that others can read" "others than root" "${target[@]}" "secrets_file=$secrets"
chmod 600 "$secrets"
gives 0 "one with a line for all" "" "${target[@]}" "secrets_file=$secrets" "allowed_initiators=iqn.2026-01.com.example:host iqn.2026-01.com.example:other"
sed -i '/^\*/d' "$secrets"
gives 6 "one that lacks an initiator" "for iqn.2026-01.com.example:other" "${target[@]}" "secrets_file=$secrets" "allowed_initiators=iqn.2026-01.com.example:host iqn.2026-01.com.example:other"
is "$(grep -c secret-of <<<"$said")" 0 "... and its secrets are in no message"

# --- a start makes what it is told, and neither a message nor a trace of the agent has a secret ---
host=iqn.2026-01.com.example:host
printf '%s alice secret-of-alice target secret-of-target\n* bob secret-of-bob\n' $host >"$secrets"
start=(iSERTarget start "iqn=$IQN" portals=192.0.2.1 "secrets_file=$secrets" "allowed_initiators=$host")
mkdir -p "$tpg"/{attrib,param,np,auth} "$tpg/acls/$host/auth" "$work/module/iser_tgt/parameters"
gives 0 "a target starts" "" "${start[@]}"
is "$(cat "$tpg/acls/$host/auth"/{userid,password,userid_mutual,password_mutual} "$tpg/auth"/{userid,password} | xargs)" \
	"alice secret-of-alice target secret-of-target bob secret-of-bob" "... with its secrets"
is "$(cat "$tpg/attrib/generate_node_acls") $(cat "$tpg/attrib/cache_dynamic_acls")" "0 0" "... for the initiators with an ACL"
rmdir "$tpg/np/192.0.2.1:3260"
gives 0 "a target that is traced" "" "${start[@]}" OCF_TRACE_RA=1 "OCF_TRACE_FILE=$work/trace"
works "... the trace has the agent's steps" grep -q 'generate_node_acls' "$work/trace"
fails "... and none of its secrets" grep secret-of "$work/trace"
rm "$tpg/acls/$host/auth/password"
mkdir "$tpg/acls/$host/auth/password"
rmdir "$tpg/np/192.0.2.1:3260"
gives 1 "secrets that are not taken" "acls/$host/auth does not take the secrets" "${start[@]}"
is "$(grep -c secret-of <<<"$said")" 0 "... are not told"
gives 0 "a target for all starts" "" "${start[@]:0:3}" portals=192.0.2.1 demo_mode=1
is "$(cat "$tpg/attrib/generate_node_acls") $(cat "$tpg/attrib/cache_dynamic_acls")" "1 1" "... and keeps the registrations of an initiator that has gone"
rm -r "$work/config" "$work/module/iser_tgt"
mkdir -p "$config" "$work/module/iser_tgt"

# --- a machine without any of it ---
rmdir "$work/module/iser_tgt"
for what in target lu gate; do
	declare -n words=$what
	gives 7 "${words[0]}: a probe without the module" "" "${words[0]}" monitor "${words[@]:2}"
	gives 0 "... and a stop" "" "${words[0]}" stop "${words[@]:2}"
done
mkdir "$work/module/iser_tgt"

# --- what a monitor notices ---
target=(iSERTarget monitor "iqn=$IQN" "portals=192.0.2.1 fd00::1" allowed_initiators=iqn.2026-01.com.example:host)
gate=(iSERGate monitor "iqn=$IQN")
lu=(iSERLogicalUnit monitor "iqn=$IQN" lun=0 path=/dev/x "serial=$SERIAL")
file "$tpg/enable" 0
file "$tpg/drain" 0
gives 1 "a target without its ACL" "no ACL of iqn.2026-01.com.example:host" "${target[@]}" portals=192.0.2.1
mkdir -p "$tpg/acls/iqn.2026-01.com.example:host"
file "$tpg/np/192.0.2.1:3260/state" listening
gives 1 "a target without a portal" "no portal \[fd00::1\]:3260" "${target[@]}"
file "$tpg/np/[fd00::1]:3260/state" 'waiting: address'
mkdir -p "$work/module/iser_tgt/parameters"
echo N >"$work/module/iser_tgt/parameters/await_names"
gives 0 "a whole target, one portal of which waits for its address" "" "${target[@]}" await_names=0
is "$(cat "$work/module/iser_tgt/parameters/await_names")" N "... await_names=0 leaves the module as it is"
gives 0 "... by default names are awaited" "" "${target[@]}"
is "$(cat "$work/module/iser_tgt/parameters/await_names")" Y "... also when the module was loaded again"
file "$tpg/np/[fd00::1]:3260/state" 'error: port in use'
gives 1 "a portal whose port is in use" "\[fd00::1\]:3260: error: port in use" "${target[@]}"
gives 7 "a gate that is closed" "" "${gate[@]}"
file "$tpg/enable" 1
gives 1 "a gate with a portal that does not listen" "not listening: \[fd00::1\]:3260 \(error: port in use\)$" "${gate[@]}"
gives 0 "... where one is enough" "not listening" "${gate[@]}" listening=any
file "$tpg/np/192.0.2.1:3260/state" 'waiting: device'
gives 1 "... where none is left" "not listening: 192.0.2.1:3260 \(waiting: device\), \[fd00::1\]" "${gate[@]}" listening=any
file "$tpg/np/192.0.2.1:3260/state" listening
file "$tpg/np/[fd00::1]:3260/state" listening
gives 0 "a gate that is open" "" "${gate[@]}"
mv "$tpg/np" "$work/np" && mkdir "$tpg/np"
gives 1 "... without any portal" "not listening: there is no portal" "${gate[@]}"
rmdir "$tpg/np" && mv "$work/np" "$tpg/np"
gives 1 "a gate does not open without a LUN" "has no LUN" iSERGate start iqn=$IQN
gives 1 "nor without a target" "iSERTarget has to start first" iSERGate start iqn=$IQN:other

# the number of the directory is made of the name
hba=iblock_$(printf disk | cksum | cut -d ' ' -f 1)
store=$config/core/$hba/disk
gives 7 "no logical unit" "" "${lu[@]}"
gives 7 "... of a clone that no start would take" "WARN.*alua_demoted_state is alua_state as well" "${lu[@]}" alua_state=nonoptimized alua_demoted_state=nonoptimized OCF_RESKEY_CRM_meta_promotable=true
# an administrator's backstore of this name
theirs=$config/core/iblock_0/disk
mkdir -p "$theirs"
gives 7 "a backstore of this name that is not its own is none of it" "" "${lu[@]}"
gives 0 "... nor does a stop" "" iSERLogicalUnit stop "${lu[@]:2}"
works "... remove it" test -d "$theirs"
file "$theirs/udev_path" /dev/x
file "$theirs/enable" 1
file "$theirs/wwn/vpd_unit_serial" "T10 VPD Unit Serial Number: 0123456789"
gives 7 "... of the same disk neither" "" "${lu[@]}"
mkdir -p "$tpg/lun/lun_0"
ln -s ../../../../../core/iblock_0/disk "$tpg/lun/lun_0/disk"
gives 1 "an administrator's LUN is in the way" "its serial is 0123456789, not $SERIAL" "${lu[@]}"
gives 1 "... of a start" "lun_0 is iblock_0/disk" iSERLogicalUnit start "${lu[@]:2}"
file "$tpg/enable" 0
gives 0 "... and a stop" "" iSERLogicalUnit stop "${lu[@]:2}"
works "... leaves it there" test -L "$tpg/lun/lun_0/disk"
file "$tpg/enable" 1
rm -r "$tpg/lun"
file "$store/udev_path" /dev/x
file "$store/enable" 1
file "$store/wwn/vpd_unit_serial" "T10 VPD Unit Serial Number: $SERIAL"
gives 1 "a backstore without its LUN" "without its LUN" "${lu[@]}"
# another resource of the same backstore is at it
exec 8>"$work/run/iser-tgt-disk.lock" && flock 8 || bail "no lock"
gives 1 "... which is asked for when nobody works at it" "another action has held the lock of disk" "${lu[@]}"
gives 1 "... and removed" "another action has held the lock of disk" iSERLogicalUnit stop "${lu[@]:2}"
mkdir -p "$tpg/lun"
gives 1 "... and made" "another action has held the lock of disk" iSERLogicalUnit start "${lu[@]:2}"
exec 8>&-
works "... nothing was done meanwhile" test -e "$store/udev_path"
mkdir -p "$tpg/lun/lun_0" "$tpg/acls/iqn.2026-01.com.example:host/lun_0"
ln -s "../../../../../core/$hba/disk" "$tpg/lun/lun_0/disk"
gives 1 "a LUN that an ACL does not map" "iqn.2026-01.com.example:host has no lun_0" "${lu[@]}"
ln -s ../../../lun/lun_0 "$tpg/acls/iqn.2026-01.com.example:host/lun_0/disk"
gives 0 "a logical unit" "" "${lu[@]}"
mkdir -p "$config/core/fileio_${hba#*_}/disk"
gives 0 "... of two backstores of its name the one that its LUN exports" "" "${lu[@]}"
rm -r "$config/core/fileio_${hba#*_}"
rm -r "$config/core/iblock_0"
gives 1 "... of another disk" "it is /dev/x, not /dev/y" "${lu[@]}" path=/dev/y
gives 1 "... with another serial" "its serial is $SERIAL, not 0123456789" "${lu[@]}" serial=0123456789
gives 1 "... of another name" "lun_0 is disk" "${lu[@]}" name=other
gives 0 "... whose disk nothing reads" "" "${lu[@]}"
gives 1 "... whose disk is read, and is not there" "/dev/x cannot be read" "${lu[@]}" OCF_CHECK_LEVEL=10
gives 1 "its LUN stays while the gate is open" "a LUN is not removed from under its sessions" iSERLogicalUnit stop "${lu[@]:2}"
works "... it does" test -L "$tpg/lun/lun_0/disk"
done_testing
