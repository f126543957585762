/* SPDX-License-Identifier: GPL-2.0 */
/* Logins: between the wire, the protocol code and configfs. */
#ifndef ISER_TGT_LOGIN_H
#define ISER_TGT_LOGIN_H

struct iser_tgt_rx;
struct iser_tgt_session;

int iser_tgt_login_alloc(struct iser_tgt_session *sess);
int iser_tgt_login_receive(struct iser_tgt_session *sess,
			   struct iser_tgt_rx *rx);
void iser_tgt_login_free(struct iser_tgt_session *sess);

#endif
