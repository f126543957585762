// SPDX-License-Identifier: GPL-2.0
/*
 * PERSISTENT RESERVE OUT: malformed TransportIDs do not reach the core. Its parser
 * reads an ISID that is incomplete or has no NUL beyond the parameter list (until
 * 6.12.118 and in 7.3.4), and any session may send one.
 *
 * Nor do lists for REGISTER that the core would refuse, because they name an
 * initiator that it does not know: it keeps a reference to the mapped LUN of the
 * sender then, and the end of its session waits for that (up to 7.3.4).
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/printk.h>
#include <linux/percpu-refcount.h>
#include <linux/rculist.h>
#include <linux/scatterlist.h>
#include <scsi/scsi_proto.h>
#include <target/target_core_backend.h>
#include <target/target_core_fabric.h>

#include "../iscsi/transport_id.h"
#include "../rdma/rdma.h"
#include "cmd.h"
#include "pr_out.h"
#include "session.h"

/**
 * struct iser_tgt_pr_out_data - a parameter list that is checked where it is
 * @out: the command
 * @dev: its backstore
 * @sg: its data
 * @nents: entries of @sg
 */
struct iser_tgt_pr_out_data {
	struct iser_tgt_pr_out out;
	struct se_device *dev;
	struct scatterlist *sg;
	unsigned int nents;
};

static void iser_tgt_pr_out_read(const struct iser_tgt_pr_out *out, u32 pos,
				 u8 *to, u32 len)
{
	const struct iser_tgt_pr_out_data *data =
		container_of(out, struct iser_tgt_pr_out_data, out);

	sg_pcopy_to_buffer(data->sg, data->nents, to, len, pos);
}

/*
 * The next iSCSI target port of a backstore, with a reference to its LUN, that of
 * @lun dropped. A LUN with a reference stays in the list. Returns NULL at the end
 * and if the next one is being removed.
 */
static struct se_lun *iser_tgt_next_port(struct se_device *dev,
					 struct se_lun *lun)
{
	struct se_lun *next = NULL, *last = lun;

	spin_lock(&dev->se_port_lock);
	lun = list_prepare_entry(lun, &dev->dev_sep_list, lun_dev_link);
	list_for_each_entry_continue(lun, &dev->dev_sep_list, lun_dev_link) {
		if (lun->lun_tpg->proto_id != SCSI_PROTOCOL_ISCSI)
			continue;
		if (percpu_ref_tryget_live(&lun->lun_ref))
			next = lun;
		break;
	}
	spin_unlock(&dev->se_port_lock);

	if (last)
		percpu_ref_put(&last->lun_ref);
	return next;
}

static bool iser_tgt_has_access(struct se_node_acl *nacl,
				const struct se_lun *lun)
{
	const struct se_dev_entry *deve;
	bool found = false;

	rcu_read_lock();
	hlist_for_each_entry_rcu(deve, &nacl->lun_entry_hlist, link)
		found = found || deve->se_lun == lun;
	rcu_read_unlock();
	return found;
}

/*
 * As the core looks for it: the first target port that has an ACL of this name
 * counts. It reads the TransportID of a port only once, for the first target
 * port.
 */
static bool iser_tgt_pr_out_known(const struct iser_tgt_pr_out *out,
				  const char *name, bool port)
{
	struct se_device *dev =
		container_of(out, struct iser_tgt_pr_out_data, out)->dev;
	struct se_node_acl *nacl = NULL;
	struct se_lun *lun = NULL;
	bool known;

	if (!port && dev->dev_attrib.enforce_pr_isids)
		return false;

	do {
		lun = iser_tgt_next_port(dev, lun);
		if (lun)
			nacl = core_tpg_get_initiator_node_acl(lun->lun_tpg,
							       (char *)name);
	} while (lun && !nacl && !port);

	known = nacl && iser_tgt_has_access(nacl, lun);
	if (nacl)
		target_put_nacl(nacl);
	if (lun)
		percpu_ref_put(&lun->lun_ref);
	return known;
}

static sense_reason_t iser_tgt_pr_out_sense(enum iser_tgt_pr_out_fault fault)
{
	return fault == ISER_TGT_PR_OUT_LENGTH ? TCM_PARAMETER_LIST_LENGTH_ERROR :
						 TCM_INVALID_PARAMETER_LIST;
}

/**
 * iser_tgt_pr_out_refuse - check the parameter list of a PERSISTENT RESERVE OUT
 * @cmd: the command, its data received, about to be executed
 *
 * Not for a backstore that passes the command on: the core refuses TransportIDs
 * there, or the device parses them.
 *
 * Context: process.
 * Return: the reason to refuse it, TCM_NO_SENSE if there is none.
 */
sense_reason_t iser_tgt_pr_out_refuse(const struct iser_tgt_cmd *cmd)
{
	const struct se_cmd *se_cmd = &cmd->se_cmd;
	struct iser_tgt_pr_out_data data = {
		.out.cdb = se_cmd->t_task_cdb,
		.out.received = se_cmd->data_length,
		.out.read = iser_tgt_pr_out_read,
		.out.known = iser_tgt_pr_out_known,
		.dev = se_cmd->se_dev,
		.sg = se_cmd->t_data_sg,
		.nents = se_cmd->t_data_nents,
	};
	enum iser_tgt_pr_out_fault fault;
	const char *why;

	if (se_cmd->se_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH_PGR)
		return TCM_NO_SENSE;

	fault = iser_tgt_pr_out_check(&data.out, &why);
	if (likely(!fault))
		return TCM_NO_SENSE;

	pr_warn_ratelimited("%pISpc (%s): PERSISTENT RESERVE OUT refused: %s\n",
			    iser_tgt_conn_peer(cmd->sess->conn),
			    cmd->sess->initiator, why);
	return iser_tgt_pr_out_sense(fault);
}
