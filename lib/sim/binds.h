/* The sockets of a host of the virtual world: what they are bound to, and who finds them. */
#ifndef SIM_BINDS_H
#define SIM_BINDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/crypto.h"
#include "core/core.h"
#include "sim/dict.h"
#include "sim/slab.h"

/**
 * struct bind - A socket
 * @local:	Its address, "any" for all of the host's; of SOCKET_ICMP the port is the id
 * @peer, @accepted: SOCKET_TCP_KNOCK: where it goes, and whether it was let in
 */
struct bind {
	struct dict_node by_id, by_local;
	uint32_t id;
	enum socket_kind kind;
	struct addr local, peer;
	bool accepted;
};

/**
 * struct binds - All sockets of a host
 * @ephemeral, @stride: Where the walk over ephemeral ports is, and how it goes on
 */
struct binds {
	struct dict by_id, by_local;
	struct slab slab;
	uint32_t ephemeral, stride;
};

struct binds binds_make(struct rng *rng);
void binds_close_all(struct binds *b);

/* @local: what to bind; its port 0 is replaced by an ephemeral one. Return: 0 or an errno value. */
int binds_open(struct binds *b, uint32_t id, enum socket_kind kind, struct addr *local);
void binds_close(struct binds *b, uint32_t id); /* also one that is not open */

struct bind *binds_find(const struct binds *b, uint32_t id);

/* Whose a packet to @to is: of what is bound to it, or else to "any" of its family. */
struct bind *binds_for(const struct binds *b, enum socket_kind kind, const struct addr *to);

/* Whether one is bound to just that address, whatever the port. */
bool binds_use(const struct binds *b, const struct addr *ip);

#endif
