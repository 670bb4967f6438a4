/* What sessions have in the store: trials, which may be held, and asks. */
#include <string.h>

#include "base/crypto.h"
#include "core/broker/store_parts.h"

static uint32_t index_of_trial(const struct store *s, const struct trial *x)
{
	return (uint32_t)(x - s->trials);
}

static uint32_t index_of_ask(const struct store *s, const struct ask *x)
{
	return (uint32_t)(x - s->asks);
}

static uint64_t number_key(uint32_t session, uint32_t number)
{
	return (uint64_t)session << 32 | number;
}

static uint64_t tid_key(const struct store *s, uint64_t token, const uint8_t tid[static STUN_TID])
{
	uint8_t in[sizeof(token) + STUN_TID];

	memcpy(in, &token, sizeof(token));
	memcpy(in + sizeof(token), tid, STUN_TID);
	return crypto_siphash(s->hash_key, in, sizeof(in));
}

struct trial *store_trial(const struct store *s, const struct session *owner, uint32_t number)
{
	const uint32_t i =
		table_get(&s->by_number, number_key(store_session_index(s, owner), number));

	return i != TABLE_NONE ? &s->trials[i] : NULL;
}

uint32_t store_trial_room(const struct store *s, const struct session *owner)
{
	const uint32_t of_client = s->clients[owner->client].trials;
	const uint32_t own = s->trials_per_session > owner->trial_count
				     ? s->trials_per_session - owner->trial_count
				     : 0;
	const uint32_t left =
		s->trials_per_client > of_client ? s->trials_per_client - of_client : 0;

	return own < left ? own : left;
}

struct trial *store_add_trial(struct store *s, struct session *owner, uint32_t number, nk_time now)
{
	struct client *c = &s->clients[owner->client];
	const uint32_t home = store_session_index(s, owner);
	uint32_t i;

	i = store_trial_room(s, owner) > 0 ? pool_take(&s->trial_pool) : TABLE_NONE;
	if (i == TABLE_NONE)
		return NULL;
	c->trials++;
	owner->trial_count++;
	s->trials[i] = (struct trial){
		.session = home,
		.number = number,
		.next = owner->trials,
		.prev = TABLE_NONE,
		.keep_until = now + s->keep,
	};
	if (owner->trials != TABLE_NONE)
		s->trials[owner->trials].prev = i;
	owner->trials = i;
	table_put(&s->by_number, number_key(home, number), i);
	heap_set(&s->due, store_trial_thing(s, i), now + s->keep);
	return &s->trials[i];
}

void store_end_trial(struct store *s, struct trial *t)
{
	struct session *owner = &s->sessions[t->session];
	const uint32_t i = index_of_trial(s, t);

	if (t->prev != TABLE_NONE)
		s->trials[t->prev].next = t->next;
	else
		owner->trials = t->next;
	if (t->next != TABLE_NONE)
		s->trials[t->next].prev = t->prev;
	store_release(s, t);
	table_remove(&s->by_number, number_key(t->session, t->number));
	heap_set(&s->due, store_trial_thing(s, i), NK_NEVER);
	s->clients[owner->client].trials--;
	owner->trial_count--;
	pool_give(&s->trial_pool, i);
}

struct ask *store_ask(const struct store *s, const struct session *owner,
		      const uint8_t tid[static STUN_TID])
{
	const uint32_t i = table_get(&s->by_tid, tid_key(s, owner->token, tid));

	if (i == TABLE_NONE || s->asks[i].session != store_session_index(s, owner) ||
	    memcmp(s->asks[i].tid, tid, STUN_TID) != 0)
		return NULL;
	return &s->asks[i];
}

struct ask *store_add_ask(struct store *s, struct session *owner,
			  const uint8_t tid[static STUN_TID], nk_time now)
{
	struct client *c = &s->clients[owner->client];
	uint32_t i;

	i = c->asks < 2 * s->trials_per_session ? pool_take(&s->ask_pool) : TABLE_NONE;
	if (i == TABLE_NONE)
		return NULL;
	c->asks++;
	s->asks[i] = (struct ask){
		.session = store_session_index(s, owner),
		.next = owner->asks,
		.prev = TABLE_NONE,
		.asked = now,
	};
	memcpy(s->asks[i].tid, tid, STUN_TID);
	if (owner->asks != TABLE_NONE)
		s->asks[owner->asks].prev = i;
	owner->asks = i;
	table_put(&s->by_tid, tid_key(s, owner->token, tid), i);
	return &s->asks[i];
}

void store_set_due(struct store *s, const struct ask *a, nk_time at)
{
	heap_set(&s->due, store_ask_thing(s, index_of_ask(s, a)), at);
}

void store_end_ask(struct store *s, struct ask *a)
{
	struct session *owner = &s->sessions[a->session];

	if (a->prev != TABLE_NONE)
		s->asks[a->prev].next = a->next;
	else
		owner->asks = a->next;
	if (a->next != TABLE_NONE)
		s->asks[a->next].prev = a->prev;
	table_remove(&s->by_tid, tid_key(s, owner->token, a->tid));
	store_set_due(s, a, NK_NEVER);
	s->clients[owner->client].asks--;
	pool_give(&s->ask_pool, index_of_ask(s, a));
}

static uint32_t ticks_a_minute(nk_time interval)
{
	return (uint32_t)((60 * NK_S + interval - 1) / interval);
}

static struct client *client_of(const struct store *s, const struct trial *t)
{
	return &s->clients[s->sessions[t->session].client];
}

static void set_tick(struct store *s, const struct trial *t, nk_time now)
{
	const nk_time next = nk_max(now, t->ticked + t->interval);

	heap_set(&s->due, store_tick_thing(s, index_of_trial(s, t)), nk_min(next, t->hold_until));
}

void store_release(struct store *s, struct trial *t)
{
	if ((t->flags & PROBE_HELD) == 0)
		return;
	client_of(s, t)->ticks -= ticks_a_minute(t->interval);
	t->flags &= (uint16_t)~PROBE_HELD;
	heap_set(&s->due, store_tick_thing(s, index_of_trial(s, t)), NK_NEVER);
}

/* Renewed or not, TICKs keep their distance: no HOLD makes one come sooner. */
bool store_hold(struct store *s, struct trial *t, const struct probe_hold *hold, nk_time now)
{
	const nk_time interval = hold->interval_ms * NK_MS;
	const uint32_t more = ticks_a_minute(interval);
	struct client *c = client_of(s, t);

	store_release(s, t);
	if (c->ticks + more > s->ticks_per_client)
		return false;
	c->ticks += more;
	t->flags |= PROBE_HELD;
	t->ttl = hold->ttl;
	t->interval = interval;
	t->hold_until = now + hold->lease_ms * NK_MS;
	set_tick(s, t, now);
	return true;
}

void store_ticked(struct store *s, struct trial *t, nk_time now)
{
	t->ticked = now;
	set_tick(s, t, now);
}
