/* Which mapping is opened next, and whether it may be: no NAT is to be flooded, nor the way. */
#include <math.h>

#include "core/natmap/enumerate_parts.h"

#define RESERVE         2
#define RETRY_AFTER     (5 * NK_S)
#define REFUSED_RUN     8 /* set-ups in a row: by chance once in a million runs */
#define NO_SOCKET_AGAIN NK_S
#define KEEPALIVES_S    130 /* from each side; a broker allows 150 */

unsigned line_to_open(const struct enumerate *e, const struct line *l)
{
	const unsigned wanted = l->plan->count - l->planned + l->extra;
	const unsigned room =
		e->budget.limit > e->budget.held ? e->budget.limit - e->budget.held : 0;

	return wanted < room ? wanted : room;
}

static nk_time opening_due(const struct enumerate *e, const struct line *l)
{
	if (l->lane != NULL && l->lane->done)
		return NK_NEVER;
	if (l->extra > 0)
		return e->run_started;
	if (l->planned < l->plan->count)
		return e->run_started + nk_from_seconds(l->plan->at[l->planned]);
	return NK_NEVER;
}

static struct line *next_opening(struct enumerate *e, nk_time *at)
{
	struct line *best = NULL;

	*at = NK_NEVER;
	for (unsigned i = 0; i < e->line_count; i++) {
		const nk_time due = opening_due(e, &e->lines[i]);

		if (due < *at) {
			*at = due;
			best = &e->lines[i];
		}
	}
	return best;
}

/* Keepalives a second from either side, as it is and with one flow more. */
static bool is_gentle(const struct enumerate *e)
{
	double out = 1 / nk_seconds(e->interval), in = out;

	for (uint32_t i = 0; i < e->flow_max; i++) {
		const struct flow *f = &e->flow[i];

		if (f->phase == FLOW_FREE || f->line == CHECK_LINE)
			continue;
		if (f->phase != FLOW_ENDED && e->lines[f->line].out > 0)
			out += 1 / nk_seconds(e->interval);
		if (f->held_until > 0)
			in += 1 / nk_seconds(f->hold_interval);
		else if (f->phase != FLOW_ENDED && e->lines[f->line].in <= e->config.count)
			in += 1 / nk_seconds(e->interval);
	}
	return fmax(in, out) <= KEEPALIVES_S;
}

/* Whether one more can be had, and does nobody harm; when is another question. */
static bool has_room(const struct enumerate *e)
{
	return e->asker.silent_since == NK_NEVER && e->budget.count < BUDGET_FLOWS_MAX &&
	       flow_free(e) != NO_FLOW && is_gentle(e);
}

/* When one more than a NAT gave away may be tried. */
static nk_time retry_due(const struct enumerate *e)
{
	return e->refused < REFUSED_RUN || e->budget.held >= e->config.mappings ? NK_NEVER
										: e->retry_open;
}

static bool may_open(struct enumerate *e, nk_time now)
{
	if (!has_room(e))
		return false;
	budget_sweep(&e->budget, now);
	if (budget_ready(&e->budget, now))
		return true;
	if (now < nk_max(retry_due(e), e->budget.next))
		return false;
	e->retry_open = now + RETRY_AFTER;
	e->budget.limit = e->budget.held + 1;
	return budget_ready(&e->budget, now);
}

static unsigned reserves(const struct enumerate *e, const struct line *l)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < e->flow_max; i++)
		n += e->flow[i].reserve && e->flow[i].phase < FLOW_ENDED &&
		     e->flow[i].phase != FLOW_FREE && &e->lines[e->flow[i].line] == l;
	return n;
}

bool openings_next(struct enumerate *e, struct action *action, nk_time now)
{
	nk_time at;
	struct line *l = next_opening(e, &at);
	uint32_t index;

	if (l == NULL || at > now || !may_open(e, now))
		return false;
	index = flow_open(e, (unsigned)(l - e->lines), action, now);
	e->flow[index].reserve = l->lane != NULL && l != e->lines && reserves(e, l) < RESERVE;
	if (l->extra > 0)
		l->extra--;
	else
		l->planned++;
	return true;
}

/* After refusals one at a time is tried, as soon as the one before was let through. */
void openings_let_through(struct enumerate *e, nk_time now)
{
	if (e->refused < REFUSED_RUN)
		e->refused = 0;
	else
		e->retry_open = now;
}

/* A NAT that gives no more mappings looks like this, and so does a run of losses: there is one more
 * try now and then. */
void openings_refused(struct enumerate *e, unsigned line, nk_time now)
{
	if (line != CHECK_LINE)
		e->lines[line].extra++;
	if (e->asker.silent_since != NK_NEVER)
		return;
	if (e->refused < REFUSED_RUN && ++e->refused < REFUSED_RUN)
		return;
	e->limited = true;
	e->budget.limit = e->budget.held;
	e->retry_open = now + RETRY_AFTER;
}

/* From then on one at a time is tried. */
static void put_off(struct enumerate *e, unsigned line, nk_time until)
{
	if (line != CHECK_LINE)
		e->lines[line].extra++;
	e->budget.limit = e->budget.held;
	e->refused = REFUSED_RUN;
	e->retry_open = until;
}

void openings_no_socket(struct enumerate *e, unsigned line, nk_time now)
{
	e->no_socket = true;
	put_off(e, line, now + NO_SOCKET_AGAIN);
}

void openings_no_room(struct enumerate *e, unsigned line, nk_time now)
{
	e->server_full = true;
	put_off(e, line, now + RETRY_AFTER);
}

nk_time openings_deadline(const struct enumerate *e)
{
	nk_time at = NK_NEVER;

	for (unsigned i = 0; i < e->line_count; i++)
		at = nk_min(at, opening_due(e, &e->lines[i]));
	if (at == NK_NEVER || !has_room(e))
		return NK_NEVER;
	at = nk_max(at, e->budget.next);
	if (e->budget.held < e->budget.limit)
		return at;
	return nk_max(at, nk_min(budget_next_expiry(&e->budget), retry_due(e)));
}
