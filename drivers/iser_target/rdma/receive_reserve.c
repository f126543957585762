// SPDX-License-Identifier: GPL-2.0
/*
 * Reservation of receive buffers. A login and each place in a window have one
 * reserved; the queue has as many, or can allocate them.
 */

#include "conn.h"
#include "receive_reserve.h"
#include "receive_queue.h"

/*
 * Buffers not reserved, those that may still be allocated included. Negative
 * after the limit was lowered.
 */
static int iser_tgt_rx_left(const struct iser_tgt_rx_queue *q)
{
	return (int)(iser_tgt_rx_max(q) - READ_ONCE(q->nr)) +
	       atomic_read(&q->spare) + atomic_read(&q->retire);
}

/*
 * MaxCmdSN never moves back, so a silent session keeps its window. All of them
 * may keep no more than a quarter of a shared queue without using it; and before
 * logins would take more than half of the last quarter, windows in use shrink.
 */
static enum iser_tgt_rx_state
iser_tgt_rx_state(const struct iser_tgt_rx_queue *q)
{
	int left = iser_tgt_rx_left(q), max = iser_tgt_rx_max(q);

	if (left < max / 8 + ISER_TGT_WINDOW_MIN + ISER_TGT_IMMEDIATE_MAX)
		return ISER_TGT_RX_SCARCE;
	if (left < max / 4 * 3)
		return ISER_TGT_RX_TIGHT;
	return ISER_TGT_RX_PLENTY;
}

/* After each change of what is left: repeat until the state agrees with it. */
static void iser_tgt_rx_judge(struct iser_tgt_rx_queue *q)
{
	enum iser_tgt_rx_state state;

	if (!q->srq)
		return;
	for (;;) {
		/* Our change and our verdict are visible before we look again. */
		smp_mb();
		state = iser_tgt_rx_state(q);
		if (likely(READ_ONCE(q->state) == state))
			break;
		WRITE_ONCE(q->state, state);
	}
}

/* Lowers the number of buffers that stayed idle. */
static void iser_tgt_rx_used(struct iser_tgt_rx_queue *q, int spare)
{
	if (spare < READ_ONCE(q->unused))
		WRITE_ONCE(q->unused, spare);
}

/* Keeps buffers that were to be freed. */
static bool iser_tgt_rx_unretire(struct iser_tgt_rx_queue *q)
{
	int nr = atomic_xchg(&q->retire, 0);

	atomic_add(nr, &q->spare);
	return nr;
}

/* Takes all of them or none, so that others do not see too few. */
static int iser_tgt_rx_take(struct iser_tgt_rx_queue *q, int nr)
{
	int spare = atomic_read(&q->spare);

	do {
		if (spare < nr)
			return -ENOSPC;
	} while (!atomic_try_cmpxchg(&q->spare, &spare, spare - nr));

	return spare - nr;
}

/**
 * iser_tgt_rx_reserve - reserve receive buffers
 * @q: the queue
 * @nr: how many
 *
 * Context: may sleep.
 * Return: 0 or a negative errno.
 */
int iser_tgt_rx_reserve(struct iser_tgt_rx_queue *q, unsigned int nr)
{
	int spare, ret;

	while ((spare = iser_tgt_rx_take(q, nr)) < 0) {
		if (iser_tgt_rx_unretire(q))
			continue;
		ret = iser_tgt_rx_queue_grow(q, max_t(unsigned int, nr,
						      q->step));
		/* Some may have been returned meanwhile. */
		if (ret && atomic_read(&q->spare) < (int)nr)
			return ret;
	}
	iser_tgt_rx_used(q, spare);
	iser_tgt_rx_judge(q);
	return 0;
}

/**
 * iser_tgt_rx_unreserve - give up reserved receive buffers
 * @q: the queue
 * @nr: how many
 */
void iser_tgt_rx_unreserve(struct iser_tgt_rx_queue *q, unsigned int nr)
{
	atomic_add(nr, &q->spare);
	iser_tgt_rx_judge(q);
}

/**
 * iser_tgt_rx_borrow - reserve one more buffer, of the last quarter as well
 * @q: the queue
 *
 * Context: any but interrupts.
 * Return: true if it is reserved.
 */
bool iser_tgt_rx_borrow(struct iser_tgt_rx_queue *q)
{
	int left = atomic_dec_if_positive(&q->spare);

	if (left < 0 && iser_tgt_rx_unretire(q))
		left = atomic_dec_if_positive(&q->spare);

	iser_tgt_rx_used(q, max(left, 0));
	if (left < ISER_TGT_SRQ_LIMIT && q->srq &&
	    READ_ONCE(q->nr) < iser_tgt_rx_max(q))
		queue_work(iser_tgt_misc_wq, &q->upkeep);
	iser_tgt_rx_judge(q);
	return left >= 0;
}

/**
 * iser_tgt_rx_try_reserve - reserve one more buffer without sleeping
 * @q: the queue
 *
 * The last quarter of a shared queue is for logins.
 *
 * Context: any but interrupts.
 * Return: true if it is reserved.
 */
bool iser_tgt_rx_try_reserve(struct iser_tgt_rx_queue *q)
{
	if (q->srq && iser_tgt_rx_left(q) <= (int)iser_tgt_rx_max(q) / 4)
		return false;

	return iser_tgt_rx_borrow(q);
}

/**
 * iser_tgt_rx_retire - free some buffers when they are returned
 * @q: the queue
 * @nr: how many, if as many are spare
 *
 * A posted buffer stays with the device until it has received a PDU.
 */
void iser_tgt_rx_retire(struct iser_tgt_rx_queue *q, unsigned int nr)
{
	if (iser_tgt_rx_take(q, nr) >= 0)
		atomic_add(nr, &q->retire);
}
