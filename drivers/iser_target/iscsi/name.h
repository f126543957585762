/* SPDX-License-Identifier: GPL-2.0 */
/* iSCSI names: RFC 7143 4.2.7, RFC 3722. */
#ifndef ISER_TGT_ISCSI_NAME_H
#define ISER_TGT_ISCSI_NAME_H

#include "base.h"

/* RFC 7143 4.2.7.1: bytes, without the terminating NUL */
#define ISER_TGT_NAME_MAX	223

int iser_tgt_name_check(const char *name);
int iser_tgt_name_check_strict(const char *name);
void iser_tgt_name_fold(char *name);

#endif
