/* SPDX-License-Identifier: GPL-2.0 */
/* As much of KUnit as the unit tests use, on top of cmocka. */
#ifndef ISER_TGT_USERSPACE_KUNIT_H
#define ISER_TGT_USERSPACE_KUNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct kunit {
	void *priv;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
};

#define KUNIT_CASE(test_name)	{ .run_case = test_name, .name = #test_name }

struct kunit_suite {
	const char *name;
	int (*init)(struct kunit *test);
	void (*exit)(struct kunit *test);
	struct kunit_case *test_cases;
};

static inline void *unit_zalloc(size_t size)
{
	void *block = calloc(1, size);

	assert_non_null(block);
	return block;
}

static inline void unit_free(void *block)
{
	free(block);
}

/* The state of cmocka's functions. */
struct unit_state {
	struct kunit test;
	const struct kunit_suite *suite;
	const struct kunit_case *test_case;
};

static inline int unit_init(void **state)
{
	struct unit_state *unit = *state;

	return unit->suite->init ? unit->suite->init(&unit->test) : 0;
}

static inline int unit_exit(void **state)
{
	struct unit_state *unit = *state;

	if (unit->suite->exit)
		unit->suite->exit(&unit->test);
	return 0;
}

static inline void unit_case(void **state)
{
	struct unit_state *unit = *state;

	unit->test_case->run_case(&unit->test);
}

static inline int unit_run(const struct kunit_suite *suite)
{
	const struct kunit_case *test_case;
	struct unit_state *units;
	struct CMUnitTest *tests;
	size_t n = 0;
	int failed;

	for (test_case = suite->test_cases; test_case->run_case; test_case++)
		n++;
	tests = unit_zalloc(n * sizeof(*tests));
	units = unit_zalloc(n * sizeof(*units));
	while (n-- > 0) {
		units[n].suite = suite;
		units[n].test_case = &suite->test_cases[n];
		tests[n].name = suite->test_cases[n].name;
		tests[n].test_func = unit_case;
		tests[n].setup_func = unit_init;
		tests[n].teardown_func = unit_exit;
		tests[n].initial_state = &units[n];
	}
	n = test_case - suite->test_cases;
	failed = _cmocka_run_group_tests(suite->name, tests, n, NULL, NULL);
	free(units);
	free(tests);
	return failed;
}

/* Each suite is a program. */
#define UNIT_SUITE(suite)						\
	int main(void)							\
	{								\
		return unit_run(&(suite));				\
	}

#endif
