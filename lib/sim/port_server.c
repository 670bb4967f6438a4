#include "sim/port_server.h"

#include <string.h>

#include "sim/port_server_parts.h"

#define MIN_S 120
#define MAX_S 86400

bool port_server_has(const struct port_server *s, enum port_fault fault)
{
	return (s->rules.faults & fault) != 0;
}

struct nat *port_server_nat(const struct port_server *s)
{
	return world_nat(s->world, s->nat);
}

/* What goes out */

static void put(struct port_server *s, const struct addr *to, const uint8_t *bytes, size_t len)
{
	struct action *a = &s->outbox[s->waiting];

	if (s->waiting == PORT_SERVER_OUTBOX)
		return;
	s->waiting++;
	*a = (struct action){
		.kind = ACTION_SEND,
		.id = port_server_has(s, PORT_WRONG_SOURCE),
		.to = *to,
		.len = len,
	};
	memcpy(a->data, bytes, len);
}

static uint32_t epoch(const struct port_server *s, nk_time now)
{
	return port_server_has(s, PORT_EPOCH_STANDS) ? s->rules.epoch_s
						     : (uint32_t)((now - s->began) / NK_S);
}

void port_server_answer_pcp(struct port_server *s, const struct addr *to, struct pcp_msg *m,
			    nk_time now)
{
	uint8_t buf[PCP_MAX];

	m->response = true;
	m->epoch_s = epoch(s, now);
	put(s, to, buf, pcp_write(buf, m));
}

void port_server_answer_natpmp(struct port_server *s, const struct addr *to, struct natpmp_msg *m,
			       nk_time now)
{
	uint8_t buf[NATPMP_MAX];

	m->response = true;
	m->epoch_s = epoch(s, now);
	put(s, to, buf, natpmp_write(buf, m));
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
	const uint32_t lease_s = wanted_s < min_s ? min_s : wanted_s > max_s ? max_s : wanted_s;

	return now + lease_s * NK_S;
}

void port_renew(struct port_server *s, struct port_lease *lease, const struct nat_forward *as,
		nk_time now)
{
	port_leases_renew(lease, port_server_nat(s), as, now);
	s->renewed++;
}

void port_end(struct port_server *s, struct port_lease *lease, nk_time now)
{
	port_leases_end(&s->leases, lease, port_server_nat(s), now);
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
	lease = port_leases_take(&s->leases, port_server_nat(s), want, only, &s->rng, now);
	if (lease == NULL)
		return NULL;
	if (port_server_has(s, PORT_NOTHING_OPEN))
		nat_forward_end(port_server_nat(s), lease->open.kind, &lease->open.external, now);
	s->made++;
	return lease;
}

/* The server */

/* RFC 6887 appendix A: another version is answered in our own. */
static void refuse_version(struct port_server *s, const struct addr *to, nk_time now)
{
	struct pcp_msg pcp = {.result = PCP_UNSUPP_VERSION};
	struct natpmp_msg natpmp = {.result = NATPMP_UNSUPP_VERSION};

	if (s->rules.pcp)
		port_server_answer_pcp(s, to, &pcp, now);
	else
		port_server_answer_natpmp(s, to, &natpmp, now);
}

static void input(void *core, const struct event *ev, nk_time now)
{
	struct port_server *s = core;
	const uint8_t version = ev->kind == EVENT_DATAGRAM && ev->len > 0 ? ev->data[0] : 0;

	if (ev->kind != EVENT_DATAGRAM || ev->id != 0)
		return;
	if (version == PCP_VERSION && s->rules.pcp)
		port_pcp_input(s, ev, now);
	else if (version == NATPMP_VERSION && s->rules.nat_pmp)
		port_natpmp_input(s, ev, now);
	else if (s->rules.pcp || s->rules.nat_pmp)
		refuse_version(s, &ev->from, now);
}

/* Its second socket is the one at its other address. */
static bool open_next(struct port_server *s, struct action *action)
{
	while (s->opened < PORT_SERVER_SOCKETS) {
		const uint32_t socket = s->opened++;
		const struct addr *at = socket == 0 ? &s->addr : &s->other;

		if (addr_family(at) == ADDR_NONE)
			continue;
		*action = (struct action){
			.kind = ACTION_OPEN, .id = socket, .socket = SOCKET_UDP, .local = *at};
		return true;
	}
	return false;
}

static bool output(void *core, struct action *action, nk_time now)
{
	struct port_server *s = core;

	(void)now;
	if (open_next(s, action))
		return true;
	if (s->waiting == 0)
		return false;
	*action = s->outbox[--s->waiting];
	return true;
}

static nk_time deadline(const void *core)
{
	(void)core;
	return NK_NEVER;
}

static int status(const void *core)
{
	(void)core;
	return CORE_BUSY;
}

static const struct core_ops ops = {
	.input = input,
	.output = output,
	.deadline = deadline,
	.status = status,
};

void port_server_start(struct port_server *s, struct world *world, int host, int nat,
		       const struct addr *addr, const struct addr *other,
		       const struct port_rules *rules, uint64_t seed)
{
	*s = (struct port_server){
		.addr = addr_with_port(*addr, PCP_PORT),
		.other = addr_with_port(*other, PCP_PORT),
		.world = world,
		.host = host,
		.nat = nat,
		.rules = *rules,
		.began = world_now(world) - (nk_time)rules->epoch_s * NK_S,
	};
	rng_seed_from_number(&s->rng, seed);
	world_attach(world, host, &ops, s);
}

void port_server_reboot(struct port_server *s)
{
	const nk_time now = world_now(s->world);
	const struct port_leases had = s->leases;
	struct pcp_msg news = {.opcode = PCP_ANNOUNCE};

	world_reboot_nat(s->world, s->nat);
	s->leases = (struct port_leases){.count = 0};
	s->began = now;
	for (unsigned i = 0; s->rules.announces && i < had.count; i++) {
		const struct addr to = addr_with_port(had.list[i].open.inside, PCP_CLIENT_PORT);

		port_server_answer_pcp(s, &to, &news, now);
	}
	world_tell(s->world, s->host, &(struct event){.kind = EVENT_RESUMED});
}
