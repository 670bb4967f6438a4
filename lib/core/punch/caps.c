#include "core/punch/caps.h"

/* Its place in the list, which may be the end. */
static unsigned place_of(const struct caps *c, const struct addr *addr)
{
	unsigned i = 0;

	while (i < c->count && !addr_eq(&c->list[i].addr, addr))
		i++;
	return i;
}

/* As place_of(), and it is in the list unless that is full. */
static unsigned place_in(struct caps *c, const struct addr *addr)
{
	const unsigned i = place_of(c, addr);

	if (i == c->count && i < PUNCH_ADDRS_MAX)
		c->list[c->count++].addr = *addr;
	return i;
}

bool caps_take(struct caps *c, const struct addr *to)
{
	const unsigned i = place_in(c, to);

	if (i == PUNCH_ADDRS_MAX || (!c->list[i].proven && c->list[i].sent >= PUNCH_UNPROVEN_MAX))
		return false;
	c->list[i].sent++;
	return true;
}

void caps_prove(struct caps *c, const struct addr *addr)
{
	const unsigned i = place_in(c, addr);

	if (i < PUNCH_ADDRS_MAX)
		c->list[i].proven = true;
}
