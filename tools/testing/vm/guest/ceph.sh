# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# A Ceph of one node: a monitor and an OSD on /dev/vdc, reached at $CEPH_ADDRESS. Its configuration is left in /scratch/ceph for the other guests.
# Sourced after lib.sh.

ceph_runs() {
	local fsid osd
	fsid=$(uuidgen) osd=$(uuidgen)
	mkdir -p /etc/ceph /var/lib/ceph/{mon/ceph-lab,osd/ceph-0} /run/ceph /scratch/ceph
	# an emulated processor: one shard, small caches, and long time limits
	cat >/etc/ceph/ceph.conf <<-END
		[global]
		fsid = $fsid
		mon host = [v2:$CEPH_ADDRESS:3300,v1:$CEPH_ADDRESS:6789]
		mon initial members = lab
		auth cluster required = cephx
		auth service required = cephx
		auth client required = cephx
		mon allow pool size one = true
		osd pool default size = 1
		osd pool default min size = 1
		osd pool default pg autoscale mode = off
		osd crush chooseleaf type = 0
		osd heartbeat grace = 300
		osd op num shards = 1
		osd op num threads per shard = 2
		osd memory target = 939524096
		bluestore cache autotune = false
		bluestore cache size = 33554432
		mon osd down out interval = 0
	END
	ceph-authtool --create-keyring /etc/ceph/ceph.client.admin.keyring --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' &&
		cp /etc/ceph/ceph.client.admin.keyring /tmp/keyring &&
		ceph-authtool /tmp/keyring --gen-key -n mon. --cap mon 'allow *' &&
		monmaptool --create --fsid "$fsid" --addv lab "[v2:$CEPH_ADDRESS:3300,v1:$CEPH_ADDRESS:6789]" --enable-all-features /tmp/monmap &&
		ceph-mon --mkfs -i lab --monmap /tmp/monmap --keyring /tmp/keyring || return
	ceph-mon -i lab
	wait_for 120 "the monitor" timeout 30 ceph health || return
	ceph-authtool --create-keyring /var/lib/ceph/osd/ceph-0/keyring --gen-key -n osd.0 &&
		printf '{"cephx_secret": "%s"}' "$(ceph-authtool -p -n osd.0 /var/lib/ceph/osd/ceph-0/keyring)" >/tmp/secret &&
		ceph osd new "$osd" -i /tmp/secret && ln -s /dev/vdc /var/lib/ceph/osd/ceph-0/block &&
		ceph-osd -i 0 --mkfs --osd-uuid "$osd" --osd-objectstore bluestore || return
	ceph-osd -i 0
	wait_for 120 "the OSD" osd_is_up && ceph osd pool create rbd 8 8 && ceph osd pool application enable rbd rbd || return
	cp /etc/ceph/* /scratch/ceph/
} >/tmp/ceph.out 2>&1
osd_is_up() { ceph osd stat | grep -q '1 up'; }
ceph_stops() { pkill ceph-osd; pkill ceph-mon; wait_for 30 "the end of Ceph" eval '! pgrep "ceph-(osd|mon)"'; }
