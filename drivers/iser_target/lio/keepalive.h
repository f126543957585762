/* SPDX-License-Identifier: GPL-2.0 */
/* Detection of dead peers: RFC 7143 11.19. */
#ifndef ISER_TGT_KEEPALIVE_H
#define ISER_TGT_KEEPALIVE_H

void iser_tgt_keepalive_start(void);
void iser_tgt_keepalive_stop(void);

#endif
