// SPDX-License-Identifier: GPL-2.0
/*
 * Data buffers that stay mapped for a device: a transfer out of one is a single
 * scatter element, with nothing to allocate, zero or map on the way. Each
 * completion vector keeps its own, so its lock is rarely wanted by two.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/slab.h>

#include "rdma.h"

/* Poisoned data that reaches an initiator was never filled by a backstore. */
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
static atomic_long_t iser_tgt_pool_pages;

static void iser_tgt_chunk_free(struct iser_tgt_chunk *chunk)
{
	struct ib_device *ibdev = chunk->pool->dev->ibdev;

	ib_dma_unmap_page(ibdev, chunk->dma, PAGE_SIZE << chunk->order,
			  DMA_BIDIRECTIONAL);
	__free_pages(chunk->page, chunk->order);
	atomic_long_sub(1L << chunk->order, &iser_tgt_pool_pages);
	kfree(chunk);
}

static struct iser_tgt_chunk *
iser_tgt_chunk_alloc(struct iser_tgt_data_pool *pool, unsigned int order)
{
	/* Completion handlers do not wait: the core allocates if this fails. */
	const gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN;
	long max = (long)READ_ONCE(data_pool_max) << (20 - PAGE_SHIFT);
	struct ib_device *ibdev = pool->dev->ibdev;
	struct iser_tgt_chunk *chunk;

	if (atomic_long_add_return(1L << order, &iser_tgt_pool_pages) > max)
		goto uncount;

	chunk = kmalloc_node(sizeof(*chunk), gfp, ibdev_to_node(ibdev));
	if (!chunk)
		goto uncount;

	chunk->pool = pool;
	chunk->order = order;
	/* Some file systems take references to single pages of it. */
	chunk->page = alloc_pages_node(ibdev_to_node(ibdev), gfp | __GFP_COMP,
				       order);
	if (!chunk->page)
		goto free;

	chunk->dma = ib_dma_map_page(ibdev, chunk->page, 0, PAGE_SIZE << order,
				     DMA_BIDIRECTIONAL);
	if (ib_dma_mapping_error(ibdev, chunk->dma))
		goto free_pages;

	return chunk;

free_pages:
	__free_pages(chunk->page, order);
free:
	kfree(chunk);
uncount:
	atomic_long_sub(1L << order, &iser_tgt_pool_pages);
	return NULL;
}

/**
 * iser_tgt_chunk_get - a data buffer
 * @pool: where from
 * @len: bytes it must hold
 *
 * Not zeroed: nobody but the backstore may say which bytes of it are sent.
 *
 * Context: process.
 * Return: the buffer, NULL if none of that size is to be had.
 */
struct iser_tgt_chunk *iser_tgt_chunk_get(struct iser_tgt_data_pool *pool,
					  u32 len)
{
	unsigned int order = get_order(len);
	struct iser_tgt_chunk *chunk;

	if (order > ISER_TGT_CHUNK_ORDER)
		return NULL;

	spin_lock(&pool->lock);
	chunk = list_first_entry_or_null(&pool->free[order],
					 struct iser_tgt_chunk, entry);
	if (likely(chunk)) {
		list_del(&chunk->entry);
		if (--pool->nr[order] < pool->unused[order])
			pool->unused[order] = pool->nr[order];
	}
	spin_unlock(&pool->lock);

	if (unlikely(!chunk))
		chunk = iser_tgt_chunk_alloc(pool, order);
	if (unlikely(READ_ONCE(poison_data)) && chunk)
		memset(page_address(chunk->page), ISER_TGT_POISON,
		       PAGE_SIZE << order);
	return chunk;
}

/**
 * iser_tgt_chunk_put - a data buffer is no longer needed
 * @chunk: the buffer
 *
 * Context: any but interrupts.
 */
void iser_tgt_chunk_put(struct iser_tgt_chunk *chunk)
{
	struct iser_tgt_data_pool *pool = chunk->pool;

	spin_lock(&pool->lock);
	list_add(&chunk->entry, &pool->free[chunk->order]);
	pool->nr[chunk->order]++;
	spin_unlock(&pool->lock);
}

/* Give back @nr of an order, or as many as there are. */
static void iser_tgt_pool_shrink(struct iser_tgt_data_pool *pool,
				 unsigned int order, unsigned int nr)
{
	struct iser_tgt_chunk *chunk;

	while (nr--) {
		spin_lock(&pool->lock);
		chunk = list_first_entry_or_null(&pool->free[order],
						 struct iser_tgt_chunk, entry);
		if (chunk) {
			list_del(&chunk->entry);
			pool->nr[order]--;
		}
		spin_unlock(&pool->lock);
		if (!chunk)
			return;
		iser_tgt_chunk_free(chunk);
	}
}

/**
 * iser_tgt_pool_trim - what nobody needed since the last time goes back
 * @pool: the pool
 *
 * Context: may sleep.
 */
void iser_tgt_pool_trim(struct iser_tgt_data_pool *pool)
{
	unsigned int order, unused;

	for (order = 0; order <= ISER_TGT_CHUNK_ORDER; order++) {
		spin_lock(&pool->lock);
		unused = pool->unused[order];
		spin_unlock(&pool->lock);

		iser_tgt_pool_shrink(pool, order, unused);

		spin_lock(&pool->lock);
		pool->unused[order] = pool->nr[order];
		spin_unlock(&pool->lock);
	}
}

/**
 * iser_tgt_pool_idle - data buffers that are kept and not in use
 * @pool: the pool
 *
 * Context: any but interrupts.
 * Return: bytes.
 */
size_t iser_tgt_pool_idle(struct iser_tgt_data_pool *pool)
{
	unsigned int order;
	size_t bytes = 0;

	spin_lock(&pool->lock);
	for (order = 0; order <= ISER_TGT_CHUNK_ORDER; order++)
		bytes += pool->nr[order] * (PAGE_SIZE << order);
	spin_unlock(&pool->lock);

	return bytes;
}

/**
 * iser_tgt_pools_init - the data buffers of a device, none yet
 * @dev: the device
 *
 * Context: any.
 */
void iser_tgt_pools_init(struct iser_tgt_device *dev)
{
	unsigned int i, order;

	for (i = 0; i < dev->nr_vectors; i++) {
		struct iser_tgt_data_pool *pool = &dev->vector[i].pool;

		pool->dev = dev;
		spin_lock_init(&pool->lock);
		for (order = 0; order <= ISER_TGT_CHUNK_ORDER; order++)
			INIT_LIST_HEAD(&pool->free[order]);
	}
}

/**
 * iser_tgt_pools_empty - give all data buffers of a device back
 * @dev: the device, without connections
 *
 * Context: may sleep.
 */
void iser_tgt_pools_empty(struct iser_tgt_device *dev)
{
	unsigned int i, order;

	for (i = 0; i < dev->nr_vectors; i++) {
		struct iser_tgt_data_pool *pool = &dev->vector[i].pool;

		for (order = 0; order <= ISER_TGT_CHUNK_ORDER; order++) {
			iser_tgt_pool_shrink(pool, order, UINT_MAX);
			pool->unused[order] = 0;
		}
	}
}
