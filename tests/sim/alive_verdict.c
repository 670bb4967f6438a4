#include "alive_verdict.h"

#include <stdio.h>

#define TIMES_ORACLE 1.3
#define LOST_A_MONTH 1
#define DEAD_MOST_S \
	33.7 /* two intervals, a round trip or half a second to wait, and three hellos */

/* What is being judged, and what has been said so far. */
struct court {
	const struct alive_table *table;
	struct statement *out;
	unsigned count;
};

static struct statement *state(struct court *c, const char *text, double bound)
{
	return statement_add(c->out, &c->count, text, bound, true);
}

static const struct zoo_preset *preset(const struct court *c, unsigned i)
{
	return zoo_at(c->table->plan.zoo, i);
}

/* Takes in a figure, of which the greatest is shown. */
static void consider(struct statement *s, double figure, bool pass, const char *name, int loss)
{
	s->pass &= pass;
	if (figure < s->figure || (figure <= s->figure && s->where[0] != '\0'))
		return;
	s->figure = figure;
	snprintf(s->where, sizeof(s->where), "%s%s%s", name, loss == ALIVE_ANY ? "" : ", loss ",
		 loss == ALIVE_ANY ? "" : alive_loss_name((enum alive_loss)loss));
}

static void judge_course(struct court *c)
{
	struct statement *unfinished = state(c, "runs without an end", 0);
	struct statement *late = state(c, "deadlines in the past", 0);

	for (unsigned way = 0; way < ALIVE_WAYS; way++) {
		const struct alive_wanted w = {(enum alive_way)way, ALIVE_ANY, ALIVE_ANY, false};
		const struct alive_sum sum = alive_sum(c->table, &w);

		unfinished->figure += sum.unfinished;
		late->figure += sum.late;
	}
	unfinished->pass = unfinished->figure <= 0;
	late->pass = late->figure <= 0;
}

static void judge_packets(struct court *c)
{
	struct statement *s =
		state(c, "learned: packets of a year, times the oracle's", TIMES_ORACLE);

	for (unsigned i = 0; i < c->table->presets; i++)
		for (int loss = 0; loss < ALIVE_LOSSES; loss++) {
			struct alive_wanted w = {ALIVE_LEARNED, (int)i, loss, false};
			const double learned = alive_sum(c->table, &w).packets;
			double oracle;

			w.way = ALIVE_ORACLE;
			oracle = alive_sum(c->table, &w).packets;
			if (learned > 0 && oracle > 0)
				consider(s, learned / oracle, learned <= TIMES_ORACLE * oracle,
					 preset(c, i)->name, loss);
		}
}

/* Whether the interval of turns is for such a NAT: see keepalive_agree(). */
static bool suits_turns(const struct nat_spec *n)
{
	return alive_timeout(n) >= (n->refresh_out && !n->refresh_in ? 40 : 20);
}

static bool suits_any(const struct nat_spec *n)
{
	(void)n;
	return true;
}

static void judge_losses(struct court *c, enum alive_way way, const char *text,
			 bool (*suits)(const struct nat_spec *n))
{
	struct statement *s = state(c, text, LOST_A_MONTH);

	for (unsigned i = 0; i < c->table->presets; i++)
		for (int loss = 0; loss < ALIVE_LOSSES; loss++) {
			const struct alive_wanted w = {way, (int)i, loss, true};
			const struct alive_sum sum = alive_sum(c->table, &w);
			const double lost = alive_lost_a_month(&sum);

			if (sum.runs > 0 && suits(&preset(c, i)->spec))
				consider(s, lost, lost < LOST_A_MONTH, preset(c, i)->name, loss);
		}
}

static void judge_deaths(struct court *c)
{
	const struct alive_wanted w = {ALIVE_TURNS, ALIVE_ANY, ALIVE_ANY, false};
	const struct alive_sum sum = alive_sum(c->table, &w);
	struct statement *s =
		state(c, "turns: a dead peer is given up after at most, s", DEAD_MOST_S);

	s->figure = sum.dead_most_s;
	s->pass = s->figure <= s->bound;
}

unsigned alive_verdict(const struct alive_table *t, struct statement out[static STATEMENTS_MAX])
{
	struct court c = {.table = t, .out = out};

	judge_course(&c);
	judge_packets(&c);
	judge_losses(&c, ALIVE_LEARNED, "learned: mappings lost in 30 days, timers not shrinking",
		     suits_any);
	judge_losses(&c, ALIVE_TURNS, "turns: the same, where it may be agreed on", suits_turns);
	judge_losses(&c, ALIVE_FIXED, "fixed: the same there", suits_turns);
	judge_deaths(&c);
	return c.count;
}
