// SPDX-License-Identifier: GPL-2.0
/*
 * For tests: while loaded, delays the return of a kernel function, to widen a
 * race window.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>

#include "symbol_probe.h"

static unsigned int ms = 2000;
module_param(ms, uint, 0444);
MODULE_PARM_DESC(ms, "milliseconds");

static int delay_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	hits++;
	mdelay(ms);
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
