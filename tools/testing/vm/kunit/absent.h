/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For a kernel that is configured without KUnit: lib/kunit is built as an
 * external module (build-kunit), and so are suites. Included before everything
 * else (-include).
 */
#ifndef ISER_TGT_KUNIT_ABSENT_H
#define ISER_TGT_KUNIT_ABSENT_H

#include <linux/module.h>
#include <linux/sched.h>

/* Not earlier: struct module and struct task_struct are the kernel's. */
#define CONFIG_KUNIT_MODULE		1
#define CONFIG_KUNIT_DEBUGFS		1
#define CONFIG_KUNIT_DEFAULT_ENABLED	1
#define CONFIG_KUNIT_AUTORUN_ENABLED	1
#define CONFIG_KUNIT_DEFAULT_TIMEOUT	300
#define CONFIG_KUNIT_DEFAULT_FILTER	""
#define CONFIG_KUNIT_DEFAULT_FILTER_GLOB	""
#define CONFIG_KUNIT_DEFAULT_FILTER_ACTION	""

/* In place of a field of task_struct; KUnit's threads enter no file system. */
#define kunit_test		journal_info
#define KUNIT_TEST_OF_CURRENT	((struct kunit **)&current->journal_info)

#include <kunit/test.h>

/* struct module does not tell KUnit of them: the module starts them. */
#undef kunit_test_suites
#define kunit_test_suites(...)						\
static struct kunit_suite *suites[] = { __VA_ARGS__ };			\
static int __init suites_init(void)					\
{									\
	return __kunit_test_suites_init(suites, ARRAY_SIZE(suites), true); \
}									\
static void __exit suites_exit(void)					\
{									\
	__kunit_test_suites_exit(suites, ARRAY_SIZE(suites));		\
}									\
module_init(suites_init);						\
module_exit(suites_exit)

#endif
