/* The prefix of a NAT64 in the way, as the resolver tells it (RFC 7050). */
#ifndef IO_NAT64_H
#define IO_NAT64_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/time.h"

/**
 * nat64_find() - Ask the resolver for an IPv6 address of ipv4only.arpa, which has none
 * @out:	The prefix, its length (RFC 6052: 32 to 96) as the port; written on success only
 * @limit:	How long to wait for the resolver; this blocks until then
 *
 * Return: false if there is no prefix, or no answer in time.
 */
bool nat64_find(struct addr *out, nk_time limit);

/* The prefix of such an answer: the address has 192.0.0.170 or .171 in it where RFC 6052 section
 * 2.2 puts it. */
bool nat64_prefix_of(struct addr *out, const struct addr *answer);

#endif
