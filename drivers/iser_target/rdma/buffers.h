/* SPDX-License-Identifier: GPL-2.0 */
/* Memory that PDUs and data come in and go out of: receive buffers, data pools. */
#ifndef ISER_TGT_BUFFERS_H
#define ISER_TGT_BUFFERS_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <rdma/ib_verbs.h>

#include "../iscsi/pdu.h"

struct iser_tgt_conn;
struct iser_tgt_device;
struct iser_tgt_rx_slab;

/* Data segment a receive buffer holds, bytes; a login's must fit. */
#define ISER_TGT_RECV_DATA_MIN	8192U
#define ISER_TGT_RECV_DATA_MAX	65536U
/* Pieces it is cut in, at most. */
#define ISER_TGT_RECV_SGE	4
/* Scatter elements it needs at least: headers, one piece, an AHS. */
#define ISER_TGT_RECV_SGE_MIN	3
/* Room for an AHS beside it: a CDB of 260 bytes and a bidirectional length. */
#define ISER_TGT_RECV_AHS	256
/* Received PDUs are given back to the device this many at a time. */
#define ISER_TGT_RECV_BATCH	8
/* Fewer to spare in a shared queue than this, and it gets more. */
#define ISER_TGT_SRQ_LIMIT	16
/* How often what nobody needed since the last time is given back. */
#define ISER_TGT_TRIM_INTERVAL	(10 * HZ)
/* Immediate requests are not held back by the window; buffers beside it. */
#define ISER_TGT_RECV_EXTRA	8
/*
 * Of a shared receive queue, what a session can always count on: this much
 * window, and that many immediate requests.
 */
#define ISER_TGT_WINDOW_MIN	8
#define ISER_TGT_SHARED_EXTRA	2
/* Receive buffers for a login: one for a peer that errs. */
#define ISER_TGT_LOGIN_RECV	2
/* Data buffers kept mapped are this large at most: 64 KiB of 4 KiB pages. */
#define ISER_TGT_CHUNK_ORDER	4

/**
 * struct iser_tgt_data_pool - data buffers of one completion vector
 * @dev: the device they are mapped for
 * @lock: protects the rest
 * @free: by order
 * @nr: how many in @free
 * @unused: the least of @nr since the last iser_tgt_pool_trim()
 */
struct iser_tgt_data_pool {
	struct iser_tgt_device *dev;
	/* the lists and their numbers */
	spinlock_t lock;
	struct list_head free[ISER_TGT_CHUNK_ORDER + 1];
	unsigned int nr[ISER_TGT_CHUNK_ORDER + 1];
	unsigned int unused[ISER_TGT_CHUNK_ORDER + 1];
};

/**
 * struct iser_tgt_chunk - a data buffer
 * @entry: on its pool's list
 * @pool: where it belongs
 * @page: the memory
 * @dma: its bus address
 * @order: allocation order of @page
 */
struct iser_tgt_chunk {
	struct list_head entry;
	struct iser_tgt_data_pool *pool;
	struct page *page;
	u64 dma;
	unsigned int order;
};

/**
 * struct iser_tgt_rx - a receive buffer and the PDU in it
 * @cqe: completion of the receive
 * @queue: where it is posted
 * @slab: what it was allocated with
 * @conn: the connection the PDU came over
 * @free: on the queue's list of buffers to post again
 * @entry: on the connection's list of PDUs that wait
 * @wr: posted as it is, chained for a batch
 * @sge: the headers, the data, the tail
 * @hdr: ISER_TGT_HDR_LEN bytes for the two headers
 * @tail: ISER_TGT_RECV_AHS bytes behind the data
 * @page: AHS and data segment, so that data is page aligned without AHS
 * @sg: the data segment, and one entry more for what it is the first part of
 * @received: bytes that came
 * @error: what is wrong with it
 * @pdu: what it says
 */
struct iser_tgt_rx {
	struct ib_cqe cqe;
	struct iser_tgt_rx_queue *queue;
	struct iser_tgt_rx_slab *slab;
	struct iser_tgt_conn *conn;
	struct llist_node free;
	struct list_head entry;
	struct ib_recv_wr wr;
	struct ib_sge sge[2 + ISER_TGT_RECV_SGE];
	u8 *hdr;
	u8 *tail;
	struct page *page[ISER_TGT_RECV_SGE];
	struct scatterlist sg[ISER_TGT_RECV_SGE + 1];
	u32 received;
	enum iser_tgt_pdu_error error;
	struct iser_tgt_pdu pdu;
};

/**
 * enum iser_tgt_rx_state - how many buffers of a shared queue are promised
 * @ISER_TGT_RX_PLENTY: few
 * @ISER_TGT_RX_TIGHT: so many that windows should not keep what they do not use
 * @ISER_TGT_RX_SCARCE: so many that logins need those that windows use as well
 */
enum iser_tgt_rx_state {
	ISER_TGT_RX_PLENTY,
	ISER_TGT_RX_TIGHT,
	ISER_TGT_RX_SCARCE,
};

/**
 * struct iser_tgt_rx_queue - receive buffers and where they are posted
 * @dev: the device
 * @srq: a shared receive queue, or NULL:
 * @conn: the one connection whose queue pair they are posted to
 * @lock: protects @slabs and @nr
 * @slabs: the buffers
 * @nr: how many
 * @max: how many there may be
 * @step: how many to add at a time, at least
 * @spare: buffers that neither a window nor a login counts on
 * @unused: the least of @spare since the last iser_tgt_shared_trim()
 * @epoch: how often that has been
 * @state: whether windows may keep what they have
 * @retire: buffers to free when they come back, instead of posting them
 * @retired: those that have
 * @free: buffers to post again
 * @nr_free: how many
 * @batch: how many to gather before they are posted
 * @lossy: the device may keep buffers of connections that it broke
 * @ran_short: it has told that few are posted
 * @failed: the device has given up a shared queue
 * @upkeep: adds buffers to a shared queue that runs short, or closes the
 *	connections of one that failed
 */
struct iser_tgt_rx_queue {
	struct iser_tgt_device *dev;
	struct ib_srq *srq;
	struct iser_tgt_conn *conn;
	/* slabs and nr */
	spinlock_t lock;
	struct list_head slabs;
	unsigned int nr;
	unsigned int max;
	unsigned int step;
	atomic_t spare;
	int unused;
	unsigned int epoch;
	enum iser_tgt_rx_state state;
	atomic_t retire;
	struct llist_head retired;
	struct llist_head free;
	atomic_t nr_free;
	unsigned int batch;
	bool lossy;
	bool ran_short;
	bool failed;
	struct work_struct upkeep;
};

/* receive_queue.c */
u32 iser_tgt_recv_data_size(void);
size_t iser_tgt_rx_memory(const struct iser_tgt_device *dev);
void iser_tgt_rx_layout(struct iser_tgt_device *dev);
struct iser_tgt_rx_queue *iser_tgt_rx_queue_alloc(struct iser_tgt_device *dev,
						  unsigned int max);
struct iser_tgt_rx_queue *iser_tgt_rx_queue_own(struct iser_tgt_conn *conn);
int iser_tgt_rx_queue_begin(struct iser_tgt_conn *conn);
void iser_tgt_rx_queue_free(struct iser_tgt_rx_queue *q);
int iser_tgt_rx_queue_grow(struct iser_tgt_rx_queue *q, unsigned int nr);
void iser_tgt_rx_put(struct iser_tgt_rx *rx);
void iser_tgt_rx_free_retired(struct iser_tgt_rx_queue *q);
unsigned int iser_tgt_rx_max(const struct iser_tgt_rx_queue *q);

/* receive_promise.c */
int iser_tgt_rx_reserve(struct iser_tgt_rx_queue *q, unsigned int nr);
void iser_tgt_rx_unreserve(struct iser_tgt_rx_queue *q, unsigned int nr);
bool iser_tgt_rx_borrow(struct iser_tgt_rx_queue *q);
void iser_tgt_rx_retire(struct iser_tgt_rx_queue *q, unsigned int nr);

/* receive_shared.c */
bool iser_tgt_device_shares(const struct iser_tgt_device *dev);
struct iser_tgt_rx_queue *iser_tgt_rx_queue_shared(struct iser_tgt_device *dev);
unsigned int iser_tgt_shared_limit(const struct iser_tgt_rx_queue *q);
void iser_tgt_shared_lossy(struct iser_tgt_rx_queue *q);
void iser_tgt_shared_trim(struct iser_tgt_rx_queue *q);

/* data_pool.c */
void iser_tgt_pools_init(struct iser_tgt_device *dev);
void iser_tgt_pool_trim(struct iser_tgt_data_pool *pool);
size_t iser_tgt_pool_idle(struct iser_tgt_data_pool *pool);
void iser_tgt_pools_empty(struct iser_tgt_device *dev);
struct iser_tgt_chunk *iser_tgt_chunk_get(struct iser_tgt_data_pool *pool,
					  u32 len);
void iser_tgt_chunk_put(struct iser_tgt_chunk *chunk);

#endif
