#include "core/broker/visits.h"

void visits_init(struct visits *v)
{
	heap_init(&v->due, v->due_at, v->due_order, v->due_where, VISIT_PLACES);
}

static struct visit *find(struct visits *v, uint64_t token)
{
	for (unsigned i = 0; i < VISIT_PLACES; i++)
		if (v->tokens[i] == token)
			return &v->places[i];
	return NULL;
}

struct visit *visits_of(struct visits *v, uint64_t token)
{
	return find(v, token);
}

struct visit *visits_add(struct visits *v, uint64_t token)
{
	struct visit *x = find(v, 0);

	if (x == NULL)
		return NULL;
	*x = (struct visit){.reach = PROBE_REACH_UNDER_WAY};
	v->tokens[x - v->places] = token;
	return x;
}

void visits_end(struct visits *v, const struct visit *x)
{
	v->tokens[x - v->places] = 0;
	visits_set_due(v, x, NK_NEVER);
}

void visits_set_due(struct visits *v, const struct visit *x, nk_time at)
{
	heap_set(&v->due, (uint32_t)(x - v->places), at);
}

struct visit *visits_due(struct visits *v, nk_time now)
{
	const uint32_t i = heap_due(&v->due, now);

	return i != HEAP_NONE ? &v->places[i] : NULL;
}

nk_time visits_deadline(const struct visits *v)
{
	return heap_next(&v->due);
}
