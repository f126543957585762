#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Invalid values are refused with EINVAL and change nothing; valid values read back as written.
# differs by: kernel

. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
root=$CFS/$FABRIC
# the core loads no module for this name: a script that only uses mkdir has to load iser_tgt first
modprobe target_core_mod
fails "without the module iser/ cannot be created" mkdir "$root"
like "$(cat /tmp/out)" 'Invalid argument' "... and the error is EINVAL"
load_target || bail "the module does not load"

refused_dir() {
	if mkdir "$2" 2>/tmp/out; then
		not_ok "$1 is refused" "$2 was made"
		rmdir "$2"
	else
		like "$(cat /tmp/out)" 'Invalid argument' "$1 is refused"
	fi
}

# --- names of targets ---
refused_dir "a name in upper case" "$root/iqn.2026-01.org.example:DISK"
refused_dir "a space" "$root/iqn.2026-01.org.example:my disk"
refused_dir "a comma" "$root/iqn.2026-01.org.example:a,i,0x1"
refused_dir "a control character" "$root/iqn.2026-01.org.example:a"$'\001'
refused_dir "a name of no known form" "$root/disk"
# names that RFC 7143 4.2.7 does not allow, and that other targets take
unusual=(iqn.2026-01.org.example:my_disk iqn.org.example:disk iqn.2026-13.org.example:disk iqn.2026-1.org.example:x iqn.2026-01. eui.0123)
for name in "${unusual[@]}"; do
	works "$name is accepted" mkdir "$root/$name"
	like "$(dmesg | grep -F "$name" | tail -n 1)" 'RFC 7143 4.2.7 does not allow this name' "... with a line in the log"
	rmdir "$root/$name"
done
echo 1 >/sys/module/iser_tgt/parameters/strict_names
for name in "${unusual[@]}"; do refused_dir "strict_names: $name" "$root/$name"; done
works "strict_names: a name as the RFC has it" mkdir "$root/$IQN" && rmdir "$root/$IQN"
echo 0 >/sys/module/iser_tgt/parameters/strict_names
refused_dir "a name of more than 223 bytes" "$root/iqn.2026-01.org.example:$(printf 'x%.0s' $(seq 210))"
is "$(find "$root" -mindepth 1 -maxdepth 1 -type d -not -name discovery_auth)" "" "none of them left a directory"
for name in iqn.2026-01.org.example iqn.2026-01.org.example:a.b-c:d eui.0123456789abcdef naa.0123456789abcdef; do
	works "$name is accepted" mkdir "$root/$name" && rmdir "$root/$name"
done

mkdir "$root/$IQN"
refused_dir "a TPG without a number" "$root/$IQN/tpgt_"
refused_dir "a TPG number that is not a number" "$root/$IQN/tpgt_one"
refused_dir "TPG 65536" "$root/$IQN/tpgt_65536"
refused_dir "TPG 1 by another spelling" "$root/$IQN/tpgt_01"
refused_dir "TPG 1 with a sign" "$root/$IQN/tpgt_+1"
refused_dir "a TPG by another name" "$root/$IQN/group_1"
tpg=$(tpg)
works "TPG 1" mkdir "$tpg"

# --- portals ---
for portal in 1.2.3.4 1.2.3.4: 1.2.3.4:99999 1.2.3.4:0x10 1.2.3.4:-1 1.2.3.4:3260x 1.2.3:3260 256.1.1.1:3260 '[::1:3260' '::1:3260' '[::1]' \
	'[::1]3260' '[1.2.3.4]:3260' '[::g]:3260' foo:3260 :3260; do
	refused_dir "portal $portal" "$tpg/np/$portal"
done
is "$(ls "$tpg/np")" "" "none of them left a directory"
for portal in 10.0.0.1:3260 10.0.0.1:3261 '[fd00::1]:3260' 0.0.0.0:3270 '[::]:3271' '[::0]:3272'; do
	works "portal $portal" mkdir "$tpg/np/$portal"
	is "$(cat "$tpg/np/$portal/iser")" 1 "portal $portal: iser says 1"
	works "portal $portal: 0 is accepted" bash -c "echo 0 >'$tpg/np/$portal/iser'"
	is "$(cat "$tpg/np/$portal/iser")" 1 "portal $portal: but iser still says 1"
done
# portals are compared by address, not by spelling
exists() {
	fails "$1 exists already" mkdir "$tpg/np/$2"
	like "$(dmesg | tail -n 1)" "$IQN has this portal already" "... and the log says so"
}
exists "[::0]:3271, as [::]:3271," '[::0]:3271'
exists "[0:0::0]:3272, as [::0]:3272," '[0:0::0]:3272'
exists "[fd00:0::1]:3260, as [fd00::1]:3260," '[fd00:0::1]:3260'
mkdir "$root/$IQN/tpgt_2"
fails "the same portal in a second TPG of the target is refused" mkdir "$root/$IQN/tpgt_2/np/10.0.0.1:3260"
mkdir -p "$root/iqn.2026-01.org.example:other/tpgt_1"
works "the same portal in another target is accepted" mkdir "$root/iqn.2026-01.org.example:other/tpgt_1/np/10.0.0.1:3260"
FABRIC=$FABRIC remove_target iqn.2026-01.org.example:other || not_ok "the other target is removed"
rmdir "$root/$IQN/tpgt_2"
for np in "$tpg"/np/*; do works "portal ${np##*/} is removed" rmdir "$np"; done

# --- ACLs ---
refused_dir "an ACL in upper case" "$tpg/acls/iqn.2026-01.org.example:HOST"
refused_dir "an ACL with a blank" "$tpg/acls/iqn.2026-01.org.example:my host"
refused_dir "an ACL of no known form" "$tpg/acls/host"
works "an ACL with an underscore" mkdir "$tpg/acls/iqn.2026-01.org.example:my_host" && rmdir "$tpg/acls/iqn.2026-01.org.example:my_host"
works "an ACL" mkdir "$tpg/acls/$INITIATOR"

# --- values ---
# contents FILE : sets REPLY like $(cat FILE), without starting a process for each of hundreds of files
contents() {
	IFS= read -r -d '' REPLY <"$1" || true
	REPLY=${REPLY%$'\n'}
}
# refused FILE VALUE...
refused() {
	local file=$1 value before
	shift
	[ -e "$file" ] || { not_ok "${file#"$root/"} exists"; return; }
	for value; do
		contents "$file"
		before=$REPLY
		if { printf '%s\n' "$value" >"$file"; } 2>/tmp/out; then
			not_ok "${file#"$tpg/"}: '${value:0:30}' is refused" "it now says: $(cat "$file")"
		elif contents /tmp/out; [[ $REPLY != *'Invalid argument'* ]]; then
			not_ok "${file#"$tpg/"}: '${value:0:30}' is refused with EINVAL" "$REPLY"
		else
			contents "$file"
			is "$REPLY" "$before" "${file#"$tpg/"}: '${value:0:30}' is refused and changes nothing"
		fi
	done
}
# taken FILE VALUE...
taken() {
	local file=$1 value
	shift
	for value; do
		{ printf '%s\n' "$value" >"$file"; } 2>/tmp/out || { not_ok "${file#"$tpg/"}: '$value' is accepted" "$(cat /tmp/out)"; continue; }
		contents "$file"
		is "$REPLY" "$value" "${file#"$tpg/"}: '$value' reads back"
	done
}

for name in authentication generate_node_acls cache_dynamic_acls demo_mode_discovery demo_mode_write_protect prod_mode_write_protect t10_pi \
	tpg_enabled_sendtargets; do
	refused "$tpg/attrib/$name" 2 -1 yes '' 4294967296
done
is "$(cat "$tpg/attrib/authentication") $(cat "$tpg/attrib/generate_node_acls")" "1 0" "defaults: authentication, no demo mode"
refused "$tpg/attrib/default_cmdsn_depth" 0 -1 many 4294967296 100000
refused "$tpg/attrib/default_erl" 3 -1 none
refused "$tpg/attrib/login_timeout" -1 soon 4294967296 0
refused "$tpg/attrib/fabric_prot_type" 2 4 -1 x
taken "$tpg/attrib/authentication" 0 1
taken "$tpg/attrib/generate_node_acls" 1 0
taken "$tpg/attrib/default_cmdsn_depth" 16 64

for name in InitialR2T ImmediateData DataPDUInOrder DataSequenceInOrder; do
	refused "$tpg/param/$name" Maybe 1 ''
done
for name in MaxBurstLength FirstBurstLength InitiatorRecvDataSegmentLength TargetRecvDataSegmentLength; do
	refused "$tpg/param/$name" 511 16777216 -1 many '' 4294967808
done
refused "$tpg/param/MaxConnections" 0 65536 x
refused "$tpg/param/MaxOutstandingR2T" 0 65536 x
refused "$tpg/param/DefaultTime2Wait" 3601 -1 x
refused "$tpg/param/DefaultTime2Retain" 3601 -1 x
refused "$tpg/param/ErrorRecoveryLevel" 3 -1 x
refused "$tpg/param/HeaderDigest" MD5 ''
refused "$tpg/param/DataDigest" MD5 ''
refused "$tpg/param/AuthMethod" password ''
refused "$tpg/param/TargetAlias" "$(printf 'x%.0s' $(seq 256))"
taken "$tpg/param/ImmediateData" No Yes
taken "$tpg/param/MaxBurstLength" 65536 262144

refused "$tpg/enable" 2 -1 perhaps
refused "$tpg/acls/$INITIATOR/cmdsn_depth" 0 -1 many 4294967296
secret=$(printf 'x%.0s' $(seq 256))
for where in "$root/discovery_auth" "$tpg/auth" "$tpg/acls/$INITIATOR/auth"; do
	for name in userid password userid_mutual password_mutual; do
		contents "$where/$name"
		is "$REPLY" NULL "${where#"$root/"}/$name is not set"
		refused "$where/$name" "$secret"
		taken "$where/$name" "${secret:1}" NULLxyz
		echo "" >"$where/$name"
		contents "$where/$name"
		is "$REPLY" NULL "${where#"$root/"}/$name: an empty line removes the value"
	done
done
refused "$root/discovery_auth/enforce_discovery_auth" 2 -1 x

# --- read-only files ---
for file in "$root/version" "$tpg/dynamic_sessions" "$tpg/acls/$INITIATOR/info" "$tpg/auth/authenticate_target" \
	"$root/discovery_auth/authenticate_target"; do
	[ -e "$file" ] || { not_ok "${file#"$root/"} exists"; continue; }
	is "$(stat -c %A "$file" | tr -d -c w)" "" "${file#"$root/"} is read-only"
	before=$(cat "$file")
	{ echo 1 >"$file"; } 2>/dev/null && not_ok "${file#"$root/"} cannot be written"
	is "$(cat "$file")" "$before" "${file#"$root/"} is unchanged"
done
like "$(cat "$tpg/acls/$INITIATOR/info")" "^No active iSER Session for Initiator Endpoint: $INITIATOR" "info without a session, as targetcli expects it"

for file in "$tpg/acls/$INITIATOR"/param/*; do
	is "$(stat -c %A "$file" | tr -d -c w)" "" "${file#"$tpg/"} is read-only: rtslib would save a writable file and not restore it"
done

# --- what was read can be written, with and without a newline, in any order: targetcli restores like this ---
numbers=$(cat "$tpg"/attrib/* "$tpg/acls/$INITIATOR"/attrib/*)
is "$(grep -vE '^-?[0-9]+$' <<<"$numbers")" "" "attributes are decimal numbers, as rtslib writes them"
yes_no=$(grep -lE '^(Yes|No|Y|N)$' "$tpg"/param/* | wc -l)
is "$(grep -lxE 'Yes|No' "$tpg"/param/* | wc -l)" "$yes_no" "boolean parameters are Yes or No"
# extreme values: related parameters are restored one after the other, so no order may be refused
echo 512 >"$tpg/param/MaxBurstLength"
echo 16777215 >"$tpg/param/FirstBurstLength"
echo 512 >"$tpg/param/TargetRecvDataSegmentLength"
echo CHAP >"$tpg/param/AuthMethod"
echo Temporarily >"$tpg/param/TargetMoved"
echo 3600 >"$tpg/param/DefaultTime2Wait"
echo 20 >"$tpg/param/DefaultTime2Retain"
is "$(cat "$tpg/param/DefaultTime2Retain")" 0 "DefaultTime2Retain of a saved configuration is taken, and stays 0"
writable() { find "$tpg/attrib" "$tpg/param" "$tpg/auth" "$tpg/acls/$INITIATOR/attrib" "$root/discovery_auth" -type f -perm -u+w; }
all_values() { for file in $(writable | sort); do contents "$file"; echo "$file=$REPLY"; done; }
all_values >/tmp/values
works "there are files to write" [ "$(wc -l </tmp/values)" -gt 40 ]
mkdir -p "$root/iqn.2026-01.org.example:copy/tpgt_1/acls/$INITIATOR"
# copied ORDER FORMAT : writes the values of standard input to a new portal group
copied() {
	local file value to
	while IFS='=' read -r file value; do
		to=${file/"$IQN"/iqn.2026-01.org.example:copy}
		# shellcheck disable=SC2059 # the format is the argument
		{ printf "$2" "$value" >"$to"; } 2>/tmp/out || not_ok "${file#"$root/"}: '$value' is accepted, $1" "$(cat /tmp/out)"
		contents "$to"
		is "$REPLY" "$value" "${file#"$root/"}: '$value' reads back, $1"
	done
}
copied "by name" '%s' </tmp/values
copied "by name, with a newline" '%s\n' </tmp/values
rmdir "$root/iqn.2026-01.org.example:copy/tpgt_1/acls/$INITIATOR" "$root/iqn.2026-01.org.example:copy/tpgt_1"
mkdir -p "$root/iqn.2026-01.org.example:copy/tpgt_1/acls/$INITIATOR"
copied "in reverse order" '%s\n' < <(tac /tmp/values)
remove_target iqn.2026-01.org.example:copy || not_ok "the copy is removed"

# --- Documentation/ABI: describes each file that exists, its mode and its default, and no other file ---
described=iqn.2026-01.org.example:described
mount -t debugfs none /sys/kernel/debug 2>/dev/null
mkdir -p "$root/$described/tpgt_1/acls/$INITIATOR" "$root/$described/tpgt_1/np/10.0.0.1:3299"
/src/tools/testing/vm/guest/abi $described >/tmp/abi 2>&1
is "$(sed '$d' /tmp/abi)" "" "every file is as Documentation/ABI describes it"
like "$(tail -n 1 /tmp/abi)" '^(1[0-9][0-9]|9[0-9]) files, [3-9][0-9] defaults$' "... and the number of files compared is plausible"
note "$(tail -n 1 /tmp/abi)"
remove_target $described || not_ok "the target is removed"

works "enable without a portal" bash -c "echo 1 >$tpg/enable"
works "a portal on an enabled TPG" mkdir "$tpg/np/10.0.0.1:3260"
fails "rmmod while a target is configured" rmmod iser_tgt
works "all is removed" remove_all
done_testing
