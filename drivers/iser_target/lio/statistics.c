// SPDX-License-Identifier: GPL-2.0
/* What has happened to a target: logins, failed sessions, logouts. */

#include <linux/jiffies.h>
#include <linux/string.h>

#include "../iscsi/status.h"
#include "statistics.h"

/**
 * iser_tgt_statistics_accepted - a login has ended in a normal session
 * @statistics: of the target
 *
 * Context: any but interrupts.
 */
void iser_tgt_statistics_accepted(struct iser_tgt_statistics *statistics)
{
	spin_lock(&statistics->lock);
	statistics->logins[ISER_TGT_LOGINS_ACCEPTED]++;
	spin_unlock(&statistics->lock);
}

static enum iser_tgt_login_result iser_tgt_login_result(u16 status)
{
	switch (status) {
	case ISER_TGT_LOGIN_MOVED_TEMP:
	case ISER_TGT_LOGIN_MOVED_PERM:
		return ISER_TGT_LOGINS_REDIRECTED;
	case ISER_TGT_LOGIN_INIT_ERROR:
		return ISER_TGT_LOGINS_NOT_NEGOTIATED;
	case ISER_TGT_LOGIN_AUTH_FAILED:
		return ISER_TGT_LOGINS_NOT_AUTHENTICATED;
	case ISER_TGT_LOGIN_FORBIDDEN:
		return ISER_TGT_LOGINS_NOT_AUTHORIZED;
	default:
		return ISER_TGT_LOGINS_OTHER;
	}
}

/**
 * iser_tgt_statistics_refused - a login was refused
 * @statistics: of the target
 * @status: RFC 7143 11.13.5
 * @peer: address of the initiator
 * @initiator: InitiatorName
 *
 * Context: any but interrupts.
 */
void iser_tgt_statistics_refused(struct iser_tgt_statistics *statistics,
				 u16 status,
				 const struct sockaddr_storage *peer,
				 const char *initiator)
{
	spin_lock(&statistics->lock);
	statistics->last_result = iser_tgt_login_result(status);
	statistics->logins[statistics->last_result]++;
	statistics->last_time = jiffies;
	statistics->last_peer = *peer;
	strscpy(statistics->last_initiator, initiator,
		sizeof(statistics->last_initiator));
	spin_unlock(&statistics->lock);
}

/**
 * iser_tgt_statistics_ended - a normal session has ended
 * @statistics: of the target
 * @logged_out: by a logout
 * @failure: what it has failed by
 * @initiator: InitiatorName
 *
 * Context: any but interrupts.
 */
void iser_tgt_statistics_ended(struct iser_tgt_statistics *statistics,
			       bool logged_out, enum iser_tgt_failure failure,
			       const char *initiator)
{
	spin_lock(&statistics->lock);
	if (logged_out)
		statistics->logouts++;
	else
		statistics->ends++;
	if (failure) {
		statistics->failures[failure]++;
		statistics->last_failure = failure;
		strscpy(statistics->last_failed, initiator,
			sizeof(statistics->last_failed));
	}
	spin_unlock(&statistics->lock);
}
