/* What a gateway does with a request of PCP: RFC 6887. */
#include <string.h>

#include "sim/port_server_parts.h"
#include "wire/ip.h"

static struct port_lease wanted_by_pcp(const struct port_server *s, const struct pcp_msg *m,
				       const struct addr *client, nk_time now)
{
	struct port_lease want = {
		.open = {.kind = m->protocol == IP_TCP ? PACKET_TCP : PACKET_UDP,
			 .inside = addr_with_port(*client, m->internal_port),
			 .until = port_granted(s, m->lifetime_s, now)},
		.by_pcp = true,
	};

	want.open.external = port_leases_external(s->nat, &want.open.inside);
	want.open.external.port = m->external.port != 0 ? m->external.port : m->internal_port;
	if (m->filter_count > 0)
		want.open.remote = m->filters[0].remote;
	memcpy(want.nonce, m->nonce, PCP_NONCE);
	return want;
}

/* RFC 6887 section 11.3. */
static enum pcp_result map(struct port_server *s, struct pcp_msg *m, const struct addr *client,
			   nk_time now)
{
	struct port_lease want = wanted_by_pcp(s, m, client, now);
	struct port_lease *lease =
		port_leases_find(&s->leases, want.open.kind, &want.open.inside, now);

	if (lease != NULL && (!lease->by_pcp || memcmp(lease->nonce, m->nonce, PCP_NONCE) != 0))
		return PCP_NOT_AUTHORIZED;
	if (m->lifetime_s == 0) {
		if (lease != NULL)
			port_end(s, lease, now);
		return PCP_SUCCESS;
	}
	if (lease != NULL)
		port_renew(s, lease, &want.open, now);
	else if (port_is_full(s, client, now))
		return PCP_USER_EX_QUOTA;
	else
		lease = port_take(s, &want,
				  m->prefer_failure && !port_server_has(s, PORT_FAILURE_IGNORED),
				  now);
	if (lease == NULL)
		return m->prefer_failure ? PCP_CANNOT_PROVIDE_EXTERNAL : PCP_NO_RESOURCES;
	m->external = port_told_address(s, &lease->open.external);
	m->external.port = port_told_port(s, lease->open.external.port);
	m->lifetime_s = port_told_lease(s, lease, now);
	return PCP_SUCCESS;
}

static enum pcp_result pcp_result(struct port_server *s, struct pcp_msg *m,
				  const struct addr *client, nk_time now)
{
	if (!addr_same_ip(&m->client, client))
		return PCP_ADDRESS_MISMATCH;
	if (m->opcode == PCP_ANNOUNCE)
		return PCP_SUCCESS;
	if (m->opcode != PCP_MAP)
		return PCP_UNSUPP_OPCODE;
	if (m->protocol != IP_UDP && m->protocol != IP_TCP)
		return PCP_UNSUPP_PROTOCOL;
	if (s->rules.pcp_result != 0)
		return s->rules.pcp_result;
	return map(s, m, client, now);
}

size_t port_pcp_answer(struct port_server *s, const struct addr *from, const uint8_t *bytes,
		       size_t len, uint8_t out[static PCP_MAX], nk_time now)
{
	const struct addr client = addr_with_port(*from, 0);
	struct pcp_msg m;

	if (pcp_read(&m, bytes, len) != 0 || m.response)
		return 0;
	m.result = (uint8_t)pcp_result(s, &m, &client, now);
	if (m.result != PCP_SUCCESS)
		m.lifetime_s = PORT_ERROR_S;
	if (port_server_has(s, PORT_WRONG_NONCE))
		m.nonce[0] ^= 1;
	return port_write_pcp(s, &m, out, now);
}
