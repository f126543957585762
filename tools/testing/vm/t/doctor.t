#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# iser-tgt-doctor reports no problem on a healthy machine, and names each fault together with the command that repairs it.

seconds=900
. "$(dirname "$0")/../in-guest"

# compiled once, because it is started some sixty times
python3 -c 'import py_compile; py_compile.compile("/src/configfs/iser-tgt-doctor", "/tmp/doctor.pyc", doraise=True)' || bail "no doctor"
cp -r /src/configfs/observe /tmp/
doctor() { python3 /tmp/doctor.pyc "$@" >/tmp/doctor 2>&1; }
problems() { grep -c '^PROBLEM' /tmp/doctor; }
# healthy TEXT
healthy() {
	local status=0
	doctor || status=$?
	if [ $status = 0 ] && grep -q '^nothing is wrong' /tmp/doctor && [ "$(problems)" = 0 ]; then ok "$1"; else not_ok "$1" "status $status" "$(cat /tmp/doctor)"; fi
}
# sick TEXT PROBLEM NEXT : the doctor reports exactly this problem, with this next step
sick() {
	local status=0
	doctor || status=$?
	if [ $status = 1 ] && [ "$(problems)" = 1 ] && grep -qE "^PROBLEM: $2" /tmp/doctor && grep -qE "^    next: $3" /tmp/doctor; then ok "$1"
	else not_ok "$1" "status $status, expected one problem: $2" "next: $3" "$(cat /tmp/doctor)"; fi
}
# names TEXT PROBLEM : the doctor reports this problem, and perhaps others
names() {
	doctor && not_ok "$1" "nothing is wrong" && return
	like "$(cat /tmp/doctor)" "$2" "$1"
}
# mended [N] : runs the command of the doctor's Nth next step, unchanged
mended() {
	local command
	command=$(sed -n "s/^    next: //p" /tmp/doctor | sed -n "${1:-1}p")
	works "... the command it prints works: $command" bash -c "$command"
}
listening() { [ "$(cat "$(tpg)/np/$1/state")" = listening ]; }
tcp_listener() { [ -n "$(ss -Hltn "sport = :$1")" ]; }

# --- a bare machine ---
names "no module" '^PROBLEM: there is no module iser_tgt for the running kernel, [0-9]'
names "no device" '^PROBLEM: there is no RDMA device$'
alone || bail "no RDMA device"
doctor
is "$(grep -c 'no RDMA device' /tmp/doctor)" 0 "a device"

names "targetcli that does not know the fabric" '^PROBLEM: rtslib does not know the fabric iser'
works "the plug-in" /src/configfs/rtslib/install /usr/lib/python3/dist-packages

# installs the module, on an overlay because the guest's modules are on a read-only disk
mods=/lib/modules/$KVER
mkdir -p /tmp/mods/up /tmp/mods/work
mount -t overlay -o "lowerdir=/usr/lib/modules,upperdir=/tmp/mods/up,workdir=/tmp/mods/work" overlay /usr/lib/modules || bail "no overlay"
mkdir -p "$mods/updates" && cp "$(module)" "$mods/updates/" && depmod -a || bail "depmod"
names "not loaded" '^PROBLEM: the module iser_tgt is not loaded$'
mended
names "no target" '^PROBLEM: there is no target$'

works "a target" simple_target rd 16 || bail "no target"
dir=$(tpg)
healthy "a target in health, open to all"
like "$(cat /tmp/doctor)" 'is open to everybody' "... and it notes that"
was=$(cat /sys/module/iser_tgt/srcversion)
sed -i "s/srcversion=$was/srcversion=0123456789ABCDEF0123456/" "$mods/updates/iser_tgt.ko"
sick "a module that was replaced since" "the module loaded \($was\) is not the one installed" 'iser-tgt-reload$'
cp "$(module)" "$mods/updates/"
healthy "the loaded module installed again"

# --- portals ---
mkdir "$dir/np/10.0.0.77:3260"
sick "an address that no interface has" 'portal 10.0.0.77:3260 waits: no interface has its address' 'ip addr add 10.0.0.77/24 dev lan0'
mended
works "... and the portal listens" wait_for 10 "the portal" listening 10.0.0.77:3260
healthy "... all is well"
rmdir "$dir/np/10.0.0.77:3260"
ip addr del 10.0.0.77/24 dev lan0
ip link add lan1 type dummy && ip addr add 10.9.0.1/24 dev lan1 && ip link set lan1 up
mkdir "$dir/np/10.9.0.1:3260"
sick "an interface without RDMA" 'portal 10.9.0.1:3260 waits: lan1 has its address, but no RDMA device' 'modprobe rdma_rxe && rdma link add'
rmdir "$dir/np/10.9.0.1:3260"
ip link del lan1
mkdir "$dir/np/[::]:3261"
healthy "a wildcard"
rmdir "$dir/np/[::]:3261"

case $LINK in
siw)
	mkdir "$dir/np/10.0.0.78:3270"
	python3 -c 'import socket, time; s = socket.socket(); s.bind(("0.0.0.0", 3270)); s.listen(); time.sleep(600)' &
	python=$!
	wait_for 10 "a TCP listener" tcp_listener 3270
	ip addr add 10.0.0.78/24 dev lan0
	works "... the portal is in error" wait_for 10 "the portal's error" grep -qx 'error: port in use' "$dir/np/10.0.0.78:3270/state"
	sick "iWARP and a process on one port" 'portal 10.0.0.78:3270 shares its port with TCP, .*process python3' 'ss -ltnp sport = :3270'
	kill $python
	wait $python 2>/dev/null
	works "... the process ends, the portal listens" wait_for 10 "the portal" listening 10.0.0.78:3270
	healthy "... all is well"
	rmdir "$dir/np/10.0.0.78:3270"
	ip addr del 10.0.0.78/24 dev lan0
	mkdir "$dir/np/10.0.0.78:3271"
	modprobe iscsi_target_mod && mkdir -p "$CFS/iscsi/$IQN:tcp/tpgt_1/np/0.0.0.0:3271" || not_ok "a TCP target"
	ip addr add 10.0.0.78/24 dev lan0
	works "... the portal is in error" wait_for 10 "the portal's error" grep -qx 'error: port in use' "$dir/np/10.0.0.78:3271/state"
	sick "iWARP and a TCP target on one port" 'portal 10.0.0.78:3271 shares its port with TCP, .*iscsi_target_mod' "rmdir $CFS/iscsi/"
	mended
	works "... the TCP target is removed, the portal listens" wait_for 10 "the portal" listening 10.0.0.78:3271
	healthy "... all is well"
	rmdir "$dir/np/10.0.0.78:3271" "$CFS/iscsi/$IQN:tcp/tpgt_1" "$CFS/iscsi/$IQN:tcp" "$CFS/iscsi"
	ip addr del 10.0.0.78/24 dev lan0
	;;
esac

# --- the port ---
ip link set lan0 down
names "interface down" "^PROBLEM: $LINK-lan0 port 1 is DOWN: its interface lan0 is down"
ip link set lan0 up
ip -6 addr replace "$IP6/64" dev lan0 nodad
wait_for 10 "the link" rdma_active "$LINK-lan0"
wait_for 10 "the portal" listening "$IP:$PORT"
wait_for 10 "the portal" listening "[$IP6]:$PORT"
healthy "interface up again"
if [ "$LINK" = rxe ]; then
	ip -6 addr del "$IP6/64" dev lan0
	rmdir "$dir/np/[$IP6]:$PORT"
	ip link set lan0 mtu 576
	sick "a small MTU" 'MTU of lan0 is 576' 'ip link set lan0 mtu 1500'
	mended
	ip addr replace "$IP/24" dev lan0
	ip link set lan0 mtu 4200
	healthy "a large MTU"
fi

# --- firewall ---
case $LINK in rxe) proto=udp port=4791 ;; siw) proto=tcp port=3260 ;; esac
PROTO=${proto^^}
works "nftables: a rule" nft -f - <<END
table inet filter {
	chain input { type filter hook input priority 0; policy accept; ct state established accept; $proto dport { 1-100, $port } jump away; }
	chain away { iifname != "lan0" accept; drop; }
}
END
sick "... that drops" "the firewall drops $PROTO port $port .*by a rule" 'nft insert rule inet filter input'
nft flush chain inet filter away
healthy "... without the drop"
nft flush ruleset
nft -f - <<END
table inet filter {
	chain input { type filter hook input priority 0; policy drop; ct state established accept; iifname "lo" accept; $proto dport 22 accept; }
}
END
sick "a policy that drops" "the firewall drops $PROTO port $port .*by its policy" 'nft list ruleset'
mended 2
healthy "... and a rule that accepts the port"
nft flush ruleset
nft -f - <<END
table inet filter {
	chain input { type filter hook input priority 0; policy drop; ip saddr 10.0.0.0/8 $proto dport $port accept; ip6 saddr fd00::/8 $proto dport $port accept; }
}
END
healthy "a rule that accepts some addresses"
nft flush ruleset
for tables in iptables-nft iptables-legacy; do
	update-alternatives --set iptables /usr/sbin/$tables >/dev/null
	update-alternatives --set ip6tables /usr/sbin/ip6$tables >/dev/null 2>&1 || update-alternatives --set ip6tables "/usr/sbin/${tables/ip/ip6}" >/dev/null
	works "$tables" iptables -A INPUT -p "$proto" -m multiport --dports "1:10,$port" -j DROP
	sick "... a rule that drops" "the firewall drops $PROTO port $port" 'iptables -t filter -S INPUT|    next: nft'
	iptables -F
	iptables -P INPUT DROP
	sick "$tables: a policy that drops" "the firewall drops $PROTO port $port .*by its policy" 'iptables -I INPUT|    next: nft'
	iptables -N ours
	iptables -A ours -i lan0 -j ACCEPT
	iptables -A INPUT -j ours
	healthy "... and a chain that accepts it"
	iptables -F
	iptables -X ours
	iptables -P INPUT ACCEPT
done
healthy "no firewall"

if [ "$LINK" = siw ]; then
	# the rest does not depend on the link
	works "all is removed" remove_all
	done_testing
	exit
fi

# --- portal group and LUN ---
disable "$IQN"
sick "a disabled portal group" "$IQN, tpgt_1 is not enabled" "echo 1 > $dir/enable"
mended
works "drain" sh -c "echo 1 >$dir/drain"
sick "a drained portal group" "$IQN, tpgt_1 is drained" "echo 0 > $dir/drain"
mended
echo Temporarily >"$dir/param/TargetMoved"
sick "TargetMoved without an address" "$IQN, tpgt_1 sends initiators on to nowhere" "echo No > $dir/param/TargetMoved"
mended
mkdir "$dir/lun/lun_7"
sick "a LUN without a backstore" "$IQN, tpgt_1: lun_7 has no backstore" 'ln -s '
rmdir "$dir/lun/lun_7"
healthy "a portal group in order"
find "$dir/lun/lun_0" -maxdepth 1 -type l -delete
rmdir "$dir/lun/lun_0"
sick "no LUN" "$IQN, tpgt_1 has no LUN" "mkdir $dir/lun/lun_0 && ln -s"
mkdir "$dir/lun/lun_0" && ln -s "$(backstore_dir disk)" "$dir/lun/lun_0/disk"

# --- ACL and CHAP ---
echo 0 >"$dir/attrib/generate_node_acls"
sick "no demo mode and no ACL" "$IQN, tpgt_1 has no ACL: no initiator may log in" "mkdir $dir/acls/INITIATOR-IQN"
acl=$dir/acls/$INITIATOR
mkdir "$acl"
sick "an ACL without a LUN" "$IQN, tpgt_1: no LUN is mapped to initiator $INITIATOR: it sees no disk" "mkdir $acl/lun_0 && ln -s"
mended
healthy "a mapped LUN"
find "$acl/lun_0" -maxdepth 1 -type l -delete
sick "a mapped LUN without its LUN" "$IQN, tpgt_1: lun_0 of initiator $INITIATOR is mapped to no LUN" 'ln -s '
mended
echo 1 >"$dir/attrib/authentication"
sick "CHAP without a secret" "CHAP: initiator $INITIATOR must authenticate, but has no userid and no password" "echo USERID > $acl/auth/userid"
echo someone >"$acl/auth/userid"
sick "... with a name alone" "CHAP: initiator $INITIATOR must authenticate, but has no password" "echo PASSWORD > $acl/auth/password"
echo one-way-secret >"$acl/auth/password"
healthy "... with both"
echo target >"$acl/auth/userid_mutual"
sick "half of mutual CHAP" "CHAP: mutual authentication of initiator $INITIATOR has no password_mutual" "echo PASSWORD_MUTUAL > $acl/auth/password_mutual"
echo one-way-secret >"$acl/auth/password_mutual"
sick "one secret for both directions" "CHAP: initiator $INITIATOR has the same secret in both directions" "echo ANOTHER > $acl/auth/password_mutual"
echo another-secret >"$acl/auth/password_mutual"
healthy "mutual CHAP"
echo 1 >"$CFS/iser/discovery_auth/enforce_discovery_auth"
sick "discovery without a secret" "CHAP: discovery must authenticate, but has no userid and no password" "echo USERID > $CFS/iser/discovery_auth/userid"
echo 0 >"$CFS/iser/discovery_auth/enforce_discovery_auth"
echo 1 >"$dir/attrib/generate_node_acls"
sick "no secret for initiators without ACL" "CHAP: an initiator without ACL of $IQN, tpgt_1 must authenticate" "echo USERID > $dir/auth/userid"
echo 0 >"$dir/attrib/generate_node_acls"

# --- refused logins ---
start_initiator || bail "no iscsid"
discover >/dev/null
fails "a login without CHAP" login
doctor
like "$(cat /tmp/doctor)" "^note: a login was refused: .*initiator=\"$INITIATOR\"" "the note has the last refused logins"
stop_initiator
doctor -v
like "$(cat /tmp/doctor)" "^good: $LINK-lan0 port 1 is active" "-v also reports what is good"

# --- what is saved: by rtslib ---
saved=/etc/rtslib-fb-target/saveconfig.json
mkdir -p "${saved%/*}"
has() { like "$(cat /tmp/doctor)" "$2" "$1"; }
echo 0 >"$dir/attrib/authentication"
works "targetctl save" targetctl save
healthy "what is there is saved"
is "$(grep -cE 'saved|not there' /tmp/doctor)" 0 "... and what is saved is there"
mkdir "$dir/np/[::]:3262"
healthy "a portal that is not saved"
has "... is noted" "^note: $IQN, tpgt_1: portal \[::\]:3262 is not saved: it is lost at the next boot"
rmdir "$dir/np/$IP:$PORT"
sick "a portal that was not restored" "$saved:[0-9]+: $IQN, tpgt_1: portal $IP:$PORT is saved, but not there" "mkdir "
mended
rmdir "$dir/np/[::]:3262"
wait_for 10 "the portal" listening "$IP:$PORT"
mkdir "$dir/lun/lun_5" && ln -s "$(backstore_dir disk)" "$dir/lun/lun_5/disk" && mkdir "$acl/lun_5" && ln -s "$dir/lun/lun_5" "$acl/lun_5/disk"
works "one more LUN, read-only" sh -c "echo 1 >$acl/lun_5/write_protect"
targetctl save
rm "$acl/lun_5/disk" && rmdir "$acl/lun_5"
sick "a mapped LUN that was not restored" "$saved:[0-9]+: $IQN, tpgt_1: lun_5 of initiator $INITIATOR is saved, but not there" "mkdir -p $acl/lun_5 && ln -s "
mended
healthy "... without the second command it is writable"
has "... which is noted" "is saved otherwise: after the next boot it is lun_5, read-only"
find "$acl/lun_5" "$dir/lun/lun_5" -maxdepth 1 -type l -delete
rmdir "$acl/lun_5" "$dir/lun/lun_5"
sick "a LUN that was not restored" "$saved:[0-9]+: $IQN, tpgt_1: lun_5 is saved, but not there" "mkdir -p $dir/lun/lun_5 && ln -s "
mended
sick "... then the one mapped to it" "$saved:[0-9]+: $IQN, tpgt_1: lun_5 of initiator $INITIATOR is saved, but not there" "mkdir -p $acl/lun_5 && ln -s "
mended
mended 2
healthy "... and it is read-only again"
is "$(cat "$acl/lun_5/write_protect") $(grep -c saveconfig /tmp/doctor)" "1 0" "... as it was saved"

# four targets in a file, of which rtslib can restore three
python3 - $saved "$IQN" <<-'END'
	import copy, json, sys
	config = json.load(open(sys.argv[1]))
	for name in sys.argv[2] + '%x', 'iqn.2016-17.org.example:disk', 'iqn.2026-01.org.example:my_disk':
	    target = dict(copy.deepcopy(config['targets'][0]), wwn=name)
	    for group in target['tpgs']:
	        group.update(portals=[], node_acls=[dict(acl, node_wwn='iqn.2026-01.org.example:my_host') for acl in group['node_acls']])
	    config['targets'].append(target)
	json.dump(config, open(sys.argv[1], 'w'), sort_keys=True, indent=2)
END
targetctl restore >/tmp/said 2>&1
like "$(cat /tmp/said)" "Could not create Target.*skipped" "rtslib skips a target"
doctor
has "the doctor has it, with the reason" "^PROBLEM: $saved:$(grep -n '%x' $saved | cut -d: -f1): target $IQN%x is saved, but not there: iser_tgt does not take the name"
is "$(grep -c 'but not there' /tmp/doctor)" 1 "... and the other three are there: what RFC 7143 does not allow is restored"
has "... but noted" "^note: $saved:[0-9]+: target iqn.2026-01.org.example:my_disk: RFC 7143 does not allow this name; some initiators refuse it"
has "... of initiators too" "^note: $saved:[0-9]+: .*initiator iqn.2026-01.org.example:my_host: RFC 7143 does not allow this name"
works "saved again" targetctl save
like "$(grep '"wwn"' $saved)" 'my_disk' "... with them"
works "the targets go" /src/configfs/iser-tgt-clear
mkdir -p "$CFS/iser"
names "none is there" '^PROBLEM: there is no target$'
has "... and they are to be restored" '^    next: targetctl restore$'
is "$(grep -c 'target .* is saved, but not there' /tmp/doctor)" 3 "... all three are named"
rm $saved

# one rule for names: that of the module
python3 - "$CFS/iser" <<-'END' >/tmp/rule
	import os, sys
	sys.path.insert(0, '/src/configfs/rtslib')
	from iser_tgt_rtslib.names import name_doubt, name_fault
	rest = 'iqn.2026-01.org.example:'
	names = [rest + 'a', rest + 'a_b', rest + 'a b', rest + 'a,b', rest + 'a%b', rest + 'A', rest + 'a\x7f', rest + 'a\x80', rest + '\u00e9', rest + '~"!',
	         rest + 'x' * (223 - len(rest)), rest + 'x' * (224 - len(rest)), rest + '\u00e9' * 100, 'iqn.', 'iqn.x', 'iqn.2026-13.a', 'iqn.2026-1.a', 'iqn.2026-00.a',
	         'iqn.2026-01.', 'iqn.2026-01.-a', 'iqn.2026-01.:a', 'iqn.20260-1.a', 'eui.0123456789abcdef', 'eui.0123456789abcde', 'eui.0123456789abcdeF',
	         'naa.0123456789abcdef', 'naa.0123456789abcdef0123456789abcdef', 'naa.0123456789abcdef0', 'naa.x', 'nab.x', 'x', rest + 'a.', 'iqn.2026-01.a\udcff']
	for strict in 'NY':
	    with open('/sys/module/iser_tgt/parameters/strict_names', 'w') as file:
	        file.write(strict)
	    for name in names:
	        try:
	            os.mkdir(os.fsencode(sys.argv[1] + '/' + name))
	            os.rmdir(os.fsencode(sys.argv[1] + '/' + name))
	            taken = True
	        except OSError:
	            taken = False
	        if taken != (not name_fault(name) and not (strict == 'Y' and name_doubt(name))):
	            print(strict, ascii(name), taken)
END
is "$? $(cat /tmp/rule)" "0 " "the tools' rule for names is that of the module"
echo N >/sys/module/iser_tgt/parameters/strict_names
target_again() { make_target "$IQN" disk && add_portal "$IQN" "$IP:$PORT" && enable "$IQN"; }
works "a target again" target_again

# as if ib_isert had served it until now
printf '{ "targets": [ { "fabric": "iscsi", "wwn": "%s", "tpgs": [ { "tag": 1, "portals": [\n { "ip_address": "%s", "port": %d, "iser": true } ] } ] } ] }\n' \
	"$IQN" "$IP" "$PORT" >$saved
healthy "a portal that served TCP"
has "... is noted" "^note: $saved:2: $IQN, tpgt_1: portal $IP:$PORT served TCP as well, and does not any more"
rm $saved

for np in "$dir"/np/*; do rmdir "$np"; done
sick "no portal" "$IQN, tpgt_1 has no portal" "mkdir $dir/np/ADDRESS:3260"
works "all is removed" remove_all
done_testing
