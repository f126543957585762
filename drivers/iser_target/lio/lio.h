/* SPDX-License-Identifier: GPL-2.0 */
/* The fabric: targets, portal groups, sessions and commands. */
#ifndef ISER_TGT_LIO_H
#define ISER_TGT_LIO_H

#include <linux/configfs.h>
#include <linux/rwsem.h>
#include <linux/llist.h>
#include <target/target_core_base.h>
#include <target/target_core_fabric.h>

#include "../compat.h"
#include "../iscsi/hello.h"
#include "../iscsi/login.h"
#include "../iscsi/name.h"
#include "../iscsi/text.h"
#include "../iscsi/window.h"
#include "../rdma/rdma.h"

struct iser_tgt_lane;

/* Commands a session may have in flight: cmdsn_depth. */
#define ISER_TGT_DEPTH_DEFAULT	64
#define ISER_TGT_DEPTH_MAX	512
/* 16 MiB a command. */
#define ISER_TGT_DATA_SG_MAX	((16U << 20) / PAGE_SIZE)
/*
 * Bytes of a context that are ours, beside what the core and rdma_rw keep in it.
 * A session has more contexts than its depth.
 */
#define ISER_TGT_CMD_SIZE_MAX	352
/* An address and port as text. */
#define ISER_TGT_REDIRECT_MAX	64
/* Text of a request after login in a normal session, bytes. */
#define ISER_TGT_FFP_TEXT_MAX	1024

/**
 * struct iser_tgt_wwn - a target
 * @se_wwn: the core's part
 * @name: its iSCSI name
 * @entry: on the list of targets, under iser_tgt_targets_sem
 * @tpgs: its portal groups, under iser_tgt_targets_sem
 */
struct iser_tgt_wwn {
	struct se_wwn se_wwn;
	char name[ISER_TGT_NAME_MAX + 1];
	struct list_head entry;
	struct list_head tpgs;
};

/*
 * attrib/ of a portal group; what each means is in Documentation/ABI. Flags are
 * 0 or 1, times are seconds.
 */
struct iser_tgt_tpg_attrib {
	u32 authentication;
	u32 generate_node_acls;
	u32 cache_dynamic_acls;
	u32 default_cmdsn_depth;
	u32 default_erl;
	u32 demo_mode_discovery;
	u32 demo_mode_write_protect;
	u32 prod_mode_write_protect;
	u32 login_timeout;
	u32 t10_pi;
	u32 fabric_prot_type;
	u32 tpg_enabled_sendtargets;
	u32 sessions_per_initiator;
	u32 max_sessions;
	u32 nopin_interval;
	u32 nopin_timeout;
	u32 unsent_immediate_data;
};

/**
 * struct iser_tgt_tpg - a portal group
 * @se_tpg: the core's part
 * @wwn: its target
 * @tag: N of tpgt_N
 * @entry: on the target's list, under iser_tgt_targets_sem
 * @portals: under iser_tgt_targets_sem
 * @lock: protects @enabled, @drain, @sessions and @joined
 * @enabled: takes logins
 * @drain: takes none all the same; seconds that sessions were given to go
 * @sessions: sessions and logins that found this portal group
 * @joined: how many there have been
 * @idle: woken when one leaves @sessions, or @drain is taken back
 * @core_mutex: one session enters or leaves the core at a time
 * @unlink_late: says which commands a LUN that goes is waiting for
 * @tsih: last one given out
 * @max_depth: deepest session seen possible, never lowered
 * @attrib: attrib/
 * @offer: param/
 * @auth_method: param/AuthMethod
 * @alias: param/TargetAlias, under @lock
 * @chap_order: param/CHAP_A, 0-terminated, under @lock
 * @moved: param/TargetMoved: the status to redirect with, 0 for none
 * @moved_to: param/TargetMovedAddress, under @lock
 * @auth: auth/
 */
struct iser_tgt_tpg {
	struct se_portal_group se_tpg;
	struct iser_tgt_wwn *wwn;
	u16 tag;
	struct list_head entry;
	struct list_head portals;
	/* enabled, drain, sessions and joined */
	spinlock_t lock;
	bool enabled;
	u16 drain;
	struct list_head sessions;
	u64 joined;
	wait_queue_head_t idle;
	/* see iser_tgt_session_close() */
	struct mutex core_mutex;
	struct delayed_work unlink_late;
	u16 tsih;
	u32 max_depth;
	struct iser_tgt_tpg_attrib attrib;
	struct iser_tgt_keys offer;
	unsigned int auth_method;
	char alias[ISER_TGT_ALIAS_MAX];
	u8 chap_order[ISER_TGT_CHAP_ALGS + 1];
	u16 moved;
	char moved_to[ISER_TGT_REDIRECT_MAX];
	struct iser_tgt_auth auth;
};

/**
 * struct iser_tgt_portal - np/<ip:port> of a portal group
 * @np: the core's part
 * @tpg: its portal group
 * @entry: on its list, under iser_tgt_targets_sem
 * @addr: the address
 * @listener: shared by all portals of that address
 */
struct iser_tgt_portal {
	struct se_tpg_np np;
	struct iser_tgt_tpg *tpg;
	struct list_head entry;
	struct sockaddr_storage addr;
	struct iser_tgt_listener *listener;
};

/**
 * struct iser_tgt_acl - acls/<initiator>
 * @nacl: the core's part
 * @auth: auth/
 * @no_immediate_data: attrib/immediate_data is 0; an ACL made by the core is
 *	all zeros
 */
struct iser_tgt_acl {
	struct se_node_acl nacl;
	struct iser_tgt_auth auth;
	bool no_immediate_data;
};

/* Contexts for what the target does of its own accord, behind the others. */
enum iser_tgt_cmd_own {
	ISER_TGT_CMD_ABORT,
	ISER_TGT_CMD_PING,
	ISER_TGT_CMD_MESSAGE,
	ISER_TGT_CMD_OWN
};

/**
 * struct iser_tgt_abort_set - ABORT TASK SET or CLEAR TASK SET under way, and
 *	answers to other functions that have to wait
 * @request: context of the function, NULL if there is none
 * @lun: its LUN as the core knows it
 * @before: its place among the requests: later tasks are not of the set
 * @next: command context to look at next
 * @aborting: the core is aborting one of them
 * @failed: a task could not be aborted
 * @held: functions the core has done, whose answers wait for those of tasks
 * @work: aborts one after the other, sends answers
 */
struct iser_tgt_abort_set {
	struct iser_tgt_cmd *request;
	u64 lun;
	u32 before;
	unsigned int next;
	bool aborting;
	bool failed;
	atomic_t held;
	struct work_struct work;
};

/**
 * struct iser_tgt_ping - is a silent initiator alive
 * @alive: its last sign of life, jiffies
 * @asked: pings since then
 * @since: when the last of them was posted, jiffies
 * @sent: it was reported to be sent
 */
struct iser_tgt_ping {
	unsigned long alive;
	unsigned int asked;
	unsigned long since;
	bool sent;
};

/**
 * struct iser_tgt_login_mem - what only the login needs
 * @login: its state
 * @in: text gathered
 * @out: text to send
 * @data: data segment of the request
 */
struct iser_tgt_login_mem {
	struct iser_tgt_login login;
	char in[ISER_TGT_LOGIN_TEXT_MAX];
	char out[ISER_TGT_LOGIN_TEXT_MAX];
	char data[ISER_TGT_LOGIN_DATA_MAX];
};

/**
 * struct iser_tgt_session - a session and its one connection, from the first
 *	login request on
 * @conn: the connection
 * @tpg: portal group, NULL before the login found it and in discovery
 * @entry: on @tpg's list, under @tpg->lock
 * @number: how many had joined @tpg by then
 * @all_entry: on the list of all sessions in full feature phase
 * @pending_entry: on the list of those that have not logged in, or only to
 *	discover
 * @mem: login memory; NULL once in full feature phase of a normal session
 * @ltx: the login's response, and every response of a discovery session
 * @ltx_busy: @ltx is under way
 * @ltx_last: close the connection when @ltx is sent
 * @ffp: full feature phase; only the receive side looks
 * @heard: sent something in full feature phase, so it can receive as well
 * @ping: what became of the question whether it is alive
 * @drop_reason: why the connection is closed when its last message has left
 * @abort: of a set of tasks, on their way
 * @hello_due: the next message must be an iSER Hello
 * @entering: its login is through, and waits for the session that it replaces;
 *	under @tpg->lock
 * @live: this is the session of its initiator port, under @tpg->lock
 * @discovery: discovery session
 * @se_sess: the core's session
 * @keys: negotiated
 * @initiator: InitiatorName
 * @alias: InitiatorAlias
 * @isid: of RFC 7143 11.12.5
 * @tsih: of RFC 7143 4.4.3
 * @cid: connection ID
 * @sid: number for the administrator, unique while the module is loaded
 * @depth: commands in the window
 * @since: when the connection came, then when the login was through, jiffies
 * @requests: commands and task management so far, of the receive side
 * @immediate: SCSI commands under way that are not counted by CmdSN
 * @commands: SCSI commands so far; this and the next two are written by the
 *	receive side only
 * @bytes_read: data their READs asked for
 * @bytes_written: data their WRITEs announced
 * @authenticated: CHAP was done
 * @target_alias: TargetAlias as it was at the login
 * @redirect: address of a target that has moved
 * @cmds: command contexts
 * @nr_cmds: how many, without those for ISER_TGT_CMD_OWN
 * @sigs: protection of each, NULL if the device does not see to it
 * @stock: free contexts, of the receive side, which alone takes them
 * @given_back: free contexts, from wherever they were used
 * @tx_pool: memory of their responses
 * @exchange: text negotiation
 * @answer: its answer until the last piece is sent, kvmalloc
 * @answer_len: bytes of it
 * @text_in: its request text after login
 */
struct iser_tgt_session {
	struct iser_tgt_conn *conn;
	struct iser_tgt_tpg *tpg;
	struct list_head entry;
	u64 number;
	struct list_head all_entry;
	struct list_head pending_entry;
	struct iser_tgt_login_mem *mem;
	struct iser_tgt_login_tx *ltx;
	bool ltx_busy;
	bool ltx_last;
	bool ffp;
	bool heard;
	struct iser_tgt_ping ping;
	const char *drop_reason;
	struct iser_tgt_abort_set abort;
	bool hello_due;
	bool entering;
	bool live;
	bool discovery;
	struct se_session *se_sess;
	struct iser_tgt_keys keys;
	char initiator[ISER_TGT_NAME_MAX + 1];
	char alias[ISER_TGT_ALIAS_MAX];
	u8 isid[6];
	u16 tsih;
	u16 cid;
	u32 sid;
	u32 depth;
	unsigned long since;
	u32 requests;
	atomic_t immediate;
	u64 commands;
	u64 bytes_read;
	u64 bytes_written;
	bool authenticated;
	char target_alias[ISER_TGT_ALIAS_MAX];
	char redirect[ISER_TGT_REDIRECT_MAX];
	struct iser_tgt_cmd *cmds;
	unsigned int nr_cmds;
	struct iser_tgt_sig *sigs;
	struct llist_node *stock;
	struct llist_head given_back;
	struct iser_tgt_tx_pool tx_pool;
	struct iser_tgt_exchange exchange;
	char *answer;
	size_t answer_len;
	char text_in[ISER_TGT_FFP_TEXT_MAX];
};

/**
 * struct iser_tgt_cmd - context of one request
 * @tx: its response
 * @xfer: its data transfer, or
 * @free: on the session's list of free contexts, or, while it is executed by a
 *	worker:
 * @wait: on the list of those of its backstore that wait for one
 * @lane: its backstore's workers, NULL if they are not counted
 * @slot: which of them
 * @sess: its session
 * @rx: receive buffer kept for its immediate data
 * @chunk: mapped buffer of the rest of its data, or of all of it
 * @sg: @chunk, if that is all there is
 * @chunk_skip: bytes of @chunk that immediate data was copied to
 * @edtl: ExpectedDataTransferLength, bytes
 * @imm_len: immediate data, bytes
 * @itt: initiator task tag
 * @since: when it was taken, the low half of jiffies
 * @stage: enum iser_tgt_stage
 * @scsi: is a SCSI command, known to the core
 * @busy: in use
 * @in_set: aborts a task for sess->abort
 * @held: a function whose answer waits
 * @close_after: close the connection when the response is sent
 * @dirty: its response's data area is not all zeros
 * @immediate: counted by sess->immediate
 * @watched: executed by a worker because its backstore has slept
 * @rsv: the initiator named a buffer for a READ
 * @wsv: the initiator named a buffer for a WRITE
 * @read_stag: initiator's STag for a READ, valid if @rsv
 * @refs: the core's command, and a response that may outlast it
 * @read_va: address of the buffer for a READ
 * @write_stag: initiator's STag for a WRITE, valid if @wsv
 * @write_va: address of that for a WRITE, immediate data skipped
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
	};
	struct iser_tgt_session *sess;
	struct iser_tgt_rx *rx;
	struct iser_tgt_chunk *chunk;
	struct scatterlist sg;
	u32 chunk_skip;
	u32 edtl;
	u32 imm_len;
	u32 itt;
	u32 since;
	u8 stage;
	bool busy;
	bool scsi;
	bool in_set;
	bool held;
	bool close_after;
	bool dirty;
	/* written by the receive side only, while the context is in use */
	bool immediate:1;
	bool watched:1;
	bool rsv:1;
	bool wsv:1;
	u32 read_stag;
	u32 write_stag;
	atomic_t refs;
	u64 read_va;
	u64 write_va;
	sense_reason_t (*execute)(struct se_cmd *se_cmd);
	struct se_cmd se_cmd;
};

static inline struct iser_tgt_tpg *iser_tgt_tpg(struct se_portal_group *se_tpg)
{
	return container_of(se_tpg, struct iser_tgt_tpg, se_tpg);
}

static inline struct iser_tgt_acl *iser_tgt_acl(struct se_node_acl *nacl)
{
	return container_of(nacl, struct iser_tgt_acl, nacl);
}

static inline struct iser_tgt_cmd *iser_tgt_cmd(struct se_cmd *se_cmd)
{
	return container_of(se_cmd, struct iser_tgt_cmd, se_cmd);
}

/* Before the response is posted: the initiator may send the next one then. */
static inline void iser_tgt_cmd_immediate_ends(struct iser_tgt_cmd *cmd)
{
	cmd->immediate = false;
	atomic_dec(&cmd->sess->immediate);
}

/* fabric.c */
int iser_tgt_fabric_init(void);
void iser_tgt_fabric_exit(void);

/* target.c */
extern struct rw_semaphore iser_tgt_targets_sem;
extern struct list_head iser_tgt_targets;
struct iser_tgt_wwn *iser_tgt_wwn_find(const char *name);
struct se_wwn *iser_tgt_make_wwn(struct target_fabric_configfs *tf,
				 struct config_group *group, const char *name);
void iser_tgt_drop_wwn(struct se_wwn *se_wwn);

/* tpg.c */
extern struct configfs_attribute *iser_tgt_tpg_base_attrs[];
struct se_portal_group *iser_tgt_make_tpg(struct se_wwn *se_wwn,
					  const char *name);
void iser_tgt_drop_tpg(struct se_portal_group *se_tpg);
int iser_tgt_enable_tpg(struct se_portal_group *se_tpg, bool enable);
bool iser_tgt_tpg_reachable(struct iser_tgt_tpg *tpg,
			    struct iser_tgt_listener *listener);
void iser_tgt_tpg_need_depth(struct iser_tgt_tpg *tpg, u32 depth);
void iser_tgt_tpg_integrity(struct iser_tgt_tpg *tpg);
unsigned int iser_tgt_tpg_count_sessions(struct iser_tgt_tpg *tpg,
					 struct iser_tgt_listener *listener,
					 u64 number);
void iser_tgt_tpg_close_sessions(struct iser_tgt_tpg *tpg,
				 struct iser_tgt_listener *listener,
				 const char *why);

/* tpg_attrib.c, tpg_param.c, auth.c */
extern struct configfs_attribute *iser_tgt_tpg_attrib_attrs[];
extern struct configfs_attribute *iser_tgt_tpg_param_attrs[];
extern struct configfs_attribute *iser_tgt_tpg_auth_attrs[];
extern struct configfs_attribute *iser_tgt_acl_auth_attrs[];
extern struct configfs_attribute *iser_tgt_discovery_attrs[];
bool iser_tgt_tpg_wants_chap(const struct iser_tgt_tpg *tpg);
void iser_tgt_auth_copy(struct iser_tgt_auth *to,
			const struct iser_tgt_auth *from);
bool iser_tgt_discovery_auth(struct iser_tgt_auth *to, u8 *chap_order);
size_t iser_tgt_strip_newline(const char *page, size_t count);

/* chap_order.c */
int iser_tgt_chap_order_parse(const char *page, size_t count, u8 *order);
ssize_t iser_tgt_chap_order_show(const u8 *order, char *page);
void iser_tgt_chap_order_default(u8 *order);

/* portal.c */
int iser_tgt_parse_portal(const char *name, struct sockaddr_storage *addr);
void iser_tgt_portals_fit(struct iser_tgt_listener *listener);
extern struct configfs_attribute *iser_tgt_portal_attrs[];
struct se_tpg_np *iser_tgt_make_np(struct se_portal_group *se_tpg,
				   struct config_group *group,
				   const char *name);
void iser_tgt_drop_np(struct se_tpg_np *np);

/* acl.c */
extern struct configfs_attribute *iser_tgt_acl_base_attrs[];
extern struct configfs_attribute *iser_tgt_acl_attrib_attrs[];
extern struct configfs_attribute *iser_tgt_acl_param_attrs[];
int iser_tgt_init_nodeacl(struct se_node_acl *nacl, const char *name);

/* sessions_show.c */
struct dentry;
void iser_tgt_sessions_debugfs(struct dentry *dir);
ssize_t iser_tgt_tpg_sessions_show(struct config_item *item, char *page);
ssize_t iser_tgt_tpg_logins_show(struct config_item *item, char *page);

/* session.c */
extern spinlock_t iser_tgt_sessions_lock;
extern struct list_head iser_tgt_all_sessions;
int iser_tgt_session_open(struct iser_tgt_conn *conn);
bool iser_tgt_session_stop(struct iser_tgt_conn *conn);
void iser_tgt_session_close(struct iser_tgt_conn *conn);
void iser_tgt_session_late(struct iser_tgt_conn *conn);
void iser_tgt_session_free(struct iser_tgt_conn *conn);
int iser_tgt_session_receive(struct iser_tgt_conn *conn,
			     struct iser_tgt_rx *rx);
bool iser_tgt_session_replaces(struct iser_tgt_session *sess);
int iser_tgt_session_start(struct iser_tgt_session *sess);
void iser_tgt_close_se_session(struct se_session *se_sess);
void iser_tgt_sessions_each(void (*fn)(struct iser_tgt_session *sess));
void iser_tgt_protocol_error(struct iser_tgt_session *sess, const char *what);

/* context.c */
struct iser_tgt_cmd *iser_tgt_cmd_get(struct iser_tgt_session *sess);
struct iser_tgt_cmd *iser_tgt_cmd_get_own(struct iser_tgt_session *sess,
					  enum iser_tgt_cmd_own which);
void iser_tgt_cmd_put(struct iser_tgt_cmd *cmd);
void iser_tgt_cmd_sent(struct iser_tgt_tx *tx, int status);

/* login.c */
int iser_tgt_login_alloc(struct iser_tgt_session *sess);
int iser_tgt_login_receive(struct iser_tgt_session *sess,
			   struct iser_tgt_rx *rx);
void iser_tgt_login_free(struct iser_tgt_session *sess);

/* limits.c */
struct seq_file;
int iser_tgt_login_begins(struct iser_tgt_session *sess);
void iser_tgt_login_ends(struct iser_tgt_session *sess);
size_t iser_tgt_login_text_max(void);
void iser_tgt_limits_show(struct seq_file *m);
void iser_tgt_logins_each(void (*fn)(const struct iser_tgt_session *sess,
				     void *data), void *data);

/* refusals.c */
int iser_tgt_refusals_init(void);
void iser_tgt_refusals_exit(void);
void iser_tgt_refused(const struct sockaddr_storage *peer,
		      const char *initiator, const char *target, u16 status,
		      const char *reason);

/* chap_digest.c */
int iser_tgt_chap_random(u8 *buf, size_t len);
int iser_tgt_chap_digest(u8 alg, u8 id, const char *secret, size_t secret_len,
			 const u8 *challenge, size_t challenge_len,
			 u8 out[ISER_TGT_CHAP_DIGEST_MAX]);

/* command.c */
int iser_tgt_scsi_receive(struct iser_tgt_session *sess,
			  struct iser_tgt_rx *rx);
int iser_tgt_write_pending(struct se_cmd *se_cmd);
void iser_tgt_release_cmd(struct se_cmd *se_cmd);

/* data.c */
bool iser_tgt_data_attach(struct iser_tgt_cmd *cmd);
void iser_tgt_data_copy_immediate(struct iser_tgt_cmd *cmd);

/* protection.c */
enum target_prot_op iser_tgt_prot_ops(const struct iser_tgt_session *sess);
int iser_tgt_prot_alloc(struct iser_tgt_session *sess);
struct iser_tgt_sig *iser_tgt_prot_sig(struct iser_tgt_cmd *cmd);
sense_reason_t iser_tgt_prot_error(struct iser_tgt_cmd *cmd,
				   const struct iser_tgt_sig *sig);

/* response.c */
int iser_tgt_queue_data_in(struct se_cmd *se_cmd);
int iser_tgt_queue_status(struct se_cmd *se_cmd);
void iser_tgt_response_posted(struct iser_tgt_tx *tx);

/* task_mgmt.c */
int iser_tgt_tmf_receive(struct iser_tgt_session *sess, struct iser_tgt_rx *rx);
void iser_tgt_queue_tm_rsp(struct se_cmd *se_cmd);
u64 iser_tgt_task_tag(struct iser_tgt_session *sess, u32 itt);
void iser_tgt_abort_set_init(struct iser_tgt_session *sess);
void iser_tgt_abort_set_step(struct iser_tgt_session *sess);

/* async.c */
int iser_tgt_async_message(struct iser_tgt_tpg *tpg, const char *page,
			   size_t count);
void iser_tgt_async_ask(struct iser_tgt_session *sess, u8 event, u16 seconds);
void iser_tgt_session_drop(struct iser_tgt_session *sess, const char *why);

/* drain.c, unlink.c */
ssize_t iser_tgt_tpg_drain_show(struct config_item *item, char *page);
ssize_t iser_tgt_tpg_drain_store(struct config_item *item, const char *page,
				 size_t count);
void iser_tgt_unlink_init(struct iser_tgt_tpg *tpg);
void iser_tgt_pre_unlink(struct se_portal_group *se_tpg, struct se_lun *lun);

/* keepalive.c */
void iser_tgt_keepalive_start(void);
void iser_tgt_keepalive_stop(void);

/* control.c */
int iser_tgt_control_receive(struct iser_tgt_session *sess,
			     struct iser_tgt_rx *rx);
int iser_tgt_hello_receive(struct iser_tgt_session *sess,
			   struct iser_tgt_rx *rx);
int iser_tgt_reject(struct iser_tgt_session *sess, struct iser_tgt_rx *rx,
		    u8 reason);
void iser_tgt_cmd_sn_take(struct iser_tgt_session *sess,
			  const struct iser_tgt_pdu *pdu);
bool iser_tgt_cmd_sn_ok(struct iser_tgt_session *sess,
			const struct iser_tgt_pdu *pdu, bool *deliver);

/* sendtargets.c */
char *iser_tgt_text_answer(struct iser_tgt_session *sess, const char *text,
			   size_t len, size_t *answer_len);

#endif
