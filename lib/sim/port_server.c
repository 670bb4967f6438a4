#include "sim/port_server.h"

#include <string.h>

#include "sim/port_server_parts.h"

#define MIN_S 120
#define MAX_S 86400

bool port_server_has(const struct port_server *s, enum port_fault fault)
{
	return (s->rules.faults & fault) != 0;
}

static uint32_t epoch(const struct port_server *s, nk_time now)
{
	return port_server_has(s, PORT_EPOCH_STANDS) ? s->rules.epoch_s
						     : (uint32_t)((now - s->began) / NK_S);
}

size_t port_write_pcp(const struct port_server *s, struct pcp_msg *m, uint8_t out[static PCP_MAX],
		      nk_time now)
{
	m->response = true;
	m->epoch_s = epoch(s, now);
	return pcp_write(out, m);
}

size_t port_write_natpmp(const struct port_server *s, struct natpmp_msg *m,
			 uint8_t out[static NATPMP_MAX], nk_time now)
{
	m->response = true;
	m->epoch_s = epoch(s, now);
	return natpmp_write(out, m);
}

/* What it says of its external address and port, and of how long it lasts. */

struct addr port_told_address(const struct port_server *s, const struct addr *external)
{
	return port_server_has(s, PORT_PRIVATE) ? addr_v4(192, 168, 99, 1, external->port)
						: *external;
}

uint16_t port_told_port(const struct port_server *s, uint16_t port)
{
	return port_server_has(s, PORT_LIED) ? port ^ 1 : port;
}

uint32_t port_told_lease(const struct port_server *s, const struct port_lease *lease, nk_time now)
{
	return port_server_has(s, PORT_LEASE_ZERO) ? 0
						   : (uint32_t)((lease->open.until - now) / NK_S);
}

/* Both protocols */

nk_time port_granted(const struct port_server *s, uint32_t wanted_s, nk_time now)
{
	const uint32_t min_s = s->rules.min_s == 0 ? MIN_S : s->rules.min_s;
	const uint32_t max_s = s->rules.max_s == 0 ? MAX_S : s->rules.max_s;
	const uint32_t lease_s = wanted_s < min_s ? min_s : wanted_s;

	return now + nk_min(lease_s, max_s) * NK_S;
}

void port_renew(struct port_server *s, struct port_lease *lease, const struct nat_forward *as,
		nk_time now)
{
	port_leases_renew(lease, s->nat, as, now);
	s->renewed++;
}

void port_end(struct port_server *s, struct port_lease *lease, nk_time now)
{
	port_leases_end(&s->leases, lease, s->nat, now);
	s->removed++;
}

bool port_is_full(struct port_server *s, const struct addr *inside, nk_time now)
{
	return s->rules.quota > 0 && port_leases_of(&s->leases, inside, now) >= s->rules.quota;
}

struct port_lease *port_take(struct port_server *s, struct port_lease *want, bool only, nk_time now)
{
	struct port_lease *lease;

	if (port_server_has(s, PORT_OTHER))
		want->open.external.port = 0;
	lease = port_leases_take(&s->leases, s->nat, want, only, &s->rng, now);
	if (lease == NULL)
		return NULL;
	if (port_server_has(s, PORT_NOTHING_OPEN))
		nat_forward_end(s->nat, lease->open.kind, &lease->open.external, now);
	s->made++;
	return lease;
}

/* RFC 6887 appendix A: another version is answered in our own. */
static size_t refuse_version(const struct port_server *s, uint8_t out[static PCP_MAX], nk_time now)
{
	struct pcp_msg pcp = {.result = PCP_UNSUPP_VERSION};
	struct natpmp_msg natpmp = {.result = NATPMP_UNSUPP_VERSION};

	return s->rules.pcp ? port_write_pcp(s, &pcp, out, now)
			    : port_write_natpmp(s, &natpmp, out, now);
}

size_t port_server_answer(struct port_server *s, const struct addr *from, const uint8_t *bytes,
			  size_t len, uint8_t out[static PCP_MAX], nk_time now)
{
	const uint8_t version = len > 0 ? bytes[0] : 0;

	if (version == PCP_VERSION && s->rules.pcp)
		return port_pcp_answer(s, from, bytes, len, out, now);
	if (version == NATPMP_VERSION && s->rules.nat_pmp)
		return port_natpmp_answer(s, from, bytes, len, out, now);
	return s->rules.pcp || s->rules.nat_pmp ? refuse_version(s, out, now) : 0;
}

void port_server_start(struct port_server *s, struct nat *nat, const struct port_rules *rules,
		       uint64_t seed, nk_time now)
{
	*s = (struct port_server){
		.nat = nat,
		.rules = *rules,
		.began = now - (nk_time)rules->epoch_s * NK_S,
	};
	rng_seed_from_number(&s->rng, seed);
}

void port_server_reboot(struct port_server *s, struct nat *nat, nk_time now)
{
	s->nat = nat;
	s->leases = (struct port_leases){.count = 0};
	s->began = now;
}

size_t port_server_news(const struct port_server *s, const struct addr *inside,
			uint8_t out[static PCP_MAX], nk_time now)
{
	const struct addr external = port_leases_external(s->nat, inside);
	struct pcp_msg pcp = {.opcode = PCP_ANNOUNCE};
	struct natpmp_msg natpmp = {.opcode = NATPMP_ADDRESS,
				    .external = port_told_address(s, &external)};

	if (s->rules.announces && s->rules.pcp)
		return port_write_pcp(s, &pcp, out, now);
	if (s->rules.announces && s->rules.nat_pmp && addr_family(inside) == ADDR_V4)
		return port_write_natpmp(s, &natpmp, out, now);
	return 0;
}
