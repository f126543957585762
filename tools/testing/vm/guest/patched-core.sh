# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The target core with the patches in configfs/upstream/linux instead of the kernel's. Sourced after lib.sh; vm/build-needs core builds it.

PATCHED_CORE=/src/build/$KVER
patched_modules=(target_core_mod target_core_iblock target_core_file)

no_core() {
	local module
	for module in iser_tgt iscsi_target_mod target_core_iblock target_core_file target_core_pscsi target_core_user target_core_mod; do
		[ ! -d "/sys/module/$module" ] || rmmod "$module" || return
	done
}
load_patched_core() {
	local module
	modprobe -a configfs scsi_common || return
	for module in "${patched_modules[@]}"; do
		insmod "$PATCHED_CORE/$module.ko" || return
	done
}
# core_is_patched : the modules that are loaded are built outside the kernel's tree, which taints it
core_is_patched() {
	local module
	for module in "${patched_modules[@]}"; do grep -q O "/sys/module/$module/taint" || return; done
}
