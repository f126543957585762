// SPDX-License-Identifier: GPL-2.0
/*
 * Which receive buffers somebody counts on. A login and each place in a window
 * have one that is theirs; the queue has as many, or can make them.
 */

#include "rdma.h"

/*
 * Buffers that nobody counts on, those that can still be made included. Fewer
 * than none once the limit was lowered.
 */
static int iser_tgt_rx_left(const struct iser_tgt_rx_queue *q)
{
	return (int)(iser_tgt_rx_max(q) - READ_ONCE(q->nr)) +
	       atomic_read(&q->spare) + atomic_read(&q->retire);
}

/*
 * A silent session cannot be asked for what it was promised. So what all of
 * them may keep and not use is no more than a quarter of a shared queue; and
 * before a login would take more than half of the last quarter, windows in use
 * give way.
 */
static enum iser_tgt_rx_state
iser_tgt_rx_state(const struct iser_tgt_rx_queue *q)
{
	int left = iser_tgt_rx_left(q), max = iser_tgt_rx_max(q);

	if (left < max / 8 + ISER_TGT_WINDOW_MIN + ISER_TGT_SHARED_EXTRA)
		return ISER_TGT_RX_SCARCE;
	if (left < max / 4 * 3)
		return ISER_TGT_RX_TIGHT;
	return ISER_TGT_RX_PLENTY;
}

/* Who has changed what is left looks until what is said of it is true. */
static void iser_tgt_rx_judge(struct iser_tgt_rx_queue *q)
{
	enum iser_tgt_rx_state state;

	if (!q->srq)
		return;
	for (;;) {
		/* What we changed or said is seen before we look. */
		smp_mb();
		state = iser_tgt_rx_state(q);
		if (likely(READ_ONCE(q->state) == state))
			break;
		WRITE_ONCE(q->state, state);
	}
}

/* So few were spare that not all of them were idle. */
static void iser_tgt_rx_used(struct iser_tgt_rx_queue *q, int spare)
{
	if (spare < READ_ONCE(q->unused))
		WRITE_ONCE(q->unused, spare);
}

/* Buffers that were to be freed are wanted again. */
static bool iser_tgt_rx_unretire(struct iser_tgt_rx_queue *q)
{
	int nr = atomic_xchg(&q->retire, 0);

	atomic_add(nr, &q->spare);
	return nr;
}

/**
 * iser_tgt_rx_reserve - have receive buffers that nobody else counts on
 * @q: the queue
 * @nr: how many
 *
 * Context: may sleep.
 * Return: 0 or a negative errno.
 */
int iser_tgt_rx_reserve(struct iser_tgt_rx_queue *q, unsigned int nr)
{
	int spare, ret;

	while ((spare = atomic_sub_return(nr, &q->spare)) < 0) {
		atomic_add(nr, &q->spare);
		if (iser_tgt_rx_unretire(q))
			continue;
		ret = iser_tgt_rx_queue_grow(q, max_t(unsigned int, nr,
						      q->step));
		/* Others may have given some back meanwhile. */
		if (ret && atomic_read(&q->spare) < (int)nr)
			return ret;
	}
	iser_tgt_rx_used(q, spare);
	iser_tgt_rx_judge(q);
	return 0;
}

/**
 * iser_tgt_rx_unreserve - they are others' to count on
 * @q: the queue
 * @nr: how many
 *
 * Context: any.
 */
void iser_tgt_rx_unreserve(struct iser_tgt_rx_queue *q, unsigned int nr)
{
	atomic_add(nr, &q->spare);
	iser_tgt_rx_judge(q);
}

/**
 * iser_tgt_rx_borrow - one more, if one is to be had at once
 * @q: the queue
 *
 * The last quarter of a shared queue is for logins.
 *
 * Context: any but interrupts.
 * Return: true if the caller has it now.
 */
bool iser_tgt_rx_borrow(struct iser_tgt_rx_queue *q)
{
	int left;

	if (q->srq && iser_tgt_rx_left(q) <= (int)iser_tgt_rx_max(q) / 4)
		return false;

	left = atomic_dec_if_positive(&q->spare);
	if (left < 0 && iser_tgt_rx_unretire(q))
		left = atomic_dec_if_positive(&q->spare);

	iser_tgt_rx_used(q, max(left, 0));
	if (left < ISER_TGT_SRQ_LIMIT && q->srq &&
	    READ_ONCE(q->nr) < iser_tgt_rx_max(q))
		queue_work(iser_tgt_wq, &q->upkeep);
	iser_tgt_rx_judge(q);
	return left >= 0;
}

/**
 * iser_tgt_rx_retire - free some buffers as they come back
 * @q: the queue
 * @nr: how many, if as many are spare
 *
 * What is posted stays with the device until a PDU comes in by it.
 *
 * Context: any.
 */
void iser_tgt_rx_retire(struct iser_tgt_rx_queue *q, unsigned int nr)
{
	if (atomic_sub_return(nr, &q->spare) < 0)
		atomic_add(nr, &q->spare);
	else
		atomic_add(nr, &q->retire);
}
