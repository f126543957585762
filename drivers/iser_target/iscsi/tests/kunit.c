// SPDX-License-Identifier: GPL-2.0
/* The unit tests as a KUnit module. */
#include <linux/module.h>

#include "test.h"

kunit_test_suites(&iser_tgt_test_chap,
		  &iser_tgt_test_exchange,
		  &iser_tgt_test_hello,
		  &iser_tgt_test_keys,
		  &iser_tgt_test_login,
		  &iser_tgt_test_login_chap,
		  &iser_tgt_test_login_keys,
		  &iser_tgt_test_name,
		  &iser_tgt_test_pdu,
		  &iser_tgt_test_pdu_build,
		  &iser_tgt_test_text,
		  &iser_tgt_test_transport_id,
		  &iser_tgt_test_window);

MODULE_DESCRIPTION("KUnit tests of the iSER target's protocol code");
MODULE_LICENSE("GPL");
