// SPDX-License-Identifier: GPL-2.0
/*
 * For tests: while loaded, delays the return of a kernel function, to widen a
 * race window.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/module.h>

static char *symbol;
module_param(symbol, charp, 0444);
MODULE_PARM_DESC(symbol, "the function");

static unsigned int ms = 2000;
module_param(ms, uint, 0444);
MODULE_PARM_DESC(ms, "milliseconds");

static unsigned int hits;
module_param(hits, uint, 0444);
MODULE_PARM_DESC(hits, "how often it has been called");

static int delay_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	hits++;
	mdelay(ms);
	return 0;
}

static struct kretprobe probe = { .handler = delay_return };

static int __init delay_init(void)
{
	int ret;

	if (!symbol)
		return -EINVAL;

	probe.kp.symbol_name = symbol;
	ret = register_kretprobe(&probe);
	if (ret)
		pr_err("cannot probe %s: %d\n", symbol, ret);
	return ret;
}

static void __exit delay_exit(void)
{
	unregister_kretprobe(&probe);
}

module_init(delay_init);
module_exit(delay_exit);
MODULE_DESCRIPTION("Functions that take long");
MODULE_LICENSE("GPL");
