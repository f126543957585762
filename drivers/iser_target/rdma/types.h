/* SPDX-License-Identifier: GPL-2.0 */
/* What passes between the fabric and the verbs layer: PDUs, data, transfers. */
#ifndef ISER_TGT_RDMA_TYPES_H
#define ISER_TGT_RDMA_TYPES_H

#include <linux/dma-direction.h>
#include <linux/scatterlist.h>
#include <rdma/ib_verbs.h>
#include <rdma/rw.h>

#include "../iscsi/pdu.h"

struct iser_tgt_chain;
struct iser_tgt_conn;
struct iser_tgt_data_pool;
struct se_lun;

/**
 * struct iser_tgt_window - what every command looks at of a connection
 * @exp_cmd_sn: next CmdSN, written by the receive side only
 * @max_cmd_sn: end of the window, under the connection's post_lock
 * @stat_sn: next StatSN, under post_lock
 * @transfers_wait: some have no credits or MRs yet, written under xfer_lock
 * @completes_early: of its device
 * @send_inv: the peer takes SEND with invalidate
 *
 * First in struct iser_tgt_conn, so that the fabric needs no call for it.
 */
struct iser_tgt_window {
	u32 exp_cmd_sn;
	u32 max_cmd_sn;
	u32 stat_sn;
	bool transfers_wait;
	bool completes_early;
	bool send_inv;
};

/**
 * struct iser_tgt_rx - a received PDU
 * @pdu: the parsed headers, valid unless @error is set
 * @hdr: both headers as received, ISER_TGT_HDR_LEN bytes
 * @received: bytes received
 * @error: what is wrong with the PDU
 * @when: when it was received, ns, if iser_tgt_stamps is enabled
 */
struct iser_tgt_rx {
	struct iser_tgt_pdu pdu;
	u8 *hdr;
	u32 received;
	enum iser_tgt_pdu_error error;
	u64 when;
};

/**
 * struct iser_tgt_sgl - a scatterlist, returned in registers
 * @sg: the first entry
 * @nents: entries used
 */
struct iser_tgt_sgl {
	struct scatterlist *sg;
	unsigned int nents;
};

/**
 * struct iser_tgt_tx - a PDU to send
 * @hdr: ISER_TGT_HDR_LEN bytes, mapped for the life of the session, followed by
 *	ISER_TGT_FFP_DATA_MAX bytes of data: iser_tgt_tx_data()
 * @conn: the connection
 * @has_stat_sn: the PDU consumes a StatSN
 * @advances_window: it ends a request that was counted by CmdSN
 * @sn_filled: the sequence numbers are filled in already
 * @unsignaled: it may be reported with the completion of a later PDU; if it was
 *	sent the fabric's ->sent() is called instead of @done
 * @waited: the fabric's ->waits() was called for it
 * @posted: it has been posted; for @done, valid if @waited
 * @index: its place in its pool
 * @chain: add it there instead of posting it; reset when that is done, or when it
 *	has to wait
 * @next: the next one in its chain, or of those that were sent
 * @done: called once for each send, with 0 or a negative errno, sent or not, in
 *	process context, possibly before iser_tgt_send() returns
 */
struct iser_tgt_tx {
	u8 *hdr;
	struct iser_tgt_conn *conn;
	bool has_stat_sn;
	bool advances_window;
	bool sn_filled;
	bool unsignaled;
	bool waited;
	bool posted;
	u16 index;
	union {
		struct iser_tgt_chain *chain;
		struct iser_tgt_tx *next;
	};
	void (*done)(struct iser_tgt_tx *tx, int status);
	/* private: the SEND, and the transfer in front of it */
	struct ib_cqe cqe;
	struct ib_send_wr wr;
	struct ib_sge sge;
	struct iser_tgt_xfer *xfer;
};

/**
 * struct iser_tgt_chain - PDUs of a connection to post with one doorbell
 * @first: the first one, NULL if there is none
 * @last: the last one
 * @wrs: their work requests, and those of the transfers in front of them
 */
struct iser_tgt_chain {
	struct iser_tgt_tx *first;
	struct iser_tgt_tx *last;
	struct ib_send_wr *wrs;
};

static inline u8 *iser_tgt_tx_data(const struct iser_tgt_tx *tx)
{
	return tx->hdr + ISER_TGT_HDR_LEN;
}

/* Whether its completion was to be reported, and not that of a later PDU. */
static inline bool iser_tgt_tx_reported(const struct iser_tgt_tx *tx)
{
	return tx->wr.send_flags & IB_SEND_SIGNALED;
}

/**
 * struct iser_tgt_data_buf - a data buffer that stays mapped for its device
 * @page: the memory
 * @order: allocation order of @page
 * @next: the next one of a list
 */
struct iser_tgt_data_buf {
	struct page *page;
	unsigned int order;
	struct iser_tgt_data_buf *next;
	/* private: where it is mapped, and the pool it belongs to */
	u64 dma;
	struct iser_tgt_data_pool *pool;
};

/**
 * struct iser_tgt_pi - T10 protection information of a transfer
 * @attrs: where it is, in memory and on the wire, and what to check
 * @sg: its memory
 * @nents: entries of @sg
 * @bad: the device found an error
 * @err: the error, if @bad
 * @lun: kept by lio/ until the data of a READ have been checked
 */
struct iser_tgt_pi {
	struct ib_sig_attrs attrs;
	struct scatterlist *sg;
	unsigned int nents;
	bool bad;
	struct ib_sig_err err;
	struct se_lun *lun;
};

/**
 * struct iser_tgt_conn_counts - events of a connection
 * @credit_waits: transfers that had to wait for credits or MRs, under xfer_lock
 * @pool_misses: data buffers that were not in the pool; written by the receive
 *	side, as @window_full
 * @parked: PDUs that were not handled in the completion handler, under rx_lock
 * @window_full: requests that used up the window the initiator knew of
 */
struct iser_tgt_conn_counts {
	u64 credit_waits;
	u64 pool_misses;
	u64 parked;
	u64 window_full;
};

/**
 * struct iser_tgt_xfer - movement of the data of one command
 * @conn: the connection
 * @pi: protection information to generate or check, NULL for none
 * @done: called once when the transfer has ended, with 0 or a negative errno, in
 *	process context. If a response is chained to the transfer, its
 *	->done() is called instead.
 */
struct iser_tgt_xfer {
	struct iser_tgt_conn *conn;
	struct iser_tgt_pi *pi;
	void (*done)(struct iser_tgt_xfer *xfer, int status);
	/* private: see transfer.c */
	struct ib_cqe cqe;
	/* on the connection's list of transfers that wait for credits */
	struct list_head wait;
	/* NULL: @rw moves a segment of @sg */
	struct iser_tgt_data_buf *buf;
	union {
		struct rdma_rw_ctx rw;
		struct {
			struct ib_rdma_wr wr;
			struct ib_sge sge;
		};
	};
	struct scatterlist *sg;
	unsigned int nents;
	/* bytes by which the first entry was moved on until its segment ends */
	u32 skipped;
	/* bytes not posted yet, those of the segment included; not of @buf */
	u32 left;
	u32 segment;
	u16 credits;
	/* the segment holds an MR instead of credits */
	bool registers;
	/* an entry shortened to the wanted length, and its own length */
	u32 trimmed_len;
	struct scatterlist *trimmed;
	u64 va;
	u32 rkey;
	enum dma_data_direction dir;
	struct iser_tgt_tx *tx;
};

#endif
