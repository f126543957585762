#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What programs that know the fabric iscsi only do with it, done with the fabric iser: democratic-csi's commands of targetcli and iscsiadm, and NASTy's
# writes to configfs. Documentation/migration.md names what each of them needs for that.

seconds=300
. "$(dirname "$0")/../in-guest"

# --- democratic-csi, zfs-generic-iscsi: with configfs/upstream/democratic-csi-40f47ea ---

saved=/etc/rtslib-fb-target/saveconfig.json
mkdir -p "${saved%/*}"
message_bus || bail "no message bus"
alone || bail "no RDMA device"
modprobe brd rd_nr=2 rd_size=16384 && load_target || bail "no target"
works "the plug-in is installed" /src/configfs/rtslib/install /usr/lib/python3/dist-packages

# told LINE... : by echo and a pipe, and only the status counts; a comment and empty lines are among them
told() {
	local data
	data=$(printf '%s\n' "# told" "" "$@")
	sh -c "echo \"$data\" | targetcli" 2>&1
}
works "a volume is shared" told "cd /iser" "create $IQN" "cd /iser/$IQN/tpg1" "set attribute authentication=0" "set attribute generate_node_acls=1" \
	"set attribute cache_dynamic_acls=1" "set attribute demo_mode_write_protect=0" "cd /backstores/block" "create volume /dev/ram0" \
	"cd /iser/$IQN/tpg1/luns" "create /backstores/block/volume"
is "$(cat "$(tpg)/enable") $(ls "$(tpg)/np")" "1 0.0.0.0:3260" "... is enabled, with the default portal"
is "$(cd "$(tpg)/attrib" && cat authentication generate_node_acls cache_dynamic_acls demo_mode_write_protect | tr '\n' ' ')" "0 1 1 0 " "... and its attributes"

start_initiator || bail "no iscsid"
portal=$IP:3260
node() { iscsiadm -m node -T "$IQN" -p "$portal" "$@"; }
listed() { iscsiadm -m session 2>/dev/null | grep -F "$IQN"; }
# on the interface "default", as CSI drivers have it: the transport is a value of the record, from the secret key node-db.iface.transport_name
stage() {
	node -o new && node -o update --name node.startup --value manual && node -o update --name iface.transport_name --value iser && node -l
}
kept() {
	local dev
	dev=$(disk) && head -c 65536 /dev/urandom >/tmp/data && dd if=/tmp/data of="$dev" bs=64k oflag=direct status=none &&
		dd if="$dev" bs=64k count=1 iflag=direct status=none | cmp - /tmp/data
}
for n in 1 2; do
	works "it is staged at a node ($n)" stage
	like "$(listed)" "^iser: \[[0-9]+\] $portal,1 $IQN" "... by RDMA"
	works "... with its disk, which can be written and read" kept
	works "... and rescanned" iscsiadm -m session -r "$(listed | sed 's/.*\[\([0-9]*\)\].*/\1/')" --rescan
	works "... unstaged" node -u
	works "... and forgotten" node -o delete
done
works "the volume is removed" told "cd /iser" "delete $IQN" "cd /backstores/block" "delete volume"
fails "... with its target" test -e "$CFS/iser/$IQN"
fails "... and its backstore" test -e "$(echo "$CFS"/core/iblock_*/volume)"

# --- NASTy: what engine/nasty-sharing/src/iscsi.rs writes, with configfs/upstream/nasty-0.0.5 ---

base=$CFS/iser tpg=$CFS/iser/$IQN/tpgt_1 store=$CFS/core/iblock_7/nasty_volume_lun0
put() { printf %s "$2" >"$1"; }
create() {
	mkdir -p "$tpg" && mkdir -p "$tpg/np/$IP:3260" "$tpg/np/[::]:3261" && put "$tpg/np/$IP:3260/iser" 1 &&
		put "$tpg/attrib/authentication" 0 && put "$tpg/attrib/generate_node_acls" 1 &&
		put "$tpg/attrib/demo_mode_write_protect" 0 && put "$tpg/enable" 1
}
add_lun() {
	mkdir -p "$store" && put "$store/control" udev_path=/dev/ram1 && put "$store/enable" 1 && mkdir -p "$tpg/lun/lun_0" && ln -s "$store" "$tpg/lun/lun_0/nasty_volume_lun0"
}
# with CHAP: only the ACL asks for it
acl=$tpg/acls/$INITIATOR
add_acl() {
	put "$tpg/enable" 0 && mkdir "$acl" && put "$acl/attrib/authentication" 1 && put "$acl/auth/userid" alice && put "$acl/auth/password" secret-of-alice &&
		put "$tpg/attrib/generate_node_acls" 0 && put "$tpg/attrib/authentication" 0 && put "$tpg/enable" 1
}
remove_acl() { rmdir "$acl" && put "$tpg/attrib/generate_node_acls" 1; }
# goes on after whatever fails, as the kernel's refusal to disable a backstore
delete() {
	put "$tpg/enable" 0
	sleep 2
	rm "$tpg/lun/lun_0/nasty_volume_lun0"
	rmdir "$tpg/lun/lun_0" "$tpg/np/$IP:3260" "$tpg/np/[::]:3261" "$tpg" "$base/$IQN"
	put "$store/enable" 0 2>/dev/null
	rmdir "$store" "${store%/*}"
}
works "a target that is enabled first" create
works "... and then has a LUN" add_lun
discovered() { iscsiadm -m discovery -t sendtargets -p "$portal" -I iser; }
like "$(discovered)" "^$portal,1 $IQN" "... is discovered"
works "... logged in to" node -l
works "... and its disk can be written and read" kept
works "... logged out of" node -u
works "an initiator is given a secret" add_acl
fails "... without which it is refused" node -l
secret() { node -o update -n node.session.auth.authmethod -v CHAP && node -o update -n node.session.auth.username -v alice && node -o update -n node.session.auth.password -v "$1"; }
works "... with it" secret secret-of-alice
works "... it is not" node -l
works "... nor after its ACL has gone" eval 'node -u && remove_acl && node -o update -n node.session.auth.authmethod -v None && node -l'
delete
fails "it is removed under its session" test -e "$base/$IQN"
fails "... with its backstore" test -e "$store"
works "the initiator gives up the session" node -u

works "the initiator stops" stop_initiator
works "all is removed" remove_all
done_testing
