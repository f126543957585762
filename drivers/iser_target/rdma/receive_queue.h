/* SPDX-License-Identifier: GPL-2.0 */
/* Receive buffers, and the queue they are posted to. */
#ifndef ISER_TGT_RDMA_RECEIVE_QUEUE_H
#define ISER_TGT_RDMA_RECEIVE_QUEUE_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "rdma.h"

struct iser_tgt_device;
struct iser_tgt_rx_slab;

/* Data segment that a receive buffer holds, bytes; a login's must fit. */
#define ISER_TGT_RECV_DATA_MIN	8192U
/* Pieces it is cut in, at most. */
#define ISER_TGT_RECV_SGE	4
/* Scatter elements a buffer needs at least: headers, one piece, an AHS. */
#define ISER_TGT_RECV_SGE_MIN	3
/* Room for an AHS beside the data: a CDB of 260 bytes, a bidirectional length. */
#define ISER_TGT_RECV_AHS	256
/* Buffers are posted again this many at a time. */
#define ISER_TGT_RECV_BATCH	8
/* Immediate requests are not held back by the window; buffers beside it. */
#define ISER_TGT_RECV_EXTRA	8
/* Buffers for a login: a second one for a peer that sends more than it may. */
#define ISER_TGT_LOGIN_RECV	2
/* Buffers of a shared queue when it is made, and at least. */
#define ISER_TGT_SRQ_FIRST	64

/**
 * struct iser_tgt_rx_buf - a receive buffer
 * @rx: the PDU in it; headers of ISER_TGT_HDR_LEN bytes
 * @conn: the connection the PDU came over
 * @queue: where the buffer is posted
 * @entry: on the connection's list of PDUs that wait
 * @cqe: completion of the receive
 * @wr: posted as it is, chained for a batch
 * @sge: the headers, the data, the tail
 * @page: AHS and data segment, so that data is page aligned without AHS
 * @tail: ISER_TGT_RECV_AHS bytes behind the data
 * @sg: for iser_tgt_rx_sgl()
 * @free: on the queue's list of buffers to post again
 * @slab: what it was allocated with
 */
struct iser_tgt_rx_buf {
	struct iser_tgt_rx rx;
	struct iser_tgt_conn *conn;
	struct iser_tgt_rx_queue *queue;
	struct list_head entry;
	struct ib_cqe cqe;
	struct ib_recv_wr wr;
	struct ib_sge sge[2 + ISER_TGT_RECV_SGE];
	struct page *page[ISER_TGT_RECV_SGE];
	u8 *tail;
	struct scatterlist sg[ISER_TGT_RECV_SGE + 1];
	struct llist_node free;
	struct iser_tgt_rx_slab *slab;
};

/**
 * enum iser_tgt_rx_state - how many buffers of a shared queue are reserved
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
 * @free: buffers to post again
 * @nr_free: how many
 * @batch: how many to gather before they are posted
 * @retire: buffers to free when they are returned, instead of posting them
 * @retired: those that were returned
 * @state: whether windows may keep what they have
 * @epoch: how often iser_tgt_shared_trim() has run
 * @spare: buffers that are not reserved
 * @unused: the least of @spare since the last iser_tgt_shared_trim()
 * @lock: protects @slabs and @nr
 * @slabs: the buffers
 * @nr: how many
 * @max: how many there may be
 * @step: how many to add at a time, at least
 * @done: completion handler of the buffers
 * @lossy: the device may lose buffers of connections that broke
 * @ran_short: @spare when it reported that few are posted, 0 if it did not
 * @lost: how many the device has lost, written by @upkeep
 * @worn: so many that the queue takes no more connections
 * @failed: the device has given up a shared queue
 * @upkeep: adds buffers to a shared queue that runs short, or closes the
 *	connections of one that failed
 */
struct iser_tgt_rx_queue {
	struct iser_tgt_device *dev;
	struct ib_srq *srq;
	struct iser_tgt_conn *conn;
	struct llist_head free;
	atomic_t nr_free;
	unsigned int batch;
	atomic_t retire;
	struct llist_head retired;
	enum iser_tgt_rx_state state;
	unsigned int epoch;
	atomic_t spare;
	int unused;
	/* slabs and nr */
	spinlock_t lock;
	struct list_head slabs;
	unsigned int nr;
	unsigned int max;
	unsigned int step;
	void (*done)(struct ib_cq *cq, struct ib_wc *wc);
	bool lossy;
	int ran_short;
	unsigned int lost;
	bool worn;
	bool failed;
	struct work_struct upkeep;
};

static inline struct iser_tgt_rx_buf *
iser_tgt_rx_buf(const struct iser_tgt_rx *rx)
{
	return container_of(rx, struct iser_tgt_rx_buf, rx);
}

void iser_tgt_rx_layout(struct iser_tgt_device *dev);
size_t iser_tgt_rx_memory(const struct iser_tgt_device *dev);
u32 iser_tgt_rx_srq_size(void);
struct iser_tgt_rx_queue *
iser_tgt_rx_queue_alloc(struct iser_tgt_device *dev, unsigned int max,
			void (*done)(struct ib_cq *cq, struct ib_wc *wc));
void iser_tgt_rx_queue_free(struct iser_tgt_rx_queue *q);
void iser_tgt_rx_queue_lost(struct iser_tgt_rx_queue *q, unsigned int nr);
int iser_tgt_rx_queue_grow(struct iser_tgt_rx_queue *q, unsigned int nr);
void iser_tgt_rx_free_retired(struct iser_tgt_rx_queue *q);
unsigned int iser_tgt_rx_max(const struct iser_tgt_rx_queue *q);

#endif
