#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Allocations outside the login path fail one at a time: when the module loads, a target is configured, an RDMA device is added, a CHAP response
# is computed, and commands run. A failed operation leaves nothing behind, and the next attempt works.
# link: rxe
# needs: conformance

# shellcheck disable=SC2016 # commands for eval
seconds=1500
. "$(dirname "$0")/../in-guest"
. /src/tools/testing/vm/guest/memory.sh
# shellcheck source=tools/testing/vm/guest/failing.sh
. /src/tools/testing/vm/guest/failing.sh

alone || bail "no RDMA device"
works "a backstore" eval 'load_target && backstore disk rd 16' || bail "no backstore"
unload() { rmdir "$CFS/$FABRIC" 2>/dev/null; wait_for 5 "rmmod" rmmod iser_tgt; }
unload || bail "the module does not unload"

# each_fails WHERE DO UNDO THERE TEXT : WHERE is a function, or START-END. Allocations below it fail one at a time while DO runs. Either DO
# fails, THERE (unless empty) is false, and DO works when repeated; or DO works in spite of the failure. In both cases UNDO works afterwards.
each_fails() {
	local where=$1 make=$2 undo=$3 there=$4 kind n hit=0 wrong=
	for kind in $ALLOCATIONS; do
		for n in $NTHS; do
			alloc_fails "$kind" "$where" "$n" || { wrong="no such function"; break 2; }
			made=yes
			eval "$make" >/tmp/out 2>&1 || made=
			no_faults
			failed || {
				if [ -n "$made" ]; then eval "$undo" >/tmp/out 2>&1; else false; fi ||
					wrong+="$kind/$n: nothing failed, and it does not work: $(cat /tmp/out); "
				break
			}
			hit=$((hit + 1))
			if [ -z "$made" ]; then
				[ -z "$there" ] || ! eval "$there" >/dev/null 2>&1 || wrong+="$kind/$n: failed, and is there; "
				eval "$make" >/tmp/out 2>&1 || wrong+="$kind/$n: does not work afterwards: $(cat /tmp/out); "
			fi
			[ -z "$there" ] || eval "$there" >/dev/null 2>&1 || wrong+="$kind/$n: worked, and is not there; "
			eval "$undo" >/tmp/out 2>&1 || wrong+="$kind/$n: cannot be undone: $(cat /tmp/out); "
		done
	done
	[ $hit -gt 0 ] || wrong+="no allocation was reached"
	if [ -z "$wrong" ]; then ok "$5: $hit failures"; else not_ok "$5" "$wrong"; fi
}

# --- the module ---

before=$(rdma_holds)
each_fails "$(core_range do_one_initcall)" 'insmod "$(module)"' unload '[ -d /sys/module/iser_tgt ]' "the module loads"
is "$(rdma_holds)" "$before" "... RDMA resources are as before"
works "the module" load_target || bail "no module"
find_functions

# --- configfs ---

dir=$(tpg)
each_fails iser_tgt_make_target 'mkdir "$CFS/iser/$IQN"' 'rmdir "$CFS/iser/$IQN"' '[ -d "$CFS/iser/$IQN" ]' "a target"
mkdir "$CFS/iser/$IQN"
each_fails iser_tgt_make_tpg 'mkdir "$dir"' 'rmdir "$dir"' '[ -d "$dir" ]' "a portal group"
works "a target" make_target "$IQN" disk || bail "no target"
np=$dir/np/$IP:$PORT
each_fails iser_tgt_make_np 'mkdir "$np"' 'rmdir "$np"' '[ -d "$np" ]' "a portal"
acl=$dir/acls/$INITIATOR
each_fails target_fabric_make_nodeacl 'mkdir "$acl"' 'rmdir "$acl"' '[ -d "$acl" ]' "an ACL"
each_fails target_fabric_make_lun 'mkdir "$dir/lun/lun_7"' 'rmdir "$dir/lun/lun_7"' '[ -d "$dir/lun/lun_7" ]' "a LUN"
mkdir "$acl"
each_fails target_fabric_make_mappedlun 'mkdir "$acl/lun_3"' 'rmdir "$acl/lun_3"' '[ -d "$acl/lun_3" ]' "a mapped LUN"
mkdir "$acl/lun_0"
each_fails target_fabric_mappedlun_link 'ln -s "$dir/lun/lun_0" "$acl/lun_0/disk"' 'rm "$acl/lun_0/disk"' '[ -L "$acl/lun_0/disk" ]' "its link"
ln -s "$dir/lun/lun_0" "$acl/lun_0/disk"
works "a portal" add_portal "$IQN" "$IP:$PORT"
works "enabled" enable "$IQN"
outcome() { timeout $((30 * SLOW)) /src/tools/testing/conformance/crowd attempt --target "$IP:$PORT" --iqn "$IQN" 2>&1 | tail -n 1; }
is "$(outcome)" in "a login to this target works"

# --- an RDMA device is added ---

# The device is not used, cannot be added, or works in spite of the failure. Added once more, it works.
hit=0 wrong=
for kind in $ALLOCATIONS; do
	for n in $NTHS; do
		unlink_rdma lan0
		alloc_fails "$kind" iser_tgt_device_add "$n"
		relink_rdma lan0 >/tmp/out 2>&1
		no_faults
		failed || break
		hit=$((hit + 1))
		got=$(outcome)
		case $got in in | "turned away") ;; *) wrong+="$kind/$n: $got; " ;; esac
		unlink_rdma lan0
		relink_rdma lan0 >/tmp/out 2>&1 && wait_for 10 "the portal" grep -qx listening "$np/state" || wrong+="after $kind/$n: $(cat "$np/state" /tmp/out); "
		got=$(outcome)
		[ "$got" = in ] || wrong+="after $kind/$n: $got; "
	done
	rdma_active "$LINK-lan0" || relink_rdma lan0
done
if [ -n "$wrong" ] || [ $hit -eq 0 ]; then not_ok "a device: $hit failures" "$wrong"; else ok "a device: $hit failures, and the next one was used each time"; fi
works "the portal listens" wait_for 10 "the portal" grep -qx listening "$np/state"

# --- CHAP ---

start_initiator max_sectors=4096 || bail "no iscsid"
echo host-name >"$acl/auth/userid"
echo host-secret-1 >"$acl/auth/password"
echo 1 >"$dir/attrib/authentication"
new_record() { # with a single login attempt
	local opt
	iscsiadm -m node -T "$IQN" -p "$IP:$PORT" -I iser -o new >/dev/null || return
	for opt in session.auth.authmethod=CHAP session.auth.username=host-name session.auth.password=host-secret-1 session.initial_login_retry_max=1; do
		iscsiadm -m node -T "$IQN" -p "$IP:$PORT" -I iser -o update -n "node.${opt%%=*}" -v "${opt#*=}" || return
	done
}
works "a record with a secret" new_record
NTHS="1 2 3 4 5 6 8 11" each_fails iser_tgt_chap_digest login logout '[ "$(sessions)" -gt 0 ]' "a login with CHAP"

# --- commands ---

# a backstore whose commands wait for workers, which are counted in what is allocated with the first one
counted() {
	backstore counted file 16 && mkdir "$dir/lun/lun_1" "$acl/lun_1" && ln -s "$(backstore_dir counted)" "$dir/lun/lun_1/counted" &&
		ln -s "$dir/lun/lun_1" "$acl/lun_1/counted"
}
works "a LUN with workers" counted
works "login" login || bail "no session"
dev=$(disk "$IQN" 0) && file=$(disk "$IQN" 1) || bail "no disk"
# more than the buffers that stay mapped hold, and than one segment
queue=/sys/block/${dev#/dev/}/queue
cat "$queue/max_hw_sectors_kb" >"$queue/max_sectors_kb"
io() { dd if=/dev/zero of="$dev" bs=1536k count=1 oflag=direct && dd if="$dev" of=/dev/null bs=1536k count=1 iflag=direct; }
for f in iser_tgt_scsi_receive iser_tgt_write_pending iser_tgt_queue_data_in; do each_fails $f io true '' "commands, $f"; done
works "the data read is the data written" cmp -n 1572864 "$dev" /dev/zero
dd if=/dev/urandom of=/tmp/block bs=64k count=1 2>/dev/null
file_io() { dd if=/tmp/block of="$file" bs=64k oflag=direct && dd if="$file" of=/tmp/back bs=64k count=1 iflag=direct && cmp /tmp/block /tmp/back; }
NTHS="1 2 3 5 8" each_fails iser_tgt_execute_later file_io true '' "commands to a file, which are not counted then"
persist() { sg_persist --no-inquiry --out "$@" "$dev"; }
NTHS=1 each_fails iser_tgt_execute_later 'persist --register-ignore --param-sark=0xabc' 'persist --clear --param-rk=0xabc' \
	'sg_persist --no-inquiry --in --read-keys "$dev" | grep -q 0xabc' "a registration, which is not made then, or by the next try"
works "logout" logout
stop_initiator
works "all is removed" remove_all
done_testing
