#include "core/session/pulse.h"

void pulse_start(struct pulse *p, uint64_t token, nk_time now)
{
	p->due = now;
	p->expected = now + p->gap;
	p->extra = false;
	p->pings = 0;
	p->token = token;
	p->count = 0;
	p->lost = false;
}

void pulse_answered(struct pulse *p, nk_time now)
{
	p->expected = now + p->idle + p->gap;
}

void pulse_asked(struct pulse *p, nk_time now)
{
	if (p->pings == 0)
		p->due = nk_min(p->due, now + p->gap);
}

void pulse_hurry(struct pulse *p, nk_time now)
{
	if (p->pings == 0)
		p->due = now;
	else if (now - p->sent[(p->count - 1) % PULSE_REMEMBERED] >= p->gap / PULSE_REMEMBERED)
		p->extra = true;
}

bool pulse_proved(struct pulse *p, nk_time now)
{
	const bool was_lost = p->lost;

	p->pings = 0;
	p->due = now + p->idle;
	p->lost = false;
	return was_lost;
}

bool pulse_is_due(const struct pulse *p, nk_time now)
{
	return p->extra || now >= pulse_deadline(p);
}

nk_time pulse_deadline(const struct pulse *p)
{
	return nk_min(p->due, p->expected);
}

/* A lost path may come back by itself; it is asked ever more rarely. */
static void count_ping(struct pulse *p, nk_time gap, nk_time now)
{
	for (unsigned n = p->tries; n < p->pings && gap < p->idle; n++)
		gap *= 2;
	p->due = now + gap;
	p->pings++;
}

uint64_t pulse_ping(struct pulse *p, nk_time wait, nk_time now)
{
	if (now >= p->expected) {
		p->expected = NK_NEVER;
		pulse_hurry(p, now);
	}
	if (now >= p->due)
		count_ping(p, nk_max(p->gap, wait), now);
	p->extra = false;
	p->sent[p->count++ % PULSE_REMEMBERED] = now;
	return p->token++;
}

bool pulse_is_answer(const struct pulse *p, uint64_t token, nk_time now, nk_time *took)
{
	const uint64_t ago = p->token - token;

	if (ago == 0 || ago > p->count || ago > PULSE_REMEMBERED)
		return false;
	*took = now - p->sent[(p->count - ago) % PULSE_REMEMBERED];
	return true;
}

bool pulse_is_over(struct pulse *p, nk_time now)
{
	if (p->lost || now < p->due || p->pings < p->tries)
		return false;
	p->lost = true;
	return true;
}
