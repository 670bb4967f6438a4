#include "core/natmap/explain.h"

#include <stdio.h>

#define SWEEPS 2 /* a box that purges in sweeps lets some live for so much longer than others */

/* What ends mappings while a hop gets no keepalives. */
enum cause {
	CAUSE_UNKNOWN,
	CAUSE_OWN,          /* its own timer, that packets both ways refresh */
	CAUSE_OWN_OUTBOUND, /* its own, that only outbound packets refresh */
	CAUSE_OWN_INBOUND,
	CAUSE_ANOTHER,  /* some box beyond that is refreshed one way alone */
	CAUSE_PREVIOUS, /* the neighbour, which misses packets that end there */
	CAUSE_NEXT,
};

/*
 * Boxes refreshed one way alone end mappings on one side of every seam: those of an outbound-only
 * box at k are ended at all seams nearer to us, an inbound-only box's at all beyond. A box that
 * misses packets that end there ends them at the two seams beside it alone, and never those that
 * whole packets keep.
 */
static enum cause cause_of(const struct hop_life *l)
{
	const bool nearer = l->nearer == FATE_LIVES, further = l->further == FATE_LIVES;
	const bool one_way = l->inbound == FATE_ENDED || l->outbound == FATE_ENDED;

	if (nearer && further)
		return CAUSE_OWN;
	if (l->nearer == FATE_UNKNOWN || l->further == FATE_UNKNOWN || l->inbound == FATE_UNKNOWN ||
	    l->outbound == FATE_UNKNOWN)
		return CAUSE_UNKNOWN;
	if (further)
		return l->inbound == FATE_ENDED ? CAUSE_OWN_OUTBOUND : CAUSE_PREVIOUS;
	if (nearer)
		return l->outbound == FATE_ENDED ? CAUSE_OWN_INBOUND : CAUSE_NEXT;
	return one_way ? CAUSE_ANOTHER : CAUSE_OWN;
}

/**
 * struct view - All hops together; by index, which is a hop's number less one
 * @count, @life, @rtt: As explain_hops() got them
 * @cause:	As far as the hop's own life tells
 * @box:	The number of the hop whose box ends mappings at this one as at a run of hops, 0: it is
 *		none of such
 * @missed:	State ends somewhere, and at no hop, though all were looked at
 */
struct view {
	unsigned count;
	const struct hop_life *life;
	double rtt;
	enum cause cause[NATMAP_HOPS_MAX];
	unsigned box[NATMAP_HOPS_MAX];
	bool missed;
};

static bool overlap(const struct hop_life *a, const struct hop_life *b)
{
	return a->lo <= b->hi && b->lo <= a->hi;
}

/* Whether box @k may end mappings at hop @h by being refreshed one way alone. */
static bool reaches(const struct view *v, unsigned k, unsigned h)
{
	return v->cause[k - 1] == (k > h ? CAUSE_OWN_OUTBOUND : CAUSE_OWN_INBOUND);
}

/* Another box ends mappings there, or would, if this one did not do so before. @behind: which. */
static enum cause cause_beside_another(const struct view *v, unsigned h, unsigned *behind)
{
	const struct hop_life *life = v->life, *own = &life[h - 1];
	bool later = false;

	for (unsigned k = 1; k <= v->count; k++) {
		if (k == h || !reaches(v, k, h))
			continue;
		if (overlap(&life[k - 1], own) &&
		    (*behind == 0 || life[k - 1].value < life[*behind - 1].value))
			*behind = k;
		later |= life[k - 1].lo > own->hi;
	}
	if (*behind != 0)
		return CAUSE_ANOTHER;
	return later ? CAUSE_OWN : CAUSE_UNKNOWN;
}

static enum cause cause_beside_neighbour(const struct view *v, unsigned h, unsigned *behind)
{
	const enum cause which = v->cause[h - 1];
	const unsigned k = which == CAUSE_PREVIOUS ? h - 1 : h + 1;

	*behind = k;
	if (k < 1 || k > v->count || !v->life[k - 1].ended ||
	    !overlap(&v->life[k - 1], &v->life[h - 1]))
		return CAUSE_UNKNOWN;
	return which;
}

/* What ends mappings at hop @h, given all others. @behind: another hop whose box does. */
static enum cause cause_beside_all(const struct view *v, unsigned h, unsigned *behind)
{
	const enum cause cause = v->cause[h - 1];

	*behind = v->box[h - 1];
	if (*behind != 0)
		return *behind == h ? CAUSE_OWN : CAUSE_ANOTHER;
	if (cause == CAUSE_ANOTHER)
		return cause_beside_another(v, h, behind);
	if (cause == CAUSE_PREVIOUS || cause == CAUSE_NEXT)
		return cause_beside_neighbour(v, h, behind);
	return cause;
}

/* The last of a run of hops that begins at @h and looks like one box; 0: there is none. */
static unsigned run_end(const struct view *v, unsigned h)
{
	const struct hop_life *first = &v->life[h - 1];
	unsigned k = h;

	if (v->cause[h - 1] != CAUSE_NEXT)
		return 0;
	do {
		if (++k > v->count || !overlap(&v->life[k - 1], first))
			return 0;
	} while (v->cause[k - 1] == CAUSE_OWN && v->life[k - 1].nearer == FATE_ENDED);
	return v->cause[k - 1] == CAUSE_PREVIOUS ? k : 0;
}

/* @more: routers that the way out has, and the way back has not. */
static void find_runs(struct view *v, unsigned more)
{
	for (unsigned h = 1; h <= v->count; h++) {
		const unsigned end = run_end(v, h), before = end - h;

		/* Two before it: a box that misses packets that end there looks the same. */
		if (end == 0 || before == 2 || (before > 2 && before > more))
			continue;
		for (unsigned k = h; k <= end; k++)
			v->box[k - 1] = end;
	}
}

static bool is_missed(const struct view *v, const struct measured *silence)
{
	for (unsigned i = 0; i < v->count; i++)
		if (!v->life[i].looked ||
		    (v->life[i].ended && v->life[i].lo <= SWEEPS * silence->hi))
			return false;
	return silence->known;
}

static void set_timeout(struct measured *m, const struct hop_life *l, double later)
{
	*m = (struct measured){
		.known = true,
		.varies = l->varies,
		.value = l->value + later,
		.lo = l->lo,
		.hi = l->hi + later,
		.p = l->p,
		.trials = l->trials,
	};
}

static void set_longer(struct measured *m, const struct hop_life *l, const char *why)
{
	*m = (struct measured){
		.at_least = l->lo, .p = l->p, .trials = l->trials, .why_kind = WHY_PATH};
	snprintf(m->why, sizeof(m->why), "%s", why);
}

static void unknown(struct hop *hop, const char *why)
{
	hop->state = HOP_UNKNOWN;
	hop->p = 0;
	hop->why = why;
}

static void explain_lived(struct hop *hop, const struct hop_life *l, bool missed)
{
	hop->state = HOP_STATELESS;
	set_longer(&hop->timeout, l, "longer than the longest silence tried");
	if (missed)
		unknown(hop, "something keeps state, but at no hop: the way back may be longer");
}

static void explain_ended(struct hop *hop, const struct hop_life *l, enum cause cause,
			  unsigned behind, double rtt)
{
	switch (cause) {
	case CAUSE_UNKNOWN:
		unknown(hop, "mappings end there or elsewhere: too few could be held to tell");
		return;
	case CAUSE_OWN:
	case CAUSE_OWN_OUTBOUND:
	case CAUSE_OWN_INBOUND:
		hop->state = HOP_STATEFUL;
		hop->outbound_only = cause == CAUSE_OWN_OUTBOUND;
		hop->inbound_only = cause == CAUSE_OWN_INBOUND;
		set_timeout(&hop->timeout, l, hop->outbound_only ? rtt : 0);
		return;
	default:
		hop->state = HOP_HIDDEN;
		hop->behind = behind;
		set_longer(&hop->timeout, l, "hidden: another hop's state ends first");
	}
}

static void explain_hop(struct hop *hop, const struct view *v, unsigned h)
{
	const struct hop_life *l = &v->life[h - 1];
	unsigned behind;

	hop->p = l->p;
	hop->behind = 0;
	hop->outbound_only = hop->inbound_only = false;
	hop->why = NULL;
	hop->timeout = (struct measured){.why_kind = WHY_PATH};
	if (!l->looked) {
		unknown(hop, "no mapping was left silent there for long enough");
	} else if (!l->ended) {
		explain_lived(hop, l, v->missed);
	} else {
		const enum cause cause = cause_beside_all(v, h, &behind);

		explain_ended(hop, l, cause, behind, v->rtt);
	}
}

void explain_hops(struct path_result *path, unsigned count, const struct hop_life *life, double rtt)
{
	struct view v = {.count = count, .life = life, .rtt = rtt};

	for (unsigned i = 0; i < count; i++)
		v.cause[i] = life[i].looked && life[i].ended ? cause_of(&life[i]) : CAUSE_UNKNOWN;
	find_runs(&v, path->back > 0 && path->back < count ? count - path->back : 0);
	v.missed = is_missed(&v, &path->silence);
	for (unsigned h = 1; h <= count; h++)
		explain_hop(&path->hops[h - 1], &v, h);
}
