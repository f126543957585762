// SPDX-License-Identifier: GPL-2.0
/*
 * Writes blocks that say who wrote them, where and when, and checks that each
 * one read is the one that was acknowledged last. See README.md.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BLOCK		512u
#define WORDS		(BLOCK / 8)
#define MAX_DEPTH	64u
#define MAX_IO		(16u << 20)
#define MAGIC		0x1e5e7d15c0b10c05ull
#define MIXED_EXTENT	512u	/* blocks, where sessions take turns */
#define SHOWN		8	/* wrong blocks described */

enum { WRONG_DATA = 1, USAGE = 2, IO_ERROR = 3 };

/* What a block holds; generation 0 is a block never written, all zero. */
struct block {
	uint64_t magic, lba;
	uint32_t generation, session;
	uint64_t seed;
	uint64_t filler[WORDS - 4];
};

/* What we know of a block: the last write acknowledged, one in doubt or 0. */
struct known {
	uint32_t acked, pending;
};

/* A file, so that it outlives the connection and this process. */
struct state {
	uint64_t magic, seed, blocks;
	uint32_t session, sessions, generation, unused;
	struct known known[];
};

struct extent {
	uint64_t start;
	uint32_t owner;
};

struct io {
	struct iocb cb;
	void *memory;	/* mmapped, page aligned */
	uint8_t *data;	/* somewhere in it */
	size_t room;
	uint64_t lba;
	uint32_t blocks, generation;
	bool write;
};

static struct state *st;
static struct extent *extents;
static size_t nr_extents;
static uint8_t *busy;
static int fd;
static uint64_t random_state;
static unsigned int wrong;
static uint64_t writes, reads, bytes_written, bytes_read, errors;

static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("integrity: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(USAGE);
}

/* splitmix64 */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static uint64_t draw(uint64_t below)
{
	random_state = mix(random_state);
	return random_state % below;
}

/* As many small ones as large ones. */
static uint64_t draw_size(uint64_t min, uint64_t max)
{
	uint64_t low = min;

	while (low * 2 <= max && draw(8))
		low *= 2;
	if (draw(4) == 0)
		return low;	/* a round one */
	return low + draw((low * 2 <= max ? low * 2 : max + 1) - low);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ---- blocks ---------------------------------------------------------------- */

static void make_block(struct block *b, uint64_t seed, uint64_t lba,
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

static bool holds(const void *p, uint64_t lba, uint32_t generation)
{
	struct block want;

	if (!generation)
		return is_zero(p);
	if (((const struct block *)p)->generation != generation)
		return false;
	make_block(&want, st->seed, lba, generation, st->session);
	return !memcmp(p, &want, BLOCK);
}

/* The extent a block lies in. */
static size_t extent_of(uint64_t lba)
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

static uint64_t extent_end(size_t i)
{
	return i + 1 < nr_extents ? extents[i + 1].start : st->blocks;
}

/* What a block that is not what it should be looks like. */
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

static void report(const uint8_t *p, uint64_t lba, const char *when)
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

/* A block of the other session: anything it may have written, but whole. */
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
 * SCSI does not promise that a block read while it is being written is one or
 * the other, so what looks torn is read again.
 */
static void check_foreign(const uint8_t *p, uint64_t lba, uint32_t owner)
{
	static uint8_t again[BLOCK] __attribute__((aligned(4096)));

	if (foreign_ok(p, lba, owner))
		return;
	for (int i = 0; i < 50; i++) {
		if (pread(fd, again, BLOCK, (off_t)(lba * BLOCK)) != BLOCK)
			return;	/* an I/O error is not wrong data; others will see it */
		if (foreign_ok(again, lba, owner))
			return;
		usleep(2000);
	}
	report(again, lba, "of the other session");
}

static void check(const uint8_t *p, uint64_t lba, uint32_t blocks)
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

/* ---- who may write where --------------------------------------------------- */

static void add_extent(uint64_t start, uint32_t owner)
{
	extents = realloc(extents, (nr_extents + 1) * sizeof(*extents));
	if (!extents)
		die("no memory");
	extents[nr_extents++] = (struct extent){ start, owner };
}

/*
 * The same for all sessions of a seed: half of the disk in one piece for each,
 * in the other half they take turns.
 */
static void lay_out(void)
{
	uint64_t saved = random_state, own = st->blocks / 2 / st->sessions;

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

/* ---- requests -------------------------------------------------------------- */

static bool free_range(uint64_t lba, uint32_t blocks)
{
	return !memchr(busy + lba, 1, blocks);
}

/* Foreign blocks are not ours to mark. */
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
	/* Half of the buffers begin amid a page. */
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

/* False if the device did not do it. */
static bool completed(struct io *io, int64_t result)
{
	size_t bytes = (size_t)io->blocks * BLOCK;
	bool good = result == (int64_t)bytes;

	mark(io, 0);
	if (!good) {
		if (!errors++)
			printf("error: %s of %zu bytes at block %" PRIu64 ": %s\n",
			       io->write ? "write" : "read", bytes, io->lba,
			       result < 0 ? strerror((int)-result) : "short");
		return false;
	}
	if (io->write) {
		for (uint32_t i = 0; i < io->blocks; i++)
			st->known[io->lba + i] = (struct known){ .acked = io->generation };
		writes++;
		bytes_written += bytes;
	} else {
		check(io->data, io->lba, io->blocks);
		reads++;
		bytes_read += bytes;
	}
	return true;
}

struct job {
	uint64_t min, max, memory, ios;
	unsigned int depth_min, depth_max, read_share;
	double seconds;
};

/* Until the time is over or the device fails; true if it did not. */
static bool run(const struct job *job)
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
	}
	syscall(SYS_io_destroy, aio);
	return good;
}

/* ---- verification ---------------------------------------------------------- */

/* Every block, of ours and of others; what was in doubt is known afterwards. */
static bool verify(void)
{
	const uint32_t step = 2048;
	uint64_t acked = 0, old = 0, new = 0, never = 0, foreign = 0;
	uint8_t *p = mmap(NULL, (size_t)step * BLOCK, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("no memory");
	for (uint64_t lba = 0; lba < st->blocks; lba += step) {
		uint32_t n = (uint32_t)(st->blocks - lba < step ? st->blocks - lba : step);
		ssize_t got = pread(fd, p, (size_t)n * BLOCK, (off_t)(lba * BLOCK));

		if (got != (ssize_t)((size_t)n * BLOCK)) {
			printf("error: read of block %" PRIu64 ": %s\n", lba,
			       got < 0 ? strerror(errno) : "short");
			return false;
		}
		for (uint32_t i = 0; i < n; i++) {
			struct known *k = &st->known[lba + i];
			const uint8_t *b = p + (size_t)i * BLOCK;
			uint32_t owner = extents[extent_of(lba + i)].owner;

			if (owner != st->session) {
				check_foreign(b, lba + i, owner);
				foreign++;
			} else if (holds(b, lba + i, k->acked)) {
				if (k->pending)
					old++;
				else if (k->acked)
					acked++;
				else
					never++;
				k->pending = 0;
			} else if (k->pending && holds(b, lba + i, k->pending)) {
				new++;
				*k = (struct known){ .acked = k->pending };
			} else {
				report(b, lba + i, "at the end");
			}
		}
	}
	munmap(p, (size_t)step * BLOCK);
	printf("verified: blocks acknowledged %" PRIu64 ", in doubt and old %" PRIu64
	       ", in doubt and new %" PRIu64 ", never written %" PRIu64
	       ", of others %" PRIu64 "\n", acked, old, new, never, foreign);
	return true;
}

static bool in_doubt(void)
{
	for (uint64_t lba = 0; lba < st->blocks; lba++)
		if (st->known[lba].pending)
			return true;
	return false;
}

/* ---- the command ----------------------------------------------------------- */

static void usage(void)
{
	fputs("usage: integrity --state FILE [options] DEVICE	write and read, then verify\n"
	      "       integrity --state FILE --verify DEVICE	verify what an earlier run left\n"
	      "--seed N          0: draw one; it is printed (0). All sessions on a disk need the same\n"
	      "--session I/N     which of how many write to the disk (0/1)\n"
	      "--size MIN-MAX    bytes (512-16777216)\n"
	      "--depth MIN-MAX   requests at a time (1-64)\n"
	      "--memory BYTES    in flight at most, and one request more (33554432)\n"
	      "--reads PERCENT   share of reads (40)\n"
	      "--seconds N       (10)\n"
	      "--ios N           instead of seconds\n"
	      "--no-verify       end without reading all back\n"
	      "Exit status: 0 good, 1 wrong data, 2 usage, 3 the device failed and nothing was wrong up to then.\n", stderr);
	exit(USAGE);
}

static void range(const char *text, uint64_t *min, uint64_t *max)
{
	char *end;

	*min = *max = strtoull(text, &end, 0);
	if (*end == '-')
		*max = strtoull(end + 1, &end, 0);
	if (*end || !*min || *max < *min)
		die("no range: %s", text);
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 0);

	if (*end || !*text)
		die("no number: %s", text);
	return n;
}

/* Fresh or of an earlier run. */
static void open_state(const char *path, bool earlier, uint64_t seed, uint64_t blocks,
		       uint32_t session, uint32_t sessions)
{
	size_t size = sizeof(*st) + blocks * sizeof(st->known[0]);
	int file = open(path, O_RDWR | (earlier ? 0 : O_CREAT), 0600);
	struct stat is;

	if (file < 0 || fstat(file, &is))
		die("%s: %s", path, strerror(errno));
	if (!is.st_size && ftruncate(file, (off_t)size))
		die("%s: %s", path, strerror(errno));
	if (is.st_size && is.st_size != (off_t)size)
		die("%s: of a disk of another size", path);
	st = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (st == MAP_FAILED)
		die("%s: %s", path, strerror(errno));
	close(file);
	if (!is.st_size) {
		*st = (struct state){
			.magic = MAGIC, .seed = seed, .blocks = blocks,
			.session = session, .sessions = sessions,
		};
	}
	if (st->magic != MAGIC || st->blocks != blocks)
		die("%s: no state of this disk", path);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "state", 1, NULL, 't' }, { "seed", 1, NULL, 's' }, { "session", 1, NULL, 'i' },
		{ "size", 1, NULL, 'z' }, { "depth", 1, NULL, 'd' },
		{ "memory", 1, NULL, 'm' }, { "reads", 1, NULL, 'r' }, { "seconds", 1, NULL, 'n' },
		{ "ios", 1, NULL, 'o' }, { "verify", 0, NULL, 'v' }, { "no-verify", 0, NULL, 'x' },
		{ NULL, 0, NULL, 0 },
	};
	struct job job = { .memory = 32u << 20, .read_share = 40, .seconds = 10 };
	uint64_t size_min = BLOCK, size_max = MAX_IO, depth_min = 1, depth_max = MAX_DEPTH;
	uint64_t seed = 0, bytes;
	uint32_t session = 0, sessions = 1;
	const char *path = NULL;
	bool only_verify = false, also_verify = true, good = true;
	char tail;
	double start;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 't': path = optarg; break;
		case 's': seed = number(optarg); break;
		case 'i':
			if (sscanf(optarg, "%u/%u%c", &session, &sessions, &tail) != 2 || session >= sessions)
				usage();
			break;
		case 'z': range(optarg, &size_min, &size_max); break;
		case 'd': range(optarg, &depth_min, &depth_max); break;
		case 'm': job.memory = number(optarg); break;
		case 'r': job.read_share = (unsigned int)number(optarg); break;
		case 'n': job.seconds = (double)number(optarg); break;
		case 'o': job.ios = number(optarg); break;
		case 'v': only_verify = true; break;
		case 'x': also_verify = false; break;
		default: usage();
		}
	}
	if (optind + 1 != argc || !path || size_max > MAX_IO || depth_max > MAX_DEPTH ||
	    job.read_share > 100)
		usage();
	job.min = (size_min + BLOCK - 1) / BLOCK;
	job.max = size_max / BLOCK;
	job.depth_min = (unsigned int)depth_min;
	job.depth_max = (unsigned int)depth_max;
	if (job.max < job.min)
		usage();

	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = open(argv[optind], O_RDWR | O_DIRECT);
	if (fd < 0)
		die("%s: %s", argv[optind], strerror(errno));
	if (ioctl(fd, BLKGETSIZE64, &bytes)) {
		struct stat is;

		if (fstat(fd, &is))
			die("%s: %s", argv[optind], strerror(errno));
		bytes = (uint64_t)is.st_size;	/* a file, to try the generator on */
	}
	if (bytes < MAX_IO)
		die("%s: smaller than 16 MiB", argv[optind]);
	if (!seed && getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		die("no randomness");
	open_state(path, only_verify, seed, bytes / BLOCK, session, sessions);
	/* The drawing goes on from where the last run was, not over again. */
	random_state = mix(st->seed + st->session) ^ st->generation;
	lay_out();
	busy = calloc(st->blocks, 1);
	if (!busy)
		die("no memory");
	printf("seed %" PRIu64 ", session %u of %u, %zu extents, %" PRIu64 " blocks\n", st->seed,
	       st->session, st->sessions, nr_extents, st->blocks);

	start = now();
	/* A block has room for one write in doubt. */
	if (!only_verify && in_doubt())
		good = verify();
	if (!only_verify && good && !wrong) {
		good = run(&job);
		printf("did: %" PRIu64 " writes of %" PRIu64 " MiB, %" PRIu64 " reads of %" PRIu64
		       " MiB in %.1f s, errors %" PRIu64 "\n", writes, bytes_written >> 20, reads,
		       bytes_read >> 20, now() - start, errors);
	}
	if (good && !wrong && also_verify)
		good = verify();
	if (wrong) {
		printf("%u wrong blocks\n", wrong);
		return WRONG_DATA;
	}
	return good ? 0 : IO_ERROR;
}
