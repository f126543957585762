/* SPDX-License-Identifier: GPL-2.0 */
/* RDMA devices in use, and the connections on them. */
#ifndef ISER_TGT_RDMA_DEVICE_H
#define ISER_TGT_RDMA_DEVICE_H

#include <linux/dma-mapping.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <rdma/ib_verbs.h>

#include "../compat.h"
#include "quirks.h"

struct iser_tgt_conn;
struct iser_tgt_rx_queue;
struct iser_tgt_vector;

/**
 * struct iser_tgt_device - an RDMA device
 * @ibdev: the device
 * @pd: one protection domain for all connections
 * @quirks: of its driver
 * @recv_data: bytes of data a receive buffer holds
 * @recv_order: allocation order of its pieces
 * @recv_sge: scatter elements of a receive buffer
 * @pi: makes and checks protection information
 * @unshared: makes no shared receive queue, whatever its attributes say
 * @no_last_wqe: never raised LAST_WQE_REACHED
 * @tells_last_wqe: has raised it at least once
 * @nr_vectors: completion vectors used
 * @vectors: each with its queues and buffers
 * @vector_lock: protects connections, load and completion queues of @vectors
 * @measured: when their load was measured, jiffies; under @vector_lock
 * @entry: on the list of devices, under iser_tgt_conn_lock
 * @users: connections, and requests for one, under iser_tgt_conn_lock
 * @conns: connections on this device, under iser_tgt_conn_lock
 * @removing: takes no new connections, under iser_tgt_conn_lock
 * @prepared: has been used by a connection, under iser_tgt_conn_lock
 * @idle: woken when @users becomes 0
 * @events: asynchronous events of the device
 */
struct iser_tgt_device {
	struct ib_device *ibdev;
	struct ib_pd *pd;
	struct iser_tgt_quirks quirks;
	u32 recv_data;
	unsigned int recv_order;
	unsigned int recv_sge;
	bool pi;
	bool unshared;
	bool no_last_wqe;
	bool tells_last_wqe;
	unsigned int nr_vectors;
	struct iser_tgt_vector *vectors;
	/* of vectors: cqs, conns and load */
	spinlock_t vector_lock;
	unsigned long measured;
	struct list_head entry;
	unsigned int users;
	struct list_head conns;
	bool removing;
	bool prepared;
	wait_queue_head_t idle;
	struct ib_event_handler events;
};

extern struct list_head iser_tgt_devices;

struct iser_tgt_device *iser_tgt_device_get(struct ib_device *ibdev);
void iser_tgt_device_put(struct iser_tgt_device *dev);
void iser_tgt_device_put_locked(struct iser_tgt_device *dev);
void iser_tgt_device_close_conns(struct iser_tgt_device *dev,
				 const struct iser_tgt_rx_queue *q,
				 const char *why);
bool iser_tgt_device_idle(struct iser_tgt_device *dev);

/* Bytes of a piece of a receive buffer. */
static inline u32 iser_tgt_device_recv_piece(const struct iser_tgt_device *dev)
{
	return PAGE_SIZE << dev->recv_order;
}

/*
 * Whether ib_dma_sync_*() does anything: the test that each of them makes, to be
 * made once for many. The first mapping through a bounce buffer changes it.
 */
static inline bool iser_tgt_device_syncs(const struct iser_tgt_device *dev)
{
	return !ib_uses_virt_dma(dev->ibdev) &&
	       dma_dev_need_sync(dev->ibdev->dma_device);
}

#endif
