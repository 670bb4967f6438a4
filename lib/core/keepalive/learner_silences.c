#include "core/keepalive/learner_silences.h"

#include <math.h>

#define CLOSE    1.08 /* died / survived, at which the search is content */
#define AGREES   0.9  /* trials so near to a newer one with the same outcome say no more than it */
#define SLIGHTLY 0.98 /* less than what was survived is survived again; */
#define LESS     0.8  /* much less is, and much more than what was not is not, */
#define MORE     1.15 /* unless lifetimes differ: */
#define WEAKER   0.9  /* then the weakest may be so much weaker than the weakest that was seen */

#define HOPE     1.002

/* So many answers of controls are taken for granted: without any, nothing is said to be dead. */
#define CONTROLS 100

void silences_start(struct silences *s, double longest_s)
{
	timeout_grid_init(&s->grid, longest_s);
	timeout_belief_init(&s->belief, &s->grid);
	s->belief.controls_got = CONTROLS;
	s->longest = longest_s;
	s->weakest = 0;
}

/* As nothing contradicts, all that were survived are below all that were not. */
static unsigned alive_count(const struct silences *s)
{
	unsigned n = 0;

	while (n < s->belief.count && s->belief.trial[n].alive)
		n++;
	return n;
}

double silences_survived(const struct silences *s)
{
	const unsigned n = alive_count(s);

	return n > 0 ? s->belief.trial[n - 1].gap : 0;
}

double silences_died(const struct silences *s)
{
	const unsigned n = alive_count(s);

	return n < s->belief.count ? s->belief.trial[n].gap : 0;
}

static void add(struct timeout_belief *b, double gap_s, bool alive)
{
	/* What one packet may do by chance, several do not: a verdict counts twice. */
	timeout_belief_add(b, gap_s, alive);
	timeout_belief_add(b, gap_s, alive);
}

static void add_alike(struct silences *s, double gap_s, bool alive)
{
	struct timeout_belief *b = &s->belief;

	if (alive) {
		timeout_belief_forget(b, 0, gap_s, false);
		timeout_belief_forget(b, AGREES * gap_s, gap_s, true);
	} else {
		/* If it was longer once, what else was survived then is old too. */
		if (silences_survived(s) >= gap_s)
			timeout_belief_forget(b, 0, INFINITY, true);
		timeout_belief_forget(b, gap_s, gap_s / AGREES, false);
	}
	add(b, gap_s, alive);
}

/* What another survived tells nothing of the weakest. */
static void add_different(struct silences *s, double gap_s, bool alive)
{
	struct timeout_belief *b = &s->belief;

	if (!alive) {
		s->weakest = fmin(s->weakest, gap_s);
		timeout_belief_forget(b, nextafter(WEAKER * s->weakest, INFINITY), INFINITY, true);
		timeout_belief_forget(b, 0, INFINITY, false);
		add(b, s->weakest, false);
	} else if (gap_s <= WEAKER * s->weakest) {
		timeout_belief_forget(b, AGREES * gap_s, gap_s, true);
		add(b, gap_s, true);
	}
}

void silences_add(struct silences *s, double gap_s, bool alive)
{
	if (s->weakest > 0)
		add_different(s, gap_s, alive);
	else
		add_alike(s, gap_s, alive);
}

void silences_differ(struct silences *s, double gap_s)
{
	if (s->weakest == 0)
		s->weakest = gap_s;
	add_different(s, gap_s, false);
}

void silences_hope(struct silences *s)
{
	if (s->weakest == 0)
		return;
	s->weakest = fmin(HOPE * s->weakest, s->longest);
	timeout_belief_forget(&s->belief, 0, INFINITY, false);
	add(&s->belief, s->weakest, false);
}

double silences_trusted(const struct silences *s, double risk)
{
	for (unsigned i = alive_count(s); i-- > 0;) {
		const double gap = s->belief.trial[i].gap;
		double p;

		timeout_belief_survival(&s->belief, &gap, &p, 1);
		if (p >= 1 - risk)
			return gap;
	}
	return 0;
}

/* Multiples of a silence, none above the longest. */
static unsigned multiples(const struct silences *s, double of,
			  const double by[static SILENCES_GAPS], double gaps[static SILENCES_GAPS])
{
	unsigned n = 0;
	double last = of;

	for (unsigned i = 0; i < SILENCES_GAPS && last < s->longest; i++)
		last = gaps[n++] = fmin(of * by[i], s->longest);
	return n;
}

/* At equal ratios between the two. */
static unsigned inside(double lo, double hi, double gaps[static SILENCES_GAPS])
{
	const double steps = log(hi / lo) / log(CLOSE);
	const unsigned n = (unsigned)fmin(SILENCES_GAPS, ceil(steps) - 1);

	for (unsigned i = 0; i < n; i++)
		gaps[i] = lo * pow(hi / lo, (double)(i + 1) / (n + 1));
	return n;
}

/* Where lifetimes differ: is one below the weakest that was seen survived? */
static unsigned below_weakest(const struct silences *s, double gaps[static SILENCES_GAPS])
{
	gaps[0] = WEAKER * s->weakest;
	return silences_survived(s) < AGREES * gaps[0] ? 1 : 0;
}

unsigned silences_next(const struct silences *s, double begin_s, double gaps[static SILENCES_GAPS])
{
	static const double up[] = {CLOSE, 1.3, 1.8}, down[] = {0.7, 0.85, 0.94};
	const double lo = silences_survived(s), hi = silences_died(s);

	if (s->weakest > 0)
		return below_weakest(s, gaps);
	if (lo == 0 && hi == 0) {
		const double first[] = {SILENCES_SANE / begin_s, 1, 2};

		return multiples(s, begin_s, first, gaps);
	}
	if (lo == 0)
		return multiples(s, hi, down, gaps);
	if (hi == 0)
		return multiples(s, lo, up, gaps);
	return inside(lo, hi, gaps);
}

unsigned silences_again(const struct silences *s, bool doubting, double gaps[static SILENCES_GAPS])
{
	const double lo = silences_survived(s), hi = silences_died(s);
	unsigned n;

	if (s->weakest > 0) {
		static const double by[] = {WEAKER, 0.94, 0.98};

		return multiples(s, s->weakest, by, gaps);
	}
	n = doubting ? 1 : 0;
	gaps[0] = LESS * lo;
	gaps[n++] = SLIGHTLY * lo;
	if (hi > 0)
		gaps[n++] = doubting ? fmin(MORE * hi, s->longest) : hi;
	return n;
}

unsigned silences_grown(const struct silences *s, double gaps[static SILENCES_GAPS])
{
	static const double by[] = {CLOSE, CLOSE * 1.01, CLOSE * 1.02};

	return multiples(s, silences_survived(s), by, gaps);
}
