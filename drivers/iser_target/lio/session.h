/* SPDX-License-Identifier: GPL-2.0 */
/* Sessions, each with its one connection. */
#ifndef ISER_TGT_SESSION_H
#define ISER_TGT_SESSION_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "../iscsi/keys.h"
#include "../iscsi/login.h"
#include "../iscsi/name.h"
#include "../iscsi/text.h"
#include "counts.h"
#include "login_mem.h"

struct iser_tgt_cleared;
struct iser_tgt_cmd;
struct iser_tgt_conn;
struct iser_tgt_latency;
struct iser_tgt_login_tx;
struct iser_tgt_pi;
struct iser_tgt_tpg;
struct iser_tgt_tx_pool;
struct se_session;

/* Text of a request after login in a normal session, bytes: RFC 7143 6.1. */
#define ISER_TGT_FFP_TEXT_MAX	8192

/**
 * struct iser_tgt_abort_set - ABORT TASK SET in progress, and responses that have
 *	to wait for those of tasks
 * @request: context of the function, NULL if none is in progress
 * @logout: context of a logout whose response waits for all others, or NULL
 * @rsp_deferred: functions that the core has completed, whose responses wait for
 *	those of the affected tasks, and @logout
 * @before: sequence number of the function among the requests: later tasks do
 *	not belong to the set
 * @lun: its LUN as the core knows it
 * @next: command context to look at next
 * @aborting: the core is aborting a task of the set
 * @failed: a task could not be aborted
 * @work: aborts one task after the other, sends responses
 */
struct iser_tgt_abort_set {
	struct iser_tgt_cmd *request;
	atomic_t rsp_deferred;
	struct iser_tgt_cmd *logout;
	u32 before;
	u64 lun;
	unsigned int next;
	bool aborting;
	bool failed;
	struct work_struct work;
};

/**
 * struct iser_tgt_unexpected - PDUs that the initiator does not expect
 * @any: some are outstanding
 * @ping: a ping is outstanding
 * @nr: outstanding Rejects and asynchronous messages
 * @unsent: how many of them have not been posted yet
 * @until: ExpStatSN that acknowledges them all
 * @ping_until: ExpStatSN that acknowledges the ping
 * @lock: protects all of it
 */
struct iser_tgt_unexpected {
	bool any;
	bool ping;
	u32 nr;
	u32 unsent;
	u32 until;
	u32 ping_until;
	/* all of it */
	spinlock_t lock;
};

/**
 * struct iser_tgt_ping - whether a silent initiator is alive
 * @alive: when a PDU was last received from it, jiffies
 * @asked: pings since then
 * @since: when the last ping was posted, jiffies
 * @sent: the last ping was reported as sent
 */
struct iser_tgt_ping {
	unsigned long alive;
	unsigned int asked;
	unsigned long since;
	bool sent;
};

/**
 * struct iser_tgt_session - a session and its connection, from the connection
 *	request on
 *
 * What every command needs comes first: read by all sides, written by all
 * sides, then what only the receive side uses.
 *
 * @conn: the connection
 * @tpg: portal group, NULL before the login has found it and in discovery
 * @se_sess: the core's session
 * @cmds: command contexts, ISER_TGT_CMD_PIECE in each piece
 * @pis: protection information of each, NULL if the device does not handle it
 * @nr_cmds: number of contexts
 * @max_cmds: how many there may be
 * @ffp: full feature phase
 * @heard: a PDU was received in full feature phase; until then the initiator
 *	may have no receive buffer posted
 * @hello_due: the next message must be an iSER Hello
 * @hello_may: the first message may be one: nothing was said about it
 * @discovery: discovery session
 * @logging_out: nothing that is received is looked at any more
 * @usual: @ffp and @heard of a normal session, no Hello is due, not logging out
 * @cleared_any: commands to some LUNs are answered by a unit attention
 * @unexpected: Rejects, messages and pings that are not acknowledged
 * @rejected: @rejected_sn is valid
 * @rejected_sn: highest CmdSN in the window of a request that was rejected
 * @abort: ABORT TASK SET in progress, and responses that have to wait
 * @free_list: free contexts, returned from any context
 * @gathered: completed commands that a worker will answer, by se_cmd_list
 * @gather_entry: entry of that worker's list
 * @free_cache: free contexts taken from @free_list
 * @commands: SCSI commands so far
 * @bytes_read: bytes requested by READs
 * @bytes_written: bytes announced by WRITEs
 * @requests: SCSI commands and task management functions so far
 * @depth: commands in the window
 * @sid: number shown to the administrator, unique while the module is loaded
 * @tsih: TSIH of RFC 7143 4.4.3
 * @cid: connection ID
 * @isid: ISID of RFC 7143 11.12.5
 * @authenticated: CHAP was done
 * @entering: the login has ended and waits for the session that it replaces,
 *	under @tpg->lock
 * @live: this is the session of its initiator port, under @tpg->lock
 * @place: errno of the limit of sessions that is reached without it
 * @keys: negotiated
 * @counts: events by kind
 * @entry: entry of @tpg->sessions, under @tpg->lock
 * @seq: value of @tpg->last_seq when it was added there
 * @all_entry: entry of iser_tgt_all_sessions
 * @pending_entry: entry of the list of logins and discovery sessions
 * @cleared: LUNs that the initiator port has lost tasks at, NULL before the
 *	session has started
 * @since: when the connection was requested, then when the login ended, jiffies
 * @ping: whether the initiator is alive
 * @failure: enum iser_tgt_failure
 * @latency: of its commands, NULL as long as it was not measured
 * @drop_reason: why the connection is closed when its last message has been sent
 * @tx_pool: memory of the contexts' responses
 * @login_mem: login memory; NULL once in full feature phase of a normal session
 * @login_tx: response of the login, and every response of a discovery session
 * @login_tx_busy: @login_tx is being sent
 * @login_tx_last: close the connection when @login_tx has been sent
 * @exchange: text negotiation
 * @answer: its answer until the last piece is sent, kvmalloc
 * @answer_len: bytes of it
 * @initiator: InitiatorName
 * @alias: InitiatorAlias
 */
struct iser_tgt_session {
	/* read by all sides */
	struct iser_tgt_conn *conn;
	struct iser_tgt_tpg *tpg;
	struct se_session *se_sess;
	struct iser_tgt_cmd **cmds;
	struct iser_tgt_pi *pis;
	unsigned int nr_cmds;
	unsigned int max_cmds;
	bool ffp;
	bool heard;
	bool hello_due;
	bool hello_may;
	bool discovery;
	bool logging_out;
	bool usual;
	bool cleared_any;
	bool rejected;
	u32 rejected_sn;
	struct iser_tgt_unexpected unexpected;
	/* only its first two members are looked at for each command */
	struct iser_tgt_abort_set abort;
	/* written by all sides */
	struct llist_head free_list;
	struct llist_head gathered;
	struct llist_node gather_entry;

	/* the receive side */
	struct llist_node *free_cache;
	u64 commands;
	u64 bytes_read;
	u64 bytes_written;
	u32 requests;
	u32 depth;
	u32 sid;
	u16 tsih;
	u16 cid;
	u8 isid[6];
	bool authenticated;
	bool entering;
	bool live;
	int place;
	struct iser_tgt_keys keys;
	struct iser_tgt_counts counts;

	/* not needed by commands */
	struct list_head entry;
	u64 seq;
	struct list_head all_entry;
	struct list_head pending_entry;
	struct iser_tgt_cleared *cleared;
	unsigned long since;
	struct iser_tgt_ping ping;
	u8 failure;
	struct iser_tgt_latency *latency;
	const char *drop_reason;
	struct iser_tgt_tx_pool *tx_pool;
	struct iser_tgt_login_mem *login_mem;
	struct iser_tgt_login_tx *login_tx;
	bool login_tx_busy;
	bool login_tx_last;
	struct iser_tgt_exchange exchange;
	char *answer;
	size_t answer_len;
	char initiator[ISER_TGT_NAME_MAX + 1];
	char alias[ISER_TGT_ALIAS_MAX];
};

extern const char *const iser_tgt_logged_out;
extern spinlock_t iser_tgt_sessions_lock;
extern struct list_head iser_tgt_all_sessions;

void iser_tgt_close_se_session(struct se_session *se_sess);
void iser_tgt_protocol_error(struct iser_tgt_session *sess, const char *what);

#endif
