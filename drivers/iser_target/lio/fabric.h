/* SPDX-License-Identifier: GPL-2.0 */
/* The fabric "iser": what the target core calls. */
#ifndef ISER_TGT_FABRIC_H
#define ISER_TGT_FABRIC_H

int iser_tgt_fabric_init(void);
void iser_tgt_fabric_exit(void);

#endif
