/* The map: what a natmap run has found, for printers. */
#ifndef CORE_NATMAP_RESULT_H
#define CORE_NATMAP_RESULT_H

#include "core/natmap/options.h"
#include "core/portmap/result.h"
#include "core/probe/result.h"

#define NATMAP_HOPS_MAX     40
#define NATMAP_EVIDENCE_MAX 32
#define NATMAP_EVIDENCE     160

/* Whether a box on the way keeps state. */
enum hop_state {
	HOP_UNKNOWN,   /* not looked at, or not clear: @why */
	HOP_STATELESS, /* nothing ended within what was tried: timeout.at_least */
	HOP_STATEFUL,  /* a mapping or a firewall's state ended there, after the timeout */
	HOP_HIDDEN, /* behind hop @behind, whose own state ends first: it may keep state or not */
};

/**
 * struct hop - One box on the way, the first being the next to us
 * @address:	As its ICMP errors came from; all zero: it sent none. @rtt_ms: then, the least
 * @by_route:	The first one sent none, and is known by the route only
 * @quoted:	What it quoted was seen (needs a raw socket); @quote_source: the source address and
 *		port in it, @quote_checksum, @quote_id: they differed from what was sent: a NAT lies
 *		before it
 * @timeout:	HOP_STATEFUL: of a mapping with traffic both ways; HOP_STATELESS: at_least
 * @p:		Of @state
 * @behind:	HOP_HIDDEN: the number of the hop that hides it
 * @outbound_only: HOP_STATEFUL: only outbound packets refresh it; @inbound_only: the other way
 *		round
 */
struct hop {
	struct addr address;
	bool by_route;
	double rtt_ms;
	bool quoted, quote_checksum, quote_id;
	struct addr quote_source;
	enum hop_state state;
	struct measured timeout;
	double p;
	unsigned behind;
	bool outbound_only, inbound_only;
	const char *why;
};

/**
 * struct path_result - The way to the broker
 * @reached:	The server answered the trace, if only that nobody is at its port
 * @count:	Boxes between us and the broker; not @reached: up to the last that was heard of
 * @back:	The same on the way back, as the broker's packets counted; 0 if not known
 * @refused_by:	Who said by ICMP that the server cannot be reached, and @refused_why; NULL: nobody
 * @enumerated:	The stateful ones were looked for; @enumeration_why: why not, or not to the end
 * @silence:	How long the path as a whole is held without any packet
 * @packets_out, @packets_in: Of the whole run
 */
struct path_result {
	bool reached;
	unsigned count, back;
	struct addr refused_by;
	const char *refused_why;
	struct hop hops[NATMAP_HOPS_MAX];
	bool enumerated;
	const char *enumeration_why;
	struct measured silence;
	unsigned flows_peak;
	uint64_t packets_out, packets_in;
};

enum natmap_verdict {
	NATMAP_UNKNOWN,
	NATMAP_OPEN,     /* our own address is seen, and nothing keeps state */
	NATMAP_FIREWALL, /* our own address is seen, and something keeps state */
	NATMAP_ONE_NAT,
	NATMAP_DOUBLE_NAT,  /* more than one, none of them known to be a carrier's */
	NATMAP_CARRIER_NAT, /* one of them is a carrier's */
	NATMAP_NAT64,
	NATMAP_VERDICTS,
};

/* What speaks for a verdict, or against it. */
enum natmap_sign {
	SIGN_SAME_ADDRESS,  /* seen at our own address */
	SIGN_OTHER_ADDRESS, /* seen at another one */
	SIGN_LOCAL_SHARED,  /* our own address is in 100.64.0.0/10 */
	SIGN_LOCAL_PRIVATE,
	SIGN_GATEWAY_PRIVATE, /* a gateway claims a private external address */
	SIGN_GATEWAY_SHARED,  /* or one in 100.64.0.0/10 */
	SIGN_GATEWAY_DIFFERS, /* or a public one that is not where we are seen */
	SIGN_GATEWAY_AGREES,
	SIGN_GATEWAY_PUBLIC, /* or one that is public, where no server said at which we are seen */
	SIGN_GATEWAY_NO_ADDRESS, /* or says that it has none, though servers see us */
	SIGN_ADDRESS_MISMATCH,   /* PCP 12 */
	SIGN_STATEFUL_HOP,
	SIGN_STATEFUL_BEYOND, /* a stateful hop beyond the first */
	SIGN_QUOTE_REWRITTEN,
	SIGN_HOP_SHARED,         /* a hop's address is in 100.64.0.0/10 */
	SIGN_HOP_PRIVATE_BEYOND, /* a private address beyond the first hop */
	SIGN_HOP_BESIDE_PUBLIC,  /* the second hop is a neighbour of the address we are seen at */
	SIGN_NAT64_PREFIX,
	SIGN_TUNNEL,
	SIGN_NO_STATE,      /* packets come in from where nothing was sent to */
	SIGN_NO_STATE_SEEN, /* no hop was found to keep state, for as long as was looked */
	SIGN_FILTERED,      /* a packet from elsewhere did not come in */
	SIGN_SERVER_BESIDE, /* no box was crossed: what the server sees is not from outside */
	SIGNS,
};

/**
 * struct natmap_evidence - One sign, with what it was seen in
 * @address:	What was seen; @hop: where, 0: none
 * @against:	It speaks against the verdict, clearly
 * @text:	A sentence for people
 */
struct natmap_evidence {
	enum natmap_sign sign;
	bool against;
	struct addr address;
	unsigned hop;
	char text[NATMAP_EVIDENCE];
};

/**
 * struct natmap_result - The map
 * @server:	The one that was used, with @probe_service: it is a natbroker that can be asked for
 *		enumeration
 * @local:	Our address towards @server
 * @public_addrs: Where servers see us, @public_count, IPv4 and IPv6; @locals: our own address for
 *		each
 * @filtered:	Whether packets are kept out that come from where nothing was sent to
 * @gateways:	@gateway_count, in the order of the options' ways; @local and so on as there
 * @nats:	How many NATs lie in the way as far as is known; @nats_at_least: there may be more
 * @carrier_hop: Number of the hop that is the carrier's NAT, 0: not known
 * @vpn:	The way out is a tunnel; @nat64: its prefix, port is the length; all zero: none
 * @quick_done:	Everything but the enumeration is there
 */
struct natmap_result {
	nk_time started, ended;
	bool complete;
	int cut_why;
	struct addr server;
	bool probe_service;
	char software[64];
	struct addr local;
	struct addr public_addrs[PROBE_PUBLIC_MAX], locals[PROBE_PUBLIC_MAX];
	unsigned public_count;
	struct fact filtered;
	struct natmap_way ways[NATMAP_GATEWAYS_MAX];
	struct portmap_gateway gateways[NATMAP_GATEWAYS_MAX];
	unsigned gateway_count;
	struct path_result path;
	enum natmap_verdict verdict;
	double p;
	unsigned nats;
	bool nats_at_least, vpn;
	unsigned carrier_hop;
	struct addr nat64;
	struct natmap_evidence evidence[NATMAP_EVIDENCE_MAX];
	unsigned evidence_count;
	double rtt_ms;
	bool quick_done;
};

/* The names that reports use; never NULL. */
const char *hop_state_name(enum hop_state s);
const char *natmap_verdict_name(enum natmap_verdict v);
const char *natmap_sign_name(enum natmap_sign s);

#endif
