# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Simulated machines for iser-tgt-doctor, with hardware that is not available: a /sys of plain files and commands with fixed output, below
# $machine, which is the root directory of the doctor. Sourced.

# shellcheck source=tools/testing/host.sh
. "$(dirname "${BASH_SOURCE[0]}")/../host.sh"
clean_up() { as_root rm -rf --one-file-system "$work"; }

machine=$work/machine
IQN=iqn.2026-01.org.example:disk
INITIATOR=iqn.2026-01.org.example:host
iser=$machine/sys/kernel/config/target/iser
tpg=$iser/$IQN/tpgt_1

# file PATH VALUE : below $machine; an absolute path below it is used as is
file() {
	local path=$machine/${1#"$machine/"}
	mkdir -p "${path%/*}"
	printf '%s\n' "$2" >"$path"
}
# says COMMAND [TEXT] : makes a command that prints TEXT regardless of its arguments; without TEXT it fails
says() {
	if [ $# -gt 1 ]; then printf '#!/bin/sh\n/usr/bin/cat <<"END"\n%s\nEND\n' "$2"; else printf '#!/bin/sh\nexit 1\n'; fi >"$machine/fake/$1"
	chmod +x "$machine/fake/$1"
}

# package VERSION : sets the version that dpkg-query prints, without a newline
package() {
	printf '#!/bin/sh\nprintf %%s "%s"\n' "$1" >"$machine/fake/dpkg-query"
	chmod +x "$machine/fake/dpkg-query"
}

# card DEVICE NETDEV roce|infiniband|iwarp|rxe : adds a device whose port 1 is active and has a GID for 192.0.2.1
card() {
	local port=/sys/class/infiniband/$1/ports/1 link=Ethernet type='1: CA'
	case $3 in infiniband) link=InfiniBand ;; iwarp) type='4: RNIC' ;; esac
	if [ "$3" = rxe ]; then
		mkdir -p "$machine/sys/devices/virtual/infiniband/$1" "$machine/sys/class/infiniband"
		ln -s "../../devices/virtual/infiniband/$1" "$machine/sys/class/infiniband/$1"
	else
		mkdir -p "$machine/sys/class/net/$2/device/infiniband/$1"
	fi
	file "$port/link_layer" $link
	file "$port/state" '4: ACTIVE'
	file "/sys/class/infiniband/$1/node_type" "$type"
	file "$port/gids/0" 0000:0000:0000:0000:0000:ffff:c000:0201
	file "$port/gids/1" 0000:0000:0000:0000:0000:0000:0000:0000
	file "$port/gid_attrs/ndevs/0" "$2"
	file "/sys/class/net/$2/flags" 0x1003
	file "/sys/class/net/$2/mtu" 4200
	says rdma "[{\"ifname\":\"$1\",\"port\":1,\"netdev\":\"$2\"}]"
	says ip "[{\"ifname\":\"$2\",\"addr_info\":[{\"local\":\"192.0.2.1\"}]}]"
}
# portal NAME STATE
portal() {
	file "$tpg/np/$1/state" "$2"
	file "$tpg/np/$1/iser" 1
}
# auth DIR [NAME SECRET] : the auth attributes of the driver
auth() {
	file "$1/userid" "${2:-NULL}"
	file "$1/password" "${3:-NULL}"
	file "$1/userid_mutual" NULL
	file "$1/password_mutual" NULL
}
# A healthy machine without an RDMA device: the module of the package, a target with an ACL for one initiator and its secret.
new_machine() {
	local store=$machine/sys/kernel/config/target/core/iblock_0/disk
	rm -rf "$machine"
	mkdir -p "$machine"/{fake,usr,proc,dev,tmp,run,sys/class/net} "$machine/sys/kernel/debug"
	: >"$machine/dev/null"
	ln -s usr/bin usr/lib usr/lib64 "$machine/"
	cp "$TOP/configfs/iser-tgt-doctor" "$machine/doctor"
	cp -r "$TOP/configfs/observe" "$machine/observe"
	file /sys/module/iser_tgt/version 0.1
	file /sys/module/iser_tgt/srcversion 0123456789ABCDEF
	# shellcheck disable=SC2016 # for the script
	printf '#!/bin/sh\ncase $* in *srcversion*) echo 0123456789ABCDEF ;; *) echo 0.1 ;; esac\n' >"$machine/fake/modinfo"
	chmod +x "$machine/fake/modinfo"
	package 0.1
	says dkms 'dkms-3.0.10'
	file "$store/enable" 1
	file "$tpg/enable" 1
	file "$tpg/drain" 0
	file "$tpg/attrib/generate_node_acls" 0
	file "$tpg/attrib/authentication" 1
	file "$tpg/param/AuthMethod" CHAP,None
	auth "$tpg/auth"
	auth "$tpg/acls/$INITIATOR/auth" host-name host-secret-1
	auth "$iser/discovery_auth"
	file "$iser/discovery_auth/enforce_discovery_auth" 0
	mkdir -p "$tpg/lun/lun_0" "$tpg/acls/$INITIATOR/lun_0"
	ln -s /sys/kernel/config/target/core/iblock_0/disk "$tpg/lun/lun_0/disk"
	ln -s "/sys/kernel/config/target/iser/$IQN/tpgt_1/lun/lun_0" "$tpg/acls/$INITIATOR/lun_0/disk"
	portal 192.0.2.1:3260 listening
}

# doctor [ARG...] : runs the doctor in that machine, as user WHO
doctor() {
	# shellcheck disable=SC2016 # for the inner shell
	as_root unshare -m sh -c 'mount --rbind /usr "$1/usr" && mount -t proc proc "$1/proc" && mount --bind /dev/null "$1/dev/null" && root=$1 who=$2 path=$3 encoding=$4 && shift 4 &&
		exec chroot --userspec="$who" "$root" /usr/bin/env -i PATH=/fake PYTHONPATH="$path" PYTHONIOENCODING="$encoding" /usr/bin/python3 -S -B /doctor "$@"' \
		sh "$machine" "${WHO:-0:0}" "${PYTHONPATH:-}" "${PYTHONIOENCODING:-}" "$@" >"$work/doctor" 2>&1
}
problems() { grep -c '^PROBLEM' "$work/doctor"; }
# healthy TEXT [NOTE] : the doctor finds no problem and prints this note, or none
healthy() {
	local status=0 notes
	doctor || status=$?
	notes=$(grep -c '^note: ' "$work/doctor")
	if [ $status = 0 ] && grep -q '^nothing is wrong' "$work/doctor" && [ "$(problems)" = 0 ] && [ "$notes" = $(($# - 1)) ] &&
		{ [ $# = 1 ] || grep -qE "^note: $2" "$work/doctor"; }; then ok "$1"
	else not_ok "$1" "status $status, expected: nothing is wrong${2:+, note: $2}" "$(cat "$work/doctor")"; fi
}
# sick TEXT PROBLEM NEXT... : the doctor finds exactly this problem and prints these commands, in order
sick() {
	local status=0 text=$1 wrong=$2 next
	shift 2
	doctor || status=$?
	next=$(sed -n '/^PROBLEM/,$p' "$work/doctor" | sed -n 's/^    next: //p')
	if [ $status = 1 ] && [ "$(problems)" = 1 ] && grep -qE "^PROBLEM: $wrong" "$work/doctor" && [ "$next" = "$(printf '%s\n' "$@")" ]; then ok "$text"
	else not_ok "$text" "status $status, expected one problem: $wrong" "$(printf 'next: %s\n' "$@")" "$(cat "$work/doctor")"; fi
}
