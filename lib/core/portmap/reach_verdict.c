/* What follows from what the broker tells, and from who comes: another visit, or the verdict. */
#include <string.h>

#include "core/portmap/reach_parts.h"

#define TRIES     2
#define POLL      (200 * NK_MS)  /* what has come of it? */
#define POLL_SOON (20 * NK_MS)   /* who came is seen here before the broker's answer is */
#define PATIENCE  (8 * NK_S)     /* the broker knows by then */
#define ARRIVAL   (1000 * NK_MS) /* what was sent, or let in, is seen here within that */

void reach_end(struct reach *r, enum reach_verdict verdict, enum reach_why why, nk_time now)
{
	r->result.verdict = verdict;
	r->result.why = why;
	r->result.took = now - r->started;
	r->stage = STAGE_OVER;
	r->wanted = 0;
	r->until = NK_NEVER;
	r->goodbye = r->token != 0;
	rng_bytes(r->rng, r->tid, sizeof(r->tid));
	retry_stop(&r->request);
}

void reach_visit(struct reach *r, nk_time now)
{
	r->stage = STAGE_VISIT;
	r->until = now + PATIENCE;
	r->result.tries++;
	reach_ask(r, now);
	memcpy(r->visit_tid, r->tid, sizeof(r->tid));
}

/* All tries were in vain, as far as the broker can come to where the mapping is. */
static void end_unseen(struct reach *r, nk_time now)
{
	const struct addr *external = &r->config.external;

	if (!addr_is_any(external) && !addr_same_ip(external, &r->result.mapped))
		reach_end(r, REACH_UNKNOWN, REACH_OTHER_ADDRESS, now);
	else
		reach_end(r, REACH_NOT_SEEN, REACH_WHY_NONE, now);
}

/* Neither may one lost packet be believed: without its last one, what was accepted is not seen. */
void reach_missed(struct reach *r, nk_time now)
{
	if (r->result.tries < TRIES)
		reach_visit(r, now);
	else if (r->told == PROBE_REACH_ACCEPTED)
		reach_end(r, REACH_NOT_SEEN, REACH_ELSEWHERE, now);
	else
		end_unseen(r, now);
}

void reach_seen(struct reach *r, const struct addr *from, nk_time now)
{
	r->result.from = *from;
	r->result.other_ip =
		(r->abilities & PROBE_ABLE_REACH_IP) != 0 && !addr_same_ip(from, &r->config.broker);
	reach_end(r, REACH_SEEN, REACH_WHY_NONE, now);
}

/* A connection was accepted: by us, by who has the port, or by somebody else. */
static void accepted(struct reach *r, nk_time now)
{
	if (r->taken)
		reach_end(r, REACH_ACCEPTED, REACH_WHY_NONE, now);
	else if (r->knocked)
		reach_seen(r, &r->knocker, now);
	else
		r->until = now + ARRIVAL;
}

/* The broker has told what came of the visit. */
void reach_told(struct reach *r, enum probe_reach reach, nk_time now)
{
	const bool first = r->told != PROBE_REACH_UNDER_WAY;

	r->told = reach;
	retry_stop(&r->request);
	if (reach == PROBE_REACH_UNDER_WAY) {
		reach_ask(r, now + (first && r->knocked ? POLL_SOON : POLL));
		return;
	}
	r->stage = STAGE_ARRIVAL;
	if (reach == PROBE_REACH_ACCEPTED)
		accepted(r, now);
	else if (reach == PROBE_REACH_SENT)
		r->until = now + ARRIVAL;
	else if (reach == PROBE_REACH_REFUSED && r->barred) /* as by us, without a program */
		reach_end(r, REACH_UNKNOWN, REACH_BARRED, now);
	else if (reach == PROBE_REACH_REFUSED)
		reach_end(r, REACH_REFUSED, REACH_WHY_NONE, now);
	else
		reach_missed(r, now);
}

void reach_knocked(struct reach *r, const struct addr *from, nk_time now)
{
	r->knocked = true;
	r->knocker = *from;
	if (r->stage == STAGE_ARRIVAL && r->told == PROBE_REACH_ACCEPTED)
		accepted(r, now);
	else if (r->stage == STAGE_VISIT && r->request.sent == 0)
		r->request.due = now; /* the broker knows by now, too */
}
