#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# One disk by two portals, IPv4 or IPv6, each in a portal group of its own: multipath prefers the first and fails over to the second.
# tear-down.sh removes it. DISK, FIRST, SECOND, IQN in the environment override the defaults.

set -e
disk=${DISK:-/dev/nvme0n1}
first=${FIRST:-[2001:db8:1::1]:3260}
second=${SECOND:-[2001:db8:2::1]:3260}
iqn=${IQN:-iqn.2026-01.com.example:disk}

modprobe iser_tgt
cd /sys/kernel/config/target
mkdir -p iser

# multipath recognizes by this serial number that both paths lead to the same disk
mkdir -p core/iblock_0/disk
echo "udev_path=$disk" >core/iblock_0/disk/control
echo "${SERIAL:-4d7a2f6e-8c51}" >core/iblock_0/disk/wwn/vpd_unit_serial
echo 1 >core/iblock_0/disk/enable

# two groups of ports: access state 0 is active/optimized, 1 active/non-optimized; access type 1: only the target changes it
mkdir core/iblock_0/disk/alua/first
echo 1 >core/iblock_0/disk/alua/first/tg_pt_gp_id
echo 1 >core/iblock_0/disk/alua/first/alua_access_type
echo 0 >core/iblock_0/disk/alua/first/alua_access_state
mkdir core/iblock_0/disk/alua/second
echo 2 >core/iblock_0/disk/alua/second/tg_pt_gp_id
echo 1 >core/iblock_0/disk/alua/second/alua_access_type
echo 1 >core/iblock_0/disk/alua/second/alua_access_state

mkdir "iser/$iqn"
for group in 1 2; do
	mkdir "iser/$iqn/tpgt_$group"
	mkdir "iser/$iqn/tpgt_$group/lun/lun_0"
	ln -s core/iblock_0/disk "iser/$iqn/tpgt_$group/lun/lun_0/disk"
	echo 0 >"iser/$iqn/tpgt_$group/attrib/authentication"
	echo 1 >"iser/$iqn/tpgt_$group/attrib/generate_node_acls"
	echo 0 >"iser/$iqn/tpgt_$group/attrib/demo_mode_write_protect"
done
echo first >"iser/$iqn/tpgt_1/lun/lun_0/alua_tg_pt_gp"
echo second >"iser/$iqn/tpgt_2/lun/lun_0/alua_tg_pt_gp"
mkdir "iser/$iqn/tpgt_1/np/$first"
mkdir "iser/$iqn/tpgt_2/np/$second"
echo 1 >"iser/$iqn/tpgt_1/enable"
echo 1 >"iser/$iqn/tpgt_2/enable"
