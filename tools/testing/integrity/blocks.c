// SPDX-License-Identifier: GPL-2.0
/* The content of a block, and the check of a block that was read. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "integrity.h"

#define SHOWN	8	/* wrong blocks described */

unsigned int wrong;

void make_block(struct block *b, uint64_t seed, uint64_t lba,
		uint32_t generation, uint32_t session)
{
	uint64_t x = mix(mix(seed ^ lba) ^ ((uint64_t)generation << 32 | session));

	b->magic = MAGIC;
	b->lba = lba;
	b->generation = generation;
	b->session = session;
	b->seed = seed;
	for (size_t i = 0; i < WORDS - 4; i++) {
		x = x * 6364136223846793005ull + 1442695040888963407ull;
		b->filler[i] = x;
	}
}

static bool is_zero(const void *p)
{
	static const uint8_t zero[BLOCK];

	return !memcmp(p, zero, BLOCK);
}

bool holds(const void *p, uint64_t lba, uint32_t generation)
{
	struct block want;

	if (!generation)
		return is_zero(p);
	if (((const struct block *)p)->generation != generation)
		return false;
	make_block(&want, st->seed, lba, generation, st->session);
	return !memcmp(p, &want, BLOCK);
}

/* Describe the content of a wrong block. */
static void describe(const uint8_t *p, uint64_t lba)
{
	const struct block *b = (const struct block *)p;
	struct block want;
	unsigned int same = 0, first = 0;
	size_t i;

	if (is_zero(p)) {
		printf("all zero\n");
		return;
	}
	for (i = 1; i < BLOCK && p[i] == p[0]; i++)
		;
	if (i == BLOCK) {
		printf("all %02x\n", p[0]);
		return;
	}
	if (b->magic != MAGIC) {
		printf("no block of ours: %016" PRIx64 " %016" PRIx64 " %016" PRIx64
		       " %016" PRIx64 "\n", b->magic, b->lba, b->filler[0], b->filler[1]);
		return;
	}
	make_block(&want, b->seed, b->lba, b->generation, b->session);
	for (i = 0; i < BLOCK; i++)
		same += p[i] == ((uint8_t *)&want)[i];
	while (first < BLOCK && p[first] == ((uint8_t *)&want)[first])
		first++;
	printf("lba %" PRIu64 " generation %u session %u%s", b->lba,
	       b->generation, b->session, b->seed == st->seed ? "" : " of another seed");
	if (same < BLOCK)
		printf(", mixed with something else from byte %u (%u bytes differ)", first, BLOCK - same);
	else if (b->lba != lba)
		printf(": whole, and in the wrong place");
	putchar('\n');
}

void report(const uint8_t *p, uint64_t lba, const char *when)
{
	const struct known *k = &st->known[lba];
	uint32_t owner = extents[extent_of(lba)].owner;

	if (wrong++ >= SHOWN)
		return;
	printf("wrong: block %" PRIu64 " (%s), ", lba, when);
	if (owner != st->session)
		printf("of session %u, ", owner);
	else if (k->pending)
		printf("must be generation %u or %u, ", k->acked, k->pending);
	else
		printf("must be generation %u, ", k->acked);
	printf("is ");
	describe(p, lba);
}

/* A block of another session: any generation it may have written, but not torn. */
static bool foreign_ok(const uint8_t *p, uint64_t lba, uint32_t owner)
{
	const struct block *b = (const struct block *)p;
	struct block want;

	if (is_zero(p))
		return true;
	make_block(&want, st->seed, lba, b->generation, owner);
	return b->generation && !memcmp(p, &want, BLOCK);
}

/*
 * SCSI does not guarantee that a block read while it is being written is either
 * the old or the new one, so read a torn block again.
 */
void check_foreign(const uint8_t *p, uint64_t lba, uint32_t owner)
{
	static uint8_t again[BLOCK] __attribute__((aligned(4096)));

	if (foreign_ok(p, lba, owner))
		return;
	for (int i = 0; i < 50; i++) {
		if (pread(fd, again, BLOCK, (off_t)(lba * BLOCK)) != BLOCK)
			return;	/* an I/O error is not wrong data; it is reported elsewhere */
		if (foreign_ok(again, lba, owner))
			return;
		usleep(2000);
	}
	report(again, lba, "of the other session");
}

void check(const uint8_t *p, uint64_t lba, uint32_t blocks)
{
	size_t e = extent_of(lba);

	for (uint32_t i = 0; i < blocks; i++, p += BLOCK) {
		while (lba + i >= extent_end(e))
			e++;
		if (extents[e].owner != st->session)
			check_foreign(p, lba + i, extents[e].owner);
		else if (!holds(p, lba + i, st->known[lba + i].acked))
			report(p, lba + i, "read among writes");
	}
}
