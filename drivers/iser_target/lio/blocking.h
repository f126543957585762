/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether a command may sleep in the thread that executes it. The worker of a
 * completion queue serves many sessions, so nothing that sleeps may run there.
 */
#ifndef ISER_TGT_BLOCKING_H
#define ISER_TGT_BLOCKING_H

#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/string.h>
#include <target/target_core_backend.h>
#include <target/target_core_base.h>

#include "../compat.h"

/**
 * struct iser_tgt_watch - a call of a backstore that may turn out to sleep
 * @dev: its device, only to be compared once the call has begun
 * @slept: voluntary context switches before the call
 * @noio: flags of memory allocation before the call
 */
struct iser_tgt_watch {
	const struct se_device *dev;
	unsigned long slept;
	unsigned int noio;
};

/**
 * enum iser_tgt_sleep - whether a command sleeps in the thread that executes it
 * @ISER_TGT_SLEEPS_NOT: it does not
 * @ISER_TGT_SLEPT_LATELY: its backstore has slept recently, and may still
 * @ISER_TGT_SLEEPS: it may
 */
enum iser_tgt_sleep {
	ISER_TGT_SLEEPS_NOT,
	ISER_TGT_SLEPT_LATELY,
	ISER_TGT_SLEEPS,
};

extern unsigned int iser_tgt_nr_blocking;

enum iser_tgt_sleep iser_tgt_may_sleep(const struct se_cmd *se_cmd);
bool iser_tgt_reserves(const struct se_cmd *se_cmd);
void iser_tgt_backstore_slept(const struct se_device *dev);
void iser_tgt_blocking_exit(void);

/* fileio reads and writes synchronously. */
static inline bool iser_tgt_is_fileio(const struct se_device *dev)
{
	return !memcmp(dev->transport->name, "fileio", sizeof("fileio"));
}

/*
 * For commands that only move blocks. If false, iser_tgt_may_sleep() has to be
 * asked.
 */
static inline bool iser_tgt_submits_at_once(const struct se_device *dev)
{
#ifndef ISER_TGT_LACKS_SUBMIT_TYPE
	if (READ_ONCE(dev->dev_attrib.submit_type))
		return false;
#endif
	return !iser_tgt_is_fileio(dev) && !READ_ONCE(iser_tgt_nr_blocking);
}

/*
 * Around each direct call of a backstore, and around calls by a worker if the
 * backstore has slept recently. Memory reclaim must not write to a LUN of this
 * target, which may need the very thread that waits for it.
 */
static inline struct iser_tgt_watch
iser_tgt_watch_begin(const struct se_cmd *se_cmd)
{
	return (struct iser_tgt_watch) {
		.dev = se_cmd->se_dev,
		.slept = READ_ONCE(current->nvcsw),
		.noio = memalloc_noio_save(),
	};
}

static inline void iser_tgt_watch_end(struct iser_tgt_watch watch)
{
	memalloc_noio_restore(watch.noio);
	if (unlikely(READ_ONCE(current->nvcsw) != watch.slept))
		iser_tgt_backstore_slept(watch.dev);
}

#endif
