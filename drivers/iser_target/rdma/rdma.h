/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All of the verbs layer that the fabric may use. Connections, devices and
 * listeners are opaque.
 */
#ifndef ISER_TGT_RDMA_H
#define ISER_TGT_RDMA_H

#include <linux/jump_label.h>
#include <linux/socket.h>

#include "../iscsi/window.h"
#include "inline.h"
#include "types.h"

struct in6_addr;
struct iser_tgt_listener;
struct iser_tgt_login_tx;
struct iser_tgt_tx_pool;
struct seq_file;
struct workqueue_struct;

/* Data segment that receive buffers hold at most, bytes. */
#define ISER_TGT_RECV_DATA_MAX	65536U
/* Immediate requests of a session that receive buffers are kept for. */
#define ISER_TGT_IMMEDIATE_MAX	2
/* Unsolicited PDUs of a session: abort, ping and message, one of each. */
#define ISER_TGT_SEND_OWN	3
/* Sends in a row whose completion is not requested. */
#define ISER_TGT_UNSIGNALED	12

/**
 * struct iser_tgt_ulp_ops - what the fabric does for the verbs layer
 * @open: a peer connects; there is no queue pair yet. May sleep. Returns the
 *	session, or an ERR_PTR() to reject the peer.
 * @receive: a PDU was received. Called for one PDU of a connection at a time, in
 *	order, in process context. Returns 0 when it has been handled (the
 *	buffer is returned by iser_tgt_rx_put(), now or later), -EAGAIN to be
 *	called again with the same PDU after iser_tgt_conn_kick(), or -EBUSY to
 *	be called again with it after the next PDU that was handled: PDUs behind
 *	it come first.
 * @waits: the transfer in front of an unsignaled PDU has to wait, so the PDU is
 *	posted later, at any time. In process context.
 * @posted: that PDU has been posted. Not called if it is never posted. In
 *	process context.
 * @sent: unsignaled PDUs of a connection have been sent, chained by @tx->next. In
 *	process context.
 * @stop: the queue pair has been drained, nothing is posted or received any
 *	more: take no more requests. Returns false while requests are left; each
 *	calls iser_tgt_conn_kick() when it ends, and @stop is called again. May
 *	sleep.
 * @close: no request is left: end the session. May sleep.
 * @stalled: the release takes long: log which requests it waits for. May run
 *	beside @stop, @close or @receive.
 * @free: free the session; the last call, and the only one if the set-up failed.
 */
struct iser_tgt_ulp_ops {
	void *(*open)(struct iser_tgt_conn *conn);
	int (*receive)(void *session, struct iser_tgt_rx *rx);
	void (*waits)(struct iser_tgt_tx *tx);
	void (*posted)(struct iser_tgt_tx *tx);
	void (*sent)(struct iser_tgt_tx *first);
	bool (*stop)(void *session);
	void (*close)(void *session);
	void (*stalled)(void *session);
	void (*free)(void *session);
};

/* init.c */
int iser_tgt_rdma_init(const struct iser_tgt_ulp_ops *ops);
void iser_tgt_rdma_exit(void);

/* devices_show.c, receive_queue.c */
void iser_tgt_devices_show(struct seq_file *m);
u32 iser_tgt_recv_data_size(void);

/* listener.c, address.c */
struct iser_tgt_listener *iser_tgt_listener_get(const struct sockaddr_storage *addr,
						unsigned int depth);
void iser_tgt_listener_put(struct iser_tgt_listener *listener);
void iser_tgt_listener_set(struct iser_tgt_listener *listener,
			   unsigned int depth, bool pi);
const char *iser_tgt_listener_strerror(int error);
const char *iser_tgt_listener_state(struct iser_tgt_listener *listener);
bool iser_tgt_addr_same_host(const struct sockaddr_storage *a,
			     const struct sockaddr_storage *b);
struct in6_addr iser_tgt_addr_v6(const struct sockaddr_storage *addr);
bool iser_tgt_addr_any(const struct sockaddr_storage *addr);

/* conn.c */
extern struct workqueue_struct *iser_tgt_misc_wq;
extern struct workqueue_struct *iser_tgt_rx_wq;
extern const char *const iser_tgt_login_late;
extern const char *const iser_tgt_peer_left;
void iser_tgt_conn_set_live(struct iser_tgt_conn *conn, u32 stat_sn,
			    u32 exp_cmd_sn, bool direct);
bool iser_tgt_conn_live(const struct iser_tgt_conn *conn);
bool iser_tgt_conn_closing(const struct iser_tgt_conn *conn);
void iser_tgt_conn_close(struct iser_tgt_conn *conn, const char *why);
void iser_tgt_conn_kick(struct iser_tgt_conn *conn);
void iser_tgt_conn_set_deadline(struct iser_tgt_conn *conn, unsigned long delay,
				const char *why);
void iser_tgt_conn_end_deadline(struct iser_tgt_conn *conn, const char *why);
void iser_tgt_conn_watch(struct iser_tgt_conn *conn, const char *what);
void iser_tgt_conn_unwatch(struct iser_tgt_conn *conn);

/* conn_info.c */
const struct sockaddr_storage *iser_tgt_conn_peer(const struct iser_tgt_conn *conn);
const struct sockaddr_storage *iser_tgt_conn_local(const struct iser_tgt_conn *conn);
struct iser_tgt_listener *iser_tgt_conn_listener(const struct iser_tgt_conn *conn);
void *iser_tgt_conn_session(const struct iser_tgt_conn *conn);
void iser_tgt_conn_set_name(struct iser_tgt_conn *conn, const char *initiator);
void iser_tgt_conn_set_number(struct iser_tgt_conn *conn, u32 number);
const struct iser_tgt_conn_counts *
iser_tgt_conn_counts(const struct iser_tgt_conn *conn);
unsigned long iser_tgt_conn_last_rx(const struct iser_tgt_conn *conn);
const char *iser_tgt_conn_close_reason(const struct iser_tgt_conn *conn);
bool iser_tgt_conn_may_sleep(const struct iser_tgt_conn *conn);
const char *iser_tgt_conn_device_name(const struct iser_tgt_conn *conn);
unsigned int iser_tgt_conn_port(const struct iser_tgt_conn *conn);
int iser_tgt_conn_node(const struct iser_tgt_conn *conn);
u32 iser_tgt_conn_recv_data(const struct iser_tgt_conn *conn);
unsigned int iser_tgt_conn_depth(const struct iser_tgt_conn *conn);
bool iser_tgt_conn_pi(const struct iser_tgt_conn *conn);
u32 iser_tgt_conn_mr_max(const struct iser_tgt_conn *conn);
u32 iser_tgt_conn_fetch_max(const struct iser_tgt_conn *conn);
u16 iser_tgt_conn_ord(const struct iser_tgt_conn *conn);
size_t iser_tgt_conn_login_memory(const struct iser_tgt_conn *conn);
size_t iser_tgt_conn_memory(const struct iser_tgt_conn *conn);
bool iser_tgt_conn_needs_mr(const struct iser_tgt_conn *conn,
			    enum dma_data_direction dir);
bool iser_tgt_conn_cq_idle(const struct iser_tgt_conn *conn);

/* queue_pair.c */
unsigned int iser_tgt_qp_contexts(unsigned int depth);
void iser_tgt_qp_limit_reads(struct iser_tgt_conn *conn, u16 ord);

/* window.c */
int iser_tgt_window_start(struct iser_tgt_conn *conn, u32 depth);
void iser_tgt_window_discovery(struct iser_tgt_conn *conn);
void iser_tgt_window_full(struct iser_tgt_conn *conn);
void iser_tgt_window_open(struct iser_tgt_conn *conn, bool tell);
bool iser_tgt_window_untold(struct iser_tgt_conn *conn);
void iser_tgt_window_tells(struct iser_tgt_conn *conn);
void iser_tgt_window_immediate_begins(struct iser_tgt_conn *conn);
void iser_tgt_window_immediate_ends(struct iser_tgt_conn *conn);
unsigned int iser_tgt_window_immediates(const struct iser_tgt_conn *conn);
u32 iser_tgt_window_size(const struct iser_tgt_conn *conn);
u32 iser_tgt_window_stat_sn(const struct iser_tgt_conn *conn);
void iser_tgt_window_plug(struct iser_tgt_conn *conn);

/* receive.c, receive_queue.c */
DECLARE_STATIC_KEY_FALSE(iser_tgt_stamps);
const void *iser_tgt_rx_ahs(const struct iser_tgt_rx *rx);
size_t iser_tgt_rx_copy(const struct iser_tgt_rx *rx, size_t skip, void *to,
			size_t len);
struct iser_tgt_sgl iser_tgt_rx_sgl(struct iser_tgt_rx *rx, u32 len);
void iser_tgt_rx_put(struct iser_tgt_rx *rx);

/* send.c, tx_pool.c */
void iser_tgt_send(struct iser_tgt_tx *tx, size_t data_len, u32 inv_rkey);
void iser_tgt_send_bare(struct iser_tgt_tx *tx);
struct iser_tgt_tx_pool *iser_tgt_tx_pool_alloc(struct iser_tgt_conn *conn,
						unsigned int max);
bool iser_tgt_tx_pool_grow(struct iser_tgt_tx_pool *pool, unsigned int nr,
			   gfp_t gfp);
void iser_tgt_tx_pool_free(struct iser_tgt_tx_pool *pool);
size_t iser_tgt_tx_pool_memory(const struct iser_tgt_tx_pool *pool);
void iser_tgt_tx_init(struct iser_tgt_tx_pool *pool, unsigned int index,
		      struct iser_tgt_tx *tx);
struct iser_tgt_login_tx *iser_tgt_login_tx_alloc(struct iser_tgt_conn *conn);
void iser_tgt_login_tx_free(struct iser_tgt_login_tx *login_tx);
struct iser_tgt_tx *iser_tgt_login_tx_pdu(struct iser_tgt_login_tx *login_tx);
void iser_tgt_login_tx_send(struct iser_tgt_login_tx *login_tx,
			    const void *data, size_t len);

/* chain.c */
void iser_tgt_chain_post(struct iser_tgt_conn *conn,
			 struct iser_tgt_chain *chain);

/* data_pool.c, transfer.c */
struct iser_tgt_data_buf *iser_tgt_data_get(struct iser_tgt_conn *conn, u32 len);
void iser_tgt_data_put(struct iser_tgt_data_buf *bufs);
void iser_tgt_xfer_start(struct iser_tgt_xfer *xfer, struct iser_tgt_conn *conn,
			 struct scatterlist *sg, unsigned int nents, u32 skip,
			 u32 len, u64 va, u32 rkey, enum dma_data_direction dir,
			 struct iser_tgt_tx *tx);
void iser_tgt_xfer_start_buf(struct iser_tgt_xfer *xfer,
			     struct iser_tgt_conn *conn,
			     struct iser_tgt_data_buf *buf, u32 offset, u32 len,
			     u64 va, u32 rkey, enum dma_data_direction dir,
			     struct iser_tgt_tx *tx);
void iser_tgt_xfer_start_pi(struct iser_tgt_xfer *xfer,
			    struct iser_tgt_conn *conn, struct iser_tgt_pi *pi,
			    struct scatterlist *sg, unsigned int nents, u32 len,
			    u64 va, u32 rkey, enum dma_data_direction dir);

/* CmdSN of the next request expected. Context: the receive side. */
static inline u32 iser_tgt_window_exp_cmd_sn(const struct iser_tgt_conn *conn)
{
	return iser_tgt_conn_numbers(conn)->exp_cmd_sn;
}

/* Whether a number is not beyond MaxCmdSN. */
static inline bool iser_tgt_window_reaches(const struct iser_tgt_conn *conn,
					   u32 cmd_sn)
{
	u32 max = READ_ONCE(iser_tgt_conn_numbers(conn)->max_cmd_sn);

	return !iser_tgt_sn_before(max, cmd_sn);
}

/* What to do with a request: RFC 7143 4.2.2.1. Context: the receive side. */
static inline enum iser_tgt_window_verdict
iser_tgt_window_verdict(const struct iser_tgt_conn *conn,
			const struct iser_tgt_pdu *pdu)
{
	const struct iser_tgt_window *numbers = iser_tgt_conn_numbers(conn);
	u32 max = READ_ONCE(numbers->max_cmd_sn);

	if (likely(pdu->cmd_sn == numbers->exp_cmd_sn &&
		   !iser_tgt_sn_before(max, pdu->cmd_sn)))
		return ISER_TGT_WINDOW_DELIVER;

	return iser_tgt_window_check(numbers->exp_cmd_sn, max, pdu->cmd_sn,
				     pdu->immediate);
}

/*
 * A request is accepted. ExpStatSN says which responses the initiator had received
 * when it sent this, and so which MaxCmdSN it knew. If that was used up, it could
 * use more. Context: the receive side.
 */
static inline void iser_tgt_window_take(struct iser_tgt_conn *conn,
					const struct iser_tgt_pdu *pdu)
{
	struct iser_tgt_window *numbers = iser_tgt_conn_numbers(conn);
	u32 unseen;

	if (pdu->immediate)
		return;

	WRITE_ONCE(numbers->exp_cmd_sn, numbers->exp_cmd_sn + 1);
	unseen = READ_ONCE(numbers->stat_sn) - pdu->exp_stat_sn;
	if (unlikely(!iser_tgt_sn_before(pdu->cmd_sn + unseen,
					 READ_ONCE(numbers->max_cmd_sn))))
		iser_tgt_window_full(conn);
}

#endif
