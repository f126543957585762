/* SPDX-License-Identifier: GPL-2.0 */
/* A kernel function that a test chooses, probed while the module is loaded. */
#ifndef SYMBOL_PROBE_H
#define SYMBOL_PROBE_H

#include <linux/kprobes.h>
#include <linux/module.h>

static char *symbol;
module_param(symbol, charp, 0444);
MODULE_PARM_DESC(symbol, "the function");

static unsigned int hits;
module_param(hits, uint, 0444);
MODULE_PARM_DESC(hits, "how often it has been called");

static inline int symbol_probe(struct kretprobe *probe)
{
	int ret;

	if (!symbol)
		return -EINVAL;

	probe->kp.symbol_name = symbol;
	ret = register_kretprobe(probe);
	if (ret)
		pr_err("cannot probe %s: %d\n", symbol, ret);
	return ret;
}

#endif
