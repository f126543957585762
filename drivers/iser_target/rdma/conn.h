/* SPDX-License-Identifier: GPL-2.0 */
/* The state of a connection, and the mark that ends it. */
#ifndef ISER_TGT_RDMA_CONN_H
#define ISER_TGT_RDMA_CONN_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <rdma/rdma_cm.h>

#include "rdma.h"

struct iser_tgt_cq;
struct iser_tgt_device;
struct iser_tgt_rx_queue;
struct iser_tgt_vector;

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
 * struct iser_tgt_conn_group - the connections of a listener
 * @conns: the connections, under iser_tgt_conn_lock
 * @idle: woken when @conns becomes empty
 */
struct iser_tgt_conn_group {
	struct list_head conns;
	wait_queue_head_t idle;
};

/**
 * struct iser_tgt_conn - a connection
 *
 * The release work owns it and frees all of it. iser_tgt_conn_close() asks for
 * the end, from any context.
 *
 * @numbers: its sequence numbers, and what every command asks
 * @state: written under @post_lock
 * @rx_direct: PDUs are handled in the completion handler unless some wait
 * @rx_parked: PDUs are queued on @rx_waiting and handled by @rx_work, in order
 * @pi: the queue pair can generate and check protection information
 * @iwarp: its port speaks iWARP: RDMA READs need registered memory
 * @ord: RDMA READs that the peer serves at a time
 * @port: of the device, from 1
 * @close: enum iser_tgt_conn_close
 * @session: of the fabric
 * @dev: the device
 * @qp: the queue pair
 * @cm_id: the RDMA CM identifier
 * @rxq: receive buffers, shared or its own
 * @pool: data buffers of its completion vector
 * @last_rx: jiffies of the last sign of life: a PDU, or the receipt of one
 * @post_lock: orders StatSN with posting; nothing is posted once CLOSING
 * @opened: the window was opened without a PDU that could tell it
 * @opened_stat_sn: StatSN at that time, under @post_lock
 * @window: requests that may be in the window or in flight, under @post_lock
 * @window_max: cmdsn_depth
 * @window_exhausted: the initiator has used up its window
 * @window_epoch: when it last did, by the receive queue's epoch
 * @immediate: commands in progress that CmdSN does not count
 * @load_sn: CmdSN when the load was measured, under @post_lock
 * @load_at: when that was, jiffies; under @post_lock
 * @unsignaled: PDUs of @sent behind the last one that will be reported
 * @unsignaled_max: sends in a row whose completion need not be requested
 * @sent: PDUs whose completion has not been reported, in order, chained by their
 *	work requests, which the device no longer reads; under @post_lock
 * @sent_tail: where the next one is added, under @post_lock
 * @bad: first work request that the device refused, under @post_lock; here, since
 *	the stack of a function would need a canary for it
 * @credits: send queue credits free, of one work request each
 * @mrs: MRs free, each with the send queue entries its use takes
 * @sge_per_credit: scatterlist entries a credit pays for
 * @segment_max: credits that one segment of a transfer may take
 * @reads_by_mr: RDMA READs take MRs, which limits their number
 * @read_plain: scatterlist entries an RDMA READ may have without an MR
 * @write_plain: the same for an RDMA WRITE
 * @sge_per_mr: scatterlist entries an MR covers
 * @xfer_wait: transfers that wait for credits, in order
 * @xfer_lock: protects @xfer_wait, @xfer_partial and @xfer_drained
 * @xfer_partial: transfers of which only a part could be posted; they end once
 *	the queue pair is drained
 * @xfer_drained: it is
 * @rx_lock: protects @rx_waiting, its number and the setting of @rx_parked
 * @rx_waiting: PDUs that could not be handled in the completion handler
 * @rx_waiting_nr: how many
 * @rx_waiting_max: how many there may be, but on a shared queue in a session
 * @rx_borrowed: receive buffers of @rxq for PDUs that wait beside those
 * @rx_reserved: receive buffers of @rxq reserved for it beside its window
 * @rx_work: handles PDUs that wait
 * @counts: how often something had to wait
 * @vector: completion vector
 * @cq: one of its completion queues
 * @nr_cqe: entries of @cq reserved for the connection
 * @depth: commands the queue pair was made for
 * @send_wr: entries of the send queue beside those for MRs
 * @recv_wr: entries of a receive queue of its own
 * @credits_all: all credits
 * @mrs_all: all MRs, 0 if the device registers nothing
 * @memory: bytes the connection costs before its login, roughly
 * @peer: address of the initiator
 * @local: address it connected to
 * @initiator: InitiatorName, empty until the initiator has sent it
 * @number: by which the fabric knows its session, 0 before the login has ended
 * @close_reason: human-readable, the first caller wins
 * @dev_entry: on the device's list, under iser_tgt_conn_lock
 * @listener: where it came in
 * @group: that listener's connections
 * @group_entry: on that list, under iser_tgt_conn_lock
 * @accepted: the peer may have sent something
 * @last_wqe: the queue pair takes no more buffers of a shared receive queue
 * @drained: woken when @last_wqe becomes true
 * @quiesced: the release waits for nothing but requests; each kicks it
 * @release_work: the owner
 * @deadline: closes the connection unless cancelled in time
 * @deadline_why: for what reason, NULL for no deadline; under @post_lock
 * @deadline_at: when, jiffies; under @post_lock
 * @stall_work: logs @waits_for if that takes long
 * @waits_for: what the release or a login waits for, human-readable
 */
struct iser_tgt_conn {
	/* every PDU */
	struct iser_tgt_window numbers;
	enum iser_tgt_conn_state state;
	bool rx_direct;
	bool rx_parked;
	bool pi;
	bool iwarp;
	u8 ord;
	u32 port;
	unsigned long close;
	void *session;
	struct iser_tgt_device *dev;
	struct ib_qp *qp;
	struct rdma_cm_id *cm_id;
	struct iser_tgt_rx_queue *rxq;
	struct iser_tgt_data_pool *pool;
	unsigned long last_rx;

	/* state, numbers.stat_sn, numbers.max_cmd_sn, and posting */
	spinlock_t post_lock;
	u32 opened_stat_sn;
	bool opened;
	u32 window;
	u32 window_max;
	bool window_exhausted;
	unsigned int window_epoch;
	atomic_t immediate;
	unsigned int unsignaled;
	unsigned int unsignaled_max;
	struct ib_send_wr *sent;
	struct ib_send_wr **sent_tail;
	const struct ib_send_wr *bad;

	/* every transfer */
	atomic_t credits;
	atomic_t mrs;
	unsigned int sge_per_credit;
	unsigned int segment_max;
	bool reads_by_mr;
	unsigned int read_plain;
	unsigned int write_plain;
	unsigned int sge_per_mr;
	struct list_head xfer_wait;

	/* what waits */
	/* xfer_wait, xfer_partial and xfer_drained */
	spinlock_t xfer_lock;
	struct list_head xfer_partial;
	bool xfer_drained;
	/* rx_waiting, and the setting of rx_parked */
	spinlock_t rx_lock;
	struct list_head rx_waiting;
	unsigned int rx_waiting_nr;
	unsigned int rx_borrowed;
	unsigned int rx_waiting_max;
	unsigned int rx_reserved;
	struct work_struct rx_work;
	struct iser_tgt_conn_counts counts;

	/* set-up and end */
	struct iser_tgt_vector *vector;
	struct iser_tgt_cq *cq;
	unsigned int nr_cqe;
	unsigned int depth;
	unsigned int send_wr;
	unsigned int recv_wr;
	int credits_all;
	int mrs_all;
	size_t memory;
	struct sockaddr_storage peer;
	struct sockaddr_storage local;
	const char *initiator;
	u32 number;
	const char *close_reason;
	struct list_head dev_entry;
	struct iser_tgt_listener *listener;
	struct iser_tgt_conn_group *group;
	struct list_head group_entry;
	bool accepted;
	bool last_wqe;
	wait_queue_head_t drained;
	bool quiesced;
	struct work_struct release_work;
	struct delayed_work deadline;
	const char *deadline_why;
	unsigned long deadline_at;
	u32 load_sn;
	unsigned long load_at;
	struct delayed_work stall_work;
	const char *waits_for;
};

/* Membership of connections in the lists of devices and listeners. */
extern spinlock_t iser_tgt_conn_lock;
extern struct workqueue_struct *iser_tgt_release_wq;
extern const struct iser_tgt_ulp_ops *iser_tgt_ulp;

int iser_tgt_conn_setup(const struct iser_tgt_ulp_ops *ops);
void iser_tgt_conn_teardown(void);
void iser_tgt_conn_init(struct iser_tgt_conn *conn, work_func_t receive,
			work_func_t release);
void iser_tgt_conn_trace(const struct iser_tgt_conn *conn, const char *why);
void iser_tgt_conn_published(struct iser_tgt_conn *conn);
void iser_tgt_conn_waits_for(struct iser_tgt_conn *conn, const char *what);
void iser_tgt_conn_join(struct iser_tgt_conn *conn,
			struct iser_tgt_conn_group *group);
void iser_tgt_conn_leave(struct iser_tgt_conn *conn);

/* iser_tgt_conn_closing() without a call. */
static inline bool iser_tgt_conn_ends(const struct iser_tgt_conn *conn)
{
	return test_bit(ISER_TGT_CLOSE_ASKED, &conn->close);
}

#endif
