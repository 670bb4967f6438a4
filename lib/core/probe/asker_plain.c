/*
 * Asking by RESPONSE-PORT (RFC 5780 section 7.5), which needs one transaction id per
 * packet. They are the ask's id with its last three bytes replaced by round and target:
 * still 96 bits that are compared, 72 of them random.
 */
#include <string.h>

#include "core/probe/asker_parts.h"

static void plain_tid(const struct ask *k, unsigned round, unsigned target,
		      uint8_t tid[static STUN_TID])
{
	memcpy(tid, k->tid, STUN_TID - 3);
	tid[STUN_TID - 3] = (uint8_t)round;
	tid[STUN_TID - 2] = (uint8_t)(target >> 8);
	tid[STUN_TID - 1] = (uint8_t)target;
}

struct ask *ask_of_plain(struct asker *a, const uint8_t tid[static STUN_TID], unsigned *round,
			 unsigned *target)
{
	for (unsigned i = 0; i < a->asks_end; i++) {
		struct ask *k = &a->asks[i];

		if (!k->used || memcmp(k->tid, tid, STUN_TID - 3) != 0)
			continue;
		*round = tid[STUN_TID - 3];
		*target = (unsigned)tid[STUN_TID - 2] << 8 | tid[STUN_TID - 1];
		if (*round < k->copies && (*target < k->count || *target == ASK_CONTROL))
			return k;
	}
	return NULL;
}

/* One packet of an ask by RESPONSE-PORT: the targets of a round, then its control. */
static void plain_encode(struct ask *k, struct action *action)
{
	struct wr w = wr_make(action->data, sizeof(action->data));
	uint8_t tid[STUN_TID];
	const bool control = k->step == k->count;

	plain_tid(k, k->round, control ? ASK_CONTROL : k->step, tid);
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
	if (!control)
		stun_put_response_port(&w, k->targets[k->step].port);
	action->len = stun_end(&w);
}

bool asker_plain_output(struct asker *a, struct action *action, nk_time now)
{
	for (unsigned i = 0; i < a->asks_end; i++) {
		struct ask *k = &a->asks[i];

		if (!k->used || k->round_due > now)
			continue;
		plain_encode(k, action);
		if (k->step++ < k->count)
			return true;
		k->step = 0;
		k->acked = true;
		k->round_due = ++k->round < k->copies ? now + ASK_SPACING : NK_NEVER;
		if (k->round == k->copies)
			k->ends_at = now + a->exchanges->rtt + 2 * asker_margin(a);
		return true;
	}
	return false;
}
