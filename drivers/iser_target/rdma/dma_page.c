// SPDX-License-Identifier: GPL-2.0
/* Pages that are mapped for a device from their allocation on. */

#include <linux/mm.h>
#include <rdma/ib_verbs.h>

#include "dma_page.h"

/**
 * iser_tgt_dma_page_alloc - allocate and map a page
 * @ibdev: the device, on whose node it is allocated
 * @gfp: how
 * @order: allocation order
 * @dir: direction of the mapping
 * @dma: its bus address
 *
 * Context: as @gfp says.
 * Return: the page, or NULL.
 */
struct page *iser_tgt_dma_page_alloc(struct ib_device *ibdev, gfp_t gfp,
				     unsigned int order,
				     enum dma_data_direction dir, u64 *dma)
{
	struct page *page;

	page = alloc_pages_node(ibdev_to_node(ibdev),
				gfp | (order ? __GFP_COMP : 0), order);
	if (!page)
		return NULL;

	*dma = ib_dma_map_page(ibdev, page, 0, PAGE_SIZE << order, dir);
	if (ib_dma_mapping_error(ibdev, *dma)) {
		__free_pages(page, order);
		return NULL;
	}
	return page;
}

/**
 * iser_tgt_dma_page_free - unmap and free a page
 * @ibdev: the device
 * @page: from iser_tgt_dma_page_alloc()
 * @order: as it was allocated
 * @dir: as it was mapped
 * @dma: its bus address
 */
void iser_tgt_dma_page_free(struct ib_device *ibdev, struct page *page,
			    unsigned int order, enum dma_data_direction dir,
			    u64 dma)
{
	ib_dma_unmap_page(ibdev, dma, PAGE_SIZE << order, dir);
	__free_pages(page, order);
}
