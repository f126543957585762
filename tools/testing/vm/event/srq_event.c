// SPDX-License-Identifier: GPL-2.0
/*
 * For tests: writing the number of an event to parameters/event raises it on the
 * shared receive queues that were created since this module was loaded and exist.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kprobes.h>
#include <linux/module.h>
#include <rdma/ib_verbs.h>

static struct ib_srq *srqs[16];
static unsigned int nr;

static int srq_event_set(const char *val, const struct kernel_param *kp)
{
	struct ib_event event = {};
	unsigned int number, i;
	int ret = kstrtouint(val, 0, &number);

	if (ret)
		return ret;
	if (!nr)
		return -ENODEV;

	event.event = number;
	for (i = 0; i < nr; i++) {
		event.device = srqs[i]->device;
		event.element.srq = srqs[i];
		srqs[i]->event_handler(&event, srqs[i]->srq_context);
	}
	return 0;
}

static const struct kernel_param_ops srq_event_ops = { .set = srq_event_set };
module_param_cb(event, &srq_event_ops, NULL, 0200);
MODULE_PARM_DESC(event, "number of the event, as in ib_event_type");

/* Users of this module raise no event while a queue goes. */
static int srq_goes(struct kprobe *kp, struct pt_regs *regs)
{
	struct ib_srq *srq = (struct ib_srq *)regs_get_kernel_argument(regs, 0);
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (srqs[i] == srq)
			srqs[i--] = srqs[--nr];
	return 0;
}

static int srq_made(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct ib_srq *srq = (struct ib_srq *)regs_return_value(regs);

	if (!IS_ERR(srq) && srq->event_handler && nr < ARRAY_SIZE(srqs))
		srqs[nr++] = srq;
	return 0;
}

static struct kretprobe probe = {
	.kp.symbol_name = "ib_create_srq_user",
	.handler = srq_made,
};

static struct kprobe destroy = {
	.symbol_name = "ib_destroy_srq_user",
	.pre_handler = srq_goes,
};

static int __init srq_event_init(void)
{
	int ret;

	ret = register_kretprobe(&probe);
	if (ret) {
		pr_err("cannot probe %s: %d\n", probe.kp.symbol_name, ret);
		return ret;
	}

	ret = register_kprobe(&destroy);
	if (ret) {
		pr_err("cannot probe %s: %d\n", destroy.symbol_name, ret);
		unregister_kretprobe(&probe);
	}
	return ret;
}

static void __exit srq_event_exit(void)
{
	unregister_kprobe(&destroy);
	unregister_kretprobe(&probe);
}

module_init(srq_event_init);
module_exit(srq_event_exit);
MODULE_DESCRIPTION("Events of shared receive queues on demand");
MODULE_LICENSE("GPL");
