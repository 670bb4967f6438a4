#include "core/broker/limits.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define COOKIE_LIFE (60 * NK_S) /* valid in the period in which it was made and in the next one */
#define SETS        16384
#define WAYS        4

/**
 * struct bucket - The tokens of one network
 * @key:	Hash of limit and network
 * @full_at:	When it will be full again. A full bucket says nothing, so its place is free, as are
 *		those that are all zero
 */
struct bucket {
	uint64_t key;
	nk_time full_at;
};

int limits_init(struct limits *l, struct rng *rng)
{
	rng_bytes(rng, l->cookie_key, sizeof(l->cookie_key));
	rng_bytes(rng, l->bucket_key, sizeof(l->bucket_key));
	l->set_mask = SETS - 1;
	l->buckets = calloc((size_t)SETS * WAYS, sizeof(*l->buckets));
	return l->buckets == NULL ? NK_ERR_NO_MEMORY : 0;
}

void limits_free(struct limits *l)
{
	free(l->buckets);
	crypto_wipe(l, sizeof(*l));
}

static uint64_t cookie_of(const struct limits *l, const struct addr *who, nk_time period)
{
	uint8_t in[sizeof(who->ip) + sizeof(who->port) + sizeof(period)];
	uint64_t cookie;

	memcpy(in, who->ip, sizeof(who->ip));
	memcpy(in + sizeof(who->ip), &who->port, sizeof(who->port));
	memcpy(in + sizeof(who->ip) + sizeof(who->port), &period, sizeof(period));
	cookie = crypto_siphash(l->cookie_key, in, sizeof(in));
	return cookie != 0 ? cookie : 1;
}

uint64_t limits_cookie(const struct limits *l, const struct addr *who, nk_time now)
{
	return cookie_of(l, who, now / COOKIE_LIFE);
}

bool limits_cookie_ok(const struct limits *l, const struct addr *who, uint64_t cookie, nk_time now)
{
	const uint64_t current = cookie_of(l, who, now / COOKIE_LIFE);
	const uint64_t previous = cookie_of(l, who, now / COOKIE_LIFE - 1);

	return crypto_equal(&cookie, &current, sizeof(cookie)) ||
	       crypto_equal(&cookie, &previous, sizeof(cookie));
}

/* The bucket of @key, or a free one for it, or NULL. */
static struct bucket *find_bucket(struct limits *l, uint64_t key, nk_time now)
{
	struct bucket *set = &l->buckets[(size_t)(key & l->set_mask) * WAYS];
	struct bucket *room = NULL;

	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].full_at <= now)
			room = &set[i];
		else if (set[i].key == key)
			return &set[i];
	}
	if (room != NULL)
		*room = (struct bucket){.key = key, .full_at = now};
	return room;
}

/* Takes @n tokens of the bucket of @key, which holds @most; one comes back in @each. */
static bool take(struct limits *l, uint64_t key, unsigned n, unsigned most, nk_time each,
		 nk_time now)
{
	struct bucket *b = most > 0 ? find_bucket(l, key, now) : NULL;

	if (b == NULL || b->full_at + n * each > now + most * each)
		return false;
	b->full_at += n * each;
	return true;
}

static nk_time each_of(unsigned per_s)
{
	return per_s > 0 ? (NK_S + per_s - 1) / per_s : NK_S;
}

static uint64_t network_key(const struct limits *l, enum limit limit, const struct addr *who)
{
	const struct addr net =
		limit == LIMIT_BINDING ? addr_prefix(who, 24, 48) : addr_prefix(who, 32, 64);
	uint8_t in[sizeof(net.ip) + 1];

	memcpy(in, net.ip, sizeof(net.ip));
	in[sizeof(net.ip)] = (uint8_t)limit;
	return crypto_siphash(l->bucket_key, in, sizeof(in));
}

bool limits_take(struct limits *l, enum limit limit, const struct addr *who, unsigned n,
		 unsigned per_s, nk_time now)
{
	return take(l, network_key(l, limit, who), n, per_s, each_of(per_s), now);
}

bool limits_take_rare(struct limits *l, enum limit limit, const struct addr *who, unsigned most,
		      nk_time each, nk_time now)
{
	return take(l, network_key(l, limit, who), 1, most, each, now);
}

bool limits_take_key(struct limits *l, enum limit limit, const uint8_t key[static CRYPTO_KEY],
		     unsigned per_s, nk_time now)
{
	uint8_t in[CRYPTO_KEY + 1];

	memcpy(in, key, CRYPTO_KEY);
	in[CRYPTO_KEY] = (uint8_t)limit;
	return take(l, crypto_siphash(l->bucket_key, in, sizeof(in)), 1, per_s, each_of(per_s),
		    now);
}
