/* SPDX-License-Identifier: GPL-2.0 */
/* Listening addresses. */
#ifndef ISER_TGT_RDMA_LISTENER_H
#define ISER_TGT_RDMA_LISTENER_H

#include <linux/socket.h>

struct net;

void iser_tgt_listeners_check(struct net *net, struct sockaddr_storage *addr);

#endif
