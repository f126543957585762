# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For tests that judge whether memory is flat. Sourced after lib.sh.

# KiB that the kernel itself has: not the pages of processes and files, nor what caches would give back.
kernel_memory() {
	local cache
	sync
	echo 3 >/proc/sys/vm/drop_caches
	for cache in /sys/kernel/slab/*/shrink; do [ -L "${cache%/shrink}" ] || echo 1 >"$cache" 2>/dev/null; done
	echo 1 >/proc/sys/vm/compact_memory
	awk '/^(MemTotal|MemFree|Buffers|Cached|SwapCached|AnonPages|SReclaimable):/ { v[$1] = $2 }
		END { print v["MemTotal:"] - v["MemFree:"] - v["Buffers:"] - v["Cached:"] - v["AnonPages:"] - v["SReclaimable:"] }' /proc/meminfo
}
# What RDMA holds, by kind. Not the completion queues: the RDMA core keeps those it has for the next user.
rdma_holds() { rdma resource show | sed -E 's/^[0-9]+: [^ ]+ //; s/ cq [0-9]+//; s/ ctx [0-9]+//'; }
