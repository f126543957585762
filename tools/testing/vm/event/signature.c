// SPDX-License-Identifier: GPL-2.0
/*
 * For tests: gives soft RoCE signature MRs. Data and protection information in
 * memory are put together, or taken apart, in a bounce buffer that has the layout
 * of the wire, and checked as a device would.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/crc-t10dif.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/math.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/t10-pi.h>
#include <linux/xarray.h>
#include <rdma/ib_verbs.h>

static char *device = "";
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "name of the RDMA device");

static int bad = -1;
module_param(bad, int, 0644);
MODULE_PARM_DESC(bad, "a block of the next RDMA WRITE whose guard is reported as bad; -1: none, and when it was");

static bool hold;
module_param(hold, bool, 0644);
MODULE_PARM_DESC(hold, "checks wait until this is false");

static unsigned int mr_fails;
module_param(mr_fails, uint, 0644);
MODULE_PARM_DESC(mr_fails, "which allocation of an MR fails, counted from now; 0: none, and when it has");

static unsigned int checked;
module_param(checked, uint, 0444);
MODULE_PARM_DESC(checked, "how many transfers have been checked, or begun to be");

/**
 * struct signature_mr - what is mapped by an MR
 * @attrs: what to generate and check
 * @data: blocks in memory
 * @nr_data: entries
 * @meta: their protection information in memory
 * @nr_meta: entries
 * @bounce: the layout of the wire
 * @size: bytes of it
 * @sg: of @bounce
 * @incoming: it is filled by an RDMA READ
 * @err: the first error
 * @failed: there is one
 * @scratch: a block
 */
struct signature_mr {
	struct ib_sig_attrs attrs;
	struct scatterlist *data, *meta;
	int nr_data, nr_meta;
	void *bounce;
	size_t size;
	struct scatterlist sg;
	bool incoming;
	struct ib_sig_err err;
	bool failed;
	u8 scratch[SZ_4K];
};

static DEFINE_XARRAY(mrs);
static struct ib_device *ibdev;
/* what soft RoCE does */
static const struct ib_device_ops *ops;

static bool signature_is_dif(const struct ib_sig_domain *domain)
{
	return domain->sig_type == IB_SIG_TYPE_T10_DIF;
}

static u32 signature_interval(const struct signature_mr *sig)
{
	return signature_is_dif(&sig->attrs.wire) ?
		sig->attrs.wire.sig.dif.pi_interval :
		sig->attrs.mem.sig.dif.pi_interval;
}

static u32 signature_ref(const struct ib_t10_dif_domain *dif, unsigned int nth)
{
	return dif->ref_tag + (dif->ref_remap ? nth : 0);
}

static void signature_generate(const struct ib_t10_dif_domain *dif,
			       unsigned int nth, const void *block,
			       struct t10_pi_tuple *pi)
{
	pi->guard_tag = cpu_to_be16(crc_t10dif(block, dif->pi_interval));
	pi->app_tag = cpu_to_be16(dif->app_tag);
	pi->ref_tag = cpu_to_be32(signature_ref(dif, nth));
}

static void signature_fail(struct signature_mr *sig, enum ib_sig_err_type type,
			   unsigned int nth, u32 expected, u32 actual)
{
	if (sig->failed)
		return;

	sig->failed = true;
	sig->err = (struct ib_sig_err) {
		.err_type = type,
		.expected = expected,
		.actual = actual,
		.sig_err_offset = (u64)nth * (signature_interval(sig) + 8),
	};
}

static void signature_check(struct signature_mr *sig,
			    const struct ib_t10_dif_domain *dif,
			    unsigned int nth, const void *block,
			    const struct t10_pi_tuple *pi)
{
	u16 guard = crc_t10dif(block, dif->pi_interval);

	if (dif->app_escape && pi->app_tag == cpu_to_be16(0xffff) &&
	    (!dif->ref_escape || pi->ref_tag == cpu_to_be32(0xffffffff)))
		return;

	if ((sig->attrs.check_mask & IB_SIG_CHECK_GUARD) &&
	    be16_to_cpu(pi->guard_tag) != guard)
		signature_fail(sig, IB_SIG_BAD_GUARD, nth, guard,
			       be16_to_cpu(pi->guard_tag));
	else if ((sig->attrs.check_mask & IB_SIG_CHECK_REFTAG) &&
		 be32_to_cpu(pi->ref_tag) != signature_ref(dif, nth))
		signature_fail(sig, IB_SIG_BAD_REFTAG, nth,
			       signature_ref(dif, nth),
			       be32_to_cpu(pi->ref_tag));
}

/* From memory to the bounce buffer, as a device does for an RDMA WRITE. */
static void signature_gather(struct signature_mr *sig, unsigned int blocks)
{
	const struct ib_sig_domain *mem = &sig->attrs.mem;
	const struct ib_sig_domain *wire = &sig->attrs.wire;
	u32 interval = signature_interval(sig);
	struct t10_pi_tuple pi;
	void *to = sig->bounce;
	unsigned int i;

	for (i = 0; i < blocks; i++) {
		sg_pcopy_to_buffer(sig->data, sig->nr_data, to, interval,
				   (off_t)i * interval);
		if (signature_is_dif(mem)) {
			sg_pcopy_to_buffer(sig->meta, sig->nr_meta, &pi,
					   sizeof(pi), i * sizeof(pi));
			signature_check(sig, &mem->sig.dif, i, to, &pi);
		} else {
			signature_generate(&wire->sig.dif, i, to, &pi);
		}
		to += interval;
		if (signature_is_dif(wire)) {
			memcpy(to, &pi, sizeof(pi));
			to += sizeof(pi);
		}
	}
}

/* From the bounce buffer, filled by an RDMA READ, to memory. */
static void signature_scatter(struct signature_mr *sig)
{
	const struct ib_sig_domain *mem = &sig->attrs.mem;
	const struct ib_sig_domain *wire = &sig->attrs.wire;
	u32 interval = signature_interval(sig);
	struct t10_pi_tuple pi;
	void *from = sig->bounce;
	unsigned int i;

	for (i = 0; from < sig->bounce + sig->size; i++) {
		memcpy(sig->scratch, from, interval);
		from += interval;
		if (signature_is_dif(wire)) {
			memcpy(&pi, from, sizeof(pi));
			from += sizeof(pi);
			signature_check(sig, &wire->sig.dif, i, sig->scratch,
					&pi);
		} else {
			signature_generate(&mem->sig.dif, i, sig->scratch, &pi);
		}
		sg_pcopy_from_buffer(sig->data, sig->nr_data, sig->scratch,
				     interval, (off_t)i * interval);
		if (signature_is_dif(mem))
			sg_pcopy_from_buffer(sig->meta, sig->nr_meta, &pi,
					     sizeof(pi), i * sizeof(pi));
	}
}

static void signature_unmap(struct signature_mr *sig)
{
	if (!sig->bounce)
		return;

	ib_dma_unmap_sg(ibdev, &sig->sg, 1, DMA_BIDIRECTIONAL);
	free_pages_exact(sig->bounce, sig->size);
	sig->bounce = NULL;
}

static struct ib_mr *signature_alloc_mr(struct ib_pd *pd, u32 max_data,
					u32 max_meta)
{
	struct signature_mr *sig = kzalloc(sizeof(*sig), GFP_KERNEL);
	struct ib_mr *mr;
	int ret;

	if (!sig || (mr_fails && !--mr_fails)) {
		kfree(sig);
		return ERR_PTR(-ENOMEM);
	}

	mr = ops->alloc_mr(pd, IB_MR_TYPE_MEM_REG, max_data + max_meta);
	if (IS_ERR(mr)) {
		kfree(sig);
		return mr;
	}
	ret = xa_err(xa_store(&mrs, (unsigned long)mr, sig, GFP_KERNEL));
	if (ret) {
		ops->dereg_mr(mr, NULL);
		kfree(sig);
		return ERR_PTR(ret);
	}
	return mr;
}

static int signature_dereg_mr(struct ib_mr *mr, struct ib_udata *udata)
{
	struct signature_mr *sig = xa_erase(&mrs, (unsigned long)mr);

	if (sig) {
		signature_unmap(sig);
		kfree(sig);
	}
	return ops->dereg_mr(mr, udata);
}

static int signature_map(struct ib_mr *mr, struct scatterlist *data,
			 int nr_data, unsigned int *data_offset,
			 struct scatterlist *meta, int nr_meta,
			 unsigned int *meta_offset)
{
	struct signature_mr *sig = xa_load(&mrs, (unsigned long)mr);
	struct scatterlist *sg;
	size_t bytes = 0;
	u32 interval;
	int i;

	signature_unmap(sig);
	sig->attrs = *mr->sig_attrs;
	sig->data = data;
	sig->nr_data = nr_data;
	sig->meta = meta;
	sig->nr_meta = nr_meta;
	sig->failed = false;
	interval = signature_interval(sig);
	for_each_sg(data, sg, nr_data, i)
		bytes += sg->length;
	if (!interval || interval > SZ_4K || bytes % interval)
		return -EINVAL;

	sig->size = bytes;
	if (signature_is_dif(&sig->attrs.wire))
		sig->size += bytes / interval * sizeof(struct t10_pi_tuple);
	sig->bounce = alloc_pages_exact(sig->size, GFP_KERNEL);
	if (!sig->bounce)
		return -ENOMEM;

	/* Of an RDMA READ it is garbage, and no error. */
	signature_gather(sig, bytes / interval);
	sg_init_one(&sig->sg, sig->bounce, sig->size);
	if (ib_dma_map_sg(ibdev, &sig->sg, 1, DMA_BIDIRECTIONAL) != 1)
		return -EIO;

	/* all of the wire's layout is data, for who subtracts the rest */
	mr->sig_attrs->meta_length = 0;
	return ops->map_mr_sg(mr, &sig->sg, 1, NULL) == 1 ? 0 : -EINVAL;
}

static int signature_check_status(struct ib_mr *mr, u32 mask,
				  struct ib_mr_status *status)
{
	struct signature_mr *sig = xa_load(&mrs, (unsigned long)mr);

	checked++;
	/* Not with a probe: those of a processor that spins hold up RCU. */
	while (READ_ONCE(hold))
		msleep(20);
	if (sig->incoming)
		signature_scatter(sig);
	status->fail_status = sig->failed ? IB_MR_CHECK_SIG_STATUS : 0;
	status->sig_err = sig->err;
	signature_unmap(sig);
	mr->type = IB_MR_TYPE_INTEGRITY;
	return 0;
}

static int signature_post_send(struct ib_qp *qp, const struct ib_send_wr *first,
			       const struct ib_send_wr **bad_wr)
{
	struct ib_send_wr *wr;

	for (wr = (struct ib_send_wr *)first; wr; wr = wr->next) {
		struct signature_mr *sig;
		int block;

		if (wr->opcode != IB_WR_REG_MR_INTEGRITY)
			continue;
		sig = xa_load(&mrs, (unsigned long)reg_wr(wr)->mr);
		wr->opcode = IB_WR_REG_MR;
		/* Soft RoCE moves data of no other type. */
		reg_wr(wr)->mr->type = IB_MR_TYPE_MEM_REG;
		sig->incoming = wr->next->opcode == IB_WR_RDMA_READ;
		if (sig->incoming) {
			sig->failed = false;
			continue;
		}
		block = xchg(&bad, -1);
		if (block >= 0) {
			sig->failed = false;
			signature_fail(sig, IB_SIG_BAD_GUARD, block, 0, 1);
		}
	}
	return ops->post_send(qp, first, bad_wr);
}

static int signature_create_qp(struct ib_qp *qp, struct ib_qp_init_attr *attr,
			       struct ib_udata *udata)
{
	struct ib_qp_init_attr without = *attr;

	without.create_flags &= ~IB_QP_CREATE_INTEGRITY_EN;
	return ops->create_qp(qp, &without, udata);
}

static int signature_add(struct ib_device *dev)
{
	if (ibdev || strcmp(dev_name(&dev->dev), device))
		return -EOPNOTSUPP;

	ops = kmemdup(&dev->ops, sizeof(dev->ops), GFP_KERNEL);
	if (!ops)
		return -ENOMEM;

	ibdev = dev;
	dev->ops.alloc_mr_integrity = signature_alloc_mr;
	dev->ops.dereg_mr = signature_dereg_mr;
	dev->ops.map_mr_sg_pi = signature_map;
	dev->ops.check_mr_status = signature_check_status;
	dev->ops.create_qp = signature_create_qp;
	dev->ops.post_send = signature_post_send;
	dev->attrs.max_pi_fast_reg_page_list_len = 256;
	dev->attrs.kernel_cap_flags |= IBK_INTEGRITY_HANDOVER;
	return 0;
}

/* Nobody uses the device: tests remove the driver before. */
static void signature_remove(struct ib_device *dev, void *data)
{
	dev->attrs.kernel_cap_flags &= ~IBK_INTEGRITY_HANDOVER;
	dev->ops = *ops;
	kfree(ops);
	ibdev = NULL;
}

static struct ib_client client = {
	.name = "signature",
	.add = signature_add,
	.remove = signature_remove,
};

static int __init signature_init(void)
{
	return ib_register_client(&client);
}

static void __exit signature_exit(void)
{
	ib_unregister_client(&client);
	xa_destroy(&mrs);
}

module_init(signature_init);
module_exit(signature_exit);
MODULE_DESCRIPTION("Signature MRs of soft RoCE");
MODULE_LICENSE("GPL");
