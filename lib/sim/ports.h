/* The ports of one external address of a NAT, and the identifiers of its ICMP queries. */
#ifndef SIM_PORTS_H
#define SIM_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/crypto.h"
#include "base/time.h"
#include "sim/nat_spec.h"
#include "sim/packet.h"

#define PORTS_LOWEST 1024 /* lower ones are given only to who had the same inside */
#define PORTS_KINDS  (PACKET_QUERY + 1)

/**
 * struct port_range - Ports to choose from
 * @lowest, @count: The same for all kinds
 * @last:	By kind, the one given last, where a sequence goes on
 */
struct port_range {
	int lowest, count;
	uint16_t last[PORTS_KINDS];
};

/**
 * struct ports - Which ports are taken
 * @used:	By kind, one bit each
 * @kept:	By kind, not to be chosen: open from outside
 * @rests_until: By kind and port, when it may be taken again; NULL without a cool-down
 * @all:	Where all are chosen from, unless there are blocks
 * @blocks:	One bit for each block that is somebody's
 */
struct ports {
	uint64_t used[PORTS_KINDS][65536 / 64];
	uint64_t kept[PORTS_KINDS][65536 / 64];
	nk_time (*rests_until)[65536];
	struct port_range all;
	uint64_t blocks[65536 / 64];
};

/**
 * struct port_want - What for a port is wanted
 * @kind:	Below PORTS_KINDS
 * @inside:	The port of the inside endpoint
 * @range:	Where it must be from: all, or a block
 * @taken:	With port overloading, says of a port whether it cannot be had; @user is for it.
 *		NULL: a port is only given if nobody has it
 */
struct port_want {
	const struct nat_spec *spec;
	enum packet_kind kind;
	uint16_t inside;
	struct port_range *range;
	bool (*taken)(const void *user, uint16_t port);
	const void *user;
	struct rng *rng;
	nk_time now;
};

/* Return: NULL without memory. ports_free() takes NULL. */
struct ports *ports_new(const struct nat_spec *spec, struct rng *rng);
void ports_free(struct ports *p);

/* Return: 0 if there is none. */
uint16_t ports_take(struct ports *p, const struct port_want *want);
void ports_give_back(struct ports *p, const struct nat_spec *spec, enum packet_kind kind,
		     uint16_t port, nk_time now);

/* A port is chosen for nobody from now on, unless ports are shared; or is again. */
void ports_keep(struct ports *p, enum packet_kind kind, uint16_t port, bool kept);

/* A block of spec->port_block ports that is nobody's yet. Return: false if there is none. */
bool ports_take_block(struct ports *p, const struct nat_spec *spec, struct rng *rng,
		      struct port_range *out);

#endif
