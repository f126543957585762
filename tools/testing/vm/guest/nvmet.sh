# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# nvmet-rdma and its initiator in the same guest: another user of the RDMA device. Sourced after lib.sh.

NQN=nqn.2026-01.org.example:disk
NVMET=/sys/kernel/config/nvmet

# nvmet_up DISK : exports it at the guest's address; $nvmet_params are parameters of nvmet-rdma
nvmet_up() {
	# shellcheck disable=SC2086 # words
	modprobe nvme_core multipath=N && modprobe nvmet-rdma ${nvmet_params:-} && modprobe nvme-rdma || return
	mkdir -p "$NVMET/subsystems/$NQN/namespaces/1" || return
	echo 1 >"$NVMET/subsystems/$NQN/attr_allow_any_host"
	echo -n "$1" >"$NVMET/subsystems/$NQN/namespaces/1/device_path"
	echo 1 >"$NVMET/subsystems/$NQN/namespaces/1/enable" || return
	mkdir "$NVMET/ports/1" || return
	echo rdma >"$NVMET/ports/1/addr_trtype"
	echo ipv4 >"$NVMET/ports/1/addr_adrfam"
	echo "$IP" >"$NVMET/ports/1/addr_traddr"
	echo 4420 >"$NVMET/ports/1/addr_trsvcid"
	ln -s "$NVMET/subsystems/$NQN" "$NVMET/ports/1/subsystems/$NQN"
}
nvmet_down() {
	rm "$NVMET/ports/1/subsystems/$NQN" && rmdir "$NVMET/ports/1" "$NVMET/subsystems/$NQN/namespaces/1" "$NVMET/subsystems/$NQN"
}

# keep_alive_tmo is longer than any test
nvme_connect() { echo "nqn=$NQN,transport=rdma,traddr=$IP,trsvcid=4420,nr_io_queues=1,keep_alive_tmo=86400" >/dev/nvme-fabrics; }
nvme_disconnect() {
	local dir
	for dir in /sys/class/nvme/nvme*; do echo 1 >"$dir/delete_controller" || return; done
	wait_for 20 "the removal of the nvme controller" no_nvme
}
no_nvme() { ! compgen -G '/sys/class/nvme/nvme*' >/dev/null; }
nvme_ready() { compgen -G '/sys/class/block/nvme*n1' >/dev/null && [ -b "/dev/$(basename /sys/class/block/nvme*n1)" ]; }
