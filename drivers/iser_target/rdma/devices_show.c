// SPDX-License-Identifier: GPL-2.0
/* The queues and buffers of RDMA devices, for the administrator. */

#include <linux/jiffies.h>
#include <linux/seq_file.h>

#include "conn.h"
#include "cq.h"
#include "device.h"
#include "receive_queue.h"
#include "vector.h"

/*
 * Completion queues have no record of when they were polled: it would be written
 * with each completion. But connections have one of the last sign of life, which
 * a completion is. Holds iser_tgt_conn_lock and the device's vector_lock.
 */
static void iser_tgt_cqs_polled(struct iser_tgt_device *dev)
{
	const struct iser_tgt_conn *conn;
	struct iser_tgt_cq *cq;
	unsigned int i;

	for (i = 0; i < dev->nr_vectors; i++)
		list_for_each_entry(cq, &dev->vectors[i].cqs, entry)
			cq->polled = 0;

	list_for_each_entry(conn, &dev->conns, dev_entry) {
		unsigned long last = READ_ONCE(conn->last_rx);

		/* Pairs with the write in iser_tgt_qp_destroy(). */
		cq = READ_ONCE(conn->cq);
		if (cq && (!cq->polled || time_after(last, cq->polled)))
			cq->polled = last;
	}
}

static unsigned int iser_tgt_list_length(const struct list_head *list)
{
	const struct list_head *entry;
	unsigned int nr = 0;

	list_for_each(entry, list)
		nr++;
	return nr;
}

static void iser_tgt_cq_show(struct seq_file *m, const struct iser_tgt_cq *cq,
			     unsigned int number)
{
	seq_printf(m, "    cq=%u entries=%u reserved=%u connections=%u ",
		   number, cq->cq->cqe, cq->used, cq->users);
	if (cq->polled)
		seq_printf(m, "polled=%u ",
			   jiffies_to_msecs(jiffies - cq->polled));
	else
		seq_puts(m, "polled=- ");
	seq_printf(m, "busy=%s\n", iser_tgt_cq_idle(cq) ? "no" : "yes");
}

static void iser_tgt_vector_show(struct seq_file *m,
				 struct iser_tgt_vector *vector)
{
	const struct iser_tgt_rx_queue *q = READ_ONCE(vector->shared);
	const struct iser_tgt_cq *cq;
	unsigned int nr = 0;

	seq_printf(m, "  vector=%u connections=%u load=%u completion_queues=%u ",
		   iser_tgt_vector_number(vector), vector->conns, vector->load,
		   iser_tgt_list_length(&vector->cqs));
	if (q)
		seq_printf(m, "shared_receive_buffers=%u most=%u unreserved=%d ",
			   READ_ONCE(q->nr), iser_tgt_rx_max(q),
			   atomic_read(&q->spare) + atomic_read(&q->retire));
	iser_tgt_data_pool_show(m, &vector->pool);
	seq_putc(m, '\n');
	list_for_each_entry(cq, &vector->cqs, entry)
		iser_tgt_cq_show(m, cq, nr++);
}

static void iser_tgt_device_show(struct seq_file *m,
				 struct iser_tgt_device *dev)
{
	unsigned int i;

	seq_printf(m, "%s vectors=%u connections=%u receive_data=%u\n",
		   dev_name(&dev->ibdev->dev), dev->nr_vectors,
		   iser_tgt_list_length(&dev->conns), dev->recv_data);

	spin_lock(&dev->vector_lock);
	iser_tgt_cqs_polled(dev);
	for (i = 0; i < dev->nr_vectors; i++)
		iser_tgt_vector_show(m, &dev->vectors[i]);
	spin_unlock(&dev->vector_lock);
}

/**
 * iser_tgt_devices_show - print queues and buffers of each device
 * @m: where to
 *
 * Context: any but interrupts.
 */
void iser_tgt_devices_show(struct seq_file *m)
{
	struct iser_tgt_device *dev;

	spin_lock(&iser_tgt_conn_lock);
	list_for_each_entry(dev, &iser_tgt_devices, entry)
		iser_tgt_device_show(m, dev);
	spin_unlock(&iser_tgt_conn_lock);
}
