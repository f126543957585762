// SPDX-License-Identifier: GPL-2.0
/* iser_tgt: an iSER target for the Linux target core. */

#include <linux/module.h>

#include "lio/execute.h"
#include "lio/lio.h"
#include "rdma/rdma.h"

static const struct iser_tgt_upper iser_tgt_sessions = {
	.open = iser_tgt_session_open,
	.receive = iser_tgt_session_receive,
	.posted = iser_tgt_response_posted,
	.stop = iser_tgt_session_stop,
	.close = iser_tgt_session_close,
	.late = iser_tgt_session_late,
	.free = iser_tgt_session_free,
};

static int __init iser_tgt_init(void)
{
	int ret;

	ret = iser_tgt_refusals_init();
	if (ret)
		return ret;

	ret = iser_tgt_rdma_init(&iser_tgt_sessions);
	if (ret)
		goto refusals;

	ret = iser_tgt_execute_init();
	if (ret)
		goto rdma;

	ret = iser_tgt_fabric_init();
	if (ret)
		goto execute;

	iser_tgt_keepalive_start();
	return 0;

execute:
	iser_tgt_execute_exit();
rdma:
	iser_tgt_rdma_exit();
refusals:
	iser_tgt_refusals_exit();
	return ret;
}

static void __exit iser_tgt_exit(void)
{
	iser_tgt_fabric_exit();
	iser_tgt_keepalive_stop();
	iser_tgt_execute_exit();
	iser_tgt_rdma_exit();
	iser_tgt_refusals_exit();
}

module_init(iser_tgt_init);
module_exit(iser_tgt_exit);

MODULE_DESCRIPTION("iSER target fabric for LIO");
MODULE_AUTHOR("iser_tgt developers");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
