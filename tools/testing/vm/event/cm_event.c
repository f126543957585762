// SPDX-License-Identifier: GPL-2.0
/*
 * For tests: writing the number of an RDMA CM event to parameters/event reports
 * it on the connections to iser_tgt that were established since this module was
 * loaded. The number may be one that no kernel defines.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kprobes.h>
#include <linux/module.h>
#include <rdma/rdma_cm.h>

static DEFINE_SPINLOCK(lock);
static struct rdma_cm_id *ids[16];

/* Replace @old by @new; NULL is a free slot. */
static bool cm_event_replace(struct rdma_cm_id *old, struct rdma_cm_id *new)
{
	unsigned long flags;
	bool done = false;
	unsigned int i;

	spin_lock_irqsave(&lock, flags);
	for (i = 0; i < ARRAY_SIZE(ids) && !done; i++) {
		if (ids[i] == old) {
			ids[i] = new;
			done = true;
		}
	}
	spin_unlock_irqrestore(&lock, flags);

	return done;
}

static int cm_event_heard(struct kprobe *probe, struct pt_regs *regs)
{
	struct rdma_cm_id *id =
		(struct rdma_cm_id *)regs_get_kernel_argument(regs, 0);
	struct rdma_cm_event *event =
		(struct rdma_cm_event *)regs_get_kernel_argument(regs, 1);

	if (event->event == RDMA_CM_EVENT_ESTABLISHED)
		cm_event_replace(NULL, id);
	return 0;
}

static int cm_event_destroyed(struct kprobe *probe, struct pt_regs *regs)
{
	struct rdma_cm_id *id =
		(struct rdma_cm_id *)regs_get_kernel_argument(regs, 0);

	if (id)
		cm_event_replace(id, NULL);
	return 0;
}

static struct kprobe heard = {
	.symbol_name = "iser_tgt_conn_event",
	.pre_handler = cm_event_heard,
};

static struct kprobe destroyed = {
	.symbol_name = "rdma_destroy_id",
	.pre_handler = cm_event_destroyed,
};

static struct kprobe *probes[] = { &heard, &destroyed };

/* The test ensures that no connection ends meanwhile. */
static int cm_event_set(const char *val, const struct kernel_param *kp)
{
	struct rdma_cm_event event = {};
	unsigned int number, told = 0, i;
	int ret = kstrtouint(val, 0, &number);

	if (ret)
		return ret;

	event.event = number;
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		struct rdma_cm_id *id = READ_ONCE(ids[i]);

		if (!id)
			continue;
		rdma_lock_handler(id);
		ret = id->event_handler(id, &event);
		rdma_unlock_handler(id);
		if (ret)
			return ret;
		told++;
	}
	return told ? 0 : -ENOTCONN;
}

static const struct kernel_param_ops cm_event_ops = { .set = cm_event_set };
module_param_cb(event, &cm_event_ops, NULL, 0200);
MODULE_PARM_DESC(event, "number of the event, as in rdma_cm_event_type");

static int __init cm_event_init(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		ret = register_kprobe(probes[i]);
		if (ret) {
			pr_err("cannot probe %s: %d\n", probes[i]->symbol_name,
			       ret);
			while (i--)
				unregister_kprobe(probes[i]);
			return ret;
		}
	}
	return 0;
}

static void __exit cm_event_exit(void)
{
	unregister_kprobes(probes, ARRAY_SIZE(probes));
}

module_init(cm_event_init);
module_exit(cm_event_exit);
MODULE_DESCRIPTION("Events of the RDMA CM on demand");
MODULE_LICENSE("GPL");
