/* SPDX-License-Identifier: GPL-2.0 */
/* Limits on resources of connections that have not logged in. */
#ifndef ISER_TGT_LOGIN_LIMIT_H
#define ISER_TGT_LOGIN_LIMIT_H

#include <linux/types.h>

struct iser_tgt_session;
struct seq_file;

int iser_tgt_login_begins(struct iser_tgt_session *sess);
void iser_tgt_login_ends(struct iser_tgt_session *sess);
size_t iser_tgt_login_memory(const struct iser_tgt_session *sess);
size_t iser_tgt_login_text_max(void);
void iser_tgt_logins_each(void (*fn)(const struct iser_tgt_session *sess,
				     void *data), void *data);
void iser_tgt_login_limit_show(struct seq_file *m);

#endif
