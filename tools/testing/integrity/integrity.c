// SPDX-License-Identifier: GPL-2.0
/*
 * Writes blocks that contain their session, LBA and generation, and checks that
 * each block read is the one acknowledged last. See README.md.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "integrity.h"

enum { WRONG_DATA = 1, USAGE = 2, IO_ERROR = 3 };

struct state *st;
int fd;

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("integrity: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(USAGE);
}

double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Check every block of all sessions; resolves the writes with an unknown outcome. */
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
	      "--pause MS        after each answer (0): leaves a processor to others\n"
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

/* Open a new state file, or that of an earlier run. */
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
	/* Host memory on a bus has a fixed size. */
	if (is.st_size && is.st_size < (off_t)size)
		die("%s: of a disk of another size", path);
	st = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (st == MAP_FAILED)
		die("%s: %s", path, strerror(errno));
	close(file);
	if (!is.st_size || (!earlier && !st->magic)) {
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
		{ "ios", 1, NULL, 'o' }, { "pause", 1, NULL, 'p' }, { "verify", 0, NULL, 'v' }, { "no-verify", 0, NULL, 'x' },
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
		case 'p': job.pause = (unsigned int)number(optarg); break;
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
	/* Do not repeat the random sequence of the last run. */
	random_state = mix(st->seed + st->session) ^ st->generation;
	lay_out();
	printf("seed %" PRIu64 ", session %u of %u, %zu extents, %" PRIu64 " blocks\n", st->seed,
	       st->session, st->sessions, nr_extents, st->blocks);

	start = now();
	/* The state of a block can hold only one write with an unknown outcome. */
	if (!only_verify && in_doubt())
		good = verify();
	if (!only_verify && good && !wrong) {
		good = run(&job);
		printf("did: %" PRIu64 " writes of %" PRIu64 " MiB, %" PRIu64 " reads of %" PRIu64
		       " MiB in %.1f s, errors %" PRIu64 "\n", traffic.writes,
		       traffic.bytes_written >> 20, traffic.reads, traffic.bytes_read >> 20,
		       now() - start, traffic.errors);
	}
	if (good && !wrong && also_verify)
		good = verify();
	if (wrong) {
		printf("%u wrong blocks\n", wrong);
		return WRONG_DATA;
	}
	return good ? 0 : IO_ERROR;
}
