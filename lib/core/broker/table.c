#include "core/broker/table.h"

#include <stdlib.h>

#include "base/crypto.h"
#include "base/err.h"

int table_init(struct table *t, uint32_t n, const uint8_t hash_key[static 16])
{
	uint32_t places = 16;

	while (places < UINT32_MAX / 2 && places / 2 < n)
		places *= 2;
	*t = (struct table){.hash_key = hash_key, .mask = places - 1};
	t->keys = calloc(places, sizeof(*t->keys));
	t->values = malloc(places * sizeof(*t->values));
	if (t->keys == NULL || t->values == NULL)
		return NK_ERR_NO_MEMORY;
	for (uint32_t i = 0; i < places; i++)
		t->values[i] = TABLE_NONE;
	return 0;
}

void table_free(struct table *t)
{
	free(t->keys);
	free(t->values);
	*t = (struct table){0};
}

static uint32_t home(const struct table *t, uint64_t key)
{
	return (uint32_t)crypto_siphash(t->hash_key, &key, sizeof(key)) & t->mask;
}

/* Where @key is, or the empty place where it would be put. */
static uint32_t place_of(const struct table *t, uint64_t key)
{
	uint32_t i = home(t, key);

	while (t->values[i] != TABLE_NONE && t->keys[i] != key)
		i = (i + 1) & t->mask;
	return i;
}

uint32_t table_get(const struct table *t, uint64_t key)
{
	return t->values[place_of(t, key)];
}

void table_put(struct table *t, uint64_t key, uint32_t value)
{
	const uint32_t i = place_of(t, key);

	t->keys[i] = key;
	t->values[i] = value;
}

/* Later keys of the run move up into the gap, so that no tombstones are needed. */
void table_remove(struct table *t, uint64_t key)
{
	uint32_t gap = place_of(t, key);

	if (t->values[gap] == TABLE_NONE)
		return;
	for (uint32_t i = (gap + 1) & t->mask; t->values[i] != TABLE_NONE; i = (i + 1) & t->mask) {
		const uint32_t from_home = (i - home(t, t->keys[i])) & t->mask;
		const uint32_t from_gap = (i - gap) & t->mask;

		if (from_home < from_gap)
			continue;
		t->keys[gap] = t->keys[i];
		t->values[gap] = t->values[i];
		gap = i;
	}
	t->values[gap] = TABLE_NONE;
}

int due_init(struct heap *h, size_t n)
{
	nk_time *at = calloc(n, sizeof(*at));
	uint32_t *order = calloc(n, sizeof(*order));
	uint32_t *where = calloc(n, sizeof(*where));

	*h = (struct heap){.at = at, .order = order, .where = where};
	if (at == NULL || order == NULL || where == NULL)
		return NK_ERR_NO_MEMORY;
	heap_init(h, at, order, where, n);
	return 0;
}

void due_free(struct heap *h)
{
	free(h->at);
	free(h->order);
	free(h->where);
	*h = (struct heap){0};
}

int pool_init(struct pool *p, uint32_t n)
{
	*p = (struct pool){.free = TABLE_NONE, .n = n};
	p->next = calloc(n, sizeof(*p->next));
	return p->next != NULL ? 0 : NK_ERR_NO_MEMORY;
}

void pool_free(struct pool *p)
{
	free(p->next);
	*p = (struct pool){0};
}

uint32_t pool_take(struct pool *p)
{
	const uint32_t place = p->free;

	if (place != TABLE_NONE) {
		p->free = p->next[place];
		p->used++;
		return place;
	}
	if (p->fresh == p->n)
		return TABLE_NONE;
	p->used++;
	return p->fresh++;
}

void pool_give(struct pool *p, uint32_t place)
{
	p->next[place] = p->free;
	p->free = place;
	p->used--;
}
