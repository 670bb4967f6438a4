/* What NAT64 does to addresses and packets: RFC 6052, 6146 and 7915. */
#ifndef SIM_NAT64_H
#define SIM_NAT64_H

#include <stdbool.h>

#include "base/addr.h"
#include "sim/nat_spec.h"
#include "sim/packet.h"

/* The well-known prefix where the spec has none (RFC 6052 section 2.1). */
void nat64_complete(struct nat_spec *spec);

/* Whether @spec is of a NAT64 and the IPv6 address is in its prefix. */
bool nat64_has(const struct nat_spec *spec, const struct addr *a);

/* Whether @spec is of a NAT64 and what is sent to @a is only routed. */
bool nat64_routes(const struct nat_spec *spec, const struct addr *a);

/* The IPv4 endpoint that one in the prefix stands for, and back. */
struct addr nat64_v4(const struct addr *v6);
struct addr nat64_v6(const struct nat_spec *spec, const struct addr *v4);

/* What becomes different besides the addresses when a packet changes the family. */
void nat64_to_v4(struct packet *p);
void nat64_to_v6(struct packet *p);

#endif
