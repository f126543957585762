// SPDX-License-Identifier: GPL-2.0
/*
 * For tests: while loaded, counts the calls of a kernel function whose thread
 * may do I/O to reclaim memory.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/sched.h>

#include "symbol_probe.h"

static unsigned int io;
module_param(io, uint, 0444);
MODULE_PARM_DESC(io, "how many of the calls might do I/O");

static int reclaim_enter(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	hits++;
	if (!(current->flags & PF_MEMALLOC_NOIO))
		io++;
	return 0;
}

static struct kretprobe probe = { .entry_handler = reclaim_enter };

static int __init reclaim_init(void)
{
	return symbol_probe(&probe);
}

static void __exit reclaim_exit(void)
{
	unregister_kretprobe(&probe);
}

module_init(reclaim_init);
module_exit(reclaim_exit);
MODULE_DESCRIPTION("Functions that may reclaim memory by I/O");
MODULE_LICENSE("GPL");
