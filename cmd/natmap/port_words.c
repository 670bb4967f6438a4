#include "port_words.h"

#include <stdio.h>
#include <string.h>

#include "core/portmap/reasons.h"
#include "face/numbers.h"

#define TCP 6

const char *port_transport(uint8_t ip_protocol)
{
	return ip_protocol == TCP ? "tcp" : "udp";
}

const char *port_pair(char out[static PORT_WORDS], uint8_t ip_protocol, const struct addr *external,
		      const struct addr *internal)
{
	char outside[ADDR_TEXT] = "?", inside[ADDR_TEXT];

	if (!addr_is_any(external))
		addr_text(external, outside);
	else if (external->port != 0)
		snprintf(outside, sizeof(outside), "?:%u", external->port);
	snprintf(out, PORT_WORDS, "%s -> %s %s", outside, addr_text(internal, inside),
		 port_transport(ip_protocol));
	return out;
}

/* What was asked for, of which a second or two went by on the way. */
static nk_time round_lease(uint32_t s)
{
	return (s > 600 ? (s + 30) / 60 * 60 : s) * NK_S;
}

/* By whom it is held, and for how long should we vanish. */
static void put_holder(char *out, size_t size, const struct portmap_mapping *m)
{
	char gateway[ADDR_TEXT], lease[32];

	snprintf(out, size, "held by %s on %s%s%s", portmap_protocol_text(m->protocol),
		 addr_text_ip(&m->gateway, gateway), m->lease_s != 0 ? " for " : " without an end",
		 m->lease_s != 0 ? duration_text(lease, sizeof(lease), round_lease(m->lease_s))
				 : "");
}

static const char *why_unverified(const struct gate_result *r)
{
	return r->looked ? reach_why_text(r->reach.why) : "nobody was asked to look";
}

const char *port_standing(char out[static PORT_WORDS], const struct gate_result *r)
{
	char reason[PORT_WORDS];

	if (r->mapping.state == PORTMAP_GONE) {
		snprintf(out, PORT_WORDS, "%s",
			 r->mapping.left_behind ? "could not be removed" : "removed");
		return out;
	}
	switch (r->state) {
	case GATE_ASKING:
		snprintf(out, PORT_WORDS, "not open yet");
		break;
	case GATE_LOOKING:
		put_holder(out, PORT_WORDS, &r->mapping);
		break;
	case GATE_OPEN:
		snprintf(out, PORT_WORDS, "open, seen from outside");
		break;
	case GATE_ACCEPTED:
		snprintf(out, PORT_WORDS,
			 "held, and accepted outside: by the program that has the port here, or by "
			 "the gateway itself");
		break;
	case GATE_UNVERIFIED:
		snprintf(out, PORT_WORDS, "held, not verified: %s", why_unverified(r));
		break;
	case GATE_SHUT:
		snprintf(out, PORT_WORDS, "held, but not reachable: %s", port_reason(reason, r));
		break;
	case GATE_FAILED:
		snprintf(out, PORT_WORDS, "not open: %s", port_reason(reason, r));
		break;
	case GATE_REMOVED:
	case GATE_STATES:
		snprintf(out, PORT_WORDS, "not opened");
		break;
	}
	return out;
}

static void append(char out[static PORT_WORDS], const char *text)
{
	const size_t n = strlen(out);

	snprintf(out + n, PORT_WORDS - n, "%s", text);
}

/* A NAT that is not the gateway's: the gateway's own is as it should be. */
static void say_beyond(char out[static PORT_WORDS], const struct gate_result *r)
{
	char gateway[ADDR_TEXT], claimed[ADDR_TEXT], seen[ADDR_TEXT];

	addr_text_ip(&r->mapping.gateway, gateway);
	addr_text_ip(&r->mapping.external, claimed);
	if (r->looked && addr_family(&r->reach.mapped) != ADDR_NONE)
		snprintf(out, PORT_WORDS,
			 "the gateway %s maps at %s, but this machine is seen at %s: another NAT "
			 "lies beyond the gateway, out of reach",
			 gateway, claimed, addr_text_ip(&r->reach.mapped, seen));
	else
		snprintf(out, PORT_WORDS,
			 "the gateway %s maps at %s, which is not a public address: another NAT "
			 "lies beyond the gateway, out of reach",
			 gateway, claimed);
}

static bool is_tried(const struct portmap_mapping *m, enum portmap_why why)
{
	for (enum portmap_protocol p = 0; p < PORTMAP_PROTOCOLS; p++)
		if (m->tried[p] == why)
			return true;
	return false;
}

static void say_shut(char out[static PORT_WORDS], const struct gate_result *r)
{
	const bool beyond = r->reach.verdict == REACH_UNKNOWN || r->mapping.why == PORTMAP_PRIVATE;
	char gateway[ADDR_TEXT];

	if (!r->looked || beyond)
		say_beyond(out, r);
	else if (is_tried(&r->mapping, PORTMAP_ADDRESS_MISMATCH))
		snprintf(out, PORT_WORDS,
			 "who comes from outside does not arrive: another NAT lies between this "
			 "machine and the gateway %s",
			 addr_text_ip(&r->mapping.gateway, gateway));
	else
		snprintf(out, PORT_WORDS, "%s",
			 r->reach.verdict == REACH_REFUSED
				 ? "who comes from outside is refused on the way, or by a program "
				   "that is not for everyone"
				 : "who comes from outside does not arrive");
}

/* What it comes to, where one of the refusals says more than the others. */
static void say_cause(char out[static PORT_WORDS], const struct portmap_mapping *m)
{
	char gateway[ADDR_TEXT];

	addr_text_ip(&m->gateway, gateway);
	if (is_tried(m, PORTMAP_PRIVATE) || is_tried(m, PORTMAP_NETWORK_FAILURE) ||
	    reason_of_address(&m->external) == PORTMAP_PRIVATE)
		snprintf(out, PORT_WORDS,
			 "the gateway %s has no public address itself: another NAT lies beyond it, "
			 "out of reach. ",
			 gateway);
	else if (is_tried(m, PORTMAP_ADDRESS_MISMATCH))
		snprintf(out, PORT_WORDS,
			 "another NAT lies between this machine and %s, which refuses for that. ",
			 gateway);
}

static void add_try(char out[static PORT_WORDS], const struct portmap_mapping *m,
		    enum portmap_protocol p, const char *between)
{
	char text[PORT_WORDS], code[24] = "";

	if (m->code[p] != 0)
		snprintf(code, sizeof(code), " (%u)", m->code[p]);
	snprintf(text, sizeof(text), "%s%s: %s%s", between, portmap_protocol_text(p),
		 m->tried[p] == PORTMAP_UNSUPPORTED
			 ? "the gateway does not speak it, or not for this"
			 : portmap_why_text(m->tried[p]),
		 code);
	append(out, text);
}

static void say_silent(char out[static PORT_WORDS], const struct portmap_mapping *m)
{
	char gateway[ADDR_TEXT], asked[48] = "";

	for (enum portmap_protocol p = 0; p < PORTMAP_PROTOCOLS; p++)
		if (m->tried[p] == PORTMAP_SILENT)
			snprintf(asked + strlen(asked), sizeof(asked) - strlen(asked), "%s%s",
				 asked[0] != '\0' ? " or " : "", portmap_protocol_text(p));
	snprintf(out, PORT_WORDS,
		 "the gateway %s does not answer by %s: it has none of it, or has it switched off",
		 addr_text_ip(&m->gateway, gateway), asked);
}

/* NAT-PMP is for IPv4 alone (RFC 6886): nobody was asked. */
static bool is_asked(const struct portmap_mapping *m, enum portmap_protocol p)
{
	return m->tried[p] != PORTMAP_OK && m->tried[p] != PORTMAP_SILENT &&
	       (p != PORTMAP_NAT_PMP || addr_family(&m->gateway) != ADDR_V6 ||
		m->tried[p] != PORTMAP_UNSUPPORTED);
}

/* Silence is told only where all are silent: who offers PCP need not offer UPnP. */
static void say_failed(char out[static PORT_WORDS], const struct portmap_mapping *m)
{
	const char *between = "";

	out[0] = '\0';
	say_cause(out, m);
	for (enum portmap_protocol p = 0; p < PORTMAP_PROTOCOLS; p++) {
		if (!is_asked(m, p))
			continue;
		add_try(out, m, p, between);
		between = "; ";
	}
	if (out[0] != '\0')
		return;
	if (is_tried(m, PORTMAP_SILENT))
		say_silent(out, m);
	else
		snprintf(out, PORT_WORDS, "%s", portmap_why_text(m->why));
}

const char *port_reason(char out[static PORT_WORDS], const struct gate_result *r)
{
	if (r->state == GATE_FAILED)
		say_failed(out, &r->mapping);
	else
		say_shut(out, r);
	return out;
}
