// SPDX-License-Identifier: GPL-2.0
/*
 * For tests: the send queue of an RDMA device refuses a work request in the
 * middle of a chain. Only chains with two SENDs or more count: the initiators
 * on the same device post none.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/moduleparam.h>
#include <rdma/ib_verbs.h>

static char *device = "";
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "name of the RDMA device");

static unsigned int at;
module_param(at, uint, 0644);
MODULE_PARM_DESC(at, "which work request of the next chain is refused, from 1; 0: none, and when it was");

static struct ib_device *ibdev;
static int (*post_send)(struct ib_qp *qp, const struct ib_send_wr *wr,
			const struct ib_send_wr **bad);

static bool refuse_is_send(const struct ib_send_wr *wr)
{
	return wr->opcode == IB_WR_SEND || wr->opcode == IB_WR_SEND_WITH_INV;
}

/**
 * refuse_find - the work request to refuse
 * @wr: the chain
 * @nth: its number, from 1
 * @before: set to the one before it, NULL for none
 *
 * Return: the work request, NULL if nothing of this chain is refused.
 */
static const struct ib_send_wr *refuse_find(const struct ib_send_wr *wr,
					    unsigned int nth,
					    struct ib_send_wr **before)
{
	const struct ib_send_wr *found = NULL, *last = NULL;
	unsigned int sends = 0;

	for (; wr; last = wr, wr = wr->next) {
		if (!--nth) {
			found = wr;
			*before = (struct ib_send_wr *)last;
		}
		sends += refuse_is_send(wr);
	}
	return sends > 1 ? found : NULL;
}

static int refuse_post_send(struct ib_qp *qp, const struct ib_send_wr *wr,
			    const struct ib_send_wr **bad)
{
	const struct ib_send_wr *refused = NULL;
	unsigned int nth = READ_ONCE(at);
	struct ib_send_wr *before;
	int ret = 0;

	if (nth)
		refused = refuse_find(wr, nth, &before);
	if (!refused || cmpxchg(&at, nth, 0) != nth)
		return post_send(qp, wr, bad);

	if (before) {
		before->next = NULL;
		ret = post_send(qp, wr, bad);
		before->next = (struct ib_send_wr *)refused;
	}
	if (ret)
		return ret;
	*bad = refused;
	return -ENOMEM;
}

static int refuse_add(struct ib_device *dev)
{
	if (ibdev || strcmp(dev_name(&dev->dev), device))
		return -EOPNOTSUPP;

	ibdev = dev;
	post_send = dev->ops.post_send;
	WRITE_ONCE(dev->ops.post_send, refuse_post_send);
	return 0;
}

/* No call is under way: tests end their sessions before. */
static void refuse_remove(struct ib_device *dev, void *data)
{
	WRITE_ONCE(dev->ops.post_send, post_send);
	ibdev = NULL;
}

static struct ib_client client = {
	.name = "refuse",
	.add = refuse_add,
	.remove = refuse_remove,
};

static int __init refuse_init(void)
{
	return ib_register_client(&client);
}

static void __exit refuse_exit(void)
{
	ib_unregister_client(&client);
}

module_init(refuse_init);
module_exit(refuse_exit);
MODULE_DESCRIPTION("A send queue that refuses work requests");
MODULE_LICENSE("GPL");
