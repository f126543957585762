/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which thread runs a command. A completion queue's worker serves many
 * sessions, so nothing that sleeps may run there.
 */
#ifndef ISER_TGT_EXECUTE_H
#define ISER_TGT_EXECUTE_H

#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/string.h>
#include <target/target_core_backend.h>
#include <target/target_core_base.h>

#include "../compat.h"

struct iser_tgt_cmd;

/**
 * struct iser_tgt_watch - a call of a backstore that may turn out to sleep
 * @dev: its device, for comparison only once the call has begun
 * @slept: voluntary context switches before it
 * @noio: what memory allocation might do before it
 */
struct iser_tgt_watch {
	const struct se_device *dev;
	unsigned long slept;
	unsigned int noio;
};

/**
 * enum iser_tgt_sleep - may a command sleep in the thread that executes it
 * @ISER_TGT_SLEEPS_NOT: no
 * @ISER_TGT_SLEPT_LATELY: its backstore has slept; it may have stopped to
 * @ISER_TGT_SLEEPS: yes
 */
enum iser_tgt_sleep {
	ISER_TGT_SLEEPS_NOT,
	ISER_TGT_SLEPT_LATELY,
	ISER_TGT_SLEEPS,
};

/* blocking.c */
extern unsigned int iser_tgt_nr_blocking;
enum iser_tgt_sleep iser_tgt_may_sleep(const struct se_cmd *se_cmd);
void iser_tgt_backstore_slept(const struct se_device *dev);
void iser_tgt_blocking_exit(void);

/* execute.c */
int iser_tgt_execute_init(void);
void iser_tgt_execute_exit(void);
void iser_tgt_execute_choose(struct iser_tgt_cmd *cmd);

/* fileio reads and writes for its caller. */
static inline bool iser_tgt_is_fileio(const struct se_device *dev)
{
	return !memcmp(dev->transport->name, "fileio", sizeof("fileio"));
}

/* Of commands that only move blocks; false may also mean: to be looked at. */
static inline bool iser_tgt_submits_at_once(const struct se_device *dev)
{
	return !ISER_TGT_SUBMIT_TYPE(dev) && !iser_tgt_is_fileio(dev) &&
	       !READ_ONCE(iser_tgt_nr_blocking);
}

/*
 * Around each direct call, and those of a backstore that slept lately. Memory
 * may be reclaimed by writing to a LUN of this target, which needs the very
 * thread that would wait for it.
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
