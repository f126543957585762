/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Verbs and RDMA CM. This layer moves PDUs and data and owns the life of a
 * connection; what a PDU means is decided above, behind struct iser_tgt_upper.
 */
#ifndef ISER_TGT_RDMA_H
#define ISER_TGT_RDMA_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/sbitmap.h>
#include <linux/scatterlist.h>
#include <linux/socket.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <rdma/ib_verbs.h>
#include <rdma/rdma_cm.h>
#include <rdma/rw.h>

#include "../iscsi/pdu.h"

struct iser_tgt_conn;
struct iser_tgt_listener;

/* Receive data segments: TargetRecvDataSegmentLength, bytes. */
#define ISER_TGT_RECV_DATA	8192
#define ISER_TGT_RECV_PAGES	DIV_ROUND_UP(ISER_TGT_RECV_DATA, PAGE_SIZE)
/* Received PDUs are given back to the device this many at a time. */
#define ISER_TGT_RECV_BATCH	8
/* Immediate requests are not held back by the window; buffers beside it. */
#define ISER_TGT_RECV_EXTRA	8
/* Scatterlist entries that one credit of the send queue pays for. */
#define ISER_TGT_XFER_SGE	16
/* Credits one piece of a transfer may take: 1 MiB of single pages. */
#define ISER_TGT_XFER_PIECE	16

/**
 * struct iser_tgt_device - an RDMA device we may be reached through
 * @ibdev: the device
 * @pd: one protection domain for all connections
 * @entry: on the list of devices, under iser_tgt_conn_lock
 * @users: connections, and requests for one, under iser_tgt_conn_lock
 * @conns: connections on this device, under iser_tgt_conn_lock
 * @removing: takes no new connections, under iser_tgt_conn_lock
 * @idle: woken when @users becomes 0
 * @next_vector: completion vector of the next connection
 */
struct iser_tgt_device {
	struct ib_device *ibdev;
	struct ib_pd *pd;
	struct list_head entry;
	unsigned int users;
	struct list_head conns;
	bool removing;
	wait_queue_head_t idle;
	atomic_t next_vector;
};

/**
 * struct iser_tgt_rx - a receive buffer and the PDU in it
 * @cqe: completion of the receive
 * @conn: the connection it belongs to
 * @free: on the connection's list of buffers to post again
 * @entry: on the connection's list of PDUs that wait
 * @wr: posted as it is, chained for a batch
 * @sge: the headers, then the data pages
 * @hdr: ISER_TGT_HDR_LEN bytes for the two headers
 * @page: AHS and data segment, so that data is page aligned without AHS
 * @received: bytes that came
 * @error: what is wrong with it
 * @pdu: what it says
 */
struct iser_tgt_rx {
	struct ib_cqe cqe;
	struct iser_tgt_conn *conn;
	struct llist_node free;
	struct list_head entry;
	struct ib_recv_wr wr;
	struct ib_sge sge[1 + ISER_TGT_RECV_PAGES];
	u8 *hdr;
	struct page *page[ISER_TGT_RECV_PAGES];
	u32 received;
	enum iser_tgt_pdu_error error;
	struct iser_tgt_pdu pdu;
};

/**
 * struct iser_tgt_rx_ring - receive buffers of one connection
 * @rx: the buffers
 * @nr: how many
 * @hdr: pages that hold the headers
 */
struct iser_tgt_rx_ring {
	struct iser_tgt_rx *rx;
	unsigned int nr;
	struct page **hdr;
};

/**
 * struct iser_tgt_tx - a PDU to send
 * @cqe: completion of the send
 * @conn: the connection
 * @wr: the SEND
 * @sge: headers and data, one piece of memory
 * @hdr: ISER_TGT_HDR_LEN bytes, mapped for as long as the session lasts
 * @data: ISER_TGT_FFP_DATA_MAX bytes right behind @hdr
 * @counts: the PDU takes a StatSN
 * @opens: it ends a request that was counted by CmdSN
 * @stamped: the sequence numbers are in already
 * @xfer: transfer it was chained to, internal
 * @done: called once for each send, with 0 or a negative errno, sent or not, in
 *	process context, maybe before iser_tgt_send() returns
 */
struct iser_tgt_tx {
	struct ib_cqe cqe;
	struct iser_tgt_conn *conn;
	struct ib_send_wr wr;
	struct ib_sge sge;
	u8 *hdr;
	u8 *data;
	bool counts;
	bool opens;
	bool stamped;
	struct iser_tgt_xfer *xfer;
	void (*done)(struct iser_tgt_tx *tx, int status);
};

/**
 * struct iser_tgt_xfer - movement of one command's data
 * @cqe: completion of a piece
 * @conn: the connection
 * @wait: on the connection's list of transfers that wait for credits
 * @rw: the piece on the wire
 * @sg: first entry of the piece
 * @nents: entries of the piece
 * @skipped: bytes by which the very first entry was moved on, until its piece
 *	has ended
 * @left: bytes not yet posted, the piece included
 * @piece: bytes of the piece
 * @credits: send queue credits the piece holds
 * @va: remote address of the piece
 * @rkey: remote STag
 * @dir: DMA_TO_DEVICE: RDMA WRITE, DMA_FROM_DEVICE: RDMA READ
 * @trimmed: entry shortened so that nothing past the wanted length moves
 * @trimmed_len: its real length in bytes
 * @tx: response to send behind the last piece, NULL for none
 * @done: called once when the transfer ended, with 0 or a negative errno, in
 *	process context. With @tx it is not called; @tx->done() is, in any case.
 */
struct iser_tgt_xfer {
	struct ib_cqe cqe;
	struct iser_tgt_conn *conn;
	struct list_head wait;
	struct rdma_rw_ctx rw;
	struct scatterlist *sg;
	unsigned int nents;
	u32 skipped;
	u32 left;
	u32 piece;
	u32 credits;
	u64 va;
	u32 rkey;
	enum dma_data_direction dir;
	struct scatterlist *trimmed;
	u32 trimmed_len;
	struct iser_tgt_tx *tx;
	void (*done)(struct iser_tgt_xfer *xfer, int status);
};

/**
 * struct iser_tgt_tx_pool - send buffers mapped for the life of a session
 * @page: the memory
 * @dma: its bus addresses
 * @nr: pages
 */
struct iser_tgt_tx_pool {
	struct page **page;
	u64 *dma;
	unsigned int nr;
};

/**
 * struct iser_tgt_login_tx - the one send of a login or discovery, up to 8 KiB
 * @tx: headers in its own sge
 * @sge: headers and data pages
 * @page: headers, then data
 * @busy: on its way
 */
struct iser_tgt_login_tx {
	struct iser_tgt_tx tx;
	struct ib_sge sge[1 + ISER_TGT_RECV_PAGES];
	struct page *page[1 + ISER_TGT_RECV_PAGES];
	bool busy;
};

enum iser_tgt_conn_state {
	ISER_TGT_CONN_CONNECTING,
	ISER_TGT_CONN_LOGIN,
	ISER_TGT_CONN_LIVE,
	ISER_TGT_CONN_CLOSING,
};

/**
 * struct iser_tgt_conn - a connection
 *
 * Owned by its release work: nobody else frees any part of it. Whoever wants
 * it to end calls iser_tgt_conn_close(), from any context.
 *
 * @state: written under @post_lock
 * @close_asked: bit 0: the release work is queued
 * @close_reason: plain words, first caller wins
 * @dev: the device, whose list of connections we are on
 * @dev_entry: on that list, under iser_tgt_conn_lock
 * @listener: where it came in
 * @listener_entry: on the listener's list, under iser_tgt_conn_lock
 * @cm_id: the RDMA CM identifier
 * @qp: the queue pair
 * @cq: shared completion queue of this connection's vector
 * @nr_cqe: entries reserved in @cq
 * @depth: commands the queue pair was made for
 * @ord: RDMA READs the peer takes at once
 * @send_inv: peer takes SEND with invalidate
 * @peer: address of the initiator
 * @local: address it connected to
 * @ring: receive buffers; the login's first, all of them later
 * @login_ring: the buffers of the login phase, if @ring came after them
 * @rx_free: buffers to post again
 * @rx_free_nr: how many
 * @rx_lock: protects @rx_waiting and the setting of @rx_parked
 * @rx_waiting: PDUs that could not be handled in the completion handler
 * @rx_batch: how many to gather before they are posted
 * @rx_direct: handle PDUs in the completion handler once none waits
 * @rx_parked: PDUs go to @rx_waiting and are handled by @rx_work, in order
 * @rx_work: handles them
 * @post_lock: orders StatSN with posting; nothing is posted once CLOSING
 * @stat_sn: next StatSN, under @post_lock
 * @exp_cmd_sn: next CmdSN, written by the receive side only
 * @max_cmd_sn: end of the window, under @post_lock
 * @credits: send queue credits free
 * @credits_all: all of them
 * @sge_per_credit: scatterlist entries a credit pays for
 * @xfer_lock: protects @xfer_wait
 * @xfer_wait: transfers that wait for credits, first come first served
 * @xfer_stuck: transfers of which only a part could be posted; over once the
 *	queue pair is drained
 * @deadline: closes the connection unless stopped in time
 * @release_work: the owner
 * @last_rx: jiffies of the last received PDU
 * @upper: what the upper layer keeps for this connection
 */
struct iser_tgt_conn {
	enum iser_tgt_conn_state state;
	unsigned long close_asked;
	const char *close_reason;
	struct iser_tgt_device *dev;
	struct list_head dev_entry;
	struct iser_tgt_listener *listener;
	struct list_head listener_entry;
	struct rdma_cm_id *cm_id;
	struct ib_qp *qp;
	struct ib_cq *cq;
	unsigned int nr_cqe;
	unsigned int depth;
	u8 ord;
	bool send_inv;
	struct sockaddr_storage peer;
	struct sockaddr_storage local;

	struct iser_tgt_rx_ring ring;
	struct iser_tgt_rx_ring login_ring;
	struct llist_head rx_free;
	atomic_t rx_free_nr;
	/* rx_waiting, and the setting of rx_parked */
	spinlock_t rx_lock;
	struct list_head rx_waiting;
	unsigned int rx_batch;
	bool rx_direct;
	bool rx_parked;
	struct work_struct rx_work;

	/* state, stat_sn, max_cmd_sn, and posting */
	spinlock_t post_lock;
	u32 stat_sn;
	u32 exp_cmd_sn;
	u32 max_cmd_sn;

	atomic_t credits;
	int credits_all;
	unsigned int sge_per_credit;
	/* xfer_wait and xfer_stuck */
	spinlock_t xfer_lock;
	struct list_head xfer_wait;
	struct list_head xfer_stuck;

	struct delayed_work deadline;
	struct work_struct release_work;
	unsigned long last_rx;
	void *upper;
};

/**
 * struct iser_tgt_upper - what the layer above does
 * @open: a peer connects: set up conn->upper. May sleep. 0, or a negative
 *	errno to turn the peer away.
 * @receive: a PDU came in. Called for one PDU of a connection at a time, in
 *	order; in process context. Returns 0 when it is dealt with (the buffer is
 *	given back by iser_tgt_rx_put(), now or later), or -EAGAIN to be called
 *	again with the same PDU after iser_tgt_conn_kick().
 * @close: the queue pair has been drained and nothing more will be posted or
 *	received: end the session, wait for its commands. May sleep.
 * @free: drop conn->upper; the last call.
 */
struct iser_tgt_upper {
	int (*open)(struct iser_tgt_conn *conn);
	int (*receive)(struct iser_tgt_conn *conn, struct iser_tgt_rx *rx);
	void (*close)(struct iser_tgt_conn *conn);
	void (*free)(struct iser_tgt_conn *conn);
};

extern const struct iser_tgt_upper *iser_tgt_upper;
extern spinlock_t iser_tgt_conn_lock;

/* device.c */
int iser_tgt_rdma_init(const struct iser_tgt_upper *upper);
void iser_tgt_rdma_exit(void);
struct iser_tgt_device *iser_tgt_device_get(struct ib_device *ibdev);
void iser_tgt_device_put(struct iser_tgt_device *dev);

/* listener.c */
struct iser_tgt_listener *iser_tgt_listener_get(const struct sockaddr_storage *addr,
						unsigned int depth);
void iser_tgt_listener_put(struct iser_tgt_listener *listener);
void iser_tgt_listener_set_depth(struct iser_tgt_listener *listener,
				 unsigned int depth);
const char *iser_tgt_listener_state(struct iser_tgt_listener *listener);
void iser_tgt_listener_conn_add(struct iser_tgt_listener *listener,
				struct iser_tgt_conn *conn);
void iser_tgt_listener_conn_del(struct iser_tgt_conn *conn);

/* connect.c */
int iser_tgt_conn_request(struct iser_tgt_listener *listener,
			  struct rdma_cm_id *cm_id,
			  struct rdma_cm_event *event, unsigned int depth);
int iser_tgt_conn_event(struct rdma_cm_id *cm_id, struct rdma_cm_event *event);

/* connection.c */
extern struct workqueue_struct *iser_tgt_wq;
void iser_tgt_conn_init(struct iser_tgt_conn *conn);
void iser_tgt_conn_close(struct iser_tgt_conn *conn, const char *why);
void iser_tgt_conn_set_live(struct iser_tgt_conn *conn, u32 stat_sn,
			    u32 exp_cmd_sn, u32 window, bool direct);
void iser_tgt_conn_set_deadline(struct iser_tgt_conn *conn,
				unsigned long delay);

static inline bool iser_tgt_conn_closing(const struct iser_tgt_conn *conn)
{
	return test_bit(0, &conn->close_asked);
}

/* queue_pair.c */
int iser_tgt_qp_create(struct iser_tgt_conn *conn);
void iser_tgt_qp_destroy(struct iser_tgt_conn *conn);

/* receive.c */
int iser_tgt_rx_ring_alloc(struct iser_tgt_conn *conn,
			   struct iser_tgt_rx_ring *ring, unsigned int nr);
void iser_tgt_rx_ring_free(struct iser_tgt_conn *conn,
			   struct iser_tgt_rx_ring *ring);
int iser_tgt_rx_ring_post(struct iser_tgt_conn *conn,
			  struct iser_tgt_rx_ring *ring);
int iser_tgt_rx_grow(struct iser_tgt_conn *conn, unsigned int nr);
void iser_tgt_rx_put(struct iser_tgt_rx *rx);
size_t iser_tgt_rx_copy(const struct iser_tgt_rx *rx, size_t skip, void *buf,
			size_t len);
void iser_tgt_rx_work(struct work_struct *work);
void iser_tgt_conn_kick(struct iser_tgt_conn *conn);
void iser_tgt_rx_start(struct iser_tgt_conn *conn);

/* send.c */
int iser_tgt_tx_pool_alloc(struct iser_tgt_conn *conn,
			   struct iser_tgt_tx_pool *pool, unsigned int nr);
void iser_tgt_tx_pool_free(struct iser_tgt_conn *conn,
			   struct iser_tgt_tx_pool *pool);
void iser_tgt_tx_init(struct iser_tgt_conn *conn, struct iser_tgt_tx_pool *pool,
		      unsigned int index, struct iser_tgt_tx *tx);
struct iser_tgt_login_tx *iser_tgt_login_tx_alloc(struct iser_tgt_conn *conn);
void iser_tgt_login_tx_free(struct iser_tgt_conn *conn,
			    struct iser_tgt_login_tx *ltx);
void iser_tgt_login_tx_send(struct iser_tgt_login_tx *ltx, const void *data,
			    size_t len);
void iser_tgt_send(struct iser_tgt_tx *tx, size_t data_len, u32 inv_rkey);
void iser_tgt_send_bare(struct iser_tgt_tx *tx);
void iser_tgt_tx_prepare(struct iser_tgt_tx *tx, size_t data_len, u32 inv_rkey);
int iser_tgt_post(struct iser_tgt_conn *conn, struct ib_send_wr *first,
		  const struct ib_send_wr **bad, struct iser_tgt_tx *tx);
void iser_tgt_window_open(struct iser_tgt_conn *conn);

/* transfer.c */
void iser_tgt_xfer_start(struct iser_tgt_xfer *xfer, struct iser_tgt_conn *conn,
			 struct scatterlist *sg, unsigned int nents, u32 skip,
			 u32 len, u64 va, u32 rkey, enum dma_data_direction dir,
			 struct iser_tgt_tx *tx);
void iser_tgt_xfer_end(struct iser_tgt_xfer *xfer);
void iser_tgt_xfer_flush(struct iser_tgt_conn *conn);

#endif
