// SPDX-License-Identifier: GPL-2.0
/*
 * For tests: while loaded, no RDMA device raises IB_EVENT_QP_LAST_WQE_REACHED
 * for iser_tgt.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kprobes.h>
#include <linux/module.h>
#include <rdma/ib_verbs.h>

static int last_wqe_hide(struct kprobe *probe, struct pt_regs *regs)
{
	struct ib_event *event =
		(struct ib_event *)regs_get_kernel_argument(regs, 0);

	/* iser_tgt ignores this one. */
	if (event->event == IB_EVENT_QP_LAST_WQE_REACHED)
		event->event = IB_EVENT_SQ_DRAINED;
	return 0;
}

static struct kprobe probe = {
	.symbol_name = "iser_tgt_qp_event",
	.pre_handler = last_wqe_hide,
};

static int __init last_wqe_init(void)
{
	int ret;

	ret = register_kprobe(&probe);
	if (ret)
		pr_err("cannot probe %s: %d\n", probe.symbol_name, ret);
	return ret;
}

static void __exit last_wqe_exit(void)
{
	unregister_kprobe(&probe);
}

module_init(last_wqe_init);
module_exit(last_wqe_exit);
MODULE_DESCRIPTION("A device that does not tell of the last WQE");
MODULE_LICENSE("GPL");
