// SPDX-License-Identifier: GPL-2.0
/*
 * Data buffers that stay mapped for a device: a transfer from one is a single
 * scatter element, with nothing to allocate, zero or map. Each completion vector
 * has its own pool, so that its lock is rarely contended.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "conn.h"
#include "data_pool.h"
#include "dma_page.h"

/* An initiator that receives this was sent data that no backstore filled. */
#define ISER_TGT_POISON		0xa5

static unsigned int data_pool_max = 64;
module_param(data_pool_max, uint, 0644);
MODULE_PARM_DESC(data_pool_max,
		 "MiB of data buffers kept mapped, at most; 0: each command gets fresh ones");

static bool poison_data;
module_param(poison_data, bool, 0644);
MODULE_PARM_DESC(poison_data,
		 "fill data buffers with 0xa5 before each use, to find what was not filled");

/* Pages in all pools. */
static atomic_long_t iser_tgt_data_pages;

static void iser_tgt_data_free(struct iser_tgt_data_buf *buf)
{
	iser_tgt_dma_page_free(buf->pool->ibdev, buf->page, buf->order,
			       DMA_BIDIRECTIONAL, buf->dma);
	atomic_long_sub(1L << buf->order, &iser_tgt_data_pages);
	atomic_long_sub(1L << buf->order, &buf->pool->pages);
	kfree(buf);
}

static noinline struct iser_tgt_data_buf *
iser_tgt_data_alloc(struct iser_tgt_data_pool *pool, unsigned int order)
{
	/* Completion handlers do not sleep; if this fails, the core allocates. */
	const gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN;
	long max = (long)READ_ONCE(data_pool_max) << (20 - PAGE_SHIFT);
	struct ib_device *ibdev = pool->ibdev;
	struct iser_tgt_data_buf *buf;

	/* A few large transfers must not take the buffers of many small ones. */
	if (order > ISER_TGT_DATA_ORDER_ANY)
		max /= 2;
	if (atomic_long_add_return(1L << order, &iser_tgt_data_pages) > max)
		goto uncount;

	buf = kmalloc_node(sizeof(*buf), gfp, ibdev_to_node(ibdev));
	if (!buf)
		goto uncount;

	buf->pool = pool;
	buf->order = order;
	buf->next = NULL;
	buf->page = iser_tgt_dma_page_alloc(ibdev, gfp, order,
					    DMA_BIDIRECTIONAL, &buf->dma);
	if (buf->page) {
		atomic_long_add(1L << order, &pool->pages);
		return buf;
	}

	kfree(buf);
uncount:
	atomic_long_sub(1L << order, &iser_tgt_data_pages);
	return NULL;
}

/* Holds the lock. */
static inline struct iser_tgt_data_buf *
iser_tgt_data_take(struct iser_tgt_data_free *free)
{
	struct iser_tgt_data_buf *buf = free->first;

	if (likely(buf)) {
		free->first = buf->next;
		buf->next = NULL;
		free->nr--;
	}
	return buf;
}

/**
 * iser_tgt_data_get - take a data buffer
 * @conn: the connection it is for
 * @len: bytes it must hold
 *
 * Not zeroed: only bytes that the backstore filled may be sent.
 *
 * Context: the receive side.
 * Return: the buffer, NULL if there is none of that size.
 */
struct iser_tgt_data_buf *iser_tgt_data_get(struct iser_tgt_conn *conn, u32 len)
{
	struct iser_tgt_data_pool *pool = conn->pool;
	unsigned int order = get_order(len);
	struct iser_tgt_data_free *free;
	struct iser_tgt_data_buf *buf;

	if (order > ISER_TGT_DATA_ORDER_MAX) {
		conn->counts.pool_misses++;
		return NULL;
	}

	free = &pool->free[order];
	spin_lock(&pool->lock);
	buf = iser_tgt_data_take(free);
	if (likely(buf)) {
		if (free->nr < free->unused)
			free->unused = free->nr;
		pool->hits++;
	} else {
		pool->misses++;
	}
	spin_unlock(&pool->lock);

	if (unlikely(!buf)) {
		conn->counts.pool_misses++;
		buf = iser_tgt_data_alloc(pool, order);
	}
	if (unlikely(READ_ONCE(poison_data)) && buf)
		memset(page_address(buf->page), ISER_TGT_POISON,
		       PAGE_SIZE << order);
	return buf;
}

/**
 * iser_tgt_data_put - return data buffers
 * @bufs: the buffers, chained by @next, all of one connection
 *
 * Context: any but interrupts.
 */
void iser_tgt_data_put(struct iser_tgt_data_buf *bufs)
{
	struct iser_tgt_data_pool *pool = bufs->pool;
	struct iser_tgt_data_buf *next;

	spin_lock(&pool->lock);
	for (; bufs; bufs = next) {
		struct iser_tgt_data_free *free = &pool->free[bufs->order];

		next = bufs->next;
		bufs->next = free->first;
		free->first = bufs;
		free->nr++;
	}
	spin_unlock(&pool->lock);
}

/* Frees @nr of an order, or as many as there are. */
static void iser_tgt_data_pool_shrink(struct iser_tgt_data_pool *pool,
				      unsigned int order, unsigned int nr)
{
	struct iser_tgt_data_buf *buf;

	while (nr--) {
		spin_lock(&pool->lock);
		buf = iser_tgt_data_take(&pool->free[order]);
		spin_unlock(&pool->lock);
		if (!buf)
			return;
		iser_tgt_data_free(buf);
	}
}

/**
 * iser_tgt_data_pool_trim - free buffers that stayed idle for a whole interval
 * @pool: the pool
 *
 * Context: may sleep.
 */
void iser_tgt_data_pool_trim(struct iser_tgt_data_pool *pool)
{
	unsigned int order, unused;

	for (order = 0; order <= ISER_TGT_DATA_ORDER_MAX; order++) {
		spin_lock(&pool->lock);
		unused = pool->free[order].unused;
		spin_unlock(&pool->lock);

		iser_tgt_data_pool_shrink(pool, order, unused);

		spin_lock(&pool->lock);
		pool->free[order].unused = pool->free[order].nr;
		spin_unlock(&pool->lock);
	}
}

/**
 * iser_tgt_data_pool_show - print what is in use and what is not
 * @m: the file, in a line of name=value words
 * @pool: the pool
 *
 * Context: any but interrupts.
 */
void iser_tgt_data_pool_show(struct seq_file *m,
			     struct iser_tgt_data_pool *pool)
{
	unsigned long pages = atomic_long_read(&pool->pages);
	unsigned int order;
	size_t idle = 0;
	u64 hits, misses;

	spin_lock(&pool->lock);
	for (order = 0; order <= ISER_TGT_DATA_ORDER_MAX; order++)
		idle += pool->free[order].nr * (PAGE_SIZE << order);
	hits = pool->hits;
	misses = pool->misses;
	spin_unlock(&pool->lock);

	seq_printf(m, "idle_data_buffers=%zuKiB data_buffers=%luKiB pool_hits=%llu pool_misses=%llu",
		   idle >> 10, pages << (PAGE_SHIFT - 10), hits, misses);
}

/**
 * iser_tgt_data_pool_init - prepare a pool, empty
 * @pool: the pool, zeroed
 * @ibdev: the device
 */
void iser_tgt_data_pool_init(struct iser_tgt_data_pool *pool,
			     struct ib_device *ibdev)
{
	pool->ibdev = ibdev;
	spin_lock_init(&pool->lock);
}

/**
 * iser_tgt_data_pool_empty - free all buffers
 * @pool: the pool, none of it in use
 *
 * Context: may sleep.
 */
void iser_tgt_data_pool_empty(struct iser_tgt_data_pool *pool)
{
	unsigned int order;

	for (order = 0; order <= ISER_TGT_DATA_ORDER_MAX; order++) {
		iser_tgt_data_pool_shrink(pool, order, UINT_MAX);
		pool->free[order].unused = 0;
	}
}
