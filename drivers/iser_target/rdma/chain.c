// SPDX-License-Identifier: GPL-2.0
/* PDUs that are posted together, and what becomes of those that cannot be. */

#include "conn.h"
#include "send.h"
#include "transfer.h"

/**
 * iser_tgt_chain_post - post the PDUs of a chain with one doorbell
 * @conn: their connection
 * @chain: the PDUs, sent with @tx->chain set; may be empty
 *
 * @tx->done of one that cannot be posted is called before this returns. The caller
 * keeps @conn until then.
 *
 * Context: process.
 */
void iser_tgt_chain_post(struct iser_tgt_conn *conn,
			 struct iser_tgt_chain *chain)
{
	struct iser_tgt_tx *tx, *next;
	bool partly;
	int ret;

	if (!chain->first)
		return;

	ret = iser_tgt_post_chain(conn, chain, &partly);
	if (likely(!ret))
		return;

	for (tx = chain->first; tx; tx = next) {
		next = tx->next;
		tx->next = NULL;
		if (tx->xfer)
			iser_tgt_xfer_unposted(tx->xfer, partly, ret);
		else
			tx->done(tx, ret);
		partly = false;
	}
}
