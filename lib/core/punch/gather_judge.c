#include "core/punch/gather_judge.h"

#include <stdlib.h>
#include <string.h>

#define LEAST_PORTS 4   /* fewer say nothing */
#define NEAR        256 /* ports so near are not two drawn at random from all */

static int by_number(const void *a, const void *b)
{
	const struct gather_port *x = a, *y = b;

	return (x->mapped > y->mapped) - (x->mapped < y->mapped);
}

static int gcd(int a, int b)
{
	while (b != 0) {
		const int rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Share of pairs whose later one has the higher port: 1 upwards, 0 downwards. */
static double rising(const struct gather_port *p, unsigned count)
{
	unsigned up = 0, pairs = 0;

	for (unsigned i = 0; i < count; i++)
		for (unsigned k = i + 1; k < count; k++, pairs++)
			up += p[k].mapped > p[i].mapped;
	return (double)up / pairs;
}

/*
 * Ports given one after the other are a step apart once sorted, or a multiple of it where others
 * were given theirs in between. Three quarters must be exactly one step apart and in order: ports
 * drawn at random from a small block are near each other too.
 */
static bool is_sequence(const struct gather_port *p, const struct gather_port *sorted,
			unsigned count, int *step)
{
	const double up = rising(p, count);
	unsigned exact = 0;
	int unit = 0;

	for (unsigned i = 1; i < count; i++)
		unit = gcd(sorted[i].mapped - sorted[i - 1].mapped, unit);
	for (unsigned i = 1; i < count; i++)
		exact += sorted[i].mapped - sorted[i - 1].mapped == unit;
	if (unit == 0 || unit > NEAR || exact * 4 < (count - 1) * 3 || (up > 0.25 && up < 0.75))
		return false;
	*step = up > 0.5 ? unit : -unit;
	return true;
}

enum hint_ports gather_judge_ports(const struct gather_port *ports, unsigned count, int *step)
{
	struct gather_port sorted[GATHER_PORTS_MAX];
	unsigned kept = 0, far = 0;

	if (count < LEAST_PORTS)
		return HINT_PORTS_UNKNOWN;
	memcpy(sorted, ports, count * sizeof(*ports));
	qsort(sorted, count, sizeof(sorted[0]), by_number);
	for (unsigned i = 0; i < count; i++)
		kept += ports[i].local == ports[i].mapped;
	if (kept + 1 >= count)
		return HINT_PORTS_KEPT;
	if (is_sequence(ports, sorted, count, step))
		return HINT_PORTS_SEQUENTIAL;
	for (unsigned i = 1; i < count; i++)
		far += sorted[i].mapped - sorted[i - 1].mapped > NEAR;
	/* One gap may be where a sequence went round from the highest port to the lowest. */
	return kept == 0 && far > 1 ? HINT_PORTS_RANDOM : HINT_PORTS_UNKNOWN;
}

static bool known(const struct addr *a)
{
	return addr_family(a) != ADDR_NONE;
}

/* The same port on another address: a pool that chooses by destination hides the class. */
static bool pool_hides(const struct addr *a, const struct addr *b)
{
	return known(a) && known(b) && a->port == b->port && !addr_same_ip(a, b);
}

enum hint_mapping gather_judge_mapping(const struct addr *primary, const struct addr *port,
				       const struct addr *ip, const struct addr *both)
{
	if (!known(primary) || pool_hides(primary, port) || pool_hides(primary, ip) ||
	    pool_hides(primary, both) || pool_hides(ip, both))
		return HINT_MAPPING_UNKNOWN;
	if (known(port) && !addr_eq(primary, port))
		return HINT_MAPPING_APD;
	if (!known(port) || !known(ip) || !known(both))
		return HINT_MAPPING_UNKNOWN;
	if (!addr_eq(ip, both))
		return HINT_MAPPING_APD;
	return addr_eq(primary, ip) ? HINT_MAPPING_EI : HINT_MAPPING_AD;
}

/* The tries of all TTLs left together, so what lost one lost all: where most answers of one came
 * and none of the TTL below, it was not chance. */
uint8_t gather_judge_ttl(const unsigned came[static GATHER_TTLS + 1])
{
	for (unsigned ttl = 0; ttl <= GATHER_TTLS; ttl++) {
		if (came[ttl] == 0)
			continue;
		return (uint8_t)(2 * came[ttl] > GATHER_TRIES ? ttl : 0);
	}
	return 0;
}

/* Systems send with 64, 128 or 255. */
uint8_t gather_judge_hops(uint8_t ttl)
{
	if (ttl == 0)
		return 0;
	return (uint8_t)((ttl <= 64 ? 64 : ttl <= 128 ? 128 : 255) - ttl);
}
