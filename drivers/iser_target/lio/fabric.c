// SPDX-License-Identifier: GPL-2.0
/* The fabric "iser": what the target core calls. */

#include <linux/configfs.h>
#include <linux/module.h>
#include <linux/sysfs.h>
#include <target/target_core_base.h>
#include <target/target_core_fabric.h>

#include "../compat.h"
#include "aborted.h"
#include "acl.h"
#include "auth.h"
#include "cmd.h"
#include "fabric.h"
#include "gather.h"
#include "latency.h"
#include "lun_shutdown.h"
#include "portal.h"
#include "scsi_cmd.h"
#include "session.h"
#include "statistics_show.h"
#include "target.h"
#include "task_mgmt.h"
#include "tpg.h"
#include "tpg_attrib.h"
#include "tpg_config.h"
#include "tpg_param.h"

/* 16 MiB a command. */
#define ISER_TGT_DATA_SG_MAX	((16U << 20) / PAGE_SIZE)

static ssize_t iser_tgt_wwn_version_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "iser_tgt %s\n", iser_tgt_version());
}

CONFIGFS_ATTR_RO(iser_tgt_wwn_, version);

static struct configfs_attribute *iser_tgt_wwn_attrs[] = {
	&iser_tgt_wwn_attr_version,
	NULL,
};

static char *iser_tgt_tpg_get_wwn(struct se_portal_group *se_tpg)
{
	return iser_tgt_tpg(se_tpg)->target->name;
}

static u16 iser_tgt_tpg_get_tag(struct se_portal_group *se_tpg)
{
	return iser_tgt_tpg(se_tpg)->tag;
}

static u32 iser_tgt_tpg_get_default_depth(struct se_portal_group *se_tpg)
{
	return READ_ONCE(iser_tgt_tpg(se_tpg)->attrib.default_cmdsn_depth);
}

static int iser_tgt_tpg_check_demo_mode(struct se_portal_group *se_tpg)
{
	return READ_ONCE(iser_tgt_tpg(se_tpg)->attrib.generate_node_acls);
}

static int iser_tgt_tpg_check_demo_mode_cache(struct se_portal_group *se_tpg)
{
	return READ_ONCE(iser_tgt_tpg(se_tpg)->attrib.cache_dynamic_acls);
}

static int iser_tgt_tpg_check_demo_wp(struct se_portal_group *se_tpg)
{
	return READ_ONCE(iser_tgt_tpg(se_tpg)->attrib.demo_mode_write_protect);
}

static int iser_tgt_tpg_check_prod_wp(struct se_portal_group *se_tpg)
{
	return READ_ONCE(iser_tgt_tpg(se_tpg)->attrib.prod_mode_write_protect);
}

static int iser_tgt_tpg_check_prot_fabric_only(struct se_portal_group *se_tpg)
{
	return READ_ONCE(iser_tgt_tpg(se_tpg)->attrib.fabric_prot_type);
}

/* SCSI-MIB: the instance is the target, and the portal group its port. */
static u32 iser_tgt_tpg_get_inst_index(struct se_portal_group *se_tpg)
{
	return iser_tgt_tpg(se_tpg)->target->index;
}

static u32 iser_tgt_sess_get_index(struct se_session *se_sess)
{
	struct iser_tgt_session *sess = se_sess->fabric_sess_ptr;

	return sess->sid;
}

/* The name of an initiator port includes the ISID: RFC 7143 4.4.3.1. */
static u32 iser_tgt_sess_get_initiator_sid(struct se_session *se_sess,
					   unsigned char *buf, u32 size)
{
	struct iser_tgt_session *sess = se_sess->fabric_sess_ptr;

	return snprintf(buf, size, "%6phN", sess->isid);
}

static void iser_tgt_set_default_node_attributes(struct se_node_acl *nacl)
{
}

static int iser_tgt_get_cmd_state(struct se_cmd *se_cmd)
{
	return iser_tgt_cmd(se_cmd)->stage;
}

/*
 * A task that is not answered. RDMA has ended before the core reports an abort.
 */
static void iser_tgt_aborted_task(struct se_cmd *se_cmd)
{
	if (!(se_cmd->se_cmd_flags & SCF_SCSI_TMR_CDB))
		atomic_long_inc(&iser_tgt_cmd(se_cmd)->sess->counts.aborted);
#ifdef ISER_TGT_LACKS_ABORTED_ENDS
	iser_tgt_aborted_ends(se_cmd);
#endif
}

static int iser_tgt_post_link(struct se_portal_group *se_tpg,
			      struct se_lun *lun)
{
	iser_tgt_latency_post_link(se_tpg, lun);
	return 0;
}

static const struct target_core_fabric_ops iser_tgt_fabric_ops = {
	.module = THIS_MODULE,
	/* Stored with reservations and ALUA states: must never change. */
	.fabric_name = "iser",
	.node_acl_size = sizeof(struct iser_tgt_acl),
	.max_data_sg_nents = ISER_TGT_DATA_SG_MAX,
	.tpg_get_wwn = iser_tgt_tpg_get_wwn,
	.tpg_get_tag = iser_tgt_tpg_get_tag,
	.tpg_get_default_depth = iser_tgt_tpg_get_default_depth,
	.tpg_check_demo_mode = iser_tgt_tpg_check_demo_mode,
	.tpg_check_demo_mode_cache = iser_tgt_tpg_check_demo_mode_cache,
	.tpg_check_demo_mode_write_protect = iser_tgt_tpg_check_demo_wp,
	.tpg_check_prod_mode_write_protect = iser_tgt_tpg_check_prod_wp,
	.tpg_check_prot_fabric_only = iser_tgt_tpg_check_prot_fabric_only,
	.tpg_get_inst_index = iser_tgt_tpg_get_inst_index,
	.check_stop_free = iser_tgt_check_stop_free,
	.release_cmd = iser_tgt_release_cmd,
	.close_session = iser_tgt_close_se_session,
	.sess_get_index = iser_tgt_sess_get_index,
	.sess_get_initiator_sid = iser_tgt_sess_get_initiator_sid,
	.write_pending = iser_tgt_write_pending,
	.set_default_node_attributes = iser_tgt_set_default_node_attributes,
	.get_cmd_state = iser_tgt_get_cmd_state,
	.queue_data_in = iser_tgt_queue_data_in,
	.queue_status = iser_tgt_queue_status,
	.queue_tm_rsp = iser_tgt_queue_tm_rsp,
	.aborted_task = iser_tgt_aborted_task,
	.fabric_make_wwn = iser_tgt_make_target,
	.add_wwn_groups = iser_tgt_add_wwn_groups,
	.fabric_drop_wwn = iser_tgt_drop_target,
	.fabric_make_tpg = iser_tgt_make_tpg,
	.fabric_enable_tpg = iser_tgt_enable_tpg,
	.fabric_drop_tpg = iser_tgt_drop_tpg,
	.fabric_make_np = iser_tgt_make_np,
	.fabric_drop_np = iser_tgt_drop_np,
	.fabric_post_link = iser_tgt_post_link,
	.fabric_pre_unlink = iser_tgt_pre_unlink,
	.fabric_init_nodeacl = iser_tgt_init_nodeacl,
	.tfc_discovery_attrs = iser_tgt_discovery_attrs,
	.tfc_wwn_attrs = iser_tgt_wwn_attrs,
	.tfc_tpg_base_attrs = iser_tgt_tpg_base_attrs,
	.tfc_tpg_np_base_attrs = iser_tgt_portal_attrs,
	.tfc_tpg_attrib_attrs = iser_tgt_tpg_attrib_attrs,
	.tfc_tpg_auth_attrs = iser_tgt_tpg_auth_attrs,
	.tfc_tpg_param_attrs = iser_tgt_tpg_param_attrs,
	.tfc_tpg_nacl_base_attrs = iser_tgt_acl_base_attrs,
	.tfc_tpg_nacl_attrib_attrs = iser_tgt_acl_attrib_attrs,
	.tfc_tpg_nacl_auth_attrs = iser_tgt_acl_auth_attrs,
	.tfc_tpg_nacl_param_attrs = iser_tgt_acl_param_attrs,
#ifndef ISER_TGT_LACKS_SUBMIT_TYPE
	.direct_submit_supp = 1,
	.default_submit_type = TARGET_DIRECT_SUBMIT,
#endif
#ifndef ISER_TGT_LACKS_COMPL_TYPE
	.direct_compl_supp = 1,
	.default_compl_type = TARGET_DIRECT_COMPL,
#endif
};

/**
 * iser_tgt_fabric_init - register the fabric with the target core
 *
 * Return: 0 or a negative errno.
 */
int iser_tgt_fabric_init(void)
{
	return target_register_template(&iser_tgt_fabric_ops);
}

/**
 * iser_tgt_fabric_exit - undo iser_tgt_fabric_init()
 */
void iser_tgt_fabric_exit(void)
{
	target_unregister_template(&iser_tgt_fabric_ops);
}
