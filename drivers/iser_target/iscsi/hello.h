/* SPDX-License-Identifier: GPL-2.0 */
/* The iSER Hello exchange: RFC 7145 5.1.3, 9.3 and 9.4. */
#ifndef ISER_TGT_ISCSI_HELLO_H
#define ISER_TGT_ISCSI_HELLO_H

#include "base.h"

/**
 * enum iser_tgt_hello_verdict - how to handle an iSER Hello
 * @ISER_TGT_HELLO_OK: send the HelloReply and continue
 * @ISER_TGT_HELLO_REFUSE: send the HelloReply, which has REJ set, and close
 * @ISER_TGT_HELLO_MALFORMED: format error: close without a reply
 */
enum iser_tgt_hello_verdict {
	ISER_TGT_HELLO_OK,
	ISER_TGT_HELLO_REFUSE,
	ISER_TGT_HELLO_MALFORMED,
};

enum iser_tgt_hello_verdict iser_tgt_hello(const u8 *hello, size_t received,
					   u8 *reply, u16 *ord);

#endif
