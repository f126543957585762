/* SPDX-License-Identifier: GPL-2.0 */
/* Addresses: comparison, and notice of those this host gains and loses. */
#ifndef ISER_TGT_RDMA_ADDRESS_H
#define ISER_TGT_RDMA_ADDRESS_H

#include <linux/socket.h>

struct net;

bool iser_tgt_addr_equal(const struct sockaddr_storage *a,
			 const struct sockaddr_storage *b);
bool iser_tgt_addr_local(struct net *net, const struct sockaddr_storage *addr);
int iser_tgt_addr_watch(void (*changed)(struct net *net,
					struct sockaddr_storage *addr));
void iser_tgt_addr_unwatch(void);

#endif
