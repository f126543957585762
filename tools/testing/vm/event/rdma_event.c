// SPDX-License-Identifier: GPL-2.0
/*
 * For tests: when loaded, makes an RDMA device raise an event that soft RoCE and
 * siw never raise, such as IB_EVENT_DEVICE_FATAL.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <rdma/ib_verbs.h>

static char *device;
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "name of the RDMA device");

static unsigned int event;
module_param(event, uint, 0444);
MODULE_PARM_DESC(event, "number of the event, as in ib_event_type");

static bool found;

/* Called for each device, and for those added later. */
static int rdma_event_add(struct ib_device *ibdev)
{
	struct ib_event told = {
		.device = ibdev,
		.event = event,
		.element.port_num = 1,
	};

	if (strcmp(dev_name(&ibdev->dev), device))
		return -EOPNOTSUPP;

	found = true;
	ib_dispatch_event(&told);
	return 0;
}

static void rdma_event_remove(struct ib_device *ibdev, void *data)
{
}

static struct ib_client client = {
	.name = "rdma_event",
	.add = rdma_event_add,
	.remove = rdma_event_remove,
};

static int __init rdma_event_init(void)
{
	int ret;

	if (!device)
		return -EINVAL;

	ret = ib_register_client(&client);
	if (ret)
		return ret;

	/* Event delivery is asynchronous; the device waits for it. */
	ib_unregister_client(&client);
	if (found)
		return 0;

	pr_err("no RDMA device %s\n", device);
	return -ENODEV;
}

static void __exit rdma_event_exit(void)
{
}

module_init(rdma_event_init);
module_exit(rdma_event_exit);
MODULE_DESCRIPTION("RDMA events on demand");
MODULE_LICENSE("GPL");
