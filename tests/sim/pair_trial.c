#include "pair_trial.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "birthday_law.h"
#include "core/punch/birthday.h"
#include "crew.h"
#include "hard_pair.h"
#include "open_nat.h"
#include "pair_scene.h"

#define STANDARD_ERRORS 3
#define SOON_S          3 /* from the beginning of a call, until a relay is said to be likely */

/* NATs that filter by endpoint. */
#define NAT(m, p)                                                                          \
	{                                                                                  \
		OPEN_NAT, .mapping = NAT_##m, .filtering = NAT_APD, .ports = NAT_PORTS_##p \
	}

/* What came of one run: of a punch, or of a whole call. */
struct run {
	struct hard_result punch;
	struct pair_result call;
};

/**
 * struct trial - Something to be tried
 * @nats:	The caller's, the callee's
 * @loss:	Of each link; @foreign: mappings a second that others make on each NAT
 * @hints:	What both are told of each NAT, if not all zero
 */
struct trial {
	const char *name;
	void (*play)(const struct trial *t, const struct zoo *zoo, uint64_t seed, struct run *out);
	void (*judge)(const struct trial *t, const struct run *runs, unsigned count,
		      struct statement *out, unsigned *statements);
	struct nat_spec nats[2];
	double loss;
	unsigned foreign;
	struct nat_hint hints[2];
};

static struct statement *state(struct statement *out, unsigned *count, const struct trial *t,
			       const char *what, double figure)
{
	struct statement *s = &out[(*count)++];

	assert(*count <= STATEMENTS_MAX);
	*s = (struct statement){.figure = figure, .pass = true};
	snprintf(s->text, sizeof(s->text), "%s: %s", t->name, what);
	return s;
}

/* Two gatherers and two punches, without a call around them. */
static void play_punch(const struct trial *t, const struct zoo *zoo, uint64_t seed, struct run *out)
{
	const struct hard_plan plan = {
		.seed = seed,
		.nats = {t->nats[0], t->nats[1]},
		.foreign = t->foreign,
		.link = {.delay = NK_MS / 2, .loss = t->loss},
		.hard = true,
		.hints = {t->hints[0], t->hints[1]},
	};

	(void)zoo;
	hard_play(&plan, &out->punch);
}

static void play_call(const struct trial *t, const struct zoo *zoo, uint64_t seed, struct run *out)
{
	struct pair_scene s = {.delay = PAIR_DELAY_40, .seed = seed};

	for (unsigned i = 0; i < PAIR_SIDES; i++)
		if (!pair_side_find(&s.side[i], zoo, "apd-apd-random"))
			return;
	(void)t;
	pair_scene_play(&s, NULL, &out->call);
}

static double connected(const struct run *runs, unsigned count)
{
	unsigned n = 0;

	for (unsigned i = 0; i < count; i++)
		n += runs[i].punch.connected;
	return (double)n / count;
}

/* One probes, the other opens */

static void judge_success(const struct trial *t, const struct birthday_law *law,
			  const struct run *runs, unsigned count, struct statement *out,
			  unsigned *statements)
{
	const double p = law->success, error = sqrt(p * (1 - p) / count);
	struct statement *s =
		state(out, statements, t, "connect, within 3 standard errors of the law",
		      connected(runs, count));

	s->bound = p - STANDARD_ERRORS * error;
	s->pass = fabs(s->figure - p) <= STANDARD_ERRORS * error;
	snprintf(s->where, sizeof(s->where), "the law: %.4f", p);
}

static void judge_probes(const struct trial *t, const struct birthday_law *law,
			 const struct run *runs, unsigned count, struct statement *out,
			 unsigned *statements)
{
	double sum = 0, squares = 0, error;
	struct statement *s;

	for (unsigned i = 0; i < count; i++) {
		const double n = runs[i].punch.packets[0];

		sum += n;
		squares += n * n;
	}
	s = state(out, statements, t, "probes, within 3 standard errors of the law", sum / count);
	error = sqrt((squares / count - s->figure * s->figure) / count);
	s->bound = law->mean_probes - STANDARD_ERRORS * error;
	s->pass = fabs(s->figure - law->mean_probes) <= STANDARD_ERRORS * error;
	snprintf(s->where, sizeof(s->where), "the law: %.1f", law->mean_probes);
}

static void judge_birthday(const struct trial *t, const struct run *runs, unsigned count,
			   struct statement *out, unsigned *statements)
{
	const struct birthday_plan plan = {
		.ports = BIRTHDAY_PORTS,
		.sockets = BIRTHDAY_SOCKETS + 1, /* and that of plain checks */
		.probes = BIRTHDAY_PROBES,
		.loss = 1 - (1 - t->loss) * (1 - t->loss),
	};
	const struct birthday_law law = birthday_law(&plan);

	judge_success(t, &law, runs, count, out, statements);
	judge_probes(t, &law, runs, count, out, statements);
}

/* Both give ports one after the other, to others too */

static void judge_counted(const struct trial *t, const struct run *runs, unsigned count,
			  struct statement *out, unsigned *statements)
{
	struct statement *s = state(out, statements, t, "connect", connected(runs, count));

	s->bound = t->foreign <= 5 ? 0.95 : 0;
	s->pass = s->figure >= s->bound;
}

/* Both are said to be random, and are not */

static void judge_wrong(const struct trial *t, const struct run *runs, unsigned count,
			struct statement *out, unsigned *statements)
{
	struct statement *s = state(out, statements, t, "connect directly", connected(runs, count));

	s->bound = 0.999;
	s->pass = s->figure >= s->bound;
}

/* Both are random */

static void judge_hopeless(const struct trial *t, const struct run *runs, unsigned count,
			   struct statement *out, unsigned *statements)
{
	struct statement *told, *latest;
	unsigned n = 0;
	double last = 0;

	for (unsigned i = 0; i < count; i++) {
		const float after = runs[i].call.relay_likely_s;

		n += after >= 0;
		last = fmax(last, after);
	}
	told = state(out, statements, t, "are told that a relay is likely", (double)n / count);
	told->bound = 1;
	told->pass = n == count;
	latest = state(out, statements, t, "are told so after at most, s", last);
	latest->at_most = true;
	latest->bound = SOON_S;
	latest->pass = last < SOON_S;
}

#define SAID_RANDOM                                                             \
	{                                                                       \
		{.mapping = HINT_MAPPING_APD, .ports = HINT_PORTS_RANDOM},      \
		{                                                               \
			.mapping = HINT_MAPPING_APD, .ports = HINT_PORTS_RANDOM \
		}                                                               \
	}

static const struct trial trials[] = {
	{.name = "EIM with random",
	 .play = play_punch,
	 .judge = judge_birthday,
	 .nats = {NAT(EI, PRESERVE), NAT(APD, RANDOM)}},
	{.name = "EIM with random, 5% loss",
	 .play = play_punch,
	 .judge = judge_birthday,
	 .nats = {NAT(EI, PRESERVE), NAT(APD, RANDOM)},
	 .loss = 0.05},
	{.name = "sequential with sequential",
	 .play = play_punch,
	 .judge = judge_counted,
	 .nats = {NAT(APD, SEQUENTIAL), NAT(APD, SEQUENTIAL)}},
	{.name = "sequential with sequential, 5 foreign a second",
	 .play = play_punch,
	 .judge = judge_counted,
	 .nats = {NAT(APD, SEQUENTIAL), NAT(APD, SEQUENTIAL)},
	 .foreign = 5},
	{.name = "sequential with sequential, 50 foreign a second",
	 .play = play_punch,
	 .judge = judge_counted,
	 .nats = {NAT(APD, SEQUENTIAL), NAT(APD, SEQUENTIAL)},
	 .foreign = 50},
	{.name = "called random, in truth EIM",
	 .play = play_punch,
	 .judge = judge_wrong,
	 .nats = {NAT(EI, PRESERVE), NAT(EI, RANDOM)},
	 .hints = SAID_RANDOM},
	{.name = "random with random", .play = play_call, .judge = judge_hopeless},
};

#define TRIALS (sizeof(trials) / sizeof(trials[0]))

/* All of them */

struct company {
	const struct zoo *zoo;
	unsigned count;
	uint64_t first;
	struct run *runs;
};

static void play_number(void *user, unsigned i)
{
	const struct company *c = user;
	const struct trial *t = &trials[i / c->count];

	t->play(t, c->zoo, c->first + i % c->count, &c->runs[i]);
}

bool pair_trials(const struct zoo *zoo, unsigned runs, uint64_t first,
		 struct statement out[static STATEMENTS_MAX], unsigned *count)
{
	const size_t size = TRIALS * runs * sizeof(struct run);
	struct company c = {zoo, runs, first, crew_memory(size)};
	double cpu, wall;
	bool well;

	if (c.runs == NULL)
		return false;
	well = crew_work((unsigned)TRIALS * runs, play_number, &c, &cpu, &wall);
	for (unsigned i = 0; i < TRIALS && well; i++)
		trials[i].judge(&trials[i], &c.runs[i * runs], runs, out, count);
	crew_free(c.runs, size);
	return well;
}
