# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For tests that compare kernel memory and RDMA resources with those before. Sourced after lib.sh.

# KiB used by the kernel itself: not pages of processes and files, and not free pages on the lists of a processor.
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
# Counts of RDMA resources, by kind, without completion queues, shared receive queues and contexts. From a vector's first connection on, the
# target keeps one completion queue, and a shared receive queue until no initiator has connected for a while. The RDMA core keeps completion
# queues of other users.
rdma_holds() { rdma resource show | sed -E 's/^[0-9]+: [^ ]+ //; s/ (cq|srq|ctx) [0-9]+//g'; }
