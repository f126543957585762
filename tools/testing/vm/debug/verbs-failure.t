#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Calls into the RDMA core fail one at a time: when the module loads, a portal is created, and an initiator connects and logs in. The operation
# fails as a whole or works in spite of the failure, nothing leaks, and the next attempt works.
# (build-debug-kernel marks the functions that may fail.)
# differs by: link
# needs: conformance

seconds=900
. "$(dirname "$0")/../in-guest"
. /src/tools/testing/vm/guest/memory.sh
# shellcheck source=tools/testing/vm/guest/failing-calls.sh
. /src/tools/testing/vm/guest/failing-calls.sh

alone || bail "no RDMA device"
[ -d "$ff" ] || bail "the kernel has no fail_function"

at_rest() { [ "$(rdma_holds)" = "$before" ]; }
held_again() { wait_for 20 "RDMA resources as before" at_rest; is "$(rdma_holds)" "$before" "$1"; }

# --- the module ---

load_target && backstore disk rd 16 && make_target "$IQN" disk && enable "$IQN" && remove_target "$IQN" || bail "the module does not load"
rmdir "$CFS/$FABRIC"
wait_for 5 "rmmod" rmmod iser_tgt
for f in ib_register_client __ib_alloc_pd; do
	before=$(rdma_holds)
	fails_next $f 1 || { not_ok "$f can be made to fail"; continue; }
	insmod "$(module)" >/tmp/out 2>&1
	if fired; then ok "$f failed as the module was loaded"; else not_ok "$f failed as the module was loaded"; fi
	no_faults
	[ ! -d /sys/module/iser_tgt ] || works "... the module unloads" wait_for 5 "rmmod" rmmod iser_tgt
	is "$(rdma_holds)" "$before" "... RDMA resources are as before"
done
works "the module loads" load_target

# --- a portal ---

backstore_dir disk >/dev/null && make_target "$IQN" disk && enable "$IQN" || bail "no target"
np=$(tpg)/np/$IP:$PORT
crowd=/src/tools/testing/conformance/crowd
outcome() { timeout $((30 * SLOW)) $crowd attempt --target "$IP:$PORT" --iqn "$IQN" 2>&1 | tail -n 1; }
before=$(rdma_holds)
calls="__rdma_create_kernel_id rdma_bind_addr rdma_listen"
[ "$LINK" = siw ] || calls+=" ib_create_srq_user __ib_alloc_cq rxe_post_srq_recv"
for f in $calls; do
	for nth in 1 2 3; do
		fails_next "$f" $nth || { not_ok "$f can be made to fail"; continue 2; }
		made=0
		mkdir "$np" 2>/tmp/out || made=$?
		hit=$(fired && echo yes)
		no_faults
		[ -n "$hit" ] || { [ $made -ne 0 ] || rmdir "$np"; break; }
		if [ $made -eq 0 ]; then
			works "$f failed, call $nth: the portal is created, and listens" wait_for 5 "the portal" grep -qx listening "$np/state"
			is "$(outcome)" in "... and accepts a login"
			rmdir "$np"
		else
			ok "$f failed, call $nth: no portal"
			works "... the next attempt creates it" mkdir "$np"
			is "$(outcome)" in "... and it accepts a login"
			rmdir "$np"
		fi
	done
	[ "$nth" -gt 1 ] || note "$f is not called for a portal"
done
held_again "RDMA resources are as before"

# --- a connection ---

works "a portal" add_portal "$IQN" "$IP:$PORT"
echo 0 >/sys/module/iser_tgt/parameters/login_rate_per_peer
coproc CROWD { exec $crowd attempts --target "$IP:$PORT" --iqn "$IQN"; }
attempt() {
	local got
	echo >&"${CROWD[1]}"
	read -r -t 300 -u "${CROWD[0]}" got || got="no answer from the initiator"
	echo "$got"
}
pending() { grep -q '^pending: 0 ' /sys/kernel/debug/iser_tgt/logins; }
is "$(attempt)" in "a login when nothing fails" || bail "no login"
wait_for 20 "no pending login" pending
before=$(rdma_holds)

hit=0
# try must|may FUNCTION : one of the first calls fails in each login
try() {
	local f=$2 nth got failed_here=0 wrong=
	for nth in 1 2 3 5 8 13; do
		fails_next "$f" $nth || { not_ok "$f can be made to fail"; return; }
		got=$(attempt)
		fired || { no_faults; break; }
		no_faults
		failed_here=$((failed_here + 1))
		case $got in in | "turned away" | refused\ 03* | ended:*) ;; *) wrong+="call $nth: $got; " ;; esac
		got=$(attempt)
		[ "$got" = in ] || wrong+="after call $nth: $got; "
	done
	hit=$((hit + failed_here))
	if [ -n "$wrong" ]; then not_ok "$f" "$wrong"
	elif [ $failed_here -eq 0 ] && [ "$1" = must ]; then not_ok "$f: some call of it failed" "none was reached"
	elif [ $failed_here -eq 0 ]; then note "$f is not called for a login"
	else ok "$f: $failed_here failures, and the next login worked each time"; fi
	held_again "... RDMA resources are as before"
}
try must rdma_create_qp
try must ib_create_qp_kernel
try must ib_modify_qp
try must rdma_accept
for f in rdma_notify ib_alloc_mr ib_mr_pool_init rdma_rw_ctx_init ib_create_srq_user __ib_alloc_cq; do try may $f; done
case $LINK in
rxe) posts="rxe_post_send rxe_post_recv rxe_post_srq_recv" ;;
siw) posts="siw_post_send siw_post_receive siw_post_srq_recv" ;;
esac
for f in $posts; do try may "$f"; done
note "$hit failed calls"
eval "exec ${CROWD[1]}>&-"
wait "$CROWD_PID"
works "no login is left" wait_for 20 "no pending login" pending
works "all is removed" remove_all
done_testing
