/* What the answers of the classification mean. RFC 5780 sections 4.3 and 4.4, by vote. */
#include <stdio.h>

#include "core/probe/classify.h"

#define CONTROLS_NEEDED 2

double behaviour_certainty(unsigned n)
{
	const double always = 0.45, mixed = 0.1;
	const double w = always * (n + 1);

	return w / (w + mixed);
}

static bool answered(const struct exchange *e)
{
	return e != NULL && e->state == EXCHANGE_ANSWERED && e->error == 0;
}

static void unknown(struct class_finding *out, enum why_kind kind, const char *why)
{
	out->cls = CLASS_UNKNOWN;
	out->p = 0;
	out->why_kind = kind;
	snprintf(out->why, sizeof(out->why), "%s", why);
}

/* The class with most votes, and how sure; unknown if none voted. */
static void decide(struct class_finding *out, enum why_kind kind, const char *why)
{
	unsigned total = 0;

	out->cls = CLASS_UNKNOWN;
	for (unsigned v = CLASS_UNKNOWN + 1; v < CLASS_COUNT; v++) {
		total += out->votes[v];
		if (out->votes[v] > (out->cls == CLASS_UNKNOWN ? 0 : out->votes[out->cls]))
			out->cls = (enum nat_class)v;
	}
	if (out->cls == CLASS_UNKNOWN) {
		unknown(out, kind, why);
		return;
	}
	out->inconsistent = out->votes[out->cls] != total;
	out->p = out->inconsistent ? (out->votes[out->cls] + 1.0) / (total + 2.0)
				   : behaviour_certainty(total);
}

static bool same(const struct exchange *a, const struct exchange *b)
{
	return addr_eq(&a->xor_mapped, &b->xor_mapped);
}

/*
 * The same port on different addresses: a pool that chooses by destination, or
 * mappings that differ by destination and find their port free on each address.
 */
static bool pool_hides(const struct classify *c, unsigned s)
{
	for (unsigned a = 0; a < DEST_COUNT; a++)
		for (unsigned b = 0; b < a; b++) {
			const struct exchange *x = c->map[s][a], *y = c->map[s][b];

			if (answered(x) && answered(y) && !same(x, y) &&
			    x->xor_mapped.port == y->xor_mapped.port)
				return true;
		}
	return false;
}

static enum nat_class mapping_of(const struct classify *c, unsigned s)
{
	const struct exchange *primary = c->map[s][DEST_PRIMARY], *port = c->map[s][DEST_PORT];
	const struct exchange *ip = c->map[s][DEST_IP], *both = c->map[s][DEST_BOTH];

	if (!answered(primary) || pool_hides(c, s))
		return CLASS_UNKNOWN;
	if (answered(port) && !same(primary, port))
		return CLASS_ADDRESS_AND_PORT_DEPENDENT;
	if (!answered(ip) || !answered(both))
		return CLASS_UNKNOWN;
	if (!same(ip, both))
		return CLASS_ADDRESS_AND_PORT_DEPENDENT;
	if (same(primary, ip))
		return CLASS_ENDPOINT_INDEPENDENT;
	return CLASS_ADDRESS_DEPENDENT;
}

static bool any_pool_hides(const struct classify *c)
{
	for (unsigned s = 0; s < c->ports; s++)
		if (pool_hides(c, s))
			return true;
	return false;
}

void behaviour_mapping(const struct classify *c, struct class_finding *out)
{
	const char *why = "answers were lost";
	enum why_kind kind = WHY_PATH;

	*out = (struct class_finding){.cls = CLASS_UNKNOWN};
	for (unsigned s = 0; s < c->ports; s++)
		out->votes[mapping_of(c, s)]++;
	if (!c->alternate) {
		kind = WHY_SERVER;
		why = c->other_is_self
			      ? "the server's other address is its own: one address cannot tell"
			      : "the server has no other address (RFC 5780 OTHER-ADDRESS)";
	} else if (c->other_silent) {
		kind = WHY_SERVER;
		why = "the server's other address does not answer";
	} else if (any_pool_hides(c)) {
		why = "the external address differs by destination: its pool hides the class";
	}
	decide(out, kind, why);
	if (out->cls != CLASS_UNKNOWN || c->result->nat.answer != TRI_NO)
		return;
	/* Nothing is translated: the trivial mapping. */
	out->cls = CLASS_ENDPOINT_INDEPENDENT;
	out->p = c->result->nat.p;
	out->why_kind = WHY_NONE;
	out->why[0] = '\0';
}

static unsigned came(const struct classify *c, unsigned s, enum filter_kind kind)
{
	unsigned n = 0;

	for (unsigned r = 0; r < c->rounds[s]; r++)
		n += answered(c->filter[s][r][kind]);
	return n;
}

bool behaviour_filter_void(const struct classify *c, unsigned s)
{
	return came(c, s, FILTER_PLAIN) < CONTROLS_NEEDED;
}

static enum nat_class filtering_of(const struct classify *c, unsigned s)
{
	if (came(c, s, FILTER_BOTH) > 0)
		return CLASS_ENDPOINT_INDEPENDENT;
	if (behaviour_filter_void(c, s))
		return CLASS_UNKNOWN;
	return came(c, s, FILTER_PORT) > 0 ? CLASS_ADDRESS_DEPENDENT
					   : CLASS_ADDRESS_AND_PORT_DEPENDENT;
}

void behaviour_filtering(const struct classify *c, struct class_finding *out)
{
	*out = (struct class_finding){.cls = CLASS_UNKNOWN};
	if (c->change_ignored || c->change_refused) {
		unknown(out, WHY_SERVER,
			c->change_ignored ? "the server ignores CHANGE-REQUEST"
					  : "the server refuses CHANGE-REQUEST");
		return;
	}
	if (!c->alternate) {
		unknown(out, WHY_SERVER, "the server has no other address to answer from");
		return;
	}
	if (c->other_silent) {
		unknown(out, WHY_SERVER, "the server's other address does not answer");
		return;
	}
	for (unsigned s = 0; s < c->ports; s++)
		out->votes[filtering_of(c, s)]++;
	decide(out, WHY_PATH, "control answers were lost");
	if (out->cls == CLASS_ENDPOINT_INDEPENDENT || out->cls == CLASS_UNKNOWN)
		return;
	if (out->votes[CLASS_ENDPOINT_INDEPENDENT] > 0) {
		/* An answer that came is proof; those that did not may have been lost. */
		out->cls = CLASS_ENDPOINT_INDEPENDENT;
		return;
	}
	if (answered(c->check))
		return;
	if (c->result->mapping.cls == CLASS_ENDPOINT_INDEPENDENT)
		unknown(out, WHY_SERVER,
			"the server's changed answers do not come even where nothing filters them");
	else if (out->p > 0.9)
		out->p = 0.9; /* the mapping differs by destination: the server cannot be checked */
}

void behaviour_nat(const struct classify *c, struct fact *out)
{
	unsigned same = 0, other = 0;

	for (unsigned s = 0; s < c->ports; s++) {
		const struct exchange *e = c->map[s][DEST_PRIMARY];

		if (!answered(e))
			continue;
		if (addr_eq(&e->xor_mapped, &c->local[s]))
			same++;
		else
			other++;
	}
	*out = (struct fact){.trials = same + other};
	if (same + other == 0) {
		out->why_kind = WHY_PATH;
		snprintf(out->why, sizeof(out->why), "no answer");
		return;
	}
	out->answer = other > 0 ? TRI_YES : TRI_NO;
	out->p = behaviour_certainty(other > 0 ? other : same);
}

void behaviour_alg(const struct classify *c, struct fact *out)
{
	unsigned equal = 0, differ = 0;

	for (unsigned i = 0; i < c->exchanges->count; i++) {
		const struct exchange *e = &c->exchanges->table[i];

		if (!answered(e) || addr_family(&e->mapped) == ADDR_NONE)
			continue;
		if (addr_eq(&e->mapped, &e->xor_mapped))
			equal++;
		else
			differ++;
	}
	*out = (struct fact){.trials = equal + differ};
	if (equal + differ == 0) {
		out->why_kind = WHY_SERVER;
		snprintf(out->why, sizeof(out->why),
			 "the server sends no MAPPED-ADDRESS to compare");
		return;
	}
	out->answer = differ > 0 ? TRI_YES : TRI_NO;
	out->p = behaviour_certainty(differ > 0 ? differ : equal);
}

void behaviour_pooling(const struct classify *c, enum pooling *out, unsigned *trials)
{
	const struct addr *first = NULL;

	*out = POOL_UNKNOWN;
	*trials = 0;
	for (unsigned i = 0; i < c->exchanges->count; i++) {
		const struct exchange *e = &c->exchanges->table[i];

		if (!answered(e))
			continue;
		if (first == NULL)
			first = &e->xor_mapped;
		else if (!addr_same_ip(first, &e->xor_mapped))
			*out = POOL_ARBITRARY;
		++*trials;
	}
	if (*trials > 1 && *out == POOL_UNKNOWN)
		*out = POOL_PAIRED;
}
