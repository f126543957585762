#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# One disk for one initiator, with mutual CHAP authentication. tear-down.sh removes it.
# DISK, ADDRESS, IQN, INITIATOR, and the names and secrets below in the environment override the defaults.

set -e
disk=${DISK:-/dev/nvme0n1}
address=${ADDRESS:-192.0.2.1}
iqn=${IQN:-iqn.2026-01.com.example:disk}
initiator=${INITIATOR:-iqn.2026-01.com.example:host}
name=${CHAP_NAME:-host-name}
: "${CHAP_SECRET:?the secret of the initiator, 12 characters or more}"
target_name=${TARGET_NAME:-target-name}
: "${TARGET_SECRET:?the secret of the target, another one}"

modprobe iser_tgt
cd /sys/kernel/config/target
mkdir -p iser

mkdir -p core/iblock_0/disk
echo "udev_path=$disk" >core/iblock_0/disk/control
echo 1 >core/iblock_0/disk/enable

mkdir "iser/$iqn"
mkdir "iser/$iqn/tpgt_1"
mkdir "iser/$iqn/tpgt_1/lun/lun_0"
ln -s core/iblock_0/disk "iser/$iqn/tpgt_1/lun/lun_0/disk"

# the one initiator, and LUN 0 as its LUN 0
mkdir "iser/$iqn/tpgt_1/acls/$initiator"
mkdir "iser/$iqn/tpgt_1/acls/$initiator/lun_0"
ln -s "iser/$iqn/tpgt_1/lun/lun_0" "iser/$iqn/tpgt_1/acls/$initiator/lun_0/disk"

# by default attrib/authentication is 1 and generate_node_acls 0: no other initiator may log in
echo "$name" >"iser/$iqn/tpgt_1/acls/$initiator/auth/userid"
echo "$CHAP_SECRET" >"iser/$iqn/tpgt_1/acls/$initiator/auth/password"
echo "$target_name" >"iser/$iqn/tpgt_1/acls/$initiator/auth/userid_mutual"
echo "$TARGET_SECRET" >"iser/$iqn/tpgt_1/acls/$initiator/auth/password_mutual"

mkdir "iser/$iqn/tpgt_1/np/$address:3260"
echo 1 >"iser/$iqn/tpgt_1/enable"
