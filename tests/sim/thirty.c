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

/* The worst so far, and where. */
struct worst {
	const char *statement;
	double most, figure;
	const char *where;
};

static void note(struct worst *w, double figure, const char *where)
{
	if (w->where != NULL && figure <= w->figure)
		return;
	w->figure = figure;
	w->where = where;
}

static bool tell(const struct worst *w)
{
	const bool pass = w->where != NULL && w->figure <= w->most;

	printf("{\"statement\": \"%s\", \"figure\": \"%.3f (%s)\", \"bound\": \"at most %g\", "
	       "\"pass\": %s}\n",
	       w->statement, w->figure, w->where != NULL ? w->where : "nowhere", w->most,
	       pass ? "true" : "false");
	return pass;
}

int main(int argc, char **argv)
{
	struct zoo *zoo =
		zoo_from_file(argc == 3 && strcmp(argv[1], "--zoo") == 0 ? argv[2] : NULL);
	struct worst wakes = {.statement = "thirty targets: wake-ups, of thirty timers of 15 s",
			      .most = 0.2};
	struct worst bytes = {
		.statement = "thirty targets, 120 s and more: bytes, of thirty timers of 15 s",
		.most = 0.2};
	struct worst fixed = {
		.statement = "thirty targets, under 120 s: bytes, of fixed at 0.72 of the timeout",
		.most = 1.2};
	struct worst gone = {.statement = "thirty targets: not up at the end", .most = 0};
	const struct zoo_preset *p;
	bool pass;

	for (unsigned i = 0; (p = zoo_at(zoo, i)) != NULL; i++) {
		struct nat_spec nat = p->spec;
		struct thirty_cost c;

		if (nat.t_stream < LEAST || nat.nat64)
			continue;
		nat.external[0] = addr_v4(203, 0, 113, 1, 0);
		nat.external_count = 1;
		c = thirty_measure(&nat, 0);
		fprintf(stderr, "%-20s %4.0f s  wake-ups %.3f  bytes %.3f  of fixed %.3f\n",
			p->name, nk_seconds(nat.t_stream), c.wakes, c.bytes, c.fixed);
		note(&wakes, c.wakes, p->name);
		note(nat.t_stream >= LONG ? &bytes : &fixed,
		     nat.t_stream >= LONG ? c.bytes : c.fixed, p->name);
		note(&gone, THIRTY - c.up, p->name);
	}
	pass = tell(&wakes) & tell(&bytes) & tell(&fixed) & tell(&gone);
	zoo_free(zoo);
	return pass ? 0 : 1;
}
