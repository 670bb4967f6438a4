#include "core/broker/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

int registry_init(struct registry *r, const struct broker_config *config,
		  const uint8_t hash_key[static 16])
{
	const uint32_t n = config->registrations_max;

	*r = (struct registry){
		.keep = config->registration_keep,
		.per_net = config->registrations_per_ip,
	};
	memcpy(r->hash_key, hash_key, sizeof(r->hash_key));
	r->listeners = calloc(n, sizeof(*r->listeners));
	r->nets = calloc(n, sizeof(*r->nets));
	if (r->listeners == NULL || r->nets == NULL)
		return NK_ERR_NO_MEMORY;
	if (pool_init(&r->listener_pool, n) != 0 || pool_init(&r->net_pool, n) != 0 ||
	    table_init(&r->by_key, n, r->hash_key) != 0 ||
	    table_init(&r->by_token, n, r->hash_key) != 0 ||
	    table_init(&r->by_net, n, r->hash_key) != 0)
		return NK_ERR_NO_MEMORY;
	return due_init(&r->due, n);
}

void registry_free(struct registry *r)
{
	free(r->listeners);
	free(r->nets);
	pool_free(&r->listener_pool);
	pool_free(&r->net_pool);
	table_free(&r->by_key);
	table_free(&r->by_token);
	table_free(&r->by_net);
	due_free(&r->due);
	crypto_wipe(r, sizeof(*r));
}

static uint64_t hash_of(const struct registry *r, const void *bytes, size_t n)
{
	return crypto_siphash(r->hash_key, bytes, n);
}

static uint32_t index_of(const struct registry *r, const struct listener *l)
{
	return (uint32_t)(l - r->listeners);
}

struct listener *registry_find(const struct registry *r, const uint8_t key[static CRYPTO_KEY])
{
	const uint32_t i = table_get(&r->by_key, hash_of(r, key, CRYPTO_KEY));

	if (i == TABLE_NONE || memcmp(r->listeners[i].key, key, CRYPTO_KEY) != 0)
		return NULL;
	return &r->listeners[i];
}

struct listener *registry_of_token(const struct registry *r, uint64_t token)
{
	const uint32_t i = table_get(&r->by_token, token);

	return i != TABLE_NONE ? &r->listeners[i] : NULL;
}

/* Counts one more of the network of @from. Return: its place; TABLE_NONE if it has enough. */
static uint32_t enter_net(struct registry *r, const struct addr *from)
{
	const struct addr net = addr_prefix(from, 32, 48);
	const uint64_t hash = hash_of(r, &net, sizeof(net));
	uint32_t i = table_get(&r->by_net, hash);

	if (i == TABLE_NONE) {
		i = pool_take(&r->net_pool);
		if (i == TABLE_NONE)
			return TABLE_NONE;
		r->nets[i] = (struct listener_net){.net = net};
		table_put(&r->by_net, hash, i);
	}
	if (r->nets[i].count >= r->per_net)
		return TABLE_NONE;
	r->nets[i].count++;
	return i;
}

static void leave_net(struct registry *r, uint32_t i)
{
	if (--r->nets[i].count > 0)
		return;
	table_remove(&r->by_net, hash_of(r, &r->nets[i].net, sizeof(r->nets[i].net)));
	pool_give(&r->net_pool, i);
}

static void forget(struct registry *r, struct listener *l)
{
	const uint32_t i = index_of(r, l);

	table_remove(&r->by_key, hash_of(r, l->key, CRYPTO_KEY));
	table_remove(&r->by_token, l->token);
	heap_set(&r->due, i, NK_NEVER);
	leave_net(r, l->net);
	pool_give(&r->listener_pool, i);
	crypto_wipe(l, sizeof(*l));
}

struct listener *registry_put(struct registry *r, const uint8_t key[static CRYPTO_KEY],
			      const struct addr *from, uint64_t token, nk_time now)
{
	struct listener *l = registry_find(r, key);
	uint32_t net, i;

	if (l != NULL && addr_eq(&l->from, from)) {
		registry_heard(r, l, now);
		return l;
	}
	if (l != NULL)
		forget(r, l);
	net = enter_net(r, from);
	if (net == TABLE_NONE)
		return NULL;
	i = pool_take(&r->listener_pool);
	if (i == TABLE_NONE) {
		leave_net(r, net);
		return NULL;
	}
	l = &r->listeners[i];
	*l = (struct listener){.from = *from, .token = token, .net = net};
	memcpy(l->key, key, CRYPTO_KEY);
	table_put(&r->by_key, hash_of(r, key, CRYPTO_KEY), i);
	table_put(&r->by_token, token, i);
	registry_heard(r, l, now);
	heap_set(&r->due, i, l->keep_until);
	return l;
}

void registry_heard(struct registry *r, struct listener *l, nk_time now)
{
	l->keep_until = now + r->keep;
}

/* Being heard moves keep_until and not the heap: a packet must be cheap. */
void registry_expire(struct registry *r, nk_time now)
{
	uint32_t i;

	while ((i = heap_due(&r->due, now)) != HEAP_NONE) {
		if (r->listeners[i].keep_until > now)
			heap_set(&r->due, i, r->listeners[i].keep_until);
		else
			forget(r, &r->listeners[i]);
	}
}
