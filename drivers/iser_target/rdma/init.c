// SPDX-License-Identifier: GPL-2.0
/* Start and end of the verbs layer. */

#include "address.h"
#include "client.h"
#include "conn.h"
#include "listener.h"

/**
 * iser_tgt_rdma_init - start to use RDMA devices
 * @ops: the fabric
 *
 * Context: may sleep.
 * Return: 0 or a negative errno.
 */
int iser_tgt_rdma_init(const struct iser_tgt_ulp_ops *ops)
{
	int ret;

	ret = iser_tgt_conn_setup(ops);
	if (ret)
		return ret;

	ret = iser_tgt_client_register();
	if (ret)
		goto teardown;

	ret = iser_tgt_addr_watch(iser_tgt_listeners_check);
	if (ret)
		goto unregister;

	return 0;

unregister:
	iser_tgt_client_unregister();
teardown:
	iser_tgt_conn_teardown();
	return ret;
}

/**
 * iser_tgt_rdma_exit - stop to use RDMA devices
 *
 * All listeners are gone. Ends every connection that is left.
 *
 * Context: may sleep.
 */
void iser_tgt_rdma_exit(void)
{
	iser_tgt_addr_unwatch();
	iser_tgt_client_unregister();
	iser_tgt_conn_teardown();
}
