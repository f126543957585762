// SPDX-License-Identifier: GPL-2.0
/* RDMA devices in use, and the connections on them. */

#include "conn.h"
#include "device.h"

/* Under iser_tgt_conn_lock. */
LIST_HEAD(iser_tgt_devices);

/**
 * iser_tgt_device_get - take a reference to an RDMA device for a connection
 * @ibdev: the device
 *
 * Context: any but interrupts.
 * Return: the device, kept until iser_tgt_device_put(); NULL if it is not used
 * or is being removed.
 */
struct iser_tgt_device *iser_tgt_device_get(struct ib_device *ibdev)
{
	struct iser_tgt_device *dev;

	spin_lock(&iser_tgt_conn_lock);
	list_for_each_entry(dev, &iser_tgt_devices, entry) {
		if (dev->ibdev == ibdev) {
			dev->prepared = true;
			dev->users++;
			goto unlock;
		}
	}
	dev = NULL;
unlock:
	spin_unlock(&iser_tgt_conn_lock);
	return dev;
}

/**
 * iser_tgt_device_put - drop a reference
 * @dev: from iser_tgt_device_get()
 *
 * Context: any but interrupts.
 */
void iser_tgt_device_put(struct iser_tgt_device *dev)
{
	spin_lock(&iser_tgt_conn_lock);
	iser_tgt_device_put_locked(dev);
	spin_unlock(&iser_tgt_conn_lock);
}

/**
 * iser_tgt_device_put_locked - drop a reference
 * @dev: from iser_tgt_device_get()
 *
 * Context: holds iser_tgt_conn_lock.
 */
void iser_tgt_device_put_locked(struct iser_tgt_device *dev)
{
	if (!--dev->users)
		wake_up_all(&dev->idle);
}

/**
 * iser_tgt_device_idle - has a device no users
 * @dev: the device
 *
 * Context: any but interrupts.
 * Return: true if it has none.
 */
bool iser_tgt_device_idle(struct iser_tgt_device *dev)
{
	bool idle;

	spin_lock(&iser_tgt_conn_lock);
	idle = !dev->users;
	spin_unlock(&iser_tgt_conn_lock);

	return idle;
}

/**
 * iser_tgt_device_close_conns - close connections of a device
 * @dev: the device
 * @q: only those that receive by this queue; NULL for all
 * @why: human-readable, a string constant
 *
 * Context: holds iser_tgt_conn_lock.
 */
void iser_tgt_device_close_conns(struct iser_tgt_device *dev,
				 const struct iser_tgt_rx_queue *q,
				 const char *why)
{
	struct iser_tgt_conn *conn;

	list_for_each_entry(conn, &dev->conns, dev_entry)
		if (!q || conn->rxq == q)
			iser_tgt_conn_close(conn, why);
}
