#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# For a lab: one disk for every initiator that reaches the portal, without authentication. tear-down.sh removes it.
# DISK, ADDRESS, IQN in the environment override the defaults.

set -e
disk=${DISK:-/dev/nvme0n1}
address=${ADDRESS:-192.0.2.1}
iqn=${IQN:-iqn.2026-01.com.example:disk}

modprobe iser_tgt
cd /sys/kernel/config/target
mkdir -p iser

# the backstore: what is exported
mkdir -p core/iblock_0/disk
echo "udev_path=$disk" >core/iblock_0/disk/control
echo 1 >core/iblock_0/disk/enable

# the target, its portal group, and the backstore as LUN 0
mkdir "iser/$iqn"
mkdir "iser/$iqn/tpgt_1"
mkdir "iser/$iqn/tpgt_1/lun/lun_0"
ln -s core/iblock_0/disk "iser/$iqn/tpgt_1/lun/lun_0/disk"

# any initiator may log in, without CHAP, and write
echo 0 >"iser/$iqn/tpgt_1/attrib/authentication"
echo 1 >"iser/$iqn/tpgt_1/attrib/generate_node_acls"
echo 0 >"iser/$iqn/tpgt_1/attrib/demo_mode_write_protect"

mkdir "iser/$iqn/tpgt_1/np/$address:3260"
echo 1 >"iser/$iqn/tpgt_1/enable"
