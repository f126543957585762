/* SPDX-License-Identifier: GPL-2.0 */
/* RDMA devices as the RDMA core adds and removes them. */
#ifndef ISER_TGT_RDMA_CLIENT_H
#define ISER_TGT_RDMA_CLIENT_H

int iser_tgt_client_register(void);
void iser_tgt_client_unregister(void);
void iser_tgt_client_idle(void);

#endif
