#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What iser_tgt_rtslib.reservations reads of the target core, on trees of plain files: names with the blanks and line ends of Unicode, which iser_tgt
# takes, are those of one registration. tools/testing/vm/t/fencing.t has the core's own files.

. "$(dirname "$0")/../lib.sh"

config=$work/config IQN=iqn.2026-01.org.example:disk
tpg=$config/iser/$IQN/tpgt_1
store=$config/core/iblock_0/disk
stored=$work/db/pr/aptpl_0123456789abcdef
# U+00A0 and U+2028, in the middle and at the end
odd=iqn.a:x$'\xc2\xa0'sa_res_key=7$'\xe2\x80\xa8'res_holder=1$'\xc2\xa0'
# registered NAME : a backstore with a registration of this name, made with APTPL, and the file that the core has stored
registered() {
	rm -rf "$config" "$work/db"
	mkdir -p "$store"/{pr,wwn} "$tpg/lun/lun_0" "$tpg/acls/$1/lun_0" "${stored%/*}"
	ln -s "$store" "$tpg/lun/lun_0/disk"
	ln -s "$tpg/lun/lun_0" "$tpg/acls/$1/lun_0/disk"
	echo "$work/db" >"$config/dbroot"
	echo 'T10 VPD Unit Serial Number: 0123456789abcdef' >"$store/wwn/vpd_unit_serial"
	echo 'APTPL Bit Status: Activated' >"$store/pr/res_aptpl_active"
	printf 'SPC-3 PR Registrations:\niser Node: %s,i,0x00023d000001 Key: 0x000000000000aaaa PRgen: 0x00000001\n' "$1" >"$store/pr/res_pr_registered_i_pts"
	echo 'No SPC-3 Reservation holder' >"$store/pr/res_holder"
	printf 'PR_REG_START: 0\ninitiator_fabric=iser\ninitiator_node=%s\ninitiator_sid=00023d000001\nsa_res_key=43690\nres_holder=0\nmapped_lun=0\n' "$1" >"$stored"
	printf 'target_fabric=iser\ntarget_node=%s\ntpgt=1\nport_rtpi=1\ntarget_lun=0\nPR_REG_END: 0\n' "$IQN" >>"$stored"
}
# python EXPRESSION : of survey(), as lost and kept
python() {
	PYTHONPATH=$PLUGIN python3 -B -c '
import sys
from iser_tgt_rtslib import reservations
lost, kept = reservations.survey(("iser",), [], sys.argv[1])
print(eval(sys.argv[2]))' "$config" "$1" 2>&1
}

for name in iqn.a:host "$odd"; do
	about=$(printf %q "$name")
	registered "$name"
	is "$(python 'lost')" "[]" "a registration that can be kept is not lost"
	is "$(python '"".join(e["initiator_node"] for e in kept[sys.argv[1] + "/core/iblock_0/disk"])')" "$name" "... and is kept, by its name"
	is "$(python 'reservations.unrestored(sys.argv[1])')" "[]" "... what is stored is in force"
	rm "$stored"
	is "$(python '[text.count(": registration of ") for text in lost]')" "[1]" "without its file it is lost, and named"
done
about=
registered "$odd"
echo "SPC-3 Reservation: iser Initiator: $odd,i,0x00023d000001" >"$store/pr/res_holder"
is "$(python 'reservations.stores(sys.argv[1])[0].holder[0]')" "$odd" "the holder's name"
registered iqn.a:host
sed -i $'s/a:host/a:\\xff\\xfehost/' "$stored"
is "$(python 'reservations.stored("0123456789abcdef", sys.argv[1])[1:]')" "([], 1)" "a file with bytes that are no name is damaged"
done_testing
