// SPDX-License-Identifier: GPL-2.0
/*
 * For tests: RDMA devices have different attributes for iser_tgt only: shorter
 * queues, fewer scatter elements and so on. Loaded before iser_tgt.
 *
 * The attributes are changed while one of the functions runs that read them. The
 * RDMA core sees them too when called by these functions, but an initiator on
 * the same device does not.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kprobes.h>
#include <linux/module.h>
#include <rdma/ib_verbs.h>

static char *device = "";
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "name of the RDMA device, all without it");

static unsigned int hits;
module_param(hits, uint, 0444);
MODULE_PARM_DESC(hits, "how often a device has been looked at");

/**
 * struct shape_attr - a device attribute to change
 * @offset: offset in struct ib_device
 * @value: value for iser_tgt
 * @set: @value has been set
 */
struct shape_attr {
	size_t offset;
	u32 value;
	bool set;
};

static int shape_attr_set(const char *val, const struct kernel_param *kp)
{
	struct shape_attr *attr = kp->arg;
	int ret;

	/* Some are signed in older kernels. */
	ret = val[0] == '-' ? kstrtoint(val, 0, (int *)&attr->value) :
			      kstrtouint(val, 0, &attr->value);
	if (!ret)
		attr->set = true;
	return ret;
}

static const struct kernel_param_ops shape_attr_ops = { .set = shape_attr_set };

#define SHAPE(name, field)						\
	static_assert(sizeof_field(struct ib_device, field) == 4);	\
	static struct shape_attr name##_attr = {			\
		.offset = offsetof(struct ib_device, field),		\
	};								\
	module_param_cb(name, &shape_attr_ops, &name##_attr, 0)

SHAPE(max_qp_wr, attrs.max_qp_wr);
SHAPE(max_send_sge, attrs.max_send_sge);
SHAPE(max_recv_sge, attrs.max_recv_sge);
SHAPE(max_sge_rd, attrs.max_sge_rd);
SHAPE(max_sgl_rd, attrs.max_sgl_rd);
SHAPE(max_cqe, attrs.max_cqe);
SHAPE(max_mr, attrs.max_mr);
SHAPE(max_qp_rd_atom, attrs.max_qp_rd_atom);
SHAPE(max_qp_init_rd_atom, attrs.max_qp_init_rd_atom);
SHAPE(max_srq, attrs.max_srq);
SHAPE(max_srq_wr, attrs.max_srq_wr);
SHAPE(max_srq_sge, attrs.max_srq_sge);
SHAPE(max_fast_reg_page_list_len, attrs.max_fast_reg_page_list_len);
SHAPE(num_comp_vectors, num_comp_vectors);

static struct shape_attr *const shape_attrs[] = {
	&max_qp_wr_attr, &max_send_sge_attr, &max_recv_sge_attr,
	&max_sge_rd_attr, &max_sgl_rd_attr, &max_cqe_attr, &max_mr_attr,
	&max_qp_rd_atom_attr, &max_qp_init_rd_atom_attr, &max_srq_attr,
	&max_srq_wr_attr, &max_srq_sge_attr, &max_fast_reg_page_list_len_attr,
	&num_comp_vectors_attr,
};

/**
 * struct shape_device - a device
 * @ibdev: the device, or NULL
 * @was: original values of its attributes
 */
struct shape_device {
	struct ib_device *ibdev;
	u32 was[ARRAY_SIZE(shape_attrs)];
};

/* Probed functions that are running; the attributes are changed meanwhile. */
static unsigned int under_way;
static struct shape_device devices[8];
static DEFINE_SPINLOCK(lock);

static void shape_put(struct shape_device *dev)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(shape_attrs); i++) {
		u32 *attr = (void *)dev->ibdev + shape_attrs[i]->offset;

		dev->was[i] = *attr;
		if (shape_attrs[i]->set)
			*attr = shape_attrs[i]->value;
	}
}

static void shape_take(struct shape_device *dev)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(shape_attrs); i++) {
		u32 *attr = (void *)dev->ibdev + shape_attrs[i]->offset;

		*attr = dev->was[i];
	}
}

static void shape_each(void (*fn)(struct shape_device *dev))
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(devices); i++)
		if (devices[i].ibdev)
			fn(&devices[i]);
}

static int shape_enter(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	if (!under_way++)
		shape_each(shape_put);
	hits++;
	spin_unlock_irqrestore(&lock, flags);
	return 0;
}

static int shape_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	if (!--under_way)
		shape_each(shape_take);
	spin_unlock_irqrestore(&lock, flags);
	return 0;
}

/* A new device: iser_tgt is notified after this. */
static int shape_add(struct ib_device *ibdev)
{
	struct shape_device *dev = NULL;
	unsigned long flags;
	unsigned int i;

	if (*device && strcmp(dev_name(&ibdev->dev), device))
		return -EOPNOTSUPP;

	spin_lock_irqsave(&lock, flags);
	for (i = 0; i < ARRAY_SIZE(devices) && !dev; i++)
		if (!devices[i].ibdev)
			dev = &devices[i];
	if (dev) {
		dev->ibdev = ibdev;
		if (under_way)
			shape_put(dev);
	}
	spin_unlock_irqrestore(&lock, flags);
	return dev ? 0 : -ENOSPC;
}

static void shape_remove(struct ib_device *ibdev, void *data)
{
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&lock, flags);
	for (i = 0; i < ARRAY_SIZE(devices); i++) {
		if (devices[i].ibdev != ibdev)
			continue;
		if (under_way)
			shape_take(&devices[i]);
		devices[i].ibdev = NULL;
	}
	spin_unlock_irqrestore(&lock, flags);
}

static struct ib_client client = {
	.name = "shape",
	.add = shape_add,
	.remove = shape_remove,
};

/* Functions of iser_tgt that read device attributes. */
static const char *const symbols[] = {
	"iser_tgt_device_add", "iser_tgt_conn_request",
};

static struct kretprobe probes[ARRAY_SIZE(symbols)];
static unsigned int nr_probes;

static void shape_unprobe(void)
{
	while (nr_probes)
		unregister_kretprobe(&probes[--nr_probes]);
}

static void shape_probe(void)
{
	int ret;

	while (nr_probes < ARRAY_SIZE(probes)) {
		probes[nr_probes] = (struct kretprobe) {
			.kp.symbol_name = symbols[nr_probes],
			.entry_handler = shape_enter,
			.handler = shape_return,
			.maxactive = 64,
		};
		ret = register_kretprobe(&probes[nr_probes]);
		if (ret) {
			pr_err("cannot probe %s: %d\n", symbols[nr_probes],
			       ret);
			shape_unprobe();
			return;
		}
		nr_probes++;
	}
}

static int shape_module(struct notifier_block *nb, unsigned long event,
			void *data)
{
	struct module *module = data;

	if (strcmp(module->name, "iser_tgt"))
		return NOTIFY_DONE;
	if (event == MODULE_STATE_COMING)
		shape_probe();
	else if (event == MODULE_STATE_GOING)
		shape_unprobe();
	return NOTIFY_DONE;
}

/* Runs after the notifier of kprobes, which kills the probes of the module. */
static struct notifier_block module_nb = {
	.notifier_call = shape_module,
	.priority = -1,
};

static int __init shape_init(void)
{
	int ret = ib_register_client(&client);

	if (ret)
		return ret;

	ret = register_module_notifier(&module_nb);
	if (ret)
		ib_unregister_client(&client);
	return ret;
}

/* Not while iser_tgt is loaded: its functions are probed. */
static void __exit shape_exit(void)
{
	unregister_module_notifier(&module_nb);
	shape_unprobe();
	ib_unregister_client(&client);
}

module_init(shape_init);
module_exit(shape_exit);
MODULE_DESCRIPTION("RDMA devices in another shape");
MODULE_LICENSE("GPL");
