/* The mappings that a gateway has given: to whom, and until when. Each is an open port of its
 * NAT. */
#ifndef SIM_PORT_LEASES_H
#define SIM_PORT_LEASES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/crypto.h"
#include "base/time.h"
#include "sim/nat_forward.h"

/**
 * struct port_lease - One of them
 * @open:	As the NAT knows it
 * @by_pcp:	Who has @nonce may change it; else all may
 */
struct port_lease {
	struct nat_forward open;
	bool by_pcp;
	uint8_t nonce[12];
};

/* Zeroed: none. */
struct port_leases {
	struct port_lease list[NAT_FORWARDS_MAX];
	unsigned count;
};

/* That of an inside endpoint, or NULL. Those that are over are forgotten first. */
struct port_lease *port_leases_find(struct port_leases *l, enum packet_kind kind,
				    const struct addr *inside, nk_time now);

/* How many an inside address has. */
unsigned port_leases_of(struct port_leases *l, const struct addr *ip, nk_time now);

/* The external address of @n for @inside; of what is not translated @inside itself. */
struct addr port_leases_external(const struct nat *n, const struct addr *inside);

/**
 * port_leases_take() - One more
 * @want:	With the external port that would be best, or 0
 * @only:	No other port will do
 *
 * Return: NULL if there is no such port, or no room.
 */
struct port_lease *port_leases_take(struct port_leases *l, struct nat *n,
				    const struct port_lease *want, bool only, struct rng *rng,
				    nk_time now);

/* Another end, and who may come. */
void port_leases_renew(struct port_lease *lease, struct nat *n, const struct nat_forward *as,
		       nk_time now);
void port_leases_end(struct port_leases *l, struct port_lease *lease, struct nat *n, nk_time now);

#endif
