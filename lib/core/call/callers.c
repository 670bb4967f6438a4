#include "core/call/callers.h"

#include <string.h>

static struct caller *find(struct callers *c, const uint8_t key[static 32])
{
	for (unsigned i = 0; i < c->count; i++)
		if (memcmp(c->list[i].key, key, 32) == 0)
			return &c->list[i];
	return NULL;
}

static struct caller *add(struct callers *c, const uint8_t key[static 32])
{
	struct caller *who = &c->list[c->next];

	c->next = (c->next + 1) % CALLERS_MAX;
	if (c->count < CALLERS_MAX)
		c->count++;
	*who = (struct caller){0};
	memcpy(who->key, key, sizeof(who->key));
	return who;
}

void callers_begin(struct callers *c, const struct punch_seen *seen, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		add(c, seen[i].key)->timestamp = seen[i].timestamp;
}

bool callers_news(struct callers *c, struct punch_seen out[static CALLERS_MAX], unsigned *count)
{
	const unsigned first = c->count < CALLERS_MAX ? 0 : c->next;

	if (!c->changed)
		return false;
	for (unsigned i = 0; i < c->count; i++) {
		const struct caller *who = &c->list[(first + i) % CALLERS_MAX];

		memcpy(out[i].key, who->key, sizeof(out[i].key));
		out[i].timestamp = who->timestamp;
	}
	*count = c->count;
	c->changed = false;
	return true;
}

enum callers_verdict callers_judge(struct callers *c, const struct offer *offer,
				   struct caller **who)
{
	struct caller *k = find(c, offer->key);

	if (k != NULL && offer->timestamp_us == k->timestamp &&
	    memcmp(offer->call_id, k->call_id, OFFER_CALL_ID) == 0) {
		*who = k;
		return CALLERS_AGAIN;
	}
	if (k != NULL && offer->timestamp_us <= k->timestamp)
		return CALLERS_OLD;
	if (k == NULL)
		k = add(c, offer->key);
	k->timestamp = offer->timestamp_us;
	memcpy(k->call_id, offer->call_id, OFFER_CALL_ID);
	k->refusal_len = 0;
	c->changed = true;
	*who = k;
	return CALLERS_NEW;
}
