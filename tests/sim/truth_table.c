#include "truth_table.h"

#include <stdlib.h>
#include <string.h>

#include "crew.h"

unsigned truth_table_cell(const struct truth_table *t, unsigned preset, enum scene_loss loss,
			  unsigned delay)
{
	return ((preset * LOSSES + loss) * DELAYS + delay) * t->plan.seeds;
}

bool truth_table_scene(const struct truth_table *t, unsigned i, struct scene *out)
{
	const struct truth_plan *p = &t->plan;
	const unsigned seed = i % p->seeds, delay = i / p->seeds % DELAYS;
	const unsigned loss = i / p->seeds / DELAYS % LOSSES;
	const unsigned preset = i / p->seeds / DELAYS / LOSSES;

	*out = (struct scene){
		.preset = zoo_at(p->zoo, preset),
		.loss = (enum scene_loss)loss,
		.delay = delay,
		.seed = p->first + seed,
	};
	if (out->preset->spec.nat64 ||
	    (p->preset != NULL && strcmp(out->preset->name, p->preset) != 0))
		return false;
	if ((p->loss >= 0 && (unsigned)p->loss != loss) ||
	    (p->delay >= 0 && (unsigned)p->delay != delay))
		return false;
	return !p->sample || (preset + loss + out->seed) % DELAYS == delay;
}

/* Telling */

static void tell(const struct truth_table *t, const struct scene *s, const char *what)
{
	printf("%s | %s --preset %s --loss %s --delay %s --first %llu --seeds 1\n", what,
	       t->plan.again, s->preset->name, loss_name(s->loss), delay_name(s->delay),
	       (unsigned long long)s->seed);
}

static void range_text(const struct truth *t, const struct scene_result *result,
		       enum traffic_state state, char *text, size_t size)
{
	const struct span is = truth_of_timer(t, state);

	snprintf(text, size, ", %s%.3f to %.3f s in truth",
		 result->timers[state].holds ? "" : "which does not hold ", is.lo, is.hi);
}

static void tell_fields(const struct truth_table *t, const struct scene *s, const struct stage *st,
			const struct scene_result *result)
{
	const struct truth truth = scene_truth(st, s);

	for (unsigned f = 0; f < FIELD_COUNT; f++) {
		char finding[FIELD_TEXT], text[2 * FIELD_TEXT], range[96] = "";

		if (result->outcome[f] != WRONG && !t->plan.verbose)
			continue;
		if (f >= FIELD_SOLITARY && f <= FIELD_STREAM)
			range_text(&truth, result, (enum traffic_state)(f - FIELD_SOLITARY), range,
				   sizeof(range));
		field_text(natprobe_result(st->probe), (enum field)f, finding);
		snprintf(text, sizeof(text), "%s: %s: %s%s", outcome_name(result->outcome[f]),
			 field_name((enum field)f), finding, range);
		tell(t, s, text);
	}
}

static void tell_evidence(const struct probe_result *r)
{
	for (unsigned i = 0; i < r->evidence_count; i++) {
		const struct evidence *e = &r->evidence[i];

		printf("  %9.3f %-10s %-8s gap %8.3f copies %x controls %x port %5u -> %5u %s %s\n",
		       e->at_s, evidence_kind_name(e->kind), traffic_state_name(e->state), e->gap_s,
		       e->copies, e->controls, e->local_port, e->mapped.port,
		       verdict_name(e->verdict), e->why == NULL ? "" : e->why);
	}
}

/* Playing */

static void play(const struct truth_table *t, const struct scene *s, struct scene_result *result)
{
	struct stage st;

	scene_set(&st, s, t->plan.pcap);
	scene_play(&st, s, result);
	if (!result->finished)
		tell(t, s, "unfinished");
	else
		tell_fields(t, s, &st, result);
	if (!result->plausible)
		tell(t, s, "the model kept mappings for longer or shorter than it should");
	if (result->late > 0)
		tell(t, s, "a deadline was in the past");
	if (t->plan.verbose)
		tell_evidence(natprobe_result(st.probe));
	stage_strike(&st);
}

static void play_number(void *user, unsigned i)
{
	const struct truth_table *t = user;
	struct scene s;

	if (truth_table_scene(t, i, &s))
		play(t, &s, &t->results[i]);
}

static size_t results_size(const struct truth_table *t)
{
	return t->count * sizeof(*t->results);
}

bool truth_table_fill(struct truth_table *t, const struct truth_plan *plan)
{
	struct scene s;

	*t = (struct truth_table){.plan = *plan};
	while (zoo_at(plan->zoo, t->presets) != NULL)
		t->presets++;
	t->count = truth_table_cell(t, t->presets, LOSS_NONE, 0);
	for (unsigned i = 0; i < t->count; i++)
		t->runs += truth_table_scene(t, i, &s);
	t->results = crew_memory(results_size(t));
	if (t->results == NULL)
		return false;
	setvbuf(stdout, NULL, _IOLBF, 0);
	return crew_work(t->count, play_number, t, &t->cpu_s, &t->wall_s);
}

void truth_table_free(struct truth_table *t)
{
	crew_free(t->results, results_size(t));
	t->results = NULL;
}
