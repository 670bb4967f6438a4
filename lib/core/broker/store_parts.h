/* What the files of the store share: numbers of things, by which the heap knows them, and how a trial ends. */
#ifndef CORE_BROKER_STORE_PARTS_H
#define CORE_BROKER_STORE_PARTS_H

#include "core/broker/store.h"

/* A session's number, which is that of its thing too. */
static inline uint32_t store_session_index(const struct store *s, const struct session *x)
{
	return (uint32_t)(x - s->sessions);
}

/* The things of trial @i, of ask @i, and of trial @i as one that is held. */
static inline uint32_t store_trial_thing(const struct store *s, uint32_t i)
{
	return s->session_pool.n + i;
}

static inline uint32_t store_ask_thing(const struct store *s, uint32_t i)
{
	return store_trial_thing(s, s->trial_pool.n) + i;
}

static inline uint32_t store_tick_thing(const struct store *s, uint32_t i)
{
	return store_ask_thing(s, s->ask_pool.n) + i;
}

void store_end_trial(struct store *s, struct trial *t);

#endif
