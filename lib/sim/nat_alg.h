/* An application-level gateway of the worst kind: it replaces whatever looks like an address. */
#ifndef SIM_NAT_ALG_H
#define SIM_NAT_ALG_H

#include "base/addr.h"
#include "sim/packet.h"

/* Each place in the payload where the address @was stands, in bytes as in headers, becomes @is:
 * without the port, which may precede it, as in STUN (RFC 8489 section 14.1), or follow. Nothing is
 * done between families. */
void nat_alg_rewrite(struct packet *p, const struct addr *was, const struct addr *is);

#endif
