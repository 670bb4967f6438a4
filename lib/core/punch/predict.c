#include "core/punch/predict.h"

#include <stdlib.h>

#define LOWEST 1024 /* NATs go round from 65535 to here */
#define PORTS  (65536 - LOWEST)

/* Foreign mappings that a NAT makes in @span. */
static int foreign(const struct nat_hint *h, nk_time span)
{
	return (int)(h->per_minute * nk_seconds(span) / 60 + 0.5);
}

static unsigned longest(int count)
{
	return count < PREDICT_LONGEST ? (unsigned)count : PREDICT_LONGEST;
}

/* When those who walk and stand are half-way, which is where they meet. */
static int at_mid_walk(const struct predict_config *c)
{
	return foreign(&c->theirs, c->age + PREDICT_STAND / 2 * PREDICT_GAP);
}

void predict_start(struct predict *p, const struct predict_config *c, nk_time now)
{
	*p = (struct predict){
		.to = c->to,
		.last = c->theirs.last_port,
		.step = c->theirs.step,
		.socket = c->socket,
		.count = PREDICT_STAND,
		.gap = PREDICT_GAP,
		.due = now,
	};
	switch (c->role) {
	case PREDICT_SWEEPS:
		p->first = (int)c->moved + 1;
		p->port_by = 1;
		p->count = longest(PREDICT_SWEEP + 2 * foreign(&c->theirs, c->age));
		break;
	case PREDICT_WALKS:
		p->first = (int)c->moved + 1 + at_mid_walk(c);
		p->port_by = 1;
		break;
	case PREDICT_STANDS:
		p->first = (int)c->moved + PREDICT_STAND / 2 + at_mid_walk(c);
		p->socket_by = 1;
		break;
	case PREDICT_SHOOTS:
		p->first = (int)c->moved + PREDICT_STAND / 2 + at_mid_walk(c);
		p->count = PREDICT_SHOTS;
		p->gap = PREDICT_STAND * PREDICT_GAP / PREDICT_SHOTS;
		break;
	}
}

nk_time predict_span(const struct predict *p)
{
	return p->count * p->gap;
}

static uint16_t port_at(const struct predict *p, int steps)
{
	const long from = p->last - LOWEST + (long)steps * p->step;

	return (uint16_t)(LOWEST + (from % PORTS + PORTS) % PORTS);
}

bool predict_next(struct predict *p, struct aim *out, nk_time now)
{
	if (predict_deadline(p) > now)
		return false;
	*out = (struct aim){
		.socket = p->socket + p->sent * p->socket_by,
		.to = p->to,
		.tactic = TACTIC_PREDICT,
	};
	if (p->to.port == 0)
		out->to.port = port_at(p, p->first + (int)p->sent * p->port_by);
	p->sent++;
	p->due = now + p->gap;
	return true;
}

nk_time predict_deadline(const struct predict *p)
{
	return p->sent < p->count ? p->due : NK_NEVER;
}
