#include "core/punch/caps.h"

#define PROVEN UINT8_MAX

void caps_init(struct caps *c, const struct addr *hard_ip)
{
	*c = (struct caps){.count = 0};
	if (hard_ip != NULL)
		c->hard_ip = *hard_ip;
}

static bool is_hard(const struct caps *c, const struct addr *addr)
{
	return addr_family(&c->hard_ip) != ADDR_NONE && addr_same_ip(&c->hard_ip, addr);
}

static bool take_hard(struct caps *c, uint16_t port)
{
	if (c->hard_sent[port] == PROVEN)
		return true;
	if (c->hard_sent[port] >= PUNCH_UNPROVEN_MAX)
		return false;
	c->hard_sent[port]++;
	return true;
}

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
	unsigned i;

	if (is_hard(c, to))
		return take_hard(c, to->port);
	i = place_in(c, to);
	if (i == PUNCH_ADDRS_MAX || (!c->list[i].proven && c->list[i].sent >= PUNCH_UNPROVEN_MAX))
		return false;
	c->list[i].sent++;
	return true;
}

void caps_prove(struct caps *c, const struct addr *addr)
{
	unsigned i;

	if (is_hard(c, addr)) {
		c->hard_sent[addr->port] = PROVEN;
		return;
	}
	i = place_in(c, addr);
	if (i < PUNCH_ADDRS_MAX)
		c->list[i].proven = true;
}
