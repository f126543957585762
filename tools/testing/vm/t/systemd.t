#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The packages on a machine with systemd: the configuration that targetcli saved is restored at the next boot, and the initiator logs in to its
# disk; an upgrade replaces the loaded module; the package is not removed during a session. A node that is fenced by a reservation stays out,
# from the first login after boot or upgrade on; an upgrade that would let it in leaves the old module in service. systemd boots in a namespace
# of the guest, so that the initiators outside keep running while the "server" reboots.
# needs: packages prometheus

seconds=1500
. "$(dirname "$0")/../in-guest"

saved=/etc/rtslib-fb-target/saveconfig.json
a=iqn.2026-01.org.example:a b=iqn.2026-01.org.example:b
# shellcheck source=tools/testing/vm/guest/fencing.sh
. /src/tools/testing/vm/guest/fencing.sh
ours() { find /usr /etc /var/lib \( -iname '*iser_tgt*' -o -iname '*iser-tgt*' \) -not -path '/usr/lib/modules/*' | sort; }
boot() {
	unshare --pid --fork --mount --cgroup --kill-child --propagation private sh -c '
		mount -t proc proc /proc && mount -t tmpfs -o mode=755 run /run && mount -t tmpfs tmp /tmp &&
		mkdir -p /run/lock && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec env -i container=test /lib/systemd/systemd' >"$HERE/systemd.log" 2>&1 &
	OUTER=$!
	wait_for 30 "systemd" has_systemd && wait_for 360 "the end of booting" booted
}
has_systemd() { INNER=$(pgrep -P "$OUTER") && [ "$(cat "/proc/$INNER/comm")" = systemd ]; }
inside() { nsenter -t "$INNER" -m -p -C -- "$@"; }
booted() {
	case $(inside systemctl is-system-running) in running|degraded) inside systemctl is-active rtslib-fb-targetctl.service ;; *) return 1 ;; esac
}
# shutdown : ends systemd and unloads the module, as a shutdown of the server does
shutdown() {
	inside systemctl poweroff
	wait_for 120 "the end of systemd" gone "/proc/$OUTER/exe" || return
	iser-tgt-clear --unload
}
# Diagnostics of a boot that does not end.
trouble() {
	tail -n 20 "$HERE/systemd.log"
	inside systemctl list-jobs
	inside systemctl --failed --no-legend
	inside systemctl status --no-pager -n 20 rtslib-fb-targetctl.service
	inside journalctl -b --no-pager -n 40
} 2>&1
# b_tries : b writes again and again, until b_has_tried
b_tries() {
	rm -f /tmp/let-in /tmp/tries
	while :; do
		writes "$B" 2>/dev/null && echo "b wrote at $(date +%T)" >>/tmp/let-in
		echo >>/tmp/tries
		nap 200
	done &
	trying=$!
}
b_has_tried() {
	kill $trying
	wait $trying 2>/dev/null
	is "$(cat /tmp/let-in 2>/dev/null)" "" "b has tried to write $(wc -l </tmp/tries) times meanwhile, in vain"
}
# newer VERSION : the packages, with this version
newer() {
	local deb
	for deb in /src/build/deb/iser-tgt-*_all.deb; do
		rm -rf /tmp/deb && dpkg-deb -R "$deb" /tmp/deb && sed -i -E "/^(Version|Depends): /s/$version\b/$1/" /tmp/deb/DEBIAN/control || return
		dpkg-deb -Znone -b /tmp/deb "/tmp/newer-${deb##*/}" || return
	done
}
install_newer() { dpkg -i --force-depends /tmp/newer-*.deb; }
# another_module SRCVERSION : what DKMS would build
another_module() { sed -i "s/srcversion=$(modinfo -F srcversion iser_tgt)/srcversion=$1/" "/lib/modules/$KVER/updates/iser_tgt.ko"; }
running() { cat /sys/module/iser_tgt/srcversion; }

logged_in() { grep -qs LOGGED_IN /sys/class/iscsi_session/session*/state; }
tc() { inside targetcli "$@" >/tmp/out 2>&1; }

is "$(ours)" "" "a machine without files of iser_tgt"
# The guest has no compiler, so the module is copied instead of built by DKMS. tools/testing/packages tests DKMS.
mkdir -p /usr/lib/dkms && printf '#!/bin/sh\n' >/usr/lib/dkms/common.postinst && chmod +x /usr/lib/dkms/common.postinst
install_packages() { dpkg -i --force-depends /src/build/deb/iser-tgt-*_all.deb; }
works "the packages are installed" install_packages || bail "no packages"
mkdir -p /tmp/mods/up /tmp/mods/work "${saved%/*}"
mount -t overlay -o "lowerdir=/usr/lib/modules,upperdir=/tmp/mods/up,workdir=/tmp/mods/work" overlay /usr/lib/modules || bail "no overlay"
mkdir -p "/lib/modules/$KVER/updates" && cp "$(module)" "/lib/modules/$KVER/updates/" && depmod -a || bail "depmod"
# the initiator is outside
for unit in iscsid.service iscsid.socket open-iscsi.service multipathd.service multipathd.socket systemd-udevd.service; do
	ln -sf /dev/null "/etc/systemd/system/$unit"
done
mkdir -p /etc/systemd/system/multi-user.target.wants
ln -sf /lib/systemd/system/rtslib-fb-targetctl.service /etc/systemd/system/multi-user.target.wants/

# what exporter and units need of Debian and of the kernel
cp -r /src/build/prometheus/python/. /usr/lib/python3/dist-packages/
mkdir -p /var/lib/prometheus/node-exporter
mount -t debugfs none /sys/kernel/debug 2>/dev/null
alone || bail "no RDMA device"
truncate -s 32M /var/disk.img
works "the machine boots" boot || bail "no systemd" "$(trouble)"
works "modules-load.d has loaded the module" [ -d /sys/module/iser_tgt ]
like "$(inside systemctl show -p After rtslib-fb-targetctl.service)" 'network-online.target' "targets are restored after the network"
like "$(inside systemctl show -p After rtslib-fb-targetctl.service)" 'rdma-hw.target' "... and after RDMA"
like "$(inside systemctl show -p Wants rtslib-fb-targetctl.service)" 'network-online.target' "... which the service wants"
works "a target" tc /backstores/fileio create disk /var/disk.img
works "... of the fabric iser" tc /iser create "$IQN"
works "... with a LUN" tc "/iser/$IQN/tpg1/luns" create /backstores/fileio/disk
for name in $INITIATOR $a $b; do works "... for $name" tc "/iser/$IQN/tpg1/acls" create "$name"; done
works "saved" tc saveconfig
cp $saved /tmp/first.json

start_initiator || bail "no iscsid"
discover >/dev/null || not_ok "discovery"
works "login" login || bail "no session"
dev=$(disk) || bail "no disk"
dd if=/dev/urandom of=/tmp/data bs=64k count=16 2>/dev/null
dd if=/tmp/data of="$dev" bs=64k oflag=direct 2>/dev/null

# --- metrics ---
prom=/var/lib/prometheus/node-exporter/iser_tgt.prom
fetched() { inside python3 -c 'import urllib.request; print(urllib.request.urlopen("http://127.0.0.1:13260/metrics", timeout=30).read().decode())' >/tmp/metrics 2>/tmp/err; }
is "$(inside systemctl is-enabled iser-tgt-exporter.service iser-tgt-textfile.timer | paste -sd ' ')" "disabled disabled" "no metrics unless they are wanted"
ip link set lo up
works "iser-tgt-exporter.service" inside systemctl start iser-tgt-exporter.service
works "... serves metrics" wait_for 60 "the metrics" fetched || note "$(inside journalctl -u iser-tgt-exporter.service --no-pager -n 10)"
like "$(cat /tmp/metrics)" "^iser_tgt_session_commands_total\{initiator=\"$INITIATOR\"" "... of the session"
like "$(cat /tmp/metrics)" '^iser_tgt_logins_pending 0' "... and of debugfs"
fails "... without being root" [ "$(inside stat -c %u "/proc/$(inside systemctl show -p MainPID --value iser-tgt-exporter.service)")" = 0 ]
works "it is stopped" inside systemctl stop iser-tgt-exporter.service
works "iser-tgt-textfile.timer" inside systemctl start iser-tgt-textfile.timer
works "... writes the text file" wait_for 60 "the text file" test -s $prom || note "$(inside journalctl -u iser-tgt-textfile.service --no-pager -n 10)"
like "$(cat $prom)" '^iser_tgt_logins_pending 0' "... of the same metrics"
works "it is stopped" inside systemctl stop iser-tgt-textfile.timer

works "logout" logout
initiators a b
both_back || bail "no disks"
works "a fences b, with APTPL" fence --param-aptpl
fenced "before the reboot"
before=$(full)
b_tries
works "the server shuts down" shutdown || bail "no shutdown"
fails "the module is unloaded" test -d /sys/module/iser_tgt
fails "the session is down" logged_in
works "the server boots" boot || bail "no systemd" "$(trouble)"
works "the target is restored" test -d "$CFS/iser/$IQN/tpgt_1/np/0.0.0.0:3260"
works "the initiators log in again by themselves" both_back
b_has_tried
is "$(full)" "$before" "the service has restored the registration, and its holder"
fenced "after the reboot"
works "... and finds its data" cmp -i 8192 -n 1040384 /tmp/data "$A"
works "saved again" tc saveconfig
# rtslib of Debian 12 has the ACLs in the order of the directory
cat >/tmp/same <<'END'
import json, sys
def load(name):
    with open(name) as file:
        config = json.load(file)
    for target in config["targets"]:
        for tpg in target["tpgs"]:
            tpg["node_acls"].sort(key=lambda acl: acl["node_wwn"])
    return config
a, b = map(load, sys.argv[1:])
assert a == b, (a, b)
END
works "... the file is the same" python3 /tmp/same /tmp/first.json "$saved"


# --- upgrade ---
was=$(running)
fails "removal while the initiator is logged in is refused" dpkg --purge --force-depends iser-tgt-dkms
like "$(cat /tmp/out)" "logged in: $a" "... names the initiator"
works "... and changes nothing" logged_in
works "the same packages again" install_packages
is "$(running)" "$was" "... keep the loaded module"
version=$(dpkg-query -W -f '${Version}' iser-tgt-dkms)
another_module 0123456789ABCDEF0123456
works "newer packages" newer 99 || bail "no newer packages"
b_tries
works "an upgrade" install_newer
is "$(running) $(dpkg-query -W -f '${Version} ${db:Status-Status}' iser-tgt-dkms)" "0123456789ABCDEF0123456 99 installed" "... replaces the loaded module"
works "the initiators log in again by themselves" both_back
b_has_tried
is "$(full)" "$before" "the registration and its holder are as before"
fenced "after the upgrade"
works "a gives it up" unfence
works "a fences b, without APTPL" fence
before=$(full)
another_module 0000000000000000000FFFF
sessions=$(cat /sys/class/iscsi_session/session*/state)
works "an upgrade that would lose it" install_newer
like "$(cat /tmp/out)" "lost with the targets: $IQN, lun_0 \(disk\): reservation .* of $a \(key 0xaaaa\): made without APTPL" "... names the reservation"
like "$(cat /tmp/out)" "the old module serves on" "... says what serves"
is "$(running) $(dpkg-query -W -f '${Version} ${db:Status-Status}' iser-tgt-dkms)" "0123456789ABCDEF0123456 99 installed" "... leaves the old module, and is complete"
is "$(dpkg --audit)$(cat /sys/class/iscsi_session/session*/state)" "$sessions" "... nothing is left half done, no session has ended"
is "$(full)" "$before" "... the registration is as before"
fenced "as before"
works "a gives it up" unfence
works "then iser-tgt-reload" iser-tgt-reload
is "$(running)" 0000000000000000000FFFF "... replaces the module"
works "the initiators log in again by themselves" both_back
works "... and find their data" cmp -i 8192 -n 1040384 /tmp/data "$A"

# --- removal ---
stop_initiator
works "removal without a session" dpkg --purge --force-depends iser-tgt-dkms
fails "... unloads the module" test -d /sys/module/iser_tgt
works "the server shuts down" inside systemctl poweroff
wait_for 120 "the end of systemd" gone "/proc/$OUTER/exe" || not_ok "systemd ends"
works "the tools and the agents are purged" dpkg --purge iser-tgt-tools iser-tgt-ha
is "$(ours)" "" "nothing is left behind"
done_testing
