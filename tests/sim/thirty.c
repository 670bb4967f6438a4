/*
 * Thirty targets on one host, behind every NAT of the zoo that holds a stream for 30 s or longer: a
 * row for each on standard error, and what is promised, at its worst, on standard output as JSON.
 *
 * thirty [--zoo FILE]. Exit status 1: it is not so everywhere.
 */
#include <stdio.h>
#include <string.h>

#include "thirty_cost.h"
#include "zoo_file.h"

#define LEAST (30 * NK_S)
#define LONG  (120 * NK_S)

enum { WAKES, LONG_BYTES, SHORT_BYTES, GONE, PROMISES };

/* What is promised; the worst so far, and where. */
static struct promise {
	const char *statement;
	double most, worst;
	const char *where;
} promises[PROMISES] = {
	[WAKES] = {.statement = "thirty targets: wake-ups, of thirty timers of 15 s", .most = 0.2},
	[LONG_BYTES] = {.statement =
				"thirty targets, 120 s and more: bytes, of thirty timers of 15 s",
			.most = 0.2},
	[SHORT_BYTES] =
		{.statement = "thirty targets, under 120 s: bytes, of fixed at 0.72 of the timeout",
		 .most = 1.2},
	[GONE] = {.statement = "thirty targets: not up at the end", .most = 0},
};

static void note(struct promise *p, double figure, const char *where)
{
	if (p->where != NULL && figure <= p->worst)
		return;
	p->worst = figure;
	p->where = where;
}

static bool tell(const struct promise *p)
{
	const bool pass = p->where != NULL && p->worst <= p->most;

	printf("{\"statement\": \"%s\", \"figure\": \"%.3f (%s)\", \"bound\": \"at most %g\", "
	       "\"pass\": %s}\n",
	       p->statement, p->worst, p->where != NULL ? p->where : "nowhere", p->most,
	       pass ? "true" : "false");
	return pass;
}

static void measure(const char *name, struct nat_spec nat)
{
	const bool is_long = nat.t_stream >= LONG;
	struct thirty_cost c;

	nat.external[0] = addr_v4(203, 0, 113, 1, 0);
	nat.external_count = 1;
	c = thirty_measure(&nat, 0);
	fprintf(stderr, "%-20s %4.0f s  wake-ups %.3f  bytes %.3f  of fixed %.3f\n", name,
		nk_seconds(nat.t_stream), c.wakes, c.bytes, c.fixed);
	note(&promises[WAKES], c.wakes, name);
	note(&promises[is_long ? LONG_BYTES : SHORT_BYTES], is_long ? c.bytes : c.fixed, name);
	note(&promises[GONE], THIRTY - c.up, name);
}

int main(int argc, char **argv)
{
	struct zoo *zoo =
		zoo_from_file(argc == 3 && strcmp(argv[1], "--zoo") == 0 ? argv[2] : NULL);
	const struct zoo_preset *p;
	bool pass = true;

	for (unsigned i = 0; (p = zoo_at(zoo, i)) != NULL; i++)
		if (p->spec.t_stream >= LEAST && !p->spec.nat64)
			measure(p->name, p->spec);
	for (unsigned i = 0; i < PROMISES; i++)
		pass &= tell(&promises[i]);
	zoo_free(zoo);
	return pass ? 0 : 1;
}
