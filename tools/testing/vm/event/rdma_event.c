// SPDX-License-Identifier: GPL-2.0
/*
 * For tests: loaded, it has an RDMA device tell of an event that soft RoCE and
 * siw never have, such as their own failure.
 */

#include <linux/module.h>
#include <rdma/ib_verbs.h>

static char *device;
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "name of the RDMA device");

static unsigned int event;
module_param(event, uint, 0444);
MODULE_PARM_DESC(event, "number of the event, as in ib_event_type");

static int __init rdma_event_init(void)
{
	struct ib_event told = { .event = event, .element.port_num = 1 };

	if (!device)
		return -EINVAL;
	told.device = ib_device_get_by_name(device, RDMA_DRIVER_UNKNOWN);
	if (!told.device)
		return -ENODEV;

	ib_dispatch_event(&told);
	ib_device_put(told.device);
	return 0;
}

static void __exit rdma_event_exit(void)
{
}

module_init(rdma_event_init);
module_exit(rdma_event_exit);
MODULE_DESCRIPTION("RDMA events on demand");
MODULE_LICENSE("GPL");
