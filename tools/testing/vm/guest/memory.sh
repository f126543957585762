# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For tests that judge whether memory, and what RDMA holds, are what they were. Sourced after lib.sh.

# KiB that the kernel itself has: not the pages of processes and files, nor those that a processor keeps for the next user.
kernel_memory() {
	local cache
	sync
	echo 3 >/proc/sys/vm/drop_caches
	for cache in /sys/kernel/slab/*/shrink; do [ -L "${cache%/shrink}" ] || echo 1 >"$cache" 2>/dev/null; done
	awk '/^(MemFree|Buffers|Cached|SwapCached|AnonPages|SReclaimable|KernelStack|PageTables):/ { other += $2 }
		/^MemTotal:/ { all = $2 }
		FILENAME ~ /zoneinfo/ && $1 == "count:" { other += 4 * $2 }
		END { print all - other }' /proc/meminfo /proc/zoneinfo
}
# What RDMA holds, by kind. Not the queues that a vector has from its first connection on: the target keeps one completion queue, and a shared
# receive queue until nobody has connected for a while; the RDMA core keeps completion queues of others.
rdma_holds() { rdma resource show | sed -E 's/^[0-9]+: [^ ]+ //; s/ (cq|srq|ctx) [0-9]+//g'; }
