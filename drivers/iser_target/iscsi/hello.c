// SPDX-License-Identifier: GPL-2.0
#include "hello.h"
#include "pdu.h"

#define HELLO_VERSION	10
#define HELLO_REJ	0x01

/**
 * iser_tgt_hello - answer an iSER Hello
 * @hello: the message
 * @received: its length in bytes
 * @reply: ISER_TGT_ISER_HDR_LEN bytes for the HelloReply, all written unless
 *	the message is malformed
 * @ord: RDMA READs this target would have in flight; lowered to iSER-IRD of the
 *	peer
 *
 * RFC 7145 5.1.3: iSER-ORD must not exceed the iSER-IRD of the peer. 10.1.3.2:
 * refused if the versions do not overlap, or if the peer accepts RDMA READs but
 * @ord is 0.
 *
 * Return: what to do next.
 */
enum iser_tgt_hello_verdict iser_tgt_hello(const u8 *hello, size_t received,
					   u8 *reply, u16 *ord)
{
	bool refuse;
	u16 ird;

	if (received != ISER_TGT_ISER_HDR_LEN ||
	    (hello[0] & ISER_TGT_ISER_OP_MASK) != ISER_TGT_ISER_OP_HELLO)
		return ISER_TGT_HELLO_MALFORMED;

	ird = get_unaligned_be16(hello + 2);
	refuse = hello[1] >> 4 < HELLO_VERSION ||
		 (hello[1] & 0xf) > HELLO_VERSION || (ird && !*ord);
	*ord = min_t(u16, *ord, ird);

	memset(reply, 0, ISER_TGT_ISER_HDR_LEN);
	reply[0] = ISER_TGT_ISER_OP_HELLORPLY | (refuse ? HELLO_REJ : 0);
	reply[1] = HELLO_VERSION << 4 | HELLO_VERSION;
	put_unaligned_be16(*ord, reply + 2);
	return refuse ? ISER_TGT_HELLO_REFUSE : ISER_TGT_HELLO_OK;
}
