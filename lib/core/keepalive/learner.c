#include <math.h>
#include <stdlib.h>

#include "core/keepalive/learner_parts.h"

#define MARGIN        0.11 /* of what was survived: NATs drift */
#define MARGIN_LEAST  1.5  /* seconds: an answer is missing, and a hello, and another leaves */
#define MARGIN_MOST   6.5
#define MARGIN_SHARE  0.2 /* of what was survived, at most: more often would cost too much */
#define HELLO         1.2 /* beyond an outage as long as was seen */
#define OUTAGE_HALVES (24 * 3600 * NK_S)
#define UNTRIED       0.9  /* of a silence that was not survived, where none was */
#define SHORT         20.0 /* seconds: below this a NAT needs more than RFC 8085 wants */
#define SURE          0.95 /* of what is told of the timeout */
#define LEAST         NK_S /* interval: a NAT that needs less is none, whatever a file says */

/* When to try again what was found, in silences as long as was survived. */
#define SOON         3.0
#define DOUBTS       8     /* times so soon at first, in case that lifetimes differ, */
#define DOUBTS_LATER 1     /* and once after each change */
#define CALM         150.0 /* then: it costs little beside the keepalives */
#define CALM_MOST    (16 * 3600.0)

#define BEGIN        1.1                     /* of the interval in use, where nothing is known */
#define ANOTHER      0.8                     /* of the weakest */
#define MUCH         1.1                     /* longer: another lifetime */
#define OF_LATE      30.0                    /* silences: no timer changes so much so soon */
#define OLD          (30 * 24 * 3600 * NK_S) /* a measurement that is not used any more */
#define RETRY        (60 * NK_S)
#define RETRY_MOST   (3600 * NK_S)

static double outage_s(const struct learner *l, nk_time now)
{
	return nk_seconds(l->outage) *
	       exp2(-nk_seconds(now - l->outage_at) / nk_seconds(OUTAGE_HALVES));
}

/* The longest silence that is trusted. */
static double trusted(const struct learner *l)
{
	const double survived = silences_trusted(&l->silences, l->config.risk);

	return survived > 0 ? survived : UNTRIED * silences_died(&l->silences);
}

/* A NAT that was found to be short is so until it is known to be longer. */
static bool may_be_below_floor(struct learner *l, double trust)
{
	if (trust >= SHORT)
		l->is_short = false;
	else if (silences_died(&l->silences) > 0)
		l->is_short = true;
	return l->config.below_floor && l->is_short;
}

static void choose_interval(struct learner *l, nk_time now)
{
	const double trust = trusted(l);
	const double hello = fmin(MARGIN_MOST, fmax(MARGIN_LEAST, outage_s(l, now) + HELLO));
	const double margin = fmin(MARGIN_SHARE * trust, fmax(MARGIN * trust, hello));
	const nk_time fits = nk_from_seconds(trust - margin);

	l->interval = nk_max(LEAST, nk_min(fits, l->config.longest));
	if (!may_be_below_floor(l, trust))
		l->interval = nk_max(l->interval, l->config.floor);
}

static void add(struct learner *l, double gap, bool alive, nk_time now)
{
	silences_add(&l->silences, gap, alive);
	choose_interval(l, now);
}

static void begin_anew(struct learner *l, nk_time now)
{
	silences_start(&l->silences, nk_seconds(l->config.longest));
	l->failures = 0;
	l->doubting = l->settled = l->is_short = false;
	l->doubts = DOUBTS;
	l->died = l->lived = 0;
	l->before_at = NK_NEVER;
	l->round = now;
	choose_interval(l, now);
}

struct learner *learner_new(const struct learner_config *config, struct rng *rng, nk_time now)
{
	struct learner *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->config = *config;
	l->rng = rng;
	l->outage_at = now;
	exchanges_init(&l->exchanges, rng);
	begin_anew(l, now);
	learner_believe(l, config->lower, config->upper, config->age, now);
	return l;
}

void learner_free(struct learner *l)
{
	free(l);
}

void learner_put_off(struct learner *l, nk_time now)
{
	const unsigned doublings = l->failures < 6 ? l->failures : 6;

	l->failures++;
	l->round = now + nk_min(RETRY << doublings, RETRY_MOST);
	learner_end_round(l);
}

static void doubt(struct learner *l)
{
	if (l->doubts < DOUBTS_LATER)
		l->doubts = DOUBTS_LATER;
}

static unsigned next_gaps(const struct learner *l, double gaps[static SILENCES_GAPS])
{
	return silences_next(&l->silences, BEGIN * nk_seconds(l->interval), gaps);
}

void learner_plan(struct learner *l, nk_time now)
{
	const double survived = silences_survived(&l->silences);
	double gaps[SILENCES_GAPS];

	learner_end_round(l);
	l->failures = 0;
	l->round = now;
	if (!l->surprised)
		silences_hope(&l->silences);
	if (next_gaps(l, gaps) > 0) {
		if (l->settled)
			doubt(l);
		return;
	}
	l->settled = true;
	l->doubting = l->doubts > 0;
	l->round += nk_from_seconds(fmin(CALM_MOST, (l->doubting ? SOON : CALM) * survived));
	if (l->doubting)
		l->doubts--;
}

unsigned learner_gaps(const struct learner *l, double gaps[static SILENCES_GAPS])
{
	const unsigned count = next_gaps(l, gaps);

	if (count == 0)
		return silences_again(&l->silences, l->doubting, gaps);
	if (l->settled && silences_died(&l->silences) == 0)
		return silences_grown(&l->silences, gaps);
	return count;
}

static bool of_late(nk_time at, double gap, nk_time now)
{
	return nk_seconds(now - at) < OF_LATE * gap;
}

/* One died of late that was silent for much less: no timer changes so much so soon. */
void learner_lived(struct learner *l, double gap, nk_time now)
{
	if (l->died > 0 && gap > MUCH * l->died && of_late(l->died_at, gap, now))
		silences_differ(&l->silences, l->died);
	if (!of_late(l->lived_at, gap, now) || gap > l->lived)
		l->lived = gap;
	l->lived_at = now;
	add(l, gap, true, now);
}

/* Live mappings ask within the longest interval: then it is known whether it was a timeout. */
static void remember(struct learner *l, nk_time now)
{
	if (l->before_at != NK_NEVER && now - l->before_at < l->config.longest)
		return;
	l->before = l->silences;
	l->before_at = now;
}

void learner_died(struct learner *l, double gap, nk_time now)
{
	if (gap <= silences_survived(&l->silences))
		remember(l, now);
	if (l->lived > MUCH * gap && of_late(l->lived_at, gap, now))
		silences_differ(&l->silences, gap);
	if (l->died == 0 || !of_late(l->died_at, gap, now) || gap < l->died)
		l->died = gap;
	l->died_at = now;
	l->surprised = true;
	if (l->silences.weakest > 0)
		doubt(l);
	add(l, gap, false, now);
}

void learner_void(struct learner *l, nk_time now)
{
	begin_anew(l, now);
	learner_put_off(l, now);
}

void learner_serve(struct learner *l, const struct addr *server, bool probe_service, nk_time now)
{
	if (addr_eq(server, &l->config.server) && probe_service == l->config.probe_service)
		return;
	l->config.server = *server;
	l->config.probe_service = probe_service;
	learner_end_round(l);
	l->failures = 0;
	l->round = now;
}

void learner_held(struct learner *l, nk_time idle, nk_time now)
{
	if (nk_seconds(idle) > silences_survived(&l->silences))
		add(l, nk_seconds(idle), true, now);
}

void learner_lost(struct learner *l, nk_time idle, nk_time now)
{
	const double gap = nk_seconds(idle);

	l->losses++;
	if (gap < SILENCES_SANE)
		return;
	/* So much weaker than the weakest none was that sweeps end: it is another NAT, or began anew. */
	if (gap < ANOTHER * l->silences.weakest)
		begin_anew(l, now);
	doubt(l);
	add(l, gap, false, now);
	if (l->phase == RESTING)
		learner_plan(l, now);
}

void learner_anew(struct learner *l, nk_time since, nk_time now)
{
	if (l->before_at != NK_NEVER && l->before_at >= since)
		l->silences = l->before;
	l->before_at = NK_NEVER;
	l->died = l->lived = 0;
	l->surprised = true;
	doubt(l);
	choose_interval(l, now);
	learner_plan(l, now);
	l->round = now;
}

void learner_outage(struct learner *l, nk_time length, nk_time now)
{
	if (nk_seconds(length) < outage_s(l, now))
		return;
	l->outage = length;
	l->outage_at = now;
	choose_interval(l, now);
}

void learner_moved(struct learner *l, nk_time now)
{
	learner_end_round(l);
	l->outage = 0;
	begin_anew(l, now);
}

void learner_believe(struct learner *l, double lower, double upper, nk_time age, nk_time now)
{
	if (lower > 0 && age < OLD)
		add(l, lower, true, now);
	if (upper > lower && age < OLD)
		add(l, upper, false, now);
}

nk_time learner_interval(const struct learner *l)
{
	return l->interval;
}

struct learner_state learner_state(const struct learner *l)
{
	struct timeout_estimate e;

	timeout_belief_estimate(&l->silences.belief, SURE, &e);
	return (struct learner_state){
		.interval = l->interval,
		.lower = silences_trusted(&l->silences, 1 - SURE),
		.value = e.open ? 0 : e.value,
		.upper = e.open ? 0 : e.hi,
		.trials = l->trials,
		.losses = l->losses,
		.below_floor = l->interval < l->config.floor,
	};
}
