/* SPDX-License-Identifier: GPL-2.0 */
/* Target portal groups with their portals and sessions. */
#ifndef ISER_TGT_TPG_H
#define ISER_TGT_TPG_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/socket.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <target/target_core_base.h>

#include "../iscsi/keys.h"
#include "../iscsi/login.h"
#include "portal_address.h"

struct iser_tgt_listener;
struct iser_tgt_target;

/* Commands a session may have in flight: cmdsn_depth. */
#define ISER_TGT_DEPTH_DEFAULT	64
#define ISER_TGT_DEPTH_MAX	512

/*
 * attrib/ of a portal group, described in Documentation/ABI. Flags are 0 or 1,
 * times are seconds.
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

/* Values of param/AuthMethod. */
enum iser_tgt_auth_method {
	ISER_TGT_AUTH_CHAP_OR_NONE,
	ISER_TGT_AUTH_CHAP,
	ISER_TGT_AUTH_NONE,
};

/**
 * struct iser_tgt_tpg - a portal group
 * @se_tpg: the core's part
 * @target: its target
 * @tag: N of tpgt_N
 * @entry: entry of the target's list, under iser_tgt_targets_sem
 * @portals: under iser_tgt_targets_sem
 * @lock: protects @enabled, @drain, @sessions and @last_seq
 * @enabled: accepts logins
 * @drain: accepts none although enabled; seconds that sessions were given to
 *	log out
 * @sessions: sessions and logins that found this portal group
 * @last_seq: number of the newest of those, counted from 1
 * @idle: woken when one leaves @sessions and when @drain changes
 * @core_mutex: serializes adding sessions to the core and removing them, see
 *	iser_tgt_session_close()
 * @lun_shutdown: logs the commands that the removal of a LUN waits for
 * @cleared: initiator ports whose tasks ended with their connection, under @lock
 * @nr_cleared: entries of @cleared, under @lock
 * @latency: of the commands of each LUN, by its number
 * @tsih: the last TSIH that was assigned
 * @max_depth: largest depth a session can have, never lowered
 * @attrib: attrib/
 * @offer: param/
 * @auth_method: param/AuthMethod, enum iser_tgt_auth_method
 * @alias: param/TargetAlias, under @lock
 * @chap_order: param/CHAP_A, 0-terminated, under @lock
 * @redirect_status: param/TargetMoved: the status to redirect with, 0 for none
 * @redirect_to: param/TargetMovedAddress, under @lock
 * @auth: auth/
 */
struct iser_tgt_tpg {
	struct se_portal_group se_tpg;
	struct iser_tgt_target *target;
	u16 tag;
	struct list_head entry;
	struct list_head portals;
	/* enabled, drain, sessions, last_seq, cleared and nr_cleared */
	spinlock_t lock;
	bool enabled;
	u16 drain;
	struct list_head sessions;
	u64 last_seq;
	wait_queue_head_t idle;
	/* see iser_tgt_session_close() */
	struct mutex core_mutex;
	struct delayed_work lun_shutdown;
	struct list_head cleared;
	unsigned int nr_cleared;
	struct xarray latency;
	u16 tsih;
	u32 max_depth;
	struct iser_tgt_tpg_attrib attrib;
	struct iser_tgt_keys offer;
	unsigned int auth_method;
	char alias[ISER_TGT_ALIAS_MAX];
	u8 chap_order[ISER_TGT_CHAP_ALGS + 1];
	u16 redirect_status;
	char redirect_to[ISER_TGT_PORTAL_ADDRESS_MAX];
	struct iser_tgt_auth auth;
};

/**
 * struct iser_tgt_portal - np/<ip:port> of a portal group
 * @np: the core's part
 * @tpg: its portal group
 * @entry: entry of @tpg->portals, under iser_tgt_targets_sem
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

static inline struct iser_tgt_tpg *iser_tgt_tpg(struct se_portal_group *se_tpg)
{
	return container_of(se_tpg, struct iser_tgt_tpg, se_tpg);
}

bool iser_tgt_tpg_reachable(const struct iser_tgt_tpg *tpg,
			    const struct iser_tgt_listener *listener);
void iser_tgt_portals_fit(struct iser_tgt_listener *listener);
void iser_tgt_tpg_need_depth(struct iser_tgt_tpg *tpg, u32 depth);
void iser_tgt_tpg_pi_changed(struct iser_tgt_tpg *tpg);
unsigned int
iser_tgt_tpg_count_sessions(struct iser_tgt_tpg *tpg,
			    const struct iser_tgt_listener *listener,
			    u64 last_seq);
void iser_tgt_tpg_close_sessions(struct iser_tgt_tpg *tpg,
				 const struct iser_tgt_listener *listener,
				 const char *why);

#endif
