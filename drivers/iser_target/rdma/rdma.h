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
#include "buffers.h"
#include "completion.h"

struct iser_tgt_listener;
struct seq_file;

/*
 * PDUs that may wait before a session is in full feature phase: RFC 7143 6.3
 * has the initiator wait for the answer to one.
 */
#define ISER_TGT_LOGIN_WAITING	1
/* Data segment of a login's response, pages. */
#define ISER_TGT_LOGIN_PAGES	DIV_ROUND_UP(ISER_TGT_LOGIN_DATA_MAX, PAGE_SIZE)
/* PDUs that nobody asked for, one of a kind at a time. */
#define ISER_TGT_SEND_OWN	3
/*
 * Scatter elements of a work request, at most: each send queue entry has room
 * for so many, used or not.
 */
#define ISER_TGT_XFER_SGE	8
/* Credits one piece of a transfer may take: 1 MiB of single pages. */
#define ISER_TGT_XFER_PIECE	32
/* Pieces at a time that registered memory may be needed for. */
#define ISER_TGT_XFER_MRS	8
/* Sends in a row whose completion is not asked for. */
#define ISER_TGT_UNSIGNALLED	15

/**
 * struct iser_tgt_device - an RDMA device we may be reached through
 * @ibdev: the device
 * @pd: one protection domain for all connections
 * @events: what the device tells of itself
 * @entry: on the list of devices, under iser_tgt_conn_lock
 * @users: connections, and requests for one, under iser_tgt_conn_lock
 * @conns: connections on this device, under iser_tgt_conn_lock
 * @removing: takes no new connections, under iser_tgt_conn_lock
 * @idle: woken when @users becomes 0
 * @cq_lock: protects connections and completion queues of @vector
 * @recv_data: bytes of data a receive buffer holds
 * @recv_order: allocation order of its pieces
 * @recv_sge: scatter elements of a receive buffer
 * @prepared: a connection has asked for it, under iser_tgt_conn_lock
 * @unshared: makes no shared receive queue, whatever its attributes say
 * @integrity: makes and checks protection information
 * @no_last_wqe: never tells when a queue pair is through with a shared queue
 * @tells_last_wqe: has told so at least once
 * @nr_vectors: completion vectors used
 * @vector: each with its queues and buffers
 */
struct iser_tgt_device {
	struct ib_device *ibdev;
	struct ib_pd *pd;
	struct ib_event_handler events;
	struct list_head entry;
	unsigned int users;
	struct list_head conns;
	bool removing;
	wait_queue_head_t idle;
	/* of vectors: cqs and conns */
	spinlock_t cq_lock;
	u32 recv_data;
	unsigned int recv_order;
	unsigned int recv_sge;
	bool prepared;
	bool unshared;
	bool integrity;
	bool no_last_wqe;
	bool tells_last_wqe;
	unsigned int nr_vectors;
	struct iser_tgt_vector vector[];
};

/* Bytes of a piece of a receive buffer. */
static inline u32 iser_tgt_recv_piece(const struct iser_tgt_device *dev)
{
	return PAGE_SIZE << dev->recv_order;
}

/**
 * struct iser_tgt_tx - a PDU to send
 * @cqe: completion of the send
 * @conn: the connection
 * @wr: the SEND
 * @sge: headers and data, one piece of memory
 * @hdr: ISER_TGT_HDR_LEN bytes, mapped for as long as the session lasts, and
 *	ISER_TGT_FFP_DATA_MAX bytes behind them: iser_tgt_tx_data()
 * @counts: the PDU takes a StatSN
 * @opens: it ends a request that was counted by CmdSN
 * @stamped: the sequence numbers are in already
 * @lazy: nobody waits for @done: it may come with that of a later PDU; whoever
 *	waits for the PDU to be posted is told by the upper layer's @posted
 * @posted: it was posted; for @done to look at
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
	bool counts;
	bool opens;
	bool stamped;
	bool lazy;
	bool posted;
	struct iser_tgt_xfer *xfer;
	void (*done)(struct iser_tgt_tx *tx, int status);
};

static inline u8 *iser_tgt_tx_data(const struct iser_tgt_tx *tx)
{
	return tx->hdr + ISER_TGT_HDR_LEN;
}

/**
 * struct iser_tgt_sig - T10 protection information beside a command's data
 * @attrs: what there is of it in memory and on the wire, and what to check
 * @sg: its place in memory
 * @nents: entries of @sg
 * @bad: the device found it wrong
 * @err: how, if @bad
 */
struct iser_tgt_sig {
	struct ib_sig_attrs attrs;
	struct scatterlist *sg;
	unsigned int nents;
	bool bad;
	struct ib_sig_err err;
};

/**
 * struct iser_tgt_xfer - movement of one command's data
 * @cqe: completion of a piece
 * @conn: the connection
 * @wait: on the connection's list of transfers that wait for credits
 * @chunk: mapped buffer of a transfer that needs no @rw, NULL for none
 * @rw: the piece on the wire, or
 * @wr: the work request for @chunk
 * @sge: its place in @chunk
 * @sig: protection information to make or check on the way, NULL for none
 * @sg: first entry of the piece
 * @nents: entries of the piece
 * @skipped: bytes by which the very first entry was moved on, until its piece
 *	has ended
 * @left: bytes not yet posted, the piece included
 * @piece: bytes of the piece
 * @credits: send queue credits the piece holds
 * @registers: it holds an MR instead
 * @trimmed_len: real length of @trimmed, bytes
 * @trimmed: entry shortened so that nothing past the wanted length moves
 * @va: remote address of the piece
 * @rkey: remote STag
 * @dir: DMA_TO_DEVICE: RDMA WRITE, DMA_FROM_DEVICE: RDMA READ
 * @tx: response to send behind the last piece, NULL for none
 * @done: called once when the transfer ended, with 0 or a negative errno, in
 *	process context. With @tx it is not called; @tx->done() is, in any case.
 */
struct iser_tgt_xfer {
	struct ib_cqe cqe;
	struct iser_tgt_conn *conn;
	struct list_head wait;
	struct iser_tgt_chunk *chunk;
	union {
		struct rdma_rw_ctx rw;
		struct {
			struct ib_rdma_wr wr;
			struct ib_sge sge;
		};
	};
	struct iser_tgt_sig *sig;
	struct scatterlist *sg;
	unsigned int nents;
	u32 skipped;
	u32 left;
	u32 piece;
	u16 credits;
	bool registers;
	u32 trimmed_len;
	struct scatterlist *trimmed;
	u64 va;
	u32 rkey;
	enum dma_data_direction dir;
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
	struct ib_sge sge[1 + ISER_TGT_LOGIN_PAGES];
	struct page *page[1 + ISER_TGT_LOGIN_PAGES];
	bool busy;
};

enum iser_tgt_conn_state {
	ISER_TGT_CONN_CONNECTING,
	ISER_TGT_CONN_LOGIN,
	ISER_TGT_CONN_LIVE,
	ISER_TGT_CONN_CLOSING,
};

/* Bits of iser_tgt_conn.close: it shall end, the release owns it, has begun. */
enum iser_tgt_conn_close {
	ISER_TGT_CLOSE_ASKED,
	ISER_TGT_CLOSE_OWNED,
	ISER_TGT_CLOSE_QUEUED,
};

/**
 * struct iser_tgt_conn - a connection
 *
 * Owned by its release work: nobody else frees any part of it. Whoever wants
 * it to end calls iser_tgt_conn_close(), from any context.
 *
 * @state: written under @post_lock
 * @close: enum iser_tgt_conn_close
 * @close_reason: plain words, first caller wins
 * @dev: the device, whose list of connections we are on
 * @dev_entry: on that list, under iser_tgt_conn_lock
 * @listener: where it came in
 * @listener_entry: on the listener's list, under iser_tgt_conn_lock
 * @cm_id: the RDMA CM identifier
 * @qp: the queue pair
 * @vector: completion vector, with the data buffers
 * @cq: one of its completion queues
 * @nr_cqe: entries of @cq that are this connection's
 * @depth: commands the queue pair was made for
 * @ord: RDMA READs the peer takes at once
 * @integrity: the queue pair can make and check protection information
 * @send_inv: peer takes SEND with invalidate
 * @peer: address of the initiator
 * @local: address it connected to
 * @who: name of the initiator, empty as long as it has told none
 * @memory: bytes it costs before its login, about
 * @send_wr: entries of the send queue beside those for MRs
 * @recv_wr: receive buffers the queue pair has room for, if they are its own
 * @rxq: receive buffers, shared or its own
 * @rx_reserved: of these, those we can count on
 * @accepted: the peer knows of it, so the queue pair may have received something
 * @last_wqe: the queue pair takes no more buffers of a shared queue
 * @drained: woken when @last_wqe becomes true
 * @rx_lock: protects @rx_waiting, its number and the setting of @rx_parked
 * @rx_waiting: PDUs that could not be handled in the completion handler
 * @rx_waiting_nr: how many
 * @rx_waiting_max: how many there may be
 * @rx_direct: handle PDUs in the completion handler once none waits
 * @rx_parked: PDUs go to @rx_waiting and are handled by @rx_work, in order
 * @rx_work: handles them
 * @post_lock: orders StatSN with posting; nothing is posted once CLOSING
 * @stat_sn: next StatSN, under @post_lock
 * @exp_cmd_sn: next CmdSN, written by the receive side only
 * @max_cmd_sn: end of the window, under @post_lock
 * @sent: PDUs the device has not reported to be sent, in order, chained by their
 *	work requests, which it no longer looks at; under @post_lock
 * @sent_tail: where the next one goes, under @post_lock
 * @unsignalled: of these, those behind the last one that will be reported
 * @window: requests that may be in the window or in flight, under @post_lock
 * @window_max: cmdsn_depth
 * @window_short: the initiator used up its window
 * @window_epoch: when it last did, by the queue's epoch
 * @credits: send queue credits free, of one work request each
 * @credits_all: all of them
 * @mrs: MRs free, each with the send queue entries its use takes
 * @mrs_all: all of them, 0 if the device registers nothing
 * @piece_max: credits that one piece of a transfer may take
 * @unsignalled_max: sends in a row whose completion need not be asked for
 * @sge_per_credit: scatterlist entries a credit pays for
 * @read_plain: scatterlist entries an RDMA READ may have before it needs an MR
 * @write_plain: the same for an RDMA WRITE
 * @sge_per_mr: scatterlist entries an MR covers
 * @xfer_lock: protects @xfer_wait, @xfer_stuck and @xfer_drained
 * @xfer_wait: transfers that wait for credits, first come first served
 * @xfer_stuck: transfers of which only a part could be posted; over once the
 *	queue pair is drained
 * @xfer_drained: it is
 * @deadline: closes the connection unless stopped in time
 * @deadline_why: for what reason, NULL for no deadline; under @post_lock
 * @deadline_at: when, jiffies; under @post_lock
 * @release_work: the owner
 * @quiet: all that is left to wait for is requests; they kick it when they end
 * @waits_for: what it is waiting for, plain words
 * @late: says so if that takes long
 * @last_rx: jiffies of the last sign of life: a PDU, or the receipt of one
 * @upper: what the upper layer keeps for this connection
 */
struct iser_tgt_conn {
	enum iser_tgt_conn_state state;
	unsigned long close;
	const char *close_reason;
	struct iser_tgt_device *dev;
	struct list_head dev_entry;
	struct iser_tgt_listener *listener;
	struct list_head listener_entry;
	struct rdma_cm_id *cm_id;
	struct ib_qp *qp;
	struct iser_tgt_vector *vector;
	struct iser_tgt_cq *cq;
	unsigned int nr_cqe;
	unsigned int depth;
	u8 ord;
	bool integrity;
	bool send_inv;
	struct sockaddr_storage peer;
	struct sockaddr_storage local;
	const char *who;

	size_t memory;
	unsigned int send_wr;
	unsigned int recv_wr;
	struct iser_tgt_rx_queue *rxq;
	unsigned int rx_reserved;
	bool accepted;
	bool last_wqe;
	wait_queue_head_t drained;
	/* rx_waiting, and the setting of rx_parked */
	spinlock_t rx_lock;
	struct list_head rx_waiting;
	unsigned int rx_waiting_nr;
	unsigned int rx_waiting_max;
	bool rx_direct;
	bool rx_parked;
	struct work_struct rx_work;

	/* state, stat_sn, max_cmd_sn, and posting */
	spinlock_t post_lock;
	u32 stat_sn;
	u32 exp_cmd_sn;
	u32 max_cmd_sn;
	struct ib_send_wr *sent;
	struct ib_send_wr **sent_tail;
	unsigned int unsignalled;
	u32 window;
	u32 window_max;
	bool window_short;
	unsigned int window_epoch;

	atomic_t credits;
	int credits_all;
	atomic_t mrs;
	int mrs_all;
	unsigned int piece_max;
	unsigned int unsignalled_max;
	unsigned int sge_per_credit;
	unsigned int read_plain;
	unsigned int write_plain;
	unsigned int sge_per_mr;
	/* xfer_wait, xfer_stuck and xfer_drained */
	spinlock_t xfer_lock;
	struct list_head xfer_wait;
	struct list_head xfer_stuck;
	bool xfer_drained;

	struct delayed_work deadline;
	const char *deadline_why;
	unsigned long deadline_at;
	struct work_struct release_work;
	bool quiet;
	const char *waits_for;
	struct delayed_work late;
	unsigned long last_rx;
	void *upper;
};

/**
 * struct iser_tgt_upper - what the layer above does
 * @open: a peer connects, there is no queue pair yet: set up conn->upper. May
 *	sleep. 0, or a negative errno to turn the peer away.
 * @receive: a PDU came in. Called for one PDU of a connection at a time, in
 *	order; in process context. Returns 0 when it is dealt with (the buffer is
 *	given back by iser_tgt_rx_put(), now or later), or -EAGAIN to be called
 *	again with the same PDU after iser_tgt_conn_kick().
 * @posted: a lazy PDU has been posted; called once for each, unless it is never
 *	posted. In process context.
 * @stop: the queue pair has been drained and nothing more will be posted or
 *	received: take no more requests. Returns false as long as some are
 *	left, each of which calls iser_tgt_conn_kick() when it ends; it is
 *	called again then. May sleep.
 * @close: none is left: end the session. May sleep.
 * @late: the end of the connection takes long: say what its requests wait for.
 *	Maybe while @stop, @close or @receive is under way.
 * @free: drop conn->upper; the last call.
 */
struct iser_tgt_upper {
	int (*open)(struct iser_tgt_conn *conn);
	int (*receive)(struct iser_tgt_conn *conn, struct iser_tgt_rx *rx);
	void (*posted)(struct iser_tgt_tx *tx);
	bool (*stop)(struct iser_tgt_conn *conn);
	void (*close)(struct iser_tgt_conn *conn);
	void (*late)(struct iser_tgt_conn *conn);
	void (*free)(struct iser_tgt_conn *conn);
};

extern const struct iser_tgt_upper *iser_tgt_upper;
extern spinlock_t iser_tgt_conn_lock;

/* device.c */
int iser_tgt_rdma_init(const struct iser_tgt_upper *upper);
void iser_tgt_rdma_exit(void);
struct iser_tgt_device *iser_tgt_device_get(struct ib_device *ibdev);
void iser_tgt_device_put(struct iser_tgt_device *dev);
void iser_tgt_device_put_locked(struct iser_tgt_device *dev);
struct iser_tgt_rx_queue *iser_tgt_device_shared(struct iser_tgt_device *dev,
						 struct iser_tgt_vector *vector);
void iser_tgt_device_close_queue(struct iser_tgt_device *dev,
				 const struct iser_tgt_rx_queue *q);
void iser_tgt_devices_unprepare(void);
void iser_tgt_devices_show(struct seq_file *m);

/* listener.c */
struct iser_tgt_listener *iser_tgt_listener_get(const struct sockaddr_storage *addr,
						unsigned int depth);
void iser_tgt_listener_put(struct iser_tgt_listener *listener);
void iser_tgt_listener_wants(struct iser_tgt_listener *listener,
			     unsigned int depth, bool integrity);
const char *iser_tgt_listener_word(int error);
const char *iser_tgt_listener_state(struct iser_tgt_listener *listener);
void iser_tgt_listener_conn_add(struct iser_tgt_listener *listener,
				struct iser_tgt_conn *conn);
void iser_tgt_listener_conn_del(struct iser_tgt_conn *conn);
void iser_tgt_listeners_check(struct net *net, struct sockaddr_storage *addr);

/* address.c */
int iser_tgt_addr_watch(void);
void iser_tgt_addr_unwatch(void);
bool iser_tgt_addr_same_host(const struct sockaddr_storage *a,
			     const struct sockaddr_storage *b);
bool iser_tgt_addr_equal(const struct sockaddr_storage *a,
			 const struct sockaddr_storage *b);
bool iser_tgt_addr_any(const struct sockaddr_storage *addr);
bool iser_tgt_addr_here(struct net *net, const struct sockaddr_storage *addr);

/* connect.c */
int iser_tgt_conn_request(struct iser_tgt_listener *listener,
			  struct rdma_cm_id *cm_id, struct rdma_cm_event *event,
			  unsigned int depth, bool integrity);
int iser_tgt_conn_event(struct rdma_cm_id *cm_id, struct rdma_cm_event *event);

/* connection.c */
extern struct workqueue_struct *iser_tgt_wq;
extern struct workqueue_struct *iser_tgt_rx_wq;
extern struct workqueue_struct *iser_tgt_release_wq;
void iser_tgt_conn_init(struct iser_tgt_conn *conn);
void iser_tgt_conn_published(struct iser_tgt_conn *conn);
void iser_tgt_conn_close(struct iser_tgt_conn *conn, const char *why);
void iser_tgt_conn_says_late(struct iser_tgt_conn *conn, const char *what);
void iser_tgt_conn_not_late(struct iser_tgt_conn *conn);
void iser_tgt_conn_set_live(struct iser_tgt_conn *conn, u32 stat_sn,
			    u32 exp_cmd_sn, bool direct);
extern const char *const iser_tgt_login_late;
void iser_tgt_conn_set_deadline(struct iser_tgt_conn *conn, unsigned long delay,
				const char *why);
void iser_tgt_conn_end_deadline(struct iser_tgt_conn *conn, const char *why);

/*
 * PDUs a session of so many commands may have on their way. A context is free
 * when its response has left, a little after the initiator had it and sent the
 * next command; immediate requests need some as well.
 */
static inline unsigned int iser_tgt_conn_sends(unsigned int depth)
{
	return depth + max(depth / 4, ISER_TGT_UNSIGNALLED + 1U) +
	       ISER_TGT_RECV_EXTRA + ISER_TGT_SEND_OWN;
}

static inline bool iser_tgt_conn_closing(const struct iser_tgt_conn *conn)
{
	return test_bit(ISER_TGT_CLOSE_ASKED, &conn->close);
}

/* Memory that is used with every command is best next to the device. */
static inline int iser_tgt_conn_node(const struct iser_tgt_conn *conn)
{
	return ibdev_to_node(conn->dev->ibdev);
}

/* The receive side: a completion handler does not wait for memory or a lock. */
static inline bool iser_tgt_rx_may_wait(const struct iser_tgt_conn *conn)
{
	return READ_ONCE(conn->rx_parked);
}

/* queue_pair.c */
unsigned int iser_tgt_qp_wr_min(const struct ib_device_attr *cap,
				unsigned int depth);
unsigned int iser_tgt_qp_cqe_min(const struct ib_device_attr *cap,
				 unsigned int depth);
void iser_tgt_qp_plan(struct iser_tgt_conn *conn);
int iser_tgt_qp_create(struct iser_tgt_conn *conn);
void iser_tgt_qp_destroy(struct iser_tgt_conn *conn);
bool iser_tgt_qp_closes(const struct iser_tgt_conn *conn);
void iser_tgt_qp_drain(struct iser_tgt_conn *conn);

/* window.c */
int iser_tgt_window_start(struct iser_tgt_conn *conn, u32 depth);
void iser_tgt_window_discovery(struct iser_tgt_conn *conn);
void iser_tgt_window_end(struct iser_tgt_conn *conn);
void iser_tgt_window_used(struct iser_tgt_conn *conn,
			  const struct iser_tgt_pdu *pdu);
void iser_tgt_window_advance(struct iser_tgt_conn *conn);
void iser_tgt_window_open(struct iser_tgt_conn *conn);

/* receive.c */
void iser_tgt_recv_done(struct ib_cq *cq, struct ib_wc *wc);
size_t iser_tgt_rx_copy(const struct iser_tgt_rx *rx, size_t skip, void *buf,
			size_t len);
void iser_tgt_rx_work(struct work_struct *work);
void iser_tgt_rx_drop(struct iser_tgt_conn *conn);
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
void iser_tgt_sent_flush(struct iser_tgt_conn *conn);
void iser_tgt_tx_prepare(struct iser_tgt_tx *tx, size_t data_len, u32 inv_rkey);
int iser_tgt_post(struct iser_tgt_conn *conn, struct ib_send_wr *first,
		  const struct ib_send_wr **bad, struct iser_tgt_tx *tx);

/* transfer.c */
void iser_tgt_xfer_start(struct iser_tgt_xfer *xfer, struct iser_tgt_conn *conn,
			 struct scatterlist *sg, unsigned int nents, u32 skip,
			 u32 len, u64 va, u32 rkey, enum dma_data_direction dir,
			 struct iser_tgt_tx *tx);
void iser_tgt_xfer_init(struct iser_tgt_xfer *xfer, struct iser_tgt_conn *conn,
			u32 len, u64 va, u32 rkey, enum dma_data_direction dir);
void iser_tgt_xfer_queue(struct iser_tgt_xfer *xfer);
void iser_tgt_xfer_chunk(struct iser_tgt_xfer *xfer, struct iser_tgt_conn *conn,
			 struct iser_tgt_chunk *chunk, u32 offset, u32 len,
			 u64 va, u32 rkey, enum dma_data_direction dir,
			 struct iser_tgt_tx *tx);
bool iser_tgt_xfer_takes_chunk(const struct iser_tgt_conn *conn,
			       enum dma_data_direction dir);
bool iser_tgt_xfer_done_is_sent(const struct iser_tgt_conn *conn);
void iser_tgt_xfer_end(struct iser_tgt_xfer *xfer);
void iser_tgt_xfer_flush(struct iser_tgt_conn *conn);

/* signature.c */
bool iser_tgt_sig_able(const struct ib_device *ibdev);
struct ib_send_wr *iser_tgt_sig_wrs(struct iser_tgt_xfer *xfer);
void iser_tgt_sig_end(struct iser_tgt_xfer *xfer);
void iser_tgt_xfer_start_sig(struct iser_tgt_xfer *xfer,
			     struct iser_tgt_conn *conn,
			     struct iser_tgt_sig *sig, struct scatterlist *sg,
			     unsigned int nents, u32 len, u64 va, u32 rkey,
			     enum dma_data_direction dir);

#endif
