#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Logins that must be refused, with the right status on the wire, and without effect on initiators that may log in.
# differs by: link

. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
simple_target rd 16 || bail "no target"
start_initiator || bail "no iscsid"
discover >/dev/null

# refused TEXT STATUS IQN : a login that ends with the class and detail
refused() {
	local from
	from=$(wc -l <"$HERE/iscsid.log")
	iscsiadm -m node -T "$3" -p "$IP:$PORT" -I iser -o update -n node.session.initial_login_retry_max -v 1 >/dev/null
	fails "$1" timeout 60 iscsiadm -m node -T "$3" -p "$IP:$PORT" -I iser --login
	like "$(tail -n "+$((from + 1))" "$HERE/iscsid.log" | grep -E 'login response status|login rejected|Giving up')" "login response status $2" \
		"... with status $2"
	iscsiadm -m node -T "$3" -p "$IP:$PORT" --logout >/dev/null 2>&1
	wait_for 10 "no session" no_sessions
}

wrong=iqn.2026-01.org.example:nobody
iscsiadm -m node -o new -T $wrong -p "$IP:$PORT" -I iser >/dev/null
refused "a name that is no target" 0203 $wrong

disable "$IQN"
refused "a disabled TPG" 0301 "$IQN"
is "$(discover 2>&1 | grep -c "$IQN")" 0 "a disabled TPG is not discovered"
enable "$IQN"
discover >/dev/null
works "enabled, the login works" login
dev=$(disk) || bail "a disk" "none appeared"
works "and reads" dd if="$dev" of=/dev/null bs=64k count=16 iflag=direct status=none
works "logout" logout

# a second target without sessions and without demo mode
locked=iqn.2026-01.org.example:locked
make_target $locked disk && add_portal $locked "$IP:$PORT" && echo 0 >"$(tpg $locked)/attrib/generate_node_acls" && enable $locked ||
	not_ok "a second target on the same portal"
iscsiadm -m node -o new -T $locked -p "$IP:$PORT" -I iser >/dev/null
refused "an initiator without an ACL" 0202 $locked
acl=$(tpg $locked)/acls/$INITIATOR
mkdir "$acl" "$acl/lun_0" && ln -s "$(tpg $locked)/lun/lun_0" "$acl/lun_0/lun"
works "with an ACL it logs in" login $locked
works "and sees its LUN" disk $locked
works "logout again" logout $locked
echo 1 >"$(tpg $locked)/attrib/authentication"
refused "no CHAP where authentication is required" 0201 $locked

works "the initiator stops" stop_initiator
works "all is removed" remove_all
done_testing
