#include "core/probe/budget.h"

void budget_init(struct budget *b, unsigned limit, nk_time pace)
{
	*b = (struct budget){.limit = limit, .pace = pace, .life = NK_NEVER};
}

int budget_take(struct budget *b, nk_time now)
{
	if (b->count == BUDGET_FLOWS_MAX)
		return BUDGET_NO_FLOW;
	b->flow[b->count].made = b->flow[b->count].used = b->flow[b->count].last = now;
	b->flow[b->count].held = true;
	b->flow[b->count].seen = false;
	b->next = now + b->pace;
	if (++b->held > b->peak)
		b->peak = b->held;
	return (int)b->count++;
}

bool budget_ready(const struct budget *b, nk_time now)
{
	return b->held < b->limit && now >= b->next && b->count < BUDGET_FLOWS_MAX;
}

void budget_touch(struct budget *b, int flow, nk_time now)
{
	if (flow >= 0)
		b->flow[flow].used = b->flow[flow].last = now;
}

void budget_tested(struct budget *b, int flow, nk_time now)
{
	if (flow >= 0)
		b->flow[flow].last = now;
}

void budget_seen(struct budget *b, int flow)
{
	if (flow < 0 || !b->flow[flow].held || b->flow[flow].seen)
		return;
	b->flow[flow].seen = true;
	b->seen++;
}

void budget_gone(struct budget *b, int flow)
{
	if (flow < 0 || !b->flow[flow].held)
		return;
	b->seen -= b->flow[flow].seen;
	b->flow[flow].held = false;
	b->held--;
}

void budget_sweep(struct budget *b, nk_time now)
{
	if (b->life == NK_NEVER)
		return;
	for (unsigned i = 0; i < b->count; i++)
		if (b->flow[i].held && b->flow[i].last + b->life < now)
			budget_gone(b, (int)i);
}

nk_time budget_next_expiry(const struct budget *b)
{
	nk_time at = NK_NEVER;

	if (b->life == NK_NEVER)
		return NK_NEVER;
	for (unsigned i = 0; i < b->count; i++)
		if (b->flow[i].held)
			at = nk_min(at, b->flow[i].last + b->life + 1);
	return at;
}

static bool used_between(nk_time at, nk_time from, nk_time until)
{
	return at > from && at <= until;
}

struct rank budget_rank_at_most(const struct budget *b, nk_time made, nk_time used, nk_time until,
				bool remade)
{
	struct rank r = {{0}};

	for (unsigned i = 0; i < b->count && b->flow[i].made <= until; i++) {
		if (!b->flow[i].held)
			continue;
		r.younger[AGE_BY_MAKING] += (remade ? b->flow[i].used : b->flow[i].made) > made;
		r.younger[AGE_BY_USE] += b->flow[i].last > used;
	}
	return r;
}

struct rank budget_rank_at_least(const struct budget *b, nk_time made, nk_time used, nk_time until)
{
	struct rank r = {{0}};

	for (unsigned i = 0; i < b->count && b->flow[i].made <= until; i++) {
		if (!b->flow[i].held || !b->flow[i].seen)
			continue;
		r.younger[AGE_BY_MAKING] += b->flow[i].made > made;
		r.younger[AGE_BY_USE] += used_between(b->flow[i].used, used, until) ||
					 used_between(b->flow[i].last, used, until);
	}
	return r;
}

unsigned budget_made_after(const struct budget *b, nk_time made)
{
	unsigned n = b->held;

	for (unsigned i = 0; i < b->count && b->flow[i].made <= made; i++)
		n -= b->flow[i].held;
	return n;
}
