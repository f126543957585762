# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The disk of scsi_debug, which rmmod removes. Sourced after lib.sh.

# scsi_debug_disk : prints its name, as sda
scsi_debug_disk() { ls /sys/bus/pseudo/drivers/scsi_debug/adapter0/host*/target*/*:0:0:0/block; }
# make_scsi_debug OPTION... : loads scsi_debug
make_scsi_debug() { modprobe -a sd_mod sg && modprobe scsi_debug "$@" && wait_for 20 "the disk of scsi_debug" scsi_debug_disk; }
