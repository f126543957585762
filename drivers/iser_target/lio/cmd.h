/* SPDX-License-Identifier: GPL-2.0 */
/* Command contexts: one for each request of a normal session. */
#ifndef ISER_TGT_CMD_H
#define ISER_TGT_CMD_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/scatterlist.h>
#include <target/target_core_base.h>

#include "../rdma/rdma.h"
#include "histogram.h"
#include "session.h"

struct iser_tgt_lane;

/*
 * Budget for a context without the core's and rdma_rw's part of it, bytes. A
 * session has more contexts than its depth, and most are idle.
 */
#define ISER_TGT_CMD_SIZE_MAX	392

/* Contexts allocated at a time. */
#define ISER_TGT_CMD_PIECE	16

/* Contexts for unsolicited PDUs and aborts, in front of the others. */
enum iser_tgt_cmd_own {
	ISER_TGT_CMD_ABORT,
	ISER_TGT_CMD_PING,
	ISER_TGT_CMD_MESSAGE,
	ISER_TGT_CMD_OWN
};

/**
 * enum iser_tgt_stage - how far the request of a context is
 * @ISER_TGT_CMD_RECEIVED: has been received
 * @ISER_TGT_CMD_FETCHES: data is being read from the initiator
 * @ISER_TGT_CMD_QUEUED: waits for a worker
 * @ISER_TGT_CMD_IN_BACKSTORE: in the backstore
 * @ISER_TGT_CMD_FENCES: PREEMPT AND ABORT, executed or held
 * @ISER_TGT_CMD_RESPONDS: response is being sent
 * @ISER_TGT_CMD_MANAGES: task management function in progress
 * @ISER_TGT_CMD_HELD: function whose response waits for those of tasks
 * @ISER_TGT_CMD_ABORTS: aborts a task of a set, for sess->abort
 * @ISER_TGT_CMD_ASKS: ping
 * @ISER_TGT_CMD_TELLS: asynchronous message
 */
enum iser_tgt_stage {
	ISER_TGT_CMD_RECEIVED,
	ISER_TGT_CMD_FETCHES,
	ISER_TGT_CMD_QUEUED,
	ISER_TGT_CMD_IN_BACKSTORE,
	ISER_TGT_CMD_FENCES,
	ISER_TGT_CMD_RESPONDS,
	ISER_TGT_CMD_MANAGES,
	ISER_TGT_CMD_HELD,
	ISER_TGT_CMD_ABORTS,
	ISER_TGT_CMD_ASKS,
	ISER_TGT_CMD_TELLS,
} __packed;

/**
 * enum iser_tgt_answer - what a worker does for a command that has completed
 * @ISER_TGT_ANSWER_NONE: nothing, it has been answered
 * @ISER_TGT_ANSWER_STATUS: sends its response
 * @ISER_TGT_ANSWER_DATA: sends its data and its response
 * @ISER_TGT_ANSWER_ALONE: the same, in a work item of its own
 * @ISER_TGT_ANSWER_FENCE: sends its response when others have ended: fence.c
 */
enum iser_tgt_answer {
	ISER_TGT_ANSWER_NONE,
	ISER_TGT_ANSWER_STATUS,
	ISER_TGT_ANSWER_DATA,
	ISER_TGT_ANSWER_ALONE,
	ISER_TGT_ANSWER_FENCE,
} __packed;

/**
 * struct iser_tgt_cmd - context of one request
 * @tx: its response
 * @xfer: data transfer
 * @free: entry of sess->free_list or sess->free_cache, while free
 * @wait: entry of @lane's list of commands that wait for a worker
 * @lane: workers of its backstore, NULL if they are not counted
 * @slot: which of these workers executes the command
 * @fence: entry of the list of commands whose response is held
 * @fenced: since when it is held, low half of jiffies
 * @sess: the session
 * @rx: receive buffer, until the core has the CDB, or for immediate data
 * @buf: mapped buffer of the rest of the data, or of all of it
 * @sg: @buf, if all data is there; initialized once
 * @buf_skip: bytes of @buf that immediate data was copied to
 * @itt: initiator task tag
 * @edtl: ExpectedDataTransferLength, bytes
 * @imm_len: immediate data, bytes
 * @stag: the initiator's memory: the Read STag of a READ, else the Write STag
 * @since: when the context was taken, low half of jiffies
 * @refs: one for the core's command, one for a response that may outlast it
 * @stage: how far the request is
 * @busy: in use
 * @scsi: SCSI command, known to the core
 * @rsp_deferred: function whose response waits
 * @close_after: close the connection when the response has been sent
 * @dirty: the data area of the response is not all zeros
 * @good: its headers are those of a response with GOOD status and no residual
 * @immediate: counted by iser_tgt_window_immediates()
 * @answer: what is left to do once the core has completed it: see gather.c
 * @watched: executed by a worker because its backstore has slept
 * @times: when its parts began, if that is measured
 * @execute: the core's ->execute_cmd(), if a worker is to call it
 * @se_cmd: the core's part
 */
struct iser_tgt_cmd {
	struct iser_tgt_tx tx;
	union {
		struct iser_tgt_xfer xfer;
		struct llist_node free;
		struct {
			struct list_head wait;
			struct iser_tgt_lane *lane;
			unsigned int slot;
		};
		struct {
			struct list_head fence;
			u32 fenced;
		};
	};
	struct iser_tgt_session *sess;
	struct iser_tgt_rx *rx;
	struct iser_tgt_data_buf *buf;
	struct scatterlist sg;
	u32 buf_skip;
	u32 itt;
	u32 edtl;
	u32 imm_len;
	struct iser_tgt_stag stag;
	u32 since;
	atomic_t refs;
	enum iser_tgt_stage stage;
	bool busy;
	bool scsi;
	bool rsp_deferred;
	bool close_after;
	bool dirty;
	bool good;
	enum iser_tgt_answer answer;
	/* written by the receive side; @immediate ends with the response */
	bool immediate;
	bool watched;
	struct iser_tgt_times times;
	sense_reason_t (*execute)(struct se_cmd *se_cmd);
	struct se_cmd se_cmd;
};

static inline struct iser_tgt_cmd *iser_tgt_cmd(struct se_cmd *se_cmd)
{
	return container_of(se_cmd, struct iser_tgt_cmd, se_cmd);
}

/* @index is less than a value of sess->nr_cmds that was acquired. */
static inline struct iser_tgt_cmd *
iser_tgt_cmd_at(const struct iser_tgt_session *sess, unsigned int index)
{
	return &sess->cmds[index / ISER_TGT_CMD_PIECE]
			  [index % ISER_TGT_CMD_PIECE];
}

/**
 * iser_tgt_cmd_next - look at a session's contexts one after the other
 * @sess: a session; it may have none yet, and get more meanwhile
 * @next: position, 0 at first
 *
 * Context: any, while the session is not freed.
 * Return: the next one that requests use, in use or not, or NULL.
 */
static inline struct iser_tgt_cmd *
iser_tgt_cmd_next(const struct iser_tgt_session *sess, unsigned int *next)
{
	unsigned int index = ISER_TGT_CMD_OWN + *next;

	/* Pairs with the release in iser_tgt_cmds_add(). */
	if (index >= smp_load_acquire(&sess->nr_cmds))
		return NULL;

	(*next)++;
	return iser_tgt_cmd_at(sess, index);
}

/*
 * Must be called before the response is posted: the initiator may then send
 * the next immediate command.
 */
static inline void iser_tgt_cmd_immediate_ends(struct iser_tgt_cmd *cmd)
{
	cmd->immediate = false;
	iser_tgt_window_immediate_ends(cmd->sess->conn);
}

/**
 * iser_tgt_task_tag - choose the tag by which the core knows a request
 * @sess: the session
 * @itt: its initiator task tag
 *
 * The initiator reuses an ITT as soon as it has been answered, so the tag has
 * the sequence number of the request as well. CmdSN would not do: an immediate
 * request has the CmdSN of the next command.
 *
 * Context: the receive side.
 * Return: the tag.
 */
static inline u64 iser_tgt_task_tag(struct iser_tgt_session *sess, u32 itt)
{
	sess->requests++;
	return (u64)sess->requests << 32 | itt;
}

int iser_tgt_cmds_alloc(struct iser_tgt_session *sess);
void iser_tgt_cmds_free(struct iser_tgt_session *sess);
struct llist_node *iser_tgt_cmd_refill(struct iser_tgt_session *sess);
struct iser_tgt_cmd *iser_tgt_cmd_get_own(struct iser_tgt_session *sess,
					  enum iser_tgt_cmd_own which);
void iser_tgt_cmd_free(struct iser_tgt_cmd *cmd);
void iser_tgt_cmds_sent(struct iser_tgt_tx *first);
void iser_tgt_cmd_sent(struct iser_tgt_tx *tx, int status);

#endif
