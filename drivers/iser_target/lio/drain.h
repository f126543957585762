/* SPDX-License-Identifier: GPL-2.0 */
/* Drain: the sessions of a portal group are asked to log out, then closed. */
#ifndef ISER_TGT_DRAIN_H
#define ISER_TGT_DRAIN_H

#include <linux/types.h>

struct config_item;

ssize_t iser_tgt_tpg_drain_show(struct config_item *item, char *page);
ssize_t iser_tgt_tpg_drain_store(struct config_item *item, const char *page,
				 size_t count);

#endif
