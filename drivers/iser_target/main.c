// SPDX-License-Identifier: GPL-2.0
/* iser_tgt: an iSER target for the Linux target core. */

#include <linux/module.h>

#include "lio/debugfs.h"
#include "lio/ends.h"
#include "lio/execute.h"
#include "lio/fabric.h"
#include "lio/gather.h"
#include "lio/keepalive.h"
#include "lio/refusals.h"
#include "lio/ulp.h"
#include "rdma/rdma.h"

static int __init iser_tgt_init(void)
{
	int ret;

	ret = iser_tgt_refusals_init();
	if (ret)
		return ret;

	ret = iser_tgt_ends_init();
	if (ret)
		goto refusals;

	iser_tgt_debugfs_init();
	ret = iser_tgt_rdma_init(&iser_tgt_session_ops);
	if (ret)
		goto debugfs;

	ret = iser_tgt_execute_init();
	if (ret)
		goto rdma;

	ret = iser_tgt_gather_init();
	if (ret)
		goto execute;

	ret = iser_tgt_fabric_init();
	if (ret)
		goto gather;

	iser_tgt_keepalive_start();
	return 0;

gather:
	iser_tgt_gather_exit();
execute:
	iser_tgt_execute_exit();
rdma:
	iser_tgt_rdma_exit();
debugfs:
	iser_tgt_debugfs_exit();
	iser_tgt_ends_exit();
refusals:
	iser_tgt_refusals_exit();
	return ret;
}

static void __exit iser_tgt_exit(void)
{
	iser_tgt_fabric_exit();
	iser_tgt_keepalive_stop();
	iser_tgt_gather_exit();
	iser_tgt_execute_exit();
	iser_tgt_rdma_exit();
	iser_tgt_debugfs_exit();
	iser_tgt_ends_exit();
	iser_tgt_refusals_exit();
}

module_init(iser_tgt_init);
module_exit(iser_tgt_exit);

MODULE_DESCRIPTION("iSER target fabric for LIO");
MODULE_AUTHOR("iser_tgt developers");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
