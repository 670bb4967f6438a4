#include "core/natmap/explain.h"

#include <stdio.h>

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

static bool overlap(const struct hop_life *a, const struct hop_life *b)
{
	return a->lo <= b->hi && b->lo <= a->hi;
}

/* Whether box @k may end mappings at hop @h by being refreshed one way alone. */
static bool reaches(const enum cause *cause, unsigned k, unsigned h)
{
	return cause[k - 1] == (k > h ? CAUSE_OWN_OUTBOUND : CAUSE_OWN_INBOUND);
}

/* Another box ends mappings there, or would, if this one did not do so before. @behind: which. */
static enum cause cause_beside_another(const struct hop_life *life, const enum cause *cause,
				       unsigned count, unsigned h, unsigned *behind)
{
	const struct hop_life *own = &life[h - 1];
	bool later = false;

	*behind = 0;
	for (unsigned k = 1; k <= count; k++) {
		if (k == h || !reaches(cause, k, h))
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

static enum cause cause_beside_neighbour(const struct hop_life *life, unsigned count, unsigned h,
					 enum cause which, unsigned *behind)
{
	const unsigned k = which == CAUSE_PREVIOUS ? h - 1 : h + 1;

	*behind = k;
	if (k < 1 || k > count || !life[k - 1].ended || !overlap(&life[k - 1], &life[h - 1]))
		return CAUSE_UNKNOWN;
	return which;
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

static void explain_hop(struct path_result *path, unsigned count, const struct hop_life *life,
			const enum cause *causes, unsigned h, double rtt)
{
	struct hop *hop = &path->hops[h - 1];
	const struct hop_life *l = &life[h - 1];
	enum cause cause = causes[h - 1];
	unsigned behind = 0;

	hop->p = l->p;
	hop->behind = 0;
	hop->outbound_only = hop->inbound_only = false;
	hop->why = NULL;
	hop->timeout = (struct measured){.why_kind = WHY_PATH};
	if (!l->looked) {
		unknown(hop, "no mapping was left silent there for long enough");
		return;
	}
	if (!l->ended) {
		hop->state = HOP_STATELESS;
		set_longer(&hop->timeout, l, "longer than the longest silence tried");
		return;
	}
	if (cause == CAUSE_ANOTHER)
		cause = cause_beside_another(life, causes, count, h, &behind);
	else if (cause == CAUSE_PREVIOUS || cause == CAUSE_NEXT)
		cause = cause_beside_neighbour(life, count, h, cause, &behind);
	explain_ended(hop, l, cause, behind, rtt);
}

void explain_hops(struct path_result *path, unsigned count, const struct hop_life *life, double rtt)
{
	enum cause causes[NATMAP_HOPS_MAX];

	for (unsigned h = 1; h <= count; h++)
		causes[h - 1] = life[h - 1].looked && life[h - 1].ended ? cause_of(&life[h - 1])
									: CAUSE_UNKNOWN;
	for (unsigned h = 1; h <= count; h++)
		explain_hop(path, count, life, causes, h, rtt);
}
