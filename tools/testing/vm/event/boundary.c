// SPDX-License-Identifier: GPL-2.0
/*
 * For tests: gives a disk a virtual boundary of a page, as some hardware has it:
 * the block layer splits a bio where a page is not filled.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/version.h>

static char *disk;
module_param(disk, charp, 0444);
MODULE_PARM_DESC(disk, "path of its block device");

static int __init boundary_init(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
	struct queue_limits lim;
	struct request_queue *q;
	struct file *file;
	int ret;

	if (!disk)
		return -EINVAL;

	file = bdev_file_open_by_path(disk, BLK_OPEN_READ, NULL, NULL);
	if (IS_ERR(file))
		return PTR_ERR(file);

	q = bdev_get_queue(file_bdev(file));
	lim = queue_limits_start_update(q);
	lim.virt_boundary_mask = PAGE_SIZE - 1;
	/* no other is allowed beside it */
	lim.max_segment_size = UINT_MAX;
	ret = queue_limits_commit_update_frozen(q, &lim);
	fput(file);
	return ret;
#else
	/* no atomic writes, for which it is */
	return -EOPNOTSUPP;
#endif
}

/* The disk keeps it. */
static void __exit boundary_exit(void)
{
}

module_init(boundary_init);
module_exit(boundary_exit);
MODULE_DESCRIPTION("A disk with a virtual boundary");
MODULE_LICENSE("GPL");
