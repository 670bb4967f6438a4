/* An application-level gateway of the worst kind: it replaces whatever looks like an address. */
#ifndef SIM_NAT_ALG_H
#define SIM_NAT_ALG_H

#include "base/addr.h"
#include "sim/packet.h"

/* Each place in the payload where the address and port @was stand, in bytes as in headers, becomes
 * @is. Nothing is done between families. */
void nat_alg_rewrite(struct packet *p, const struct addr *was, const struct addr *is);

#endif
