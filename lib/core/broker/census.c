#include "core/broker/census.h"

#include <stdlib.h>

#include "base/err.h"

#define PLACES_MIN 1024 /* of few, the two of one would often be those of others */

int census_init(struct census *c, uint32_t n)
{
	*c = (struct census){.places = n > PLACES_MIN ? n : PLACES_MIN};
	c->counts = calloc(c->places, 2 * sizeof(*c->counts));
	return c->counts != NULL ? 0 : NK_ERR_NO_MEMORY;
}

void census_free(struct census *c)
{
	free(c->counts);
	*c = (struct census){0};
}

static uint32_t *count_of(struct census *c, uint64_t hash, unsigned row)
{
	const uint64_t part = row == 0 ? hash >> 32 : hash & UINT32_MAX;

	return &c->counts[(size_t)row * c->places + (size_t)(part * c->places >> 32)];
}

bool census_enter(struct census *c, uint64_t hash, uint32_t max)
{
	uint32_t *a = count_of(c, hash, 0), *b = count_of(c, hash, 1);

	if (*a >= max && *b >= max)
		return false;
	++*a;
	++*b;
	return true;
}

void census_leave(struct census *c, uint64_t hash)
{
	--*count_of(c, hash, 0);
	--*count_of(c, hash, 1);
}
