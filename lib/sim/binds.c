#include "sim/binds.h"

#include <errno.h>

/* The range that Linux hands out (net.ipv4.ip_local_port_range). */
#define EPHEMERAL_FIRST 32768
#define EPHEMERAL_COUNT 28232

/* 28232 is 8 x 3529: a stride with neither factor visits every port before any one twice. */
#define EPHEMERAL_FACTOR 3529

struct binds binds_make(struct rng *rng)
{
	struct binds b = {.slab = slab_make(sizeof(struct bind))};

	b.ephemeral = rng_below(rng, EPHEMERAL_COUNT);
	do
		b.stride = 2 * rng_below(rng, EPHEMERAL_COUNT / 2) + 1;
	while (b.stride % EPHEMERAL_FACTOR == 0);
	return b;
}

void binds_close_all(struct binds *b)
{
	dict_free(&b->by_id);
	dict_free(&b->by_local);
	slab_free(&b->slab);
}

static uint64_t id_hash(uint32_t id)
{
	return dict_hash(&id, sizeof(id), 0);
}

static uint64_t local_hash(enum socket_kind kind, const struct addr *local)
{
	return dict_hash(local, sizeof(*local), kind);
}

struct bind *binds_find(const struct binds *b, uint32_t id)
{
	struct dict_node *t = dict_first(&b->by_id, id_hash(id));

	for (; t != NULL; t = dict_next(t)) {
		struct bind *s = dict_entry(t, struct bind, by_id);

		if (s->id == id)
			return s;
	}
	return NULL;
}

static struct bind *bound_to(const struct binds *b, enum socket_kind kind, const struct addr *local)
{
	struct dict_node *t = dict_first(&b->by_local, local_hash(kind, local));

	for (; t != NULL; t = dict_next(t)) {
		struct bind *s = dict_entry(t, struct bind, by_local);

		if (s->kind == kind && addr_eq(&s->local, local))
			return s;
	}
	return NULL;
}

struct bind *binds_for(const struct binds *b, enum socket_kind kind, const struct addr *to)
{
	const enum addr_family family = addr_family(to) == ADDR_V4 ? ADDR_V4 : ADDR_V6;
	const struct addr any = addr_any(family, to->port);
	struct bind *s = bound_to(b, kind, to);

	return s != NULL ? s : bound_to(b, kind, &any);
}

bool binds_use(const struct binds *b, const struct addr *ip)
{
	for (size_t i = 0; i < b->by_id.room; i++)
		for (struct dict_node *t = b->by_id.buckets[i]; t != NULL; t = t->next)
			if (addr_same_ip(&dict_entry(t, struct bind, by_id)->local, ip))
				return true;
	return false;
}

static int choose_port(struct binds *b, enum socket_kind kind, struct addr *local)
{
	if (local->port != 0 || kind == SOCKET_ICMP_RAW)
		return bound_to(b, kind, local) == NULL ? 0 : EADDRINUSE;
	for (unsigned i = 0; i < EPHEMERAL_COUNT; i++) {
		b->ephemeral = (b->ephemeral + b->stride) % EPHEMERAL_COUNT;
		local->port = (uint16_t)(EPHEMERAL_FIRST + b->ephemeral);
		if (bound_to(b, kind, local) == NULL)
			return 0;
	}
	return EADDRINUSE;
}

int binds_open(struct binds *b, uint32_t id, enum socket_kind kind, struct addr *local)
{
	struct bind *s;
	int error;

	if (kind == SOCKET_STREAM)
		return EPROTONOSUPPORT;
	if (binds_find(b, id) != NULL)
		return EBUSY;
	error = choose_port(b, kind, local);
	if (error != 0)
		return error;
	s = slab_get(&b->slab);
	if (s == NULL)
		return ENOMEM;
	*s = (struct bind){.id = id, .kind = kind, .local = *local};
	if (!dict_add(&b->by_id, &s->by_id, id_hash(id))) {
		slab_put(&b->slab, s);
		return ENOMEM;
	}
	if (!dict_add(&b->by_local, &s->by_local, local_hash(kind, local))) {
		dict_del(&b->by_id, &s->by_id);
		slab_put(&b->slab, s);
		return ENOMEM;
	}
	return 0;
}

void binds_close(struct binds *b, uint32_t id)
{
	struct bind *s = binds_find(b, id);

	if (s == NULL)
		return;
	dict_del(&b->by_id, &s->by_id);
	dict_del(&b->by_local, &s->by_local);
	slab_put(&b->slab, s);
}
