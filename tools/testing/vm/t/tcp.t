#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A target below iser/ is for RDMA only: it does not answer on TCP, and a TCP target of the iscsi fabric works beside it.
# differs by: link

. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
works "the portal listens (on $LINK)" simple_target rd 32 || bail "no target" "$(cat /tmp/out)"
start_initiator || bail "no iscsid"

# speaks TCP to the portal: a login request with InitiatorName and a discovery session; prints what happens
speak() {
	python3 - "$1" "$2" <<'END'
import socket, struct, sys
text = b"InitiatorName=iqn.2026-01.org.example:tcp\0SessionType=Discovery\0AuthMethod=None\0"
pdu = struct.pack(">BBHB3s6sHIHHII16x", 0x43, 0x87, 0, 0, len(text).to_bytes(3, "big"), b"\x80\0\0\0\0\1", 0, 1, 0, 0, 1, 1)
pdu += text + b"\0" * (-len(text) % 4)
try:
    s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)
except ConnectionRefusedError:
    print("refused"); sys.exit()
except OSError:
    print("unreachable"); sys.exit()
s.settimeout(3)
try:
    s.sendall(pdu)
    answer = s.recv(48)
    print("answered" if answer else "closed")
except ConnectionResetError:
    print("closed")
except OSError:
    print("silent")
END
}
case $LINK in
rxe)
	is "$(speak "$IP" "$PORT")" refused "a TCP connection to the portal is refused"
	is "$(speak "$IP6" "$PORT")" refused "nor on IPv6"
	is "$(ss -Hltn "sport = :$PORT")" "" "no TCP listener on the port"
	tcp_port=$PORT
	;;
siw)
	# iWARP itself runs over TCP: a TCP connection is accepted, but iSCSI without RDMA gets no answer on it
	like "$(speak "$IP" "$PORT")" 'closed|silent|refused' "iSCSI over plain TCP to the portal gets no answer"
	tcp_port=3261
	;;
esac
discover >/dev/null
works "a login by RDMA still works" login
dev=$(disk) || bail "a disk" "none appeared"

# the same machine also serves a TCP target, on rxe even on the same address and port
tcp=iqn.2026-01.org.example:tcp
beside() {
	modprobe iscsi_target_mod && mkdir -p "$CFS/iscsi" && backstore other rd 32 && FABRIC=iscsi make_target $tcp other &&
		mkdir "$CFS/iscsi/$tcp/tpgt_1/np/$IP:$tcp_port" && FABRIC=iscsi enable $tcp
}
works "a TCP target beside it on port $tcp_port" beside
is "$(speak "$IP" "$tcp_port")" answered "it answers on TCP"
found=$(iscsiadm -m discovery -t st -p "$IP:$tcp_port" -I default -o nonpersistent 2>&1)
is "$(grep -o 'iqn.*' <<<"$found" | sort -u)" $tcp "discovery by TCP shows the TCP target only"
found=$(discover "$IP:$PORT" -o nonpersistent 2>&1)
is "$(grep -o 'iqn.*' <<<"$found" | sort -u)" "$IQN" "discovery by RDMA shows the iSER target only"
iscsiadm -m node -o new -T $tcp -p "$IP:$tcp_port" -I default >/dev/null
works "login by TCP" iscsiadm -m node -T $tcp -p "$IP:$tcp_port" -I default --login
tcp_dev=$(disk $tcp) || bail "a disk by TCP" "none appeared"
for pair in "$dev 1" "$tcp_dev 2"; do
	read -r d seed <<<"$pair"
	fio --name="side$seed" --filename="$d" --direct=1 --ioengine=libaio --rw=randrw --bs=32k --iodepth=8 --size=16M --verify=crc32c \
		--verify_fatal=1 --randseed="$seed" >"/tmp/fio$seed" 2>&1 &
	eval "fio$seed=$!"
done
works "both at once, verified: RDMA" wait "${fio1:?}"
works "both at once, verified: TCP" wait "${fio2:?}"
works "logout by TCP" iscsiadm -m node -T $tcp -p "$IP:$tcp_port" -I default --logout
works "logout by RDMA" logout
works "the initiator stops" stop_initiator
FABRIC=iscsi remove_target $tcp || not_ok "the TCP target is removed"
works "all is removed" remove_all
done_testing
