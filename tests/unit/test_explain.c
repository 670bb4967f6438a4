/*
 * From lives to boxes: every stack of four boxes, of each kind, against what can be known of it.
 *
 * The oracle plays the packets: it knows who is refreshed by what, and nothing of seams and causes.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/natmap/explain.h"
#include "near.h"

#define BOXES 4

/* A box; @t INFINITY: it keeps no state. @ttl_first: what ends there does not refresh it. @more: routers before it on the
 * way out that are not on the way back. */
struct box {
	double t;
	bool by_out, by_in, ttl_first;
	int more;
};

static const double timers[] = {10, 20, 40};

/* When a mapping ends if our packets end at hop @out and the broker's at hop @in; BOXES + 1 and 0: they get through. */
static double ends(const struct box *boxes, unsigned out, unsigned in)
{
	double first = INFINITY;

	for (int b = 1; b <= BOXES; b++) {
		const struct box *x = &boxes[b - 1];
		const int back = b - x->more;
		const bool gets_out = x->ttl_first ? (int)out > b : (int)out >= b;
		const bool gets_in = x->ttl_first ? (int)in < back : (int)in <= back;

		if (!((gets_out && x->by_out) || (gets_in && x->by_in)))
			first = fmin(first, x->t);
	}
	return first;
}

static enum hop_fate fate(double life, double at)
{
	return life > at ? FATE_LIVES : FATE_ENDED;
}

static void measure(const struct box *boxes, struct hop_life *life)
{
	for (unsigned h = 1; h <= BOXES; h++) {
		const double t = ends(boxes, h - 1, h + 1);
		struct hop_life *l = &life[h - 1];

		*l = (struct hop_life){.looked = true, .lo = 100, .p = 0.99, .trials = 7};
		if (isinf(t))
			continue;
		l->ended = true;
		l->lo = 0.98 * t;
		l->value = t;
		l->hi = 1.02 * t;
		l->nearer = fate(ends(boxes, h - 1, h), t);
		l->further = fate(ends(boxes, h, h + 1), t);
		l->inbound = fate(ends(boxes, 0, 0), t);
		l->outbound = fate(ends(boxes, BOXES + 1, BOXES + 1), t);
	}
}

/* When mappings end at hop @h though its own state lasts. */
static double ends_without(const struct box *boxes, unsigned h)
{
	struct box others[BOXES];

	memcpy(others, boxes, sizeof(others));
	others[h - 1].t = INFINITY;
	return ends(others, h - 1, h + 1);
}

/* How many boxes keep state and are refreshed so. */
static unsigned count_of(const struct box *boxes, bool by_out, bool by_in, bool ttl_first)
{
	unsigned n = 0;

	for (unsigned i = 0; i < BOXES; i++)
		n += !isinf(boxes[i].t) && boxes[i].by_out == by_out && boxes[i].by_in == by_in &&
		     boxes[i].ttl_first == ttl_first;
	return n;
}

static unsigned count_stateful(const struct box *boxes)
{
	unsigned n = 0;

	for (unsigned i = 0; i < BOXES; i++)
		n += !isinf(boxes[i].t);
	return n;
}

/* Box number @n of all kinds there are. */
static unsigned box_of(unsigned n, unsigned kinds, struct box *out)
{
	const unsigned k = n % kinds;

	*out = (struct box){.t = INFINITY, .by_out = true, .by_in = true};
	if (k > 0) {
		const unsigned refresh = (k - 1) / 3 % 3;

		out->t = timers[(k - 1) % 3];
		out->by_out = refresh != 2;
		out->by_in = refresh != 1;
		out->ttl_first = k > 9;
	}
	return n / kinds;
}

static void stack_of(unsigned n, unsigned kinds, struct box *boxes)
{
	for (unsigned i = 0; i < BOXES; i++)
		n = box_of(n, kinds, &boxes[i]);
}

static void explain(const struct box *boxes, struct path_result *path)
{
	const double silence = ends(boxes, 0, BOXES + 1);
	struct hop_life life[BOXES];

	memset(path, 0, sizeof(*path));
	path->back = (unsigned)(BOXES - boxes[BOXES - 1].more);
	if (!isinf(silence))
		path->silence = (struct measured){.known = true,
						  .lo = 0.98 * silence,
						  .value = silence,
						  .hi = 1.02 * silence};
	measure(boxes, life);
	explain_hops(path, BOXES, life, 0.1);
}

/* What is known of a box whose own timer ends mappings, and of one where others do it first. */
static void check_seen(const struct box *b, const struct hop *hop)
{
	const bool outbound_only = b->by_out && !b->by_in;

	assert_int_equal(hop->state, HOP_STATEFUL);
	assert_int_equal(hop->outbound_only, outbound_only);
	assert_int_equal(hop->inbound_only, b->by_in && !b->by_out);
	assert_true(hop->timeout.known);
	assert_near(hop->timeout.value, b->t + (outbound_only ? 0.1 : 0), 1e-9);
}

static void check_hidden(const struct box *boxes, unsigned h, const struct path_result *path)
{
	const struct hop *hop = &path->hops[h - 1];

	assert_int_equal(hop->state, HOP_HIDDEN);
	assert_false(hop->timeout.known);
	assert_in_range(hop->behind, 1, BOXES);
	assert_int_not_equal(hop->behind, h);
	assert_int_equal(path->hops[hop->behind - 1].state, HOP_STATEFUL);
	assert_near(boxes[hop->behind - 1].t, ends(boxes, h - 1, h + 1), 1e-9);
}

/* All that can be known is, if nothing is @odd; if it is, a hop may be unknown, and nothing else is told. */
static void check_stack(const struct box *boxes, bool odd)
{
	struct path_result path;

	explain(boxes, &path);
	for (unsigned h = 1; h <= BOXES; h++) {
		const struct hop *hop = &path.hops[h - 1];

		if (odd && hop->state == HOP_UNKNOWN)
			assert_non_null(hop->why);
		else if (isinf(ends(boxes, h - 1, h + 1)))
			assert_int_equal(hop->state, HOP_STATELESS);
		else if (boxes[h - 1].t < ends_without(boxes, h))
			check_seen(&boxes[h - 1], hop);
		else
			check_hidden(boxes, h, &path);
	}
}

/* Boxes that see what ends at them. Only where some are refreshed by outbound packets alone and others by inbound ones alone,
 * they may hide each other. */
static void test_every_stack(void **state)
{
	struct box boxes[BOXES];

	(void)state;
	for (unsigned n = 0; n < 10 * 10 * 10 * 10; n++) {
		stack_of(n, 10, boxes);
		check_stack(boxes, count_of(boxes, true, false, false) > 0 &&
					   count_of(boxes, false, true, false) > 0);
	}
}

/* One box that does not. */
static void test_ttl_first(void **state)
{
	struct box boxes[BOXES];
	unsigned played = 0;

	(void)state;
	for (unsigned n = 0; n < 19 * 19 * 19 * 19; n++) {
		stack_of(n, 19, boxes);
		if (count_of(boxes, true, true, true) != 1 ||
		    count_of(boxes, true, true, false) + 1 != count_stateful(boxes))
			continue;
		check_stack(boxes, false);
		played++;
	}
	assert_int_equal(played, 4 * 3 * 4 * 4 * 4);
}

/* Routers before the last box that are on the way out alone: it is one box all the same, and is where the way out meets
 * it. Two of them look like a box that does not see what ends at it. */
static void test_longer_way_out(void **state)
{
	struct box boxes[BOXES];

	(void)state;
	for (unsigned n = 0; n < 4 * 4 * 4 * 4; n++) {
		stack_of(n, 4, boxes);
		if (!isinf(boxes[2].t) || isinf(boxes[3].t))
			continue;
		boxes[3].more = 1;
		check_stack(boxes, false);
		if (count_stateful(boxes) > 1)
			continue;
		boxes[3].more = 3;
		check_stack(boxes, false);
	}
}

/* Routers that are on the way back alone: a box beyond them is missed, but not taken for none. */
static void test_longer_way_back(void **state)
{
	struct box boxes[BOXES];
	struct path_result path;

	(void)state;
	for (unsigned b = 1; b < BOXES; b++) {
		stack_of(0, 10, boxes);
		boxes[b - 1].t = 20;
		boxes[b - 1].more = -1;
		explain(boxes, &path);
		for (unsigned i = 0; i < BOXES; i++) {
			assert_int_equal(path.hops[i].state, HOP_UNKNOWN);
			assert_non_null(strstr(path.hops[i].why, "way back"));
		}
	}
}

/* A box that purges in sweeps explains a silence that ended sooner at another time, if not by much. */
static void test_sweeps(void **state)
{
	struct hop_life life[2] = {{.looked = true,
				    .ended = true,
				    .lo = 19,
				    .value = 20,
				    .hi = 21,
				    .nearer = FATE_LIVES,
				    .further = FATE_LIVES},
				   {.looked = true, .lo = 100}};
	struct path_result path = {.count = 2, .silence = {.known = true, .hi = 10}};

	(void)state;
	explain_hops(&path, 2, life, 0);
	assert_int_equal(path.hops[0].state, HOP_STATEFUL);
	assert_int_equal(path.hops[1].state, HOP_STATELESS);
	path.silence.hi = 9;
	explain_hops(&path, 2, life, 0);
	assert_int_equal(path.hops[0].state, HOP_STATEFUL);
	assert_int_equal(path.hops[1].state, HOP_UNKNOWN);
}

/* What is not known of seams is not made up. */
static void test_unknown(void **state)
{
	const struct hop_life ends = {
		.looked = true, .ended = true, .lo = 9, .value = 10, .hi = 11, .p = 0.99};
	struct hop_life life[2] = {{.looked = false}, ends};
	struct path_result path = {.count = 2};

	(void)state;
	explain_hops(&path, 2, life, 0);
	assert_int_equal(path.hops[0].state, HOP_UNKNOWN);
	assert_non_null(path.hops[0].why);
	assert_int_equal(path.hops[1].state, HOP_UNKNOWN);
	assert_non_null(path.hops[1].why);
	life[1].nearer = life[1].further = FATE_LIVES;
	explain_hops(&path, 2, life, 0);
	assert_int_equal(path.hops[1].state, HOP_STATEFUL);
	assert_null(path.hops[1].why);
	life[1].nearer = life[1].further = FATE_ENDED;
	life[1].inbound = FATE_ENDED;
	life[1].outbound = FATE_LIVES;
	explain_hops(&path, 2, life, 0);
	assert_int_equal(path.hops[1].state, HOP_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_stack),    cmocka_unit_test(test_ttl_first),
		cmocka_unit_test(test_longer_way_out), cmocka_unit_test(test_longer_way_back),
		cmocka_unit_test(test_sweeps),         cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
