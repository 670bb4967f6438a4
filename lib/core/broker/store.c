#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/err.h"
#include "core/broker/store_parts.h"

#define TRIALS_PER_ASK_PLACE 8
#define ASKS_MIN             256
#define TICKS_SHARE          2 /* they may have half of what copies may */

static uint32_t ask_places(const struct broker_config *config)
{
	const uint32_t n = config->trials_max / TRIALS_PER_ASK_PLACE;

	return n > ASKS_MIN ? n : ASKS_MIN;
}

int store_init(struct store *s, const struct broker_config *config, const uint8_t key[static 16])
{
	const uint32_t sessions = config->sessions_max;
	const uint32_t trials = config->trials_max;
	const uint32_t asks = ask_places(config);

	*s = (struct store){
		.keep = config->keep,
		.trials_per_session = config->trials_per_session,
		.trials_per_client = config->trials_per_ip,
		.ticks_per_client = 60 * config->copies_per_s / TICKS_SHARE,
	};
	memcpy(s->hash_key, key, sizeof(s->hash_key));
	s->clients = calloc(sessions, sizeof(*s->clients));
	s->sessions = calloc(sessions, sizeof(*s->sessions));
	s->trials = calloc(trials, sizeof(*s->trials));
	s->asks = calloc(asks, sizeof(*s->asks));
	if (s->clients == NULL || s->sessions == NULL || s->trials == NULL || s->asks == NULL)
		return NK_ERR_NO_MEMORY;
	if (pool_init(&s->client_pool, sessions) != 0 ||
	    pool_init(&s->session_pool, sessions) != 0 || pool_init(&s->trial_pool, trials) != 0 ||
	    pool_init(&s->ask_pool, asks) != 0)
		return NK_ERR_NO_MEMORY;
	if (table_init(&s->by_net, sessions, s->hash_key) != 0 ||
	    table_init(&s->by_token, sessions, s->hash_key) != 0 ||
	    table_init(&s->by_control, sessions, s->hash_key) != 0 ||
	    table_init(&s->by_number, trials, s->hash_key) != 0 ||
	    table_init(&s->by_tid, asks, s->hash_key) != 0)
		return NK_ERR_NO_MEMORY;
	return due_init(&s->due, (size_t)sessions + asks + 2 * (size_t)trials);
}

void store_free(struct store *s)
{
	free(s->clients);
	free(s->sessions);
	free(s->trials);
	free(s->asks);
	pool_free(&s->client_pool);
	pool_free(&s->session_pool);
	pool_free(&s->trial_pool);
	pool_free(&s->ask_pool);
	table_free(&s->by_net);
	table_free(&s->by_token);
	table_free(&s->by_control);
	table_free(&s->by_number);
	table_free(&s->by_tid);
	due_free(&s->due);
	crypto_wipe(s, sizeof(*s));
}

static uint64_t addr_key(const struct store *s, const struct addr *a)
{
	return crypto_siphash(s->hash_key, a, sizeof(*a));
}

struct session *store_session(const struct store *s, uint64_t token)
{
	const uint32_t i = table_get(&s->by_token, token);

	return i != TABLE_NONE ? &s->sessions[i] : NULL;
}

struct session *store_session_of(const struct store *s, const struct addr *control)
{
	const uint32_t i = table_get(&s->by_control, addr_key(s, control));

	if (i == TABLE_NONE || !addr_eq(&s->sessions[i].control, control))
		return NULL;
	return &s->sessions[i];
}

static uint32_t client_for(struct store *s, const struct addr *control)
{
	const struct addr net = addr_prefix(control, 32, 64);
	const uint64_t key = addr_key(s, &net);
	uint32_t i = table_get(&s->by_net, key);

	if (i != TABLE_NONE)
		return addr_eq(&s->clients[i].net, &net) ? i : TABLE_NONE;
	i = pool_take(&s->client_pool);
	if (i == TABLE_NONE)
		return TABLE_NONE;
	s->clients[i] = (struct client){.net = net};
	table_put(&s->by_net, key, i);
	return i;
}

static void release_client(struct store *s, uint32_t i)
{
	if (s->clients[i].sessions > 0)
		return;
	table_remove(&s->by_net, addr_key(s, &s->clients[i].net));
	pool_give(&s->client_pool, i);
}

struct session *store_add_session(struct store *s, const struct addr *control, uint64_t token,
				  nk_time now)
{
	const uint32_t c = client_for(s, control);
	uint32_t i;

	if (c == TABLE_NONE)
		return NULL;
	i = s->clients[c].sessions < STORE_SESSIONS_PER_CLIENT ? pool_take(&s->session_pool)
							       : TABLE_NONE;
	if (i == TABLE_NONE) {
		release_client(s, c);
		return NULL;
	}
	s->clients[c].sessions++;
	s->sessions[i] = (struct session){
		.token = token,
		.control = *control,
		.client = c,
		.trials = TABLE_NONE,
		.asks = TABLE_NONE,
		.keep_until = now + s->keep,
	};
	table_put(&s->by_token, token, i);
	table_put(&s->by_control, addr_key(s, control), i);
	heap_set(&s->due, i, now + s->keep);
	return &s->sessions[i];
}

/* Another session may have come to this address since: its entry stays. */
static void forget_control(struct store *s, const struct session *owner)
{
	const uint64_t key = addr_key(s, &owner->control);

	if (table_get(&s->by_control, key) == store_session_index(s, owner))
		table_remove(&s->by_control, key);
}

void store_heard(struct store *s, struct session *owner, const struct addr *control, nk_time now)
{
	owner->keep_until = nk_max(owner->keep_until, now + s->keep);
	if (addr_eq(&owner->control, control))
		return;
	forget_control(s, owner);
	owner->control = *control;
	table_put(&s->by_control, addr_key(s, control), store_session_index(s, owner));
}

void store_end_session(struct store *s, struct session *owner)
{
	const uint32_t i = store_session_index(s, owner);

	while (owner->asks != TABLE_NONE)
		store_end_ask(s, &s->asks[owner->asks]);
	while (owner->trials != TABLE_NONE)
		store_end_trial(s, &s->trials[owner->trials]);
	forget_control(s, owner);
	table_remove(&s->by_token, owner->token);
	heap_set(&s->due, i, NK_NEVER);
	s->clients[owner->client].sessions--;
	release_client(s, owner->client);
	pool_give(&s->session_pool, i);
	crypto_wipe(owner, sizeof(*owner));
}

/* Being heard moves keep_until and not the heap: a packet must be cheap, so what comes up may well
 * have to stay. */
static void forget_or_stay(struct store *s, uint32_t thing, nk_time now)
{
	const bool is_trial = thing >= store_trial_thing(s, 0);
	struct trial *t = is_trial ? &s->trials[thing - store_trial_thing(s, 0)] : NULL;
	const nk_time keep_until = is_trial ? t->keep_until : s->sessions[thing].keep_until;

	if (keep_until > now)
		heap_set(&s->due, thing, keep_until);
	else if (is_trial)
		store_end_trial(s, t);
	else
		store_end_session(s, &s->sessions[thing]);
}

bool store_due(struct store *s, nk_time now, struct store_due *due)
{
	uint32_t thing;

	*due = (struct store_due){.ask = NULL};
	while ((thing = heap_due(&s->due, now)) != HEAP_NONE) {
		if (thing >= store_tick_thing(s, 0)) {
			due->held = &s->trials[thing - store_tick_thing(s, 0)];
			return true;
		}
		if (thing >= store_ask_thing(s, 0)) {
			due->ask = &s->asks[thing - store_ask_thing(s, 0)];
			return true;
		}
		forget_or_stay(s, thing, now);
	}
	return false;
}
