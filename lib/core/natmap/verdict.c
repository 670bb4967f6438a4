/*
 * Each sign is as likely under one verdict as a table says, and the verdict is the one that is more
 * likely than all others together, given all signs, as if they were independent; since they are not
 * quite, nothing is surer than SUREST.
 *
 * Behind the numbers: carriers have 10.0.0.0/8 and 100.64.0.0/10 inside, while 192.168.0.0/16 is
 * that of routers at home, and the NATs of carriers lie further out (Richter et al., IMC 2016); RFC
 * 6598; RFC 6887 section 7.4 (ADDRESS_MISMATCH). The rest is judgement.
 */
#include "core/natmap/verdict.h"

#include <math.h>

#include "core/natmap/signs.h"

#define SUREST        0.99
#define LEAST         0.5
#define CLEARLY       0.6 /* a second NAT is said to be a carrier's, or not */
#define AGAINST       2.0 /* without it the odds of the verdict would be so much better */

#define USUAL_TIMER_S 150.0
#define FEW           0.25 /* timers longer than what was tried, for a count of NATs to be one */

/* By enum natmap_verdict: unknown, open, firewall, one, two, a carrier's, NAT64. */
static const double prior[NATMAP_VERDICTS] = {0, 0.15, 0.15, 0.40, 0.10, 0.15, 0.05};

static const double table[SIGNS][NATMAP_VERDICTS] = {
	[SIGN_SAME_ADDRESS] = {0, 0.98, 0.98, 0.0002, 0.0002, 0.0002, 0.5},
	[SIGN_OTHER_ADDRESS] = {0, 0.0002, 0.0002, 0.98, 0.98, 0.98, 0.5},
	[SIGN_LOCAL_SHARED] = {0, 0.01, 0.01, 0.01, 0.01, 0.3, 0.01},
	[SIGN_LOCAL_PRIVATE] = {0, 0.1, 0.1, 0.9, 0.9, 0.6, 0.5},
	[SIGN_GATEWAY_PRIVATE] = {0, 0.01, 0.01, 0.004, 0.2, 0.4, 0.1},
	[SIGN_GATEWAY_SHARED] = {0, 0.004, 0.004, 0.004, 0.05, 0.6, 0.1},
	[SIGN_GATEWAY_DIFFERS] = {0, 0.02, 0.02, 0.02, 0.02, 0.3, 0.1},
	[SIGN_GATEWAY_AGREES] = {0, 0.1, 0.1, 0.9, 0.02, 0.01, 0.01},
	[SIGN_GATEWAY_PUBLIC] = {0, 0.1, 0.1, 0.9, 0.07, 0.04, 0.1},
	[SIGN_GATEWAY_NO_ADDRESS] = {0, 0.02, 0.02, 0.02, 0.25, 0.35, 0.2},
	[SIGN_ADDRESS_MISMATCH] = {0, 0.002, 0.002, 0.005, 0.05, 0.2, 0.05},
	[SIGN_STATEFUL_HOP] = {0, 0.002, 0.98, 0.95, 0.95, 0.95, 0.95},
	[SIGN_STATEFUL_BEYOND] = {0, 0.002, 0.1, 0.03, 0.3, 0.9, 0.5},
	[SIGN_QUOTE_REWRITTEN] = {0, 0.002, 0.002, 0.5, 0.5, 0.5, 0.5},
	[SIGN_HOP_SHARED] = {0, 0.02, 0.02, 0.03, 0.03, 0.5, 0.1},
	[SIGN_HOP_PRIVATE_BEYOND] = {0, 0.1, 0.1, 0.3, 0.4, 0.4, 0.3},
	[SIGN_HOP_BESIDE_PUBLIC] = {0, 0.01, 0.01, 0.35, 0.01, 0.02, 0.01},
	[SIGN_NAT64_PREFIX] = {0, 0.002, 0.002, 0.002, 0.002, 0.002, 0.95},
	[SIGN_TUNNEL] = {0, 1, 1, 1, 1, 1, 1},
	[SIGN_NO_STATE] = {0, 0.95, 0.02, 0.02, 0.02, 0.02, 0.5},
	[SIGN_FILTERED] = {0, 0.02, 0.95, 0.8, 0.8, 0.9, 0.8},
	[SIGN_SERVER_BESIDE] = {0, 1, 1, 1, 1, 1, 1},
};

/* Of a sign that speaks of a second NAT, where its address is one that routers at home have. */
static const double at_home[NATMAP_VERDICTS] = {0, 0.01, 0.01, 0.01, 0.7, 0.05, 0.1};

/* The same where a hop has an address of the carriers' range: that router at home is before it. */
static const double before_carrier[NATMAP_VERDICTS] = {0, 0.01, 0.01, 0.01, 0.7, 0.35, 0.1};

/* Of a second box that keeps state, and has an address of that range. */
static const double carriers[NATMAP_VERDICTS] = {0, 0.002, 0.02, 0.02, 0.03, 0.9, 0.2};

/* Of one whose address is not known, or anybody's. */
static const double anybodys[NATMAP_VERDICTS] = {0, 0.002, 0.1, 0.03, 0.9, 0.9, 0.5};

/* The same where our own address is of the same range: private networks are routed to one another, and
 * have firewalls between them. */
static const double routed[NATMAP_VERDICTS] = {0, 0.002, 0.2, 0.12, 0.9, 0.9, 0.5};

enum addr_realm addr_realm(const struct addr *a)
{
	static const struct addr loopback = {.ip = {[15] = 1}};
	const struct addr shared = addr_v4(100, 64, 0, 0, 0), own = addr_v4(127, 0, 0, 0, 0),
			  link = addr_v4(169, 254, 0, 0, 0);
	const struct addr by10 = addr_prefix(a, 10, 128), by8 = addr_prefix(a, 8, 128),
			  by16 = addr_prefix(a, 16, 10);

	if (addr_same_ip(&by10, &shared))
		return REALM_SHARED;
	if (!addr_is_private(a))
		return REALM_PUBLIC;
	if (addr_same_ip(&by8, &own) || addr_same_ip(&by16, &link) || addr_same_ip(a, &loopback) ||
	    (a->ip[0] == 0xfe && by16.ip[1] == 0x80))
		return REALM_LOCAL;
	return REALM_PRIVATE;
}

static bool are_routed(const struct addr *a, const struct addr *b)
{
	const struct addr of_a = addr_prefix(a, 8, 128), of_b = addr_prefix(b, 8, 128);

	return addr_realm(a) == REALM_PRIVATE && addr_realm(b) == REALM_PRIVATE &&
	       addr_same_ip(&of_a, &of_b);
}

static bool is_at_home(const struct addr *a)
{
	const struct addr home = addr_v4(192, 168, 0, 0, 0), of = addr_prefix(a, 16, 128);

	return addr_same_ip(&of, &home);
}

static const double *weights_of(const struct natmap_result *r, const struct natmap_evidence *e)
{
	const double *home = signs_find(r, SIGN_HOP_SHARED) != NULL ? before_carrier : at_home;

	switch (e->sign) {
	case SIGN_STATEFUL_BEYOND:
		if (is_at_home(&e->address))
			return home;
		if (addr_realm(&e->address) == REALM_SHARED)
			return carriers;
		if (are_routed(&e->address, &r->local))
			return routed;
		return addr_family(&e->address) == ADDR_NONE ||
				       addr_realm(&e->address) == REALM_PRIVATE
			       ? anybodys
			       : table[e->sign];
	case SIGN_OTHER_ADDRESS:
	case SIGN_QUOTE_REWRITTEN:
		/* An address that is nobody's outside: another NAT follows. */
		if (addr_realm(&e->address) == REALM_SHARED)
			return table[SIGN_GATEWAY_SHARED];
		if (addr_realm(&e->address) == REALM_PUBLIC)
			return table[e->sign];
		return is_at_home(&e->address) ? home : table[SIGN_GATEWAY_PRIVATE];
	case SIGN_GATEWAY_PRIVATE:
	case SIGN_HOP_PRIVATE_BEYOND:
		return is_at_home(&e->address) ? home : table[e->sign];
	default:
		return table[e->sign];
	}
}

/* All hops were looked at, and of each it is known whether it keeps state. */
static bool all_decided(const struct path_result *path)
{
	for (unsigned i = 0; i < path->count; i++)
		if (path->hops[i].state == HOP_UNKNOWN || path->hops[i].state == HOP_HIDDEN)
			return false;
	return path->enumerated && path->count > 0;
}

/* The share of timers that are longer than the silences that were tried: a guess, with those of
 * Linux in the middle. */
static double unseen(const struct path_result *path)
{
	return exp(-signs_looked_for_s(path) / USUAL_TIMER_S);
}

static double likelihood(const struct natmap_result *r, const struct natmap_evidence *e, unsigned v)
{
	if (e->sign == SIGN_NO_STATE_SEEN)
		return v == NATMAP_OPEN ? 1 : unseen(&r->path);
	return weights_of(r, e)[v];
}

/* What was looked for and is not there speaks too. */
static double likelihood_of_absent(const struct natmap_result *r, enum natmap_sign sign, unsigned v)
{
	if (signs_find(r, sign) != NULL)
		return 1;
	if (sign == SIGN_NAT64_PREFIX) /* which shows where IPv6 is */
		return v != NATMAP_NAT64;
	if (sign == SIGN_STATEFUL_BEYOND && all_decided(&r->path))
		return 1 - table[sign][v] * (1 - unseen(&r->path));
	return 1;
}

static void weigh(double out[static NATMAP_VERDICTS], const struct natmap_result *r)
{
	double sum = 0;

	for (unsigned v = 0; v < NATMAP_VERDICTS; v++) {
		out[v] = prior[v];
		for (unsigned i = 0; i < r->evidence_count; i++)
			out[v] *= likelihood(r, &r->evidence[i], v);
		for (unsigned s = 0; s < SIGNS; s++)
			out[v] *= likelihood_of_absent(r, (enum natmap_sign)s, v);
		sum += out[v];
	}
	for (unsigned v = 0; v < NATMAP_VERDICTS; v++)
		out[v] /= sum;
}

/* An address of ours alone says nothing: there may be no way out at all. */
static bool was_seen(const struct natmap_result *r)
{
	static const enum natmap_sign outside[] = {
		SIGN_SAME_ADDRESS,   SIGN_OTHER_ADDRESS,      SIGN_GATEWAY_PRIVATE,
		SIGN_GATEWAY_SHARED, SIGN_GATEWAY_DIFFERS,    SIGN_GATEWAY_AGREES,
		SIGN_GATEWAY_PUBLIC, SIGN_GATEWAY_NO_ADDRESS, SIGN_ADDRESS_MISMATCH,
		SIGN_STATEFUL_HOP,   SIGN_QUOTE_REWRITTEN,    SIGN_NAT64_PREFIX,
	};

	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		if (signs_find(r, outside[i]) != NULL)
			return true;
	return false;
}

static unsigned stateful_hops(const struct path_result *path, unsigned *last)
{
	unsigned n = 0;

	for (unsigned i = 0; i < path->count; i++) {
		if (path->hops[i].state != HOP_STATEFUL)
			continue;
		n++;
		*last = i + 1;
	}
	return n;
}

static void count_nats(struct natmap_result *r)
{
	unsigned last = 0;
	const unsigned stateful = stateful_hops(&r->path, &last);
	const bool translated = signs_find(r, SIGN_SAME_ADDRESS) == NULL && was_seen(r);
	const bool directly = signs_find(r, SIGN_LOCAL_SHARED) != NULL &&
			      signs_find(r, SIGN_GATEWAY_PRIVATE) == NULL &&
			      signs_find(r, SIGN_GATEWAY_SHARED) == NULL &&
			      signs_find(r, SIGN_GATEWAY_NO_ADDRESS) == NULL;

	r->nats = translated;
	if (r->verdict == NATMAP_DOUBLE_NAT || (r->verdict == NATMAP_CARRIER_NAT && !directly))
		r->nats = 2;
	if (r->nats > 1 && stateful > r->nats) /* beyond one that is alone there are firewalls */
		r->nats = stateful;
	r->nats_at_least = translated && signs_find(r, SIGN_GATEWAY_AGREES) == NULL &&
			   signs_find(r, SIGN_HOP_BESIDE_PUBLIC) == NULL &&
			   (!all_decided(&r->path) || unseen(&r->path) > FEW);
	r->carrier_hop = r->verdict == NATMAP_CARRIER_NAT && (last > 1 || directly) ? last : 0;
}

/* Which verdicts are said: one, none, or both that speak of a second NAT if it is not clear whose
 * that is. */
static double choose(bool said[static NATMAP_VERDICTS], const double p[static NATMAP_VERDICTS])
{
	const double second = p[NATMAP_DOUBLE_NAT] + p[NATMAP_CARRIER_NAT];
	unsigned best = NATMAP_UNKNOWN;

	for (unsigned v = 0; v < NATMAP_VERDICTS; v++) {
		said[v] = false;
		if (p[v] > p[best])
			best = v;
	}
	if (second > LEAST && p[best] < CLEARLY) {
		said[NATMAP_DOUBLE_NAT] = said[NATMAP_CARRIER_NAT] = true;
		return second;
	}
	said[best] = p[best] > LEAST;
	return p[best] > LEAST ? p[best] : 0;
}

static double odds(double p)
{
	return p / fmax(1 - p, 1e-12);
}

/* Tells of each sign whether the verdict stands despite it. */
static void mark_against(struct natmap_result *r, const double p[static NATMAP_VERDICTS],
			 const bool said[static NATMAP_VERDICTS], double with)
{
	for (unsigned i = 0; i < r->evidence_count; i++) {
		struct natmap_evidence *e = &r->evidence[i];
		double own = 0, sum = 0;

		for (unsigned v = NATMAP_UNKNOWN + 1; v < NATMAP_VERDICTS; v++) {
			const double without = p[v] / fmax(likelihood(r, e, v), 1e-300);

			sum += without;
			own += said[v] ? without : 0;
		}
		e->against = r->verdict != NATMAP_UNKNOWN && odds(own / sum) > AGAINST * odds(with);
	}
}

void natmap_judge(struct natmap_result *r)
{
	double p[NATMAP_VERDICTS], sure;
	bool said[NATMAP_VERDICTS];

	signs_gather(r);
	weigh(p, r);
	sure = choose(said, p);
	r->verdict = NATMAP_UNKNOWN;
	for (unsigned v = NATMAP_VERDICTS; v-- > 0 && was_seen(r);)
		if (said[v])
			r->verdict = (enum natmap_verdict)v;
	r->p = r->verdict == NATMAP_UNKNOWN ? 0 : fmin(sure, SUREST);
	r->vpn = signs_find(r, SIGN_TUNNEL) != NULL;
	mark_against(r, p, said, sure);
	count_nats(r);
}
