#include "core/punch/candidate.h"

#include <string.h>

uint32_t candidate_priority(enum candidate_kind kind, unsigned index)
{
	static const uint8_t preference[] = {
		[CANDIDATE_HOST] = 126,
		[CANDIDATE_SERVER_REFLEXIVE] = 100,
		[CANDIDATE_PEER_REFLEXIVE] = 110,
		[CANDIDATE_MAPPED] = 100,
	};

	/* Component 1 of a stream that has no other. */
	return (uint32_t)preference[kind] << 24 | (uint32_t)(65535 - index) << 8 | 255;
}

static bool is_named(const struct candidates *c, unsigned count, const struct addr *ip)
{
	for (unsigned i = 0; i < count; i++)
		if (addr_same_ip(&c->list[i].addr, ip))
			return true;
	return false;
}

static unsigned public_ips(const struct candidates *c)
{
	unsigned n = 0;

	for (unsigned i = 0; i < c->count; i++)
		n += !addr_is_private(&c->list[i].addr) && !is_named(c, i, &c->list[i].addr);
	return n;
}

void candidates_add(struct candidates *c, enum candidate_kind kind, const struct addr *a)
{
	const bool is_new_ip = !addr_is_private(a) && !is_named(c, c->count, a);

	for (unsigned i = 0; i < c->count; i++)
		if (addr_eq(a, &c->list[i].addr)) {
			c->list[i].kind = kind; /* RFC 8445 section 5.1.3: the better one stays */
			return;
		}
	if (a->port == 0 || addr_is_any(a) || c->count == CANDIDATES_MAX ||
	    (is_new_ip && public_ips(c) == CANDIDATES_PUBLIC_IPS_MAX))
		return;
	c->list[c->count++] = (struct candidate){kind, *a};
}

static unsigned first_reflexive(const struct candidates *c, const struct addr *ip)
{
	unsigned i = 0;

	while (i < c->count && (c->list[i].kind != CANDIDATE_SERVER_REFLEXIVE ||
				!addr_same_ip(&c->list[i].addr, ip)))
		i++;
	return i;
}

void candidates_add_mapped(struct candidates *c, const struct addr *a)
{
	unsigned at = first_reflexive(c, a);

	if (a->port == 0 || at == c->count || (c->count == CANDIDATES_MAX && at == 0))
		return;
	if (c->count == CANDIDATES_MAX) {
		at--;
		c->count--;
	} else {
		memmove(&c->list[at + 1], &c->list[at], (c->count - at) * sizeof(c->list[0]));
	}
	c->list[at] = (struct candidate){CANDIDATE_MAPPED, *a};
	c->count++;
}

bool candidates_have_mapped(const struct candidates *c)
{
	for (unsigned i = 0; i < c->count; i++)
		if (c->list[i].kind == CANDIDATE_MAPPED)
			return true;
	return false;
}
