/*
 * How many boxes lie on the way back: by the TTL that a TICK has left. Then TICKs that must just
 * come, and just not, show that nothing on the way sets TTLs at will: where the broker's keepalives
 * end would not be known.
 */
#include "core/natmap/enumerate_parts.h"

#define FULL_TTL 64
#define PATIENCE (10 * NK_S)
#define ENOUGH   3

#define NO_FLOWS "too few mappings could be set up"
#define NO_TICKS "the server does not keep mappings alive as it was asked to"
#define NO_TTL \
	"packets of the server do not end where their TTL says: something on the way changes it"

static struct flow *flow_of(struct enumerate *e, unsigned i)
{
	return e->check.flows[i] == NO_FLOW ? NULL : &e->flow[e->check.flows[i]];
}

bool check_open(struct enumerate *e, struct action *action, nk_time now)
{
	if (e->no_socket && now < e->retry_open)
		return false;
	for (unsigned i = 0; i < 3 && e->check.stage == CHECK_OPENS; i++) {
		const struct flow *f = flow_of(e, i);

		if (f != NULL && f->phase != FLOW_ENDED && f->phase != FLOW_FREE)
			continue;
		e->check.flows[i] = flow_open(e, CHECK_LINE, action, now);
		return e->check.flows[i] != NO_FLOW;
	}
	return false;
}

static void tick(struct enumerate *e, unsigned i, unsigned ttl, nk_time now)
{
	struct flow *f = flow_of(e, i);

	f->ttl = (uint8_t)ttl;
	hold_want(e, f, now);
}

static bool all_proven(struct enumerate *e)
{
	for (unsigned i = 0; i < 3; i++) {
		const struct flow *f = flow_of(e, i);

		if (f == NULL || f->phase != FLOW_HELD)
			return false;
	}
	return true;
}

/* Now others can be held too. */
static void way_back_is(struct enumerate *e, unsigned back, nk_time now)
{
	e->back = back;
	for (uint32_t i = 0; i < e->flow_max; i++) {
		struct flow *f = &e->flow[i];

		if (f->phase == FLOW_FREE || f->line == CHECK_LINE)
			continue;
		f->ttl = line_ttl(e, f->line);
		if (f->step >= 2 && f->phase <= FLOW_HELD)
			hold_want(e, f, now);
	}
	tick(e, 1, back + 1, now);
	tick(e, 2, back, now);
	e->check.stage = CHECK_LOOKS;
	e->check.until = now + PATIENCE;
}

/* @why: what is wrong, NULL: nothing. */
static void ends(struct enumerate *e, const char *why, nk_time now)
{
	e->check.stage = why == NULL ? CHECK_DONE : CHECK_FAILED;
	e->check.why = why;
	for (unsigned i = 0; i < 3; i++)
		if (e->check.flows[i] != NO_FLOW)
			flow_end(e, e->check.flows[i], now);
}

static void count(struct enumerate *e, nk_time now)
{
	const struct flow *f = flow_of(e, 0);

	if (f->ticks > 0 && f->tick_ttl > 0 && f->tick_ttl < FULL_TTL)
		way_back_is(e, FULL_TTL - f->tick_ttl, now);
	else if (f->ticks > 0 && e->config.back > 0)
		way_back_is(e, e->config.back, now);
	else if (now >= e->check.until || f->ticks > 0)
		ends(e, f->ticks > 0 ? NO_TTL : NO_TICKS, now);
}

static void look(struct enumerate *e, nk_time now)
{
	const struct flow *comes = flow_of(e, 1), *stays = flow_of(e, 2);

	if (stays->ticks > 0)
		ends(e, NO_TTL, now);
	else if (now >= e->check.until)
		ends(e, comes->held_until > 0 ? NO_TTL : NO_TICKS, now);
	else if (comes->ticks >= ENOUGH && stays->held_until > 0)
		ends(e, NULL, now);
}

static bool lacks_flows(const struct enumerate *e)
{
	for (unsigned i = 0; i < 3; i++) {
		const uint32_t f = e->check.flows[i];

		if (f == NO_FLOW || e->flow[f].phase == FLOW_ENDED || e->flow[f].phase == FLOW_FREE)
			return true;
	}
	return false;
}

void check_step(struct enumerate *e, nk_time now)
{
	switch (e->check.stage) {
	case CHECK_OPENS:
		if (all_proven(e)) {
			tick(e, 0, FULL_TTL, now);
			e->check.stage = CHECK_COUNTS;
		} else if (e->server_full && lacks_flows(e)) {
			ends(e, ASKER_SERVER_FULL, now);
		} else if (now >= e->check.until) {
			ends(e, e->elsewhere ? SEVERAL_ADDRESSES : NO_FLOWS, now);
		}
		break;
	case CHECK_COUNTS:
		count(e, now);
		break;
	case CHECK_LOOKS:
		look(e, now);
		break;
	default:
		break;
	}
}

nk_time check_deadline(const struct enumerate *e)
{
	if (e->check.stage == CHECK_OPENS && e->no_socket && lacks_flows(e))
		return nk_min(e->check.until, e->retry_open);
	return e->check.stage < CHECK_DONE ? e->check.until : NK_NEVER;
}
