/*
 * Who is registered with the broker: keys, where calls to them go, and how they are kept alive.
 *
 * Millions of them: all places are taken when the broker starts, those never used cost
 * nothing, and each is small (REGISTRY_BYTES). A registration that is silent for as long as it is kept
 * is forgotten; nothing is evicted before.
 */
#ifndef CORE_BROKER_REGISTRY_H
#define CORE_BROKER_REGISTRY_H

#include "base/addr.h"
#include "base/crypto.h"
#include "core/broker/broker.h"
#include "core/broker/census.h"
#include "core/broker/index.h"
#include "core/broker/store.h"
#include "core/broker/table.h"
#include "core/broker/wheel.h"
#include "wire/keepalive.h"

#define REGISTRY_ENDPOINTS 256

/**
 * struct listener - One registered key
 * @from:	Where it proved itself from: calls go there
 * @at:		The endpoint it contacts, as registry_endpoint() knows it: calls leave from there
 * @terms:	Of its keepalives, as on the wire
 * @turned:	It is not our turn to send something, or no more
 * @heard:	When, in ticks
 * @sent, @counted: Counters of frames, ours and its newest
 *
 * Its token is not here: it is made from key and address.
 */
struct listener {
	uint8_t key[CRYPTO_KEY];
	struct addr from;
	uint8_t at;
	uint8_t terms[KEEPALIVE_TERMS_LEN];
	bool turned;
	uint32_t heard;
	uint32_t sent, counted;
};

/* Of one registration, with its share of all tables. */
#define REGISTRY_BYTES                                                                \
	(sizeof(struct listener) + sizeof(struct wheel_link) + 3 * sizeof(uint32_t) + \
	 2 * (sizeof(uint32_t) + 2))

/**
 * struct registry - All of them
 * @hash_key:	For the tables; @token_key: for the tokens
 * @keep:	At least how long a silent one is held
 * @census:	Of one IP, or /48 (many a customer has so many /64 that they could fill the table), at most
 *		@per_net
 * @expired:	How many were forgotten
 */
struct registry {
	uint8_t hash_key[16], token_key[16];
	nk_time keep;
	uint32_t per_net;
	struct listener *listeners;
	struct pool pool;
	struct index by_key, by_from;
	struct census census;
	struct wheel wheel;
	struct endpoint endpoints[REGISTRY_ENDPOINTS];
	unsigned endpoint_count;
	uint64_t expired;
};

/* Return: 0 or NK_ERR_NO_MEMORY; registry_free() takes what either left. */
int registry_init(struct registry *r, const struct broker_config *config, struct rng *rng);
void registry_free(struct registry *r);

struct listener *registry_find(const struct registry *r, const uint8_t key[static CRYPTO_KEY]);
struct listener *registry_at(const struct registry *r, const struct addr *from);

/*
 * Where somebody will be looked for soon. Of many, first all are expected and then all are expected
 * more, so that memory fetches for them at the same time.
 */
struct registry_glance {
	struct index_walk walk;
};

struct registry_glance registry_expect(const struct registry *r, const struct addr *from);
void registry_expect_more(const struct registry *r, const struct registry_glance *g);

/* What lets @key refresh and answer from @from, and register there again. Never 0. */
uint64_t registry_token(const struct registry *r, const uint8_t key[static CRYPTO_KEY],
			const struct addr *from);

/* Registers @key, which contacts us at @at, at @from; whatever else that key or that address had is
 * over. NULL: full, and the key stays where it was. */
struct listener *registry_put(struct registry *r, const uint8_t key[static CRYPTO_KEY],
			      const struct addr *from, const struct endpoint *at, nk_time now);

/* It contacts us at @at from now on; false: there is no room for one more endpoint. */
bool registry_contacts(struct registry *r, struct listener *l, const struct endpoint *at);
const struct endpoint *registry_endpoint(const struct registry *r, const struct listener *l);

/* @turn: and it is our turn now. */
void registry_heard(struct listener *l, bool turn, nk_time now);
void registry_agree(struct registry *r, struct listener *l, const struct keepalive_terms *terms,
		    nk_time now);

nk_time registry_heard_at(const struct listener *l, nk_time now);

/* How long it is held when it is silent: three times as long as it should be. */
nk_time registry_lifetime(const struct registry *r, const struct listener *l);
nk_time registry_lifetime_by(const struct registry *r, const struct keepalive_terms *terms);

/**
 * registry_turn() - Whom to send our turn, which then counts as sent
 *
 * Forgets those that have been silent for too long. Looks at no more than a few at once, so
 * registry_deadline() may be past afterwards.
 *
 * Return: NULL: nobody, for now.
 */
struct listener *registry_turn(struct registry *r, nk_time now);
nk_time registry_deadline(const struct registry *r);

#endif
