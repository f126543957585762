#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# iser-tgt-doctor on simulated machines: all kinds of RDMA devices, a missing subnet manager, Secure Boot, packages of another version.
# Whatever a virtual machine can reproduce is in tools/testing/vm/t/doctor.t.

. "$(dirname "$0")/../lib.sh"

port=/sys/class/infiniband/mlx5_0/ports/1
at=/sys/kernel/config/target/iser/$IQN/tpgt_1
release=$(uname -r)
like_release=${release//+/[+]}

# --- healthy RDMA devices ---
for kind in roce infiniband iwarp; do
	new_machine
	card mlx5_0 eth0 $kind
	healthy "$kind"
	is "$(cat "$work/doctor")" "nothing is wrong: 1 targets, 1 portals, 1 RDMA ports" "... and no more is said"
	says nft '{"nftables":[{"chain":{"family":"inet","table":"filter","name":"input","hook":"input","policy":"drop"}}]}'
	healthy "... a card passes the kernel's firewall by"
done
new_machine
card rxe0 eth0 rxe
says nft '{"nftables":[{"chain":{"family":"inet","table":"filter","name":"input","hook":"input","policy":"drop"}}]}'
sick "... soft RoCE does not" 'the firewall drops UDP port 4791' 'nft list ruleset' \
	'nft insert rule inet filter input udp dport 4791 accept'
says nft '{"nftables":[{"chain":{"family":"ip6","table":"filter","name":"input","hook":"input","policy":"drop"}}]}'
healthy "... whose portal of IPv4 no table of IPv6 concerns"
says nft '{"nftables":[{"chain":{"family":"inet","table":"filter","name":"input","hook":"input","policy":"drop"}}]}'
portal '[2001:db8::1]:3260' listening
file /sys/class/infiniband/rxe0/ports/1/gids/1 2001:0db8:0000:0000:0000:0000:0000:0001
says ip '[{"ifname":"eth0","addr_info":[{"local":"192.0.2.1"},{"local":"2001:db8::1"}]}]'
sick "... one table that drops for portals of both is one problem" 'the firewall drops UDP port 4791' 'nft list ruleset' \
	'nft insert rule inet filter input udp dport 4791 accept'
says nft '{"nftables":[{"chain":{"family":"ip6","table":"filter","name":"input","hook":"input","policy":"drop"}}]}'
rm -r "$tpg/np/192.0.2.1:3260"
says ip '[{"ifname":"eth0","addr_info":[{"local":"2001:db8::1"}]}]'
sick "... and one of IPv6 it does" 'the firewall drops UDP port 4791' 'nft list ruleset' 'nft insert rule ip6 filter input udp dport 4791 accept'

# --- firewalls, as their tools print them ---
new_machine
card rxe0 eth0 rxe
chain='{"chain":{"family":"inet","table":"filter","name":"input","hook":"input","policy":"drop"}}'
# nft_rule EXPRESSION... : a rule in a chain with policy drop
nft_rule() { says nft "{\"nftables\":[$chain,{\"rule\":{\"family\":\"inet\",\"table\":\"filter\",\"chain\":\"input\",\"expr\":[$1]}}${2:+,$2}]}"; }
nft_rule '{"match":{"op":"in","left":{"ct":{"key":"state"}},"right":["established","new"]}},{"accept":null}'
healthy "nftables lets in what is new"
nft_rule '{"match":{"op":"in","left":{"ct":{"key":"state"}},"right":["established","related"]}},{"accept":null}'
sick "... and what is old" 'the firewall drops UDP port 4791' 'nft list ruleset' 'nft insert rule inet filter input udp dport 4791 accept'
nft_rule '{"match":{"op":"!=","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":22}},{"drop":null}' \
	'{"rule":{"family":"inet","table":"filter","chain":"input","expr":[{"accept":null}]}}'
healthy "... a rule of TCP does not concern UDP"
world='{"rule":{"family":"inet","table":"filter","chain":"world","expr":[{"match":{"op":"==","left":{"payload":{"protocol":"udp","field":"dport"}},"right":4791}},{"accept":null}]}}'
nft_rule '{"vmap":{"key":{"meta":{"key":"iifname"}},"data":{"set":[["lo",{"accept":null}],["eth0",{"jump":{"target":"world"}}]]}}}' "$world"
healthy "... a map of verdicts"
nft_rule '{"vmap":{"key":{"meta":{"key":"iifname"}},"data":{"set":[["lo",{"accept":null}],["eth1",{"jump":{"target":"world"}}]]}}}' "$world"
sick "... which has another interface" 'the firewall drops UDP port 4791' 'nft list ruleset' 'nft insert rule inet filter input udp dport 4791 accept'

new_machine
card rxe0 eth0 rxe
# rules made by iptables-nft, as both tools list them
both() {
	says nft '{"nftables":[{"chain":{"family":"ip","table":"filter","name":"INPUT","hook":"input","policy":"drop"}},
		{"rule":{"family":"ip","table":"filter","chain":"INPUT","expr":[{"xt":{"type":"match","name":"comment"}},{"accept":null}]}}]}'
	says iptables-save "*filter
:INPUT DROP [0:0]
$1
COMMIT"
}
both '-A INPUT -p udp -m udp --dport 4791 -m comment --comment "RoCE, the cluster'"'"'s" -j ACCEPT'
healthy "iptables: a rule with a comment"
both '-A INPUT -p udp -m udp --dport 4792 -m comment --comment x -j ACCEPT'
sick "... of another port" 'the firewall drops UDP port 4791' 'nft list ruleset' 'iptables -I INPUT -p udp --dport 4791 -j ACCEPT'
both '-A INPUT -p udp -m set --match-set ours src -j ACCEPT'
healthy "... an option with two values may let it in"
says nft
says iptables-save "# Table \`filter' is incompatible, use 'nft' tool."
healthy "... a remark with three apostrophes"
says iptables-save "*raw
:PREROUTING DROP [0:0]
COMMIT"
sick "... a chain before the filter" 'the firewall drops UDP port 4791' 'nft list ruleset' \
	'iptables -t raw -I PREROUTING -p udp --dport 4791 -j ACCEPT'

new_machine
card mlx5_0 eth0 roce
says rdma '[]'
file $port/gid_attrs/ndevs/0 ''
says ip '[{"ifname":"vlan7","addr_info":[{"local":"192.0.2.1"}]}]'
mkdir -p "$machine/sys/class/net/vlan7/lower_eth0"
healthy "an address on a VLAN of the card"
rmdir "$machine/sys/class/net/vlan7/lower_eth0"
file $port/gids/0 0000:0000:0000:0000:0000:ffff:c000:02ff
sick "... on an interface beside it" 'portal 192.0.2.1:3260 waits: vlan7 has its address, but no RDMA device' 'rdma link show' \
	'modprobe rdma_rxe && rdma link add rxe-vlan7 type rxe netdev vlan7'

# --- ports ---
new_machine
card mlx5_0 ib0 infiniband
file $port/state '2: INIT'
sick "InfiniBand without a subnet manager" 'mlx5_0 port 1 is in state INIT: no subnet manager has set it up' sminfo 'systemctl start opensm'
file $port/state '1: DOWN'
sick "no cable" 'mlx5_0 port 1 is DOWN: no link' 'check cable and switch, then: rdma link show mlx5_0'
file /sys/class/net/ib0/flags 0x1002
sick "the interface is down" 'mlx5_0 port 1 is DOWN: its interface ib0 is down' 'ip link set ib0 up'
new_machine
card mlx5_0 eth0 roce
file $port/gids/0 0000:0000:0000:0000:0000:0000:0000:0000
sick "no GID at all" 'mlx5_0 port 1 has no GID: nobody can address it' 'ip addr show' 'rdma link show mlx5_0'
file $port/gids/0 fe80:0000:0000:0000:0000:0000:0000:0000
sick "... the empty one of a card does not count" 'mlx5_0 port 1 has no GID' 'ip addr show' 'rdma link show mlx5_0'
file $port/gids/0 0000:0000:0000:0000:0000:ffff:c000:02ff
sick "none for the portal's address" 'mlx5_0 port 1 has no GID for 192.0.2.1' 'ip addr show eth0'
file $port/gids/0 0000:0000:0000:0000:0000:ffff:c000:0201
file /sys/class/net/eth0/mtu 576
sick "a small MTU" 'MTU of eth0 is 576: RDMA packets of mlx5_0 carry less than 1024 bytes' 'ip link set eth0 mtu 1500'
file /sys/class/net/eth0/mtu 1500
card mlx5_1 eth1 roce
says rdma '[{"ifname":"mlx5_0","port":1,"netdev":"eth0"},{"ifname":"mlx5_1","port":1,"netdev":"eth1"}]'
says ip '[{"ifname":"eth0","addr_info":[{"local":"192.0.2.1"}]}]'
file /sys/class/infiniband/mlx5_1/ports/1/gids/0 0000:0000:0000:0000:0000:ffff:c000:0202
file /sys/class/infiniband/mlx5_1/ports/1/state '1: DOWN'
healthy "a port that no portal needs may be down" 'mlx5_1 port 1 is DOWN: no link'
rm -r "$tpg/np/192.0.2.1:3260"
portal 0.0.0.0:3260 listening
healthy "... and beside a portal of all addresses" 'mlx5_1 port 1 is DOWN: no link'
file $port/state '1: DOWN'
doctor
is "$(problems)" 2 "... but not all ports"

new_machine
says rdma '[]'
says ip '[{"ifname":"eth0","addr_info":[{"local":"192.0.2.1"}]}]'
sick "no device" 'there is no RDMA device' 'rdma link show' 'modprobe rdma_rxe && rdma link add rxe0 type rxe netdev INTERFACE'
file /sys/bus/pci/devices/0000:01:00.0/class 0x020700
doctor
like "$(cat "$work/doctor")" '^PROBLEM: an InfiniBand card is there, but its driver is not loaded$' "a card without a driver"
like "$(cat "$work/doctor")" '^    next: lspci -k -d ::0207$' "... and how to see which it needs"

# --- portals ---
new_machine
card mlx5_0 eth0 roce
says ip '[{"ifname":"eth0","addr_info":[{"local":"192.0.2.9"}]}]'
sick "an address nobody has" 'portal 192.0.2.1:3260 waits: no interface has its address' 'ip addr add 192.0.2.1/24 dev eth0'
says ip '[{"ifname":"eth0","addr_info":[{"local":"192.0.2.1"}]}]'
portal 192.0.2.1:3260 'error: port in use'
sick "a port that somebody else has" 'portal 192.0.2.1:3260 does not listen: "error: port in use"' 'dmesg | grep iser_tgt | tail'
file "/sys/kernel/config/target/iscsi/$IQN:old/tpgt_1/np/192.0.2.1:3260/iser" 1
sick "... ib_isert has" 'portal 192.0.2.1:3260 does not listen' "rmdir /sys/kernel/config/target/iscsi/$IQN:old/tpgt_1/np/192.0.2.1:3260"
new_machine
card cxgb4_0 eth0 iwarp
says ss 'LISTEN 0 256 0.0.0.0:3260 0.0.0.0:* users:(("tgtd",pid=4711,fd=6))'
sick "iWARP and a process on one port" 'portal 192.0.2.1:3260 shares its port with TCP, which iWARP runs over: process tgtd \(4711\)' \
	'ss -ltnp sport = :3260'
says ss 'LISTEN 0 256 198.51.100.7:3260 0.0.0.0:* users:(("tgtd",pid=4711,fd=6))'
healthy "... on another address"
says ss 'LISTEN 0 256 192.0.2.1:3260 0.0.0.0:*'
healthy "... the card's own socket is nobody's"
says ss 'LISTEN 0 256 [::]%eth0:3260 [::]:* users:(("tgtd",pid=4711,fd=6))'
sick "... a process of IPv6 may have IPv4, too" 'portal 192.0.2.1:3260 shares its port with TCP' 'ss -ltnp sport = :3260'
says ss 'LISTEN 0 256 0.0.0.0:3260 0.0.0.0:* users:(("tgtd",pid=4711,fd=6))'
portal '[2001:db8::1]:3260' listening
rm -r "$tpg/np/192.0.2.1:3260"
says ip '[{"ifname":"eth0","addr_info":[{"local":"2001:db8::1"}]}]'
healthy "... but none of IPv4 has IPv6"
portal 192.0.2.1:3260 listening
rm -r "$tpg/np/[2001:db8::1]:3260"
says ip '[{"ifname":"eth0","addr_info":[{"local":"192.0.2.1"}]}]'
says ss
mkdir -p "$machine/sys/kernel/config/target/iscsi/$IQN:tcp/tpgt_1/np/0.0.0.0:3260"
sick "iWARP and a TCP target on one port" "portal 192.0.2.1:3260 shares its port with TCP, .* iscsi_target_mod, $IQN:tcp" \
	"rmdir /sys/kernel/config/target/iscsi/$IQN:tcp/tpgt_1/np/0.0.0.0:3260"
new_machine
card mlx5_0 eth0 roce
mkdir -p "$machine/sys/kernel/config/target/iscsi/$IQN:tcp/tpgt_1/np/0.0.0.0:3260"
healthy "... which RoCE does not mind"

# --- module and versions ---
new_machine
card mlx5_0 eth0 roce
rm -r "$machine/sys/module" "$machine/sys/kernel/config/target/iser"
sick "the module is not loaded" 'the module iser_tgt is not loaded' 'modprobe iser_tgt'
says mokutil 'SecureBoot enabled'
sick "... with Secure Boot" 'the module iser_tgt is not loaded' 'mokutil --test-key /var/lib/dkms/mok.pub' 'modprobe iser_tgt'
says mokutil 'SecureBoot disabled'
sick "... which is off" 'the module iser_tgt is not loaded' 'modprobe iser_tgt'
says modinfo
sick "none for this kernel" "there is no module iser_tgt for the running kernel, $like_release" "apt-get install linux-headers-$release" \
	"dkms autoinstall -k $release" 'modprobe iser_tgt'
says dkms
sick "... and no DKMS" "there is no module iser_tgt for the running kernel, $like_release" "apt-get install linux-headers-$release" 'make install' \
	'modprobe iser_tgt'
new_machine
card mlx5_0 eth0 roce
says modinfo
healthy "loaded, and not installed" "the module is loaded, but not installed for this kernel, $like_release: it will be gone at the next boot"
like "$(cat "$work/doctor")" "^    next: dkms autoinstall -k $like_release$" "... and what to do"
new_machine
card mlx5_0 eth0 roce
file /sys/module/iser_tgt/srcversion FEDCBA9876543210
sick "replaced since it was loaded" 'the module loaded \(FEDCBA9876543210\) is not the one installed \(0123456789ABCDEF\)' \
	iser-tgt-reload
file /sys/module/iser_tgt/srcversion 0123456789ABCDEF
package 0.2-1
sick "a package of another version" "package iser-tgt-dkms is 0.2-1, but the module installed for $like_release is 0.1" 'dkms status iser_tgt' \
	"dkms autoinstall -k $release"
package 0.1-3+deb12
healthy "a revision of the package is no other version"
says dpkg-query
healthy "no package"
rm -r "$machine/sys/kernel/config/target"
doctor
like "$(cat "$work/doctor")" '^PROBLEM: configfs is not mounted$' "no configfs"
like "$(cat "$work/doctor")" '^    next: mount -t configfs none /sys/kernel/config$' "... and how to mount it"

# --- what is restored at boot, and by which tool ---
new_machine
card mlx5_0 eth0 roce
mkdir -p "$machine/run/systemd/system"
# shellcheck disable=SC2016 # for the script
printf '#!/bin/sh\n[ "$1" = cat ] || { echo disabled; exit 1; }\n' >"$machine/fake/systemctl"
chmod +x "$machine/fake/systemctl"
healthy "a service that is not enabled" 'targets are not restored when the machine starts'
like "$(cat "$work/doctor")" '^    next: systemctl enable rtslib-fb-targetctl.service$' "... and how to enable it"
says systemctl enabled
healthy "one that is"
says systemctl
healthy "none"
mkdir -p "$machine/python/rtslib"
: >"$machine/python/rtslib/__init__.py"
export PYTHONPATH=/python
sick "rtslib without the plug-in" 'rtslib does not know the fabric iser' 'apt-get install --reinstall iser-tgt-tools'
mkdir -p "$machine/python/iser_tgt_rtslib"
: >"$machine/python/iser_tgt_rtslib/__init__.py"
healthy "... with it"
export PYTHONPATH=

# --- what a reload has kept ---
kept=/run/iser-tgt-reload.json lock=/run/iser-tgt-reload.lock
new_machine
card mlx5_0 eth0 roce
cp -r "$TOP/configfs/rtslib" "$machine/"
file $kept '[]'
: >"$machine$lock"
chmod 600 "$machine$lock"
sick "what a reload could not make again" "iser-tgt-reload could not make all again as it was: what is missing is kept in $kept" 'iser-tgt-reload --restore'
file /etc/rtslib-fb-target/saveconfig.json "{ \"targets\": [ { \"fabric\": \"iser\", \"wwn\": \"$IQN:2\", \"tpgs\": [] } ] }"
sick "... is not to be replaced by what is saved" 'iser-tgt-reload could not make all again' 'iser-tgt-reload --restore'
rm -r "${iser:?}/$IQN"
sick "... where there is no target either" 'iser-tgt-reload could not make all again' 'iser-tgt-reload --restore'
new_machine
card mlx5_0 eth0 roce
file $kept '[]'
file "$tpg/drain" 30
file $lock ''
exec 8<"$machine$lock"
flock -n 8 || bail "a lock"
doctor
is "$?: $(cat "$work/doctor")" "0: note: iser-tgt-reload is at work: nothing is looked at until it has ended
    next: iser-tgt-doctor" "a reload that drains is no fault, and is left alone"
doctor --json
like "$(tr -d ' \n' <"$work/doctor")" '^\{"problems":0,"findings":\[\{"level":"note","text":"iser-tgt-reloadisatwork' "... in JSON"
exec 8<&-
doctor
is "$(problems)" 2 "... one that has ended, and has left it so, is"

# --- a gateway of a cluster ---
new_machine
card mlx5_0 eth0 roce
mkdir -p "$machine/run/systemd/system"
cp -r "$TOP/configfs/rtslib" "$machine/"
# shellcheck disable=SC2016 # for the script
printf '#!/bin/sh\ncase $1 in is-active) [ "$2" = "%s.service" ] && echo active ;; is-enabled) echo disabled; exit 1 ;; esac\n' drbd-reactor >"$machine/fake/systemctl"
chmod +x "$machine/fake/systemctl"
healthy "the cluster starts the targets, not the machine"
other=$iser/$IQN/tpgt_2
cp -r "$tpg" "$other"
rm -r "$other"/lun/lun_0 "$other/acls/$INITIATOR/lun_0"
mv "$other/np/192.0.2.1:3260" "$other/np/192.0.2.2:3260"
file "$other/enable" 0
file "$other/attrib/tpg_enabled_sendtargets" 0
healthy "the portal group of the other gateway, which is there for discovery"
file "$other/attrib/tpg_enabled_sendtargets" 1
doctor
like "$(cat "$work/doctor")" "tpgt_2 is not enabled" "... one that discovery does not tell is a fault"
rm -r "${iser:?}/$IQN"
healthy "a gateway on which it does not run" 'there is no target on this node: drbd-reactor makes it where it runs'
is "$(grep -c 'next:' "$work/doctor")" 0 "... is to be left alone"
file $kept '[]'
healthy "... nor is what a reload has kept to be made without a look" "iser-tgt-reload has left targets to drbd-reactor: what they were is kept in $kept" .
is "$(grep 'next:' "$work/doctor")" "    next: iser-tgt-reload --restore
    next: rm $kept" "... by the command that leaves the targets of the cluster alone"
file $kept '[["file", "iqn.2026-01.org.example:own/tpgt_1/auth/password", "secret-of-ours"]]'
sick "a setting that the cluster does not make" "iser-tgt-reload could not make all again as it was: what is missing is kept in $kept" 'iser-tgt-reload --restore'
rm "$machine$kept"
# of before it was a gateway
file /etc/rtslib-fb-target/saveconfig.json "{ \"targets\": [
 { \"fabric\": \"iser\", \"wwn\": \"$IQN\", \"tpgs\": [ { \"tag\": 1, \"portals\": [ { \"ip_address\": \"192.0.2.1\", \"port\": 3260 } ] } ] } ] }"
healthy "... nor is what was saved to be restored there" 'there is no target on this node: drbd-reactor makes it where it runs'
is "$(grep -c 'next:' "$work/doctor")" 0 "... and no command says so"
sed -i 's/echo disabled; exit 1/echo enabled/' "$machine/fake/systemctl"
sick "... but the next boot would" \
	"/etc/rtslib-fb-target/saveconfig.json:2: target $IQN is saved, and restored at the next boot, whether drbd-reactor runs it there or not\$" \
	'systemctl disable rtslib-fb-targetctl.service'
rm "$machine/etc/rtslib-fb-target/saveconfig.json"
doctor
is "$?: $(grep -A 1 '^note: rtslib' "$work/doctor")" "0: note: rtslib-fb-targetctl.service is enabled: it restores what was saved before drbd-reactor starts, and removes all targets when it stops
    next: systemctl disable rtslib-fb-targetctl.service" "... the service is none of a gateway, whatever is saved"
sed -i 's/echo enabled/echo disabled; exit 1/' "$machine/fake/systemctl"
file /sys/module/iser_tgt/srcversion FEDCBA9876543210
sick "... a module that was replaced since it was loaded, when its targets are elsewhere" 'the module loaded' \
	'drbd-reactorctl evict --keep-masked' iser-tgt-reload 'drbd-reactorctl evict --unmask'
sed -i 's/drbd-reactor/pacemaker/' "$machine/fake/systemctl"
sick "... with Pacemaker" 'the module loaded' 'crm node standby' 'crm_resource --wait' iser-tgt-reload 'crm node online'
file /sys/module/iser_tgt/srcversion 0123456789ABCDEF
sed -i 's/pacemaker/iscsid/' "$machine/fake/systemctl"
sick "the same without a cluster" 'there is no target' 'targetcli /iser create'

# --- a gateway whose cluster does not run: another one may serve its targets ---
saved_too() {
	file /etc/rtslib-fb-target/saveconfig.json "{ \"targets\": [ { \"fabric\": \"iser\", \"wwn\": \"$IQN\", \"tpgs\": [] } ] }"
}
saved_too
# stopped TEXT SERVICE : two notes, and no command but to start the cluster
stopped() {
	healthy "$1" "$2 makes the targets, and does not run on this node" "there is no target on this node"
	is "$(grep 'next:' "$work/doctor")" "    next: systemctl start $2" "... is to be left alone until it runs"
}
doctor
like "$(cat "$work/doctor")" '^    next: targetctl restore$' "what is saved, without a cluster, is to be restored"
file /etc/corosync/corosync.conf 'totem { cluster_name: disk }'
stopped "our agents, and a node of corosync" pacemaker
file /sys/module/iser_tgt/srcversion FEDCBA9876543210
sick "... a module that was replaced since it was loaded" 'the module loaded' iser-tgt-reload 'systemctl start pacemaker'
file /sys/module/iser_tgt/srcversion 0123456789ABCDEF
says dpkg-query
doctor
fails "a node of corosync without our agents is no gateway" grep -q pacemaker "$work/doctor"
cib=/var/lib/pacemaker/cib/cib.xml
file $cib '<primitive id="target" class="ocf" provider="heartbeat" type="iSCSITarget"><nvpair name="implementation" value="lio-t"/></primitive>'
doctor
fails "... nor with a target of another fabric" grep -q pacemaker "$work/doctor"
file $cib '<primitive id="target" class="ocf" provider="heartbeat" type="iSCSITarget"><nvpair name="implementation" value="lio-iser"/></primitive>'
stopped "... but with the agents of ClusterLabs for this one" pacemaker
file $cib '<primitive id="target" class="ocf" provider="iser-tgt" type="iSERTarget"/>'
stopped "... and with ours in its configuration" pacemaker
rm "$machine$cib"
file /etc/drbd-reactor.d/r0.toml 'start = [ "ocf:iser-tgt:iSERTarget target iqn=x" ]'
stopped "a promoter of drbd-reactor" drbd-reactor
file /etc/drbd-reactor.d/r0.toml 'start = [ "ocf:heartbeat:iSCSITarget target iqn=x implementation=lio-iser" ]'
stopped "... with the agents of ClusterLabs" drbd-reactor
mv "$machine/etc/drbd-reactor.d/r0.toml" "$machine/etc/drbd-reactor.d/r0.toml.disabled"
file /etc/drbd-reactor.d/other.toml '# start = [ "ocf:iser-tgt:iSERTarget target iqn=x" ]'
doctor
fails "... one that is disabled, or a comment, is none" grep -q drbd-reactor "$work/doctor"
rm "$machine/etc/corosync/corosync.conf"
package 0.1
# shellcheck disable=SC2016 # for the script
printf '#!/bin/sh\n[ "$*" = "is-enabled pacemaker.service" ] && echo enabled || { echo disabled; exit 1; }\n' >"$machine/fake/systemctl"
stopped "our agents, and Pacemaker is to start at boot" pacemaker

# --- portal groups, LUNs, access ---
new_machine
card mlx5_0 eth0 roce
file "$tpg/enable" 0
sick "a disabled portal group" "$IQN, tpgt_1 is not enabled" "echo 1 > $at/enable"
file "$tpg/enable" 1
file "$tpg/drain" 30
sick "a drained one" "$IQN, tpgt_1 is drained: logins are refused" "echo 0 > $at/drain"
file "$tpg/drain" 0
file "$tpg/param/TargetMoved" Permanently
file "$tpg/param/TargetMovedAddress" 192.0.2.7:3260
healthy "a target that has moved" "$IQN, tpgt_1 sends initiators on to 192.0.2.7:3260"
file "$tpg/param/TargetMovedAddress" ''
sick "... to nowhere" "$IQN, tpgt_1 sends initiators on to nowhere" "echo No > $at/param/TargetMoved"
file "$tpg/param/TargetMoved" No
file /sys/kernel/config/target/core/iblock_0/disk/enable 0
sick "a backstore that is off" "$IQN, tpgt_1: the backstore of lun_0, disk, is not enabled" 'echo 1 > /sys/kernel/config/target/core/iblock_0/disk/enable'
file /sys/kernel/config/target/core/iblock_0/disk/enable 1
store=/sys/kernel/config/target/core/iblock_0/disk
file $store/info "TCM FILEIO ID: 0        File: /srv/a disk  Size: 16777216  Mode: O_DSYNC Async: 1"
says findmnt ext4
sick "asynchronous I/O on ext4" "$IQN, tpgt_1: lun_0: with fd_async_io a READ of /srv/a disk, which is on ext4, may crash" "cat $store/info"
says findmnt xfs
healthy "... on XFS"
says findmnt ext4
file $store/info "TCM FILEIO ID: 0        File: /srv/a disk  Size: 16777216  Mode: O_DSYNC Async: 0"
healthy "... and synchronous I/O on ext4"
rm "$tpg/acls/$INITIATOR/lun_0/disk"
sick "a mapped LUN of nothing" "$IQN, tpgt_1: lun_0 of initiator $INITIATOR is mapped to no LUN" "ln -s $at/lun/lun_0 $at/acls/$INITIATOR/lun_0/"
rmdir "$tpg/acls/$INITIATOR/lun_0"
sick "an ACL without a LUN" "$IQN, tpgt_1: no LUN is mapped to initiator $INITIATOR: it sees no disk" \
	"mkdir $at/acls/$INITIATOR/lun_0 && ln -s $at/lun/lun_0 $at/acls/$INITIATOR/lun_0/"
new_machine
card mlx5_0 eth0 roce
rm -r "$tpg/acls/$INITIATOR"
sick "no ACL" "$IQN, tpgt_1 has no ACL: no initiator may log in" "mkdir $at/acls/INITIATOR-IQN"
file "$tpg/attrib/generate_node_acls" 1
file "$tpg/attrib/authentication" 0
file "$tpg/attrib/demo_mode_write_protect" 0
healthy "open to all" "$IQN, tpgt_1 is open to everybody who reaches it"
file "$tpg/param/AuthMethod" CHAP
sick "... who must authenticate, by the other setting" 'CHAP: an initiator without ACL .* must authenticate, but has no userid and no password: refused' \
	"echo USERID > $at/auth/userid" "echo PASSWORD > $at/auth/password"
auth "$tpg/auth" everybody a-secret-of-14
file "$tpg/attrib/demo_mode_write_protect" 1
healthy "... and may not write" "$IQN, tpgt_1: initiators without ACL may only read"
new_machine
card mlx5_0 eth0 roce
auth "$tpg/acls/$INITIATOR/auth" host-name short
healthy "a secret that not everybody takes" "CHAP: the secret of initiator $INITIATOR has 5 characters; Windows takes 12 to 16"
auth "$tpg/acls/$INITIATOR/auth" NULL NULL
file "$tpg/acls/$INITIATOR/attrib/authentication" 0
healthy "no secret of an initiator that need not authenticate, as its ACL says"
file "$tpg/attrib/authentication" 0
file "$tpg/acls/$INITIATOR/attrib/authentication" 1
sick "... of one that must, as its ACL says" "CHAP: initiator $INITIATOR must authenticate, but has no userid and no password: refused" \
	"echo USERID > $at/acls/$INITIATOR/auth/userid" "echo PASSWORD > $at/acls/$INITIATOR/auth/password"
file "$tpg/acls/$INITIATOR/attrib/authentication" -1
auth "$tpg/acls/$INITIATOR/auth" host-name NULL
sick "a name without a secret, where none is asked for" "CHAP: initiator $INITIATOR has no password" "echo PASSWORD > $at/acls/$INITIATOR/auth/password"
auth "$tpg/acls/$INITIATOR/auth" NULL host-secret-1
sick "... a secret without a name" "CHAP: initiator $INITIATOR has no userid" "echo USERID > $at/acls/$INITIATOR/auth/userid"
auth "$tpg/acls/$INITIATOR/auth" host-name host-secret-1
file "$tpg/acls/$INITIATOR/auth/password_mutual" another-secret
sick "half of mutual CHAP" "CHAP: mutual authentication of initiator $INITIATOR has no userid_mutual" \
	"echo USERID_MUTUAL > $at/acls/$INITIATOR/auth/userid_mutual"
file "$tpg/acls/$INITIATOR/auth/userid_mutual" target-name
healthy "mutual CHAP"
file "$tpg/acls/$INITIATOR/auth/password_mutual" host-secret-1
sick "... with one secret for both" "CHAP: initiator $INITIATOR has the same secret in both directions" \
	"echo ANOTHER > $at/acls/$INITIATOR/auth/password_mutual"
auth "$tpg/acls/$INITIATOR/auth" host-name host-secret-1
file "$iser/discovery_auth/enforce_discovery_auth" 1
sick "discovery that needs a secret and has none" 'CHAP: discovery must authenticate, but has no userid and no password: refused' \
	'echo USERID > /sys/kernel/config/target/iser/discovery_auth/userid' 'echo PASSWORD > /sys/kernel/config/target/iser/discovery_auth/password'
auth "$iser/discovery_auth" disc-name disc-secret-1
healthy "... and has"
rm -r "$tpg/lun/lun_0/disk"
sick "a LUN of nothing" "$IQN, tpgt_1: lun_0 has no backstore" "ln -s /sys/kernel/config/target/core/BACKSTORE/NAME $at/lun/lun_0/"
new_machine
card mlx5_0 eth0 roce
rm -r "$tpg/lun/lun_0" "$tpg/acls/$INITIATOR/lun_0"
sick "no LUN" "$IQN, tpgt_1 has no LUN" "mkdir $at/lun/lun_0 && ln -s /sys/kernel/config/target/core/BACKSTORE/NAME $at/lun/lun_0/"
new_machine
card mlx5_0 eth0 roce
rm -r "$tpg/np/192.0.2.1:3260"
sick "no portal" "$IQN, tpgt_1 has no portal" "mkdir $at/np/ADDRESS:3260"
new_machine
card mlx5_0 eth0 roce
rm -r "${iser:?}/$IQN"
sick "no target" 'there is no target' 'targetcli /iser create'

# --- who asks ---
new_machine
card mlx5_0 eth0 roce
file /sys/kernel/debug/iser_tgt/refusals 'one'$'\n''two'$'\n''three'$'\n''four'
doctor
is "$(grep -c '^note: a login was refused: ' "$work/doctor")" 3 "the last three refused logins"
fails "... not the first" grep -q 'refused: one' "$work/doctor"
file /sys/kernel/debug/iser_tgt/refusals $'iqn.2026-01.org.example:\xc4\x80'
PYTHONIOENCODING=latin-1 doctor
is "$? $(sed -n 's/^note: a login was refused: //p' "$work/doctor")" '0 iqn.2026-01.org.example:\u0100' "a name with a character that the locale lacks"
WHO=65534:65534 doctor
like "$(head -n 1 "$work/doctor")" '^note: run as root to see secrets, firewall and refused logins$' "somebody else is told to ask as root"
done_testing
