#include "core/punch/pairs.h"

static bool is_pair(const struct pair *pair, uint32_t socket, const struct addr *to)
{
	return pair->socket == socket && addr_eq(&pair->to, to);
}

struct pair *pairs_find(struct pairs *p, uint32_t socket, const struct addr *to)
{
	for (unsigned i = 0; i < p->count; i++)
		if (is_pair(&p->list[i], socket, to))
			return &p->list[i];
	return NULL;
}

bool pairs_heard(const struct pairs *p, uint32_t socket, const struct addr *from)
{
	for (unsigned i = 0; i < p->count; i++)
		if (is_pair(&p->list[i], socket, from))
			return p->list[i].heard;
	return false;
}

struct pair *pairs_add(struct pairs *p, uint32_t socket, const struct addr *to, enum tactic tactic)
{
	struct pair *pair = &p->list[p->count];

	if (p->count == PAIRS_MAX)
		return NULL;
	p->count++;
	*pair = (struct pair){.socket = socket, .to = *to, .tactic = tactic, .due = NK_NEVER};
	return pair;
}

struct pair *pairs_triggered(struct pairs *p)
{
	for (unsigned i = 0; i < p->count; i++)
		if (p->list[i].trigger)
			return &p->list[i];
	return NULL;
}

struct pair *pairs_opener(struct pairs *p)
{
	for (unsigned i = 0; i < p->count; i++)
		if (p->list[i].opener)
			return &p->list[i];
	return NULL;
}

struct pair *pairs_due(struct pairs *p, nk_time now)
{
	for (unsigned i = 0; i < p->count; i++)
		if (p->list[i].due <= now)
			return &p->list[i];
	return NULL;
}

nk_time pairs_next(const struct pairs *p)
{
	nk_time at = NK_NEVER;

	for (unsigned i = 0; i < p->count; i++)
		at = nk_min(at, p->list[i].due);
	return at;
}
