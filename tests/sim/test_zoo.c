/*
 * natprobe against every NAT of the zoo: each finding is right, honestly unknown, or wrong.
 *
 *	test_zoo [SEEDS [FIRST [PRESET [LOSS]]]]
 *
 * Without arguments each preset is met with each of NATKIT_ZOO_SEEDS seeds (1), without loss and
 * with one kind of loss drawn by the seed; with NATKIT_ZOO_FULL set, with all kinds. The truth
 * about a timer that sweeps or load change is what the model set its timers to in that run, and
 * the answer must overlap it. What is wrong is printed with the arguments that show it again.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "stage.h"
#include "zoo_file.h"

static const struct {
	const char *name;
	struct link_spec link;
} all_losses[] = {
	{"none", {.loss = 0}},
	{"2 %", {.loss = 0.02}},
	{"5 %", {.loss = 0.05}},
	{"bursts", {.burst_enter = 0.0001, .burst_mean = 200 * NK_MS}},
};
#define LOSSES (sizeof(all_losses) / sizeof(all_losses[0]))

static const nk_time round_trips[] = {NK_MS, 40 * NK_MS, 300 * NK_MS};
#define DELAYS (sizeof(round_trips) / sizeof(round_trips[0]))

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
	[FIELD_REFRESH_OUT] = "refr out",
	[FIELD_REFRESH_IN] = "refr in",
	[FIELD_QUOTA] = "quota",
};

struct tally {
	unsigned count[FIELD_COUNT][OUTCOMES];
};

/* One run: a preset, its number in the zoo, and what chance has drawn. */
struct scene {
	const struct zoo_preset *preset;
	unsigned number, loss;
	uint64_t seed;
	nk_time round_trip;
	struct nat_spec nat;
};

static struct zoo *zoo;
static struct tally tallies[ZOO_PRESETS_MAX], total;
static unsigned runs, unfinished, late;
static uint64_t first_seed = 1;
static unsigned seeds = 1;
static const char *only_preset;
static long only_loss = -1;

static struct scene scene_of(unsigned number, uint64_t seed, unsigned loss)
{
	struct scene s = {
		.preset = zoo_at(zoo, number), .number = number, .seed = seed, .loss = loss};
	struct rng rng;

	rng_seed_from_number(&rng, seed << 16 | number << 4 | loss);
	s.nat = s.preset->spec;
	s.nat.external[0] = addr_v4(203, 0, 113, 1, 0);
	s.nat.external_count = 1;
	if (s.nat.sweep > 0)
		s.nat.sweep_phase = (nk_time)(rng_unit(&rng) * (double)s.nat.sweep);
	/* What does not refresh inbound counts from a packet one trip earlier: see tolerance(). */
	s.round_trip = round_trips[rng_below(&rng, s.nat.refresh_in ? DELAYS : DELAYS - 1)];
	return s;
}

/* Judging */

static enum outcome judge_ports(const struct ports_finding *f, const struct nat_spec *nat)
{
	static const enum port_pattern patterns[] = {PORTS_PRESERVED, PORTS_SEQUENTIAL,
						     PORTS_RANDOM};

	if (f->pattern == PORTS_UNKNOWN)
		return UNKNOWN;
	if (f->pattern == PORTS_PARITY)
		return nat->port_parity ? RIGHT : WRONG;
	if (f->pattern == PORTS_RANGE)
		return nat->ports == NAT_PORTS_RANDOM && f->lo >= nat->port_lo &&
				       f->hi <= nat->port_hi
			       ? RIGHT
			       : WRONG;
	if (f->pattern == PORTS_SEQUENTIAL && f->step != (nat->port_step == 0 ? 1 : nat->port_step))
		return WRONG;
	return f->pattern == patterns[nat->ports] ? RIGHT : WRONG;
}

static enum outcome judge_overlap(const struct measured *m, const struct nat_applied *a)
{
	const double lo = nk_seconds(a->lo), hi = nk_seconds(a->hi);

	if (m->known)
		return m->hi >= lo - tolerance(lo) && m->lo <= hi + tolerance(hi) ? RIGHT : WRONG;
	return m->at_least > hi + tolerance(hi) ? WRONG : UNKNOWN;
}

static enum outcome judge_timer(const struct stage *st, const struct scene *s,
				const struct measured *m, enum traffic_state state)
{
	const nk_time replied =
		s->nat.stream_after == NAT_AT_ONCE ? s->nat.t_stream : s->nat.t_replied;
	const nk_time truth[STATE_COUNT] = {s->nat.t_first, replied, s->nat.t_stream};
	const struct nat_applied a = nat_applied(st->world, st->nats[0], (enum nat_traffic)state);

	if ((s->nat.sweep > 0 || s->nat.full_at > 0) && a.count > 0)
		return judge_overlap(m, &a);
	return judge_time(m, nk_seconds(truth[state]));
}

static enum outcome judge_quota(const struct quota_finding *f, const struct nat_spec *nat)
{
	if (f->policy == QUOTA_NONE_SEEN) {
		if (nat->quota == 0 || f->held < nat->quota)
			return RIGHT;
		return WRONG;
	}
	if (nat->quota == 0 ||
	    (f->policy == QUOTA_REFUSES) != (nat->quota_policy == NAT_QUOTA_REFUSE))
		return WRONG;
	/* natprobe counts flows; a NAT that counts mappings allows a few more of them. */
	return f->value >= 0.95 * nat->quota &&
			       f->value <= (nat->flow_timers ? 1.05 : 1.25) * nat->quota
		       ? RIGHT
		       : WRONG;
}

static void judge(const struct stage *st, const struct scene *s, const struct probe_result *r,
		  enum outcome out[FIELD_COUNT])
{
	out[FIELD_NAT] = judge_fact(&r->nat, s->nat.translate);
	out[FIELD_MAPPING] = judge_class(&r->mapping, s->nat.mapping);
	out[FIELD_FILTERING] = judge_class(&r->filtering, s->nat.filtering);
	out[FIELD_PORTS] = judge_ports(&r->ports, &s->nat);
	for (unsigned i = 0; i < STATE_COUNT; i++)
		out[FIELD_SOLITARY + i] =
			judge_timer(st, s, &r->timeouts[i], (enum traffic_state)i);
	out[FIELD_REFRESH_OUT] = judge_fact(&r->refresh_out, s->nat.refresh_out);
	out[FIELD_REFRESH_IN] = judge_fact(&r->refresh_in, s->nat.refresh_in);
	out[FIELD_QUOTA] = judge_quota(&r->quota, &s->nat);
}

/* Printing */

static void finding_text(const struct probe_result *r, enum field f, char text[static 240])
{
	const struct measured *m =
		&r->timeouts[f >= FIELD_SOLITARY && f <= FIELD_STREAM ? f - FIELD_SOLITARY : 0];
	const struct class_finding *c = f == FIELD_MAPPING ? &r->mapping : &r->filtering;
	const struct fact *fact = f == FIELD_NAT           ? &r->nat
				  : f == FIELD_REFRESH_OUT ? &r->refresh_out
							   : &r->refresh_in;

	if (f == FIELD_MAPPING || f == FIELD_FILTERING)
		snprintf(text, 240, "%s, votes %u/%u/%u, void %u; %s", nat_class_name(c->cls),
			 c->votes[1], c->votes[2], c->votes[3], c->votes[0], c->why);
	else if (f == FIELD_PORTS)
		snprintf(text, 240, "%s, step %d, kept %u of %u, %u to %u; %s",
			 port_pattern_name(r->ports.pattern), r->ports.step, r->ports.kept,
			 r->ports.trials, r->ports.lo, r->ports.hi, r->ports.why);
	else if (f >= FIELD_SOLITARY && f <= FIELD_STREAM)
		snprintf(text, 240, "%.3f [%.3f, %.3f] at least %.3f, %u trials; %s", m->value,
			 m->lo, m->hi, m->at_least, m->trials, m->why);
	else if (f == FIELD_QUOTA)
		snprintf(text, 240, "%s %u, held %u, p %.3f", quota_policy_name(r->quota.policy),
			 r->quota.value, r->quota.held, r->quota.p);
	else
		snprintf(text, 240, "%s, p %.3f, %u trials; %s",
			 fact->answer == TRI_UNKNOWN ? "unknown"
			 : fact->answer == TRI_YES   ? "yes"
						     : "no",
			 fact->p, fact->trials, fact->why);
}

static void print_finding(const struct stage *st, const struct scene *s, enum field f,
			  enum outcome o)
{
	static const char *const outcomes[OUTCOMES] = {"right", "unknown", "wrong"};
	char text[240];

	finding_text(natprobe_result(st->probe), f, text);
	print_message("%s: %s: %s | loss %s, %lld ms", outcomes[o], field_names[f], text,
		      all_losses[s->loss].name, (long long)(s->round_trip / NK_MS));
	if (f >= FIELD_SOLITARY && f <= FIELD_STREAM) {
		const struct nat_applied a =
			nat_applied(st->world, st->nats[0], (enum nat_traffic)(f - FIELD_SOLITARY));

		print_message(", applied %.3f to %.3f", nk_seconds(a.lo), nk_seconds(a.hi));
	}
	print_message(" | test_zoo 1 %llu %s %u\n", (unsigned long long)s->seed, s->preset->name,
		      s->loss);
}

static void print_row(const char *name, const struct tally *t)
{
	print_message("%-22s", name);
	for (unsigned f = 0; f < FIELD_COUNT; f++)
		print_message(" %3u/%2u/%2u", t->count[f][RIGHT], t->count[f][UNKNOWN],
			      t->count[f][WRONG]);
	print_message("\n");
}

static void print_table(void)
{
	print_message("%-22s", "right/unknown/wrong");
	for (unsigned f = 0; f < FIELD_COUNT; f++)
		print_message(" %9s", field_names[f]);
	print_message("\n");
	for (unsigned i = 0; zoo_at(zoo, i) != NULL; i++)
		if (only_preset == NULL || strcmp(zoo_at(zoo, i)->name, only_preset) == 0)
			print_row(zoo_at(zoo, i)->name, &tallies[i]);
	print_row("all", &total);
	print_message("%u runs, %u unfinished, %u deadlines in the past\n", runs, unfinished, late);
}

/* Running */

#define PATIENCE (720 * NK_S)

static void run(unsigned number, uint64_t seed, unsigned loss)
{
	const struct scene s = scene_of(number, seed, loss);
	struct stage_plan plan = {
		.seed = seed << 16 | number << 4 | loss,
		.nats = {s.nat},
		.nat_count = 1,
		.link = all_losses[loss].link,
		.options = stage_options(),
	};
	enum outcome out[FIELD_COUNT];
	struct stage st;

	plan.link.delay = s.round_trip / 2;
	plan.link.jitter = s.round_trip / 20;
	stage_set(&st, &plan);
	runs++;
	if (world_run(st.world, st.probe, PATIENCE) != CORE_DONE) {
		unfinished++;
		print_message("unfinished | test_zoo 1 %llu %s %u\n", (unsigned long long)seed,
			      s.preset->name, loss);
	} else {
		judge(&st, &s, natprobe_result(st.probe), out);
		for (unsigned f = 0; f < FIELD_COUNT; f++) {
			tallies[number].count[f][out[f]]++;
			total.count[f][out[f]]++;
			if (only_loss >= 0 || out[f] == WRONG)
				print_finding(&st, &s, (enum field)f, out[f]);
		}
	}
	late += (unsigned)world_stats(st.world)->late;
	stage_strike(&st);
}

static void run_preset(unsigned number, uint64_t seed)
{
	const bool full = getenv("NATKIT_ZOO_FULL") != NULL;
	const unsigned drawn = 1 + (unsigned)((seed + number) % (LOSSES - 1));

	for (unsigned loss = 0; loss < LOSSES; loss++)
		if (only_loss >= 0 ? loss == (unsigned long)only_loss
				   : full || loss == 0 || loss == drawn)
			run(number, seed, loss);
}

static void run_all(void **state)
{
	(void)state;
	for (uint64_t seed = first_seed; seed < first_seed + seeds; seed++)
		for (unsigned i = 0; zoo_at(zoo, i) != NULL; i++)
			if (only_preset == NULL || strcmp(zoo_at(zoo, i)->name, only_preset) == 0)
				run_preset(i, seed);
	print_table();
	assert_true(runs > 0);
	assert_int_equal(unfinished, 0);
	assert_int_equal(late, 0);
}

/* Never a wrong class. */
static void test_classes(void **state)
{
	(void)state;
	for (unsigned f = FIELD_NAT; f <= FIELD_PORTS; f++) {
		assert_int_equal(total.count[f][WRONG], 0);
		assert_true(total.count[f][UNKNOWN] <= 1 + runs / 20);
	}
}

static void test_timers(void **state)
{
	(void)state;
	for (unsigned f = FIELD_SOLITARY; f <= FIELD_STREAM; f++)
		assert_true(total.count[f][WRONG] <= 1 + runs / 50);
}

static void test_refresh_and_quota(void **state)
{
	(void)state;
	for (unsigned f = FIELD_REFRESH_OUT; f <= FIELD_QUOTA; f++)
		assert_true(total.count[f][WRONG] <= 1 + runs / 100);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(run_all),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_timers),
		cmocka_unit_test(test_refresh_and_quota),
	};
	const char *env = getenv("NATKIT_ZOO_SEEDS");
	int failed;

	if (crypto_init() != 0)
		return 1;
	if (env != NULL)
		seeds = (unsigned)strtoul(env, NULL, 10);
	if (argc > 1)
		seeds = (unsigned)strtoul(argv[1], NULL, 10);
	if (argc > 2)
		first_seed = strtoull(argv[2], NULL, 10);
	if (argc > 3)
		only_preset = argv[3];
	if (argc > 4)
		only_loss = strtol(argv[4], NULL, 10);
	zoo = zoo_from_file();
	failed = only_preset != NULL
			 ? cmocka_run_group_tests_name(
				   "one preset", ((struct CMUnitTest[]){tests[0]}), NULL, NULL)
			 : cmocka_run_group_tests(tests, NULL, NULL);
	zoo_free(zoo);
	return failed;
}
