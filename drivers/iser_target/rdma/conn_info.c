// SPDX-License-Identifier: GPL-2.0
/*
 * What the fabric may ask about a connection and its device, and the names that it
 * gives to it.
 */

#include "conn.h"
#include "cq.h"
#include "device.h"
#include "receive_queue.h"

/**
 * iser_tgt_conn_peer - the initiator's address
 * @conn: the connection
 *
 * Return: the address, for %pISpc.
 */
const struct sockaddr_storage *
iser_tgt_conn_peer(const struct iser_tgt_conn *conn)
{
	return &conn->peer;
}

/**
 * iser_tgt_conn_local - the address the initiator connected to
 * @conn: the connection
 *
 * Return: the address, for %pISpc.
 */
const struct sockaddr_storage *
iser_tgt_conn_local(const struct iser_tgt_conn *conn)
{
	return &conn->local;
}

/**
 * iser_tgt_conn_listener - where a connection came in
 * @conn: the connection
 *
 * Return: the listener, to be compared only.
 */
struct iser_tgt_listener *
iser_tgt_conn_listener(const struct iser_tgt_conn *conn)
{
	return conn->listener;
}

/**
 * iser_tgt_conn_session - the session of a connection
 * @conn: the connection
 *
 * Return: what ->open() returned.
 */
void *iser_tgt_conn_session(const struct iser_tgt_conn *conn)
{
	return conn->session;
}

/**
 * iser_tgt_conn_set_name - name the initiator in log messages
 * @conn: the connection
 * @initiator: InitiatorName, or "" as long as it is not known; stays where it is
 */
void iser_tgt_conn_set_name(struct iser_tgt_conn *conn, const char *initiator)
{
	conn->initiator = initiator;
}

/**
 * iser_tgt_conn_set_number - number the session in tracepoints
 * @conn: the connection
 * @number: of the session
 */
void iser_tgt_conn_set_number(struct iser_tgt_conn *conn, u32 number)
{
	conn->number = number;
}

/**
 * iser_tgt_conn_last_rx - when the initiator gave the last sign of life
 * @conn: the connection
 *
 * Return: jiffies of the last PDU received, or of the last send that the peer's
 * device has acknowledged.
 */
unsigned long iser_tgt_conn_last_rx(const struct iser_tgt_conn *conn)
{
	return READ_ONCE(conn->last_rx);
}

/**
 * iser_tgt_conn_may_sleep - may the handler of a PDU sleep
 * @conn: the connection
 *
 * Context: the receive side.
 * Return: false in a completion handler, which waits for no memory and no lock.
 */
bool iser_tgt_conn_may_sleep(const struct iser_tgt_conn *conn)
{
	return READ_ONCE(conn->rx_parked);
}

/**
 * iser_tgt_conn_counts - what a connection has met with
 * @conn: the connection
 *
 * Return: the counts, which may change.
 */
const struct iser_tgt_conn_counts *
iser_tgt_conn_counts(const struct iser_tgt_conn *conn)
{
	return &conn->counts;
}

/**
 * iser_tgt_conn_close_reason - why a connection ends
 * @conn: a connection whose end is asked for
 *
 * Return: human-readable, a string constant.
 */
const char *iser_tgt_conn_close_reason(const struct iser_tgt_conn *conn)
{
	return READ_ONCE(conn->close_reason);
}

/**
 * iser_tgt_conn_device_name - name of the RDMA device
 * @conn: the connection
 *
 * Return: the name.
 */
const char *iser_tgt_conn_device_name(const struct iser_tgt_conn *conn)
{
	return conn->dev->ibdev->name;
}

/**
 * iser_tgt_conn_port - port of the RDMA device
 * @conn: the connection
 *
 * Return: the number, from 1.
 */
unsigned int iser_tgt_conn_port(const struct iser_tgt_conn *conn)
{
	return conn->port;
}

/**
 * iser_tgt_conn_node - NUMA node of the device
 * @conn: the connection
 *
 * Return: the node, for memory that is used with every command.
 */
int iser_tgt_conn_node(const struct iser_tgt_conn *conn)
{
	return ibdev_to_node(conn->dev->ibdev);
}

/**
 * iser_tgt_conn_recv_data - data segment that a receive buffer holds
 * @conn: the connection
 *
 * Return: bytes.
 */
u32 iser_tgt_conn_recv_data(const struct iser_tgt_conn *conn)
{
	return conn->dev->recv_data;
}

/**
 * iser_tgt_conn_depth - commands the queue pair was made for
 * @conn: the connection
 *
 * Return: the number.
 */
unsigned int iser_tgt_conn_depth(const struct iser_tgt_conn *conn)
{
	return conn->depth;
}

/**
 * iser_tgt_conn_pi - can the queue pair handle protection information
 * @conn: the connection
 *
 * Return: true if it can.
 */
bool iser_tgt_conn_pi(const struct iser_tgt_conn *conn)
{
	return conn->pi;
}

/**
 * iser_tgt_conn_mr_max - how much data one registration has
 * @conn: the connection
 *
 * With protection information that is what a transfer has.
 *
 * Return: bytes of data.
 */
u32 iser_tgt_conn_mr_max(const struct iser_tgt_conn *conn)
{
	return conn->sge_per_mr * PAGE_SIZE;
}

/**
 * iser_tgt_conn_ord - RDMA READs the initiator serves at a time
 * @conn: the connection
 *
 * Return: the number, 0 if it serves none.
 */
u16 iser_tgt_conn_ord(const struct iser_tgt_conn *conn)
{
	return conn->ord;
}

/**
 * iser_tgt_conn_login_memory - what a connection costs before its login
 * @conn: the connection
 *
 * Return: bytes, roughly; receive buffers and the queue pair included.
 */
size_t iser_tgt_conn_login_memory(const struct iser_tgt_conn *conn)
{
	return conn->memory;
}

/**
 * iser_tgt_conn_memory - a connection, and its share of the receive buffers
 * @conn: the connection
 *
 * Return: bytes, without the queue pair.
 */
size_t iser_tgt_conn_memory(const struct iser_tgt_conn *conn)
{
	return sizeof(*conn) + (READ_ONCE(conn->window) + conn->rx_reserved) *
			       iser_tgt_rx_memory(conn->dev);
}

/**
 * iser_tgt_conn_needs_mr - does a transfer need registered memory
 * @conn: the connection
 * @dir: DMA_TO_DEVICE for RDMA WRITE, DMA_FROM_DEVICE for RDMA READ
 *
 * RFC 5040 5.1: iWARP devices read into registered memory only. Elsewhere it is
 * a way to count RDMA READs.
 *
 * Return: true if even a mapped buffer has to be registered.
 */
bool iser_tgt_conn_needs_mr(const struct iser_tgt_conn *conn,
			    enum dma_data_direction dir)
{
	return dir == DMA_FROM_DEVICE && (conn->iwarp || conn->reads_by_mr);
}

/**
 * iser_tgt_conn_fetch_max - how long a mapped buffer for an RDMA READ may be
 * @conn: the connection
 *
 * What has to be registered is cut at scatterlist entries, and an MR counts pages:
 * an entry must not have more of them. Devices with short lists register
 * less than the longest buffer of the pool.
 *
 * Return: bytes.
 */
u32 iser_tgt_conn_fetch_max(const struct iser_tgt_conn *conn)
{
	if (!iser_tgt_conn_needs_mr(conn, DMA_FROM_DEVICE))
		return U32_MAX;

	return iser_tgt_conn_mr_max(conn);
}

/**
 * iser_tgt_conn_cq_idle - have all completions of a connection been handled
 * @conn: the connection
 *
 * Return: true if everything that had completed before has been handled.
 */
bool iser_tgt_conn_cq_idle(const struct iser_tgt_conn *conn)
{
	return iser_tgt_cq_idle(conn->cq);
}
