/* SPDX-License-Identifier: GPL-2.0 */
/* The start of a session at the end of its login. */
#ifndef ISER_TGT_SESSION_START_H
#define ISER_TGT_SESSION_START_H

#include <linux/types.h>

struct iser_tgt_session;

bool iser_tgt_session_replaces(struct iser_tgt_session *sess);
int iser_tgt_session_start(struct iser_tgt_session *sess);

#endif
