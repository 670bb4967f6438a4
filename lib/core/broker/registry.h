/*
 * Who is registered with the broker: keys, and where calls to them go.
 *
 * All places are taken when the broker starts. A registration that is silent for
 * as long as it is kept is forgotten; nothing is evicted before.
 */
#ifndef CORE_BROKER_REGISTRY_H
#define CORE_BROKER_REGISTRY_H

#include "base/addr.h"
#include "base/crypto.h"
#include "base/heap.h"
#include "core/broker/broker.h"
#include "core/broker/store.h"
#include "core/broker/table.h"

/**
 * struct listener - One registered key
 * @from:	Where it proved itself from: calls go there
 * @at:		The endpoint it contacts: calls leave from there
 * @token:	Lets it refresh and answer
 * @net:	Its place among the networks
 */
struct listener {
	uint8_t key[CRYPTO_KEY];
	struct addr from;
	struct endpoint at;
	uint64_t token;
	uint32_t net;
	nk_time keep_until;
};

/* The registrations of one IP, or /48: many a customer has so many /64 that they could fill the table. */
struct listener_net {
	struct addr net;
	uint32_t count;
};

struct registry {
	uint8_t hash_key[16];
	nk_time keep;
	uint32_t per_net;
	struct listener *listeners;
	struct listener_net *nets;
	struct pool listener_pool, net_pool;
	struct table by_key, by_token, by_net;
	struct heap due;
};

/* Return: 0 or NK_ERR_NO_MEMORY; registry_free() takes what either left. */
int registry_init(struct registry *r, const struct broker_config *config,
		  const uint8_t hash_key[static 16]);
void registry_free(struct registry *r);

struct listener *registry_find(const struct registry *r, const uint8_t key[static CRYPTO_KEY]);
struct listener *registry_of_token(const struct registry *r, uint64_t token);

/* Registers @key at @from; @token is used if it was not registered there already. NULL: full. */
struct listener *registry_put(struct registry *r, const uint8_t key[static CRYPTO_KEY],
			      const struct addr *from, uint64_t token, nk_time now);
void registry_heard(struct registry *r, struct listener *l, nk_time now);

/* Forgets those that have been silent for too long. */
void registry_expire(struct registry *r, nk_time now);

#endif
