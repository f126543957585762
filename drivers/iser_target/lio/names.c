// SPDX-License-Identifier: GPL-2.0
/* Which iSCSI names are taken, and from which peers they are hidden. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "../iscsi/login.h"
#include "../iscsi/name.h"
#include "names.h"

static bool strict_names;
module_param(strict_names, bool, 0644);
MODULE_PARM_DESC(strict_names,
		 "refuse names that RFC 7143 4.2.7 does not allow, such as with '_'");

static bool hide_names;
module_param(hide_names, bool, 0644);
MODULE_PARM_DESC(hide_names,
		 "show peers that have not authenticated which names exist as little as possible");

static bool await_names;
module_param(await_names, bool, 0644);
MODULE_PARM_DESC(await_names,
		 "a target that does not exist may arrive from another machine: logins are to be retried");

/**
 * iser_tgt_names_strict - are only names of RFC 7143 4.2.7 taken
 *
 * Return: true if so.
 */
bool iser_tgt_names_strict(void)
{
	return READ_ONCE(strict_names);
}

/**
 * iser_tgt_name_usable - check the name of a directory
 * @name: as given to mkdir
 *
 * Logs why a name is refused, and that a name is not one of the RFC.
 *
 * Context: process of the administrator.
 * Return: true if it can be used.
 */
bool iser_tgt_name_usable(const char *name)
{
	if (iser_tgt_name_check(name)) {
		pr_err("%*pE: not an iSCSI name in lower case\n",
		       (int)strnlen(name, ISER_TGT_NAME_MAX), name);
		return false;
	}
	if (!iser_tgt_name_check_strict(name))
		return true;
	if (iser_tgt_names_strict()) {
		pr_err("%s: RFC 7143 4.2.7 does not allow this name (strict_names)\n",
		       name);
		return false;
	}
	pr_warn("%s: RFC 7143 4.2.7 does not allow this name, some initiators may refuse it\n",
		name);
	return true;
}

/* Secrets that no initiator has, so that CHAP goes on and fails. */
static bool iser_tgt_names_pretend(struct iser_tgt_login *login)
{
	u8 random[ISER_TGT_CHAP_DIGEST_MAX];

	memset(&login->auth, 0, sizeof(login->auth));
	if (login->ops->random(random, sizeof(random)))
		return false;
	snprintf(login->auth.userid, sizeof(login->auth.userid), "%*phN",
		 (int)sizeof(random), random);
	if (login->ops->random(random, sizeof(random)))
		return false;
	snprintf(login->auth.password, sizeof(login->auth.password), "%*phN",
		 (int)sizeof(random), random);
	memzero_explicit(random, sizeof(random));
	login->tpgt = 1;
	return true;
}

/**
 * iser_tgt_names_answer - what a peer is told of names that do or do not exist
 * @login: names and secrets of the portal group are set, if there is one
 * @status: what it would be refused with, with login->reason; or ISER_TGT_LOGIN_OK
 *
 * With hide_names the refusal comes after CHAP. It fails if the target does not
 * exist or the initiator has no ACL, so that the answers are those to a wrong
 * secret. Targets that require no authentication cannot be hidden.
 *
 * Without it, await_names changes the answer for a target that does not exist to
 * one that initiators retry. Together they would tell a name that does not exist
 * from a wrong secret.
 *
 * Context: may sleep.
 * Return: the status to refuse with at once, or ISER_TGT_LOGIN_OK.
 */
u16 iser_tgt_names_answer(struct iser_tgt_login *login, u16 status)
{
	bool unknown = status == ISER_TGT_LOGIN_NOT_FOUND ||
		       status == ISER_TGT_LOGIN_FORBIDDEN;

	if (!READ_ONCE(hide_names)) {
		if (status == ISER_TGT_LOGIN_NOT_FOUND && READ_ONCE(await_names))
			return ISER_TGT_LOGIN_UNAVAILABLE;
		return status;
	}

	/* An alias tells as much as the name. */
	login->target_alias = NULL;
	if (!status || (!unknown && !login->auth_required))
		return status;
	if (unknown && !iser_tgt_names_pretend(login))
		return status;

	login->late_status = unknown ? ISER_TGT_LOGIN_AUTH_FAILED : status;
	login->late_reason = login->reason ?: "refused";
	return ISER_TGT_LOGIN_OK;
}
