/*
 * Session quotas of the NAT that refuse new sessions: a row of set-ups that
 * never come through while the control flow is well.
 */
#include <math.h>

#include "core/probe/fan_parts.h"

/*
 * So many set-ups in a row fail by chance once in a million runs; but loss comes
 * in bursts, so that more must fail, further apart than a burst is long.
 */
#define REFUSED_IN_A_ROW 8
#define REFUSED_AFTER    6
#define REFUSED_APART    (200 * NK_MS)
#define RETRY_AFTER      (5 * NK_S)

void quota_confirmed(struct fan *f, const struct trial *t)
{
	if (t->opened <= f->refused_first)
		return;
	f->refused_run = f->refused_probes = 0;
	f->budget->pace = f->options->pace;
}

static void refuses(struct fan *f)
{
	struct quota_finding *q = &f->result->quota;

	/* Those refused hold nothing in the NAT's table. */
	for (uint32_t i = 0; i < f->count; i++)
		if (f->trials[i].phase == TRIAL_ENDED && f->trials[i].last_in == 0 &&
		    f->trials[i].mapped_port == 0)
			budget_gone(f->budget, f->trials[i].flow);
	evict_dismiss(f);
	q->policy = QUOTA_REFUSES;
	q->value = f->budget->seen;
	q->p = 1 - pow(0.1, REFUSED_IN_A_ROW);
}

/*
 * Whether the row is long enough: first any that fail, then some that were opened one by one to
 * see. Of these only such count between which the control flow was answered.
 */
static bool row_of_refusals(struct fan *f, const struct trial *t, nk_time now)
{
	if (f->result->pooling == POOL_ARBITRARY)
		return false; /* set-ups from another exit address are not refused by the NAT */
	if (f->refused_run++ == 0)
		f->refused_first = t->opened;
	if (f->refused_run < REFUSED_IN_A_ROW)
		return false;
	if (f->refused_run == REFUSED_IN_A_ROW) {
		f->refused_since = now;
		f->budget->pace = nk_max(f->options->pace, REFUSED_APART);
		f->budget->next = now + REFUSED_APART;
		f->refused_checked = now;
		asker_check(f->asker);
	} else if (t->opened >= f->refused_since && f->asker->answered_at >= f->refused_checked) {
		f->refused_probes++;
		f->refused_checked = now;
		asker_check(f->asker);
	}
	return f->refused_probes >= REFUSED_AFTER;
}

void quota_unconfirmed(struct fan *f, struct trial *t, nk_time now)
{
	struct quota_finding *q = &f->result->quota;

	if (q->policy != QUOTA_REFUSES && !row_of_refusals(f, t, now)) {
		f->extra[t->state]++;
		if (f->refused_run >= REFUSED_IN_A_ROW)
			budget_gone(f->budget, t->flow);
		return;
	}
	budget_gone(f->budget, t->flow);
	if (q->policy != QUOTA_REFUSES)
		refuses(f);
	f->budget->pace = f->options->pace;
	f->budget->limit = f->budget->held;
	f->retry_open = now + RETRY_AFTER;
}
