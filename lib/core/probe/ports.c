/* How a NAT chooses external ports, from pairs of local and external port. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/probe/classify.h"

#define PORTS_ALL     64512.0 /* 1024 to 65535 */
#define LEAST_SAMPLES 3
#define STEP_MAX      64
#define SKIPS_MAX     4 /* ports that others took, or packets of ours that were lost, between two */
#define ORDERED_MAX   512
#define MOSTLY        0.75 /* of all pairs */
#define CHANCE        1e-4

/* Samples whose distance from the one before is @step, or a few of it. */
static unsigned steps_of(const struct port_sample *s, unsigned count, int step)
{
	unsigned n = 0;

	for (unsigned i = 1; i < count; i++) {
		const int d = s[i].mapped - s[i - 1].mapped;

		n += d % step == 0 && d / step >= 1 && d / step <= SKIPS_MAX;
	}
	return n;
}

/* The most frequent small distance, or 0. */
static int usual_step(const struct port_sample *s, unsigned count)
{
	unsigned seen[2 * STEP_MAX + 1] = {0};
	int best = 0;

	for (unsigned i = 1; i < count; i++) {
		const int d = s[i].mapped - s[i - 1].mapped;

		if (d == 0 || abs(d) > STEP_MAX)
			continue;
		if (++seen[d + STEP_MAX] > (best == 0 ? 0 : seen[best + STEP_MAX]))
			best = d;
	}
	return best;
}

static int by_mapped(const void *a, const void *b)
{
	const struct port_sample *x = a, *y = b;

	return (x->mapped > y->mapped) - (x->mapped < y->mapped);
}

/* Share of pairs whose later one has the higher port. */
static double rising(const struct port_sample *s, unsigned count)
{
	unsigned up = 0, pairs = 0;

	for (unsigned i = 0; i < count; i++)
		for (unsigned k = i + 1; k < count; k++, pairs++)
			up += s[k].mapped > s[i].mapped;
	return pairs > 0 ? (double)up / pairs : 0.5;
}

/*
 * The step of ports that were given out one after the other, or 0. Packets that
 * leave together may overtake one another, so that the order tells the
 * direction alone, and the distances are those between neighbours in number.
 */
static int step_in_any_order(const struct port_sample *s, unsigned count)
{
	struct port_sample sorted[ORDERED_MAX];
	const double up = rising(s, count < ORDERED_MAX ? count : ORDERED_MAX);
	int step;

	if (count > ORDERED_MAX || (up < MOSTLY && up > 1 - MOSTLY))
		return 0;
	memcpy(sorted, s, count * sizeof(*s));
	qsort(sorted, count, sizeof(sorted[0]), by_mapped);
	step = usual_step(sorted, count);
	if (step == 0 || steps_of(sorted, count, step) * 5 < (count - 1) * 3)
		return 0;
	return up >= MOSTLY ? step : -step;
}

/* Chance that @count uniform ports all fall into a span of @span. */
static double chance_of_span(unsigned count, double span)
{
	return count * pow((span + 1) / PORTS_ALL, count - 1);
}

static void found(struct ports_finding *out, enum port_pattern pattern, double p)
{
	out->pattern = pattern;
	out->p = p;
}

void ports_judge(const struct port_sample *samples, unsigned count, struct ports_finding *out)
{
	int step;

	*out = (struct ports_finding){.trials = count, .lo = 65535};
	for (unsigned i = 0; i < count; i++) {
		out->kept += samples[i].local == samples[i].mapped;
		out->parity += samples[i].local % 2 == samples[i].mapped % 2;
		if (samples[i].mapped < out->lo)
			out->lo = samples[i].mapped;
		if (samples[i].mapped > out->hi)
			out->hi = samples[i].mapped;
	}
	if (count < LEAST_SAMPLES) {
		out->why_kind = WHY_PATH;
		snprintf(out->why, sizeof(out->why), "%u mappings are too few", count);
		return;
	}
	step = usual_step(samples, count);
	if (out->kept * 5 >= count * 4) {
		found(out, PORTS_PRESERVED,
		      out->kept == count ? behaviour_certainty(count)
					 : (out->kept + 1.0) / (count + 2.0));
	} else if (step != 0 && steps_of(samples, count, step) * 5 >= (count - 1) * 3) {
		found(out, PORTS_SEQUENTIAL,
		      (steps_of(samples, count, step) + 1.0) / (count - 1 + 2.0));
		out->step = step;
	} else if ((step = step_in_any_order(samples, count)) != 0) {
		found(out, PORTS_SEQUENTIAL, behaviour_certainty(count / 2));
		out->step = step;
	} else if (chance_of_span(count, out->hi - out->lo) < CHANCE) {
		found(out, PORTS_RANGE, 1 - chance_of_span(count, out->hi - out->lo));
	} else if (out->parity == count && pow(0.5, count) < CHANCE) {
		found(out, PORTS_PARITY, 1 - pow(0.5, count));
	} else {
		found(out, PORTS_RANDOM, behaviour_certainty(count));
	}
}
