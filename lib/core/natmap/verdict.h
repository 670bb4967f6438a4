/* What the map comes to: signs from all parts of a run, and the verdict that they speak for. */
#ifndef CORE_NATMAP_VERDICT_H
#define CORE_NATMAP_VERDICT_H

#include "core/natmap/result.h"

/* Addresses that are nobody's outside: RFC 1918, RFC 6598 (shared), RFC 4193, link-local,
 * loopback. */
enum addr_realm { REALM_PUBLIC, REALM_PRIVATE, REALM_SHARED, REALM_LOCAL };
enum addr_realm addr_realm(const struct addr *a);

/* Reads all but the verdict's own members of @r, and writes those: evidence, verdict, p, nats,
 * carrier_hop. May be called again when more is known. */
void natmap_judge(struct natmap_result *r);

#endif
