#include "pair_verdict.h"

#include <math.h>

#define CONNECT_LOSSLESS 0.999
#define CONNECT_LOSSY    0.99
#define CONNECT_CELL     0.85 /* 17 of 20 */
#define FIRST_CHECK      0.97

/* What is being judged, and what has been said so far. */
struct court {
	const struct pair_table *table;
	struct statement *out;
	unsigned count;
};

static struct statement *state(struct court *c, const char *text, double bound, bool at_most)
{
	return statement_add(c->out, &c->count, text, bound, at_most);
}

/* Takes in a share that must be large enough; the lowest is what is shown. */
static void consider(struct statement *s, struct share got, const char *where)
{
	s->pass &= wilson(got).hi >= s->bound;
	if (share_value(got) >= s->figure)
		return;
	s->figure = share_value(got);
	snprintf(s->where, sizeof(s->where), "%s", where);
}

/* The same for a cell, where 17 of 20 is what is asked for, and not what may be thought of it. */
static void consider_cell(struct statement *s, struct share got, const char *where)
{
	consider(s, got, where);
	s->pass &= got.of < PAIR_SEEDS || share_value(got) >= s->bound;
}

static void judge_course(struct court *c)
{
	struct statement *unfinished = state(c, "runs without an end", 0, true);
	struct statement *late = state(c, "deadlines in the past", 0, true);

	for (unsigned i = 0; i < c->table->count; i++) {
		unfinished->figure += !c->table->results[i].finished;
		late->figure += c->table->results[i].late;
	}
	unfinished->pass = unfinished->figure <= 0;
	late->pass = late->figure <= 0;
}

static void names_of(char text[static 64], unsigned low, unsigned high)
{
	snprintf(text, 64, "%s with %s", pair_class_text(pair_class_at(low)),
		 pair_class_text(pair_class_at(high)));
}

typedef void consider_fn(struct statement *s, struct share got, const char *where);

/* The pools of allowed class pairs with one loss, or any. */
static void judge_pools(struct court *c, struct statement *s, int loss,
			struct share (*what)(const struct pair_pool *p), consider_fn *take)
{
	for (unsigned low = 0; low < PAIR_CLASSES; low++)
		for (unsigned high = low; high < PAIR_CLASSES; high++) {
			struct pair_wanted w = PAIR_ALL;
			struct pair_pool pool;
			char where[64];

			w.low = (int)low;
			w.high = (int)high;
			w.loss = loss;
			w.kind = PAIR_ALLOWED;
			pool = pair_pool(c->table, &w);
			names_of(where, low, high);
			take(s, what(&pool), where);
		}
}

static struct share met(const struct pair_pool *p)
{
	return p->met;
}

static struct share worst_cell(const struct pair_pool *p)
{
	return p->worst;
}

static struct share first_check(const struct pair_pool *p)
{
	return p->first_check;
}

static void judge_connections(struct court *c)
{
	judge_pools(c,
		    state(c, "allowed pairs connect, no loss, of a class pair's runs",
			  CONNECT_LOSSLESS, false),
		    PAIR_LOSS_NONE, met, consider);
	judge_pools(c,
		    state(c, "allowed pairs connect, 5% loss, of a class pair's runs",
			  CONNECT_LOSSY, false),
		    PAIR_LOSS_5, met, consider);
	judge_pools(c, state(c, "allowed pairs connect, of a cell's runs", CONNECT_CELL, false),
		    ANY, worst_cell, consider_cell);
	judge_pools(c,
		    state(c, "a first check connects, no loss, of a class pair's runs", FIRST_CHECK,
			  false),
		    PAIR_LOSS_NONE, first_check, consider);
}

/* Who must first learn the other's port from his packet needs a packet more, whenever both fire. */
static const struct {
	const char *who;
	int plain;
	bool skewed;
	double bound;
} times[] = {
	{"all", ANY, false, 1.1},
	{"all", ANY, true, 1.6},
	{"both EIM", true, false, 1.1},
	{"one port learned", false, false, 1.6},
};

static void judge_median(struct court *c, unsigned row, enum pair_delay delay)
{
	struct pair_wanted w = PAIR_ALL;
	struct statement *s;
	unsigned count;
	char text[96];
	double median;

	w.kind = PAIR_ALLOWED;
	w.loss = PAIR_LOSS_NONE;
	w.delay = (int)delay;
	w.plain = times[row].plain;
	w.skewed = times[row].skewed;
	median = pair_median(c->table, &w, PAIR_BOTH, &count);
	if (count == 0)
		return;
	snprintf(text, sizeof(text), "round trips from fire, delay %s, %s%s",
		 pair_delay_name(delay), times[row].who, times[row].skewed ? ", skewed" : "");
	s = state(c, text, times[row].bound, true);
	s->figure = median;
	s->pass = median <= s->bound;
	snprintf(s->where, sizeof(s->where), "median of %u", count);
}

static void judge_medians(struct court *c)
{
	for (unsigned row = 0; row < sizeof(times) / sizeof(times[0]); row++)
		for (unsigned delay = 0; delay < PAIR_DELAYS; delay++)
			judge_median(c, row, (enum pair_delay)delay);
}

static void judge_sample(struct court *c)
{
	static const struct {
		enum pair_loss loss;
		double bound;
	} rows[] = {{PAIR_LOSS_NONE, CONNECT_LOSSLESS}, {PAIR_LOSS_5, CONNECT_LOSSY}};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct pair_sample sample = pair_sample(c->table, rows[i].loss);
		char text[96];

		snprintf(text, sizeof(text), "the zoo, nested: allowed pairs connect, loss %s",
			 pair_loss_name(rows[i].loss));
		consider(state(c, text, rows[i].bound, false), sample.met[PAIR_ALLOWED], "");
		snprintf(text, sizeof(text), "the zoo, behind one NAT: pairs connect, loss %s",
			 pair_loss_name(rows[i].loss));
		consider(state(c, text, rows[i].bound, false), sample.lan, "");
	}
}

unsigned pair_verdict(const struct pair_table *t, struct statement out[static STATEMENTS_MAX])
{
	struct court c = {.table = t, .out = out};

	judge_course(&c);
	judge_connections(&c);
	judge_medians(&c);
	if (pair_table_sample(t) < t->count)
		judge_sample(&c);
	return c.count;
}
