#include "core/broker/registry.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define TICK_BITS  13 /* of microseconds: 8 ms, so that turns do not leave in bursts */
#define LIFE_SLACK (5 * NK_S)
#define TURN_SLACK (300 * NK_MS) /* less than what a client waits for an answer */
#define VISITS_MAX 128           /* at once: a broker that looks at millions answers nobody */

static_assert(REGISTRY_BYTES <= 110, "two million of them are to fit a small machine");

static uint64_t tick_of(nk_time t)
{
	return (uint64_t)t >> TICK_BITS;
}

/* Rounded up, and one more, since the time when something was heard is rounded down: nothing is too
 * early. */
static uint32_t ticks_in(nk_time d)
{
	return (uint32_t)tick_of(d) + 2;
}

static uint64_t hash_of(const struct registry *r, const void *bytes, size_t n)
{
	return crypto_siphash(r->hash_key, bytes, n);
}

static uint64_t hash_of_key(const void *owner, uint32_t number)
{
	const struct registry *r = owner;

	return hash_of(r, r->listeners[number].key, CRYPTO_KEY);
}

static uint64_t hash_of_from(const void *owner, uint32_t number)
{
	const struct registry *r = owner;

	return hash_of(r, &r->listeners[number].from, sizeof(struct addr));
}

static uint64_t hash_of_net(const struct registry *r, const struct addr *from)
{
	const struct addr net = addr_prefix(from, 32, 48);

	return hash_of(r, &net, sizeof(net));
}

int registry_init(struct registry *r, const struct broker_config *config, struct rng *rng)
{
	const uint32_t n = config->registrations_max;

	*r = (struct registry){
		.keep = config->registration_keep,
		.per_net = config->registrations_per_ip,
	};
	rng_bytes(rng, r->hash_key, sizeof(r->hash_key));
	rng_bytes(rng, r->token_key, sizeof(r->token_key));
	r->listeners = calloc(n, sizeof(*r->listeners));
	if (r->listeners == NULL || pool_init(&r->pool, n) != 0 ||
	    index_init(&r->by_key, n, hash_of_key, r) != 0 ||
	    index_init(&r->by_from, n, hash_of_from, r) != 0 || census_init(&r->census, n) != 0)
		return NK_ERR_NO_MEMORY;
	return wheel_init(&r->wheel, n);
}

void registry_free(struct registry *r)
{
	free(r->listeners);
	pool_free(&r->pool);
	index_free(&r->by_key);
	index_free(&r->by_from);
	census_free(&r->census);
	wheel_free(&r->wheel);
	crypto_wipe(r, sizeof(*r));
}

static uint32_t number_of(const struct registry *r, const struct listener *l)
{
	return (uint32_t)(l - r->listeners);
}

struct listener *registry_find(const struct registry *r, const uint8_t key[static CRYPTO_KEY])
{
	struct index_walk w = index_walk(&r->by_key, hash_of(r, key, CRYPTO_KEY));
	uint32_t i;

	while ((i = index_next(&r->by_key, &w)) != INDEX_NONE)
		if (memcmp(r->listeners[i].key, key, CRYPTO_KEY) == 0)
			return &r->listeners[i];
	return NULL;
}

struct listener *registry_at(const struct registry *r, const struct addr *from)
{
	struct index_walk w = index_walk(&r->by_from, hash_of(r, from, sizeof(*from)));
	uint32_t i;

	while ((i = index_next(&r->by_from, &w)) != INDEX_NONE)
		if (addr_eq(&r->listeners[i].from, from))
			return &r->listeners[i];
	return NULL;
}

struct registry_glance registry_expect(const struct registry *r, const struct addr *from)
{
	const struct registry_glance g = {index_walk(&r->by_from, hash_of(r, from, sizeof(*from)))};

	__builtin_prefetch(&r->by_from.slots[g.walk.at]);
	return g;
}

void registry_expect_more(const struct registry *r, const struct registry_glance *g)
{
	struct index_walk w = g->walk;
	const uint32_t i = index_next(&r->by_from, &w);

	if (i == INDEX_NONE)
		return;
	__builtin_prefetch(&r->listeners[i]);
	__builtin_prefetch((const uint8_t *)&r->listeners[i + 1] - 1);
}

uint64_t registry_token(const struct registry *r, const uint8_t key[static CRYPTO_KEY],
			const struct addr *from)
{
	uint8_t in[CRYPTO_KEY + sizeof(from->ip) + 2];
	struct wr w = wr_make(in, sizeof(in));
	uint64_t token;

	wr_bytes(&w, key, CRYPTO_KEY);
	wr_bytes(&w, from->ip, sizeof(from->ip));
	wr_be16(&w, from->port);
	token = crypto_siphash(r->token_key, in, sizeof(in));
	return token != 0 ? token : 1;
}

static void forget(struct registry *r, struct listener *l)
{
	const uint32_t i = number_of(r, l);

	index_remove(&r->by_key, i);
	index_remove(&r->by_from, i);
	wheel_clear(&r->wheel, i);
	census_leave(&r->census, hash_of_net(r, &l->from));
	pool_give(&r->pool, i);
	crypto_wipe(l, sizeof(*l));
}

/* The number of an endpoint, a new one if need be; REGISTRY_ENDPOINTS: there is no room for it. */
static unsigned endpoint_number(struct registry *r, const struct endpoint *at)
{
	unsigned i = 0;

	while (i < r->endpoint_count &&
	       (r->endpoints[i].id != at->id || !addr_eq(&r->endpoints[i].local, &at->local)))
		i++;
	if (i == r->endpoint_count && i < REGISTRY_ENDPOINTS)
		r->endpoints[r->endpoint_count++] = *at;
	return i;
}

/* A new one. NULL: there is no free place, or not for one more of its network. */
static struct listener *enter(struct registry *r, const uint8_t key[static CRYPTO_KEY],
			      const struct addr *from)
{
	const uint64_t net = hash_of_net(r, from);
	struct listener *l;
	uint32_t i;

	if (!census_enter(&r->census, net, r->per_net))
		return NULL;
	i = pool_take(&r->pool);
	if (i == TABLE_NONE) {
		census_leave(&r->census, net);
		return NULL;
	}
	l = &r->listeners[i];
	l->from = *from;
	memcpy(l->key, key, CRYPTO_KEY);
	index_add(&r->by_key, i);
	index_add(&r->by_from, i);
	return l;
}

/* False, and it stays where it is: there is no room for one more of that network. */
static bool move(struct registry *r, struct listener *l, const struct addr *from)
{
	const uint64_t old = hash_of_net(r, &l->from);
	const uint32_t i = number_of(r, l);

	census_leave(&r->census, old);
	if (!census_enter(&r->census, hash_of_net(r, from), r->per_net)) {
		census_enter(&r->census, old, UINT32_MAX);
		return false;
	}
	index_remove(&r->by_from, i);
	l->from = *from;
	index_add(&r->by_from, i);
	return true;
}

struct listener *registry_put(struct registry *r, const uint8_t key[static CRYPTO_KEY],
			      const struct addr *from, const struct endpoint *at, nk_time now)
{
	static const struct keepalive_terms plain = {KEEPALIVE_FIXED, 15};
	struct listener *l = registry_find(r, key), *there = registry_at(r, from);
	const unsigned endpoint = endpoint_number(r, at);
	const bool stays = l != NULL && l == there;

	if (endpoint == REGISTRY_ENDPOINTS)
		return NULL;
	if (there != NULL && !stays)
		forget(r, there);
	if (l == NULL)
		l = enter(r, key, from);
	else if (!stays && !move(r, l, from))
		l = NULL;
	if (l == NULL)
		return NULL;
	l->at = (uint8_t)endpoint;
	registry_heard(l, false, now);
	if (!stays)
		registry_agree(r, l, &plain, now);
	return l;
}

bool registry_contacts(struct registry *r, struct listener *l, const struct endpoint *at)
{
	const unsigned endpoint = endpoint_number(r, at);

	if (endpoint == REGISTRY_ENDPOINTS)
		return false;
	l->at = (uint8_t)endpoint;
	return true;
}

const struct endpoint *registry_endpoint(const struct registry *r, const struct listener *l)
{
	return &r->endpoints[l->at];
}

static struct keepalive_terms terms_of(const struct listener *l)
{
	struct keepalive_terms t = {KEEPALIVE_NONE, 0};

	keepalive_terms_read(&t, l->terms, sizeof(l->terms));
	return t;
}

static bool has_turns(const struct listener *l)
{
	return l->terms[0] == KEEPALIVE_TURNS;
}

nk_time registry_lifetime_by(const struct registry *r, const struct keepalive_terms *terms)
{
	const nk_time interval = nk_from_seconds(terms->interval_s);
	const nk_time period = terms->algorithm == KEEPALIVE_TURNS ? 2 * interval : interval;

	return nk_max(r->keep, 3 * period + LIFE_SLACK);
}

nk_time registry_lifetime(const struct registry *r, const struct listener *l)
{
	const struct keepalive_terms t = terms_of(l);

	return registry_lifetime_by(r, &t);
}

static uint32_t silent_for(const struct listener *l, uint64_t tick)
{
	return (uint32_t)tick - l->heard;
}

nk_time registry_heard_at(const struct listener *l, nk_time now)
{
	return now - ((nk_time)silent_for(l, tick_of(now)) << TICK_BITS);
}

/* Where it is the other's turn it is looked at soon after that: ours comes next, and frames are to be
 * cheap, so that being heard does not set the wheel. */
static uint64_t due_at(const struct registry *r, const struct listener *l, uint64_t tick)
{
	const uint64_t heard = tick - silent_for(l, tick);
	const uint64_t end = heard + ticks_in(registry_lifetime(r, l));
	uint64_t turn;

	if (!has_turns(l))
		return end;
	turn = l->turned ? tick + ticks_in(TURN_SLACK) : heard;
	turn += ticks_in(nk_from_seconds(terms_of(l).interval_s));
	return turn < end ? turn : end;
}

static void schedule(struct registry *r, const struct listener *l, uint64_t tick)
{
	wheel_set(&r->wheel, number_of(r, l), due_at(r, l, tick), tick);
}

void registry_heard(struct listener *l, bool turn, nk_time now)
{
	l->heard = (uint32_t)tick_of(now);
	l->turned = !turn;
}

void registry_agree(struct registry *r, struct listener *l, const struct keepalive_terms *terms,
		    nk_time now)
{
	keepalive_terms_write(l->terms, terms);
	schedule(r, l, tick_of(now));
}

struct listener *registry_turn(struct registry *r, nk_time now)
{
	const uint64_t tick = tick_of(now);

	for (unsigned n = 0; n < VISITS_MAX; n++) {
		const uint32_t i = wheel_take(&r->wheel, tick);
		struct listener *l = &r->listeners[i];
		bool turn;

		if (i == WHEEL_NONE)
			return NULL;
		if (silent_for(l, tick) >= ticks_in(registry_lifetime(r, l))) {
			forget(r, l);
			r->expired++;
			continue;
		}
		turn = has_turns(l) && !l->turned && due_at(r, l, tick) <= tick;
		l->turned |= turn;
		schedule(r, l, tick);
		if (turn)
			return l;
	}
	return NULL;
}

nk_time registry_deadline(const struct registry *r)
{
	const uint64_t next = wheel_next(&r->wheel);

	return next == WHEEL_NEVER ? NK_NEVER : (nk_time)(next << TICK_BITS);
}
