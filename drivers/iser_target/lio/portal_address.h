/* SPDX-License-Identifier: GPL-2.0 */
/* Addresses of portals as text: "<ip>:<port>". */
#ifndef ISER_TGT_PORTAL_ADDRESS_H
#define ISER_TGT_PORTAL_ADDRESS_H

struct sockaddr_storage;

/* Length of such a text that is stored, its NUL included. */
#define ISER_TGT_PORTAL_ADDRESS_MAX	64

int iser_tgt_parse_portal(const char *name, struct sockaddr_storage *addr);

#endif
