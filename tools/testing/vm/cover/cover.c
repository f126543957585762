// SPDX-License-Identifier: GPL-2.0
/*
 * For fuzzing: the callback of an iser_tgt.ko that was compiled with
 * -fsanitize-coverage=trace-pc. Records which of its basic blocks have run, in
 * whatever context. kcov records the blocks of one task, but work items and
 * interrupts run most of iser_tgt.
 *
 * debugfs: iser_tgt_cover/blocks, a bit for each address modulo COVER_BITS;
 * count, the number of these bits that are set; reset, clears all of them.
 */

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/bits.h>
#include <linux/debugfs.h>
#include <linux/instruction_pointer.h>
#include <linux/module.h>

#include "cover.h"

/*
 * More than the module has bytes of text, which is contiguous: two blocks have
 * different bits.
 */
#define COVER_BITS	BIT(20)

static DECLARE_BITMAP(blocks, COVER_BITS);
static atomic_t count;
static struct dentry *dir;

/* Must not call anything that is traced. */
void notrace __sanitizer_cov_trace_pc(void)
{
	unsigned long bit = _RET_IP_ % COVER_BITS;

	/* Most blocks have run before: do not dirty the cache line. */
	if (!test_bit(bit, blocks) && !test_and_set_bit(bit, blocks))
		atomic_inc(&count);
}
EXPORT_SYMBOL_GPL(__sanitizer_cov_trace_pc);

/* A block that runs meanwhile may be counted and cleared. */
static int cover_reset(void *data, u64 val)
{
	bitmap_zero(blocks, COVER_BITS);
	atomic_set(&count, 0);
	return 0;
}

DEFINE_DEBUGFS_ATTRIBUTE(cover_reset_fops, NULL, cover_reset, "%llu\n");

static struct debugfs_blob_wrapper cover_blob = {
	.data = blocks,
	.size = sizeof(blocks),
};

static int __init cover_init(void)
{
	dir = debugfs_create_dir("iser_tgt_cover", NULL);
	debugfs_create_blob("blocks", 0400, dir, &cover_blob);
	debugfs_create_atomic_t("count", 0400, dir, &count);
	debugfs_create_file_unsafe("reset", 0200, dir, NULL, &cover_reset_fops);
	return 0;
}

static void __exit cover_exit(void)
{
	debugfs_remove(dir);
}

module_init(cover_init);
module_exit(cover_exit);
MODULE_DESCRIPTION("Basic blocks of iser_tgt that have run");
MODULE_LICENSE("GPL");
