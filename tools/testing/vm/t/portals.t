#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Portals that are created before their address, their RDMA device or both; that lose them; whose port is in use; and portals in other network
# namespaces.
# differs by: link
# needs: conformance

# shellcheck disable=SC2016 # commands for eval
seconds=900
. "$(dirname "$0")/../in-guest"

load_link || bail "no soft RDMA driver"
modprobe -a ib_uverbs rdma_ucm rdma_cm veth && modprobe dummy numdummies=0 || bail "no modules"
no_portal_yet() { load_target && backstore disk rd 16 && make_target "$IQN" disk && enable "$IQN"; }
works "a target, on a machine without address and device" no_portal_yet || bail "no target"
start_initiator || bail "no iscsid"

crowd() { /src/tools/testing/conformance/crowd "$@"; }
state() { cat "$(tpg "${2:-$IQN}")/np/$1/state"; }
in_state() { [ "$(state "$1" "${3:-$IQN}")" = "$2" ]; }
# becomes STATE PORTAL [IQN] : within seconds, because the target polls for some changes once a second
becomes() {
	local start=${EPOCHREALTIME/./}
	if wait_for 5 "$2 to be $1" in_state "$2" "$1" "${3:-$IQN}"; then ok "$2 is $1 ($(((${EPOCHREALTIME/./} - start) / 1000)) ms)"
	else not_ok "$2 is $1" "state: $(state "$2" "${3:-$IQN}")"; fi
}
# outcome PORTAL [IQN] [COMMAND in front...] : prints the result of a login
outcome() {
	local portal=$1 iqn=${2:-$IQN}
	shift $(($# > 2 ? 2 : $#))
	"$@" timeout $((30 * SLOW)) /src/tools/testing/conformance/crowd attempt --target "$portal" --iqn "$iqn" 2>&1 | tail -n 1
}
serves() { is "$(outcome "$1")" in "... and accepts a login"; }
new_device() { rdma link add "$LINK-$1" type "$LINK" netdev "$1" && wait_for 10 "RDMA link on $1" rdma_active "$LINK-$1"; }
lan() { ip link add "$1" mtu 4200 type dummy && ip link set "$1" up; }
listens_on() { rdma resource show cm_id | grep -q "link $LINK-$1/.*LISTEN.*src-addr ${2/:*}:"; }
reads() { dd if="$dev" of=/dev/null bs=4k count=1 iflag=direct; }

# --- portals before their address and device ---

p4=$IP:$PORT p6=[$IP6]:$PORT
works "a portal without address" add_portal "$IQN" "$p4"
works "... and one of IPv6" add_portal "$IQN" "$p6"
becomes "waiting: address" "$p4"
becomes "waiting: address" "$p6"
works "the addresses are added" eval 'lan lan0 && ip addr add $IP/24 dev lan0 && ip -6 addr add $IP6/64 dev lan0 nodad'
becomes "waiting: device" "$p4"
becomes "waiting: device" "$p6"
works "the device is added" new_device lan0
becomes listening "$p4"
becomes listening "$p6"
serves "$p4"
serves "$p6"

works "a second device, without address" eval 'lan lan1 && new_device lan1'
q=10.0.1.1:$PORT
works "a portal without address" add_portal "$IQN" "$q"
becomes "waiting: address" "$q"
works "the address is added" ip addr add 10.0.1.1/24 dev lan1
becomes listening "$q"
serves "$q"

# --- with a session ---

discover >/dev/null
works "login" login || bail "no session"
dev=$(disk) || bail "no disk"
works "the portal's address is removed" ip addr del "$IP/24" dev lan0
becomes "waiting: address" "$p4"
works "... and added again" ip addr add "$IP/24" dev lan0
becomes listening "$p4"
works "the disk can be read" wait_for 60 "the disk" reads

works "the portal's device is removed" rdma link delete "$LINK-lan0"
becomes "waiting: device" "$p4"
works "... and added again" new_device lan0
becomes listening "$p4"
works "the disk can be read" wait_for 60 "the disk" reads
works "logout" logout

works "the address moves to the other device" eval 'ip addr del $IP/24 dev lan0 && ip addr add $IP/24 dev lan1'
works "... which listens now" wait_for 5 "the move" listens_on lan1 "$p4"
fails "... and the first does not" listens_on lan0 "$p4"
becomes listening "$p4"
serves "$p4"
works "it moves back" eval 'ip addr del $IP/24 dev lan1 && ip addr add $IP/24 dev lan0'
works "... which listens now" wait_for 5 "the move" listens_on lan0 "$p4"

# --- the port is in use ---

other_listens() { rdma resource show cm_id | grep 'comm rping' | grep -q LISTEN; }
rping -s -a "$IP" -p 3261 >/tmp/rping.out 2>&1 &
rping=$!
works "another process listens on this address and port" wait_for 10 "rping" other_listens
fails "a portal there is refused" add_portal "$IQN" "$IP:3261"
like "$(dmesg | tail -n 4)" "port in use" "... and the log has the reason"
kill $rping; wait $rping 2>/dev/null
works "the process has ended" wait_for 10 "rping to end" eval '! other_listens'
works "the portal is created" add_portal "$IQN" "$IP:3261"
becomes listening "$IP:3261"

rping -s -p 3262 >/tmp/rping.out 2>&1 &
rping=$!
works "another process listens on a port of all addresses" wait_for 10 "rping" other_listens
fails "a portal there is refused" add_portal "$IQN" "$IP:3262"
like "$(dmesg | tail -n 4)" "port in use" "... and the log has the reason"
late=10.0.2.1:3262
works "a portal of an address that does not exist yet" add_portal "$IQN" "$late"
becomes "waiting: address" "$late"
works "the address is added" ip addr add 10.0.2.1/24 dev lan0
becomes "error: port in use" "$late"
kill $rping; wait $rping 2>/dev/null
becomes listening "$late"
serves "$late"

works "a portal of all addresses" add_portal "$IQN" "0.0.0.0:3264"
fails "... none of a single address on the same port" add_portal "$IQN" "$IP:3264"
serves "$IP:3264"
# RFC 7143 7.4.2.1: each address is a portal of its own
cat >/tmp/two-discoveries <<'END'
import sys
sys.path.insert(0, "/src/tools/testing/conformance")
from iser.initiator import Session
from iser.runner import Target
sessions = []
for host in sys.argv[2:]:
    s = Session(Target(host, 3264, sys.argv[1], 0, "iqn.2026-01.org.example:twice", 4), isid=0x800000000001)
    s.login(discovery=True)
    sessions.append(s)
for s in sessions:
    if not s.text({"SendTargets": "All"}):
        sys.exit("an empty answer")
END
works "discovery at two of its addresses, with one ISID: both sessions stay" python3 /tmp/two-discoveries "$IQN" "$IP" 10.0.2.1
fails "... at one address the second takes the place of the first" python3 /tmp/two-discoveries "$IQN" "$IP" "$IP"
# Addresses that only a neighbour on the link can use, and those of this host, are named to these alone.
local=$(ip -6 -o addr show dev lan0 scope link | sed -n 's/.*inet6 \([^/]*\).*/\1/p')
if [ -z "$local" ]; then ip -6 addr add fe80::77/64 dev lan0 nodad && local=fe80::77; fi
works "a portal of a link-local address" add_portal "$IQN" "[$local%lan0]:3268"
own=
# siw binds to the address of its own network device, not to one of lo
if [ "$LINK" != siw ]; then
	own=$(tpg)/np/127.0.0.1:3268
	works "... and one of this host" add_portal "$IQN" "127.0.0.1:3268"
fi
listed() { iscsiadm -m discovery -t st -I iser -p "$1" 2>&1 | grep -F "$IQN"; }
all=$(listed "$IP:3264")
like "$all" "$IP:3264," "discovery by $IP names that address"
is "$(grep -E 'fe80|127\.0\.0\.1' <<<"$all")" "" "... and neither of the two"
scope=$(cat /sys/class/net/lan0/ifindex)
works "the RDMA CM reaches the link-local address" bash -c "$(printf 'iscsiadm -m discovery -t st -I iser -p "[%s%%lan0]:3268" >/tmp/linked 2>&1' "$local")" &&
	like "$(cat /tmp/linked)" 'fe80' "... and discovery by it names it (scope $scope)"
rmdir ${own:+"$own"} "$(tpg)/np/[$local%lan0]:3268"

# SCSI-MIB: the instance is the target
mapped_to() { mkdir -p "$(tpg "$1")/acls/$INITIATOR-mib/lun_0" && ln -s "$(tpg "$1")/lun/lun_0" "$(tpg "$1")/acls/$INITIATOR-mib/lun_0/disk"; }
inst() { cat "$(tpg "$1")/acls/$INITIATOR-mib/lun_0/statistics/scsi_auth_intr/inst"; }
works "two targets with an ACL" eval 'make_target iqn.2026-01.org.example:instance disk && mapped_to "$IQN" && mapped_to iqn.2026-01.org.example:instance'
like "$(inst "$IQN") $(inst iqn.2026-01.org.example:instance)" '^([0-9]+) [0-9]+$' "... have an instance in their statistics"
works "... each its own" [ "$(inst "$IQN")" != "$(inst iqn.2026-01.org.example:instance)" ]
rm "$(tpg)/acls/$INITIATOR-mib/lun_0/disk" && rmdir "$(tpg)/acls/$INITIATOR-mib/lun_0" "$(tpg)/acls/$INITIATOR-mib"

# the default portal of newer releases of targetcli
works "a portal of all addresses, of IPv6 and IPv4" add_portal "$IQN" "[::0]:3266"
becomes listening "[::0]:3266"
serves "$IP:3266"
serves "[$IP6]:3266"
if [ "$LINK" = siw ]; then
	nc -l "$IP" 3265 >/dev/null 2>&1 &
	nc=$!
	works "another process listens with TCP" wait_for 10 "nc" grep -q ':0CC1 00000000:0000 0A' /proc/net/tcp
	fails "a portal there is refused: siw's connections are TCP's" add_portal "$IQN" "$IP:3265"
	kill $nc; wait $nc 2>/dev/null
fi

# --- network namespaces ---

inside() { local ns=$1; shift; nsenter "--net=/run/netns/$ns" "$@"; }
mkdir_portal() { inside "$1" mkdir "$(tpg "$2")/np/$3"; }
second=$IQN:second
works "a second target" eval 'backstore more rd 16 && make_target "$second" more && enable "$second" && ip netns add a'
works "a portal in another namespace, which has no such address" mkdir_portal a "$second" "$p4"
becomes "waiting: address" "$p4" "$second"
is "$(outcome "$p4" "$second")" "refused 0203" "the second target is not known at the portal of this namespace"
becomes listening "$p4"
if [ "$LINK" = siw ]; then
	rmdir "$(tpg "$second")/np/$p4"
	works "the address and a device there" eval 'ip -n a link set lo up && ip -n a link add lana type dummy && ip -n a link set lana up && ip -n a addr add $IP/24 dev lana &&
		inside a rdma link add siw-lana type siw netdev lana'
	works "a portal there" mkdir_portal a "$second" "$p4"
	becomes listening "$p4" "$second"
	is "$(outcome "$p4" "$second" nsenter --net=/run/netns/a)" in "from that namespace: its target accepts a login"
	is "$(outcome "$p4" "$IQN" nsenter --net=/run/netns/a)" "refused 0203" "... the other is unknown"
	is "$(outcome "$p4" "$second")" "refused 0203" "from this namespace: the second target is unknown"
	serves "$p4"
else
	skip "a session in another namespace" "soft RoCE sends only in the first"
fi
works "a third namespace, with a cable to this one" eval 'ip netns add c && ip link add cable type veth peer name far netns c'
works "a portal in it" mkdir_portal c "$second" "10.0.9.1:$PORT"
works "the namespace is removed" ip netns del c
fails "... and still exists, because the portal holds it" eval 'wait_for 1 "its end" gone /sys/class/net/cable 2>/dev/null'
works "the portal is removed" rmdir "$(tpg "$second")/np/10.0.9.1:$PORT"
works "... and with it the namespace" wait_for 10 "its end" gone /sys/class/net/cable

stop_initiator
works "all is removed" remove_all
ip netns del a
done_testing
