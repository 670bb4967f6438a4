/*
 * Does natprobe tell the truth? It runs against natbroker through NATs whose every property is
 * known, and each finding is counted as right, unknown or wrong.
 *
 *	test_truth [SEEDS [FIRST [CASE]]]
 *
 * Each seed tries all 27 NATs (mapping x filtering x ports), each with timers, loss and delay
 * drawn by the seed; with NATKIT_TRUTH_FULL set, with all of them. A CASE is run alone and
 * its trials are printed. What is wrong is printed with the arguments that show it again; with
 * NATKIT_TRUTH_ALL set also what is unknown, or slower than 1.1 times the longest timeout and 4 s.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "stage.h"

#define SEEDS_BY_DEFAULT 3
#define LOSSES           4

static const struct timers {
	unsigned first, replied, stream;
} all_timers[] = {{7, 7, 19}, {30, 30, 120}, {60, 60, 60}, {300, 300, 300}};
#define TIMERS (sizeof(all_timers) / sizeof(all_timers[0]))

static const nk_time round_trips[] = {NK_MS, 40 * NK_MS, 300 * NK_MS};
#define DELAYS (sizeof(round_trips) / sizeof(round_trips[0]))

/* Of each direction. The bursts lose 2 %, 200 ms at a time. */
static const struct {
	const char *name;
	struct link_spec link;
} all_losses[LOSSES] = {
	{"none", {.loss = 0}},
	{"2 %", {.loss = 0.02}},
	{"5 %", {.loss = 0.05}},
	{"bursts", {.burst_enter = 0.0001, .burst_mean = 200 * NK_MS}},
};

#define NATS  27u
#define CASES (NATS * TIMERS * LOSSES * DELAYS)

enum field {
	FIELD_NAT,
	FIELD_MAPPING,
	FIELD_FILTERING,
	FIELD_PORTS,
	FIELD_SOLITARY,
	FIELD_REPLIED,
	FIELD_STREAM,
	FIELD_REFRESH_OUT,
	FIELD_REFRESH_IN,
	FIELD_QUOTA,
	FIELD_WALL,
	FIELD_COUNT
};

static const char *const field_names[FIELD_COUNT] = {
	[FIELD_NAT] = "nat",
	[FIELD_MAPPING] = "mapping",
	[FIELD_FILTERING] = "filtering",
	[FIELD_PORTS] = "ports",
	[FIELD_SOLITARY] = "solitary",
	[FIELD_REPLIED] = "replied",
	[FIELD_STREAM] = "stream",
	[FIELD_REFRESH_OUT] = "refresh outbound",
	[FIELD_REFRESH_IN] = "refresh inbound",
	[FIELD_QUOTA] = "quota",
	[FIELD_WALL] = "wall time",
};

/**
 * struct scene - One case with one seed
 * @number:	Of the case, as printed
 */
struct scene {
	unsigned number;
	uint64_t seed;
	const struct timers *timers;
	unsigned loss;
	nk_time round_trip;
	struct nat_spec nat;
};

/**
 * struct tally - What came of all runs
 * @covered:	Of @intervals printed, those that hold the truth
 * @widest:	In units of the tolerance, by loss
 * @slowest:	Wall time beyond 4 s, as a multiple of the longest timeout, by loss
 */
struct tally {
	unsigned runs, unfinished;
	unsigned count[LOSSES][FIELD_COUNT][OUTCOMES];
	unsigned intervals[LOSSES], covered[LOSSES];
	double widest[LOSSES], slowest[LOSSES];
	uint64_t late;
};

static struct scene scene_of(unsigned number, uint64_t seed)
{
	const unsigned nat = number % NATS, rest = number / NATS;
	struct scene s = {
		.number = number,
		.seed = seed,
		.timers = &all_timers[rest % TIMERS],
		.loss = rest / TIMERS % LOSSES,
		.round_trip = round_trips[rest / TIMERS / LOSSES],
	};

	s.nat = (struct nat_spec){
		.translate = true,
		.mapping = (enum nat_behaviour)(nat / 9),
		.filtering = (enum nat_behaviour)(nat / 3 % 3),
		.ports = (enum nat_ports)(nat % 3),
		.port_step = 1,
		.t_first = s.timers->first * NK_S,
		.t_replied = s.timers->replied * NK_S,
		.t_stream = s.timers->stream * NK_S,
		.stream_after = 2 * NK_S,
		.refresh_out = true,
		/* Without it the time counts from a packet one trip earlier: see tolerance(). */
		.refresh_in = seed % 3 != 0 || s.round_trip > 100 * NK_MS,
		.flow_timers = seed % 2 == 0,
		.external = {addr_v4(203, 0, 113, 1, 0)},
		.external_count = 1,
	};
	return s;
}

static const char *scene_text(const struct scene *s, char text[static 160])
{
	static const char *const behaviours[] = {"EI", "AD", "APD"};
	static const char *const ports[] = {"preserve", "sequential", "random"};

	snprintf(text, 160, "%s/%s %s, timers %u-%u-%u%s, refresh out%s, loss %s, %lld ms",
		 behaviours[s->nat.mapping], behaviours[s->nat.filtering], ports[s->nat.ports],
		 s->timers->first, s->timers->replied, s->timers->stream,
		 s->nat.flow_timers ? " by flow" : "", s->nat.refresh_in ? " and in" : "",
		 all_losses[s->loss].name, (long long)(s->round_trip / NK_MS));
	return text;
}

static void set_stage(struct stage *st, const struct scene *s)
{
	struct stage_plan plan = {
		/* No two runs share what chance does to them. */
		.seed = s->seed * CASES + s->number, .nats = {s->nat},           .nat_count = 1,
		.link = all_losses[s->loss].link,    .options = stage_options(),
	};

	plan.link.delay = s->round_trip / 2;
	plan.link.jitter = s->round_trip / 20;
	stage_set(st, &plan);
}

/* Judging */

static enum outcome judge_ports(const struct ports_finding *f, enum nat_ports truth)
{
	static const enum port_pattern patterns[] = {PORTS_PRESERVED, PORTS_SEQUENTIAL,
						     PORTS_RANDOM};

	if (f->pattern == PORTS_UNKNOWN)
		return UNKNOWN;
	if (f->pattern == PORTS_SEQUENTIAL && f->step != 1)
		return WRONG;
	return f->pattern == patterns[truth] ? RIGHT : WRONG;
}

static void judge_intervals(struct tally *t, const struct scene *s, const struct probe_result *r,
			    const double truth[STATE_COUNT])
{
	for (unsigned i = 0; i < STATE_COUNT; i++) {
		const struct measured *m = &r->timeouts[i];

		if (!m->known)
			continue;
		t->intervals[s->loss]++;
		t->covered[s->loss] += m->lo <= truth[i] && truth[i] <= m->hi;
		t->widest[s->loss] =
			fmax(t->widest[s->loss], (m->hi - m->lo) / tolerance(truth[i]));
	}
}

static void judge(struct tally *t, const struct scene *s, const struct probe_result *r,
		  enum outcome out[FIELD_COUNT])
{
	const double truth[STATE_COUNT] = {s->timers->first, s->timers->replied, s->timers->stream};
	const double longest = fmax(truth[STATE_SOLITARY], truth[STATE_STREAM]);
	const double wall = nk_seconds(r->ended - r->started);

	out[FIELD_NAT] = judge_fact(&r->nat, true);
	out[FIELD_MAPPING] = judge_class(&r->mapping, s->nat.mapping);
	out[FIELD_FILTERING] = judge_class(&r->filtering, s->nat.filtering);
	out[FIELD_PORTS] = judge_ports(&r->ports, s->nat.ports);
	for (unsigned i = 0; i < STATE_COUNT; i++)
		out[FIELD_SOLITARY + i] = judge_time(&r->timeouts[i], truth[i]);
	out[FIELD_REFRESH_OUT] = judge_fact(&r->refresh_out, s->nat.refresh_out);
	out[FIELD_REFRESH_IN] = judge_fact(&r->refresh_in, s->nat.refresh_in);
	out[FIELD_QUOTA] = r->quota.policy == QUOTA_NONE_SEEN ? RIGHT : WRONG;
	judge_intervals(t, s, r, truth);
	out[FIELD_WALL] = wall <= 1.1 * longest + 4 ? RIGHT : WRONG;
	t->slowest[s->loss] = fmax(t->slowest[s->loss], (wall - 4) / longest);
	for (unsigned i = 0; i < FIELD_COUNT; i++)
		t->count[s->loss][i][out[i]]++;
}

/* Printing */

static void finding_text(const struct probe_result *r, enum field f, char text[static 240])
{
	const struct measured *m =
		&r->timeouts[f >= FIELD_SOLITARY && f <= FIELD_STREAM ? f - FIELD_SOLITARY
								      : STATE_SOLITARY];
	const struct fact *fact = f == FIELD_NAT           ? &r->nat
				  : f == FIELD_REFRESH_OUT ? &r->refresh_out
							   : &r->refresh_in;

	if (f == FIELD_MAPPING || f == FIELD_FILTERING) {
		const struct class_finding *c = f == FIELD_MAPPING ? &r->mapping : &r->filtering;

		snprintf(text, 240, "%s, votes %u %u %u, void %u; %s", nat_class_name(c->cls),
			 c->votes[CLASS_ENDPOINT_INDEPENDENT], c->votes[CLASS_ADDRESS_DEPENDENT],
			 c->votes[CLASS_ADDRESS_AND_PORT_DEPENDENT], c->votes[CLASS_UNKNOWN],
			 c->why);
	} else if (f == FIELD_PORTS) {
		snprintf(text, 240, "%s, step %d, kept %u of %u; %s",
			 port_pattern_name(r->ports.pattern), r->ports.step, r->ports.kept,
			 r->ports.trials, r->ports.why);
	} else if (f >= FIELD_SOLITARY && f <= FIELD_STREAM) {
		snprintf(text, 240, "%.3f [%.3f, %.3f] at least %.3f, %u trials; %s", m->value,
			 m->lo, m->hi, m->at_least, m->trials, m->why);
	} else if (f == FIELD_WALL) {
		snprintf(text, 240, "%.1f s", nk_seconds(r->ended - r->started));
	} else if (f == FIELD_QUOTA) {
		snprintf(text, 240, "%s %u, held %u, p %.3f", quota_policy_name(r->quota.policy),
			 r->quota.value, r->quota.held, r->quota.p);
	} else {
		snprintf(text, 240, "%s, p %.3f, %u trials; %s",
			 fact->answer == TRI_YES  ? "yes"
			 : fact->answer == TRI_NO ? "no"
						  : "unknown",
			 fact->p, fact->trials, fact->why);
	}
}

static void print_finding(const struct scene *s, const struct probe_result *r, enum field f,
			  enum outcome o)
{
	static const char *const outcomes[OUTCOMES] = {"right", "unknown", "wrong"};
	char scene[160], text[240];

	finding_text(r, f, text);
	print_message("%s: %s: %s | test_truth 1 %llu %u: %s\n", outcomes[o], field_names[f], text,
		      (unsigned long long)s->seed, s->number, scene_text(s, scene));
}

static void print_evidence(const struct probe_result *r)
{
	for (unsigned i = 0; i < r->evidence_count; i++) {
		const struct evidence *e = &r->evidence[i];

		print_message("  %9.3f %-10s %-8s gap %8.3f copies %x controls %x port %5u -> %5u "
			      "%s %s\n",
			      e->at_s, evidence_kind_name(e->kind), traffic_state_name(e->state),
			      e->gap_s, e->copies, e->controls, e->local_port, e->mapped.port,
			      verdict_name(e->verdict), e->why == NULL ? "" : e->why);
	}
}

/* Longer than any run may take. */
#define PATIENCE (720 * NK_S)

static void run(struct tally *t, unsigned number, uint64_t seed, bool in_detail)
{
	const struct scene s = scene_of(number, seed);
	enum outcome out[FIELD_COUNT];
	struct stage st;
	char text[160];

	set_stage(&st, &s);

	const int status = world_run(st.world, st.probe, PATIENCE);
	const struct probe_result *r = natprobe_result(st.probe);

	t->runs++;
	t->late += world_stats(st.world)->late;
	if (world_stats(st.world)->late > 0)
		print_message("deadline in the past | test_truth 1 %llu %u: %s\n",
			      (unsigned long long)seed, number, scene_text(&s, text));
	if (status != CORE_DONE) {
		t->unfinished++;
		print_message("status %d after %.1f s | test_truth 1 %llu %u: %s\n", status,
			      nk_seconds(world_now(st.world)), (unsigned long long)seed, number,
			      scene_text(&s, text));
	} else {
		judge(t, &s, r, out);
		for (unsigned i = 0; i < FIELD_COUNT; i++)
			if (in_detail || (out[i] == WRONG && i != FIELD_WALL) ||
			    (out[i] != RIGHT && getenv("NATKIT_TRUTH_ALL") != NULL))
				print_finding(&s, r, (enum field)i, out[i]);
	}
	if (in_detail)
		print_evidence(r);
	stage_strike(&st);
}

static void print_table(const struct tally *t)
{
	print_message("%-18s", "right/unknown/wrong");
	for (unsigned l = 0; l < LOSSES; l++)
		print_message(" %16s", all_losses[l].name);
	print_message("\n");
	for (unsigned f = 0; f < FIELD_COUNT; f++) {
		print_message("%-18s", field_names[f]);
		for (unsigned l = 0; l < LOSSES; l++) {
			const unsigned *c = t->count[l][f];

			print_message("  %6u/%4u/%3u", c[RIGHT], c[UNKNOWN], c[WRONG]);
		}
		print_message("\n");
	}
	print_message("%-18s", "intervals holding");
	for (unsigned l = 0; l < LOSSES; l++)
		print_message("  %6u of %6u", t->covered[l], t->intervals[l]);
	print_message("\n%-18s", "widest/tolerance");
	for (unsigned l = 0; l < LOSSES; l++)
		print_message(" %16.2f", t->widest[l]);
	print_message("\n%-18s", "(wall - 4 s)/T");
	for (unsigned l = 0; l < LOSSES; l++)
		print_message(" %16.2f", t->slowest[l]);
	print_message("\n%u runs, %u unfinished, %llu deadlines in the past\n", t->runs,
		      t->unfinished, (unsigned long long)t->late);
}

static struct tally tally;
static uint64_t first_seed = 1;
static unsigned seeds = SEEDS_BY_DEFAULT;
static long only_case = -1;

static void run_all(void **state)
{
	struct rng rng;

	(void)state;
	for (uint64_t seed = first_seed; seed < first_seed + seeds; seed++) {
		rng_seed_from_number(&rng, seed);
		if (only_case >= 0) {
			run(&tally, (unsigned)only_case, seed, true);
		} else if (getenv("NATKIT_TRUTH_FULL") != NULL) {
			for (unsigned number = 0; number < CASES; number++)
				run(&tally, number, seed, false);
		} else {
			for (unsigned nat = 0; nat < NATS; nat++)
				run(&tally, nat + NATS * rng_below(&rng, CASES / NATS), seed,
				    false);
		}
	}
	print_table(&tally);
	assert_int_equal(tally.unfinished, 0);
	assert_int_equal(tally.late, 0);
}

/* Sums over a range of fields and all losses from @from on. */
static unsigned sum(unsigned from, enum field first, enum field last, enum outcome o)
{
	unsigned n = 0;

	for (unsigned l = from; l < LOSSES; l++)
		for (unsigned f = first; f <= last; f++)
			n += tally.count[l][f][o];
	return n;
}

/* Never a wrong class; an honest unknown in at most one of 20. */
static void test_classes(void **state)
{
	(void)state;
	assert_int_equal(sum(0, FIELD_NAT, FIELD_PORTS, WRONG), 0);
	for (unsigned f = FIELD_NAT; f <= FIELD_PORTS; f++)
		assert_true(sum(0, f, f, UNKNOWN) <= 1 + tally.runs / 20);
}

/* None wrong, and with loss at most 1 of 200. */
static void test_timeouts(void **state)
{
	unsigned intervals = 0, covered = 0;

	(void)state;
	for (unsigned l = 0; l < LOSSES; l++) {
		intervals += tally.intervals[l];
		covered += tally.covered[l];
		assert_true(tally.widest[l] <= (l == 0 ? 2 : 4));
	}
	assert_true(covered * 10 >= intervals * 9);
	assert_true(sum(0, FIELD_SOLITARY, FIELD_STREAM, WRONG) <= (tally.runs + 50) / 67);
	assert_true(sum(0, FIELD_SOLITARY, FIELD_STREAM, UNKNOWN) <= 1 + 3 * tally.runs / 20);
}

/* One burst of loss is no quota, and a direction that refreshes is no other. */
static void test_refresh_and_quota(void **state)
{
	(void)state;
	assert_int_equal(sum(0, FIELD_QUOTA, FIELD_QUOTA, WRONG), 0);
	assert_true(sum(0, FIELD_REFRESH_OUT, FIELD_REFRESH_IN, WRONG) <= tally.runs / 100);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(run_all),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_refresh_and_quota),
	};
	const char *env = getenv("NATKIT_TRUTH_SEEDS");

	if (crypto_init() != 0)
		return 1;
	if (env != NULL)
		seeds = (unsigned)strtoul(env, NULL, 10);
	if (argc > 1)
		seeds = (unsigned)strtoul(argv[1], NULL, 10);
	if (argc > 2)
		first_seed = strtoull(argv[2], NULL, 10);
	if (argc > 3)
		only_case = strtol(argv[3], NULL, 10);
	if (only_case >= 0)
		return cmocka_run_group_tests_name("one case", ((struct CMUnitTest[]){tests[0]}),
						   NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
