// SPDX-License-Identifier: GPL-2.0
/* Requests: the extents of each session, random requests and their completion. */
#include <errno.h>
#include <inttypes.h>
#include <linux/aio_abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "integrity.h"

#define MIXED_EXTENT	512u	/* blocks, where sessions take turns */

struct io {
	struct iocb cb;
	void *memory;	/* mmapped, page aligned */
	uint8_t *data;	/* within memory */
	size_t room;
	uint64_t lba;
	uint32_t blocks, generation;
	bool write;
};

struct extent *extents;
struct traffic traffic;
uint64_t random_state;
size_t nr_extents;
static uint8_t *busy;

static uint64_t draw(uint64_t below)
{
	random_state = mix(random_state);
	return random_state % below;
}

/* A random size, small and large ones alike: each power of two gets its share. */
static uint64_t draw_size(uint64_t min, uint64_t max)
{
	uint64_t low = min;

	while (low * 2 <= max && draw(8))
		low *= 2;
	if (draw(4) == 0)
		return low;	/* a round one */
	return low + draw((low * 2 <= max ? low * 2 : max + 1) - low);
}

/* The extent that contains a block. */
size_t extent_of(uint64_t lba)
{
	size_t low = 0, high = nr_extents;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (extents[middle].start <= lba)
			low = middle;
		else
			high = middle;
	}
	return low;
}

uint64_t extent_end(size_t i)
{
	return i + 1 < nr_extents ? extents[i + 1].start : st->blocks;
}

static void add_extent(uint64_t start, uint32_t owner)
{
	extents = realloc(extents, (nr_extents + 1) * sizeof(*extents));
	if (!extents)
		die("no memory");
	extents[nr_extents++] = (struct extent){ start, owner };
}

/*
 * The same layout for all sessions of a seed: in one half of the disk each has
 * one contiguous extent, in the other half their extents alternate.
 */
void lay_out(void)
{
	uint64_t saved = random_state, own = st->blocks / 2 / st->sessions;

	busy = calloc(st->blocks, 1);
	if (!busy)
		die("no memory");
	if (st->sessions == 1) {
		add_extent(0, 0);
		return;
	}
	for (uint32_t i = 0; i < st->sessions; i++)
		add_extent(own * i, i);
	random_state = mix(st->seed);
	for (uint64_t at = own * st->sessions; at < st->blocks; at += draw_size(1, MIXED_EXTENT))
		add_extent(at, (uint32_t)(nr_extents % st->sessions));
	random_state = saved;
}

static bool free_range(uint64_t lba, uint32_t blocks)
{
	return !memchr(busy + lba, 1, blocks);
}

/* Mark the blocks of a request, except those of other sessions. */
static void mark(const struct io *io, uint8_t value)
{
	size_t e = extent_of(io->lba);

	for (uint64_t lba = io->lba; lba < io->lba + io->blocks; lba++) {
		while (lba >= extent_end(e))
			e++;
		if (extents[e].owner == st->session)
			busy[lba] = value;
	}
}

static bool plan(struct io *io, uint64_t min, uint64_t max, unsigned int read_share)
{
	uint64_t size, start = 0, end = st->blocks;

	io->write = draw(100) >= read_share;
	for (int tries = 0; tries < 16; tries++) {
		size = draw_size(min, max);
		if (io->write) {
			size_t e = extent_of(draw(st->blocks));

			while (extents[e].owner != st->session)
				e = (e + 1) % nr_extents;
			start = extents[e].start;
			end = extent_end(e);
		}
		if (size > end - start)
			size = end - start;
		io->lba = start + draw(end - start - size + 1);
		io->blocks = (uint32_t)size;
		if (free_range(io->lba, io->blocks))
			return true;
	}
	return false;
}

static void prepare(struct io *io)
{
	size_t bytes = (size_t)io->blocks * BLOCK, room = bytes + 4096;

	if (room > io->room) {
		if (io->memory)
			munmap(io->memory, io->room);
		io->room = (room + 65535) & ~(size_t)65535;
		io->memory = mmap(NULL, io->room, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (io->memory == MAP_FAILED)
			die("no memory");
	}
	/* Half of the buffers do not start at a page boundary. */
	io->data = (uint8_t *)io->memory + (draw(2) ? BLOCK * draw(8) : 0);
	if (io->write) {
		struct block *b = (struct block *)io->data;

		io->generation = ++st->generation;
		for (uint32_t i = 0; i < io->blocks; i++) {
			make_block(b + i, st->seed, io->lba + i, io->generation, st->session);
			st->known[io->lba + i].pending = io->generation;
		}
	} else {
		memset(io->data, 0xee, bytes);
	}
	mark(io, 1);
	io->cb = (struct iocb){
		.aio_data = (uintptr_t)io,
		.aio_lio_opcode = io->write ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD,
		.aio_fildes = (uint32_t)fd,
		.aio_buf = (uintptr_t)io->data,
		.aio_nbytes = bytes,
		.aio_offset = (int64_t)(io->lba * BLOCK),
	};
}

/* Handle a completion; false if the device has failed the request. */
static bool completed(struct io *io, int64_t result)
{
	size_t bytes = (size_t)io->blocks * BLOCK;
	bool good = result == (int64_t)bytes;

	mark(io, 0);
	if (!good) {
		if (!traffic.errors++)
			printf("error: %s of %zu bytes at block %" PRIu64 ": %s\n",
			       io->write ? "write" : "read", bytes, io->lba,
			       result < 0 ? strerror((int)-result) : "short");
		return false;
	}
	if (io->write) {
		for (uint32_t i = 0; i < io->blocks; i++)
			st->known[io->lba + i] = (struct known){ .acked = io->generation };
		traffic.writes++;
		traffic.bytes_written += bytes;
	} else {
		check(io->data, io->lba, io->blocks);
		traffic.reads++;
		traffic.bytes_read += bytes;
	}
	return true;
}

/* Run until the time is over or the device fails; false if it has failed. */
bool run(const struct job *job)
{
	static struct io ios[MAX_DEPTH];
	struct io *idle[MAX_DEPTH];
	unsigned int nr_idle = MAX_DEPTH, depth = job->depth_min, started = 0;
	struct io_event events[MAX_DEPTH];
	aio_context_t aio = 0;
	uint64_t in_flight = 0;
	double end = now() + job->seconds;
	bool stop = false, good = true;
	long got;

	if (syscall(SYS_io_setup, MAX_DEPTH, &aio))
		die("io_setup: %s", strerror(errno));
	for (unsigned int i = 0; i < MAX_DEPTH; i++)
		idle[i] = &ios[i];

	for (;;) {
		if ((job->ios && started >= job->ios) || (!job->ios && now() >= end) || wrong)
			stop = true;
		while (!stop && MAX_DEPTH - nr_idle < depth && in_flight <= job->memory) {
			struct io *io = idle[nr_idle - 1];
			struct iocb *cb = &io->cb;

			if (job->ios && started >= job->ios)
				break;
			if (!plan(io, job->min, job->max, job->read_share))
				break;
			prepare(io);
			got = syscall(SYS_io_submit, aio, 1, &cb);
			if (got != 1) {
				/* Refused at once, as by a disk that is offline. */
				good = completed(io, -errno);
				stop = true;
				break;
			}
			nr_idle--;
			in_flight += io->cb.aio_nbytes;
			if (++started % 100 == 0)
				depth = job->depth_min +
					(unsigned int)draw(job->depth_max - job->depth_min + 1);
		}
		if (nr_idle == MAX_DEPTH) {
			if (stop)
				break;
			continue;
		}
		got = syscall(SYS_io_getevents, aio, 1, MAX_DEPTH, events, NULL);
		if (got < 0) {
			if (errno == EINTR)
				continue;
			die("io_getevents: %s", strerror(errno));
		}
		for (long i = 0; i < got; i++) {
			struct io *io = (struct io *)(uintptr_t)events[i].data;

			in_flight -= io->cb.aio_nbytes;
			idle[nr_idle++] = io;
			if (!completed(io, events[i].res))
				good = false;
		}
		if (!good)
			stop = true;
		if (job->pause)
			usleep(job->pause * 1000);
	}
	syscall(SYS_io_destroy, aio);
	return good;
}
