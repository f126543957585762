# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# ib_srpt and its initiator in the same guest: another target of LIO on the RDMA device. Sourced after lib.sh.

SRP_PORT=5555

srpt_tpg() {
	local gid
	gid=$(cat "/sys/class/infiniband/$LINK-lan0/ports/1/gids/0") && echo "$CFS/srpt/0x${gid//:/}/tpgt_1"
}
# GUID of the device, which identifies both sides here
srpt_guid() { sed 's/^0x//' /sys/module/ib_srpt/parameters/srpt_service_guid; }
# srpt_up DISK : exports it at the guest's address, with shared receive queues
srpt_up() {
	local tpg acl
	modprobe -a ib_srpt ib_srp && backstore srp dev "$1" || return
	tpg=$(srpt_tpg) && mkdir -p "$tpg" && mkdir "$tpg/lun/lun_0" && ln -s "$(backstore_dir srp)" "$tpg/lun/lun_0/srp" || return
	# ib_srpt has no demo mode, and warns when it refuses an initiator without ACL
	acl=$tpg/acls/0x0000000000000000$(srpt_guid)
	mkdir "$acl" && mkdir "$acl/lun_0" && ln -s "$tpg/lun/lun_0" "$acl/lun_0/lun" || return
	echo $SRP_PORT >"$CFS/srpt/discovery_auth/rdma_cm_port" && echo 1 >"$tpg/attrib/use_srq" && echo 1 >"$tpg/enable"
}
srpt_down() {
	local tpg acl
	tpg=$(srpt_tpg)
	echo 0 >"$tpg/enable"
	acl=$(echo "$tpg"/acls/*)
	rm "$acl/lun_0/lun" "$tpg/lun/lun_0/srp" && rmdir "$acl/lun_0" "$acl" "$tpg/lun/lun_0" "$tpg" "${tpg%/*}" "$CFS/srpt" && remove_backstore srp
}

srp_connect() {
	local guid
	guid=$(srpt_guid)
	echo "id_ext=$guid,ioc_guid=$guid,dest=$IP:$SRP_PORT" >"/sys/class/infiniband_srp/srp-$LINK-lan0-1/add_target"
}
srp_disconnect() {
	local dir
	for dir in /sys/class/srp_remote_ports/port-*; do echo 1 >"$dir/delete" || return; done
	wait_for 20 "the removal of the SRP port" no_srp
}
no_srp() { ! compgen -G '/sys/class/srp_remote_ports/port-*' >/dev/null; }
srp_ready() {
	local host
	for host in /sys/class/scsi_host/host*/ioc_guid; do
		compgen -G "${host%/*}/device/target*/*:0/block/sd*" >/dev/null && return
	done
	return 1
}
