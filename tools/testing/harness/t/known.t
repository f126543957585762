#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Which warnings of other modules a test's kernel log may contain: those that are known, and none with a function of ours in its trace.

. "$(dirname "$0")/../../host.sh"
# shellcheck source=tools/testing/vm/kernel-log.sh
. "$VM_DIR/kernel-log.sh"

ours=' iser_tgt_post+0x1a/0x2b0 [iser_tgt]'
left() { without_known "" <<<"$1"; }
# known TEXT LOG PATTERN : @ stands for one of our functions, PATTERN is what the report is known by
known() {
	is "$(left "$2")" "" "$1: known"
	like "$(left "${2/@/$ours}")" "$dirt" "... but not with a function of ours"
	like "$(left "${2//$3/other_function}")" "$dirt" "... and not of another function"
}

known "iscsi_ctrl flushes its own work queue" $'------------[ cut here ]------------\nWARNING: CPU: 0 PID: 1 at kernel/workqueue.c:3706 check_flush_dependency+0x1/0x2\n __iscsi_unbind_session+0x1/0x2\n@\n---[ end trace 0 ]---' __iscsi_unbind_session
known "soft-RoCE gives up on a request" $'------------[ cut here ]------------\nWARNING: CPU: 0 PID: 1 at drivers/infiniband/sw/rxe/rxe_comp.c:840 rxe_completer+0x1/0x2\n@\n---[ end trace 0 ]---' rxe_comp
known "ib_srpt gives back a cache" $'------------[ cut here ]------------\nWARNING: CPU: 0 PID: 1 at drivers/infiniband/ulp/srpt/ib_srpt.c:1 srpt_cache_put+0x1/0x2\n@\n---[ end trace 0 ]---' srpt_cache_put
known "dm-multipath and a path that goes" $'WARNING: possible circular locking dependency detected\n multipath_clone_and_map+0x1/0x2\n@\n </TASK>' multipath_clone_and_map
known "siw releases user memory in a soft interrupt" $'BUG: sleeping function called from invalid context at include/linux/pagemap.h:1156\nCall Trace:\n <IRQ>\n siw_free_mem+0xaf/0x1c0 [siw]\n@\n </TASK>' siw_free_mem
known "soft RoCE looks up a queue pair that is freed" $'BUG: KASAN: slab-use-after-free in rxe_pool_get_index+0xb4/0x260 [rdma_rxe]\nCall Trace:\n <TASK>\n rxe_rcv+0x5d5/0x1890 [rdma_rxe]\n@\n </TASK>\n\nFreed by task 256:\n iser_tgt_qp_destroy+0x3b/0x1f0 [iser_tgt]\n==================================================================' rxe_pool_get_index
block=$'WARNING: inconsistent lock state\nsiw_tx/0/147 takes:\nffff888007bea958 (clock-AF_INET){++-?}-{2:2}, at: siw_cm_llp_state_change+0x23/0x2d0 [siw]\n </TASK>'
is "$(left "$block")" "" "siw takes sk_callback_lock with bottom halves on: known"
like "$(left "${block//clock-AF_INET/post_lock}")" "$dirt" "... but not another lock"
is "$(left "all is well")" "all is well" "what is no warning stays"
for cut in 'cut here' 'possible circular locking dependency detected' 'sleeping function called from invalid context' 'KASAN: slab-use-after-free in rxe_pool_get_index+0xb4/0x260'; do
	like "$(left "BUG: WARNING: $cut"$'\nthe guest died')" 'the guest died' "a report that is cut off ($cut) is not dropped"
done
done_testing
