/* Asks: which copies and controls came of each, and what that says of its targets. */
#include <string.h>

#include "core/probe/asker_parts.h"

bool asker_ask(struct asker *a, const struct ask_target *targets, unsigned count, unsigned copies,
	       nk_time now)
{
	for (unsigned i = 0; i < ASKS_MAX; i++) {
		struct ask *k = &a->asks[i];

		if (k->used)
			continue;
		if (i == a->asks_end)
			a->asks_end++;
		*k = (struct ask){
			.used = true,
			.count = count,
			.copies = copies,
			.fired = NK_NEVER,
			.ends_at = NK_NEVER,
			.round_due = a->mode == ASKER_RESPONSE_PORT ? now : NK_NEVER,
		};
		memcpy(k->targets, targets, count * sizeof(*targets));
		if (a->mode == ASKER_SERVICE && !asker_request_copies(a, i)) {
			k->used = false;
			return false;
		}
		if (a->mode == ASKER_RESPONSE_PORT)
			rng_bytes(a->exchanges->rng, k->tid, sizeof(k->tid));
		return true;
	}
	return false;
}

struct ask *ask_of_service(struct asker *a, const uint8_t tid[static STUN_TID])
{
	for (unsigned i = 0; i < a->asks_end; i++)
		if (a->asks[i].used && memcmp(a->asks[i].tid, tid, STUN_TID) == 0)
			return &a->asks[i];
	return NULL;
}

void ask_control_came(struct asker *a, struct ask *k, unsigned round, nk_time now)
{
	const uint8_t bit = (uint8_t)(1u << round);

	if (k->controls & bit)
		return;
	k->controls |= bit;
	k->fired = nk_min(k->fired, now - round * ASK_SPACING);
	if (round + 1 == k->copies)
		k->ends_at = nk_min(k->ends_at, now + asker_margin(a));
	else
		k->ends_at =
			nk_max(k->ends_at == NK_NEVER ? 0 : k->ends_at,
			       now + (k->copies - 1 - round) * ASK_SPACING + 2 * asker_margin(a));
}

void ask_copy_came(struct ask *k, unsigned target, unsigned round, nk_time now)
{
	if (k->got[target] == 0)
		k->first_copy[target] = now;
	k->got[target] |= (uint8_t)(1u << round);
}

static bool all_came(const struct ask *k)
{
	for (unsigned i = 0; i < k->count; i++)
		if (k->got[i] == 0)
			return false;
	return true;
}

nk_time ask_ends(const struct ask *k)
{
	if (k->given_up || all_came(k))
		return 0;
	return k->acked ? k->ends_at : NK_NEVER;
}

static unsigned bits(unsigned v)
{
	unsigned n = 0;

	for (; v != 0; v &= v - 1)
		n++;
	return n;
}

static void judge(const struct ask *k, unsigned target, struct ask_verdict *out)
{
	*out = (struct ask_verdict){
		.trial = k->targets[target].trial,
		.verdict = VERDICT_VOID,
		.copies = k->got[target],
		.controls = k->controls,
		.at = k->fired,
	};
	if (k->got[target] != 0) {
		out->verdict = VERDICT_ALIVE;
		out->at = k->first_copy[target];
	} else if (k->given_up) {
		out->why = "the server did not take the question";
	} else if (k->refused[target] & PROBE_OTHER_ADDRESS) {
		out->why = "exit addresses differ";
	} else if (k->refused[target] != 0) {
		out->why = "the server refused to send";
	} else if (bits(k->controls) < (k->copies > 1 ? 2 : 1)) {
		out->why = "control answers were lost";
	} else {
		out->verdict = VERDICT_DEAD;
	}
}

bool asker_take(struct asker *a, struct ask_verdict *out, nk_time now)
{
	for (unsigned i = 0; i < a->asks_end; i++) {
		struct ask *k = &a->asks[i];

		if (!k->used || (!k->concluded && ask_ends(k) > now))
			continue;
		if (!k->concluded && k->copies == ASK_COPIES && k->acked) {
			a->heard += k->controls != 0;
			a->unheard += k->controls == 0 && !all_came(k);
		}
		k->concluded = true;
		if (k->taken < k->count) {
			judge(k, k->taken++, out);
			return true;
		}
		k->used = false;
	}
	return false;
}
