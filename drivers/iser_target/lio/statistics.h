/* SPDX-License-Identifier: GPL-2.0 */
/* What has happened to a target: fabric_statistics/, RFC 4544. */
#ifndef ISER_TGT_STATISTICS_H
#define ISER_TGT_STATISTICS_H

#include <linux/configfs.h>
#include <linux/socket.h>
#include <linux/spinlock.h>

#include "../iscsi/name.h"

/* iscsiInstLastSsnFailureType: the column of iscsiInstanceSsnErrorStatsTable. */
enum iser_tgt_failure {
	ISER_TGT_FAILED_NOT,
	ISER_TGT_FAILED_DIGEST,
	ISER_TGT_FAILED_TIMEOUT,
	ISER_TGT_FAILED_FORMAT,
};

/* iscsiTgtLastFailureType: the column of iscsiTargetLoginStatsTable. */
enum iser_tgt_login_result {
	ISER_TGT_LOGINS_ACCEPTED = 1,
	ISER_TGT_LOGINS_OTHER,
	ISER_TGT_LOGINS_REDIRECTED,
	ISER_TGT_LOGINS_NOT_AUTHORIZED,
	ISER_TGT_LOGINS_NOT_AUTHENTICATED,
	ISER_TGT_LOGINS_NOT_NEGOTIATED,
	ISER_TGT_LOGINS_END
};

/**
 * struct iser_tgt_statistics - what has happened to a target
 * @instance: iscsi_instance/
 * @sess_err: iscsi_sess_err/
 * @tgt_attr: iscsi_tgt_attr/
 * @login: iscsi_login_stats/
 * @logout: iscsi_logout_stats/
 * @lock: protects all below
 * @logins: logins, by their result
 * @last_result: result of the last one that failed, 0 for none
 * @last_time: when that was, jiffies
 * @last_peer: its address
 * @last_initiator: its InitiatorName
 * @failures: sessions that failed, by kind
 * @last_failure: kind of the last one
 * @last_failed: its InitiatorName
 * @logouts: sessions that were logged out
 * @ends: sessions that ended otherwise
 */
struct iser_tgt_statistics {
	struct config_group instance;
	struct config_group sess_err;
	struct config_group tgt_attr;
	struct config_group login;
	struct config_group logout;
	/* all below */
	spinlock_t lock;
	u32 logins[ISER_TGT_LOGINS_END];
	u32 last_result;
	unsigned long last_time;
	struct sockaddr_storage last_peer;
	char last_initiator[ISER_TGT_NAME_MAX + 1];
	u32 failures[ISER_TGT_FAILED_FORMAT + 1];
	u32 last_failure;
	char last_failed[ISER_TGT_NAME_MAX + 1];
	u32 logouts;
	u32 ends;
};

void iser_tgt_statistics_accepted(struct iser_tgt_statistics *statistics);
void iser_tgt_statistics_refused(struct iser_tgt_statistics *statistics,
				 u16 status,
				 const struct sockaddr_storage *peer,
				 const char *initiator);
void iser_tgt_statistics_ended(struct iser_tgt_statistics *statistics,
			       bool logged_out, enum iser_tgt_failure failure,
			       const char *initiator);

#endif
