#include "verdict.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#define SECONDS_TEXT "max(1 %, 0.25 s)"

struct statement *statement_add(struct statement all[static STATEMENTS_MAX], unsigned *count,
				const char *text, double bound, bool at_most)
{
	struct statement *s = &all[(*count)++];

	assert(*count <= STATEMENTS_MAX);
	*s = (struct statement){
		.bound = bound, .at_most = at_most, .pass = true, .figure = at_most ? 0 : 1};
	snprintf(s->text, sizeof(s->text), "%s", text);
	return s;
}

const struct statement *statement_find(const struct statement *statements, unsigned count,
				       const char *text)
{
	for (unsigned i = 0; i < count; i++)
		if (strncmp(statements[i].text, text, strlen(text)) == 0)
			return &statements[i];
	return NULL;
}

bool statements_pass(const struct statement *statements, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (!statements[i].pass)
			return false;
	return true;
}

/* What is being judged, and what has been said so far. */
struct court {
	const struct tally *presets;
	unsigned preset_count, seeds;
	struct statement *out;
	unsigned count;
};

static struct statement *state(struct court *c, const char *text, double bound, bool at_most)
{
	return statement_add(c->out, &c->count, text, bound, at_most);
}

static bool is_enough(const struct court *c, struct share got, double bound)
{
	const double missed = got.of - got.some, n = got.of;
	const double chance = c->seeds >= FULL_SEEDS ? 0 : 1 + 3 * sqrt(n * bound * (1 - bound));

	return missed <= n * (1 - bound) + chance + 1e-9;
}

/* Takes in the share of one preset; the lowest is what is shown. */
static void consider(const struct court *c, struct statement *s, struct share got,
		     const char *preset, const char *what)
{
	const double value = s->at_most ? 1 - share_value(got) : share_value(got);

	s->pass &= is_enough(c, got, s->at_most ? 1 - s->bound : s->bound);
	if (s->at_most ? value <= s->figure : value >= s->figure)
		return;
	s->figure = value;
	snprintf(s->where, sizeof(s->where), "%s%s%s", preset, what[0] != '\0' ? ", " : "", what);
}

/* None of all runs may be wrong in that field. */
static void judge_wrong(struct court *c, enum field f)
{
	char text[96];
	struct statement *s;
	unsigned most = 0;

	snprintf(text, sizeof(text), "%s wrong, runs", field_name(f));
	s = state(c, text, 0, true);
	for (unsigned i = 0; i < c->preset_count; i++) {
		const unsigned n = tally_count(&c->presets[i], f, WRONG);

		s->figure += n;
		if (n > most)
			snprintf(s->where, sizeof(s->where), "most: %s", c->presets[i].name);
		most = n > most ? n : most;
	}
	s->pass = s->figure <= s->bound;
}

static void judge_rarely_wrong(struct court *c, enum field f)
{
	char text[96];
	struct statement *s;

	snprintf(text, sizeof(text), "%s wrong, of a preset's runs", field_name(f));
	s = state(c, text, 0.01, true);
	for (unsigned i = 0; i < c->preset_count; i++) {
		const struct tally *t = &c->presets[i];
		const unsigned wrong = tally_count(t, f, WRONG);

		consider(c, s, (struct share){t->runs - wrong, t->runs}, t->name, "");
	}
}

static void judge_unknown(struct court *c, enum field f, enum scene_loss l)
{
	static const double bounds[LOSSES] = {0.01, 0.05, 0.05, 0.10};
	char text[96];
	struct statement *s;

	snprintf(text, sizeof(text), "%s unknown, loss %s, of a preset's runs", field_name(f),
		 loss_name(l));
	s = state(c, text, bounds[l], true);
	for (unsigned i = 0; i < c->preset_count; i++) {
		const unsigned *n = c->presets[i].count[l][f];

		consider(c, s,
			 (struct share){n[RIGHT] + n[WRONG], n[RIGHT] + n[UNKNOWN] + n[WRONG]},
			 c->presets[i].name, "");
	}
}

#define AT(member) offsetof(struct timer_tally, member)

static const struct {
	const char *text;
	size_t offset;
	double bound;
} timer_statements[] = {
	{"ci95 holds the timer, of a preset's runs", AT(holds), 0.94},
	{"value within " SECONDS_TEXT ", of a preset's runs", AT(right), 0.99},
	{"ci95 holds the timer, of a cell's runs", AT(worst_holds), 0.85},
	{"value within " SECONDS_TEXT ", of a cell's runs", AT(worst_right), 0.85},
	{"ci95 at most 2 " SECONDS_TEXT " wide without loss", AT(narrow), 0.95},
	{"ci95 at most 4 " SECONDS_TEXT " wide with loss", AT(narrow_lossy), 0.95},
};

static void judge_timers(struct court *c)
{
	for (unsigned k = 0; k < sizeof(timer_statements) / sizeof(timer_statements[0]); k++) {
		struct statement *s =
			state(c, timer_statements[k].text, timer_statements[k].bound, false);

		for (unsigned i = 0; i < c->preset_count; i++)
			for (unsigned timer = 0; timer < STATE_COUNT; timer++) {
				const char *t = (const char *)&c->presets[i].timers[timer];

				consider(c, s,
					 *(const struct share
						   *)(const void *)(t + timer_statements[k].offset),
					 c->presets[i].name,
					 traffic_state_name((enum traffic_state)timer));
			}
	}
}

static void judge_wall(struct court *c, const char *text, bool tight, double bound)
{
	struct statement *s = state(c, text, bound, true);

	for (unsigned i = 0; i < c->preset_count; i++) {
		const struct tally *t = &c->presets[i];

		if (t->tight != tight)
			continue;
		s->pass &= t->wall <= bound ||
			   (c->seeds < FULL_SEEDS && is_enough(c, t->in_time, 0.5));
		if (t->wall <= s->figure)
			continue;
		s->figure = t->wall;
		snprintf(s->where, sizeof(s->where), "%s", t->name);
	}
}

static void judge_course(struct court *c)
{
	struct statement *unfinished = state(c, "runs without an end", 0, true);
	struct statement *late = state(c, "deadlines in the past", 0, true);
	struct statement *odd = state(c, "runs with timers that were not as described", 0, true);

	for (unsigned i = 0; i < c->preset_count; i++) {
		unfinished->figure += c->presets[i].unfinished;
		late->figure += c->presets[i].late;
		odd->figure += c->presets[i].implausible;
	}
	unfinished->pass = unfinished->figure <= 0;
	late->pass = late->figure <= 0;
	odd->pass = odd->figure <= 0;
}

unsigned verdict(const struct tally *presets, unsigned count, unsigned seeds,
		 struct statement out[static STATEMENTS_MAX])
{
	struct court c = {.presets = presets, .preset_count = count, .seeds = seeds, .out = out};

	judge_course(&c);
	for (unsigned f = FIELD_PUBLIC; f <= FIELD_ALG; f++)
		judge_wrong(&c, (enum field)f);
	for (unsigned l = 0; l < LOSSES; l++) {
		judge_unknown(&c, FIELD_MAPPING, (enum scene_loss)l);
		judge_unknown(&c, FIELD_FILTERING, (enum scene_loss)l);
	}
	judge_timers(&c);
	judge_wall(&c, "median of (wall time - 5 s) / T, of a preset", false, WALL_MAX);
	/* 1.1 is out of reach: a second round needs the places that the first one holds for T. */
	judge_wall(&c, "the same, where fewer mappings are allowed than asked for", true,
		   WALL_TIGHT_MAX);
	for (unsigned f = FIELD_REFRESH_OUT; f < FIELD_COUNT; f++)
		judge_rarely_wrong(&c, (enum field)f);
	return c.count;
}
