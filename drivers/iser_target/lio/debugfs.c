// SPDX-License-Identifier: GPL-2.0
/* The module's directory in debugfs. */

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "../rdma/rdma.h"
#include "debugfs.h"
#include "ends.h"
#include "flight.h"
#include "latency_show.h"
#include "login_limit.h"
#include "refusals.h"
#include "sessions_show.h"

static struct dentry *iser_tgt_debugfs;

static int refusals_show(struct seq_file *m, void *v)
{
	iser_tgt_refusals_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(refusals);

static int refusal_counts_show(struct seq_file *m, void *v)
{
	iser_tgt_refusal_counts_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(refusal_counts);

static int ends_show(struct seq_file *m, void *v)
{
	iser_tgt_ends_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(ends);

static int end_counts_show(struct seq_file *m, void *v)
{
	iser_tgt_end_counts_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(end_counts);

static int logins_show(struct seq_file *m, void *v)
{
	iser_tgt_login_limit_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(logins);

static int devices_show(struct seq_file *m, void *v)
{
	iser_tgt_devices_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(devices);

static int luns_show(struct seq_file *m, void *v)
{
	iser_tgt_luns_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(luns);

static int lun_latency_show(struct seq_file *m, void *v)
{
	iser_tgt_lun_latency_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(lun_latency);

DEFINE_SEQ_ATTRIBUTE(iser_tgt_session_latency);
DEFINE_SEQ_ATTRIBUTE(iser_tgt_sessions);

/**
 * iser_tgt_debugfs_init - create the directory and its files
 *
 * Not having them is no error.
 */
void iser_tgt_debugfs_init(void)
{
	iser_tgt_debugfs = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("refusals", 0400, iser_tgt_debugfs, NULL,
			    &refusals_fops);
	debugfs_create_file("refusal_counts", 0400, iser_tgt_debugfs, NULL,
			    &refusal_counts_fops);
	debugfs_create_file("ends", 0400, iser_tgt_debugfs, NULL, &ends_fops);
	debugfs_create_file("end_counts", 0400, iser_tgt_debugfs, NULL,
			    &end_counts_fops);
	debugfs_create_file("logins", 0400, iser_tgt_debugfs, NULL,
			    &logins_fops);
	debugfs_create_file("devices", 0400, iser_tgt_debugfs, NULL,
			    &devices_fops);
	debugfs_create_file("luns", 0400, iser_tgt_debugfs, NULL, &luns_fops);
	debugfs_create_file("sessions", 0400, iser_tgt_debugfs, NULL,
			    &iser_tgt_sessions_fops);
	debugfs_create_file("session_latency", 0400, iser_tgt_debugfs, NULL,
			    &iser_tgt_session_latency_fops);
	debugfs_create_file("lun_latency", 0400, iser_tgt_debugfs, NULL,
			    &lun_latency_fops);
}

/**
 * iser_tgt_debugfs_exit - remove the directory
 */
void iser_tgt_debugfs_exit(void)
{
	debugfs_remove_recursive(iser_tgt_debugfs);
}
