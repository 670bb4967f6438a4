#include "pair_print.h"

#include <math.h>
#include <string.h>

/* In capitals where all runs connect. */
static const char letters[TACTICS + 1] = {
	[TACTIC_HOST] = 'o',    [TACTIC_IPV6] = 'v',     [TACTIC_MAPPED] = 'm',
	[TACTIC_PLAIN] = 'p',   [TACTIC_LEARN] = 'l',    [TACTIC_PREDICT] = 'g',
	[TACTIC_HAIRPIN] = 'h', [TACTIC_BIRTHDAY] = 'b', [TACTIC_RELAY] = 'r',
	[TACTICS] = '.',
};

/* Rounded down, so that 100 means all. */
static double percent(double share)
{
	return floor(1000 * share + 1e-9) / 10;
}

static void print_share(struct share s)
{
	const struct wilson w = wilson(s);

	if (s.of == 0)
		printf(" %20s", "-");
	else
		printf("  %5.1f [%5.1f, %5.1f]", percent(share_value(s)), percent(w.lo),
		       percent(w.hi));
}

static void print_tactics(const struct pair_pool *p)
{
	for (unsigned k = 0; k < TACTICS; k++)
		if (p->by[k] > 0)
			printf(" %s %.0f %%", tactic_name((enum tactic)k),
			       100.0 * p->by[k] / p->met.some);
	printf("\n");
}

static void print_class_pair(const struct pair_table *t, unsigned low, unsigned high)
{
	const struct pair_class a = pair_class_at(low), b = pair_class_at(high);
	struct pair_wanted w = PAIR_ALL;
	struct pair_pool all;

	w.low = (int)low;
	w.high = (int)high;
	all = pair_pool(t, &w);
	if (all.met.of == 0)
		return;
	printf("%-9s %-9s %-7s %6u", pair_class_text(a), pair_class_text(b),
	       pair_kind_name(pair_kind(a, b)), all.met.of);
	for (unsigned loss = 0; loss < PAIR_LOSSES; loss++) {
		w.loss = (int)loss;
		print_share(pair_pool(t, &w).met);
	}
	w.loss = ANY;
	if (all.met.some > 0)
		printf(" %6.1f %7.2f %5.0f ", percent(share_value(all.first_check)),
		       pair_median(t, &w, PAIR_CALL_S, NULL),
		       pair_median(t, &w, PAIR_PACKETS, NULL));
	print_tactics(&all);
}

static void print_classes(const struct pair_table *t)
{
	printf("Shares of calls in %% that connected, with their 95 %% intervals (Wilson); of "
	       "these:\n"
	       "  first    by a first full-TTL check\n"
	       "  call s   median from the beginning of the call until both are connected\n"
	       "  packets  median of what both sent for it\n\n");
	printf("%-9s %-9s %-7s %6s  %-20s  %-20s  %-20s %6s %7s %5s %s\n", "", "", "", "runs",
	       "no loss", "5% loss", "bursty loss", "first", "call s", "pack.", "by");
	for (unsigned low = 0; low < PAIR_CLASSES; low++)
		for (unsigned high = low; high < PAIR_CLASSES; high++)
			print_class_pair(t, low, high);
}

static void print_map(const struct pair_table *t)
{
	char text[PAIR_SIDE_TEXT];

	printf("\nCallers down, callees across in the same order: the tactic that connects most, "
	       "in "
	       "capitals where all calls connect.\n"
	       "p plain, l learn, g predict, b birthday, h hairpin, o host\n\n");
	for (unsigned a = 0; a < t->side_count[CALLER]; a++) {
		printf("  %-20s ", pair_side_text(&t->sides[CALLER][a], text));
		for (unsigned b = 0; b < t->side_count[CALLEE]; b++) {
			const struct pair_pool p = pair_pool_at(t, a, b);
			const char letter = letters[pair_main_tactic(&p)];

			printf("%s%c", b % 3 == 0 ? " " : "",
			       p.met.some == p.met.of && letter != '.' ? letter - 'a' + 'A'
								       : letter);
		}
		printf("\n");
	}
}

static void print_sample(const struct pair_table *t)
{
	if (pair_table_sample(t) == t->count)
		return;
	printf("\nThe zoo, each side behind one NAT or two:\n  %-8s  %-20s  %-20s  %-20s  %-20s  "
	       "%-20s\n",
	       "loss", "allowed", "one-way", "hard", "behind one NAT", "behind one carrier");
	for (unsigned loss = 0; loss < PAIR_LOSSES; loss++) {
		const struct pair_sample s = pair_sample(t, (enum pair_loss)loss);

		printf("  %-8s", pair_loss_name((enum pair_loss)loss));
		print_share(s.met[PAIR_ALLOWED]);
		print_share(s.met[PAIR_ONE_WAY]);
		print_share(s.met[PAIR_HARD]);
		print_share(s.lan);
		print_share(s.carrier);
		printf("\n");
	}
}

static void print_differences(const struct pair_table *t)
{
	printf("\nWhere RFC 4787 alone would have it otherwise: one side of a one-way pair can be "
	       "reached, but its answer comes\nfrom a port that the other side, who filters by "
	       "ports, cannot know. Hard pairs that connect most of the time\nare there too.\n");
	for (unsigned low = 0; low < PAIR_CLASSES; low++)
		for (unsigned high = low; high < PAIR_CLASSES; high++) {
			const struct pair_class a = pair_class_at(low), b = pair_class_at(high);
			const enum pair_kind kind = pair_kind(a, b);
			struct pair_wanted w = PAIR_ALL;
			struct pair_pool p;

			w.low = (int)low;
			w.high = (int)high;
			p = pair_pool(t, &w);
			if (p.met.of == 0 || kind == PAIR_ALLOWED ||
			    (kind == PAIR_HARD && share_value(p.met) < 0.5))
				continue;
			printf("  %-7s %-9s with %-9s %5.1f %%\n", pair_kind_name(kind),
			       pair_class_text(a), pair_class_text(b), percent(share_value(p.met)));
		}
}

void pair_print(const struct pair_table *t)
{
	print_classes(t);
	print_map(t);
	print_differences(t);
	print_sample(t);
	printf("\n%u runs in %.1f s, %.2f ms of processor time each\n\n", t->count, t->wall_s,
	       t->count == 0 ? 0 : 1e3 * t->cpu_s / t->count);
}
