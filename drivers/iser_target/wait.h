/* SPDX-License-Identifier: GPL-2.0 */
/* Waits that say what they wait for when it takes long. */
#ifndef ISER_TGT_WAIT_H
#define ISER_TGT_WAIT_H

#include <linux/printk.h>
#include <linux/wait.h>

#define ISER_TGT_WAIT_QUIET	(10 * HZ)

#define iser_tgt_wait_event(wq, condition, fmt, ...)			\
do {									\
	if (!wait_event_timeout(wq, condition, ISER_TGT_WAIT_QUIET)) {	\
		pr_warn("still waiting for " fmt, ##__VA_ARGS__);	\
		wait_event(wq, condition);				\
	}								\
} while (0)

#endif
