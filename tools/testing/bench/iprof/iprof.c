// SPDX-License-Identifier: GPL-2.0
/*
 * A QEMU TCG plugin that counts the instructions of a one-processor guest by call path: each is charged to its function, below the
 * functions that called it. Exact, not sampled; between two marks that the guest sets with iprofctl.
 *
 * usage: -plugin file=iprof.so,dir=DIR    with a copy of the guest's /proc/kallsyms in DIR before the first mark
 * The n-th pair of marks writes DIR/iprof.n: a line "node parent function module instructions" for each path; node 0 is the root.
 *
 * How the caller is determined: a CALL stores its return address on the stack and a RET loads it, so the address of that access
 * identifies the stack and its depth. A frame records its stack address and is removed by a RET from that address or above it, which
 * also repairs the effects of jumps, context switches and interrupts in between.
 *
 * A REP string instruction counts once for each iteration, as it does under -icount.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Debian has no qemu-plugin.h; these are the parts of API version 1 used here. */
typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { QEMU_PLUGIN_CB_NO_REGS };
enum { QEMU_PLUGIN_MEM_R = 1, QEMU_PLUGIN_MEM_W = 2 };
typedef void (*exec_cb)(unsigned int vcpu, void *udata);
typedef void (*mem_cb)(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *udata);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, void (*cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, exec_cb cb, int flags, void *udata);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, exec_cb cb, int flags, void *udata);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, mem_cb cb, int flags, int rw, void *udata);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

static char dir[512] = ".";
static bool counting;

static void *zalloc(size_t size)
{
	void *p = calloc(1, size);

	if (!p) {
		fputs("iprof: no memory\n", stderr);
		abort();
	}
	return p;
}

/* --- functions --- */

enum { ENTRY = 1, THUNK = 2 };

struct func {
	uint64_t addr;
	int flags;
	char name[64], module[32];
};

static struct func *funcs;
static size_t nfuncs;
static struct func user = { .name = "(user)", .module = "user" }, unknown = { .name = "(unknown)", .module = "?" };

static int by_addr(const void *a, const void *b)
{
	const struct func *x = a, *y = b;

	/* the last of several names at one address is used: sort those with flags last */
	return x->addr == y->addr ? x->flags - y->flags : x->addr < y->addr ? -1 : 1;
}

static bool starts(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

static void load_functions(void)
{
	char path[600], line[600], type, name[256], module[64];
	unsigned long long addr;
	size_t room = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/kallsyms", dir);
	f = fopen(path, "r");
	if (!f) {
		perror(path);
		abort();
	}
	while (fgets(line, sizeof(line), f)) {
		struct func *fn;

		strcpy(module, "[vmlinux]");
		if (sscanf(line, "%llx %c %255s %63s", &addr, &type, name, module) < 3 || !strchr("tTwW", type) || !addr)
			continue;
		if (nfuncs == room) {
			room = room ? 2 * room : 1 << 17;
			funcs = realloc(funcs, room * sizeof(*funcs));
			if (!funcs)
				abort();
		}
		fn = &funcs[nfuncs++];
		fn->addr = addr;
		snprintf(fn->name, sizeof(fn->name), "%.63s", name);
		snprintf(fn->module, sizeof(fn->module), "%.*s", (int)strcspn(module + 1, "]"), module + 1);
		/* ENTRY: interrupt and exception entries, which have no caller. THUNK: passed through on the way to the function called. */
		fn->flags = starts(name, "asm_sysvec") || starts(name, "asm_common_interrupt") || starts(name, "asm_exc_") ||
			starts(name, "entry_SYSCALL") || starts(name, "ret_from_fork") ? ENTRY : starts(name, "__x86_") ? THUNK : 0;
	}
	fclose(f);
	if (!nfuncs) {
		fprintf(stderr, "iprof: no function in %s\n", path);
		abort();
	}
	qsort(funcs, nfuncs, sizeof(*funcs), by_addr);
}

static struct func *func_at(uint64_t addr)
{
	size_t lo = 0, hi = nfuncs;

	if (addr < 1ull << 47)
		return &user;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (funcs[mid].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? &funcs[lo - 1] : &unknown;
}

/* --- call paths --- */

struct node {
	struct func *func;
	struct node *parent, *hash_next, *all_next;
	uint64_t count;
	unsigned int id;
};

#define NODE_HASH (1u << 18)
static struct func nowhere = { .name = "(root)", .module = "-" };
static struct node *node_hash[NODE_HASH], root = { .func = &nowhere }, *all_nodes, **all_end = &all_nodes;
static unsigned int last_id;

static struct node *child(struct node *parent, struct func *func)
{
	struct node *n, **head = &node_hash[(((uintptr_t)parent >> 4) * 31 + ((uintptr_t)func >> 3)) * 2654435761u % NODE_HASH];

	for (n = *head; n; n = n->hash_next)
		if (n->parent == parent && n->func == func)
			return n;
	n = zalloc(sizeof(*n));
	n->func = func;
	n->parent = parent;
	n->id = ++last_id;
	n->hash_next = *head;
	*head = n;
	*all_end = n;
	all_end = &n->all_next;
	return n;
}

/* --- stacks --- */

struct frame {
	uint64_t sp;
	struct node *parent, *node;
};

struct stack {
	uint64_t last;
	int depth;
	struct frame frame[1024];	/* [0] is for callers from before the first mark */
};

struct range {
	uint64_t base;
	struct stack *stack;
	struct range *next;
};

#define RANGE_HASH 4096u
static struct range *ranges[RANGE_HASH];
static struct stack *cur;

static struct stack *stack_at(uint64_t sp)
{
	uint64_t base = sp >> 14;
	struct range *r, **head = &ranges[base * 2654435761u % RANGE_HASH];

	for (r = *head; r; r = r->next)
		if (r->base == base)
			return r->stack;
	r = zalloc(sizeof(*r));
	r->base = base;
	/* an interrupt stack need not be aligned to its size: an access just below the last one is on the same stack */
	if (cur && cur->last > sp && cur->last - sp < 4096) {
		r->stack = cur;
	} else {
		r->stack = zalloc(sizeof(*r->stack));
		r->stack->frame[0].sp = UINT64_MAX;
		r->stack->frame[0].parent = &root;
	}
	r->next = *head;
	*head = r;
	return r->stack;
}

static struct node *in_function(struct frame *top, struct func *func)
{
	if (func->flags == THUNK)
		return top->node ? top->node : top->parent;
	if (!top->node || top->node->func != func)
		top->node = child(func->flags == ENTRY ? &root : top->parent, func);
	return top->node;
}

/* --- guest execution --- */

struct block {
	uint64_t addr, n;
	struct func *func;
	struct block *next;
};

static void block_runs(unsigned int vcpu, void *udata)
{
	struct block *b = udata;
	struct frame *top;

	if (!counting)
		return;
	if (!b->func)
		b->func = func_at(b->addr);
	top = &cur->frame[b->func == &user ? 0 : cur->depth];
	if (b->func == &user)
		cur->depth = 0;
	in_function(top, b->func)->count += b->n;
}

static void stands_at(uint64_t sp)
{
	cur = stack_at(sp);
	cur->last = sp;
	while (cur->depth && cur->frame[cur->depth].sp <= sp)
		cur->depth--;
}

static void calls(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t sp, void *udata)
{
	struct block *b = udata;
	struct node *caller;

	if (!counting || !b->func)
		return;
	stands_at(sp);
	caller = in_function(&cur->frame[cur->depth], b->func);
	if (cur->depth + 1u < sizeof(cur->frame) / sizeof(cur->frame[0])) {
		cur->depth++;
		cur->frame[cur->depth] = (struct frame){ .sp = sp, .parent = caller };
	}
}

static void returns(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t sp, void *udata)
{
	if (counting)
		stands_at(sp);
}

static void mark_start(unsigned int vcpu, void *udata)
{
	struct node *n;

	if (!nfuncs)
		load_functions();
	cur = stack_at(0);
	for (n = all_nodes; n; n = n->all_next)
		n->count = 0;
	counting = true;
}

static void mark_stop(unsigned int vcpu, void *udata)
{
	static int dumps;
	char path[600];
	struct node *n;
	FILE *f;

	counting = false;
	snprintf(path, sizeof(path), "%s/iprof.%d", dir, dumps++);
	f = fopen(path, "w");
	if (!f) {
		perror(path);
		abort();
	}
	for (n = all_nodes; n; n = n->all_next)
		fprintf(f, "%u %u %s %s %llu\n", n->id, n->parent->id, n->func->name, n->func->module, (unsigned long long)n->count);
	fclose(f);
}

enum kind { OTHER, CALL, RET };

static enum kind kind_of(const unsigned char *code, size_t len)
{
	size_t i = 0;

	while (i < len && (memchr("\x66\x67\x2e\x3e\xf2\xf3", code[i], 6) || (code[i] & 0xf0) == 0x40))
		i++;
	if (i == len)
		return OTHER;
	if (code[i] == 0xe8 || (code[i] == 0xff && i + 1 < len && (code[i + 1] >> 3 & 7) == 2))
		return CALL;
	return code[i] == 0xc3 || code[i] == 0xc2 ? RET : OTHER;
}

/* The block of an address and length. Never freed, because translated code refers to it. */
static struct block *block_of(uint64_t addr, size_t n)
{
	static struct block *hash[1u << 18];
	struct block *b, **head = &hash[((addr ^ addr >> 18) * 2654435761u + n) % (sizeof(hash) / sizeof(hash[0]))];

	for (b = *head; b; b = b->next)
		if (b->addr == addr && b->n == n)
			return b;
	b = zalloc(sizeof(*b));
	b->addr = addr;
	b->n = n;
	b->next = *head;
	*head = b;
	return b;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);
	struct block *b = block_of(qemu_plugin_tb_vaddr(tb), n);

	qemu_plugin_register_vcpu_tb_exec_cb(tb, block_runs, QEMU_PLUGIN_CB_NO_REGS, b);
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		const unsigned char *code = qemu_plugin_insn_data(insn);
		size_t len = qemu_plugin_insn_size(insn);

		/* nopl 0x15e0c0NN(%rax): iprofctl */
		if (len == 7 && !memcmp(code, "\x0f\x1f\x80", 3) && !memcmp(code + 4, "\xc0\xe0\x15", 3))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, code[3] == 1 ? mark_start : mark_stop, QEMU_PLUGIN_CB_NO_REGS, NULL);
		if (b->addr < 1ull << 47)
			continue;
		switch (kind_of(code, len)) {
		case CALL:
			qemu_plugin_register_vcpu_mem_cb(insn, calls, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_W, b);
			break;
		case RET:
			qemu_plugin_register_vcpu_mem_cb(insn, returns, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_R, b);
			break;
		case OTHER:
			break;
		}
	}
}

__attribute__((visibility("default")))
int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++)
		if (starts(argv[i], "dir="))
			snprintf(dir, sizeof(dir), "%s", argv[i] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
