#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Configurations of ib_isert and of tgtd are converted for iser_tgt and restored by rtslib; initiators find their disks as before.
# differs by: userspace

seconds=600
. "$(dirname "$0")/../in-guest"

convert=/src/configfs/convert
alone || bail "no RDMA device"
echo "install iser_tgt modprobe -a target_core_mod ib_core rdma_cm && insmod $(module)" >/etc/modprobe.d/iser_tgt.conf
works "the plug-in" /src/configfs/rtslib/install /usr/lib/python3/dist-packages
start_initiator || bail "no iscsid"
truncate -s 16M /tmp/one.img /tmp/two.img /tmp/three.img
set_chap() {
	local name
	iscsiadm -m node -T "$1" -p "$IP:$PORT" -I iser -o new >/dev/null
	iscsiadm -m node -T "$1" -p "$IP:$PORT" -I iser -o update -n node.session.auth.authmethod -v CHAP || return
	iscsiadm -m node -T "$1" -p "$IP:$PORT" -I iser -o update -n node.session.auth.username -v "$2" || return
	iscsiadm -m node -T "$1" -p "$IP:$PORT" -I iser -o update -n node.session.auth.password -v "$3"
}
# query EXPRESSION : prints its value for c, the JSON in /tmp/new.json, and t, its targets
query() { python3 -c "import json; c = json.load(open('/tmp/new.json')); t = c['targets']; print($1)"; }
restored() {
	targetctl restore /tmp/new.json >/tmp/restore.out 2>&1
	is "$?: $(cat /tmp/restore.out)" "0: " "$1"
}

# --- tgtd: as tgt-admin --dump of 1.0.85 prints it ---
tgt=iqn.2026-01.org.example:tgt
cat >/tmp/targets.conf <<END
<target $tgt>
	driver iser
	backing-store /tmp/one.img
	backing-store /tmp/two.img
	incominguser alice PLEASE_CORRECT_THE_PASSWORD
	initiator-name $INITIATOR
</target>

<target $tgt.addresses>
	driver iser
	backing-store /tmp/three.img
	initiator-address 192.0.2.7
</target>

<target $tgt.tcp>
	driver iscsi
	backing-store /tmp/three.img
</target>
END
fails "tgt-to-iser does not guess what a dump does not tell" sh -c "$convert/tgt-to-iser --portal $IP:$PORT /tmp/targets.conf >/tmp/new.json"
like "$(tail -n 1 /tmp/out)" 'nothing is written; with --accept address,dump it will be' "... and says what to accept"
works "tgt-to-iser" sh -c "$convert/tgt-to-iser --accept dump,address --portal $IP:$PORT /tmp/targets.conf >/tmp/new.json"
like "$(cat /tmp/out)" "$tgt: the secret of alice is unknown" "... reports the secret that is missing"
like "$(cat /tmp/out)" "/tmp/targets.conf:9: $tgt.addresses: no initiator may log in until it has an ACL" "... and the restriction that LIO does not have"
like "$(cat /tmp/out)" "$tgt.tcp: its driver is iscsi: left out" "... and the target that it leaves out"
is "$(query '[(x["fabric"], x["tpgs"][0]["attributes"]["generate_node_acls"], [l["index"] for l in x["tpgs"][0]["luns"]]) for x in t]')" \
	"[('iser', 0, [1, 2]), ('iser', 0, [1])]" "LUNs have the numbers tgtd gave them, and no target is in demo mode"
echo 'alice wonderland-12' >/tmp/secrets
works "tgt-to-iser with the secret" sh -c "$convert/tgt-to-iser --accept dump,address --secrets /tmp/secrets --portal $IP:$PORT </tmp/targets.conf >/tmp/new.json"
restored "rtslib restores it"
set_chap $tgt alice wonderland-12
works "login with the name and secret of tgtd" login $tgt
works "a disk at LUN 1" disk $tgt 1
works "a disk at LUN 2" disk $tgt 2
logout $tgt >/dev/null
set_chap $tgt alice another
fails "login with another secret" login $tgt
iscsiadm -m node -T $tgt.addresses -p "$IP:$PORT" -I iser -o new >/dev/null
fails "login to a target that tgtd restricted by address" login $tgt.addresses
like "$(tail -n 1 /sys/kernel/debug/iser_tgt/refusals)" 'no ACL for this initiator name' "... because it has no ACL"
cat >/tmp/targets.conf <<END
default-driver iser
<target $tgt.open>
	<backing-store /tmp/three.img>
		lun 5
		scsi_sn abc
	</backing-store>
	<backing-store /tmp/one.img>
		readonly 1
		block-size 4096
	</backing-store>
	write-cache off
	vendor_id ACME
	initiator-name $INITIATOR
</target>
END
works "a targets.conf" sh -c "$convert/tgt-to-iser --portal $IP:$PORT /tmp/targets.conf >/tmp/new.json"
like "$(cat /tmp/out)" '/tmp/targets.conf:12: .*LUN 5: vendor_id is left out' "... reports what it leaves out"
is "$(query 'sorted(l["index"] for l in t[0]["tpgs"][0]["luns"]), [s.get("wwn") for s in c["storage_objects"]]')" "[1, 5] [None, 'abc']" "... has LUNs and serial number"
restored "rtslib restores it"
iscsiadm -m node -T $tgt.open -p "$IP:$PORT" -I iser -o new >/dev/null
works "login" login $tgt.open
one=$(disk $tgt.open 1) five=$(disk $tgt.open 5)
one=${one##*/} five=${five##*/}
is "$(cat "/sys/block/$one/ro" "/sys/block/$one/queue/logical_block_size" | xargs) $(cat "/sys/block/$five/ro" "/sys/block/$five/queue/logical_block_size" | xargs)" \
	"1 4096 0 512" "read-only and block size are those of the file"
is "$(cat "/sys/block/$one/device/scsi_disk/"*/cache_type)" "write through" "... and so is the write cache"
fails "... a write to the read-only disk" dd if=/dev/zero of="/dev/$one" bs=4096 count=1 oflag=direct conv=notrunc
works "... a write to the other" dd if=/dev/zero of="/dev/$five" bs=4096 count=1 oflag=direct conv=notrunc
logout $tgt.open >/dev/null
fails "a targets.conf without an iSER target is refused" sh -c "echo '<target $tgt>' | $convert/tgt-to-iser"
fails "a file that is no targets.conf is refused" sh -c "echo nonsense | $convert/tgt-to-iser"

# --- ib_isert: a saveconfig.json of targetcli ---
lio=iqn.2026-01.org.example:lio
cat >/tmp/saveconfig.json <<END
{ "fabric_modules": [ { "name": "iscsi", "discovery_enable_auth": false } ],
  "storage_objects": [
    { "plugin": "fileio", "name": "one", "dev": "/tmp/one.img", "size": 16777216, "write_back": true, "attributes": { "block_size": 512 } },
    { "plugin": "fileio", "name": "two", "dev": "/tmp/two.img", "size": 16777216, "write_back": true, "attributes": {} } ],
  "targets": [
    { "fabric": "iscsi", "wwn": "$lio", "tpgs": [ { "tag": 1, "enable": true,
      "attributes": { "authentication": 0, "default_cmdsn_depth": 64, "default_erl": 0, "generate_node_acls": 0, "login_keys_workaround": 1,
                      "login_timeout": 15, "t10_pi": 0 },
      "parameters": { "AuthMethod": "CHAP,None", "HeaderDigest": "CRC32C,None", "MaxRecvDataSegmentLength": "8192", "MaxBurstLength": "262144",
                      "ErrorRecoveryLevel": "0", "OFMarker": "No" },
      "luns": [ { "index": 0, "storage_object": "/backstores/fileio/one", "alias": "aaaa", "alua_tg_pt_gp_name": "default_tg_pt_gp" } ],
      "portals": [ { "ip_address": "$IP", "port": 3260, "iser": true, "offload": false } ],
      "node_acls": [ { "node_wwn": "$INITIATOR", "chap_userid": "bob", "chap_password": "builder-123456",
        "attributes": { "authentication": 1, "dataout_timeout": 3, "default_erl": 0, "nopin_timeout": 30 },
        "mapped_luns": [ { "index": 0, "tpg_lun": 0, "write_protect": false, "alias": "bbbb" } ] } ] } ] },
    { "fabric": "iscsi", "wwn": "$lio.both", "tpgs": [ { "tag": 1, "enable": true,
      "attributes": { "authentication": 0, "generate_node_acls": 1, "demo_mode_write_protect": 0, "default_erl": 2 }, "parameters": {},
      "luns": [ { "index": 0, "storage_object": "/backstores/fileio/two", "alias": "cccc" } ], "node_acls": [],
      "portals": [ { "ip_address": "$IP", "port": 3260, "iser": true, "offload": false },
                   { "ip_address": "$IP", "port": 3261, "iser": false, "offload": false } ] } ] } ] }
END
works "saveconfig-to-iser" sh -c "$convert/saveconfig-to-iser /tmp/saveconfig.json >/tmp/new.json"
like "$(cat /tmp/out)" "$lio.both, tpg1: default_erl=2 left out" "... reports what it leaves out"
like "$(cat /tmp/out)" "2 targets moved" "... and the number of converted targets"
is "$(query 'sorted((x["wwn"], x["fabric"], x["tpgs"][0]["portals"][0]["port"]) for x in t)')" \
	"[('$lio', 'iser', 3260), ('$lio.both', 'iscsi', 3261), ('$lio.both', 'iser', 3260)]" "RDMA portals move to iser_tgt, the TCP portal does not"
restored "rtslib restores it"
iscsiadm -m node -T $lio -p "$IP:$PORT" -I iser -o new >/dev/null
fails "login without the secret that the ACL alone asks for" login $lio
set_chap $lio bob builder-123456
works "login with the former name and secret" login $lio
works "a disk" disk $lio
logout $lio >/dev/null
discover >/dev/null
works "login to the other by iSER" login $lio.both
logout $lio.both >/dev/null
iscsiadm -m node -o new -T $lio.both -p "$IP:3261" -I default >/dev/null
works "... and by TCP" iscsiadm -m node -T $lio.both -p "$IP:3261" -I default --login
iscsiadm -m node -T $lio.both -p "$IP:3261" -I default --logout >/dev/null

# a portal with iser is one for TCP as well with ib_isert
works "saveconfig-to-iser --keep-tcp" sh -c "$convert/saveconfig-to-iser --keep-tcp /tmp/saveconfig.json >/tmp/kept.json"
like "$(cat /tmp/out)" "^saveconfig-to-iser: /tmp/saveconfig.json:[0-9]+: $lio, tpg1: portal $IP:3260 stays with the iscsi fabric as well" "... says where"
cp /tmp/new.json /tmp/moved.json
cp /tmp/kept.json /tmp/new.json
restored "rtslib restores it"
like "$(iscsiadm -m discovery -t st -I default -p "$IP:3260" 2>&1)" "$lio.both" "discovery over TCP finds the target"
works "login over TCP" iscsiadm -m node -T $lio.both -p "$IP:3260" -I default --login
iscsiadm -m node -T $lio.both -p "$IP:3260" -I default --logout >/dev/null
iscsiadm -m node -T $lio.both -p "$IP:3260" -I iser -o new >/dev/null
works "... and by iSER on the same portal" login $lio.both
logout $lio.both >/dev/null
cp /tmp/moved.json /tmp/new.json
fails "a converted configuration is refused" "$convert/saveconfig-to-iser" /tmp/new.json
fails "a file that is no configuration is refused" "$convert/saveconfig-to-iser" /etc/passwd

stop_initiator
works "all is cleared" targetctl clear
works "the module unloads" /src/configfs/iser-tgt-clear --unload
done_testing
