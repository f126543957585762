// SPDX-License-Identifier: GPL-2.0
/* Memory of PDUs to send: a session's, and the one of a login. */

#include <linux/slab.h>

#include "../compat.h"
#include "conn.h"
#include "device.h"
#include "dma_page.h"
#include "send.h"
#include "sent.h"

/* Headers and data of one PDU after login. */
#define ISER_TGT_TX_LEN		(ISER_TGT_HDR_LEN + ISER_TGT_FFP_DATA_MAX)
#define ISER_TGT_TX_STRIDE	256
#define ISER_TGT_TX_PER_PAGE	(PAGE_SIZE / ISER_TGT_TX_STRIDE)

/**
 * struct iser_tgt_tx_page - a page of a pool
 * @page: the memory
 * @dma: its bus address
 */
struct iser_tgt_tx_page {
	struct page *page;
	u64 dma;
};

/**
 * struct iser_tgt_tx_pool - memory of a session's PDUs, mapped for its life
 * @conn: the connection
 * @nr: pages there are
 * @pages: the pages
 */
struct iser_tgt_tx_pool {
	struct iser_tgt_conn *conn;
	unsigned int nr;
	struct iser_tgt_tx_page pages[];
};

/**
 * struct iser_tgt_login_tx - the PDU of a login or discovery, up to 8 KiB
 * @tx: headers in its own sge
 * @sge: headers and data pages
 * @page: headers, then data
 */
struct iser_tgt_login_tx {
	struct iser_tgt_tx tx;
	struct ib_sge sge[1 + ISER_TGT_LOGIN_PAGES];
	struct page *page[1 + ISER_TGT_LOGIN_PAGES];
};

/**
 * iser_tgt_tx_pool_alloc - a pool for a session's PDUs, without memory yet
 * @conn: the connection
 * @max: PDUs it may have
 *
 * Context: may sleep.
 * Return: the pool, or NULL.
 */
struct iser_tgt_tx_pool *iser_tgt_tx_pool_alloc(struct iser_tgt_conn *conn,
						unsigned int max)
{
	unsigned int pages = DIV_ROUND_UP(max, ISER_TGT_TX_PER_PAGE);
	struct iser_tgt_tx_pool *pool;

	BUILD_BUG_ON(ISER_TGT_TX_LEN > ISER_TGT_TX_STRIDE);

	pool = kzalloc(struct_size(pool, pages, pages), GFP_KERNEL);
	if (pool)
		pool->conn = conn;
	return pool;
}

/**
 * iser_tgt_tx_pool_grow - memory for so many PDUs
 * @pool: the pool
 * @nr: PDUs, at most what the pool may have
 * @gfp: how to allocate it
 *
 * Context: as @gfp; one caller at a time.
 * Return: true if there is enough, zeroed when it was allocated.
 */
bool iser_tgt_tx_pool_grow(struct iser_tgt_tx_pool *pool, unsigned int nr,
			   gfp_t gfp)
{
	while (pool->nr < DIV_ROUND_UP(nr, ISER_TGT_TX_PER_PAGE)) {
		struct iser_tgt_tx_page *page = &pool->pages[pool->nr];

		page->page = iser_tgt_dma_page_alloc(pool->conn->dev->ibdev,
						     gfp | __GFP_ZERO, 0,
						     DMA_TO_DEVICE, &page->dma);
		if (!page->page)
			return false;
		/* Its memory is counted when a file is read. */
		WRITE_ONCE(pool->nr, pool->nr + 1);
	}
	return true;
}

/**
 * iser_tgt_tx_pool_free - free a pool
 * @pool: from iser_tgt_tx_pool_alloc(), or NULL
 */
void iser_tgt_tx_pool_free(struct iser_tgt_tx_pool *pool)
{
	unsigned int i;

	if (!pool)
		return;

	for (i = 0; i < pool->nr; i++)
		iser_tgt_dma_page_free(pool->conn->dev->ibdev,
				       pool->pages[i].page, 0, DMA_TO_DEVICE,
				       pool->pages[i].dma);
	kfree(pool);
}

/**
 * iser_tgt_tx_pool_memory - what a pool costs
 * @pool: the pool
 *
 * Return: bytes.
 */
size_t iser_tgt_tx_pool_memory(const struct iser_tgt_tx_pool *pool)
{
	return READ_ONCE(pool->nr) * PAGE_SIZE;
}

static void iser_tgt_tx_setup(struct iser_tgt_conn *conn,
			      struct iser_tgt_tx *tx, u8 *hdr, u64 dma)
{
	tx->conn = conn;
	tx->hdr = hdr;
	tx->cqe.done = iser_tgt_send_done;
	tx->sge.addr = dma;
	tx->sge.lkey = conn->dev->pd->local_dma_lkey;
	tx->wr.wr_cqe = &tx->cqe;
	tx->wr.sg_list = &tx->sge;
	tx->wr.num_sge = 1;
}

/**
 * iser_tgt_tx_init - give a PDU its memory
 * @pool: the pool
 * @index: place in the pool
 * @tx: the PDU; @tx->done is for the caller to set
 */
void iser_tgt_tx_init(struct iser_tgt_tx_pool *pool, unsigned int index,
		      struct iser_tgt_tx *tx)
{
	const struct iser_tgt_tx_page *page =
		&pool->pages[index / ISER_TGT_TX_PER_PAGE];
	size_t offset = (index % ISER_TGT_TX_PER_PAGE) * ISER_TGT_TX_STRIDE;

	tx->index = index;
	iser_tgt_tx_setup(pool->conn, tx, page_address(page->page) + offset,
			  page->dma + offset);
}

/**
 * iser_tgt_login_tx_alloc - allocate the PDU of a login or discovery
 * @conn: the connection
 *
 * Context: may sleep.
 * Return: the PDU, or NULL. Its ->done() is for the caller to set.
 */
struct iser_tgt_login_tx *iser_tgt_login_tx_alloc(struct iser_tgt_conn *conn)
{
	struct iser_tgt_login_tx *login_tx;
	int i;

	login_tx = kzalloc_obj(*login_tx, GFP_KERNEL);
	if (!login_tx)
		return NULL;

	login_tx->tx.conn = conn;
	for (i = 0; i < ARRAY_SIZE(login_tx->page); i++) {
		struct ib_sge *sge = &login_tx->sge[i];

		sge->lkey = conn->dev->pd->local_dma_lkey;
		login_tx->page[i] = iser_tgt_dma_page_alloc(conn->dev->ibdev,
							    GFP_KERNEL, 0,
							    DMA_TO_DEVICE,
							    &sge->addr);
		if (!login_tx->page[i]) {
			iser_tgt_login_tx_free(login_tx);
			return NULL;
		}
	}

	iser_tgt_tx_setup(conn, &login_tx->tx, page_address(login_tx->page[0]),
			  login_tx->sge[0].addr);
	login_tx->tx.wr.sg_list = login_tx->sge;
	return login_tx;
}

/**
 * iser_tgt_login_tx_free - free the PDU of a login
 * @login_tx: from iser_tgt_login_tx_alloc(), or NULL
 */
void iser_tgt_login_tx_free(struct iser_tgt_login_tx *login_tx)
{
	int i;

	if (!login_tx)
		return;

	for (i = 0; i < ARRAY_SIZE(login_tx->page); i++) {
		if (!login_tx->page[i])
			continue;
		/* The text of a login may contain secrets of the peer. */
		clear_highpage(login_tx->page[i]);
		iser_tgt_dma_page_free(login_tx->tx.conn->dev->ibdev,
				       login_tx->page[i], 0, DMA_TO_DEVICE,
				       login_tx->sge[i].addr);
	}
	kfree(login_tx);
}

/**
 * iser_tgt_login_tx_pdu - the PDU to fill in
 * @login_tx: not under way
 *
 * Return: the PDU.
 */
struct iser_tgt_tx *iser_tgt_login_tx_pdu(struct iser_tgt_login_tx *login_tx)
{
	return &login_tx->tx;
}

/**
 * iser_tgt_login_tx_send - send the PDU of a login or discovery
 * @login_tx: with its headers filled in, not under way
 * @data: the data segment
 * @len: bytes of it, at most ISER_TGT_LOGIN_DATA_MAX
 *
 * Context: any but interrupts. ->done() is called in any case.
 */
void iser_tgt_login_tx_send(struct iser_tgt_login_tx *login_tx,
			    const void *data, size_t len)
{
	struct iser_tgt_tx *tx = &login_tx->tx;
	struct ib_device *ibdev = tx->conn->dev->ibdev;
	size_t padded = ALIGN(len, 4);
	size_t pos = 0;
	int i = 1;
	int ret;

	while (pos < padded) {
		size_t n = min_t(size_t, padded - pos, PAGE_SIZE);
		size_t copy = min(n, len - pos);
		u8 *to = page_address(login_tx->page[i]);

		memcpy(to, data + pos, copy);
		memset(to + copy, 0, n - copy);
		login_tx->sge[i].length = n;
		ib_dma_sync_single_for_device(ibdev, login_tx->sge[i].addr, n,
					      DMA_TO_DEVICE);
		pos += n;
		i++;
	}
	login_tx->sge[0].length = ISER_TGT_HDR_LEN;
	tx->wr.num_sge = i;
	tx->wr.opcode = IB_WR_SEND;
	tx->sge.length = ISER_TGT_HDR_LEN;

	ret = iser_tgt_post(tx->conn, &tx->wr, tx);
	if (ret)
		tx->done(tx, ret);
}
