/* SPDX-License-Identifier: GPL-2.0 */
#ifndef INTEGRITY_H
#define INTEGRITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK		512u
#define WORDS		(BLOCK / 8)
#define MAX_DEPTH	64u
#define MAX_IO		(16u << 20)
#define MAGIC		0x1e5e7d15c0b10c05ull

/* The content of a block; generation 0 is a block never written, all zero. */
struct block {
	uint64_t magic, lba;
	uint32_t generation, session;
	uint64_t seed;
	uint64_t filler[WORDS - 4];
};

/* The state of a block: the last acknowledged write, and one whose outcome is unknown or 0. */
struct known {
	uint32_t acked, pending;
};

/* Kept in a file, so that it outlives the connection and this process. */
struct state {
	uint64_t magic, seed, blocks;
	uint32_t session, sessions, generation, unused;
	struct known known[];
};

struct extent {
	uint64_t start;
	uint32_t owner;
};

/* Parameters of the requests. */
struct job {
	uint64_t min, max, memory, ios;
	unsigned int depth_min, depth_max, read_share, pause;	/* pause in ms */
	double seconds;
};

/* Statistics of the requests. */
struct traffic {
	uint64_t writes, reads, bytes_written, bytes_read, errors;
};

/* splitmix64 */
static inline uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

/* integrity.c */
extern struct state *st;
extern int fd;

void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
double now(void);

/* blocks.c */
extern unsigned int wrong;

void make_block(struct block *b, uint64_t seed, uint64_t lba,
		uint32_t generation, uint32_t session);
bool holds(const void *p, uint64_t lba, uint32_t generation);
void report(const uint8_t *p, uint64_t lba, const char *when);
void check_foreign(const uint8_t *p, uint64_t lba, uint32_t owner);
void check(const uint8_t *p, uint64_t lba, uint32_t blocks);

/* requests.c */
extern struct extent *extents;
extern size_t nr_extents;
extern struct traffic traffic;
extern uint64_t random_state;

size_t extent_of(uint64_t lba);
uint64_t extent_end(size_t i);
void lay_out(void);
bool run(const struct job *job);

#endif
