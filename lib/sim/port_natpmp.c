/* What a gateway does with a request of NAT-PMP: RFC 6886. */
#include "sim/port_server_parts.h"

static void remove_all(struct port_server *s, enum packet_kind kind, const struct addr *client,
		       nk_time now)
{
	for (unsigned i = s->leases.count; i > 0; i--) {
		struct port_lease *lease = &s->leases.list[i - 1];

		if (lease->open.kind == kind && addr_same_ip(&lease->open.inside, client))
			port_end(s, lease, now);
	}
}

/* RFC 6886 section 3.4; an internal port 0 is all. */
static enum natpmp_result unmap(struct port_server *s, struct natpmp_msg *m,
				const struct nat_forward *what, nk_time now)
{
	struct port_lease *lease = port_leases_find(&s->leases, what->kind, &what->inside, now);

	if (lease != NULL && lease->by_pcp)
		return NATPMP_NOT_AUTHORIZED;
	if (lease != NULL)
		port_end(s, lease, now);
	else if (m->internal_port == 0)
		remove_all(s, what->kind, &what->inside, now);
	m->external.port = 0;
	return NATPMP_SUCCESS;
}

static struct nat_forward wanted_by_natpmp(const struct port_server *s, const struct natpmp_msg *m,
					   const struct addr *client, nk_time now)
{
	struct nat_forward want = {
		.kind = m->opcode == NATPMP_MAP_TCP ? PACKET_TCP : PACKET_UDP,
		.inside = addr_with_port(*client, m->internal_port),
		.until = port_granted(s, m->lifetime_s, now),
	};

	want.external = port_leases_external(s->nat, &want.inside);
	want.external.port = m->external.port != 0 ? m->external.port : m->internal_port;
	return want;
}

static enum natpmp_result natpmp_map(struct port_server *s, struct natpmp_msg *m,
				     const struct addr *client, nk_time now)
{
	struct port_lease want = {.open = wanted_by_natpmp(s, m, client, now)};
	struct port_lease *lease;

	if (s->rules.natpmp_result != 0)
		return s->rules.natpmp_result;
	if (m->lifetime_s == 0)
		return unmap(s, m, &want.open, now);
	lease = port_leases_find(&s->leases, want.open.kind, &want.open.inside, now);
	if (lease != NULL)
		port_renew(s, lease, &want.open, now);
	else if (!port_is_full(s, client, now))
		lease = port_take(s, &want, false, now);
	if (lease == NULL)
		return NATPMP_NO_RESOURCES;
	m->external.port = port_told_port(s, lease->open.external.port);
	m->lifetime_s = port_told_lease(s, lease, now);
	return NATPMP_SUCCESS;
}

size_t port_natpmp_answer(struct port_server *s, const struct addr *from, const uint8_t *bytes,
			  size_t len, uint8_t out[static NATPMP_MAX], nk_time now)
{
	const struct addr client = addr_with_port(*from, 0);
	struct natpmp_msg m;
	struct addr external;

	if (addr_family(from) != ADDR_V4 || natpmp_read(&m, bytes, len) != 0 || m.response)
		return 0;
	if (m.opcode == NATPMP_ADDRESS) {
		external = port_leases_external(s->nat, &client);
		m.external = port_told_address(s, &external);
	} else {
		m.result = (uint16_t)natpmp_map(s, &m, &client, now);
	}
	return port_write_natpmp(s, &m, out, now);
}
