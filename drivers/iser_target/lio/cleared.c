// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that ended with their connection: RFC 7143 11.14.5. The next command of
 * the initiator port to the LUN is told by a unit attention, 47h/7Fh. The unit
 * attentions of the core are those of an initiator's name: another session of
 * the same initiator could be told instead.
 */

#include <linux/list.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xarray.h>
#include <scsi/scsi_common.h>
#include <scsi/scsi_proto.h>
#include <target/target_core_fabric.h>

#include "../compat.h"
#include "cleared.h"
#include "cmd.h"
#include "session.h"
#include "tpg.h"

/* Initiator ports of a portal group that are remembered without a session. */
#define ISER_TGT_CLEARED_MAX	128

/* SOME COMMANDS CLEARED BY ISCSI PROTOCOL EVENT */
#define ISER_TGT_CLEARED_ASC	0x47
#define ISER_TGT_CLEARED_ASCQ	0x7f

/**
 * struct iser_tgt_cleared - LUNs an initiator port has lost tasks at
 * @entry: entry of tpg->cleared while the initiator port has no session
 * @luns: the LUNs
 * @isid: ISID of the initiator port
 * @initiator: its InitiatorName
 */
struct iser_tgt_cleared {
	struct list_head entry;
	struct xarray luns;
	u8 isid[6];
	char initiator[ISER_TGT_NAME_MAX + 1];
};

static void iser_tgt_cleared_destroy(struct iser_tgt_cleared *cleared)
{
	if (!cleared)
		return;

	xa_destroy(&cleared->luns);
	kfree(cleared);
}

/* Holds tpg->lock. */
static struct iser_tgt_cleared *
iser_tgt_cleared_find(struct iser_tgt_session *sess)
{
	struct iser_tgt_cleared *cleared;

	list_for_each_entry(cleared, &sess->tpg->cleared, entry)
		if (!memcmp(cleared->isid, sess->isid, sizeof(sess->isid)) &&
		    !strcmp(cleared->initiator, sess->initiator))
			return cleared;

	return NULL;
}

/**
 * iser_tgt_cleared_take - what earlier sessions of the initiator port have left
 * @sess: the session, which starts; it is the only one of its initiator port
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int iser_tgt_cleared_take(struct iser_tgt_session *sess)
{
	struct iser_tgt_cleared *cleared;

	spin_lock(&sess->tpg->lock);
	cleared = iser_tgt_cleared_find(sess);
	if (cleared) {
		list_del_init(&cleared->entry);
		sess->tpg->nr_cleared--;
	}
	spin_unlock(&sess->tpg->lock);

	if (!cleared) {
		cleared = kzalloc_obj(*cleared, GFP_KERNEL);
		if (!cleared)
			return -ENOMEM;
		INIT_LIST_HEAD(&cleared->entry);
		xa_init(&cleared->luns);
		memcpy(cleared->isid, sess->isid, sizeof(sess->isid));
		strscpy(cleared->initiator, sess->initiator,
			sizeof(cleared->initiator));
	}
	sess->cleared = cleared;
	sess->cleared_any = !xa_empty(&cleared->luns);
	return 0;
}

/* Whether the answer was that of iser_tgt_cleared_tell(), before a LUN was found. */
static bool iser_tgt_cleared_told(const struct se_cmd *se_cmd)
{
	const u8 *sense = se_cmd->sense_buffer;

	return se_cmd->se_cmd_flags & SCF_EMULATED_TASK_SENSE &&
	       sense[12] == ISER_TGT_CLEARED_ASC &&
	       sense[13] == ISER_TGT_CLEARED_ASCQ;
}

/**
 * iser_tgt_cleared_add - a task has ended and its response cannot be sent
 * @cmd: its context
 *
 * Without memory the initiator is not told.
 *
 * Context: any but interrupts.
 */
void iser_tgt_cleared_add(struct iser_tgt_cmd *cmd)
{
	/* A LUN that exists, or that was known already: their number is limited. */
	if (cmd->se_cmd.se_dev || iser_tgt_cleared_told(&cmd->se_cmd))
		xa_store(&cmd->sess->cleared->luns, cmd->se_cmd.orig_fe_lun,
			 xa_mk_value(1), GFP_NOWAIT | __GFP_NOWARN);
}

/**
 * iser_tgt_cleared_tell - report a unit attention if one is due
 * @cmd: a command, known to the core and not submitted
 * @lun: its LUN
 * @opcode: its operation code
 *
 * Context: the receive side.
 * Return: true if the command has been answered.
 */
bool iser_tgt_cleared_tell(struct iser_tgt_cmd *cmd, u64 lun, u8 opcode)
{
	struct iser_tgt_session *sess = cmd->sess;
	struct se_cmd *se_cmd = &cmd->se_cmd;

	/* SAM-5 5.14: these report none. */
	if (opcode == INQUIRY || opcode == REPORT_LUNS ||
	    opcode == REQUEST_SENSE || !xa_erase(&sess->cleared->luns, lun))
		return false;

	sess->cleared_any = !xa_empty(&sess->cleared->luns);
	scsi_build_sense_buffer(0, se_cmd->sense_buffer, UNIT_ATTENTION,
				ISER_TGT_CLEARED_ASC, ISER_TGT_CLEARED_ASCQ);
	se_cmd->scsi_sense_length = TRANSPORT_SENSE_BUFFER;
	se_cmd->scsi_status = SAM_STAT_CHECK_CONDITION;
	se_cmd->se_cmd_flags |= SCF_EMULATED_TASK_SENSE;
	transport_send_check_condition_and_sense(se_cmd, TCM_NO_SENSE, 1);
	/* The core's reference: it was not given the command. */
	target_put_sess_cmd(se_cmd);
	return true;
}

/**
 * iser_tgt_cleared_keep - remember what the initiator port has not been told
 * @sess: the session, which ends; no task is left
 *
 * Of too many initiator ports the one that has been gone for longest is
 * forgotten.
 *
 * Context: holds tpg->lock.
 */
void iser_tgt_cleared_keep(struct iser_tgt_session *sess)
{
	struct iser_tgt_cleared *cleared = sess->cleared;
	struct iser_tgt_tpg *tpg = sess->tpg;

	sess->cleared = NULL;
	if (cleared && !xa_empty(&cleared->luns)) {
		list_add_tail(&cleared->entry, &tpg->cleared);
		if (++tpg->nr_cleared <= ISER_TGT_CLEARED_MAX)
			return;

		cleared = list_first_entry(&tpg->cleared,
					   struct iser_tgt_cleared, entry);
		list_del(&cleared->entry);
		tpg->nr_cleared--;
	}
	iser_tgt_cleared_destroy(cleared);
}

/**
 * iser_tgt_cleared_free - free what is remembered
 * @tpg: the portal group, without sessions
 */
void iser_tgt_cleared_free(struct iser_tgt_tpg *tpg)
{
	struct iser_tgt_cleared *cleared, *next;

	list_for_each_entry_safe(cleared, next, &tpg->cleared, entry)
		iser_tgt_cleared_destroy(cleared);
}
