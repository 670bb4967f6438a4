#include "core/natmap/signs.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/natmap/verdict.h"

const struct natmap_evidence *signs_find(const struct natmap_result *r, enum natmap_sign sign)
{
	for (unsigned i = 0; i < r->evidence_count; i++)
		if (r->evidence[i].sign == sign)
			return &r->evidence[i];
	return NULL;
}

__attribute__((format(printf, 5, 6))) static void say(struct natmap_result *r,
						      enum natmap_sign sign,
						      const struct addr *address, unsigned hop,
						      const char *format, ...)
{
	struct natmap_evidence *e = &r->evidence[r->evidence_count];
	va_list args;

	static_assert(SIGNS <= NATMAP_EVIDENCE_MAX, "there is room for one of each");
	if (signs_find(r, sign) != NULL)
		return;
	r->evidence_count++;
	*e = (struct natmap_evidence){.sign = sign, .address = *address, .hop = hop};
	va_start(args, format);
	vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
}

/* Our address on the way that is judged. */
static const struct addr *local_of(const struct natmap_result *r)
{
	return addr_family(&r->local) != ADDR_NONE ? &r->local : &r->ways[0].local;
}

static bool seen_at(const struct natmap_result *r, const struct addr *a)
{
	for (unsigned i = 0; i < r->public_count; i++)
		if (addr_same_ip(&r->public_addrs[i], a) &&
		    addr_same_ip(&r->locals[i], local_of(r)))
			return true;
	return false;
}

/* No box is between us and the server. */
static bool is_near(const struct natmap_result *r)
{
	return r->path.reached && r->path.count == 0;
}

/* The server sees us as we are, where no box is between us and it, or that is a private address: it is
 * not outside. */
static bool is_beside(const struct natmap_result *r)
{
	return seen_at(r, local_of(r)) && (is_near(r) || addr_realm(local_of(r)) == REALM_PRIVATE);
}

/* Where we are seen from outside, NULL: that is not known. */
static const struct addr *first_public(const struct natmap_result *r)
{
	for (unsigned i = 0; i < r->public_count && !is_beside(r); i++)
		if (addr_same_ip(&r->locals[i], local_of(r)))
			return &r->public_addrs[i];
	return NULL;
}

static void of_addresses(struct natmap_result *r)
{
	const struct addr *local = local_of(r), *public = first_public(r);
	const enum addr_realm realm = addr_realm(local);
	char l[ADDR_TEXT], p[ADDR_TEXT];

	addr_text_ip(local, l);
	if (is_beside(r))
		say(r, SIGN_SERVER_BESIDE, &r->server, 0,
		    is_near(r)
			    ? "No box lies between us and the server: it sees nothing from outside"
			    : "We are seen at a private address: the server is not outside");
	if (public != NULL && addr_same_ip(public, local))
		say(r, SIGN_SAME_ADDRESS, public, 0, "We are seen at our own address, %s", l);
	else if (public != NULL)
		say(r, SIGN_OTHER_ADDRESS, public, 0, "Our address is %s, and we are seen at %s%s",
		    l, addr_text_ip(public, p),
		    addr_realm(public) == REALM_PUBLIC
			    ? ""
			    : ", a private one: beyond the server lies another NAT");
	if (realm == REALM_SHARED)
		say(r, SIGN_LOCAL_SHARED, local, 0,
		    "Our own address, %s, is of the range for carriers' NATs (100.64.0.0/10)", l);
	else if (realm == REALM_PRIVATE)
		say(r, SIGN_LOCAL_PRIVATE, local, 0, "Our own address, %s, is a private one", l);
}

/* What one gateway claims to have outside. UPnP tells of IPv4, whichever family it was asked
 * over. */
static void of_claim(struct natmap_result *r, const struct portmap_gateway *g,
		     enum portmap_protocol protocol)
{
	const struct addr *claim = &g->offer[protocol].external;
	const struct addr *public = first_public(r);
	const enum addr_realm realm = addr_realm(claim);
	char gateway[ADDR_TEXT], text[ADDR_TEXT];
	const char *by = portmap_protocol_text(protocol);

	if (addr_family(claim) != addr_family(public != NULL ? public : local_of(r)) ||
	    !addr_is_one_host(claim))
		return;
	addr_text_ip(&g->gateway, gateway);
	addr_text_ip(claim, text);
	if (realm == REALM_PRIVATE)
		say(r, SIGN_GATEWAY_PRIVATE, claim, 0,
		    "The gateway %s has a private address outside, %s (%s)", gateway, text, by);
	else if (realm == REALM_SHARED)
		say(r, SIGN_GATEWAY_SHARED, claim, 0,
		    "The gateway %s has an address of 100.64.0.0/10 outside, %s (%s)", gateway,
		    text, by);
	else if (realm == REALM_PUBLIC && public == NULL)
		say(r, SIGN_GATEWAY_PUBLIC, claim, 0,
		    "The gateway %s says that its address outside is %s (%s)", gateway, text, by);
	else if (realm == REALM_PUBLIC && seen_at(r, claim))
		say(r, SIGN_GATEWAY_AGREES, claim, 0,
		    "The gateway %s has the address at which we are seen, %s (%s)", gateway, text,
		    by);
	else if (realm == REALM_PUBLIC)
		say(r, SIGN_GATEWAY_DIFFERS, claim, 0,
		    "The gateway %s has the address %s outside, and we are not seen there (%s)",
		    gateway, text, by);
}

/* Where servers see us there is a way out, and an address with it. */
static void of_no_address(struct natmap_result *r, const struct portmap_gateway *g,
			  enum portmap_protocol protocol)
{
	const struct portmap_offer *o = &g->offer[protocol];
	char gateway[ADDR_TEXT], code[24] = "";

	if (!o->answers || o->why != PORTMAP_NETWORK_FAILURE || first_public(r) == NULL)
		return;
	if (o->code != 0)
		snprintf(code, sizeof(code), ", error %u", o->code);
	say(r, SIGN_GATEWAY_NO_ADDRESS, &g->gateway, 0,
	    "The gateway %s says that it has no public address itself (%s%s)",
	    addr_text_ip(&g->gateway, gateway), portmap_protocol_text(protocol), code);
}

static void of_gateway(struct natmap_result *r, const struct portmap_gateway *g)
{
	char text[ADDR_TEXT];

	for (unsigned p = 0; p < PORTMAP_PROTOCOLS; p++) {
		if (g->offer[p].answers)
			of_claim(r, g, (enum portmap_protocol)p);
		of_no_address(r, g, (enum portmap_protocol)p);
		if (g->offer[p].why == PORTMAP_ADDRESS_MISMATCH)
			say(r, SIGN_ADDRESS_MISMATCH, &g->gateway, 0,
			    "The gateway %s sees us at another address than our own",
			    addr_text_ip(&g->gateway, text));
	}
}

/* Only of the one on the way that is judged: of several on its link, the first is used. */
static void of_gateways(struct natmap_result *r)
{
	for (unsigned i = 0; i < r->gateway_count; i++) {
		if (!addr_same_ip(&r->gateways[i].local, local_of(r)))
			continue;
		of_gateway(r, &r->gateways[i]);
		return;
	}
}

double signs_looked_for_s(const struct path_result *path)
{
	double least = HUGE_VAL;

	for (unsigned i = 0; i < path->count; i++)
		if (path->hops[i].state == HOP_STATELESS)
			least = fmin(least, path->hops[i].timeout.at_least);
	return least;
}

/* Of those beyond the first that keep state, one at a carrier's address tells the most; 0: none. */
static unsigned stateful_beyond(const struct path_result *path, unsigned first)
{
	unsigned told = 0;

	for (unsigned i = path->count; i > first; i--)
		if (path->hops[i - 1].state == HOP_STATEFUL &&
		    (told == 0 || addr_realm(&path->hops[told - 1].address) != REALM_SHARED))
			told = i;
	return told;
}

static void of_state(struct natmap_result *r)
{
	const struct path_result *path = &r->path;
	unsigned first = 0, beyond, stateless = 0;
	char text[ADDR_TEXT];

	for (unsigned i = path->count; i > 0; i--) {
		stateless += path->hops[i - 1].state == HOP_STATELESS;
		if (path->hops[i - 1].state == HOP_STATEFUL)
			first = i;
	}
	beyond = first > 0 ? stateful_beyond(path, first) : 0;
	if (first > 0)
		say(r, SIGN_STATEFUL_HOP, &path->hops[first - 1].address, first,
		    "Hop %u keeps state", first);
	if (beyond > 0) {
		const struct addr *a = &path->hops[beyond - 1].address;
		const bool known = addr_family(a) != ADDR_NONE;

		say(r, SIGN_STATEFUL_BEYOND, a, beyond, "Hop %u keeps state too%s%s", beyond,
		    known ? ", at " : "", known ? addr_text_ip(a, text) : "");
	}
	if (path->enumerated && path->count > 0 && stateless == path->count)
		say(r, SIGN_NO_STATE_SEEN, &r->server, 0,
		    "No state ended on the way within %.0f s of silence", signs_looked_for_s(path));
}

/* A hop quotes what it was given: what is not as it was sent was rewritten by a NAT before it. */
static void of_quote(struct natmap_result *r, const struct hop *h, unsigned number)
{
	static const struct addr none = {.port = 0};
	char text[ADDR_TEXT];

	if (!h->quoted)
		return;
	if (addr_family(&h->quote_source) != ADDR_NONE &&
	    !addr_same_ip(&h->quote_source, local_of(r)))
		say(r, SIGN_QUOTE_REWRITTEN, &h->quote_source, number,
		    "Hop %u was given our packet as from %s", number,
		    addr_text_ip(&h->quote_source, text));
	else if (number > 1 && (h->quote_checksum || h->quote_id))
		say(r, SIGN_QUOTE_REWRITTEN, &none, number,
		    "Hop %u was given our packet with another %s", number,
		    h->quote_checksum ? "checksum" : "identification");
}

/* A provider has the hop after a router in the network that it gives the router its address of: then
 * there is no NAT but that router. A machine with an address of a carrier's NAT has no router. */
static void of_neighbour(struct natmap_result *r)
{
	const struct addr *hop = &r->path.hops[1].address, *public = first_public(r);
	struct addr of_hop, of_public;
	char text[ADDR_TEXT];

	if (r->path.count < 2 || addr_family(hop) != ADDR_V4 || public == NULL ||
	    addr_same_ip(public, local_of(r)) || addr_realm(local_of(r)) == REALM_SHARED)
		return;
	of_hop = addr_prefix(hop, 24, 128);
	of_public = addr_prefix(public, 24, 128);
	if (addr_same_ip(&of_hop, &of_public))
		say(r, SIGN_HOP_BESIDE_PUBLIC, hop, 2,
		    "Hop 2, %s, is in the network of the address at which we are seen",
		    addr_text_ip(hop, text));
}

static void of_hops(struct natmap_result *r)
{
	char text[ADDR_TEXT];

	for (unsigned i = 0; i < r->path.count; i++) {
		const struct hop *h = &r->path.hops[i];
		const enum addr_realm realm = addr_realm(&h->address);

		if (i > 0 && realm == REALM_SHARED)
			say(r, SIGN_HOP_SHARED, &h->address, i + 1,
			    "Hop %u, %s, has an address of the range for carriers' NATs", i + 1,
			    addr_text_ip(&h->address, text));
		else if (i > 0 && realm == REALM_PRIVATE)
			say(r, SIGN_HOP_PRIVATE_BEYOND, &h->address, i + 1,
			    "Hop %u, %s, has a private address", i + 1,
			    addr_text_ip(&h->address, text));
		of_quote(r, h, i + 1);
	}
}

/* Only of use where there is no NAT: of one it is known that it keeps state. */
static void of_filter(struct natmap_result *r)
{
	if (r->filtered.answer == TRI_YES)
		say(r, SIGN_FILTERED, &r->server, 0,
		    "Packets do not come in from where nothing was sent to");
	else if (r->filtered.answer == TRI_NO && signs_find(r, SIGN_SAME_ADDRESS) != NULL)
		say(r, SIGN_NO_STATE, &r->server, 0,
		    "Packets come in from where nothing was sent to");
}

/* RFC 6333 section 5.7, as 464XLAT (RFC 6877) uses it: IPv4 of this machine goes out as IPv6. */
static bool is_clat(const struct addr *a)
{
	const struct addr net = addr_v4(192, 0, 0, 0, 0), of = addr_prefix(a, 29, 128);

	return addr_family(a) == ADDR_V4 && addr_same_ip(&of, &net);
}

static bool has_own_v4(const struct natmap_result *r)
{
	bool v4 = addr_family(&r->local) == ADDR_V4 && !is_clat(&r->local);

	for (unsigned i = 0; i < NATMAP_GATEWAYS_MAX; i++)
		v4 |= addr_family(&r->ways[i].local) == ADDR_V4 && !is_clat(&r->ways[i].local);
	return v4;
}

static void of_nat64(struct natmap_result *r)
{
	const struct addr *public = first_public(r);
	char text[ADDR_TEXT];

	if (public != NULL && addr_family(local_of(r)) == ADDR_V6 && addr_family(public) == ADDR_V4)
		say(r, SIGN_NAT64_PREFIX, &r->server, 0,
		    "What leaves as IPv6 for %s arrives as IPv4", addr_text_ip(&r->server, text));
	else if (addr_family(&r->nat64) == ADDR_V6 && !has_own_v4(r))
		say(r, SIGN_NAT64_PREFIX, &r->nat64, 0,
		    "There is no IPv4 here, and the resolver names a NAT64 at %s/%u",
		    addr_text_ip(&r->nat64, text), r->nat64.port);
}

static void of_ways(struct natmap_result *r)
{
	for (unsigned i = 0; i < NATMAP_GATEWAYS_MAX; i++)
		if (r->ways[i].tunnel && addr_same_ip(&r->ways[i].local, local_of(r)))
			say(r, SIGN_TUNNEL, local_of(r), 0,
			    "The way out, %s, is a tunnel: what lies beyond its end is mapped",
			    r->ways[i].interface);
}

void signs_gather(struct natmap_result *r)
{
	r->evidence_count = 0;
	of_ways(r);
	of_addresses(r);
	of_gateways(r);
	if (!is_beside(r)) { /* else it is not the way out */
		of_state(r);
		of_hops(r);
		of_neighbour(r);
		of_filter(r);
	}
	of_nat64(r);
}
