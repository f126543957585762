// SPDX-License-Identifier: GPL-2.0
/*
 * Lists of sessions and logins: the files "sessions" and "logins" of a portal
 * group in configfs, with a line for each and a last one that counts those that
 * did not fit on the page, and the list of all sessions in debugfs, which has
 * no such limit.
 */

#include <linux/configfs.h>
#include <linux/jiffies.h>
#include <linux/seq_file.h>
#include <target/target_core_fabric.h>

#include "../iscsi/keys.h"
#include "../rdma/rdma.h"
#include "cmd.h"
#include "config_value.h"
#include "counts.h"
#include "flight.h"
#include "login_limit.h"
#include "session.h"
#include "sessions_show.h"
#include "target.h"
#include "tpg.h"

/* Room for the last line. */
#define ISER_TGT_LAST_LINE	32

/* Output to a page, or to a seq_file. */
struct iser_tgt_lines {
	struct seq_file *seq;
	char *page;
	size_t len;
	unsigned int more;
};

static __printf(2, 3) void iser_tgt_line(struct iser_tgt_lines *lines,
					 const char *fmt, ...)
{
	size_t room = PAGE_SIZE - ISER_TGT_LAST_LINE - lines->len;
	va_list args;
	size_t len;

	if (lines->more) {
		lines->more++;
		return;
	}

	va_start(args, fmt);
	if (lines->seq) {
		seq_vprintf(lines->seq, fmt, args);
		va_end(args);
		return;
	}
	len = vsnprintf(lines->page + lines->len, room, fmt, args);
	va_end(args);
	if (len < room)
		lines->len += len;
	else
		lines->more++;
}

static ssize_t iser_tgt_lines_end(struct iser_tgt_lines *lines)
{
	if (lines->more)
		lines->len += scnprintf(lines->page + lines->len,
					PAGE_SIZE - lines->len, "# %u more\n",
					lines->more);
	return lines->len;
}

/*
 * Memory allocated for the session, and its share of the receive buffers. Not
 * counted are data buffers, which belong to commands, and the queue pair.
 */
static size_t iser_tgt_session_memory(const struct iser_tgt_session *sess)
{
	unsigned int contexts = READ_ONCE(sess->nr_cmds);

	return sizeof(*sess) + iser_tgt_conn_memory(sess->conn) +
	       contexts * sizeof(struct iser_tgt_cmd) +
	       iser_tgt_tx_pool_memory(sess->tx_pool);
}

static unsigned long iser_tgt_seconds_since(unsigned long then)
{
	return (jiffies - then) / HZ;
}

static void iser_tgt_session_line(struct iser_tgt_lines *lines,
				  const struct iser_tgt_session *sess, char end)
{
	struct iser_tgt_flight flight = iser_tgt_session_flight(sess);
	const struct iser_tgt_conn *conn = sess->conn;
	const struct iser_tgt_keys *keys = &sess->keys;
	const struct se_node_acl *nacl = sess->se_sess->se_node_acl;

	iser_tgt_line(lines,
		      "sid=%u initiator=%s acl=%s auth=%s isid=0x%6phN tsih=%u cid=%u peer=%pISpc local=%pISpc device=%s/%u ImmediateData=%s MaxBurstLength=%u FirstBurstLength=%u DefaultTime2Wait=%u DefaultTime2Retain=%u MaxOutstandingR2T=%u DataPDUInOrder=%s DataSequenceInOrder=%s InitiatorRecvDataSegmentLength=%u TargetRecvDataSegmentLength=%u depth=%u window=%u in_flight=%u commands=%llu read=%llu written=%llu age=%lu idle=%lu memory=%zu oldest=%u%c",
		      sess->sid, sess->initiator,
		      nacl->dynamic_node_acl ? "dynamic" : "static",
		      sess->authenticated ? "CHAP" : "None", sess->isid,
		      sess->tsih, sess->cid, iser_tgt_conn_peer(conn),
		      iser_tgt_conn_local(conn),
		      iser_tgt_conn_device_name(conn), iser_tgt_conn_port(conn),
		      iser_tgt_yes_no(keys->immediate_data), keys->max_burst,
		      keys->first_burst, keys->time2wait, keys->time2retain,
		      keys->max_outstanding_r2t,
		      iser_tgt_yes_no(keys->data_pdu_in_order),
		      iser_tgt_yes_no(keys->data_seq_in_order),
		      keys->initiator_rdsl, keys->target_rdsl, sess->depth,
		      iser_tgt_window_size(conn), flight.nr,
		      READ_ONCE(sess->commands), READ_ONCE(sess->bytes_read),
		      READ_ONCE(sess->bytes_written),
		      iser_tgt_seconds_since(sess->since),
		      iser_tgt_seconds_since(iser_tgt_conn_last_rx(conn)),
		      iser_tgt_session_memory(sess),
		      jiffies_to_msecs(flight.oldest), end);
}

/**
 * iser_tgt_tpg_sessions_show - read of sessions
 * @item: the portal group
 * @page: the configfs page
 *
 * Return: bytes.
 */
ssize_t iser_tgt_tpg_sessions_show(struct config_item *item, char *page)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(to_tpg(item));
	struct iser_tgt_lines lines = { .page = page };
	struct iser_tgt_session *sess;

	spin_lock(&tpg->lock);
	list_for_each_entry(sess, &tpg->sessions, entry)
		/* Pairs with the release at the end of the login. */
		if (smp_load_acquire(&sess->ffp) && sess->live)
			iser_tgt_session_line(&lines, sess, '\n');
	spin_unlock(&tpg->lock);

	return iser_tgt_lines_end(&lines);
}

void *iser_tgt_sessions_seq_start(struct seq_file *m, loff_t *pos)
	__acquires(&iser_tgt_sessions_lock)
{
	spin_lock(&iser_tgt_sessions_lock);
	return seq_list_start(&iser_tgt_all_sessions, *pos);
}

void *iser_tgt_sessions_seq_next(struct seq_file *m, void *v, loff_t *pos)
{
	return seq_list_next(v, &iser_tgt_all_sessions, pos);
}

void iser_tgt_sessions_seq_stop(struct seq_file *m, void *v)
	__releases(&iser_tgt_sessions_lock)
{
	spin_unlock(&iser_tgt_sessions_lock);
}

/* It has neither commands nor a portal group, and the core does not know it. */
static void iser_tgt_discovery_line(struct seq_file *m,
				    const struct iser_tgt_session *sess)
{
	const struct iser_tgt_conn *conn = sess->conn;

	seq_printf(m, "target=discovery tpg=- sid=%u initiator=%s acl=- auth=%s isid=0x%6phN tsih=%u cid=%u peer=%pISpc local=%pISpc device=%s/%u age=%lu idle=%lu memory=%zu\n",
		   sess->sid, sess->initiator,
		   sess->authenticated ? "CHAP" : "None", sess->isid,
		   sess->tsih, sess->cid, iser_tgt_conn_peer(conn),
		   iser_tgt_conn_local(conn), iser_tgt_conn_device_name(conn),
		   iser_tgt_conn_port(conn),
		   iser_tgt_seconds_since(sess->since),
		   iser_tgt_seconds_since(iser_tgt_conn_last_rx(conn)),
		   iser_tgt_login_memory(sess) + READ_ONCE(sess->answer_len));
}

/* What is shown here stays valid while the session is on the list. */
static int iser_tgt_sessions_seq_show(struct seq_file *m, void *v)
{
	const struct iser_tgt_session *sess =
		list_entry(v, struct iser_tgt_session, all_entry);
	const struct iser_tgt_keys *keys = &sess->keys;
	struct iser_tgt_lines lines = { .seq = m };

	/* Pairs with the release at the end of the login. */
	if (!smp_load_acquire(&sess->ffp))
		return 0;
	if (sess->discovery) {
		iser_tgt_discovery_line(m, sess);
		return 0;
	}

	seq_printf(m, "target=%s tpg=%u iSCSIProtocolLevel=%u iSERHelloRequired=%s MaxAHSLength=%u MaxOutstandingUnexpectedPDUs=%u TaggedBufferForSolicitedDataOnly=%s ",
		   sess->tpg->target->name, sess->tpg->tag,
		   keys->protocol_level, iser_tgt_yes_no(keys->hello_required),
		   keys->max_ahs, keys->max_unexpected,
		   iser_tgt_yes_no(keys->solicited_only));
	iser_tgt_session_line(&lines, sess, ' ');
	iser_tgt_counts_show(m, &sess->counts,
			     iser_tgt_conn_counts(sess->conn));
	seq_putc(m, '\n');
	return 0;
}

const struct seq_operations iser_tgt_sessions_sops = {
	.start = iser_tgt_sessions_seq_start,
	.next = iser_tgt_sessions_seq_next,
	.stop = iser_tgt_sessions_seq_stop,
	.show = iser_tgt_sessions_seq_show,
};

struct iser_tgt_logins_of {
	struct iser_tgt_lines lines;
	struct iser_tgt_tpg *tpg;
};

/* The name is set before the portal group is, both under the lock of that. */
static void iser_tgt_login_line(const struct iser_tgt_session *sess, void *data)
{
	struct iser_tgt_logins_of *of = data;
	const struct iser_tgt_tpg *tpg = READ_ONCE(sess->tpg);
	const struct iser_tgt_conn *conn = sess->conn;
	bool discovers;

	if (tpg ? tpg != of->tpg :
		  !iser_tgt_tpg_reachable(of->tpg, iser_tgt_conn_listener(conn)))
		return;

	/* Pairs with the release at the end of the login. */
	discovers = smp_load_acquire(&sess->ffp) && sess->discovery;
	iser_tgt_line(&of->lines,
		      "peer=%pISpc local=%pISpc device=%s/%u initiator=%s age=%lu session=%s\n",
		      iser_tgt_conn_peer(conn), iser_tgt_conn_local(conn),
		      iser_tgt_conn_device_name(conn), iser_tgt_conn_port(conn),
		      tpg || discovers ? sess->initiator : "-",
		      iser_tgt_seconds_since(sess->since),
		      discovers ? "discovery" : "none");
}

/**
 * iser_tgt_tpg_logins_show - read of logins
 * @item: the portal group
 * @page: the configfs page
 *
 * Shows connections that have named this target, and those at its portals that
 * have named none yet and may be meant for another one.
 *
 * Return: bytes.
 */
ssize_t iser_tgt_tpg_logins_show(struct config_item *item, char *page)
{
	struct iser_tgt_tpg *tpg = iser_tgt_tpg(to_tpg(item));
	struct iser_tgt_logins_of of = { .lines = { .page = page }, .tpg = tpg };

	down_read(&iser_tgt_targets_sem);
	spin_lock(&tpg->lock);
	iser_tgt_logins_each(iser_tgt_login_line, &of);
	spin_unlock(&tpg->lock);
	up_read(&iser_tgt_targets_sem);

	return iser_tgt_lines_end(&of.lines);
}
