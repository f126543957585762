// SPDX-License-Identifier: GPL-2.0
/*
 * For tests: while loaded, a kernel function runs in an RCU read-side section,
 * as if its caller were in one.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/rcupdate.h>

#include "symbol_probe.h"

static int read_side_enter(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	rcu_read_lock();
	hits++;
	return 0;
}

static int read_side_return(struct kretprobe_instance *ri,
			    struct pt_regs *regs)
{
	rcu_read_unlock();
	return 0;
}

static struct kretprobe probe = {
	.entry_handler = read_side_enter,
	.handler = read_side_return,
};

static int __init read_side_init(void)
{
	/* Otherwise a read-side section disables preemption, as the probe does. */
	if (!IS_ENABLED(CONFIG_PREEMPT_RCU))
		return -EOPNOTSUPP;

	return symbol_probe(&probe);
}

static void __exit read_side_exit(void)
{
	unregister_kretprobe(&probe);
}

module_init(read_side_init);
module_exit(read_side_exit);
MODULE_DESCRIPTION("Functions whose caller is an RCU reader");
MODULE_LICENSE("GPL");
