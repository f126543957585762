/* SPDX-License-Identifier: GPL-2.0 */
/* Which iSCSI names are taken, and from which peers they are hidden. */
#ifndef ISER_TGT_NAMES_H
#define ISER_TGT_NAMES_H

#include <linux/types.h>

struct iser_tgt_login;

bool iser_tgt_names_strict(void);
bool iser_tgt_name_usable(const char *name);
u16 iser_tgt_names_answer(struct iser_tgt_login *login, u16 status);

#endif
