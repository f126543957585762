// SPDX-License-Identifier: GPL-2.0
/*
 * One RDMA connection, for callers that violate the protocol.
 *
 * Nothing here depends on iSER or iSCSI: messages and private data are arbitrary
 * bytes, and receives are posted only by the caller. There are no threads, and
 * every wait has a deadline in milliseconds. Functions return 0 or a count, or a
 * negative errno:
 *   -ETIMEDOUT     the deadline passed
 *   -ENOTCONN      the peer has disconnected, or its adapter has ended the connection
 *                  by an error, and all received messages have been returned
 *   -ECONNREFUSED  the peer rejected the connect request
 *   -EIO           a work request completed with an error; see the wire_wc
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <rdma/rdma_cma.h>

#define MAX_SGE		4
#define MAX_PRIVATE	256
#define SLAB_BLOCK	65536
#define GUARD_BYTE	0x69
/* A last message and the disconnect that follows it travel by different QPs. */
#define LATE_MESSAGE_MS	300

struct wire_wc {
	uint32_t status;	/* enum ibv_wc_status */
	uint32_t opcode;	/* enum ibv_wc_opcode */
	uint32_t byte_len;
	uint32_t vendor_err;
	uint32_t invalidated;	/* was the message a SEND with invalidate */
	uint32_t rkey;		/* and of which key */
};

/* Message slots. They are registered in blocks of SLAB_BLOCK bytes, on first use: most sessions use few. */
struct slab {
	struct ibv_pd *pd;
	uint8_t *mem;
	struct ibv_mr **mr;
	bool *busy;
	uint32_t size, count, block;
};

struct wire {
	struct rdma_event_channel *events;
	struct rdma_cm_id *id;
	struct ibv_comp_channel *completions;
	struct ibv_cq *send_cq, *recv_cq;
	struct slab send, recv;
	struct wire_wc send_error;	/* first send that failed */
	bool connected, disconnected;
	int64_t disconnected_at;
	int cm_event, cm_status;	/* the last event */
	uint8_t private_data[MAX_PRIVATE];
	int private_len;
	uint8_t responder_resources, initiator_depth;
};

struct wire_window {
	struct wire *wire;
	uint8_t *mem;
	size_t len, guard, total;
	struct ibv_mr *mr;
	struct ibv_mw *mw;
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void sleep_until_readable(const int *fds, int n, int64_t deadline)
{
	struct pollfd pfd[2];
	int64_t left = deadline - now_ms();

	for (int i = 0; i < n; i++)
		pfd[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	if (left > 0)
		poll(pfd, n, (int)left);
}

static int set_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/* ---- connection events ------------------------------------------------- */

static void keep_private_data(struct wire *w, const struct rdma_conn_param *p)
{
	w->private_len = p->private_data ? p->private_data_len : 0;
	if (w->private_len)
		memcpy(w->private_data, p->private_data, w->private_len);
}

static void note_disconnect(struct wire *w)
{
	if (!w->disconnected)
		w->disconnected_at = now_ms();
	w->disconnected = true;
}

static bool take_cm_event(struct wire *w)
{
	struct rdma_cm_event *ev;
	const struct rdma_conn_param *p;

	if (rdma_get_cm_event(w->events, &ev))
		return false;
	p = &ev->param.conn;
	w->cm_event = ev->event;
	w->cm_status = ev->status;
	switch (ev->event) {
	case RDMA_CM_EVENT_ESTABLISHED:
		w->connected = true;
		w->responder_resources = p->responder_resources;
		w->initiator_depth = p->initiator_depth;
		keep_private_data(w, p);
		break;
	case RDMA_CM_EVENT_REJECTED:
		keep_private_data(w, p);
		/* a peer that leaves before it has our answer to its reply rejects what is a connection to us */
		if (w->connected)
			note_disconnect(w);
		break;
	case RDMA_CM_EVENT_DISCONNECTED:
	case RDMA_CM_EVENT_DEVICE_REMOVAL:
		note_disconnect(w);
		break;
	default:
		break;
	}
	rdma_ack_cm_event(ev);
	return true;
}

static int await_cm(struct wire *w, int wanted, int64_t deadline)
{
	for (;;) {
		while (take_cm_event(w)) {
			if (w->cm_event == wanted)
				return 0;
			if (w->cm_event == RDMA_CM_EVENT_REJECTED)
				return -ECONNREFUSED;
			if (w->cm_event == RDMA_CM_EVENT_UNREACHABLE)
				return -EHOSTUNREACH;
			if (w->cm_status)
				return -abs(w->cm_status);
		}
		if (now_ms() >= deadline)
			return -ETIMEDOUT;
		sleep_until_readable(&w->events->fd, 1, deadline);
	}
}

/* ---- message buffers --------------------------------------------------- */

static int slab_init(struct slab *s, struct ibv_pd *pd, uint32_t size, uint32_t count)
{
	s->pd = pd;
	s->size = (size + 63) & ~63u;
	s->count = count;
	s->block = s->size < SLAB_BLOCK ? SLAB_BLOCK / s->size : 1;
	s->busy = calloc(count, sizeof(*s->busy));
	s->mr = calloc(count / s->block + 1, sizeof(*s->mr));
	s->mem = aligned_alloc(4096, ((size_t)s->size * count + 4095) & ~4095ul);
	return s->busy && s->mr && s->mem ? 0 : -ENOMEM;
}

static void slab_free(struct slab *s)
{
	for (uint32_t i = 0; s->mr && i < s->count; i += s->block)
		if (s->mr[i / s->block])
			ibv_dereg_mr(s->mr[i / s->block]);
	free(s->mem);
	free(s->mr);
	free(s->busy);
}

static uint8_t *slab_mem(struct slab *s, int i)
{
	return s->mem + (size_t)s->size * i;
}

static struct ibv_mr *slab_mr(struct slab *s, int i)
{
	return s->mr[i / s->block];
}

static int slab_register(struct slab *s, uint32_t i)
{
	uint32_t first = i - i % s->block, n = s->count - first < s->block ? s->count - first : s->block;
	struct ibv_mr **mr = &s->mr[i / s->block];

	if (!*mr)
		*mr = ibv_reg_mr(s->pd, slab_mem(s, (int)first), (size_t)s->size * n, IBV_ACCESS_LOCAL_WRITE);
	return *mr ? 0 : -errno;
}

static int slab_get(struct slab *s)
{
	for (uint32_t i = 0; i < s->count; i++)
		if (!s->busy[i]) {
			int err = slab_register(s, i);

			s->busy[i] = !err;
			return err ? err : (int)i;
		}
	return -ENOBUFS;
}

static bool poll_one(struct ibv_cq *cq, struct wire_wc *out, uint64_t *id)
{
	struct ibv_wc wc;

	if (ibv_poll_cq(cq, 1, &wc) < 1)
		return false;
	*id = wc.wr_id;
	*out = (struct wire_wc){
		.status = wc.status, .opcode = wc.opcode, .byte_len = wc.byte_len,
		.vendor_err = wc.vendor_err,
	};
	if (wc.status == IBV_WC_SUCCESS && (wc.wc_flags & IBV_WC_WITH_INV)) {
		out->invalidated = 1;
		out->rkey = wc.invalidated_rkey;
	}
	return true;
}

static void reap_sends(struct wire *w)
{
	struct wire_wc wc;
	uint64_t id;

	while (poll_one(w->send_cq, &wc, &id)) {
		if (id < w->send.count)
			w->send.busy[id] = false;
		if (wc.status && !w->send_error.status)
			w->send_error = wc;
	}
}

/* Sleep until a completion or a connection event, or the deadline. */
static void await_anything(struct wire *w, int64_t deadline)
{
	int fds[2] = { w->completions->fd, w->events->fd };
	struct ibv_cq *cq;
	void *ctx;

	sleep_until_readable(fds, 2, deadline);
	while (!ibv_get_cq_event(w->completions, &cq, &ctx))
		ibv_ack_cq_events(cq, 1);
	while (take_cm_event(w))
		;
}

/* The deadline; after a disconnect, at most LATE_MESSAGE_MS for messages that arrive late. */
static int64_t wait_until(const struct wire *w, int64_t deadline)
{
	if (w->disconnected && w->disconnected_at + LATE_MESSAGE_MS < deadline)
		return w->disconnected_at + LATE_MESSAGE_MS;
	return deadline;
}

static void arm(struct wire *w)
{
	ibv_req_notify_cq(w->send_cq, 0);
	ibv_req_notify_cq(w->recv_cq, 0);
}

/* ---- life -------------------------------------------------------------- */

void wire_close(struct wire *w)
{
	if (!w)
		return;
	if (w->id && w->id->qp)
		rdma_destroy_qp(w->id);
	slab_free(&w->send);
	slab_free(&w->recv);
	if (w->send_cq)
		ibv_destroy_cq(w->send_cq);
	if (w->recv_cq)
		ibv_destroy_cq(w->recv_cq);
	if (w->completions)
		ibv_destroy_comp_channel(w->completions);
	if (w->id)
		rdma_destroy_id(w->id);
	if (w->events)
		rdma_destroy_event_channel(w->events);
	free(w);
}

static int make_qp(struct wire *w, uint32_t recv_size, uint32_t recv_count,
		   uint32_t send_size, uint32_t send_count)
{
	struct ibv_qp_init_attr attr = {
		.qp_type = IBV_QPT_RC,
		.sq_sig_all = 1,
		.cap = { .max_send_wr = send_count + 8, .max_recv_wr = recv_count,
			 .max_send_sge = MAX_SGE, .max_recv_sge = 1 },
	};
	struct ibv_context *dev = w->id->verbs;
	int err;

	w->completions = ibv_create_comp_channel(dev);
	if (!w->completions || set_nonblock(w->completions->fd))
		return -errno;
	w->send_cq = ibv_create_cq(dev, (int)send_count + 8, NULL, w->completions, 0);
	w->recv_cq = ibv_create_cq(dev, (int)recv_count, NULL, w->completions, 0);
	if (!w->send_cq || !w->recv_cq)
		return -errno;
	attr.send_cq = w->send_cq;
	attr.recv_cq = w->recv_cq;
	if (rdma_create_qp(w->id, NULL, &attr))
		return -errno;
	err = slab_init(&w->recv, w->id->pd, recv_size, recv_count);
	return err ? err : slab_init(&w->send, w->id->pd, send_size, send_count);
}

/* Resolve the peer and create the queues, without sending anything. */
int wire_open(struct wire **out, const char *host, const char *port,
	      uint32_t recv_size, uint32_t recv_count,
	      uint32_t send_size, uint32_t send_count, int ms)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM };
	int64_t deadline = now_ms() + ms;
	struct wire *w = calloc(1, sizeof(*w));
	struct addrinfo *ai = NULL;
	int err;

	*out = NULL;
	if (!w)
		return -ENOMEM;
	w->cm_event = -1;
	if (getaddrinfo(host, port, &hints, &ai)) {
		err = -EINVAL;
		goto fail;
	}
	w->events = rdma_create_event_channel();
	if (!w->events || set_nonblock(w->events->fd) ||
	    rdma_create_id(w->events, &w->id, w, RDMA_PS_TCP) ||
	    rdma_resolve_addr(w->id, NULL, ai->ai_addr, ms)) {
		err = -errno;
		goto fail;
	}
	err = await_cm(w, RDMA_CM_EVENT_ADDR_RESOLVED, deadline);
	if (err)
		goto fail;
	if (rdma_resolve_route(w->id, ms)) {
		err = -errno;
		goto fail;
	}
	err = await_cm(w, RDMA_CM_EVENT_ROUTE_RESOLVED, deadline);
	if (!err)
		err = make_qp(w, recv_size, recv_count, send_size, send_count);
	if (err)
		goto fail;
	freeaddrinfo(ai);
	*out = w;
	return 0;
fail:
	if (ai)
		freeaddrinfo(ai);
	wire_close(w);
	return err;
}

int wire_connect(struct wire *w, const void *private_data, int private_len,
		 int responder_resources, int initiator_depth,
		 int retry, int rnr_retry, int ms)
{
	struct rdma_conn_param param = {
		.private_data = private_len ? private_data : NULL,
		.private_data_len = (uint8_t)private_len,
		.responder_resources = (uint8_t)responder_resources,
		.initiator_depth = (uint8_t)initiator_depth,
		.retry_count = (uint8_t)retry,
		.rnr_retry_count = (uint8_t)rnr_retry,
	};

	if (rdma_connect(w->id, &param))
		return -errno;
	return await_cm(w, RDMA_CM_EVENT_ESTABLISHED, now_ms() + ms);
}

int wire_disconnect(struct wire *w)
{
	return rdma_disconnect(w->id) ? -errno : 0;
}

/* Move our QP to error: the peer's next message is not acknowledged. */
int wire_break(struct wire *w)
{
	struct ibv_qp_attr attr = { .qp_state = IBV_QPS_ERR };

	return -ibv_modify_qp(w->id->qp, &attr, IBV_QP_STATE);
}

int wire_await_disconnected(struct wire *w, int ms)
{
	int64_t deadline = now_ms() + ms;

	for (;;) {
		while (take_cm_event(w))
			;
		if (w->disconnected)
			return 0;
		if (now_ms() >= deadline)
			return -ETIMEDOUT;
		sleep_until_readable(&w->events->fd, 1, deadline);
	}
}

/* The private data of the peer's reply or reject. */
int wire_private_data(const struct wire *w, void *buf, int cap)
{
	memcpy(buf, w->private_data, w->private_len < cap ? w->private_len : cap);
	return w->private_len;
}

void wire_depths(const struct wire *w, int *responder_resources, int *initiator_depth)
{
	*responder_resources = w->responder_resources;
	*initiator_depth = w->initiator_depth;
}

const char *wire_last_event(const struct wire *w, int *status)
{
	*status = w->cm_status;
	return rdma_event_str((enum rdma_cm_event_type)w->cm_event);
}

const char *wire_device(const struct wire *w)
{
	return ibv_get_device_name(w->id->verbs->device);
}

int wire_is_iwarp(const struct wire *w)
{
	return w->id->verbs->device->transport_type == IBV_TRANSPORT_IWARP;
}

const char *wire_status_str(uint32_t status)
{
	return ibv_wc_status_str((enum ibv_wc_status)status);
}

/* ---- messages ---------------------------------------------------------- */

int wire_post_recv(struct wire *w, uint32_t len)
{
	int i = slab_get(&w->recv);
	struct ibv_sge sge;
	struct ibv_recv_wr wr = { .sg_list = &sge, .num_sge = 1 }, *bad;
	int err;

	if (i < 0)
		return i;
	if (len > w->recv.size)
		return -EMSGSIZE;
	sge = (struct ibv_sge){ (uintptr_t)slab_mem(&w->recv, i), len, slab_mr(&w->recv, i)->lkey };
	wr.wr_id = (uint64_t)i;
	err = ibv_post_recv(w->id->qp, &wr, &bad);
	if (err)
		w->recv.busy[i] = false;
	return -abs(err);
}

/* Has the peer disconnected, or does it within a moment? */
static bool hung_up(struct wire *w)
{
	int64_t deadline = now_ms() + LATE_MESSAGE_MS;

	while (!w->disconnected && now_ms() < deadline)
		await_anything(w, deadline);
	return w->disconnected;
}

/*
 * Send lens[0] bytes, then lens[1], ... as one message with one SGE each. With
 * ms > 0 wait until the peer's adapter has acknowledged it, with 0 only post.
 */
int wire_send(struct wire *w, const void *const *bufs, const uint32_t *lens, int n,
	      int ms, struct wire_wc *wc)
{
	struct ibv_send_wr wr = { .opcode = IBV_WR_SEND, .num_sge = n }, *bad;
	int64_t deadline = now_ms() + ms;
	struct ibv_sge sge[MAX_SGE];
	uint32_t used = 0;
	uint8_t *mem;
	int i, err;

	memset(wc, 0, sizeof(*wc));
	if (n > MAX_SGE)
		return -EMSGSIZE;
	reap_sends(w);
	i = slab_get(&w->send);
	if (i < 0)
		return i;
	mem = slab_mem(&w->send, i);
	for (int k = 0; k < n; k++) {
		if (used + lens[k] > w->send.size) {
			w->send.busy[i] = false;
			return -EMSGSIZE;
		}
		memcpy(mem + used, bufs[k], lens[k]);
		sge[k] = (struct ibv_sge){ (uintptr_t)(mem + used), lens[k], slab_mr(&w->send, i)->lkey };
		used += lens[k];
	}
	wr.wr_id = (uint64_t)i;
	wr.sg_list = n ? sge : NULL;
	err = ibv_post_send(w->id->qp, &wr, &bad);
	if (err) {
		w->send.busy[i] = false;
		return -abs(err);
	}
	while (ms) {
		arm(w);
		reap_sends(w);
		if (!w->send.busy[i])
			break;
		/* A peer that has disconnected may have received it without an acknowledgment. Its earlier messages are still to be received. */
		if (w->disconnected && now_ms() >= w->disconnected_at + LATE_MESSAGE_MS)
			break;
		if (now_ms() >= deadline)
			return -ETIMEDOUT;
		await_anything(w, wait_until(w, deadline));
	}
	*wc = w->send_error;
	if (!ms || !wc->status)
		return 0;
	/* siw fails a send that the peer has received if the peer disconnects before it has sent anything. */
	return wire_is_iwarp(w) && hung_up(w) ? 0 : -EIO;
}

/*
 * RDMA WRITE to the peer with an rkey that it never advertised: one of our own, which is valid on the
 * device if both sides share it, but belongs to another PD. Only posts the request.
 */
int wire_trespass(struct wire *w)
{
	struct ibv_send_wr wr = { .opcode = IBV_WR_RDMA_WRITE, .num_sge = 1 }, *bad;
	struct ibv_sge sge;
	int i, err;

	reap_sends(w);
	i = slab_get(&w->send);
	if (i < 0)
		return i;
	memset(slab_mem(&w->send, i), GUARD_BYTE, 4);
	sge = (struct ibv_sge){ (uintptr_t)slab_mem(&w->send, i), 4, slab_mr(&w->send, i)->lkey };
	wr.wr_id = (uint64_t)i;
	wr.sg_list = &sge;
	wr.wr.rdma.remote_addr = sge.addr;
	wr.wr.rdma.rkey = slab_mr(&w->send, i)->rkey;
	err = ibv_post_send(w->id->qp, &wr, &bad);
	if (err)
		w->send.busy[i] = false;
	return -abs(err);
}

/* Copy the next message to buf and free its slot; returns its length. */
int wire_recv(struct wire *w, void *buf, uint32_t cap, int ms, struct wire_wc *wc)
{
	int64_t deadline = now_ms() + ms;
	uint64_t id;

	memset(wc, 0, sizeof(*wc));
	for (;;) {
		arm(w);
		if (poll_one(w->recv_cq, wc, &id)) {
			w->recv.busy[id] = false;
			if (wc->status)
				return w->disconnected || wc->status == IBV_WC_WR_FLUSH_ERR ? -ENOTCONN : -EIO;
			if (wc->byte_len > cap)
				return -EMSGSIZE;
			memcpy(buf, slab_mem(&w->recv, (int)id), wc->byte_len);
			return (int)wc->byte_len;
		}
		reap_sends(w);
		if (w->disconnected && now_ms() >= w->disconnected_at + LATE_MESSAGE_MS)
			return -ENOTCONN;
		if (now_ms() >= deadline)
			return w->disconnected ? -ENOTCONN : -ETIMEDOUT;
		await_anything(w, wait_until(w, deadline));
	}
}

/* ---- remote memory ----------------------------------------------------- */

void wire_window_free(struct wire_window *win)
{
	if (!win)
		return;
	if (win->mw)
		ibv_dealloc_mw(win->mw);
	if (win->mr)
		ibv_dereg_mr(win->mr);
	free(win->mem);
	free(win);
}

static int bind_mw(struct wire_window *win, uint64_t va, uint64_t len, int access, int ms)
{
	struct wire *w = win->wire;
	struct ibv_send_wr wr = { .wr_id = UINT64_MAX, .opcode = IBV_WR_BIND_MW }, *bad;
	int64_t deadline = now_ms() + ms;
	struct wire_wc wc;
	uint64_t id;
	int err;

	win->mw = ibv_alloc_mw(w->id->pd, IBV_MW_TYPE_2);
	if (!win->mw)
		return -errno;
	wr.bind_mw.mw = win->mw;
	wr.bind_mw.rkey = ibv_inc_rkey(win->mw->rkey);
	wr.bind_mw.bind_info = (struct ibv_mw_bind_info){
		.mr = win->mr, .addr = va, .length = len, .mw_access_flags = (unsigned int)access,
	};
	err = ibv_post_send(w->id->qp, &wr, &bad);
	if (err)
		return -abs(err);
	for (;;) {
		arm(w);
		while (poll_one(w->send_cq, &wc, &id)) {
			if (id == UINT64_MAX) {
				win->mw->rkey = wr.bind_mw.rkey;
				return wc.status ? -EIO : 0;
			}
			w->send.busy[id] = false;
		}
		if (now_ms() >= deadline)
			return -ETIMEDOUT;
		await_anything(w, deadline);
	}
}

/*
 * Memory the peer may read and write. The peer has access to the guards before
 * and after it too, so that an overrun leaves a trace instead of only an error.
 * With invalidatable, the key is a type 2 memory window of exactly len bytes,
 * which SEND with invalidate can invalidate.
 */
int wire_window(struct wire_window **out, struct wire *w, size_t len, size_t guard,
		int readable, int writable, int invalidatable, int ms)
{
	int access = (readable ? IBV_ACCESS_REMOTE_READ : 0) |
		     (writable ? IBV_ACCESS_REMOTE_WRITE : 0);
	struct wire_window *win = calloc(1, sizeof(*win));
	int err;

	*out = NULL;
	if (!win)
		return -ENOMEM;
	win->wire = w;
	win->len = len;
	win->guard = guard;
	win->total = len + 2 * guard;
	win->mem = aligned_alloc(4096, (win->total + 4095) & ~4095ul);
	if (!win->mem) {
		free(win);
		return -ENOMEM;
	}
	memset(win->mem, GUARD_BYTE, win->total);
	win->mr = ibv_reg_mr(w->id->pd, win->mem, win->total, IBV_ACCESS_LOCAL_WRITE | access |
			     (invalidatable ? IBV_ACCESS_MW_BIND : 0));
	err = win->mr ? 0 : -errno;
	if (!err && invalidatable)
		err = bind_mw(win, (uintptr_t)(win->mem + guard), len, access, ms);
	if (err) {
		wire_window_free(win);
		return err;
	}
	*out = win;
	return 0;
}

void *wire_window_mem(struct wire_window *win)
{
	return win->mem + win->guard;
}

uint32_t wire_window_rkey(const struct wire_window *win)
{
	return win->mw ? win->mw->rkey : win->mr->rkey;
}

/* The offset, from the start of the window, of the first guard byte changed; or -1 and 0. */
int wire_window_guards_broken(const struct wire_window *win, int64_t *offset)
{
	for (size_t i = 0; i < win->guard; i++) {
		if (win->mem[i] != GUARD_BYTE) {
			*offset = (int64_t)i - (int64_t)win->guard;
			return 1;
		}
		if (win->mem[win->guard + win->len + i] != GUARD_BYTE) {
			*offset = (int64_t)(win->len + i);
			return 1;
		}
	}
	*offset = -1;
	return 0;
}
