# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Messages that a test guest's kernel must not have logged. Sourced.

# Messages that fail a test.
dirt='WARNING|BUG[: ]|Oops|hung task|INFO: task|possible recursive locking|KASAN|UBSAN|general protection|[Cc]all [Tt]race|refcount_t:|list_(add|del) corruption|soft lockup|rcu.*stall|Kernel panic|kmem_cache_destroy|still has objects|possible circular|inconsistent .*lock state|suspicious RCU|BUG: sleeping function|Invalid wait context|held lock freed|bad unlock balance|still held|unsafe.*lock order|DMA-API: .*(device driver|cacheline|exceeded|out of memory)|ODEBUG|kmemleak: [0-9]+ new suspected|scheduling while atomic|turning off the locking correctness validator'

# Removes known warnings of other modules, which also appear on a kernel without iser_tgt: iscsi_ctrl flushes a workqueue it must not flush
# (6.12); soft RoCE gives up on a request that it has not marked as failed, after packet loss; lockdep reports a circular dependency when
# dm-multipath takes a request of a path's queue and sd removes such a path, and another when a port of nvmet-rdma is removed; siw takes its
# sockets' sk_callback_lock with bottom halves enabled, and releases pinned user memory in a soft interrupt when a READ into it ends after its
# registration was dropped; ib_srpt with a shared receive queue destroys a cache that the channel does not have; soft RoCE looks up the queue pair
# of a packet while that queue pair is freed (whatever created and freed it, only the stack of the access counts).
# With a file "expects-failed-allocations" beside the log, also removes the kernel's messages about injected allocation failures.
without_known() {
	awk -v failing="$1" '
	failing && /(vmalloc error|page allocation failure):/ { skip = 1 }
	skip { if (/<\/TASK>/) skip = 0; next }
	/cut here/ { block = "" ; inside = 1 }
	inside {
		block = block $0 "\n"
		if (/end trace/) {
			inside = 0
			known = block ~ /check_flush_dependency/ && block ~ /__iscsi_unbind_session/ || block ~ /rxe_comp\.c:[0-9]+ (at )?rxe_completer/ ||
				block ~ /ib_srpt\.c:[0-9]+ (at )?srpt_cache_put/
			if (!known || block ~ /\+0x[0-9a-f\/x]+ \[iser_tgt\]/) printf "%s", block
		}
		next
	}
	/WARNING: possible circular locking/ { block = "" ; circle = 1 }
	circle {
		block = block $0 "\n"
		if (/<\/TASK>/) {
			circle = 0
			if (block !~ /multipath_clone_and_map|nvmet_config_sem/ || block ~ /\+0x[0-9a-f\/x]+ \[iser_tgt\]/) printf "%s", block
		}
		next
	}
	/WARNING: (SOFTIRQ-safe -> SOFTIRQ-unsafe lock order|inconsistent lock state)/ { block = "" ; bottom = 1 }
	bottom {
		block = block $0 "\n"
		if (/<\/TASK>/) {
			bottom = 0
			if (block !~ /(acquire|takes):\n[^\n]*\(clock-AF_INET/ || block !~ /siw_(qp|cm)_llp_(data_ready|state_change)/) printf "%s", block
		}
		next
	}
	/BUG: sleeping function called from invalid context/ { block = "" ; asleep = 1 }
	asleep {
		block = block $0 "\n"
		if (/<\/TASK>/) {
			asleep = 0
			if (block !~ / siw_free_mem\+/ || block ~ /\+0x[0-9a-f\/x]+ \[iser_tgt\]/) printf "%s", block
		}
		next
	}
	/BUG: KASAN: / { block = "" ; trace = "" ; kasan = 1 ; access = 1 }
	kasan {
		block = block $0 "\n"
		if (access) trace = trace $0 "\n"
		if (/<\/TASK>/) access = 0
		if (/==========/) {
			kasan = 0
			if (trace !~ /slab-use-after-free in rxe_pool_get_index\+/ || trace ~ /\+0x[0-9a-f\/x]+ \[iser_tgt\]/) printf "%s", block
		}
		next
	}
	{ print }
	END { if (inside || circle || bottom || asleep || kasan) printf "%s", block }'
}

# last_words CONSOLE: what a guest that died said: of a fault the message and the call traces, without registers and code, otherwise the end.
last_words() {
	local words
	[ -e "$1" ] || return 0
	words=$(tr -d '\r' <"$1" | awk '
		/BUG: |Oops: |general protection fault|Kernel panic/ { died = 1 }
		!died || / (R[A-Z0-9]+|EFLAGS|FS|CR[0-9]|DR[0-9]|PKRU|Code|Modules linked in|Hardware name): / && !/ RIP: / { next }
		++lines <= 40')
	printf '%s\n' "${words:-$(tail -n 15 "$1" | tr -d '\r')}"
}
