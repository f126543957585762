// SPDX-License-Identifier: GPL-2.0
/* Where RDMA drivers differ from what verbs promise. */

#include <rdma/ib_verbs.h>

#include "../compat.h"
#include "quirks.h"

static const struct {
	enum rdma_driver_id driver;
	struct iser_tgt_quirks quirks;
} iser_tgt_quirks[] = {
	/*
	 * A send completes when TCP has its pages, and TCP retransmits from
	 * there. After rdma_disconnect() the send queue is not flushed. Both up
	 * to Linux 7.3.
	 */
	{ RDMA_DRIVER_SIW, {
		.completes_early = true,
		.disconnect_skips_flush = true,
	} },
	/*
	 * A connection that breaks in the middle of a message takes a buffer of
	 * its shared receive queue along: up to Linux 7.3. Until 6.11 the event
	 * does not come, and completions may follow the drain.
	 */
	{ RDMA_DRIVER_RXE, {
		.srq_loses = true,
#ifdef ISER_TGT_LACKS_RXE_SRQ_DRAIN
		.srq_silent = true,
#endif
	} },
};

/**
 * iser_tgt_quirks_of - look up a device's quirks
 * @ibdev: the device
 *
 * Return: the quirks, none for most drivers.
 */
struct iser_tgt_quirks iser_tgt_quirks_of(const struct ib_device *ibdev)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(iser_tgt_quirks); i++)
		if (ibdev->ops.driver_id == iser_tgt_quirks[i].driver)
			return iser_tgt_quirks[i].quirks;

	return (struct iser_tgt_quirks) {};
}
