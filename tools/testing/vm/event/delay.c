// SPDX-License-Identifier: GPL-2.0
/*
 * For tests: while loaded, delays the return of a kernel function, to widen a
 * race window.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ktime.h>

#include <asm/processor.h>

#include "symbol_probe.h"

static unsigned int ms = 2000;
module_param(ms, uint, 0444);
MODULE_PARM_DESC(ms, "milliseconds");

static int delay_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	u64 end = ktime_get_mono_fast_ns() + (u64)ms * NSEC_PER_MSEC;

	hits++;
	/* mdelay() is ten times too short on a processor that was miscalibrated. */
	while (ktime_get_mono_fast_ns() < end)
		cpu_relax();
	pr_info("%s: over\n", symbol);
	return 0;
}

static struct kretprobe probe = { .handler = delay_return };

static int __init delay_init(void)
{
	return symbol_probe(&probe);
}

static void __exit delay_exit(void)
{
	unregister_kretprobe(&probe);
}

module_init(delay_init);
module_exit(delay_exit);
MODULE_DESCRIPTION("Functions that take long");
MODULE_LICENSE("GPL");
