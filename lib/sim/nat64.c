#include "sim/nat64.h"

#include <string.h>

#define PREFIX_BYTES 12
#define LONGER       20   /* an IPv6 header is, without extensions */
#define V6_MTU_MIN   1280 /* RFC 8200 section 5 */

void nat64_complete(struct nat_spec *spec)
{
	static const uint8_t well_known[] = {0x00, 0x64, 0xff, 0x9b};

	if (addr_is_any(&spec->prefix64))
		memcpy(spec->prefix64.ip, well_known, sizeof(well_known));
}

bool nat64_has(const struct nat_spec *spec, const struct addr *a)
{
	return spec->nat64 && memcmp(a->ip, spec->prefix64.ip, PREFIX_BYTES) == 0;
}

bool nat64_routes(const struct nat_spec *spec, const struct addr *a)
{
	return spec->nat64 && addr_family(a) == ADDR_V6 && !nat64_has(spec, a);
}

struct addr nat64_v4(const struct addr *v6)
{
	const uint8_t *ip = v6->ip + PREFIX_BYTES;

	return addr_v4(ip[0], ip[1], ip[2], ip[3], v6->port);
}

struct addr nat64_v6(const struct nat_spec *spec, const struct addr *v4)
{
	struct addr a = *v4;

	memcpy(a.ip, spec->prefix64.ip, PREFIX_BYTES);
	return a;
}

/* An error quotes a packet whose header changes as well. */
static size_t longer(const struct packet *p)
{
	return p->kind == PACKET_ERROR ? 2 * LONGER : LONGER;
}

void nat64_to_v4(struct packet *p)
{
	p->size -= p->size < longer(p) ? p->size : longer(p);
	/* RFC 7915 section 5.1: an IPv4 router may fragment what had no room in IPv6 anyway. */
	p->dont_fragment = p->fragments == 1 && p->size > V6_MTU_MIN - LONGER;
	if (p->kind == PACKET_ERROR && p->error == PACKET_TOO_BIG && p->mtu > LONGER)
		p->mtu -= LONGER;
}

void nat64_to_v6(struct packet *p)
{
	p->size += longer(p);
	p->dont_fragment = false;
	if (p->kind == PACKET_ERROR && p->error == PACKET_TOO_BIG)
		p->mtu = p->mtu + LONGER < V6_MTU_MIN ? V6_MTU_MIN : p->mtu + LONGER;
}
