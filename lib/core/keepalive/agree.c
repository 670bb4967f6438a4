/* How two sides come to one algorithm and one interval. */
#include <math.h>

#include "core/keepalive/keepalive.h"

#define MARGIN 0.8  /* of a timeout's lower bound */
#define SHORT  20.0 /* seconds: a NAT that needs more than RFC 8085 wants */
#define SHORT_FOR_ONE \
	40.0 /* where only outbound packets refresh, and one side sends every second time */
#define LEAST 1.0

/* What both NATs allow. */
struct limits {
	double longest, least;
	bool turns;
};

/* The longest silence that a side's NAT surely bears. */
static double bears(const struct keepalive_offer *o)
{
	return o->lower_s > 0 ? fmax(LEAST, MARGIN * o->lower_s) : nk_seconds(KEEPALIVE_DRAWN);
}

static bool bears_less_than(const struct keepalive_offer *o, double seconds)
{
	return o->lower_s > 0 && o->lower_s < seconds;
}

static bool bears_turns(const struct keepalive_offer *o)
{
	return !bears_less_than(o, o->outbound_only ? SHORT_FOR_ONE : SHORT);
}

static struct limits limits_of(const struct keepalive_offer *a, const struct keepalive_offer *b)
{
	const bool is_short = bears_less_than(a, SHORT) || bears_less_than(b, SHORT);

	return (struct limits){
		.longest = fmin(bears(a), bears(b)),
		.least = is_short ? LEAST : nk_seconds(KEEPALIVE_INTERVAL),
		.turns = bears_turns(a) && bears_turns(b),
	};
}

static const struct keepalive_wish *wish_of(const struct keepalive_offer *o, uint8_t algorithm)
{
	for (unsigned i = 0; i < o->count; i++)
		if (o->wish[i].algorithm == algorithm)
			return &o->wish[i];
	return NULL;
}

/* Whether both would, and the NATs let them. */
static bool agreed(const struct keepalive_wish *a, const struct keepalive_wish *b,
		   const struct limits *l, struct keepalive_terms *out)
{
	const double least = fmax(l->least, fmax(a->min_s, b->min_s));
	double interval = fmin(l->longest, fmin(a->max_s, b->max_s));

	if (a->algorithm == KEEPALIVE_TURNS && !l->turns)
		return false;
	if (a->algorithm == KEEPALIVE_NONE)
		interval = 0;
	else if (interval < least)
		return false;
	*out = (struct keepalive_terms){a->algorithm, keepalive_told(interval)};
	return true;
}

struct keepalive_terms keepalive_agree(const struct keepalive_offer *theirs,
				       const struct keepalive_offer *ours)
{
	const struct limits l = limits_of(theirs, ours);
	struct keepalive_terms terms;

	for (unsigned i = 0; i < theirs->count; i++) {
		const struct keepalive_wish *wish = &theirs->wish[i];
		const struct keepalive_wish *own = wish_of(ours, wish->algorithm);

		if (wish->algorithm < KEEPALIVE_ALGORITHMS && own != NULL &&
		    agreed(wish, own, &l, &terms))
			return terms;
	}
	return (struct keepalive_terms){
		KEEPALIVE_FIXED, keepalive_told(fmin(l.longest, nk_seconds(KEEPALIVE_DRAWN)))};
}

struct keepalive_terms keepalive_check(const struct keepalive_terms *answer,
				       const struct keepalive_offer *ours)
{
	static const struct keepalive_offer nothing;
	const struct keepalive_wish *wish = wish_of(ours, answer->algorithm);
	const bool is_wish =
		wish != NULL && answer->interval_s <= wish->max_s &&
		(answer->interval_s >= wish->min_s || answer->algorithm == KEEPALIVE_NONE);
	const bool is_last_resort = answer->algorithm == KEEPALIVE_FIXED &&
				    answer->interval_s >= LEAST &&
				    answer->interval_s <= nk_seconds(KEEPALIVE_DRAWN);

	if (answer->algorithm == KEEPALIVE_TURNS && !bears_turns(ours))
		return keepalive_agree(&nothing, ours);
	return is_wish || is_last_resort ? *answer : keepalive_agree(&nothing, ours);
}

struct keepalive_wish keepalive_default_wish(enum keepalive_algorithm a)
{
	static const struct keepalive_wish wishes[] = {
		[KEEPALIVE_NONE] = {KEEPALIVE_NONE, 0, 0},
		[KEEPALIVE_FIXED] = {KEEPALIVE_FIXED, 1, 17},
		[KEEPALIVE_TURNS] = {KEEPALIVE_TURNS, 15, 15},
		[KEEPALIVE_LEARNED] = {KEEPALIVE_LEARNED, 1, 900},
		[KEEPALIVE_OPENER] = {KEEPALIVE_OPENER, 1, 900},
	};

	return wishes[a];
}

struct keepalive_offer keepalive_default_offer(void)
{
	return (struct keepalive_offer){
		.wish = {keepalive_default_wish(KEEPALIVE_LEARNED),
			 keepalive_default_wish(KEEPALIVE_TURNS),
			 keepalive_default_wish(KEEPALIVE_FIXED)},
		.count = 3,
	};
}
