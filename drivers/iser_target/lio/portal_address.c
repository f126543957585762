// SPDX-License-Identifier: GPL-2.0
/* Addresses of portals as text: "<ip>:<port>". */

#include <linux/ctype.h>
#include <linux/if.h>
#include <linux/inet.h>
#include <linux/kstrtox.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/socket.h>
#include <linux/string.h>

#include "portal_address.h"

/**
 * iser_tgt_parse_portal - parse an address and port
 * @name: "1.2.3.4:3260" or "[fe80::1%eth0]:3260", and nothing else
 * @addr: the result
 *
 * Context: process; a scope is looked up in its network namespace.
 * Return: 0 or -EINVAL.
 */
int iser_tgt_parse_portal(const char *name, struct sockaddr_storage *addr)
{
	char host[INET6_ADDRSTRLEN + IFNAMSIZ + 1];
	const char *colon = strrchr(name, ':');
	const char *from = name;
	size_t len;
	u16 port;

	/* Digits only: kstrtou16() accepts a sign. */
	if (!colon || !isdigit(colon[1]) || kstrtou16(colon + 1, 10, &port) ||
	    !port)
		return -EINVAL;

	len = colon - name;
	if (name[0] == '[') {
		if (len < 3 || name[len - 1] != ']')
			return -EINVAL;
		from++;
		len -= 2;
	}
	if (!len || len >= sizeof(host))
		return -EINVAL;
	memcpy(host, from, len);
	host[len] = '\0';

	/*
	 * inet_pton_with_scope() parses the port with base 0: skip the zeros
	 * that would make it octal.
	 */
	return inet_pton_with_scope(current->nsproxy->net_ns,
				    name[0] == '[' ? AF_INET6 : AF_INET, host,
				    colon + 1 + strspn(colon + 1, "0"), addr);
}
