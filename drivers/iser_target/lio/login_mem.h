/* SPDX-License-Identifier: GPL-2.0 */
/* What a session needs until it has logged in. */
#ifndef ISER_TGT_LOGIN_MEM_H
#define ISER_TGT_LOGIN_MEM_H

#include <linux/workqueue.h>

#include "../iscsi/login.h"
#include "../iscsi/pdu.h"
#include "portal_address.h"

/**
 * struct iser_tgt_login_mem - memory that only a login needs
 * @login: its state
 * @target_alias: TargetAlias as it was at the login
 * @backoff: kicks the login, at @backoff_until at the latest
 * @backoff_until: when the answer to the challenge is looked at, jiffies
 * @backoff_delay: what it has added to the wait of the initiator's next login,
 *	jiffies; 0 once its answer was looked at
 * @backoff_asked: @backoff_until and @backoff_delay are set
 * @redirect: address of a target that has moved
 * @in: text received so far
 * @out: text to send
 * @data: data segment of the request
 */
struct iser_tgt_login_mem {
	struct iser_tgt_login login;
	struct delayed_work backoff;
	unsigned long backoff_until;
	unsigned long backoff_delay;
	bool backoff_asked;
	char target_alias[ISER_TGT_ALIAS_MAX];
	char redirect[ISER_TGT_PORTAL_ADDRESS_MAX];
	char in[ISER_TGT_LOGIN_TEXT_MAX];
	char out[ISER_TGT_LOGIN_TEXT_MAX];
	char data[ISER_TGT_LOGIN_DATA_MAX];
};

#endif
