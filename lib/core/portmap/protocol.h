/* Port mapping protocols, and what can go wrong with a mapping. */
#ifndef CORE_PORTMAP_PROTOCOL_H
#define CORE_PORTMAP_PROTOCOL_H

/* In order of preference. */
enum portmap_protocol {
	PORTMAP_PCP,     /* RFC 6887 */
	PORTMAP_NAT_PMP, /* RFC 6886 */
	PORTMAP_UPNP,    /* UPnP IGD 1 and 2: WANIPConnection, WANIPv6FirewallControl */
	PORTMAP_PROTOCOLS,
};

#define PORTMAP_BIT(p) (1u << (p))
#define PORTMAP_ALL    ((1u << PORTMAP_PROTOCOLS) - 1)

/* Why there is no mapping, or none that is of use. What a gateway said by number is in the result too. */
enum portmap_why {
	PORTMAP_OK,
	PORTMAP_SILENT,      /* the gateway does not answer this protocol */
	PORTMAP_UNASKED,     /* it was not to be asked, or there is no worker for it */
	PORTMAP_UNHEARD,     /* whether it does is not known: it was not waited for */
	PORTMAP_UNSUPPORTED, /* it answers, and has no such thing: version, opcode, option, IPv6 */
	PORTMAP_NOT_AUTHORIZED, /* PCP 2, NAT-PMP 2, UPnP 606: switched off for us */
	PORTMAP_CONFLICT,       /* another has the port: PCP 11, UPnP 718 */
	PORTMAP_NO_RESOURCES,   /* PCP 8 and 10, NAT-PMP 4, UPnP 728 */
	PORTMAP_NETWORK_FAILURE, /* PCP 7, NAT-PMP 3, an IGD that is not connected: it has no address itself */
	PORTMAP_ADDRESS_MISMATCH, /* PCP 12: a NAT stands between us and the gateway */
	PORTMAP_LEASE_REFUSED,    /* neither a lease that ends nor one that does not */
	PORTMAP_NOT_AS_ASKED, /* another port was given though only that one would do: it was given back */
	PORTMAP_LIED, /* an answer that cannot be true: a port 0, a lease 0, another internal port */
	PORTMAP_PRIVATE,   /* the external address is not a public one: there is a NAT beyond */
	PORTMAP_MALFORMED, /* it could not be read, or was too large */
	PORTMAP_TIMED_OUT, /* it was too slow */
	PORTMAP_REFUSED,   /* any other error */
	PORTMAP_WHYS,
};

/* "pcp", "nat-pmp", "upnp", and for people "PCP", "NAT-PMP", "UPnP"; a word such as "not-authorized",
 * and a sentence for people. Never NULL. */
const char *portmap_protocol_name(enum portmap_protocol p);
const char *portmap_protocol_text(enum portmap_protocol p);
const char *portmap_why_name(enum portmap_why w);
const char *portmap_why_text(enum portmap_why w);

#endif
