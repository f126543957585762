/* SPDX-License-Identifier: GPL-2.0 */
/* Pages that are mapped for a device from their allocation on. */
#ifndef ISER_TGT_RDMA_DMA_PAGE_H
#define ISER_TGT_RDMA_DMA_PAGE_H

#include <linux/dma-direction.h>
#include <linux/gfp.h>

struct ib_device;

struct page *iser_tgt_dma_page_alloc(struct ib_device *ibdev, gfp_t gfp,
				     unsigned int order,
				     enum dma_data_direction dir, u64 *dma);
void iser_tgt_dma_page_free(struct ib_device *ibdev, struct page *page,
			    unsigned int order, enum dma_data_direction dir,
			    u64 dma);

#endif
